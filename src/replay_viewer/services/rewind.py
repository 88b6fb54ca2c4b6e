"""Marks of a tab on its way into the library, to go back to when something of it comes late.

Kept in memory while the recording grows (services/growth.py): one for every few seconds of the last two minutes.
"""

from __future__ import annotations

import pickle
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from replay_viewer.services.recorder import TabRecorder

#: Raw event and the piece it came in.
Arrived = tuple[bytes, int]

#: What of a recorder is changed in place, and what is replaced.
_CHANGED = ("mirror", "tally", "_extractor", "_placement", "_same", "_newest")
_REPLACED = (
    *("count", "chunks", "keyframes", "start", "end", "url", "_last", "_odd"),
    *("_pending_bytes", "_last_keyframe_event", "_media_plays"),
)
#: What only grows: of these so much is kept.
_GROWING = ("rows", "_media")
_PER_EVENT = ("times", "types", "sources")
#: ms before the end of what was imported at which a tab is marked; and how often while it grows.
_BEFORE = (120_000.0, 60_000.0, 30_000.0, 15_000.0, 5_000.0)
_EVERY = 5_000.0


def cuts(times: Sequence[float]) -> Iterator[int]:
    """Before which of events at these times (epoch ms, in order) to set a mark."""
    if not times:
        return
    if times[-1] - times[0] <= _BEFORE[0]:
        yield 0  # short enough to be taken from the start again
    last = 0
    for before in _BEFORE:
        cut = bisect_left(times, times[-1] - before)
        if cut > last:
            yield cut
            last = cut


@dataclass(frozen=True)
class _Mark:
    """A tab as it was when it had taken all up to `last` (epoch ms).

    `rest`: what had arrived by then and was not taken yet, in order of arrival; what came since is in the log, from
    `at` on. `state`, `scalars`, `sizes`: what is changed in place, what is replaced, how much of what grows.
    """

    last: float
    state: bytes
    scalars: dict[str, Any]
    sizes: dict[str, int]
    pending: list[bytes]
    rest: list[Arrived]
    at: int


class Rewind:
    """The marks of one tab. `log`: what arrived since the first of them was set, in order of arrival."""

    def __init__(self) -> None:
        self.log: list[Arrived] = []
        self._marks: list[_Mark] = []
        self._first = 0  # number of the log's first entry

    def due(self, last: float) -> bool:
        """Whether a tab that has taken all up to `last` (epoch ms) is to be marked."""
        return not self._marks or last >= self._marks[-1].last + _EVERY

    def mark(self, tab: TabRecorder, rest: list[Arrived]) -> None:
        """Remember how a tab is now; `rest`: what has arrived and was not taken yet, in order of arrival."""
        last: float = tab._last
        self._marks.append(
            _Mark(
                last=last,
                state=pickle.dumps([getattr(tab, name) for name in _CHANGED], pickle.HIGHEST_PROTOCOL),
                scalars={name: getattr(tab, name) for name in _REPLACED},
                sizes={name: len(getattr(tab, name)) for name in _GROWING},
                pending=list(tab._pending),
                rest=rest,
                at=self._first + len(self.log),
            )
        )
        while len(self._marks) > 1 and self._marks[1].last <= last - _BEFORE[0]:
            del self._marks[0]
        past = self._marks[0].at - self._first
        del self.log[:past]
        self._first += past

    def back(self, tab: TabRecorder, t: float) -> list[Arrived] | None:
        """Make a tab what it was when it had taken nothing after `t` (epoch ms).

        What arrived and is not taken any more, in order of arrival; None when no mark is that old.
        """
        while self._marks and self._marks[-1].last > t:
            del self._marks[-1]
        if not self._marks:
            return None
        mark, tally = self._marks[-1], tab.tally
        # the bytes are our own, and were never anywhere but here
        for name, value in zip(_CHANGED, pickle.loads(mark.state), strict=True):  # noqa: S301
            setattr(tab, name, value)
        for name, value in mark.scalars.items():
            setattr(tab, name, value)
        # these tell of the order of arrival, which stays as it was
        tab.tally.reordered, tab.tally.backward = tally.reordered, tally.backward
        if tally.backward:
            tab.tally.met("backward", tally.firsts["backward"])
        tab._pending = list(mark.pending)
        for name, size in mark.sizes.items():
            del getattr(tab, name)[size:]
        for name in _PER_EVENT:
            per_event: array[Any] = getattr(tab, name)
            del per_event[tab.count :]
        return mark.rest + self.log[mark.at - self._first :]
