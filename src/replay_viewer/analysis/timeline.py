"""The session along its time: idle stretches and the activity histogram.

Times are epoch ms in float64 arrays, sorted ascending unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
