"""Single steps: the instants of events that change what is seen."""

from __future__ import annotations

from replay_viewer.services.states import TabStates
from tests.qt.player.engines import START, Recording
from tests.stores import MemoryStore


def test_neighbours_are_events_that_are_seen() -> None:
    r = Recording()
    p = r.el("p", {}, "x")
    r.page(0, p)
    r.incremental(100, 1, positions=[{"x": 1, "y": 1, "id": p["id"], "timeOffset": 0}])
    r.event(200, 5, {"tag": "note", "payload": {}})
    r.change(300, attributes=[{"id": p["id"], "attributes": {"title": "t"}}])
    r.incremental(400, 3, id=1, x=0, y=5)
    r.event(500, 6, {"plugin": "rrweb/console@1", "payload": {}})
    states = TabStates(MemoryStore(r.raws), "s", 0)
    assert states.neighbour(START + 1, 1) == START + 300
    assert states.neighbour(START + 300, 1) == START + 400
    assert states.neighbour(START + 400, 1) is None
    assert states.neighbour(START + 450, -1) == START + 400
    assert states.neighbour(START + 300, -1) == START
    assert states.neighbour(START, -1) is None
    assert states.neighbour(START - 500, 1) == START
    assert states.neighbour(START - 500, -1) is None
