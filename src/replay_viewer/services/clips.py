"""What a clip needs of a session: its stretch, when its picture changes, where somebody clicked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.session import Session
from replay_viewer.library import Library
from replay_viewer.recording.events import Incremental, Source
from replay_viewer.services.states import Store, TabStates
from replay_viewer.services.stills import Redact, StillEngine

BEFORE_MS = 8_000.0  #: A clip nobody gave a range for begins this long before the first error
AFTER_MS = 2_000.0  #: and ends this long after it.
RING_MS = 600.0  #: How long a click stays drawn.

_CLICKS = (2, 4)  # Click, DblClick
_TOUCH = 7  # TouchStart


def stretch(
    library: Library, session: Session, start: float | None, end: float | None, tab: int | None
) -> tuple[int, float, float]:
    """(tab, start, end) of a clip, epoch ms: what was asked for, inside the tab, else around the first error.

    Without an error it is the last ten seconds of the first tab. Raises BadInput when nothing was recorded then.
    """
    found = library.rows(session.id, "errors", limit=1)
    if start is None and end is None:
        moment = found[0][1].t if found else session.end
        start, end = moment - BEFORE_MS, moment + AFTER_MS
    if tab is None:
        tab = max(0, found[0][1].tab) if found else 0
    shown = next((one for one in session.tabs if one.index == tab), None)
    if shown is None or not shown.events:
        raise BadInput(f"Tab {tab} of this session has no recording.", "Choose another tab.")
    low = shown.start if start is None else max(shown.start, start)
    high = session.end if end is None else min(session.end, end)
    if high <= low:
        raise BadInput("Nothing was recorded in this range.", "Choose a range inside the session.")
    return tab, low, high


class Changes:
    """Says whether a tab's picture at an instant is the one of the instant before; pointer and rings count."""

    def __init__(self, store: Store, session: str, tab: int) -> None:
        self._states = TabStates(store, session, tab)
        self._before: float | None = None

    def since_last(self, t: float) -> bool:
        """Whether anything changed since the instant of the last call (epoch ms, rising). True at first."""
        before, self._before = self._before, t
        if before is None:
            return True
        if self._states.position_at(t) != self._states.position_at(before - RING_MS):
            return True
        return bool(self._states.pointer_samples(before, t))


def rings(states: TabStates, t: float) -> list[tuple[float, float, int, float]]:
    """(x, y, id of what was hit, age from 0 to 1) of the clicks and touches of the last 0.6 s before `t`."""
    found = []
    for event in states.events_between(states.position_at(t - RING_MS), states.position_at(t)):
        data = event.data
        if not isinstance(data, Incremental) or data.source != Source.MOUSE_INTERACTION:
            continue
        if data.type in (*_CLICKS, _TOUCH) and data.x is not None and data.y is not None:
            found.append((data.x, data.y, data.id, min(1.0, max(0.0, (t - event.timestamp) / RING_MS))))
    return found


class ClipEngine(StillEngine):
    """Stills that show the clicks just made, each at its age."""

    def __init__(self, store: Store, session: str, redact: Redact | None = None) -> None:
        super().__init__(store, session, redact)
        # Read apart: the states that make patches must not move between two of them.
        self._read: Callable[[int], TabStates] = lambda tab: TabStates(store, session, tab)
        self._readers: dict[int, TabStates] = {}

    def _reader(self, tab: int) -> TabStates:
        if tab not in self._readers:
            self._readers[tab] = self._read(tab)
        return self._readers[tab]

    def picture(self, tab: int, t: float, base: int | None) -> dict[str, Any]:
        """The patch to `t`, with `rings`."""
        made = super().picture(tab, t, base)
        made["rings"] = rings(self._reader(tab), t)
        return made

    def url(self, tab: int, t: float) -> str:
        """The page's address at `t`, as recorded."""
        return self._reader(tab).seek(t).url

    def viewport(self, tab: int, t: float) -> tuple[int, int]:
        """Width and height of the page at `t`."""
        width, height = self._reader(tab).seek(t).viewport
        return round(width), round(height)
