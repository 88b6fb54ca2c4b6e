"""How the events of a recording arrived: counts that go on when more of them come, as if all had come at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

#: A clock that goes back by more than this (ms) was set back; less is the order of buffers.
BACK = 1_000.0
#: With fewer different events than this share, a recording was written twice into one file.
_DOUBLED = 0.7


def doubled(different: int, events: int) -> bool:
    """Whether a recording of so many events, so many of them different, was written twice into one file."""
    return different < _DOUBLED * events


class Arrivals:
    """What was seen of the order of arrival.

    `back`: whether an event was stamped over a second before the one before it. `backward`: instants (epoch ms) of
    events that change the page after which such an event came, which counts only when `back`.
    """

    def __init__(self) -> None:
        self.back = False
        self.backward: list[float] = []
        self._last = float("-inf")
        self._last_change = float("-inf")
        self._events = 0
        self._different: set[int] | None = set()

    @classmethod
    def after(cls, last: float) -> Arrivals:
        """Of events that were sorted on disk, the last arrived stamped `last`: only their order counts."""
        made = cls()
        made._last, made._different = last, None
        return made

    @property
    def doubled(self) -> bool:
        """Whether all of it looks like a recording written twice."""
        return self._different is not None and doubled(len(self._different), self._events)

    def add(self, times: Sequence[float], events: Iterable[bytes], changes: Callable[[bytes], bool]) -> int:
        """More events with their times (epoch ms), in order of arrival; how many came before their predecessor."""
        inversions = 0
        last, last_change = self._last, self._last_change
        for t, raw in zip(times, events, strict=True):
            if t < last:
                inversions += 1
                self.back = self.back or t < last - BACK
            last = t
            if self._different is not None:
                # equal events by equal hashes: of a million, two different ones share one in 30 million recordings
                self._different.add(hash(raw))
                if changes(raw):
                    if t < last_change - BACK:
                        self.backward.append(last_change)
                    last_change = t
        self._events += len(times)
        self._last, self._last_change = last, last_change
        return inversions
