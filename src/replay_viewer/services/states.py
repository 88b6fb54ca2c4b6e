"""States of a stored tab at any instant: nearest keyframe, then the few events after it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from typing import Protocol

import numpy as np

from replay_viewer.domain.errors import NotFound
from replay_viewer.domain.pulled import Asset
from replay_viewer.library import ChunkRef, KeyframeRef
from replay_viewer.recording import keyframe
from replay_viewer.recording.chunk import Chunk
from replay_viewer.recording.events import Event, Incremental, Kind, Source
from replay_viewer.recording.held import Pointer
from replay_viewer.recording.mirror import Mirror

#: Pointer samples are recorded up to this long before the event that carries them (rrweb flushes every 500 ms).
POINTER_LAG = 1_000.0

#: Sources of incremental events that change what is seen: all but pointer positions, custom elements' names and logs.
_SEEN_SOURCES = (
    *(Source.MUTATION, Source.MOUSE_INTERACTION, Source.SCROLL, Source.VIEWPORT_RESIZE, Source.INPUT),
    *(Source.MEDIA_INTERACTION, Source.STYLE_SHEET_RULE, Source.CANVAS_MUTATION, Source.FONT),
    *(Source.STYLE_DECLARATION, Source.SELECTION, Source.ADOPTED_STYLE_SHEET),
)

_POINTER_SOURCES = (Source.MOUSE_MOVE, Source.TOUCH_MOVE, Source.DRAG)


class Store(Protocol):
    """What is needed of a library."""

    def chunks(self, id: str, tab: int) -> list[ChunkRef]: ...
    def keyframes(self, id: str, tab: int) -> list[KeyframeRef]: ...
    def blob(self, digest: str) -> bytes: ...
    def assets(self, id: str) -> list[Asset]: ...


class TabStates:
    """States of one tab. `mirror` is the state after the first `position` stored events.

    Moving forward applies events to the same mirror; moving backward, or far, starts from a keyframe with a new one.
    """

    #: Replaying up to this many events, of so many bytes, is taken to be no dearer than loading a keyframe.
    NEAR = 200
    NEAR_BYTES = 100_000

    def __init__(self, store: Store, session: str, tab: int) -> None:
        self._store = store
        self._session = session
        self._tab = tab
        self._chunk_cache: OrderedDict[int, Chunk] = OrderedDict()
        self._blob_cache: OrderedDict[str, bytes] = OrderedDict()
        self.mirror = Mirror()
        self.position = 0
        self.reload()

    def reload(self) -> None:
        """Read the index anew: an import in progress has stored more, or a pull has replaced what was there."""
        known = getattr(self, "_chunks", [])
        self._chunks = self._store.chunks(self._session, self._tab)
        if self._chunks[: len(known)] != known:
            # the same events may lie in other chunks by now, and late ones between them
            self._chunk_cache.clear()
            self.mirror, self.position = Mirror(), 0
        if not self._chunks:
            raise NotFound("This tab has no recording.", "Choose another tab of the session.")
        self._chunk_starts = [ref.t0 for ref in self._chunks]
        self._firsts = [ref.first for ref in self._chunks]
        self._keyframes = self._store.keyframes(self._session, self._tab)
        self._pages: dict[int, int] = {}
        self._keyframe_events = [ref.event for ref in self._keyframes]
        last = self._chunks[-1]
        self.events = last.first + last.events
        self.start, self.end = self._chunks[0].t0, last.t1

    def _chunk(self, index: int) -> Chunk:
        chunk = self._chunk_cache.get(index)
        if chunk is None:
            chunk = self._chunk_cache[index] = Chunk(self._store.blob(self._chunks[index].blob))
            if len(self._chunk_cache) > 12:
                self._chunk_cache.popitem(last=False)
        else:
            self._chunk_cache.move_to_end(index)
        return chunk

    def _blob(self, digest: str) -> bytes:
        data = self._blob_cache.get(digest)
        if data is None:
            data = self._blob_cache[digest] = self._store.blob(digest)
            if len(self._blob_cache) > 12:
                self._blob_cache.popitem(last=False)
        else:
            self._blob_cache.move_to_end(digest)
        return data

    def position_at(self, t: float) -> int:
        """Number of events stored up to and including instant `t` (epoch ms)."""
        index = bisect_right(self._chunk_starts, t) - 1
        if index < 0:
            return 0
        return self._firsts[index] + int(np.searchsorted(self._chunk(index).times, t, side="right"))

    def neighbour(self, t: float, direction: int) -> float | None:
        """Instant of the next (direction > 0) or previous event that changes what is seen; None when there is none.

        `t` epoch ms; what happens at `t` itself does not count.
        """
        forward = direction > 0
        index = bisect_right(self._chunk_starts, t) - 1
        indices = range(max(0, index), len(self._chunks)) if forward else range(index, -1, -1)
        for i in indices:
            chunk = self._chunk(i)
            times = chunk.times
            seen = (chunk.types == Kind.FULL_SNAPSHOT) | np.isin(chunk.sources, _SEEN_SOURCES)
            found = np.flatnonzero(seen & (times > t if forward else times < t))
            if len(found):
                return float(times[found[0] if forward else found[-1]])
        return None

    def events_between(self, start: int, stop: int) -> Iterator[Event]:
        """Stored events number `start` up to, not including, `stop`."""
        index = bisect_right(self._firsts, start) - 1
        while start < stop and index < len(self._chunks):
            ref = self._chunks[index]
            upto = min(stop, ref.first + ref.events)
            yield from self._chunk(index).events(start - ref.first, upto - ref.first)
            start = upto
            index += 1

    def go(self, position: int) -> Mirror:
        """Bring the mirror to the state after `position` events; a step back replaces `mirror` by a new one."""
        position = max(0, min(position, self.events))
        at = bisect_right(self._keyframe_events, position) - 1
        base = self._keyframe_events[at] if at >= 0 else 0
        ahead = self.position <= position
        if not ahead or (base > self.position and self._dear(self.position, base)):
            self.mirror = keyframe.decode(self._blob(self._keyframes[at].blob)) if at >= 0 else Mirror()
            self.position = base
        mirror = self.mirror
        for event in self.events_between(self.position, position):
            mirror.apply(event)
        self.position = position
        return mirror

    # -- pages -----------------------------------------------------------------------------------------------

    def let_go(self, mirror: Mirror) -> None:
        """Somebody keeps this mirror as it is: if it is ours, the next state begins from a keyframe."""
        if self.mirror is mirror:
            self.mirror, self.position = Mirror(), 0

    def _page(self, index: int) -> int:
        """The page of a keyframe (Mirror.page)."""
        page = self._pages.get(index)
        if page is None:
            page = self._pages[index] = keyframe.page_of(self._blob(self._keyframes[index].blob))
        return page

    def pages_around(self, position: int, many: int) -> Iterator[tuple[int, KeyframeRef]]:
        """(page, a keyframe in the middle of it) of up to `many` other pages than the one after `position` events,
        the next one first, then the one before, and so on outward.

        Pages are numbered upward, so few keyframes are looked into, however many there are.
        """
        count = len(self._keyframes)
        here = bisect_right(self._keyframe_events, position) - 1
        if here < 0:
            return
        low, high = self._stretch(here)
        for n in range(many):
            if high >= count and low <= 0:
                return
            if (n % 2 == 0 or low <= 0) and high < count:
                start, high = self._stretch(high)
                stop = high
            elif low > 0:
                low, stop = self._stretch(low - 1)
                start = low
            middle = (start + stop) // 2
            if page := self._page(middle):
                yield page, self._keyframes[middle]

    def _stretch(self, index: int) -> tuple[int, int]:
        """The keyframes, from and up to, that are of the page of this one."""
        indices, page = range(len(self._keyframes)), self._page(index)
        return (
            bisect_left(indices, page, hi=index, key=self._page),
            bisect_right(indices, page, lo=index, key=self._page),
        )

    def load(self, ref: KeyframeRef) -> Mirror:
        """The state of a keyframe, apart from `mirror`."""
        return keyframe.decode(self._blob(ref.blob))

    def _dear(self, start: int, stop: int) -> bool:
        """Whether replaying the events from `start` to `stop` costs more than loading a keyframe."""
        if stop - start > self.NEAR:
            return True
        index = bisect_right(self._firsts, start) - 1
        ref = self._chunks[index]
        if stop > ref.first + ref.events:
            # Across chunks: each holds about a megabyte.
            return True
        return self._chunk(index).size(start - ref.first, stop - ref.first) > self.NEAR_BYTES

    def seek(self, t: float) -> Mirror:
        """The state at instant `t`, the pointer where it was at `t` although its sample was stored later."""
        mirror = self.go(self.position_at(t))
        for sample_time, pointer in self.pointer_samples(t - POINTER_LAG, t):
            if sample_time <= t:
                mirror.pointer = pointer
        return mirror

    def pointer_samples(self, start: float, end: float) -> list[tuple[float, Pointer]]:
        """(instant, pointer) of the samples taken after `start`, up to `end`, in order of time."""
        samples: list[tuple[float, Pointer]] = []
        position, stop = self.position_at(start), self.position_at(end + POINTER_LAG)
        index = max(0, bisect_right(self._firsts, position) - 1)
        while position < stop and index < len(self._chunks):
            ref = self._chunks[index]
            chunk = self._chunk(index)
            low, high = position - ref.first, min(stop, ref.first + ref.events) - ref.first
            wanted = np.flatnonzero(np.isin(chunk.sources[low:high], _POINTER_SOURCES)) + low
            for n in wanted:
                event = chunk.event(int(n))
                if not isinstance(event.data, Incremental):
                    continue
                kind = int(event.data.source == Source.TOUCH_MOVE and self.mirror.down)
                for p in event.data.positions or ():
                    moment = event.timestamp + min(0.0, p.timeOffset)
                    if start < moment <= end:
                        samples.append((moment, Pointer(p.x, p.y, kind, p.id)))
            position = ref.first + high
            index += 1
        samples.sort(key=lambda sample: sample[0])
        return samples
