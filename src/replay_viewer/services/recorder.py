"""From raw events of one tab to what the library keeps: chunks, keyframes, rows and counts.

Events arrive in batches and leave in order. Small recordings are gathered and sorted whole. Large ones stream, as
long as events that change the picture come in order; when one does not, the import starts over and sorts on disk.
"""

from __future__ import annotations

import copy
import time
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import msgspec
import numpy as np

from replay_viewer.analysis import timeline
from replay_viewer.analysis.extract import Extractor
from replay_viewer.analysis.health import GAP_S, Counters, survey
from replay_viewer.domain.rows import Row
from replay_viewer.domain.time import to_ms
from replay_viewer.recording import chunk, keyframe
from replay_viewer.recording.events import Event, Kind, Mutation, Source, decode_event, decode_head
from replay_viewer.recording.mirror import STATEFUL_KINDS, Mirror
from replay_viewer.services import rewind
from replay_viewer.services.arrivals import BACK, Arrivals, doubled
from replay_viewer.services.spool import Spool

#: Up to this many bytes a recording is gathered and sorted in memory before anything is made of it.
GATHER = 16 << 20

#: So many changes that do not fit the page, once there were two, make it look like two tabs in one stream.
_ODD = 2

#: How an event mostly ends, and within how many bytes.
_TIME, _TAIL = b'"timestamp":', 32

Item = tuple[Event, bytes, int]


class OutOfOrder(Exception):
    """A streamed event changes the picture before one that was taken already: sort everything first."""


class Tangled(Exception):
    """Changes do not fit the page they should be of: two tabs may have written into one stream."""


def _stamp(raw: bytes) -> float:
    """Epoch ms of an event; what has none is broken and sorts first."""
    # Recorders write the time last, as digits up to the brace that closes the event.
    at = raw.rfind(_TIME, -_TAIL)
    if at >= 0 and (digits := raw[at + len(_TIME) : -1]).isdigit() and len(digits) < 15 and raw.endswith(b"}"):
        return to_ms(float(digits))
    try:
        return to_ms(decode_head(raw).timestamp)
    except (msgspec.DecodeError, RecursionError):
        return 0.0


def _changes(raw: bytes) -> bool:
    """Whether an event changes the page, so that it was emitted when it happened."""
    try:
        return decode_head(raw).type in STATEFUL_KINDS
    except (msgspec.DecodeError, RecursionError):
        return False


class NotGrown(Exception):
    """What came does not simply follow what was there: the recording is to be imported anew. Says why."""


@dataclass(frozen=True)
class _Kept:
    """What `finish` changes, as it was before."""

    extractor: Extractor
    tally: Counters
    pending: list[bytes]
    pending_bytes: int
    chunks: int


class Writer(Protocol):
    """What is needed of the library's session writer."""

    def chunk(self, tab: int, first: int, events: int, t0: float, t1: float, data: bytes) -> None: ...
    def keyframe(self, tab: int, event: int, t: float, nodes: int, data: bytes) -> None: ...


class Grower(Writer, Protocol):
    """What is needed of who writes what a tab brings after its end."""

    def back(self, tab: int, chunks: int, keyframes: int) -> None:
        """Of what was written only so many chunks and keyframes still hold."""


class TabRecorder:
    """Takes the batches of one tab. `rows` collects what was read until somebody takes it."""

    def __init__(self, writer: Writer, index: int, key: str, *, patient: bool, wary: bool = False) -> None:
        """`patient`: gather everything on disk and sort before the first event is taken. `wary`: raise Tangled."""
        self.index = index
        self.key = key
        self.tally = Counters(tab=index)
        self.rows: list[Row] = []
        self.mirror = Mirror()
        self.count = 0
        self.bytes = 0
        self.chunks = 0
        self.keyframes = 0
        self.start = self.end = 0.0
        self.url = ""
        self.times = array("d")
        self.types = array("b")
        self.sources = array("b")
        self._writer = writer
        self._spool = Spool(_stamp) if patient else None
        self._patient = patient
        self._wary = wary
        self._odd = 0
        self._extractor = Extractor(index)
        self._placement = keyframe.Placement()
        self._gathered: list[tuple[bytes, int]] | None = [] if not patient else None
        self._pieces = 0
        self._doubled = False
        self._gathered_bytes = 0
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._last = 0.0
        self._same: dict[bytes, int] | None = None
        self._newest: tuple[bytes, int] = (b"", 0)
        self._last_keyframe_event = 0
        self._media_plays = False
        self._media: list[tuple[float, int, bool]] = []
        #: Rows that only the end of the recording brought; taken back when it goes on.
        self.waiting: list[Row] = []
        self._kept: _Kept | None = None
        self._arrivals: Arrivals | None = None
        self._grower: Grower | None = None
        self._rewind = rewind.Rewind()

    # -- in --------------------------------------------------------------------------------------------------

    def add(self, events: list[bytes]) -> None:
        """The next batch of raw events. Raises OutOfOrder while streaming, Tangled when wary."""
        size = sum(map(len, events))
        self.bytes += size
        self._pieces += 1
        if self._spool is not None:
            self._spool.add(events, self._pieces)
        elif self._gathered is not None:
            self._gathered += [(raw, self._pieces) for raw in events]
            self._gathered_bytes += size
            if self._gathered_bytes > GATHER and not self._patient:
                gathered, self._gathered = self._gathered, None
                self.take(self._sorted(gathered))
                self._arrivals, self._rewind = None, rewind.Rewind()
        else:
            self.take(self._sorted([(raw, self._pieces) for raw in events]))

    def _decoded(self, events: Iterable[tuple[bytes, int]]) -> Iterator[Item]:
        for raw, piece in events:
            try:
                yield decode_event(raw), raw, piece
            except (msgspec.DecodeError, RecursionError):
                # ValidationError: the event is not what its type says. It is counted, and the rest goes on.
                # Mobile SDKs of PostHog's describe screens in full snapshots of their own.
                kind = "mobile" if b'"wireframes"' in raw[:4096] else "broken"
                setattr(self.tally, kind, getattr(self.tally, kind) + 1)
                self.tally.met(kind, _stamp(raw) or self._last)

    def _sorted(self, events: list[tuple[bytes, int]]) -> Iterator[Item]:
        """A batch in order of time, decoded one by one: a whole batch decoded is ten times its bytes."""
        return self._decoded(self._in_order(events))

    def _in_order(self, events: list[tuple[bytes, int]]) -> list[tuple[bytes, int]]:
        """A batch in order of time (stable); counts what was not."""
        times = [_stamp(raw) for raw, _ in events]
        if self._arrivals is not None:
            return self._follow(self._arrivals, times, events)
        inversions = sum(1 for a, b in pairwise(times) if b < a)
        if inversions:
            self.tally.reordered += inversions
            if any(b < a - BACK for a, b in pairwise(times)):
                changes = [t for t, (raw, _) in zip(times, events, strict=True) if _changes(raw)]
                for before, after in pairwise(changes):
                    if after < before - BACK:
                        self.tally.backward += 1
                        self.tally.met("backward", before)
            events = [events[n] for n in sorted(range(len(events)), key=times.__getitem__)]
        self._doubled = doubled(len({raw for raw, _ in events}), len(events))
        return events

    def _follow(
        self, arrivals: Arrivals, times: list[float], events: list[tuple[bytes, int]]
    ) -> list[tuple[bytes, int]]:
        """What is to be taken, in order, when this arrives after all that was sorted. Raises NotGrown.

        It is counted as if it had been sorted with that. What comes late takes the tab back to before it.
        """
        self.tally.reordered += arrivals.add(times, (raw for raw, _ in events), _changes)
        if arrivals.back and arrivals.backward:
            self.tally.backward = len(arrivals.backward)
            self.tally.met("backward", arrivals.backward[0])
        if not self._patient and arrivals.doubled != self._doubled:
            raise NotGrown("it begins or ceases to look like a recording written twice")
        first = min(times, default=self._last)
        before = self._back_to(first) if first < self._last else []
        self._rewind.log += events
        if before:
            events = [*before, *events]
            times = [_stamp(raw) for raw, _ in events]
        return [events[n] for n in sorted(range(len(events)), key=times.__getitem__)]

    def _take_marking(self, gathered: list[tuple[bytes, int]], ordered: list[tuple[bytes, int]]) -> None:
        """Take what was gathered, given in order of time as well, with marks before its end."""
        times = [_stamp(raw) for raw, _ in ordered]
        place = {id(one): n for n, one in enumerate(ordered)}
        taken = 0
        for cut in rewind.cuts(times):
            self.take(self._decoded(ordered[taken:cut]))
            taken = cut
            self._rewind.mark(self, [one for one in gathered if place[id(one)] >= cut])
        self.take(self._decoded(ordered[taken:]))

    def _back_to(self, t: float) -> list[tuple[bytes, int]]:
        """Go back to the last mark at which nothing after `t` was taken; what arrived and is not taken any more."""
        if self._grower is None or (rest := self._rewind.back(self, t)) is None:
            raise NotGrown(f"events came {self._last - t:,.0f} ms late")
        self._grower.back(self.index, self.chunks, self.keyframes)
        return rest

    # -- through ---------------------------------------------------------------------------------------------

    def spooled(self) -> Iterator[Item]:
        """What a patient recorder gathered, in order of time. May be read again."""
        if self._spool is not None:
            self.tally.broken = 0
            self.tally.reordered = self._spool.inversions
            yield from self._decoded(self._spool.ordered())

    def forget_spool(self) -> None:
        """What was gathered has been taken."""
        if self._spool is not None:
            self._spool.close()
            self._spool = None

    def take(self, events: Iterable[Item]) -> None:
        """Events in order of time, on their way to chunks, keyframes and rows. Raises OutOfOrder."""
        mirror, extractor, placement, tally = self.mirror, self._extractor, self._placement, self.tally
        unknown = mirror.unknown
        for event, raw, piece in events:
            t = event.timestamp
            if t > self._last:
                self._same = None
                self._newest = (raw, piece)
            elif t == self._last:
                if self._same is None:
                    self._same = dict([self._newest])
                # A page may well do the same twice in a millisecond; across pieces it is a body sent twice.
                twin = self._same.get(raw)
                if twin is not None and (twin != piece or self._doubled):
                    tally.duplicates += 1
                    tally.met("duplicates", t)
                    continue
                self._same[raw] = piece
            elif event.type in STATEFUL_KINDS:
                raise OutOfOrder
            else:
                # Rows carry their own times, so a late custom event may be stored where it came.
                tally.late += 1
                tally.met("late", t)
                t = self._last
            data = event.data
            mutated = type(data) is Mutation
            kind, source = event.type, Source.MUTATION if mutated else event.source
            mirror.apply(event)
            if mirror.unknown != unknown:
                unknown = mirror.unknown
                tally.met("unknown", t)
            if mirror.media or self._media_plays:
                self._watch_media(t)
            if not mutated and (rows := extractor.read(event, self.count, mirror)):
                self.rows += rows
            if not self.count:
                self.start = t
            self._last = self.end = t
            self.count += 1
            self.times.append(t)
            self.types.append(kind)
            self.sources.append(source)
            self._pending.append(raw)
            size = len(raw)
            self._pending_bytes += size
            heavy = placement.add(size)
            if kind == Kind.FULL_SNAPSHOT:
                self.url = mirror.url
                tally.first_snapshot = tally.first_snapshot or t
                tally.snapshots.append(t)
                tally.urls.append(mirror.url)
                if len(tally.snapshots) == 2:
                    self._odd = mirror.unknown + mirror.clashes
                survey(mirror.nodes.values(), tally, t)
                self._write_keyframe()
            elif heavy and placement.due(mirror):
                self._write_keyframe()
            elif source == Source.CANVAS_MUTATION:
                tally.canvas_recorded = True
            if chunk.is_full(len(self._pending), self._pending_bytes):
                self._write_chunk()
        if self._wary and len(tally.snapshots) > 1 and mirror.unknown + mirror.clashes - self._odd >= _ODD:
            raise Tangled

    def _watch_media(self, t: float) -> None:
        plays = any(media.playing for media in self.mirror.media.values())
        if plays != self._media_plays:
            self._media_plays = plays
            self._media.append((t, 0, plays))

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
        first = self.count - len(self._pending)
        times = self.times[first:]
        data = chunk.pack_columns(self._pending, times, self.types[first:], self.sources[first:])
        self._writer.chunk(self.index, first, len(times), times[0], times[-1], data)
        self.chunks += 1
        self._pending = []
        self._pending_bytes = 0

    def quiet(self) -> tuple[tuple[float, float], list[tuple[float, float]]]:
        """When this tab was active first and last, and where it was quiet between (epoch ms)."""
        return timeline.trail(
            np.frombuffer(self.times, np.float64),
            np.frombuffer(self.types, np.int8),
            np.frombuffer(self.sources, np.int8),
            timeline.media_playing(self._media, self.end),
        )

    # -- out -------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write what is pending as a chunk, so that a commit makes it readable."""
        self._write_chunk()

    def finish(self, *, keep: bool = False) -> None:
        """The recording is over: take what was gathered, write the rest. Raises as `add` does.

        `keep`: it may go on, see `resume`.
        """
        if self._gathered is not None:
            gathered, self._gathered = self._gathered, None
            if keep and self._arrivals is None:
                ordered = self._in_order(gathered)
                self._arrivals = Arrivals()
                self._arrivals.add([_stamp(raw) for raw, _ in gathered], (raw for raw, _ in gathered), _changes)
                self._take_marking(gathered, ordered)
            else:
                self.take(self._sorted(gathered))
        elif self._spool is not None:
            if keep:
                self._arrivals = Arrivals.after(self._spool.last)
            self.take(self.spooled())
            self.forget_spool()
        if keep:
            self._kept = _Kept(
                copy.deepcopy(self._extractor), copy.deepcopy(self.tally), list(self._pending), self._pending_bytes,
                self.chunks,
            )  # fmt: skip
            self.waiting = self._extractor.finish()
        else:
            self.rows += self._extractor.finish()
        self._write_chunk()
        tally = self.tally
        # Once more at the end: pictures and sheets that came after the snapshots count as well.
        survey(self.mirror.nodes.values(), tally, self.end)
        tally.start, tally.end, tally.events, tally.unknown = self.start, self.end, self.count, self.mirror.unknown
        tally.canvas_cut = self.mirror.canvas_cut
        tally.read_at = time.time() * 1000
        times = np.frombuffer(self.times, np.float64)
        gaps = np.flatnonzero(np.diff(times) > GAP_S * 1000)
        tally.gaps = [(float(times[n]), float(times[n + 1])) for n in gaps]

    def resume(self, grower: Grower) -> None:
        """Take back what the end added (`finish` with `keep`): more comes by `add`, then the end anew, to `grower`.

        Its last chunk is written again, with what follows. From here on `add` and `finish` may also raise NotGrown;
        then nothing can be made of this recorder any more.
        """
        assert self._kept is not None, "kept by finish"
        self._writer = self._grower = grower
        self._extractor, self.tally, self._pending = self._kept.extractor, self._kept.tally, self._kept.pending
        self._pending_bytes, self.chunks = self._kept.pending_bytes, self._kept.chunks
        self.waiting, self._kept = [], None
        if self._arrivals is not None:
            self._gathered = []
            if self._rewind.due(self._last):
                self._rewind.mark(self, [])

    def close(self) -> None:
        """Give up: remove what lies on disk."""
        self.forget_spool()
