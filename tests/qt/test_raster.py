"""Pixels of lanes: exact counts at every zoom, spans, single failures that stay visible."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from replay_viewer.qt import raster
from replay_viewer.qt.raster import LaneData

_times = st.lists(st.floats(0, 1000, allow_nan=False), max_size=60).map(
    lambda values: np.sort(np.array(values, np.float64))
)


@given(_times, st.integers(1, 80))
def test_counts_are_those_of_a_histogram(t: np.ndarray, width: int) -> None:
    edges = np.linspace(0, 1001, width + 1)
    assert np.array_equal(raster.counts_in(edges, t), np.histogram(t, edges)[0])


@given(_times, st.lists(st.floats(0, 200), min_size=60, max_size=60), st.integers(1, 40))
def test_open_spans_are_those_that_touch_a_pixel(t: np.ndarray, lengths: list[float], width: int) -> None:
    end = t + np.array(lengths[: len(t)])
    edges = np.linspace(0, 1300, width + 1)
    wanted = [int(np.sum((t < right) & (end >= left))) for left, right in pairwise(edges)]
    assert raster.counts_in(edges, t, np.sort(end)).tolist() == wanted


def test_activity_is_kept_when_resampled() -> None:
    counts = np.array([4, 0, 2, 6])
    values = raster.activity_in(np.linspace(0, 400, 9), 0, 100, counts)
    assert values.sum() == 12
    assert values[:2].tolist() == [2, 2]


def test_one_failure_among_ten_thousand_is_visible() -> None:
    t = np.linspace(0, 1000, 10_000)
    severity = np.zeros(10_000, np.uint8)
    severity[5_000] = 2
    lane = LaneData.of("console", t, t, severity)
    image, histogram = raster.paint_lane(lane, np.linspace(0, 1001, 101), 12, 2, 1, 2, 3)
    assert histogram
    assert image.shape == (12, 100)
    assert np.count_nonzero(image == 3) >= 4


def test_marks_are_wide_enough_to_see_and_empty_stays_empty() -> None:
    t = np.array([500.0])
    lane = LaneData.of("errors", t, t, np.array([2], np.uint8))
    image, histogram = raster.paint_lane(lane, np.linspace(0, 1000, 101), 12, 3, 1, 2, 3)
    assert not histogram
    assert np.flatnonzero(image[0]).tolist() == [50, 51, 52]


def test_nearest_and_open_at() -> None:
    t = np.array([0.0, 100.0, 200.0])
    assert raster.nearest(t, 96, 5) == 1
    assert raster.nearest(t, 150, 5) == -1
    assert raster.nearest(np.empty(0), 1, 5) == -1
    assert raster.open_at(t, np.array([50.0, 400.0, 210.0]), 300, 1) == 1
    assert raster.open_at(t, np.array([50.0, 120.0, 210.0]), 300, 1) == -1


def test_tick_steps_are_round() -> None:
    assert raster.tick_step(100, 90) == 10_000
    assert raster.tick_step(0.001, 90) == 1
    assert raster.tick_step(1e9, 90) == 86_400_000
