"""From raw events of one tab to what the library keeps: chunks, keyframes, rows and counts.

Events arrive in batches and leave in order. Small recordings are gathered and sorted whole. Large ones stream, as
long as events that change the picture come in order; when one does not, the import starts over and sorts on disk.
"""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import IO, Protocol

import msgspec
import numpy as np

from replay_viewer.analysis.extract import Extractor
from replay_viewer.domain.rows import Row
from replay_viewer.recording import chunk, keyframe
from replay_viewer.recording.events import Event, Kind, decode_event
from replay_viewer.recording.mirror import STATEFUL_KINDS, Mirror

#: Up to this many bytes a recording is gathered and sorted in memory before anything is made of it.
GATHER = 16 << 20


class OutOfOrder(Exception):
    """A streamed event changes the picture before one that was taken already: sort everything first."""


class Writer(Protocol):
    """What is needed of the library's session writer."""

    def chunk(self, tab: int, first: int, events: int, t0: float, t1: float, data: bytes) -> None: ...
    def keyframe(self, tab: int, event: int, t: float, nodes: int, data: bytes) -> None: ...


@dataclass
class Tally:
    """What was counted while a tab was recorded."""

    broken: int = 0
    duplicates: int = 0
    unsorted: int = 0
    types: dict[int, int] = field(default_factory=dict)
    sources: dict[int, int] = field(default_factory=dict)
    before_snapshot: int = 0
    first_snapshot: float = -1.0


Timed = tuple[float, Event, bytes]


class TabRecorder:
    """Takes the batches of one tab. `rows` collects what was read until somebody takes it."""

    def __init__(self, writer: Writer, index: int, key: str, *, patient: bool) -> None:
        """`patient`: gather everything on disk and sort before the first event is taken."""
        self.index = index
        self.key = key
        self.tally = Tally()
        self.rows: list[Row] = []
        self.mirror = Mirror()
        self.count = 0
        self.bytes = 0
        self.chunks = 0
        self.keyframes = 0
        self.start = self.end = 0.0
        self.url = ""
        self.times = array("d")
        self.kinds = array("b")
        self._writer = writer
        self._patient = patient
        self._extractor = Extractor(index)
        self._placement = keyframe.Placement()
        self._gathered: list[bytes] | None = [] if not patient else None
        self._gathered_bytes = 0
        self._spool: IO[bytes] | None = None
        self._spool_ends = array("q")
        self._pending: list[tuple[Event, bytes]] = []
        self._pending_bytes = 0
        self._last = 0.0
        self._same: set[bytes] = set()
        self._last_keyframe_event = 0

    # -- in --------------------------------------------------------------------------------------------------

    def add(self, events: list[bytes]) -> None:
        """The next batch of raw events. Raises OutOfOrder while streaming."""
        size = sum(map(len, events))
        self.bytes += size
        if self._patient:
            self._spill(events)
        elif self._gathered is not None:
            self._gathered += events
            self._gathered_bytes += size
            if self._gathered_bytes > GATHER:
                gathered, self._gathered = self._gathered, None
                self._take(self._sorted(gathered))
        else:
            self._take(self._sorted(events))

    def _spill(self, events: list[bytes]) -> None:
        if self._spool is None:
            self._spool = tempfile.TemporaryFile(prefix="replay-viewer-")  # noqa: SIM115 (closed in finish)
        end = self._spool_ends[-1] if self._spool_ends else 0
        for raw in events:
            self._spool.write(raw)
            end += len(raw)
            self._spool_ends.append(end)

    def _decoded(self, events: Iterable[bytes]) -> Iterator[tuple[Event, bytes]]:
        for raw in events:
            try:
                yield decode_event(raw), raw
            except (msgspec.DecodeError, RecursionError):
                # ValidationError: the event is not what its type says. It is counted, and the rest goes on.
                self.tally.broken += 1

    def _sorted(self, events: list[bytes]) -> list[tuple[Event, bytes]]:
        """A batch decoded and in order of time (stable)."""
        decoded = list(self._decoded(events))
        inversions = sum(1 for (a, _), (b, _) in pairwise(decoded) if b.timestamp < a.timestamp)
        if inversions:
            self.tally.unsorted += inversions
            decoded.sort(key=lambda item: item[0].timestamp)
        return decoded

    # -- through ---------------------------------------------------------------------------------------------

    def _take(self, events: Iterable[tuple[Event, bytes]]) -> None:
        mirror, extractor, placement, tally = self.mirror, self._extractor, self._placement, self.tally
        types, sources = tally.types, tally.sources
        for event, raw in events:
            t = event.timestamp
            if t > self._last:
                self._same = {raw}
            elif t == self._last:
                # A page may well log the same line twice in one millisecond, but not change twice the same way.
                if raw in self._same and event.type in STATEFUL_KINDS:
                    tally.duplicates += 1
                    continue
                self._same.add(raw)
            elif event.type in STATEFUL_KINDS:
                raise OutOfOrder
            else:
                # Rows carry their own times, so a late custom event may be stored where it came.
                tally.unsorted += 1
                t = self._last
            kind, source = event.type, event.source
            types[kind] = types.get(kind, 0) + 1
            if source >= 0:
                sources[source] = sources.get(source, 0) + 1
            if kind == Kind.FULL_SNAPSHOT and tally.first_snapshot < 0:
                tally.first_snapshot = t
            elif kind == Kind.INCREMENTAL and mirror.root is None:
                tally.before_snapshot += 1
            mirror.apply(event)
            rows = extractor.read(event, self.count, mirror)
            if rows:
                self.rows += rows
            if not self.count:
                self.start = t
            event.timestamp = self._last = self.end = t
            self.count += 1
            self.times.append(t)
            self.kinds.append(source if source >= 0 else -1 - kind)
            self._pending.append((event, raw))
            self._pending_bytes += len(raw)
            placement.add(len(raw))
            if kind == Kind.META:
                self.url = mirror.url
            if kind == Kind.FULL_SNAPSHOT or placement.due(mirror):
                self._write_keyframe()
            if self._pending_bytes >= chunk.TARGET:
                self._write_chunk()

    def _write_keyframe(self) -> None:
        if self.count == self._last_keyframe_event:
            return
        self._writer.keyframe(
            self.index, self.count, self._last, len(self.mirror.nodes), keyframe.encode(self.mirror)
        )
        self._placement.placed()
        self._last_keyframe_event = self.count
        self.keyframes += 1

    def _write_chunk(self) -> None:
        if not self._pending:
            return
        events = [event for event, _ in self._pending]
        first = self.count - len(events)
        data = chunk.pack(self._pending)
        self._writer.chunk(self.index, first, len(events), events[0].timestamp, events[-1].timestamp, data)
        self.chunks += 1
        self._pending = []
        self._pending_bytes = 0

    # -- out -------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write what is pending as a chunk, so that a commit makes it readable."""
        self._write_chunk()

    def finish(self) -> None:
        """The recording is over: take what was gathered, write the rest."""
        if self._gathered is not None:
            gathered, self._gathered = self._gathered, None
            self._take(self._sorted(gathered))
        elif self._spool is not None:
            self._take(self._from_spool(self._spool))
            self._spool.close()
        self.rows += self._extractor.finish()
        self._write_chunk()

    def _from_spool(self, spool: IO[bytes]) -> Iterator[tuple[Event, bytes]]:
        """Gathered events in order of time: two reads of the disk, none of them of all at once."""
        ends = np.frombuffer(self._spool_ends, np.int64)
        starts = np.concatenate(([0], ends[:-1]))
        spool.flush()

        def read(n: int) -> bytes:
            spool.seek(int(starts[n]))
            return spool.read(int(ends[n] - starts[n]))

        times = np.full(len(ends), np.nan)
        for n in range(len(ends)):
            for event, _ in self._decoded([read(n)]):
                times[n] = event.timestamp
        sound = np.flatnonzero(~np.isnan(times))
        self.tally.unsorted += int(np.count_nonzero(np.diff(times[sound]) < 0))
        for n in sound[np.argsort(times[sound], kind="stable")]:
            raw = read(int(n))
            yield decode_event(raw), raw

    def close(self) -> None:
        """Give up: remove what lies on disk."""
        if self._spool is not None:
            self._spool.close()
