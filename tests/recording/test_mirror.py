"""The mirror: order of mutations, odd references, and whatever a fuzzer thinks of."""

from __future__ import annotations

import random
from typing import Any

import orjson
import pytest

from replay_viewer.recording import keyframe, patch
from replay_viewer.recording.events import decode_event
from replay_viewer.recording.mirror import Mirror
from tests.recording.page import Page

T0 = 1_795_205_590_143


def raw(type: int, data: Any, t: float = 0) -> bytes:
    return orjson.dumps({"type": type, "data": data, "timestamp": T0 + t})


def element(id: int, tag: str = "div", children: list[Any] | None = None, **attributes: Any) -> dict[str, Any]:
    return {"type": 2, "id": id, "tagName": tag, "attributes": attributes, "childNodes": children or []}


def text(id: int, content: str) -> dict[str, Any]:
    return {"type": 3, "id": id, "textContent": content}


def snapshot(*body: dict[str, Any]) -> bytes:
    html = element(3, "html", [element(4, "body", list(body))])
    return raw(2, {"node": {"type": 0, "id": 1, "childNodes": [html]}, "initialOffset": {"top": 0, "left": 0}})


def mutation(**parts: Any) -> bytes:
    return raw(3, {"source": 0, "adds": [], "removes": [], "texts": [], "attributes": [], **parts})


def mirror_of(*raws: bytes) -> Mirror:
    mirror = Mirror()
    for one in raws:
        mirror.apply(decode_event(one))
    return mirror


def test_adds_wait_for_their_neighbour() -> None:
    mirror = mirror_of(
        snapshot(),
        mutation(
            adds=[
                {"parentId": 4, "nextId": 12, "node": element(11)},
                {"parentId": 4, "nextId": 13, "node": element(12)},
                {"parentId": 4, "nextId": None, "node": element(13)},
                {"parentId": 13, "nextId": None, "node": text(14, "hi")},
            ]
        ),
    )
    assert mirror.nodes[4].children == [11, 12, 13]
    assert mirror.text_of(4) == "hi"
    assert mirror.unknown == 0


def test_what_a_mutation_names_but_nobody_knows_is_counted() -> None:
    mirror = mirror_of(
        snapshot(text(10, "a")),
        mutation(
            adds=[
                {"parentId": 99, "nextId": None, "node": element(11)},
                {"parentId": 4, "nextId": 98, "node": element(12)},
            ],
            removes=[{"id": 97, "parentId": 4}],
            texts=[{"id": 96, "value": "x"}],
            attributes=[{"id": 95, "attributes": {"a": "b"}}],
        ),
    )
    assert mirror.unknown == 5
    # The one whose parent is known is shown, at the end.
    assert mirror.nodes[4].children == [10, 12]


def test_text_of_a_removed_node_in_the_same_mutation_is_no_unknown() -> None:
    mirror = mirror_of(
        snapshot(text(10, "a")),
        mutation(removes=[{"id": 10, "parentId": 4}], texts=[{"id": 10, "value": "b"}]),
    )
    assert mirror.unknown == 0


def test_style_overrides_keep_their_order_and_a_new_style_drops_them() -> None:
    raws = [
        snapshot(element(10, style="color: red")),
        mutation(attributes=[{"id": 10, "attributes": {"style": {"margin": "1px", "color": False}}}]),
        mutation(
            attributes=[{"id": 10, "attributes": {"style": {"margin-top": ["2px", "important"], "margin": "3px"}}}]
        ),
    ]
    style = mirror_of(*raws).nodes[10].style
    assert style == {"color": False, "margin-top": ["2px", "important"], "margin": "3px"}
    assert list(style) == ["color", "margin-top", "margin"]
    raws.append(mutation(attributes=[{"id": 10, "attributes": {"style": "color: blue"}}]))
    mirror = mirror_of(*raws)
    assert mirror.nodes[10].style is None
    assert mirror.nodes[10].attrs["style"] == "color: blue"


def test_a_frame_holds_one_document_and_waits_for_its_element() -> None:
    document = {"type": 0, "id": 20, "childNodes": [element(21, "html", rootId=20)]}
    attach = mutation(adds=[{"parentId": 15, "nextId": None, "node": document}], isAttachIframe=True)
    mirror = mirror_of(snapshot(), attach)
    assert 20 not in mirror.nodes
    mirror.apply(decode_event(mutation(adds=[{"parentId": 4, "nextId": None, "node": element(15, "iframe")}])))
    assert mirror.nodes[15].children == [20]
    assert mirror.frames == {15}
    other = {"type": 0, "id": 30, "childNodes": []}
    mirror.apply(decode_event(mutation(adds=[{"parentId": 15, "nextId": None, "node": other}], isAttachIframe=True)))
    assert mirror.nodes[15].children == [30]
    assert 21 not in mirror.nodes


def test_rules_of_a_sheet_end_with_its_text() -> None:
    rule = raw(3, {"source": 8, "id": 10, "adds": [{"rule": "a{}", "index": 0}]})
    mirror = mirror_of(snapshot(element(10, "style", [text(11, "b{}")])), rule)
    assert mirror.sheets == {10: [["i", 0, "a{}"]]}
    mirror.apply(decode_event(mutation(texts=[{"id": 11, "value": "c{}"}])))
    assert mirror.sheets == {}


def test_stamps_in_seconds_are_milliseconds_afterwards() -> None:
    event = decode_event(b'{"type":5,"timestamp":1795205172.9,"data":{"tag":"x","payload":{}}}')
    assert event.timestamp == pytest.approx(1795205172900)


def test_keyframes_hold_everything() -> None:
    mirror = mirror_of(
        snapshot(element(10, "input", value="a"), element(12, "style")),
        raw(3, {"source": 5, "id": 10, "text": "b", "isChecked": False}),
        raw(3, {"source": 3, "id": 4, "x": 0, "y": 40}),
        raw(3, {"source": 8, "id": 12, "adds": [{"rule": "a{}"}]}),
        raw(3, {"source": 15, "id": 1, "styleIds": [1], "styles": [{"styleId": 1, "rules": [{"rule": "b{}"}]}]}),
        raw(3, {"source": 2, "type": 2, "id": 10, "x": 5, "y": 6}),
    )
    again = keyframe.decode(keyframe.encode(mirror))
    for name in ("nodes", "root", "inputs", "scrolls", "sheets", "constructed", "adopted", "pointer", "viewport"):
        assert getattr(again, name) == getattr(mirror, name), name


def _random_event(choice: random.Random, mirror: Mirror, next_id: int) -> tuple[bytes, int]:
    known = [*mirror.nodes, choice.randint(1, 400)]

    def some() -> int:
        return choice.choice(known)

    def node(id: int) -> dict[str, Any]:
        if choice.random() < 0.3:
            return text(id, choice.choice(["a", "b", ""]))
        tag = choice.choice(["div", "input", "select", "style", "iframe", "textarea", "svg"])
        one = element(id, tag, **({"value": "v"} if choice.random() < 0.3 else {}))
        one["isShadow"] = choice.random() < 0.1
        return one

    kind = choice.random()
    if kind < 0.55:
        adds, removes = [], []
        for _ in range(choice.randint(0, 4)):
            id = next_id if choice.random() < 0.7 else some()
            next_id += 1
            if id in (1, 3, 4):
                continue
            following = choice.choice([None, None, some()])
            adds.append({"parentId": some(), "nextId": following, "node": node(id)})
        for _ in range(choice.randint(0, 2)):
            id = some()
            if id not in (1, 3, 4):
                removes.append({"id": id, "parentId": some()})
        texts = [{"id": some(), "value": "t"}]
        attributes = [{"id": some(), "attributes": {"class": choice.choice(["x", None]), "value": "w"}}]
        return mutation(adds=adds, removes=removes, texts=texts, attributes=attributes), next_id
    if kind < 0.7:
        return raw(3, {"source": 5, "id": some(), "text": "typed", "isChecked": choice.random() < 0.5}), next_id
    if kind < 0.8:
        return raw(3, {"source": 3, "id": some(), "x": 0, "y": choice.choice([0, 9])}), next_id
    if kind < 0.9:
        return raw(3, {"source": 8, "id": some(), "adds": [{"rule": "a{}"}]}), next_id
    document = {"type": 0, "id": next_id, "childNodes": [element(next_id + 1, "html")]}
    adds = [{"parentId": some(), "nextId": None, "node": document}]
    return mutation(adds=adds, isAttachIframe=True), next_id + 2


@pytest.mark.parametrize("seed", range(150))
def test_random_programs_give_the_same_page_by_any_way(seed: int) -> None:
    choice = random.Random(seed)
    raws = [snapshot(element(10), element(11), text(12, "t"))]
    mirror = mirror_of(*raws)
    next_id = 100
    for _ in range(40):
        one, next_id = _random_event(choice, mirror, next_id)
        raws.append(one)
        mirror.apply(decode_event(one))
        for node in mirror.nodes.values():
            for child in node.children + (node.shadow or []):
                assert mirror.nodes[child].parent == node.id
    page, shown = Page(), None
    current, position = Mirror(), 0
    for rev in range(12):
        target = choice.randint(1, len(raws))
        if target < position or choice.random() < 0.3:
            current, position = mirror_of(*raws[:target]), target
        for one in raws[position:target]:
            current.apply(decode_event(one))
        position = target
        made = patch.diff(shown, current)
        made["base"], made["rev"] = (None if shown is None else rev), rev + 1
        shown = patch.Shown(current)
        page.apply(patch.encode(made))
        page.check(mirror_of(*raws[:target]))


def test_a_box_with_the_attribute_alone_is_not_checked() -> None:
    box = {"type": "checkbox", "checked": "checked"}
    mirror = mirror_of(snapshot(element(10, "input", **box), element(11, "input", type="radio", checked=True)))
    assert mirror.effective_input(10) == ("", False)
    assert mirror.effective_input(11) == ("", True)
    made = patch.diff(None, mirror)
    assert [entry for entry in made["input"] if entry[0] == 10] == [(10, "", False)]
    mirror.apply(decode_event(mutation(attributes=[{"id": 10, "attributes": {"checked": ""}}])))
    assert mirror.effective_input(10) == ("", True)


def test_a_moved_control_keeps_what_was_put_into_it() -> None:
    mirror = mirror_of(
        snapshot(element(10, "input", value="default"), element(11)),
        raw(3, {"source": 5, "id": 10, "text": "", "isChecked": False}),
        mutation(
            removes=[{"id": 10, "parentId": 4}],
            adds=[{"parentId": 11, "nextId": None, "node": element(10, "input", value="default")}],
        ),
    )
    assert mirror.effective_input(10) == ("", None)


def test_what_left_a_shadow_root_for_the_page_stays() -> None:
    # The outer document reports the coming before the shadow root reports the going.
    host = element(10, children=[{**element(12), "isShadow": True}])
    host["isShadowHost"] = True
    mirror = mirror_of(
        snapshot(host),
        mutation(adds=[{"parentId": 4, "nextId": None, "node": element(12)}]),
        mutation(removes=[{"id": 12, "parentId": 10, "isShadow": True}]),
    )
    assert mirror.nodes[4].children == [10, 12]
    assert mirror.nodes[10].shadow == []


def test_texts_of_a_style_take_over_from_its_serialised_text() -> None:
    style = element(10, "style", [text(11, ""), text(12, "")], _cssText="a{}/* rr_split */b{}")
    mirror = mirror_of(snapshot(style), mutation(texts=[{"id": 11, "value": ""}]))
    assert "_cssText" not in mirror.nodes[10].attrs
    assert [mirror.nodes[id].text for id in (11, 12)] == ["", "b{}"]


def test_a_select_follows_its_options() -> None:
    options = [element(n, "option", value=v) for n, v in ((11, "a"), (12, "b"))]
    mirror = mirror_of(snapshot(element(10, "select", options, value="b")))
    assert mirror.effective_input(10) == ("b", None)
    mirror.apply(decode_event(mutation(removes=[{"id": 12, "parentId": 10}])))
    assert mirror.effective_input(10) == ("a", None)
    new = element(13, "option", value="c", selected=True)
    mirror.apply(decode_event(mutation(adds=[{"parentId": 10, "nextId": None, "node": new}])))
    assert mirror.effective_input(10) == ("c", None)


def test_the_url_follows_moves_by_script() -> None:
    span = {"op": "navigation.push", "description": "http://a/b", "startTimestamp": 1}
    mirror = mirror_of(snapshot(), raw(5, {"tag": "performanceSpan", "payload": span}))
    assert mirror.url == "http://a/b"
    mirror.apply(decode_event(raw(5, {"tag": "$pageview", "payload": {"href": "http://a/c"}})))
    assert mirror.url == "http://a/c"


def test_a_page_recorded_anew_keeps_its_focus_a_new_page_does_not() -> None:
    focus = raw(3, {"source": 2, "type": 5, "id": 10})
    one = snapshot(element(10, "input"))
    assert mirror_of(one, focus, one).focus == 10
    assert mirror_of(one, focus, raw(1, {}), one).focus is None
    assert mirror_of(one, focus, snapshot(element(10, "p"))).focus is None


def scroll(id: int, y: float, ms: float) -> bytes:
    return raw(3, {"source": 3, "id": id, "x": 0, "y": y}, ms)


def test_what_a_page_scrolls_alike_arrives_at_the_same_place() -> None:
    """The recorder throttles both together: of one it never says where it came to."""
    page = snapshot(element(10), element(11), element(12))
    grid = [scroll(10, 140, 0), scroll(11, 140, 100), scroll(10, 280, 200), scroll(11, 420, 300)]
    assert mirror_of(page, *grid).scrolls == {10: (0, 420), 11: (0, 420)}
    # Reached over a keyframe as well.
    half = keyframe.decode(keyframe.encode(mirror_of(page, *grid[:3])))
    half.apply(decode_event(grid[3]))
    assert half.scrolls == {10: (0, 420), 11: (0, 420)}
    # One that stood elsewhere, goes the other way, or is heard of later scrolls on its own.
    assert mirror_of(page, scroll(12, 5, -5000), scroll(10, 140, 0), scroll(12, 280, 100)).scrolls[10] == (0, 140)
    assert mirror_of(page, scroll(10, 140, 0), scroll(11, 60, 100)).scrolls == {10: (0, 140), 11: (0, 60)}
    assert mirror_of(page, scroll(10, 140, 0), scroll(11, 280, 900)).scrolls == {10: (0, 140), 11: (0, 280)}


def test_the_picture_in_a_recording_is_that_of_its_first_address() -> None:
    image = element(11, "img", src="http://shop.test/a.png", rr_dataURL="data:image/png;base64,AA")
    source = element(12, "source", srcset="http://shop.test/c.png")
    framed = element(14, "img", rr_dataURL="data:image/png;base64,BB")
    page = snapshot(image, element(13, "picture", [source, framed]))
    mirror = mirror_of(page, mutation(attributes=[{"id": 11, "attributes": {"class": "x"}}]))
    assert "rr_dataURL" in mirror.nodes[11].attrs
    changes = [
        {"id": 11, "attributes": {"src": "http://shop.test/b.png"}},
        {"id": 12, "attributes": {"srcset": "http://shop.test/d.png"}},
    ]
    mirror.apply(decode_event(mutation(attributes=changes)))
    assert "rr_dataURL" not in mirror.nodes[11].attrs
    assert "rr_dataURL" not in mirror.nodes[14].attrs


def test_a_select_may_hold_nothing_until_an_option_comes() -> None:
    options = [element(21, "option", value="a"), element(22, "option", value="b", selected=True)]
    mirror = mirror_of(snapshot(element(20, "select", options, value="b")))
    mirror.apply(decode_event(raw(3, {"source": 5, "id": 20, "text": "", "isChecked": False})))
    assert mirror.effective_input(20) == ("", None)
    mirror.apply(decode_event(mutation(adds=[{"parentId": 20, "nextId": None, "node": element(23, "option")}])))
    assert mirror.effective_input(20)[0] != ""


def test_a_definition_is_known_of_the_elements_that_stand_there() -> None:
    page = snapshot(element(11, "x-card"), element(12, "x-other"), {**element(13, "x-card"), "isCustom": True})
    mirror = mirror_of(page, raw(3, {"source": 16, "define": {"name": "x-card"}}), raw(3, {"source": 16}))
    assert [mirror.nodes[id].attrs for id in (11, 12, 13)] == [{"rr_defined": True}, {}, {}]


def test_a_checkout_keeps_what_controls_were_given_and_hosts_adopted() -> None:
    def page(value: str, *more: dict[str, Any]) -> bytes:
        area = element(11, "textarea", value=value)
        field = element(12, "input", type="text", value="attribute")
        box = element(13, "input", type="checkbox", checked=True)
        return snapshot(area, field, box, element(14, "x-card"), *more)

    adopt = {"source": 15, "id": 14, "styleIds": [1], "styles": [{"styleId": 1, "rules": [{"rule": "a{}"}]}]}
    mirror = mirror_of(
        page(""),
        raw(3, {"source": 5, "id": 11, "text": "typed", "isChecked": False}),
        raw(3, {"source": 5, "id": 12, "text": "", "isChecked": False}),
        raw(3, {"source": 5, "id": 13, "text": "on", "isChecked": False}),
        raw(3, adopt),
        page("typed later"),
        mutation(adds=[{"parentId": 11, "nextId": None, "node": text(15, "new text inside")}]),
        mutation(attributes=[{"id": 12, "attributes": {"value": "another"}}]),
    )
    assert mirror.effective_input(11) == ("typed later", None)
    assert mirror.effective_input(12) == ("", None)
    assert mirror.effective_input(13) == ("", True)
    assert mirror.adopted == {14: [1]}
