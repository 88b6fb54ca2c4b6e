"""Idle stretches, the histogram, pyramids."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from replay_viewer.analysis.timeline import active, histogram, inactivity, media_playing, quiet
from tests.analysis.recordings import rrweb_events
from tests.data_dir import needs_shared


def arrays(*events: tuple[float, int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    times, types, sources = zip(*events, strict=True)
    return np.array(times, float), np.array(types, np.int8), np.array(sources, np.int8)


def idle_of(*tabs: tuple[Any, ...], start: float, end: float, media: Any = (), **more: Any) -> list[Any]:
    """Inactivity of tabs given as arrays of events."""
    quiets = []
    for times, types, sources in tabs:
        seen = times[active(types, sources)]
        quiets.append(((float(seen.min()), float(seen.max())), quiet(times, types, sources, media)))
    return inactivity(quiets, start, end, **more)


def test_idle_is_no_input_and_no_change() -> None:
    events = arrays((0, 2, -1), (1000, 3, 0), (5000, 3, 7 + 9), (21_000, 3, 2), (22_000, 5, -1))
    assert quiet(*events) == [(1000, 21_000)]
    assert idle_of(events, start=0, end=22_000) == [(2000, 20_000)]
    assert idle_of(events, start=0, end=40_000) == [(2000, 20_000), (22_000, 39_000)]
    assert idle_of(events, start=0, end=22_000, threshold=30) == []


def test_idle_never_crosses_an_error_or_playing_media() -> None:
    events = arrays((0, 2, -1), (60_000, 3, 2))
    assert idle_of(events, start=0, end=60_000, keep=[30_000]) == [(1000, 29_000), (31_000, 59_000)]
    assert idle_of(events, start=0, end=60_000, media=[(20_000, 40_000)]) == [(1000, 19_000), (41_000, 59_000)]
    assert idle_of(events, start=0, end=60_000, media=[(0, 60_000)]) == []


def test_a_session_is_idle_only_when_all_of_its_tabs_are() -> None:
    one = arrays((0, 2, -1), (60_000, 3, 2))
    two = arrays((20_000, 2, -1), (25_000, 3, 2), (30_000, 3, 2))
    assert idle_of(one, two, start=0, end=60_000) == [(1000, 19_000), (31_000, 59_000)]


@given(
    st.lists(st.tuples(st.floats(0, 200_000), st.booleans()), min_size=1, max_size=40),
    st.lists(st.floats(0, 200_000), max_size=5),
    st.integers(2, 30),
)
def test_whatever_happens_nothing_that_counts_lies_in_idle_time(
    events: list[tuple[float, bool]], keep: list[float], threshold: int
) -> None:
    made = arrays(*((t, 2 if load else 3, -1 if load else 2) for t, load in events))
    found = idle_of(made, start=0.0, end=200_000.0, keep=keep, threshold=float(threshold))
    assert found == sorted(found)
    for low, high in found:
        assert low < high
        for t in [*(t for t, _ in events), *keep]:
            assert not low - 999 < t < high + 999


def test_media_stretches() -> None:
    rows = [(10.0, 1, True), (20.0, 2, True), (30.0, 1, False), (40.0, 3, False)]
    assert media_playing(rows, 100) == [(10, 30), (20, 100)]


@needs_shared
def test_the_idle_recording_is_idle_where_its_driver_slept() -> None:
    events = rrweb_events("shop_idle_rrweb")
    triples = [(e["timestamp"], e["type"], e["data"].get("source", -1) if e["type"] == 3 else -1) for e in events]
    found = arrays(*triples)
    idle = idle_of(found, start=found[0].min(), end=found[0].max())
    long = [round((end - start) / 1000) for start, end in idle if end - start > 30_000]
    assert len(long) == 2, "the driver slept 120 s and 75 s"
    assert long[0] > 110
    assert long[1] > 65


def test_the_histogram_counts_activity_only() -> None:
    events = arrays((0, 2, -1), (10, 3, 0), (20, 3, 1), (30, 5, -1), (99, 3, 5), (100, 3, 5))
    start, width, counts = histogram(*events, 0, 100, 10)
    assert (start, width) == (0, 10)
    assert counts.tolist() == [1, 1, 1, 0, 0, 0, 0, 0, 0, 2]
    assert histogram(*events, 0, 0, 10)[2].tolist() == [1], "a session of one instant"
