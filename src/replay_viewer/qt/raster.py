"""From columns of a million instants to one strip of pixels, exactly and at a cost that does not grow with them.

A power-of-two pyramid was the plan; sorted columns make it unnecessary. The number of instants in every pixel of a
lane is the difference of one `searchsorted` over the pixel edges: O(width · log n), exact at every zoom, no memory,
no building at import. Spans (requests) work the same way with their ends sorted apart: what is open in a pixel is
what began before its right edge less what ended before its left one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Pixels = NDArray[np.uint32]

#: A lane is drawn as a histogram when its pixels hold more than this many marks on average and a fourth is in use.
_HISTOGRAM_ABOVE = 1.5


@dataclass(frozen=True)
class LaneData:
    """Sorted instants of a lane, by severity: all, those that warn, those that failed; `ends` only for spans.

    `*_ends` are the ends of the same rows sorted on their own.
    """

    kind: str
    all: Floats
    warned: Floats
    failed: Floats
    ends: Floats | None = None
    failed_ends: Floats | None = None

    @classmethod
    def of(cls, kind: str, t: Floats, end: Floats, severity: NDArray[np.uint8]) -> LaneData:
        """Lane of columns in time order; rows with a length are drawn as spans."""
        failed = severity >= 2
        spans = len(t) > 0 and bool(np.any(end > t))
        return cls(
            kind,
            t,
            t[severity == 1],
            t[failed],
            np.sort(end) if spans else None,
            np.sort(end[failed]) if spans else None,
        )


def counts_in(edges: Floats, t: Floats, ends: Floats | None = None) -> Counts:
    """How many of `t` lie in each of the pixels between `edges`; for spans, how many are open in each."""
    if ends is None:
        return np.diff(np.searchsorted(t, edges)).astype(np.int64)
    return (np.searchsorted(t, edges[1:]) - np.searchsorted(ends, edges[:-1])).astype(np.int64)


def activity_in(edges: Floats, first: float, bucket: float, counts: Counts) -> Floats:
    """A histogram resampled to the pixels between `edges`."""
    if not len(counts) or bucket <= 0:
        return np.zeros(len(edges) - 1)
    total = np.concatenate(([0.0], np.cumsum(counts, dtype=np.float64)))
    return np.diff(np.interp(edges, first + bucket * np.arange(len(total)), total))


def widen(counts: Counts, pixels: int) -> Counts:
    """Make every mark `pixels` wide, to the right."""
    result = counts.copy()
    for shift in range(1, pixels):
        np.maximum(result[shift:], counts[:-shift], out=result[shift:])
    return result


def heights(counts: NDArray[np.float64], height: int, most: float) -> NDArray[np.int64]:
    """Heights of a histogram's columns in pixels, on a logarithmic scale that keeps a single mark visible."""
    scale = np.log1p(counts) / np.log1p(max(most, 1.0))
    return np.where(counts > 0, np.maximum(np.round(scale * height), 2), 0).astype(np.int64)


def paint_lane(
    data: LaneData, edges: Floats, height: int, mark: int, base: int, warned: int, failed: int
) -> tuple[Pixels, bool]:
    """Pixels (height × width, ARGB, 0 where nothing is) of a lane, and whether it was drawn as a histogram.

    `mark`: width of a single mark in pixels; the colours are ARGB words.
    """
    total = counts_in(edges, data.all, data.ends)
    bad = counts_in(edges, data.failed, data.failed_ends)
    odd = counts_in(edges, data.warned) if data.ends is None else np.zeros_like(total)
    most = int(total.max(initial=0))
    used = int(np.count_nonzero(total))
    histogram = data.ends is None and used > len(total) / 4 and float(total.sum()) > used * _HISTOGRAM_ABOVE
    if not histogram:
        total, bad, odd = (widen(part, mark) for part in (total, bad, odd))
    rows = np.arange(height, dtype=np.int64)[:, None]
    if histogram:
        tall = heights(total.astype(np.float64), height, most)
    else:
        tall = np.where(total > 0, height, 0)
    image = np.where(rows >= height - tall[None, :], np.uint32(base), np.uint32(0))
    for part, colour in ((odd, warned), (bad, failed)):
        if not part.any():
            continue
        if histogram:
            # a failed one among ten thousand still shows: never less than a third of the lane
            share = np.maximum(np.ceil(tall * part / np.maximum(total, 1)), height // 3)
            own = np.where(part > 0, np.minimum(share, height), 0).astype(np.int64)
        else:
            own = np.where(part > 0, height, 0)
        image = np.where(rows >= height - own[None, :], np.uint32(colour), image)
    return np.ascontiguousarray(image, np.uint32), histogram


def paint_activity(values: Floats, height: int, colour: int) -> Pixels:
    """Pixels of the activity histogram."""
    tall = heights(values, height, float(values.max(initial=0.0)))
    rows = np.arange(height, dtype=np.int64)[:, None]
    return np.ascontiguousarray(np.where(rows >= height - tall[None, :], np.uint32(colour), np.uint32(0)))


_STEPS = (
    1,
    2,
    5,
    10,
    20,
    50,
    100,
    200,
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    15_000,
    30_000,
    60_000,
    120_000,
    300_000,
    600_000,
    900_000,
    1_800_000,
    3_600_000,
    7_200_000,
    21_600_000,
    86_400_000,
)


def tick_step(ms_per_pixel: float, spacing: float = 90.0) -> float:
    """The round step between ruler labels that are at least `spacing` pixels apart (ms)."""
    wanted = ms_per_pixel * spacing
    return float(next((step for step in _STEPS if step >= wanted), _STEPS[-1]))


def nearest(t: Floats, at: float, within: float) -> int:
    """Index of the instant of `t` nearest to `at`, -1 when none lies `within` ms."""
    if not len(t):
        return -1
    right = int(np.searchsorted(t, at))
    best = min((index for index in (right - 1, right) if 0 <= index < len(t)), key=lambda index: abs(t[index] - at))
    return best if abs(t[best] - at) <= within else -1


def open_at(t: Floats, end: Floats, at: float, slack: float) -> int:
    """Index of the span that is open at `at` (give or take `slack` ms), the one begun last; -1 when none."""
    right = int(np.searchsorted(t, at + slack, side="right"))
    low = max(0, right - 512)  # far enough back for any page's requests in flight
    inside = np.flatnonzero(end[low:right] >= at - slack)
    return low + int(inside[-1]) if len(inside) else -1
