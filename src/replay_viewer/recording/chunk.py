"""Chunks: raw events of a tab in stored order, with an index that answers without decoding them.

Layout, version 1: 4 bytes `RVC1`, u32 count, then little-endian arrays — f64 time (epoch ms), u32 end of each event
in the body, u8 type, i8 source (-1: none) — then the body: the events' JSON, one after the other.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from replay_viewer.domain.errors import NewerVersion, StorageProblem
from replay_viewer.recording.events import Event, decode_event, decode_mutated

_MAGIC = b"RVC1"

#: A chunk is closed when its body has grown to this many bytes …
TARGET = 1 << 20
#: … and holds this many events, or has grown to so many bytes: a log that is resent whole with each line packs to the
#: length of its new lines, but only beside what it was before (zstd looks 2 MB back).
FEW = 16
LARGE = 6 << 20


def is_full(count: int, size: int) -> bool:
    """Whether a chunk of so many events and bytes of body is closed."""
    return size >= TARGET and (count >= FEW or size >= LARGE)


def pack(events: Sequence[tuple[Event, bytes]]) -> bytes:
    """The chunk of events and their raw JSON, not compressed."""
    return pack_columns(
        [raw for _, raw in events],
        array("d", (event.timestamp for event, _ in events)),
        array("b", (event.type for event, _ in events)),
        array("b", (event.source for event, _ in events)),
    )


def pack_columns(raws: Sequence[bytes], times: array[float], types: array[int], sources: array[int]) -> bytes:
    """The chunk of raw events, with their times (d), types (b) and sources (b) beside, not compressed."""
    ends = np.cumsum(np.fromiter(map(len, raws), np.int64, len(raws))).astype(np.uint32)
    arrays = [times.tobytes(), ends.tobytes(), types.tobytes(), sources.tobytes()]
    return b"".join([_MAGIC, len(raws).to_bytes(4, "little"), *arrays, *raws])


class Chunk:
    """A chunk read back. times: f64 epoch ms; types: u8; sources: i8; all of length `len(chunk)`."""

    def __init__(self, data: bytes) -> None:
        """Read the index of `data`. Raises NewerVersion or StorageProblem."""
        if data[:3] == _MAGIC[:3] and data[:4] > _MAGIC:
            raise NewerVersion("This session was stored by a newer Replay Viewer.", "Update Replay Viewer.")
        count = int.from_bytes(data[4:8], "little")
        body = 8 + 14 * count
        if data[:4] != _MAGIC or len(data) < body:
            raise StorageProblem("A piece of this session is damaged.", "Import the session again.")
        self._data = data
        self.times: npt.NDArray[np.float64] = np.frombuffer(data, np.float64, count, 8)
        self._ends = np.frombuffer(data, np.uint32, count, 8 + 8 * count).astype(np.int64) + body
        self.types: npt.NDArray[np.uint8] = np.frombuffer(data, np.uint8, count, 8 + 12 * count)
        self.sources: npt.NDArray[np.int8] = np.frombuffer(data, np.int8, count, 8 + 13 * count)
        self._body = body
        if count and int(self._ends[-1]) != len(data):
            raise StorageProblem("A piece of this session is damaged.", "Import the session again.")

    def __len__(self) -> int:
        return len(self.types)

    def raw(self, n: int) -> bytes:
        """The JSON of the n-th event."""
        start = int(self._ends[n - 1]) if n else self._body
        return self._data[start : int(self._ends[n])]

    def size(self, start: int, stop: int) -> int:
        """Bytes of the JSON of events `start` up to, not including, `stop`."""
        if stop <= start:
            return 0
        return int(self._ends[stop - 1]) - (int(self._ends[start - 1]) if start else self._body)

    def event(self, n: int) -> Event:
        """The n-th event, decoded; events were decoded once at import, so this does not fail on sound data.

        `timestamp` is the stored time, which differs from the JSON when the clock was put right.
        """
        event = decode_event(self.raw(n))
        event.timestamp = float(self.times[n])
        return event

    def events(self, start: int, stop: int) -> Iterator[Event]:
        """Events `start` up to, not including, `stop`."""
        return self.chosen(slice(start, stop))

    def chosen(self, which: slice | npt.NDArray[np.int64]) -> Iterator[Event]:
        """Some events, decoded one after the other: a stretch of them, or those with the numbers given."""
        data = self._data
        # Plain numbers: one look into an array costs as much as decoding a small event.
        starts = np.concatenate([[self._body], self._ends[:-1]])[which].tolist()
        ends, times, mutations = self._ends[which], self.times[which], self.sources[which] == 0
        for at, end, t, mutation in zip(starts, ends.tolist(), times.tolist(), mutations.tolist(), strict=True):
            event = decode_mutated(data[at:end]) if mutation else decode_event(data[at:end])
            event.timestamp = t
            yield event
