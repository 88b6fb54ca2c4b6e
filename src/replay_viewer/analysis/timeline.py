"""The session along its time: idle stretches and the activity histogram.

Times are epoch ms in float64 arrays, sorted ascending unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from replay_viewer.domain.rows import CustomEvent, Row
from replay_viewer.recording.events import Kind, Source

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Span = tuple[float, float]

#: Quiet stretches of this length (ms) and below are not worth remembering: no threshold is lower.
LEAST_MS = 2_000.0

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


def quiet(
    times: Floats,
    types: NDArray[np.integer],
    sources: NDArray[np.integer],
    media: Sequence[Span] = (),
    least: float = LEAST_MS,
) -> list[Span]:
    """Stretches (t0, t1) of a tab's recording, in order, of more than `least` ms without input or visible change.

    `times`, `types`, `sources`: of the tab's events, in any order. `media`: stretches in which something plays, which
    are never quiet. Before its first activity and after its last a tab is quiet too; that is not said here.
    """
    points = np.unique(times[active(types, sources)])
    found: list[Span] = []
    for index in np.flatnonzero(np.diff(points) > least):
        found += _without((float(points[index]), float(points[index + 1])), media)
    return [(low, high) for low, high in found if high - low > least]


def trail(
    times: Floats, types: NDArray[np.integer], sources: NDArray[np.integer], media: Sequence[Span] = ()
) -> tuple[Span, list[Span]]:
    """((first, last) activity, what `quiet` finds) of a tab. What plays is active; a tab that never was is (0, 0)."""
    seen = times[active(types, sources)]
    if not len(seen):
        return (0.0, 0.0), []
    last = max([float(seen.max()), *(stop for _, stop in media)])
    return (float(seen.min()), last), quiet(
        np.append(times, last), np.append(types, Kind.META), np.append(sources, -1), media
    )


def _without(span: Span, cuts: Sequence[Span]) -> list[Span]:
    """What is left of a span without `cuts` (in order of their starts; they may overlap)."""
    low, high = span
    left: list[Span] = []
    for begin, stop in cuts:
        if stop <= low or begin >= high:
            continue
        if begin > low:
            left.append((low, begin))
        low = max(low, stop)
    if high > low:
        left.append((low, high))
    return left


def inactivity(
    quiets: Sequence[tuple[Span, Sequence[Span]]],
    start: float,
    end: float,
    keep: Iterable[float] = (),
    threshold: float = 5.0,
    margin: float = 1.0,
) -> list[Span]:
    """Idle stretches (t0, t1) of a session, in order: all of its tabs quiet for more than `threshold` seconds.

    `quiets`: for each tab its (first, last) activity and what `quiet` found; outside of the first and last activity
    the tab is quiet as well. `start`, `end`: of the session. `keep`: instants that must be seen (errors, inputs the
    recording has only as rows). `margin`: seconds left before and after each of those and at both ends of a stretch,
    so that what follows is not cut into.
    """
    if end <= start:
        return []
    busy: list[Span] = [(t, t) for t in keep if start <= t <= end]
    for (first, last), spans in quiets:
        before = first
        for low, high in spans:
            busy.append((before, low))
            before = high
        busy.append((before, last))
    edge, least = margin * 1000.0, threshold * 1000.0
    found: list[Span] = []
    at = start
    for low, high in [*sorted(busy), (end, end)]:
        if min(low, end) - at > least and min(low, end) - at > 2 * edge:
            found.append((at + edge, min(low, end) - edge))
        at = max(at, high)
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


def hidden_spans(marks: Iterable[tuple[float, int, bool]], ends: dict[int, float]) -> dict[int, list[Span]]:
    """Per tab where nobody saw it, from (t, tab, left or come back) in time order.

    A tab that was left and not come back to is hidden to its end in `ends`. Tab -1 speaks of the session as a whole:
    of its only tab, or of none in particular.
    """
    alone = next(iter(ends)) if len(ends) == 1 else None
    since: dict[int, float] = {}
    found: dict[int, list[Span]] = {}
    for t, tab, left in marks:
        if tab not in ends:
            if alone is None:
                continue
            tab = alone
        if left:
            since.setdefault(tab, t)
        elif (began := since.pop(tab, None)) is not None and t > began:
            found.setdefault(tab, []).append((began, t))
    for tab, began in since.items():
        if began < ends[tab]:
            found.setdefault(tab, []).append((began, ends[tab]))
    return found


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


#: Custom events by which SDKs say that they stop and go on recording (posthog-js).
_PAUSE, _GO_ON = ("sessionIdle", "recording paused"), ("sessionNoLongerIdle", "recording resumed")


def pauses(rows: Sequence[Row], end: float) -> list[tuple[float, float]]:
    """(t0, t1) stretches in which the SDK says it had stopped recording; `end`: of the recording, epoch ms."""
    found: list[tuple[float, float]] = []
    since: float | None = None
    for row in sorted((row for row in rows if isinstance(row, CustomEvent)), key=lambda row: row.t):
        if row.name in _PAUSE and since is None:
            since = row.t
        elif row.name in _GO_ON and since is not None:
            found.append((since, row.t))
            since = None
    if since is not None and end > since:
        found.append((since, end))
    return found
