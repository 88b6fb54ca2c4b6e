"""Two pages in one stream: real recordings laid over one another come apart again; one tab is never two."""

from __future__ import annotations

import copy
from collections import Counter
from functools import cache

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from replay_viewer import formats
from replay_viewer.formats.base import Batch
from replay_viewer.recording.events import Event, Mutation, decode_event
from replay_viewer.recording.mirror import Mirror
from replay_viewer.recording.untangle import Untangled, untangle
from tests.data_dir import SHARED, needs_shared, session_dir
from tests.recording.test_mirror import mutation, raw, snapshot, text

_NAMES = sorted(p.name for p in (SHARED / "sessions").iterdir()) if SHARED else []
#: Recordings of other applications that go on changing: what stands still cannot be told from what was left, and
#: of several loads nothing says in which tab they were.
_KINDS = [
    "canvas_rrweb_fps", "dash_sentry", "iframes_rrweb",
    "shoelace_shadow_rrweb", "shop_rrweb_2_1_1_packed", "streamlit_posthog", "video_rrweb",
]  # fmt: skip


@cache
def events(name: str) -> tuple[Event, ...]:
    """The events of a recording with one tab, in order of time."""
    raws = [
        one for piece in formats.read_paths([session_dir(name)]) if isinstance(piece, Batch) for one in piece.events
    ]
    return tuple(sorted((decode_event(one) for one in raws), key=lambda event: event.timestamp))


def overlaid(first: str, second: str, share: float) -> tuple[list[Event], list[int]]:
    """Two recordings in one stream, the second begun after a share of the first; and which event is whose."""
    a, b = events(first), events(second)
    shift = a[0].timestamp - b[0].timestamp + share * (a[-1].timestamp - a[0].timestamp)
    late = []
    for event in b:
        moved = copy.copy(event)
        moved.timestamp += shift
        late.append(moved)
    both = sorted([(one, 0) for one in a] + [(one, 1) for one in late], key=lambda pair: pair[0].timestamp)
    return [event for event, _ in both], [whose for _, whose in both]


def tree(stream: list[Event]) -> dict[int, tuple[int, str]]:
    mirror = Mirror()
    for event in stream:
        mirror.apply(event)
    return {id: (node.parent, node.name) for id, node in mirror.nodes.items()}


def parts(stream: list[Event], found: Untangled) -> list[list[Event]]:
    tabs: list[list[Event]] = [[] for _ in range(found.count)]
    for event, tab in zip(stream, found.tabs, strict=True):
        tabs[tab].append(event)
    return tabs


@needs_shared
@pytest.mark.parametrize(
    "name", [n for n in _NAMES if not n.startswith(("ticker_huge", "ticker_large", "jupyterlab", "two_tabs"))]
)
def test_one_tab_stays_one_whatever_it_loads(name: str) -> None:
    assert untangle(events(name)).count == 1


@needs_shared
@settings(
    max_examples=12, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
@given(st.sampled_from(_KINDS), st.sampled_from(_KINDS), st.floats(0.15, 0.5))
def test_any_two_recordings_come_apart_again(first: str, second: str, share: float) -> None:
    if first == second:
        return
    stream, whose = overlaid(first, second, share)
    found = untangle(stream)
    assert found.count == 2
    tabs = parts(stream, found)
    assert tree(tabs[0]) == tree(list(events(first)))
    assert tree(tabs[1]) == tree(list(events(second)))
    lost = sum(tab != own for tab, own in zip(found.tabs, whose, strict=True))
    assert lost <= found.unsure + 0.02 * len(stream), "what may be wrong is counted"
    moved = Counter(
        tab == own
        for event, tab, own in zip(stream, found.tabs, whose, strict=True)
        if isinstance(event.data, Mutation)
    )
    assert moved[False] <= 0.1 * moved.total(), "attributes that both pages' nodes could have"


@needs_shared
def test_two_windows_with_ids_left_out() -> None:
    assert untangle(events("two_tabs_posthog")).count == 2


def at(made: bytes, ms: float) -> Event:
    event = decode_event(made)
    event.timestamp += ms
    return event


def test_the_same_page_in_two_tabs_is_told_by_the_numbers_of_new_nodes() -> None:
    page = [raw(4, {"href": "https://shop.test/", "width": 800, "height": 600}), snapshot(text(10, "0"))]
    stream = [at(one, 0) for one in page] + [at(one, 1000) for one in page]
    whose = [0, 0, 1, 1]
    for n in range(3):
        for tab in (0, 1):
            # Both tabs number their new nodes alike: 11, 12, 13 …
            stream.append(
                at(
                    mutation(adds=[{"parentId": 4, "nextId": None, "node": text_node(11 + n)}]),
                    3000 + n * 900 + tab * 400,
                )
            )
            whose.append(tab)
    found = untangle(stream)
    assert found.count == 2
    for tab in parts(stream, found):
        assert {11, 12, 13} <= tree(tab).keys()


def test_checkouts_and_reloads_are_one_tab() -> None:
    stream = []
    for load in range(4):
        start = load * 10_000
        stream += [at(raw(4, {"href": "https://shop.test/", "width": 8, "height": 6}), start)]
        stream += [at(snapshot(text(10, "0")), start)]
        stream += [at(mutation(texts=[{"id": 10, "value": str(n)}]), start + 100 * n) for n in range(1, 30)]
        # A change to what went with the page before it: one stray event is no second tab.
        stream += [at(mutation(removes=[{"id": 99, "parentId": 98}]), start + 5000)]
    assert untangle(stream).count == 1


def text_node(id: int) -> dict[str, object]:
    return {"type": 3, "id": id, "textContent": f"n{id}"}
