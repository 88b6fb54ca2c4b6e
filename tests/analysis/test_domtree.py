"""The DOM as tree rows: what is told, what is found, what is found again in another document."""

from __future__ import annotations

import pytest

from replay_viewer.analysis import domtree
from replay_viewer.recording.events import decode_event
from replay_viewer.recording.mirror import Mirror
from tests.qt.player.engines import Recording


def mirror_of(recording: Recording) -> Mirror:
    mirror = Mirror()
    for raw in recording.raws:
        mirror.apply(decode_event(raw))
    return mirror


@pytest.fixture
def page() -> Mirror:
    r = Recording()
    inner = r.el("b", {"part": "price"}, "42 EUR")
    inner["isShadow"] = True
    host = r.el("x-price", {"id": "price"}, "fallback")
    host["isShadowHost"] = True
    host["childNodes"].append(inner)
    items = [r.el("li", {"class": "item"}, f"item {n}") for n in range(600)]
    r.page(
        0,
        r.el("h1", {}, "  Your\n basket "),
        r.el("ul", {"id": "list"}, *items),
        host,
        r.el("input", {"name": "coupon", "value": "SAVE10", "rr_width": "9px"}),
        r.el("script", {}, "var item = 1"),
    )
    return mirror_of(r)


def named(page: Mirror, name: str) -> int:
    return next(node.id for node in page.nodes.values() if node.name == name)


def test_rows_leave_out_blanks_and_tell_short_texts_inline(page: Mirror) -> None:
    assert [domtree.branch(key, page).kind for key in domtree.top(page)] == ["doctype", "element"]
    heading = domtree.branch(named(page, "h1"), page)
    assert (heading.text, heading.rows) == ("Your basket", 0)
    field = domtree.branch(named(page, "input"), page)
    assert field.attributes == [("name", "coupon"), ("value", "SAVE10")], "the recorder's own attributes are not told"
    assert domtree.branch(named(page, "ul"), page).rows == 600


def test_shadow_roots_are_rows_of_their_own(page: Mirror) -> None:
    host = named(page, "x-price")
    assert domtree.below(host, page)[0] == -host
    root = domtree.branch(-host, page)
    assert (root.kind, root.rows) == ("shadow", 1)
    bold = named(page, "b")
    assert domtree.below(-host, page) == [bold]
    assert domtree.above(bold, page)[-2:] == [host, -host]


def test_found_by_selector_by_text_and_by_attribute(page: Mirror) -> None:
    assert domtree.find("#price b", page) == [named(page, "b")]
    assert domtree.find("save10", page) == [named(page, "input")]
    assert domtree.find("YOUR basket", page) == [named(page, "h1")]
    assert len(domtree.find("item 59", page)) == 11, "“item 59” and “item 590” to “item 599”"
    assert domtree.find("var item", page) == [], "scripts are no text of the page"
    assert domtree.find("  ", page) == []


def test_a_row_is_found_again_in_another_document() -> None:
    first, second = Recording(), Recording()
    first.page(0, first.el("p", {}, "a"), first.el("form", {"id": "pay"}, first.el("button", {}, "Pay")))
    second.page(0, second.el("form", {"id": "pay"}, second.el("i"), second.el("button", {}, "Pay")), second.el("p"))
    one, other = mirror_of(first), mirror_of(second)
    way = domtree.address(named(one, "button"), one)
    assert domtree.resolve(way, other) == named(other, "button")
    assert domtree.resolve((*way, (2, "video", "", 0)), other) == 0


def test_detail_of_a_field_and_of_what_is_gone(page: Mirror) -> None:
    known = domtree.detail(named(page, "input"), page)
    assert known is not None
    assert (known.tag, known.value, known.selector.endswith('input[name="coupon"]')) == ("input", "SAVE10", True)
    assert domtree.detail(99_999, page) is None
