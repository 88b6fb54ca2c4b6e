"""Patches: whatever way an instant is reached, the page holds what a first visit to it would hold."""

from __future__ import annotations

import random

import msgspec
import pytest

from replay_viewer.recording import patch
from replay_viewer.recording.events import decode_event
from replay_viewer.recording.mirror import Mirror
from replay_viewer.services.playback import Stage
from tests.data_dir import needs_shared
from tests.recording.page import Page
from tests.stores import MemoryStore, rrweb_events

RECORDINGS = [
    "tiny_rrweb",
    "shop_redux_rrweb",
    "shop_rrweb_0_9_14",
    "shop_rrweb_1_1_3",
    "shop_idle_rrweb",
    "shop_crash_rrweb",
    "shop_touch_rrweb",
    "iframes_rrweb",
    "iframes_crossorigin_late_rrweb",
    "shoelace_shadow_rrweb",
    "torture_rrweb",
    "video_rrweb",
    "swagger_rrweb",
]


def fresh(raws: list[bytes], position: int) -> Mirror:
    mirror = Mirror()
    for raw in raws[:position]:
        mirror.apply(decode_event(raw))
    return mirror


@needs_shared
@pytest.mark.parametrize("name", RECORDINGS)
def test_random_seeks_give_the_state_of_a_first_visit(name: str) -> None:
    raws = rrweb_events(name)
    store = MemoryStore(raws, step=max(5, len(raws) // 15), per_chunk=50)
    stage, page = Stage(store, "s"), Page()
    states = stage.states(0)
    choice = random.Random(name)
    for _ in range(40):
        t = choice.uniform(states.start - 10, states.end + 10)
        made = stage.seek(0, t, page.rev)
        page.apply(patch.encode(made))
        expected = fresh(raws, states.position_at(t))
        if expected.root is not None:
            page.check(expected)


@needs_shared
@pytest.mark.parametrize("name", ["shop_redux_rrweb", "iframes_rrweb", "shoelace_shadow_rrweb", "torture_rrweb"])
def test_play_and_seeks_during_play(name: str) -> None:
    raws = rrweb_events(name)
    stage, page = Stage(MemoryStore(raws, per_chunk=64), "s"), Page()
    states = stage.states(0)
    choice = random.Random(name)
    t = states.start
    page.apply(patch.encode(stage.seek(0, t, None)))
    for _ in range(30):
        until = t + choice.uniform(10, 3000)
        batch = stage.frames(0, t, until, step=choice.choice([16, 100]))
        instants = [msgspec.json.decode(frame)["t"] for frame in batch["frames"]]
        assert instants == sorted(instants)
        for frame in batch["frames"]:
            page.apply(frame)
        t = until
        expected = fresh(raws, states.position_at(t))
        if expected.root is not None:
            page.check(expected)
        if choice.random() < 0.3 or t > states.end:
            t = choice.uniform(states.start, states.end)
            page.apply(patch.encode(stage.seek(0, t, page.rev)))


@needs_shared
def test_a_page_that_died_gets_everything_anew() -> None:
    raws = rrweb_events("shop_redux_rrweb")
    stage = Stage(MemoryStore(raws), "s")
    states = stage.states(0)
    stage.seek(0, states.end, None)
    page = Page()
    made = stage.seek(0, states.end, None)
    assert "reset" in made
    page.apply(patch.encode(made))
    page.check(fresh(raws, len(raws)))


@pytest.mark.parametrize("seed", range(200))
def test_order_needs_the_fewest_moves(seed: int) -> None:
    choice = random.Random(seed)
    values = list(range(choice.randint(0, 12)))
    choice.shuffle(values)
    found = patch._longest_increasing(values)
    assert found == sorted(found)
    # Length against the quadratic textbook form.
    best = [1] * len(values)
    for n, value in enumerate(values):
        best[n] = 1 + max((best[m] for m in range(n) if values[m] < value), default=0)
    assert len(found) == max(best, default=0)


_T0 = 1_795_200_000_000


def _rows(numbers: range) -> list[dict[str, object]]:
    return [{"type": 2, "id": n, "tagName": "p", "attributes": {}, "childNodes": []} for n in numbers]


def _recorded(t: int, numbers: range) -> bytes:
    body = {"type": 2, "id": 3, "tagName": "body", "attributes": {}, "childNodes": _rows(numbers)}
    html = {"type": 2, "id": 2, "tagName": "html", "attributes": {}, "childNodes": [body]}
    node = {"type": 0, "id": 1, "childNodes": [html]}
    return msgspec.json.encode({"type": 2, "data": {"node": node}, "timestamp": _T0 + t})


def test_a_page_recorded_anew_is_changed_not_built_again_however_much_came_and_went() -> None:
    def churn(t: int, old: range, new: range) -> bytes:
        adds = [{"parentId": 3, "nextId": None, "node": node} for node in _rows(new)]
        removes = [{"parentId": 3, "id": n} for n in old]
        data = {"source": 0, "texts": [], "attributes": [], "removes": removes, "adds": adds}
        return msgspec.json.encode({"type": 3, "data": data, "timestamp": _T0 + t})

    first, second, third = range(10, 40), range(40, 70), range(70, 100)
    events = [_recorded(1000, first), churn(2000, first, second), _recorded(3000, second), churn(4000, second, third)]
    store = MemoryStore([*events, _recorded(5000, range(200, 230))], step=1, per_chunk=50)
    stage, page = Stage(store, "s"), Page()
    # The last page is another one; the first stands by meanwhile, unless the page is a new one itself.
    for t, anew in [(1500, True), (4500, False), (1500, False), (5500, True), (2500, False), (4500, False)]:
        made = stage.seek(0, _T0 + t, page.rev)
        assert ("reset" in made) is anew, t
        page.apply(patch.encode(made))
        page.check(stage.fresh_state(0, _T0 + t))
