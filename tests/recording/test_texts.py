"""Text over time: made events with known answers, and logs that grow without the index growing with them."""

from __future__ import annotations

from typing import Any

import pytest

from replay_viewer.recording.events import decode_event
from replay_viewer.recording.passages import MAX_NODES, MAX_OF_BLOCK
from replay_viewer.recording.texts import LONG, PIECE, TextReader, is_masked
from tests.recording.test_mirror import T0, element, mutation, raw, snapshot, text


class Tab:
    """A tab of one page; times are offsets in ms."""

    def __init__(self, *body: dict[str, Any]) -> None:
        self.reader = TextReader()
        self.send(0, snapshot(*body))

    def send(self, at: float, event: bytes) -> None:
        one = decode_event(event)
        one.timestamp = T0 + at
        assert self.reader.wants(one.type, one.source)
        self.reader.apply(one)

    def change(self, at: float, **what: Any) -> None:
        self.send(at, mutation(**what))

    def say(self, at: float, id: int, value: str) -> None:
        self.change(at, texts=[{"id": id, "value": value}])

    def set(self, at: float, id: int, **attributes: Any) -> None:
        self.change(at, attributes=[{"id": id, "attributes": attributes}])

    def type(self, at: float, id: int, value: str) -> None:
        self.send(at, raw(3, {"source": 5, "id": id, "text": value, "isChecked": False}))

    def found(self) -> dict[tuple[str, str], list[tuple[float, float]]]:
        """(kind, text) → [(from, to), …] as offsets; to: -1 for the end."""
        self.reader.finish()
        return {
            key: sorted((s - T0, e if e < 0 else e - T0) for s, e in zip(flat[::3], flat[1::3], strict=True))
            for key, flat in self.reader.take().items()
        }


def _add(node: dict[str, Any], parent: int = 4) -> dict[str, Any]:
    return {"parentId": parent, "nextId": None, "node": node}


def test_a_text_lives_from_its_coming_to_its_going() -> None:
    tab = Tab(element(10, "p", [text(11, "Hello  \n there")]))
    tab.change(1000, adds=[_add(element(20, "p", [text(21, "Payment failed")]))])
    tab.say(2000, 11, "Bye")
    tab.change(3000, removes=[{"parentId": 4, "id": 20}])
    assert tab.found() == {
        ("text", "Hello there"): [(0, 2000)],
        ("text", "Payment failed"): [(1000, 3000)],
        ("text", "Bye"): [(2000, -1)],
    }


def test_what_nobody_reads_is_left_out() -> None:
    tab = Tab(
        element(10, "script", [text(11, "var a")]),
        element(12, "style", [text(13, ".a{}")]),
        element(14, "noscript", [text(15, "Turn it on")]),
        element(16, "input", type="password", value="hunter2"),
        element(17, "input", type="checkbox", value="on"),
        element(18, "p", [text(19, "  \n ")]),
        element(20, "dialog", [text(21, "closed")]),
    )
    assert tab.found() == {}


def test_every_kind() -> None:
    tab = Tab(
        element(10, "title", [text(11, "Shop")]),
        element(12, "input", placeholder="E-mail", value="ann@example.com"),
        element(13, "input", type="submit", value="Pay now"),
        element(14, "img", alt="Lamp"),
        element(15, "a", [text(16, "Help")], title="Opens help", **{"aria-label": "Get help"}),
        element(17, "textarea", [text(18, "Dear all")]),
    )
    assert set(tab.found()) == {
        ("title", "Shop"),
        ("placeholder", "E-mail"),
        ("input", "ann@example.com"),
        ("button", "Pay now"),
        ("alt", "Lamp"),
        ("text", "Help"),
        ("tooltip", "Opens help"),
        ("label", "Get help"),
        ("input", "Dear all"),
    }


@pytest.mark.parametrize(
    ("hide", "show"),
    [
        ({"hidden": ""}, {"hidden": None}),
        ({"style": "color: red; display:none"}, {"style": "color: red"}),
        ({"style": {"display": ["none", "important"]}}, {"style": {"display": False}}),
    ],
)
def test_what_is_hidden_around_a_text_hides_it(hide: dict[str, Any], show: dict[str, Any]) -> None:
    tab = Tab(element(10, "section", [element(11, "p", [text(12, "News")])]))
    tab.set(1000, 10, **hide)
    tab.set(2000, 10, **show)
    assert tab.found() == {("text", "News"): [(0, 1000), (2000, -1)]}


def test_a_node_that_moves_into_something_hidden_is_gone() -> None:
    tab = Tab(element(10, "div", hidden=""), element(20, "p", [text(21, "News")]))
    moved = [_add(element(20, "p"), 10), _add(text(21, "News"), 20)]
    tab.change(1000, removes=[{"parentId": 4, "id": 20}], adds=moved)
    assert tab.found() == {("text", "News"): [(0, 1000)]}


def test_rendered_anew_goes_on() -> None:
    tab = Tab(element(10, "p", [text(11, "Total")]))
    for n in range(1, 6):
        tab.change(n * 100, removes=[{"parentId": 4, "id": n * 10}])
        tab.change(n * 100 + 40, adds=[_add(element(n * 10 + 10, "p", [text(n * 10 + 11, "Total")]))])
    tab.change(1000, removes=[{"parentId": 4, "id": 60}])
    tab.change(1100, adds=[_add(element(70, "p", [text(71, "Total")]))])
    assert tab.found() == {("text", "Total"): [(0, 1000), (1100, -1)]}


def test_less_than_a_frame_is_nothing() -> None:
    tab = Tab(element(10, "p", [text(11, "0")]))
    for n in range(1, 10):
        tab.say(1000 + n * 5, 11, str(n))
    assert tab.found() == {("text", "0"): [(0, 1005)], ("text", "9"): [(1045, -1)]}


def test_what_is_typed_counts_when_it_stands_still() -> None:
    tab = Tab(element(10, "input"))
    for n in range(1, 8):
        tab.type(n * 100, 10, "Payment"[:n])
    tab.type(5000, 10, "")
    assert tab.found() == {("input", "Payment"): [(700, 5000)]}


def _lines(count: int) -> str:
    return "".join(f"line {n} of the log\n" for n in range(count))


@pytest.mark.parametrize("anew", [False, True])
def test_a_log_resent_whole_is_kept_by_what_was_appended(anew: bool) -> None:
    tab = Tab(element(10, "pre", [text(11, _lines(20))]))
    for n in range(21, 2001):
        if anew:
            old, new = 10 + n - 21, 10 + n - 20
            ids = (old * 10, new * 10) if n > 21 else (10, new * 10)
            tab.change(
                n * 20,
                removes=[{"parentId": 4, "id": ids[0]}],
                adds=[_add(element(ids[1], "pre", [text(ids[1] + 1, _lines(n))]))],
            )
        else:
            tab.say(n * 20, 11, _lines(n))
    found = tab.found()
    assert len(found) == 1981
    assert sum(len(words) for _, words in found) < 2 * len(_lines(2000))
    assert found["text", "line 1500 of the log"] == [(1501 * 20, -1)]


def test_a_log_that_rolls_loses_its_head() -> None:
    window = [f"line {n} of the log\n" for n in range(200)]
    tab = Tab(element(10, "pre", [text(11, "".join(window[:40]))]))
    for n in range(41, 201):
        tab.say(n * 100, 11, "".join(window[n - 40 : n]))
    found = tab.found()
    assert found["text", "line 100 of the log"] == [(10_100, 14_100)]
    assert found["text", "line 199 of the log"] == [(20_000, -1)]


def test_a_long_text_is_cut_between_words() -> None:
    words = "word " * 1000
    tab = Tab(element(10, "p", [text(11, words)]))
    found = tab.found()
    assert all(len(piece) <= PIECE and set(piece.split()) == {"word"} for _, piece in found)
    assert len(words) > LONG


def test_a_text_of_30_megabytes_is_cut_in_one_pass() -> None:
    # copied anew with each piece, this would not end within the time of a test
    tab = Tab(element(10, "p", [text(11, "".join(f"line {n} of a very long log\n" for n in range(1_000_000)))]))
    found = tab.found()
    assert 28_000 < len(found) < 40_000
    assert sum(len(words) + 1 for _, words in found) == sum(
        len(f"line {n} of a very long log ") for n in range(10**6)
    )


def test_the_next_page_ends_all_and_a_snapshot_of_the_same_one_nothing() -> None:
    tab = Tab(element(10, "p", [text(11, "One")]))
    tab.send(1000, snapshot(element(10, "p", [text(11, "One")])))
    tab.send(2000, snapshot(element(10, "p", [text(11, "Two")])))
    assert tab.found() == {("text", "One"): [(0, 2000)], ("text", "Two"): [(2000, -1)]}


def test_what_several_nodes_say_together() -> None:
    tab = Tab(
        element(10, "p", [text(11, "Payment "), element(12, "b", [text(13, "failed")]), text(14, ".")]),
        element(20, "div", [element(21, "p", [text(22, "One")]), element(23, "p", [text(24, "Two")])]),
        element(30, "td", [element(31, "span", [text(32, "only")])]),
        element(40, "li", [text(41, "Card"), element(42, "br"), text(43, "declined")]),
    )
    tab.say(1000, 13, "went through")
    tab.set(2000, 12, hidden="")
    tab.change(3000, removes=[{"parentId": 4, "id": 10}])
    found = {words: spans for (kind, words), spans in tab.found().items() if kind == "passage"}
    assert found == {
        "Payment failed.": [(0, 1000)],
        "Payment went through.": [(1000, 2000)],
        "Payment .": [(2000, 3000)],
        "Card declined": [(0, -1)],
    }


def test_a_counter_in_a_line_makes_few_passages() -> None:
    tab = Tab(element(10, "p", [text(11, "Seconds left: "), element(12, "b", [text(13, "900")])]))
    for n in range(1, 800):
        tab.say(n * 100, 13, str(900 - n))
    for n in range(1, 90):
        tab.say(80_000 + n * 1000, 13, str(100 - n))
    found = tab.found()
    passages = [words for kind, words in found if kind == "passage"]
    assert passages == [f"Seconds left: {n}" for n in (101, *range(99, 99 - MAX_OF_BLOCK + 1, -1))]
    assert found["text", "Seconds left:"] == [(0, -1)]


def test_a_line_of_very_many_nodes_is_no_passage() -> None:
    pieces = [element(n, "span", [text(n + 1, f"word{n}")]) for n in range(100, 100 + 4 * MAX_NODES, 2)]
    assert not any(kind == "passage" for kind, _ in Tab(element(10, "pre", pieces)).found())


def test_shadow_roots_and_frames_are_read_and_hidden_with_what_holds_them() -> None:
    inner = text(21, "In the shadow")
    inner["isShadow"] = True
    host = element(20, "x-box", [inner])
    host["isShadowHost"] = True
    tab = Tab(element(10, "div", [host, element(30, "iframe")]))
    document = {
        "type": 0,
        "id": 40,
        "childNodes": [element(41, "html", [element(42, "body", [text(43, "In the frame")])])],
    }
    tab.change(500, adds=[_add(document, 30)], isAttachIframe=True)
    tab.set(1000, 10, hidden="")
    assert tab.found() == {
        ("text", "In the shadow"): [(0, 1000)],
        ("text", "In the frame"): [(500, 1000)],
    }


def test_masked() -> None:
    assert is_masked("**** ** ******")
    assert is_masked("Total ******")
    assert not is_masked("5 * 3 * 2")
    assert not is_masked("")
