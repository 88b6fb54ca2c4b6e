from __future__ import annotations

import random
from typing import Any

import pytest

from replay_viewer.analysis.difference import compare, out_of_order
from tests.recording.test_mirror import element as plain
from tests.recording.test_mirror import mirror_of, mutation, raw, snapshot, text


def element(id: int, tag: str, children: list[Any] | None = None, key: str = "", **attributes: Any) -> dict[str, Any]:
    """An element; `key` is its id attribute."""
    made = plain(id, tag, children, **attributes)
    if key:
        made["attributes"]["id"] = key
    return made


PAGE = snapshot(
    element(10, "ul", [element(n, "li", [text(n + 100, f"item {n}")]) for n in range(11, 16)], key="list"),
    element(20, "input", name="q", value="old"),
    element(21, "p", [text(22, "Total 5")], style="color: red; background: url('a;b')"),
    element(30, "style", [text(31, ".a{}")]),
)


def _add(node: dict[str, object], parent: int = 4, before: int | None = None) -> dict[str, object]:
    return {"parentId": parent, "nextId": before, "node": node}


def test_nothing() -> None:
    assert compare(mirror_of(PAGE), mirror_of(PAGE), same_document=True).empty


def test_everything() -> None:
    after = mirror_of(
        PAGE,
        mutation(
            adds=[
                _add(element(15, "li"), 10, 11),
                _add(text(115, "item 15"), 15),
                _add(element(40, "div", [element(41, "p", [text(42, "New")])], **{"class": "box"})),
            ],
            removes=[{"parentId": 10, "id": 15}, {"parentId": 10, "id": 12}],
            texts=[{"id": 22, "value": "Total 6"}, {"id": 31, "value": ".b{}"}],
            attributes=[
                {"id": 21, "attributes": {"style": {"color": ["blue", "important"]}, "title": "Sum"}},
                {"id": 10, "attributes": {"class": "busy"}},
            ],
        ),
        raw(3, {"source": 5, "id": 20, "text": "new", "isChecked": False}),
        raw(3, {"source": 3, "id": 10, "x": 0, "y": 40}),
        raw(4, {"href": "https://shop.test/next", "width": 800, "height": 600}),
    )
    found = compare(mirror_of(PAGE), after, same_document=True)
    assert [(one.node.selector, one.node.text, one.nodes) for one in found.added] == [("body > div.box", "New", 3)]
    assert [(one.node.text, one.nodes) for one in found.removed] == [("item 12", 2)]
    assert [(one.node.id, one.before and one.before.id, one.after and one.after.id) for one in found.moved] == [
        (15, 10, 10)
    ]
    assert [(one.node.id, one.name, one.before, one.after) for one in found.attributes] == [
        (10, "class", None, "busy"),
        (21, "title", None, "Sum"),
    ]
    assert [(one.before, one.after) for one in found.texts] == [("Total 5", "Total 6")]
    assert [(one.name, one.before, one.after) for one in found.styles] == [("color", "red", "blue !important")]
    assert [(one.name, one.before, one.after) for one in found.inputs] == [("value", "old", "new")]
    assert [(one.node.id, one.before, one.after) for one in found.scrolls] == [(10, [0.0, 0.0], [0.0, 40.0])]
    assert [(one.name, one.after) for one in found.page] == [
        ("url", "https://shop.test/next"),
        ("viewport", [800.0, 600.0]),
    ]


def test_two_documents_are_paired_by_id_and_place() -> None:
    other = snapshot(
        element(50, "p", [text(51, "Hello")]),
        element(60, "ul", [element(61, "li", [text(62, "item 11")])], key="list", **{"class": "x"}),
    )
    found = compare(mirror_of(PAGE), mirror_of(other), same_document=False)
    assert not found.same_document
    assert [(one.name, one.after) for one in found.attributes] == [("class", "x")]
    assert [one.node.text for one in found.removed] == ["item 12", "item 13", "item 14", "item 15", "", ""]
    assert [(one.before, one.after) for one in found.texts] == [("Total 5", "Hello")]


@pytest.mark.parametrize("seed", range(20))
def test_the_fewest_moves(seed: int) -> None:
    pick = random.Random(seed)
    places = pick.sample(range(12), 12)
    out = set(out_of_order(places))
    rest = [one for one in places if one not in out]
    assert rest == sorted(rest)
    best = max(
        sum(1 for n in range(12) if mask >> n & 1)
        for mask in range(1 << 12)
        if (chosen := [places[n] for n in range(12) if mask >> n & 1]) == sorted(chosen)
    )
    assert len(rest) == best
