"""Signals of frustration of a stored session: gathers what `analysis.frustration` needs."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from replay_viewer.analysis import frustration
from replay_viewer.analysis.frustration import DEFAULTS, Facts, Pointer, Signal, Thresholds
from replay_viewer.analysis.timeline import VISIBLE
from replay_viewer.domain.rows import ErrorEvent, Interaction, Navigation
from replay_viewer.domain.session import Session
from replay_viewer.library import Library
from replay_viewer.recording.chunk import Chunk
from replay_viewer.recording.events import Incremental, Kind, Source

#: Setting of a library: thresholds that are not the usual ones.
SETTING = "frustration.thresholds"

#: More interactions than this are not looked at.
_MOST = 50_000
_MOVES = (int(Source.MOUSE_MOVE), int(Source.TOUCH_MOVE), int(Source.DRAG))
#: What the page does of itself. A scroll is the answer to a wheel, not to a click.
_ANSWERS = tuple(int(source) for source in VISIBLE)


def thresholds(library: Library) -> Thresholds:
    """The library's thresholds."""
    held: Any = library.setting(SETTING, {})
    try:
        return msgspec.convert({**msgspec.structs.asdict(DEFAULTS), **held}, Thresholds)
    except (msgspec.ValidationError, TypeError):
        return DEFAULTS


def set_thresholds(library: Library, limits: Thresholds) -> None:
    """Change them."""
    usual, now = msgspec.structs.asdict(DEFAULTS), msgspec.structs.asdict(limits)
    library.put_setting(SETTING, {name: value for name, value in now.items() if value != usual[name]} or None)


def find(library: Library, session: Session, limits: Thresholds | None = None) -> list[Signal]:
    """The signals of a session, in time order."""
    return frustration.signals(gather(library, session), limits or thresholds(library))


def gather(library: Library, session: Session) -> Facts:
    """What the signals are computed from. Of the recording only indexes and pointer events are read."""
    interactions = [
        (n, row) for n, row in library.rows(session.id, "interactions", limit=_MOST) if isinstance(row, Interaction)
    ]
    navigation = [
        (n, row) for n, row in library.rows(session.id, "navigation", limit=_MOST) if isinstance(row, Navigation)
    ]
    errors = [
        (n, row.t, row.title)
        for n, row in library.rows(session.id, "errors", limit=_MOST)
        if isinstance(row, ErrorEvent)
    ]
    changes, pointers = {}, {}
    for tab in session.tabs:
        changes[tab.index], pointers[tab.index] = _read(library, session.id, tab.index)
    return Facts(
        interactions=interactions,
        navigation=navigation,
        errors=errors,
        requests=library.columns(session.id, "network").t,
        changes=changes,
        pointers=pointers,
        end=session.end,
    )


def _read(library: Library, id: str, tab: int) -> tuple[frustration.Floats, Pointer]:
    """Instants of visible changes of a tab, and its pointer."""
    times: list[frustration.Floats] = [np.empty(0)]
    samples: list[tuple[float, float, float]] = []
    for ref in library.chunks(id, tab):
        chunk = Chunk(library.blob(ref.blob))
        shown = np.isin(chunk.sources, _ANSWERS) | (chunk.types == Kind.FULL_SNAPSHOT)
        times.append(chunk.times[shown])
        for n in np.flatnonzero(np.isin(chunk.sources, _MOVES)):
            event = chunk.event(int(n))
            if isinstance(event.data, Incremental):
                samples += [(event.timestamp + p.timeOffset, p.x, p.y) for p in event.data.positions or ()]
    samples.sort()
    columns = np.asarray(samples, np.float64).reshape(-1, 3)
    return np.sort(np.concatenate(times)), Pointer(columns[:, 0], columns[:, 1], columns[:, 2])
