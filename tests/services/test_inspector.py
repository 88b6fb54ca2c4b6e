"""The inspector process over a real library: trees that follow the clock, searches, a node's life, two instants."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from replay_viewer.services.inspector import InspectorClient, Reply, TreeAnswer, TreeQuestion, end_spares
from tests.qt.player.engines import START, Recording
from tests.sessions import store_session


def shop() -> Recording:
    """A list that grows and shrinks; a second page at 5 s."""
    r = Recording()
    items = r.el("ul", {"id": "items"}, r.el("li", {"class": "a"}, "milk"), r.el("li", {"class": "b"}, "bread"))
    r.page(0, r.el("h1", {}, "Shop"), items)
    eggs = r.el("li", {"class": "c"}, "eggs")
    r.change(1_000, adds=[{"parentId": items["id"], "nextId": None, "node": eggs}])
    r.change(2_000, attributes=[{"id": eggs["id"], "attributes": {"class": "c late"}}])
    r.change(3_000, removes=[{"parentId": items["id"], "id": eggs["id"]}])
    r.page(5_000, r.el("h1", {}, "Thanks"), r.el("ul", {"id": "items"}, r.el("li", {}, "order 7")))
    return r


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InspectorClient]:
    home: Path = tmp_path_factory.mktemp("home")
    store_session(home, shop().raws)
    made = InspectorClient(home, "s1")
    made.receive()
    yield made
    made.close()
    end_spares()


def last(client: InspectorClient) -> Reply:
    while True:
        assert client.poll(20.0)
        reply = client.receive()
        if reply.kind != "progress":
            return reply


def tree(client: InspectorClient, t: float, **more: object) -> TreeAnswer:
    client.tree(TreeQuestion(tab=0, t=START + t, **more))  # type: ignore[arg-type]
    answer = last(client).tree
    assert answer is not None
    return answer


def texts(answer: TreeAnswer, key: int) -> list[str]:
    return [row.text for row in answer.below[key][0]]


def test_the_tree_follows_the_clock_and_what_was_taken_off_stays_selected(client: InspectorClient) -> None:
    found = tree(client, 1_500, find="eggs").found
    at = tree(client, 1_500, reveal=found[0])
    items = at.expanded[-1]
    assert texts(at, items) == ["milk", "bread", "eggs"]
    assert at.detail is not None
    assert at.detail.attributes == {"class": "c"}
    gone = tree(client, 4_000, expanded=at.expanded, selected=at.selected)
    assert texts(gone, items) == ["milk", "bread"]
    assert (gone.selected, gone.detail) == (at.selected, None)
    back = tree(client, 2_500, expanded=gone.expanded, selected=gone.selected)
    assert back.detail is not None
    assert back.detail.attributes == {"class": "c late"}


def test_open_rows_are_found_again_on_another_page(client: InspectorClient) -> None:
    first = tree(client, 500, reveal=tree(client, 500, find="milk").found[0])
    second = tree(client, 6_000, expanded=first.expanded, selected=first.selected)
    assert texts(second, second.expanded[-1]) == ["order 7"]
    assert second.detail is not None
    assert second.detail.text == "order 7"
    again = tree(client, 500, expanded=second.expanded, selected=second.selected)
    assert again.selected == first.selected


def test_the_life_of_a_node(client: InspectorClient) -> None:
    client.history(0, "li.c", START + 1_500)
    found = last(client).history
    assert found is not None
    assert [(entry.what, entry.t - START) for entry in found.entries] == [
        ("added", 1_000), ("attribute", 2_000), ("removed", 3_000),
    ]  # fmt: skip


def test_two_instants(client: InspectorClient) -> None:
    client.difference(0, START + 500, START + 2_500)
    found = last(client).difference
    assert found is not None
    assert [tree.node.text for tree in found.added] == ["eggs"]
    assert found.same_document


def test_a_failure_is_one_sentence(client: InspectorClient) -> None:
    client.tree(TreeQuestion(tab=7, t=START))
    reply = last(client)
    assert (reply.kind, reply.message) == ("error", "This tab has no recording.")
    client.history(0, "video", START)
    assert last(client).kind == "error"
