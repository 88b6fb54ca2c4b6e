"""Raw events gathered on disk, to be read in order of time without holding them."""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Callable, Iterator, Sequence

import numpy as np


class Spool:
    """Events as they come, each with the number of the piece it came in; read back sorted by time (stable)."""

    def __init__(self, stamp: Callable[[bytes], float]) -> None:
        """`stamp`: epoch ms of a raw event."""
        self._stamp = stamp
        self._file = tempfile.TemporaryFile(prefix="replay-viewer-")  # noqa: SIM115 (closed in close)
        self._ends = array("q")
        self._pieces = array("l")
        self._times = array("d")

    def add(self, events: Sequence[bytes], piece: int) -> None:
        """The next events, of one piece of the recording."""
        end = self._ends[-1] if self._ends else 0
        for raw in events:
            self._file.write(raw)
            end += len(raw)
            self._ends.append(end)
            self._pieces.append(piece)
            self._times.append(self._stamp(raw))

    @property
    def inversions(self) -> int:
        """How often an event is earlier than the one before it."""
        return int(np.count_nonzero(np.diff(np.frombuffer(self._times, np.float64)) < 0))

    @property
    def last(self) -> float:
        """The time of the event that came last (epoch ms)."""
        return self._times[-1] if self._times else float("-inf")

    def ordered(self) -> Iterator[tuple[bytes, int]]:
        """Every event with its piece, in order of time."""
        self._file.flush()
        for n in np.argsort(np.frombuffer(self._times, np.float64), kind="stable"):
            start = self._ends[n - 1] if n else 0
            self._file.seek(start)
            yield self._file.read(self._ends[n] - start), self._pieces[n]

    def close(self) -> None:
        """Remove it from the disk."""
        self._file.close()
