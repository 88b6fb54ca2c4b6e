"""Where a session is idle: what the importer stored of its tabs, seen with a threshold of one's own."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from replay_viewer.analysis import timeline
from replay_viewer.analysis.tabs import Turn, turn_at, turns
from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.rows import Interaction
from replay_viewer.domain.session import Session
from replay_viewer.library import Library
from replay_viewer.recording.chunk import Chunk
from replay_viewer.recording.events import Incremental, Source

Span = tuple[float, float]

#: Setting of a library: seconds without input and visible change from which on time is idle.
SETTING = "inactivity.seconds"
DEFAULT = 5.0
#: Shorter stretches are not remembered.
LEAST, MOST = timeline.LEAST_MS / 1000.0, 3600.0

#: Kinds of rows at whose instants something is to be seen, whatever the recording's events say.
_KEPT = ("errors", "interactions", "navigation")
#: Words of the rows that say that a window, tab or app was left or come back to (see analysis.extract).
_LEFT = ("window", "this tab", "the app")


@dataclass(frozen=True)
class Trails:
    """What a session did along its time. `quiets`: per tab ((first, last) activity, quiet stretches); `hidden`: per
    tab where nobody saw it; `turns`: from when on somebody was in which tab; `keep`: instants that idle time never
    covers. Epoch ms."""

    start: float
    end: float
    quiets: dict[int, tuple[Span, list[Span]]]
    keep: list[float]
    hidden: dict[int, list[Span]]
    turns: list[Turn] = field(default_factory=list)

    def tab_at(self, t: float) -> int:
        """The tab somebody was in at `t`."""
        return turn_at(self.turns, t)

    def idle(self, threshold: float) -> list[Span]:
        """Idle stretches of more than `threshold` seconds."""
        quiets = [held for held in self.quiets.values() if held[0][1] > 0]
        if not quiets:
            return []
        return timeline.inactivity(quiets, self.start, self.end, self.keep, threshold)


def read_trails(library: Library, session: Session) -> Trails:
    """The trails of a session. What an older version or a bundle did not store is worked out once and stored.

    While the session is being imported nothing is known to be quiet.
    """
    quiets = library.quiet(session.id)
    if session.state == "ready":
        for tab in session.tabs:
            if tab.index not in quiets and tab.events:
                quiets[tab.index] = _work_out(library, session.id, tab.index)
                library.put_quiet(session.id, tab.index, quiets[tab.index])
    else:
        quiets = {}
    keep = np.sort(np.concatenate([library.columns(session.id, kind).t for kind in _KEPT]))
    away = hidden(library, session)
    marks: list[Turn] = []
    if len(session.tabs) > 1:
        for kind in ("interactions", "navigation"):
            found = library.columns(session.id, kind)
            marks += zip(found.t.tolist(), found.tab.tolist(), strict=True)
    in_turn = turns(marks, {tab.index: tab.start for tab in session.tabs}, away)
    return Trails(session.start, session.end, quiets, keep.tolist(), away, in_turn)


def threshold(library: Library) -> float:
    """The library's threshold in seconds."""
    held = library.setting(SETTING, DEFAULT)
    return float(held) if isinstance(held, int | float) and LEAST <= held <= MOST else DEFAULT


def set_threshold(library: Library, seconds: float) -> None:
    """Change it. Raises BadInput."""
    library.put_setting(SETTING, checked(seconds))


def checked(seconds: float) -> float:
    """A threshold that makes sense. Raises BadInput."""
    if not LEAST <= seconds <= MOST:
        raise BadInput(f"{seconds:g} s is no threshold for idle time.", f"Give {LEAST:g} to {MOST:g} seconds.")
    return seconds


def hidden(library: Library, session: Session) -> dict[int, list[Span]]:
    """Per tab where it was not visible, as far as the SDK said so: the window left and come back to."""
    ends = {tab.index: tab.end for tab in session.tabs}
    marks: dict[tuple[float, int], bool] = {}
    for text in _LEFT:
        for _, row in library.rows(session.id, "interactions", text=text):
            if isinstance(row, Interaction) and row.node < 0 and row.action in ("blur", "focus"):
                marks[row.t, row.tab] = row.action == "blur"
    return timeline.hidden_spans([(t, tab, left) for (t, tab), left in sorted(marks.items())], ends)


def _work_out(library: Library, id: str, tab: int) -> tuple[Span, list[Span]]:
    """From the indexes of a tab's chunks; only events of media are decoded."""
    times, types, sources = [np.empty(0)], [np.empty(0, np.uint8)], [np.empty(0, np.int8)]
    media: list[tuple[float, int, bool]] = []
    for ref in library.chunks(id, tab):
        chunk = Chunk(library.blob(ref.blob))
        times.append(chunk.times)
        types.append(chunk.types)
        sources.append(chunk.sources)
        for n in np.flatnonzero(chunk.sources == Source.MEDIA_INTERACTION):
            event = chunk.event(int(n))
            if isinstance(event.data, Incremental) and event.data.type in (0, 1):
                media.append((event.timestamp, event.data.id, event.data.type == 0))
    whole = np.concatenate(times)
    playing = timeline.media_playing(media, float(whole.max(initial=0.0)))
    return timeline.trail(whole, np.concatenate(types), np.concatenate(sources), playing)
