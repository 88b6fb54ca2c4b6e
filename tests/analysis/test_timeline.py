"""Idle stretches, the histogram, pyramids."""

from __future__ import annotations

import numpy as np

from replay_viewer.analysis.timeline import histogram, inactivity, media_playing
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
