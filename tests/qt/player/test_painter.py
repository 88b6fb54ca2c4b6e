"""The painter in the real page: what each part of a patch makes of it, forward and backward."""

from __future__ import annotations

from typing import Any

import pytest

from tests.qt.player.conftest import Bench
from tests.qt.player.engines import Recording

pytestmark = pytest.mark.webengine

DOC = "document.querySelector('iframe').contentDocument"


def ask(bench: Bench, script: str) -> Any:
    """Value of an expression, `d` being the recorded document."""
    got: list[Any] = []
    bench.view.page.runJavaScript(f"(() => {{ const d = {DOC}; return {script} }})()", got.append)
    bench.qtbot.waitUntil(lambda: bool(got), timeout=10_000)
    return got[0]


def colour(bench: Bench, selector: str, prop: str = "color") -> str:
    return str(ask(bench, f"getComputedStyle(d.querySelector('{selector}')).getPropertyValue('{prop}')"))


def test_text_attributes_style_and_back(bench: Bench) -> None:
    r = Recording()
    p = r.el("p", {"class": "one", "style": "color: rgb(1, 2, 3)"}, "before")
    r.page(0, p)
    r.change(100, texts=[{"id": p["childNodes"][0]["id"], "value": "after"}], attributes=[
        {"id": p["id"], "attributes": {"class": None, "title": "t", "style": {"color": "rgb(9, 9, 9)"}}},
    ])  # fmt: skip
    bench.use(r.raws)
    for _ in range(2):
        assert bench.seek(50)["text"] == "before"
        assert colour(bench, "p") == "rgb(1, 2, 3)"
        assert ask(bench, "d.querySelector('p.one') !== null && !d.querySelector('p').title") is True
        assert bench.seek(150)["text"] == "after"
        assert colour(bench, "p") == "rgb(9, 9, 9)"
        assert ask(bench, "d.querySelector('p').hasAttribute('class')") is False
        assert ask(bench, "d.querySelector('p').title") == "t"


def test_rules_survive_moves_and_are_taken_back(bench: Bench) -> None:
    r = Recording()
    style = r.el("style", {}, "p { color: rgb(1, 1, 1) }")
    r.page(0, r.el("p", {}, "x"), r.el("div", {"id": "to"}), head=(style,))
    r.incremental(100, 8, id=style["id"], adds=[{"rule": "p { color: rgb(2, 2, 2) }", "index": 1}])
    r.incremental(200, 8, id=style["id"], adds=[{"rule": "@media all { p { color: rgb(3, 3, 3) } }", "index": 2}])
    r.incremental(210, 8, id=style["id"], adds=[{"rule": "p { background-color: rgb(7, 7, 7) }", "index": [2, 1]}])
    r.incremental(300, 13, id=style["id"], index=[2, 0], set={"property": "color", "value": "rgb(4, 4, 4)"})
    r.incremental(400, 8, id=style["id"], removes=[{"index": 2}])
    r.change(500, texts=[{"id": style["childNodes"][0]["id"], "value": "p { color: rgb(5, 5, 5) }"}])
    bench.use(r.raws)
    expected = {50: 1, 150: 2, 250: 3, 350: 4, 450: 2, 550: 5}
    for offset in [50, 150, 250, 350, 450, 550, 250, 50, 450, 350, 150, 550, 50]:
        bench.seek(offset)
        n = expected[offset]
        assert colour(bench, "p") == f"rgb({n}, {n}, {n})", offset
    bench.seek(250)
    assert colour(bench, "p", "background-color") == "rgb(7, 7, 7)"


def test_captured_link_and_split_style(bench: Bench) -> None:
    r = Recording()
    link = r.el("link", {"_cssText": "p { color: rgb(8, 8, 8) } q { background: url(pic.png) }"})
    style = r.el("style", {"_cssText": "b { color: rgb(1, 0, 0) }/* rr_split */i { color: rgb(2, 0, 0) }"}, "", "")
    r.page(0, r.el("p", {}, "x"), r.el("b", {}, "b"), r.el("i", {}, "i"), r.el("q", {}, "q"), head=(link, style))
    r.change(100, texts=[{"id": style["childNodes"][1]["id"], "value": "i { color: rgb(3, 0, 0) }"}])
    bench.use(r.raws)
    for offset, n in ((50, 2), (150, 3), (50, 2)):
        bench.seek(offset)
        assert colour(bench, "p") == "rgb(8, 8, 8)"
        assert colour(bench, "b") == "rgb(1, 0, 0)"
        assert colour(bench, "i") == f"rgb({n}, 0, 0)"


def test_text_of_a_style_replaced_by_another_node(bench: Bench) -> None:
    """What CodeMirror does: the captured sheet's text node goes, another with new text comes."""
    r = Recording()
    style = r.el("style", {"_cssText": "p { color: rgb(1, 0, 0); width: 50px }"}, "")
    r.page(0, r.el("p", {}, "x"), head=(style,))
    new = r.text("p { color: rgb(2, 0, 0) }")
    old = style["childNodes"][0]["id"]
    r.change(100, removes=[{"id": old, "parentId": style["id"]}],
             adds=[{"parentId": style["id"], "nextId": None, "node": new}])  # fmt: skip
    bench.use(r.raws)
    for offset, wanted in ((50, ("1", "50px")), (150, ("2", "800px")), (50, ("1", "50px")), (150, ("2", "800px"))):
        bench.seek(offset)
        assert colour(bench, "p") == f"rgb({wanted[0]}, 0, 0)", offset
        assert (colour(bench, "p", "width") == "50px") is (wanted[1] == "50px")


def test_inputs_are_properties(bench: Bench) -> None:
    r = Recording()
    text = r.el("input", {"type": "text", "value": "start"})
    box = r.el("input", {"type": "checkbox"})
    area = r.el("textarea", {"value": "area"})
    choice = r.el("select", {}, r.el("option", {"value": "a"}, "A"), r.el("option", {"value": "b"}, "B"))
    r.page(0, text, box, area, choice)
    r.incremental(100, 5, id=text["id"], text="typed", isChecked=False)
    r.incremental(110, 5, id=box["id"], text="on", isChecked=True)
    r.incremental(120, 5, id=area["id"], text="more", isChecked=False)
    r.incremental(130, 5, id=choice["id"], text="b", isChecked=False)
    bench.use(r.raws)
    for offset, wanted in ((50, ["start", False, "area", "a"]), (200, ["typed", True, "more", "b"])) * 2:
        by_id = {entry["id"]: entry for entry in bench.seek(offset)["inputs"]}
        got = [by_id[text["id"]]["value"], by_id[box["id"]]["checked"], by_id[area["id"]]["value"]]
        assert [*got, by_id[choice["id"]]["value"]] == wanted


def test_scroll_is_instant_and_kept(bench: Bench) -> None:
    r = Recording()
    tall = r.el("div", {"style": "height: 3000px"}, "tall")
    inner = r.el("div", {"style": "height: 100px; overflow: auto; scroll-behavior: smooth"}, tall)
    page = r.el("div", {"style": "height: 5000px"}, "page")
    r.page(0, inner, page, head=(r.el("style", {}, "html { scroll-behavior: smooth }"),))
    r.incremental(100, 3, id=inner["id"], x=0, y=700)
    r.incremental(110, 3, id=1, x=0, y=1200)
    r.change(200, removes=[{"id": tall["id"], "parentId": inner["id"]}])
    r.change(210, adds=[{"parentId": inner["id"], "nextId": None, "node": tall}])
    r.incremental(300, 3, id=inner["id"], x=0, y=0)
    bench.use(r.raws)
    for offset, wanted in ((50, {}), (150, {inner["id"]: 700, 1: 1200}), (350, {1: 1200}), (50, {}), (250, None)):
        # The root element reports the scroll of its document.
        seen = bench.seek(offset)["scrolls"]
        scrolls = {id: seen[str(id)][1] for id in (inner["id"], 1) if str(id) in seen}
        if wanted is not None:
            assert scrolls == wanted, offset
    assert scrolls[1] == 1200


def test_namespaces_shadow_frames_and_fallbacks(bench: Bench) -> None:
    r = Recording()
    svg = r.el("svg", {"viewBox": "0 0 9 9"}, r.el("lineargradient", {"id": "g"}, isSVG=True),
               r.el("foreignObject", {}, r.el("p", {"id": "fo"}, "html in svg"), isSVG=True), isSVG=True)  # fmt: skip
    math = r.el("math", {}, r.el("mfrac", {}, r.el("mi", {}, "a"), r.el("mn", {}, "2")))
    host = r.el("x-card", {}, "light", r.el("style", {}, "b { color: rgb(6, 6, 6) }", isShadow=True),
                r.el("b", {"id": "deep"}, "in the shadow", isShadow=True),
                isShadowHost=True, isCustom=True)  # fmt: skip
    frame = r.el("iframe", {"src": "http://elsewhere.test/", "id": "f"})
    r.page(0, svg, math, host, frame, r.el("noscript", {}, "NOSCRIPT"), r.el("canvas", {"width": 40}, "FALLBACK"))
    inner = {"type": 0, "id": 9000, "childNodes": [r.el("html", {}, r.el("head"), r.el("body", {}, "framed text"))]}
    r.change(100, isAttachIframe=True, adds=[{"parentId": frame["id"], "nextId": None, "node": inner}])
    r.change(200, removes=[{"id": frame["id"], "parentId": 0}])
    bench.use(r.raws)
    state = bench.seek(50)
    assert "NOSCRIPT" not in state["text"]
    assert "FALLBACK" not in state["text"]
    assert ask(bench, "d.querySelector('mfrac').namespaceURI") == "http://www.w3.org/1998/Math/MathML"
    assert ask(bench, "d.querySelector('linearGradient').namespaceURI") == "http://www.w3.org/2000/svg"
    assert ask(bench, "d.querySelector('#fo').namespaceURI") == "http://www.w3.org/1999/xhtml"
    deep = "d.querySelector('x-card').shadowRoot.querySelector('#deep')"
    assert ask(bench, f"getComputedStyle({deep}).color") == "rgb(6, 6, 6)"
    assert ask(bench, "d.querySelector('canvas').getBoundingClientRect().width") == 40
    for offset, wanted in ((150, ["framed text"]), (250, []), (150, ["framed text"]), (50, [])):
        assert [entry["text"] for entry in bench.seek(offset)["frames"]] == wanted


def test_modal_dialog_opens_and_closes(bench: Bench) -> None:
    r = Recording()
    dialog = r.el("dialog", {}, "sure?")
    r.page(0, dialog)
    opened = {"open": "", "rr_open_mode": "modal"}
    r.change(100, attributes=[{"id": dialog["id"], "attributes": opened}])
    r.change(200, attributes=[{"id": dialog["id"], "attributes": {"open": None, "rr_open_mode": None}}])
    bench.use(r.raws)
    for offset, wanted in ((50, False), (150, True), (250, False), (150, True), (50, False)):
        bench.seek(offset)
        assert ask(bench, "d.querySelector('dialog').matches(':modal')") is wanted, offset
        assert ask(bench, "d.querySelector('dialog').open") is wanted


def test_urls_are_resolved_or_replaced(bench: Bench) -> None:
    r = Recording(url="http://shop.test/cart/?q=1")
    r.page(
        0,
        r.el("a", {"href": "../help"}, "help"),
        r.el("a", {"href": "#part"}, "part"),
        r.el("img", {"src": "pic.png", "width": "40", "height": "20"}),
        r.el("img", {"src": "blob:http://shop.test/1"}),
        r.el("div", {"style": "background-image: url('x.png')"}, "x"),
    )
    bench.use(r.raws)
    bench.seek(50)
    links = ask(bench, "[...d.querySelectorAll('a')].map(a => a.getAttribute('href')).join()")
    assert links == "http://shop.test/help,#part"
    assert (
        ask(bench, "[...d.images].every(i => i.src.startsWith('data:') && i.complete && i.naturalWidth > 0)") is True
    )
    assert ask(bench, "d.querySelector('img').naturalWidth") == 40
    assert "replay://" not in ask(bench, "d.documentElement.outerHTML")


def test_adopted_sheets(bench: Bench) -> None:
    r = Recording()
    r.page(0, r.el("p", {}, "x"))
    rules = [{"rule": "p { color: rgb(1, 1, 1) }", "index": 0}]
    r.incremental(100, 15, id=1, styleIds=[1], styles=[{"styleId": 1, "rules": rules}])
    r.incremental(200, 8, styleId=1, adds=[{"rule": "p { color: rgb(2, 2, 2) }", "index": 1}])
    r.incremental(300, 15, id=1, styleIds=[])
    bench.use(r.raws)
    for offset, n in ((50, 0), (150, 1), (250, 2), (350, 0), (150, 1), (50, 0)):
        bench.seek(offset)
        assert colour(bench, "p") == f"rgb({n}, {n}, {n})", offset


def test_what_is_editable_looks_and_is_focused_as_such(bench: Bench) -> None:
    r = Recording()
    editor = r.el("div", {"id": "ed", "contenteditable": "plaintext-only"}, "two  spaces")
    field = r.el("input", {"id": "in", "value": "x"})
    words = r.el("p", {}, "some words here")
    r.page(0, editor, field, words)
    r.incremental(100, 2, type=5, id=editor["id"])
    r.incremental(200, 2, type=6, id=editor["id"])
    r.incremental(200, 2, type=5, id=field["id"])
    chosen = words["childNodes"][0]["id"]
    range = {"start": chosen, "startOffset": 5, "end": chosen, "endOffset": 10}
    r.incremental(300, 14, ranges=[range])
    r.change(400, removes=[{"parentId": words["id"], "id": chosen}])
    bench.use(r.raws)
    expected = {50: ("", ""), 150: ("ed", ""), 250: ("in", ""), 350: ("in", "words"), 450: ("in", "")}
    for offset in [50, 150, 250, 350, 450, 350, 250, 150, 350, 150, 50]:
        bench.seek(offset)
        said = ask(bench, "`${d.activeElement === d.body ? '' : d.activeElement.id},${d.getSelection()}`")
        assert said == ",".join(expected[offset]), offset
    assert colour(bench, "#ed", "white-space") == "pre-wrap"


def test_definitions_come_and_go(bench: Bench) -> None:
    r = Recording()
    css = r.el("style", {}, "x-late { color: rgb(1, 1, 1) } x-late:not(:defined) { color: rgb(2, 2, 2) }")
    r.page(0, r.el("x-late", {}, "x"), head=(css,))
    r.incremental(100, 16, define={"name": "x-late"})
    bench.use(r.raws)
    for offset, n in ((50, 2), (150, 1), (50, 2), (150, 1)):
        bench.seek(offset)
        assert colour(bench, "x-late") == f"rgb({n}, {n}, {n})"


def test_disabled_links_and_chosen_options_and_back(bench: Bench) -> None:
    r = Recording()
    link = r.el("link", {"_cssText": "p { color: rgb(8, 8, 8) }"})
    options = [r.el("option", {"value": name, **({"selected": True} if name == "b" else {})}, name) for name in "abc"]
    some = [r.el("option", {"value": name, **({"selected": True} if name != "b" else {})}, name) for name in "abc"]
    one, many = r.el("select", {"value": "b"}, *options), r.el("select", {"multiple": True, "value": "a"}, *some)
    r.page(0, r.el("p", {}, "x"), one, many, head=(link,))
    r.change(100, attributes=[{"id": link["id"], "attributes": {"disabled": ""}}])
    r.incremental(100, 5, id=one["id"], text="a", isChecked=False)
    r.incremental(100, 5, id=many["id"], text="b", isChecked=False)
    late = r.el("option", {"value": "late", "selected": True}, "late")
    r.change(200, adds=[{"parentId": one["id"], "nextId": None, "node": late}])
    r.incremental(300, 5, id=one["id"], text="", isChecked=False)
    bench.use(r.raws)
    of = "[...s.options].filter((o) => o.selected).map((o) => o.value).join()"
    chosen = f"[...d.querySelectorAll('select')].map((s) => {of}).join(';')"
    expected = {50: ("8", "b;a,c"), 150: ("0", "a;b"), 250: ("0", "late;b"), 350: ("0", ";b")}
    for offset in [50, 150, 250, 350, 250, 150, 50, 350, 50]:
        bench.seek(offset)
        n, values = expected[offset]
        assert colour(bench, "p") == f"rgb({n}, {n}, {n})", offset
        assert ask(bench, chosen) == values, offset


def test_text_along_a_path_and_boxes_of_plugins(bench: Bench) -> None:
    r = Recording(size=(800, 600))
    path = r.el("path", {"id": "line", "d": "M10 50 H 300"}, isSVG=True)
    along = r.el("textpath", {"href": f"{r.url}#line"}, "along", isSVG=True)
    svg = r.el("svg", {"width": "300", "height": "80"}, path, r.el("text", {}, along, isSVG=True), isSVG=True)
    report = r.el("object", {"data": "http://shop.test/a.pdf", "width": "200", "height": "90"}, "no plugin")
    r.page(0, svg, report, r.el("embed", {"src": "http://shop.test/b.pdf", "width": "120", "height": "70"}))
    bench.use(r.raws)
    bench.seek(50)
    box = "(({width, height}) => `${width > 20} ${width} ${height}`)(d.querySelector('%s').getBoundingClientRect())"
    assert ask(bench, box % "text").startswith("true")
    assert ask(bench, box % "object") == "true 200 90"
    assert ask(bench, box % "embed") == "true 120 70"
    assert bench.read()["text"].strip() == "along"


def test_a_picture_that_got_another_address_is_not_the_old_one(bench: Bench) -> None:
    r = Recording()
    dot = "data:image/gif;base64,R0lGODlhAQABAIAAAP8AAAAAACwAAAAAAQABAAACAkQBADs="
    image = r.el("img", {"src": "http://shop.test/a.gif", "rr_dataURL": dot, "width": "20"})
    r.page(0, image)
    r.change(100, attributes=[{"id": image["id"], "attributes": {"src": "http://shop.test/b.gif"}}])
    bench.use(r.raws)
    for offset, marked in ((50, ""), (150, "image"), (50, "")):
        bench.seek(offset)
        assert ask(bench, "d.querySelector('img').getAttribute('rr-mark') ?? ''") == marked


def test_the_box_of_what_was_left_out_is_measured_with_its_border(bench: Bench) -> None:
    r = Recording()
    css = r.el("style", {}, "iframe, .b { border: 2px solid red; padding: 3px }")
    frame = r.el("iframe", {"rr_width": "304px", "rr_height": "154px"}, needBlock=True)
    r.page(
        0, frame, r.el("div", {"class": "b", "rr_width": "50px", "rr_height": "40px"}, needBlock=True), head=(css,)
    )
    bench.use(r.raws)
    bench.seek(50)
    box = "(({width, height}) => `${width} ${height}`)(d.querySelector('%s').getBoundingClientRect())"
    assert [ask(bench, box % one) for one in ("iframe", ".b")] == ["304 154", "50 40"]
