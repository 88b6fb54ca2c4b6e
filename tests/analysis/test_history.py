from __future__ import annotations

from typing import Any

from replay_viewer.analysis.difference import likeness, outline
from replay_viewer.analysis.history import MAX_INSIDE, Watcher
from replay_viewer.recording.events import Kind, decode_event
from replay_viewer.recording.mirror import Mirror
from tests.recording.test_mirror import element, mirror_of, mutation, raw, snapshot, text

ITEMS = [element(n, "li", [text(n + 100, f"item {n}")]) for n in range(11, 15)]
PAGE = snapshot(element(10, "ul", ITEMS), element(20, "input", value="a"), element(30, "video"))


def _life(id: int, *events: bytes) -> list[tuple[Any, ...]]:
    mirror, watcher = Mirror(), Watcher(id)
    for n, one in enumerate(events):
        event = decode_event(one)
        if event.type == Kind.FULL_SNAPSHOT:
            watcher.before_snapshot(mirror)
        mirror.before = touched = {}
        mirror.apply(event)
        watcher.read(event, n, mirror, touched)
    return [(one.event, one.what, one.name, one.before, one.after) for one in watcher.entries]


def _moved(id: int, before: int | None, parent: int = 10) -> bytes:
    node = element(id, "li")
    return mutation(
        removes=[{"parentId": 10, "id": id}],
        adds=[
            {"parentId": parent, "nextId": before, "node": node},
            {"parentId": id, "nextId": None, "node": text(id + 100, f"item {id}")},
        ],
    )


def test_moves_are_told_from_neighbours_that_move() -> None:
    assert [one[1] for one in _life(14, PAGE, _moved(14, 11))] == ["added", "moved"]
    assert [one[1] for one in _life(13, PAGE, _moved(14, 11))] == ["added"]
    assert [one[1] for one in _life(12, PAGE, mutation(removes=[{"parentId": 10, "id": 11}]))] == ["added"]
    assert _life(12, PAGE, _moved(12, None, 4))[1] == (1, "moved", "", "body > ul", "body")


def test_values_styles_and_media() -> None:
    events = [
        PAGE,
        raw(3, {"source": 5, "id": 20, "text": "b", "isChecked": False}),
        mutation(attributes=[{"id": 20, "attributes": {"style": {"color": "red"}, "title": "t"}}]),
        raw(3, {"source": 2, "type": 5, "id": 20}),
        raw(3, {"source": 2, "type": 99, "id": 20}),
        mutation(removes=[{"parentId": 4, "id": 20}]),
    ]
    assert _life(20, *events) == [
        (0, "added", "", None, "field body > input"),
        (1, "input", "", "a", "b"),
        (2, "attribute", "title", None, "t"),
        (2, "style", "color", None, "red"),
        (3, "focused", "", None, None),
        (5, "removed", "", "<input>", None),
    ]
    played = raw(3, {"source": 7, "type": 0, "id": 30, "currentTime": 1.5})
    assert _life(30, PAGE, played)[1] == (1, "played", "", None, 1.5)


def test_a_node_that_comes_back_and_a_page_that_is_left() -> None:
    back = mutation(adds=[{"parentId": 10, "nextId": None, "node": element(12, "li")}])
    gone = mutation(removes=[{"parentId": 10, "id": 12}])
    other = snapshot(*(element(n, "p") for n in range(50, 90)))
    assert [one[1] for one in _life(12, PAGE, PAGE, gone, back, other)] == ["added", "removed", "added", "left"]


def test_half_a_page_is_not_followed_inside() -> None:
    many = snapshot(
        element(10, "ul", [element(n, "li", [text(n + 5000, "x")]) for n in range(1000, 1000 + MAX_INSIDE)])
    )
    assert [one[1] for one in _life(10, many, mutation(texts=[{"id": 6000, "value": "y"}]))] == ["added"]


def test_likeness() -> None:
    one = mirror_of(PAGE)
    assert likeness(outline(one.nodes), one.nodes) == 1
    assert likeness(outline(one.nodes), mirror_of(snapshot(element(99, "p"))).nodes) < 0.5
    assert likeness({}, {}) == 0
