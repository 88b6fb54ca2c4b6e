"""The session along its time: idle stretches, the activity histogram, and pyramids that paint a million marks.

Times are epoch ms in float64 arrays, sorted ascending unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from replay_viewer.recording.events import Kind, Source

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Incremental sources by which something visible changes.
VISIBLE = (
    Source.MUTATION, Source.STYLE_SHEET_RULE, Source.STYLE_DECLARATION, Source.CANVAS_MUTATION, Source.FONT,
    Source.ADOPTED_STYLE_SHEET, Source.VIEWPORT_RESIZE, Source.SCROLL,
)  # fmt: skip
#: Incremental sources by which the person acts.
INPUTS = (
    Source.MOUSE_MOVE, Source.MOUSE_INTERACTION, Source.INPUT, Source.TOUCH_MOVE, Source.DRAG, Source.SELECTION,
    Source.SCROLL, Source.VIEWPORT_RESIZE, Source.MEDIA_INTERACTION,
)  # fmt: skip

_ACTIVE = np.zeros(64, dtype=bool)
_ACTIVE[[int(source) for source in {*VISIBLE, *INPUTS}]] = True


def active(types: NDArray[np.integer], sources: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Which events count as activity: page loads and snapshots, and incremental events of the sources above."""
    known = (sources >= 0) & (sources < len(_ACTIVE))
    incremental = (types == Kind.INCREMENTAL) & known
    result: NDArray[np.bool_] = incremental & _ACTIVE[np.where(known, sources, 0)]
    result |= (types == Kind.FULL_SNAPSHOT) | (types == Kind.META)
    return result


def inactivity(
    times: Floats,
    types: NDArray[np.integer],
    sources: NDArray[np.integer],
    media: Sequence[tuple[float, float]] = (),
    errors: Iterable[float] = (),
    threshold: float = 5.0,
    margin: float = 1.0,
    start: float | None = None,
    end: float | None = None,
) -> list[tuple[float, float]]:
    """Idle stretches (t0, t1), in order: no input and no visible change for more than `threshold` seconds.

    `times`, `types`, `sources`: of all events of the session (tabs may be mixed; order does not matter). `media`:
    stretches in which something plays. `errors`: instants that must be seen. `margin`: seconds left before and after
    each of those and at both ends of a stretch, so that what follows is not cut into. `start`, `end`: of the session;
    idle time after the last activity counts up to `end`.
    """
    marks = [times[active(types, sources)], np.asarray(list(errors), dtype=np.float64)]
    bounds = [value for value in (start, end) if value is not None]
    if not bounds and len(times):
        bounds = [float(times.min()), float(times.max())]
    marks.append(np.asarray(bounds, dtype=np.float64))
    points = np.unique(np.concatenate(marks))
    if start is not None:
        points = points[points >= start]
    if end is not None:
        points = points[points <= end]
    gaps = np.flatnonzero(np.diff(points) > threshold * 1000.0)
    edge = margin * 1000.0
    found: list[tuple[float, float]] = []
    playing = sorted(media)
    for index in gaps:
        low, high = float(points[index]) + edge, float(points[index + 1]) - edge
        for begin, stop in playing:
            if stop <= low or begin >= high:
                continue
            if begin - low > threshold * 1000.0:
                found.append((low, begin))
            low = max(low, stop)
        if high - low > max(0.0, threshold * 1000.0 - 2 * edge):
            found.append((low, high))
    return found


def media_playing(rows: Iterable[tuple[float, int, bool]], end: float) -> list[tuple[float, float]]:
    """Stretches in which media play, from (t, node id, playing) in time order; what still plays does so to `end`."""
    since: dict[int, float] = {}
    found: list[tuple[float, float]] = []
    for t, node, playing in rows:
        if playing:
            since.setdefault(node, t)
        elif (began := since.pop(node, None)) is not None:
            found.append((began, t))
    found += [(began, end) for began in since.values() if began < end]
    return sorted(found)


def histogram(
    times: Floats,
    types: NDArray[np.integer],
    sources: NDArray[np.integer],
    start: float,
    end: float,
    buckets: int = 1000,
) -> tuple[float, float, Ints]:
    """The activity histogram (start, bucket width in ms, counts) of changes and inputs from `start` to `end`."""
    bucket = max(1.0, (end - start) / max(1, buckets))
    count = max(1, int(np.ceil((end - start) / bucket)))
    chosen = times[active(types, sources)]
    chosen = chosen[(chosen >= start) & (chosen <= end)]
    places = np.minimum(((chosen - start) / bucket).astype(np.int64), count - 1)
    return start, bucket, np.bincount(places, minlength=count).astype(np.int64)


class Level(msgspec.Struct, frozen=True):
    """One level of a pyramid: `width` ms per bucket, number of marks and highest severity of each bucket."""

    width: float
    counts: NDArray[np.int32]
    severity: NDArray[np.int8]


class Bars(msgspec.Struct, frozen=True):
    """What a lane paints: per column left edge and width (epoch ms), number of marks, highest severity."""

    t: Floats
    width: Floats
    counts: Ints
    severity: NDArray[np.int8]


class Pyramid:
    """Marks of a lane, summed in levels of doubling width, so that any zoom paints at most some thousand bars.

    A mark with an end counts in every bucket it touches on coarse levels, up to a bound: long requests must not
    vanish between their ends when zoomed in, nor cost a million additions.
    """

    def __init__(
        self, t: Floats, end: Floats | None = None, severity: NDArray[np.integer] | None = None, finest: int = 1 << 20
    ) -> None:
        """`t` sorted ascending; `end`, `severity` aligned with it. `finest`: most buckets of the finest level."""
        self.t = t
        self.end = t if end is None else np.maximum(end, t)
        self.severity = np.zeros(len(t), np.int8) if severity is None else severity.astype(np.int8)
        # Highest end so far: where to start looking for marks that reach into a window.
        self._reach = np.maximum.accumulate(self.end) if len(t) else self.end
        self.levels: list[Level] = []
        if len(t):
            self.start = float(t[0])
            self._build(max(1.0, float(self.end.max()) - self.start), finest)
        else:
            self.start = 0.0

    def _build(self, span: float, finest: int) -> None:
        size = 1 << max(4, min(finest, 2 * len(self.t)).bit_length() - 1)
        width = span / size * (1 + 1e-9)
        first = ((self.t - self.start) / width).astype(np.int64)
        counts = np.bincount(first, minlength=size).astype(np.int32)
        severity = np.zeros(size, np.int8)
        for level in range(1, int(self.severity.max()) + 1):
            severity[first[self.severity >= level]] = level
        last = np.minimum(((self.end - self.start) / width).astype(np.int64), size - 1)
        long = np.flatnonzero(last > first)
        if len(long):
            # Difference array: marks begin to count after their first bucket and stop after their last.
            steps = np.zeros(size + 1, np.int64)
            np.add.at(steps, first[long] + 1, 1)
            np.add.at(steps, last[long] + 1, -1)
            counts += np.cumsum(steps)[:size].astype(np.int32)
            for level in range(1, int(self.severity.max()) + 1):
                steps[:] = 0
                bad = long[self.severity[long] >= level]
                np.add.at(steps, first[bad] + 1, 1)
                np.add.at(steps, last[bad] + 1, -1)
                severity[np.cumsum(steps)[:size] > 0] = level
        self.levels.append(Level(width, counts, severity))
        while len(counts) > 16:
            counts = np.maximum(counts[0::2], 0) + counts[1::2]
            severity = np.maximum(severity[0::2], severity[1::2])
            width *= 2
            self.levels.append(Level(width, counts, severity))

    def bars(self, t0: float, t1: float, columns: int) -> Bars:
        """What to paint between t0 and t1 in about `columns` columns: single marks when few enough, else buckets."""
        if not len(self.t) or t1 <= t0:
            return _EMPTY
        low, high = self.visible(t0, t1)
        if high - low <= 2 * columns:
            chosen = slice(low, high)
            keep = self.end[chosen] >= t0
            t = self.t[chosen][keep]
            return Bars(t, self.end[chosen][keep] - t, np.ones(len(t), np.int64), self.severity[chosen][keep])
        wanted = (t1 - t0) / max(1, columns)
        level = next((level for level in reversed(self.levels) if level.width <= wanted), self.levels[0])
        first = max(0, int((t0 - self.start) / level.width))
        last = min(len(level.counts), int((t1 - self.start) / level.width) + 1)
        places = np.flatnonzero(level.counts[first:last]) + first
        return Bars(
            np.asarray(self.start + places * level.width, np.float64), np.full(len(places), level.width),
            level.counts[places].astype(np.int64), level.severity[places],
        )  # fmt: skip

    def visible(self, t0: float, t1: float) -> tuple[int, int]:
        """First and last + 1 place of the marks that may touch t0 … t1 (a superset when some are long)."""
        return int(np.searchsorted(self._reach, t0, "left")), int(np.searchsorted(self.t, t1, "right"))

    def nearest(self, t: float, within: float) -> int:
        """Place of the mark nearest to `t` (one that spans it counts as there) within `within` ms, -1 for none."""
        low, high = self.visible(t - within, t + within)
        if low >= high:
            return -1
        distance = np.maximum(np.maximum(self.t[low:high] - t, t - self.end[low:high]), 0.0)
        # Of marks that span the instant the one that starts last is on top.
        best = int(np.flatnonzero(distance == distance.min())[-1])
        return low + best if distance[best] <= within else -1


_EMPTY = Bars(
    np.zeros(0, np.float64), np.zeros(0, np.float64), np.zeros(0, np.int64), np.zeros(0, np.int8)
)  # fmt: skip
