"""Idle stretches, the histogram, pyramids."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_viewer.analysis.timeline import Pyramid, histogram, inactivity, media_playing
from tests.analysis.recordings import rrweb_events
from tests.data_dir import needs_shared


def arrays(*events: tuple[float, int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    times, types, sources = zip(*events, strict=True)
    return np.array(times, float), np.array(types, np.int8), np.array(sources, np.int8)


def test_idle_is_no_input_and_no_change() -> None:
    events = arrays((0, 2, -1), (1000, 3, 0), (5000, 3, 7 + 9), (21_000, 3, 2), (22_000, 5, -1))
    assert inactivity(*events) == [(2000, 20_000)]
    assert inactivity(*events, start=0, end=40_000) == [(2000, 20_000), (22_000, 39_000)]
    assert inactivity(*events, threshold=30) == []


def test_idle_never_crosses_an_error_or_playing_media() -> None:
    events = arrays((0, 2, -1), (60_000, 3, 2))
    assert inactivity(*events, errors=[30_000]) == [(1000, 29_000), (31_000, 59_000)]
    assert inactivity(*events, media=[(20_000, 40_000)]) == [(1000, 20_000), (40_000, 59_000)]
    assert inactivity(*events, media=[(0, 60_000)]) == []


def test_media_stretches() -> None:
    rows = [(10.0, 1, True), (20.0, 2, True), (30.0, 1, False), (40.0, 3, False)]
    assert media_playing(rows, 100) == [(10, 30), (20, 100)]


@needs_shared
def test_the_idle_recording_is_idle_where_its_driver_slept() -> None:
    events = rrweb_events("shop_idle_rrweb")
    triples = [(e["timestamp"], e["type"], e["data"].get("source", -1) if e["type"] == 3 else -1) for e in events]
    idle = inactivity(*arrays(*triples))
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


def test_a_pyramid_of_nothing() -> None:
    pyramid = Pyramid(np.zeros(0))
    assert len(pyramid.bars(0, 100, 10).t) == 0
    assert pyramid.nearest(0, 10) == -1


@given(
    st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e5), st.integers(0, 2)), min_size=1, max_size=60),
    st.floats(0, 9e5),
    st.floats(1, 1e6),
    st.integers(1, 20),
)
def test_every_mark_in_sight_is_painted(
    marks: list[tuple[float, float, int]], t0: float, span: float, columns: int
) -> None:
    marks.sort()
    t = np.array([mark[0] for mark in marks])
    end = t + np.array([mark[1] for mark in marks])
    severity = np.array([mark[2] for mark in marks], np.int8)
    pyramid = Pyramid(t, end, severity)
    bars = pyramid.bars(t0, t0 + span, columns)
    for left, right, grade in zip(t, end, severity, strict=True):
        if right < t0 or left > t0 + span:
            continue
        low, high = max(left, t0), min(right, t0 + span)
        touching = (bars.t <= high + 1e-6) & (bars.t + bars.width >= low - 1e-6)
        assert touching.any()
        assert bars.severity[touching].max() >= grade
    first, last = pyramid.visible(t0, t0 + span)
    inside = (end >= t0) & (t <= t0 + span)
    assert all(first <= place < last for place in np.flatnonzero(inside))


def test_counts_add_up_at_every_level() -> None:
    rng = np.random.default_rng(1)
    t = np.sort(rng.uniform(0, 1e6, 10_000))
    pyramid = Pyramid(t)
    assert all(level.counts.sum() == 10_000 for level in pyramid.levels)


def test_nearest() -> None:
    pyramid = Pyramid(np.array([0.0, 100, 200]), np.array([150.0, 100, 200]))
    assert pyramid.nearest(101, 5) == 0, "spans it, while the other is 1 ms away"
    assert pyramid.nearest(198, 5) == 2
    assert pyramid.nearest(170, 5) == -1


@pytest.mark.parametrize("zoom", [1.0, 0.1, 0.001])
def test_a_million_marks_paint_quickly(zoom: float) -> None:
    rng = np.random.default_rng(1)
    t = np.sort(rng.uniform(0, 3.6e6, 1_000_000))
    pyramid = Pyramid(t, t + rng.exponential(50, 1_000_000), rng.integers(0, 3, 1_000_000))
    spent = []
    for step in range(50):
        t0 = (3.6e6 * (1 - zoom)) * step / 50
        began = time.perf_counter()
        bars = pyramid.bars(t0, t0 + 3.6e6 * zoom, 2000)
        spent.append(time.perf_counter() - began)
        assert 0 < len(bars.t) <= 8000
    assert float(np.median(spent)) < 0.016
