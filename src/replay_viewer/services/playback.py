"""What a page is sent: one patch for a seek, a batch of them for the next stretch of play."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from replay_viewer.recording import patch
from replay_viewer.recording.events import Event, Incremental, Source
from replay_viewer.recording.mirror import Mirror
from replay_viewer.services.shelf import Shelf
from replay_viewer.services.states import Store, TabStates

_CLICKS = (2, 4)  # Click, DblClick


def _written(made: dict[str, Any]) -> msgspec.Raw:
    """A frame as bytes, before the next one changes the nodes it speaks of."""
    return msgspec.Raw(patch.encode(made))


#: Pictures that stand by on a page besides the one shown, and nodes they have in all: a person who looks for
#: something goes back and forth between few documents. 60,000 nodes laid out take about 100 MB of the page.
KEEP = 8
KEEP_NODES = 60_000


class _Kept(NamedTuple):
    """A picture that stands by on the page."""

    tab: int
    shown: patch.Shown

    @property
    def nodes(self) -> int:
        return len(self.shown.mirror.nodes)


class Stage:
    """Follows what one page shows, and turns instants into patches on top of it.

    `rev` is the revision of the last patch made. A page says which revision it has; when that is not the last one
    (a new page, a page that died), it gets a patch that begins with `reset`. Documents that were shown stand by on
    the page, so that going back to one costs what has changed in it and not the whole of it.
    """

    def __init__(self, store: Store, session: str) -> None:
        self._store = store
        self._session = session
        self.shelf = Shelf(store, session)
        self._tabs: dict[int, TabStates] = {}
        self._shown: patch.Shown | None = None
        self._tab = -1
        #: Number of the picture shown, and of the last one begun.
        self._picture = self._pictures = 0
        self._kept: dict[int, _Kept] = {}
        self._anew = True
        self.rev = 0

    def states(self, tab: int) -> TabStates:
        """The states of a tab."""
        if tab not in self._tabs:
            self._tabs[tab] = TabStates(self._store, self._session, tab)
        return self._tabs[tab]

    def reload(self) -> bool:
        """An import in progress has stored more, or a capture files of the page; whether the latter."""
        looks = self.shelf.reload()
        if looks:
            # what stands on the page was painted without them
            self._anew = True
        for states in self._tabs.values():
            states.reload()
        return looks

    def seek(self, tab: int, t: float, base: int | None) -> dict[str, Any]:
        """The patch to the state of `tab` at `t` (epoch ms) for a page at revision `base` (None: a blank page)."""
        mirror = self.states(tab).seek(t)
        made = self._make(mirror, tab, base)
        made["t"] = t
        return made

    def fresh_state(self, tab: int, t: float) -> Mirror:
        """The state at `t` for reading, apart from what the page is shown."""
        return TabStates(self._store, self._session, tab).seek(t)

    def _make(self, mirror: Mirror, tab: int, base: int | None) -> dict[str, Any]:
        anew = self._anew or base is None or base > self.rev
        if anew:
            self._anew = False
            self._shown = None
            self._kept.clear()
        dropped: list[int] = []
        if self._shown is None or tab != self._tab or not patch.continues(self._shown, mirror):
            dropped = self._turn(mirror, tab)
        made = patch.diff(self._shown, mirror)
        if "reset" in made:
            self._pictures += 1
            self._picture = self._pictures
        if mirror.root is not None:
            made["picture"] = self._picture
        if dropped:
            made["dropped"] = dropped
        made["base"] = None if anew else self.rev
        if anew and (table := self.shelf.table()):
            made["assets"] = table
            if sprites := self.shelf.sprites():
                made["sprites"] = sprites
        self.rev += 1
        made["rev"] = self.rev
        self._shown = patch.Shown(mirror)
        self._tab = tab
        return made

    def _turn(self, mirror: Mirror, tab: int) -> list[int]:
        """Lay the picture shown by and take up the one of the mirror's document, if it stands by.

        Answers the numbers of those that are too many by now.
        """
        shown = self._shown
        if shown is not None and shown.root is not None:
            if shown.mirror is mirror:
                shown.release()
            else:
                self.states(self._tab).let_go(shown.mirror)
            self._kept[self._picture] = _Kept(self._tab, shown)
        self._shown = None
        for number, kept in self._kept.items():
            if kept.tab == tab and kept.shown.page == mirror.page and patch.continues(kept.shown, mirror):
                self._shown, self._picture = kept.shown, number
                del self._kept[number]
                break
        dropped = []
        while len(self._kept) > KEEP or sum(kept.nodes for kept in self._kept.values()) > KEEP_NODES:
            dropped.append(next(iter(self._kept)))
            del self._kept[dropped[-1]]
        return dropped

    def prepare(self) -> dict[str, Any] | None:
        """The picture of another page of the tab that is shown, to be built out of sight before anybody asks for it.

        None when all that are near stand by, or as many as there is room for.
        """
        if self._shown is None or self._anew:
            return None
        states = self.states(self._tab)
        stand_by = {kept.shown.page for kept in self._kept.values() if kept.tab == self._tab}
        room = KEEP_NODES - sum(kept.nodes for kept in self._kept.values())
        for page, ref in states.pages_around(states.position, KEEP):
            if page in stand_by or page == self._shown.page:
                continue
            if len(self._kept) >= KEEP:
                return None
            mirror = states.load(ref)
            if mirror.root is None or len(mirror.nodes) > room:
                continue
            made = patch.diff(None, mirror)
            self._pictures += 1
            # Not shown yet: the first to go.
            self._kept = {self._pictures: _Kept(self._tab, patch.Shown(mirror)), **self._kept}
            return {**made, "picture": self._pictures, "aside": True}
        return None

    def frames(self, tab: int, t0: float, t1: float, step: float) -> dict[str, Any]:
        """The batch that plays `tab` from the present state to `t1`: patches at most one per `step` ms.

        `t0`: the instant of the last patch made. Answers `{"v", "frames", "until"}`, the frames encoded.
        """
        states = self.states(tab)
        position, stop = states.position, states.position_at(t1)
        if tab != self._tab or position > states.position_at(t0) or self._shown is None:
            # Nothing to stand on: the first frame brings the page to t0 whatever it shows.
            first = [_written(self.seek(tab, t0, self.rev if self._shown is not None else None))]
            position = states.position
        else:
            first = []
        samples = states.pointer_samples(t0, t1)
        frames: list[msgspec.Raw] = first
        bucket: list[Event] = []
        bucket_end = t0 + step
        next_sample = 0

        def close() -> None:
            nonlocal next_sample, bucket
            pointer = None
            while next_sample < len(samples) and samples[next_sample][0] <= bucket_end:
                pointer = samples[next_sample][1]
                next_sample += 1
            if not bucket and pointer is None:
                return
            clicks = []
            for event in bucket:
                states.mirror.apply(event)
                states.position += 1
                data = event.data
                if isinstance(data, Incremental) and data.source == Source.MOUSE_INTERACTION and data.type in _CLICKS:
                    clicks.append((data.x or 0.0, data.y or 0.0, data.id))
            if pointer is not None:
                states.mirror.pointer = pointer
            made = self._make(states.mirror, tab, self.rev)
            made["t"] = min(bucket_end, t1)
            if clicks:
                made["clicks"] = clicks
            frames.append(_written(made))
            bucket = []

        for event in states.events_between(position, stop):
            while event.timestamp > bucket_end:
                close()
                if next_sample >= len(samples):
                    # Nothing until this event: skip the empty steps.
                    bucket_end += step * max(1, int((event.timestamp - bucket_end) // step))
                else:
                    bucket_end += step
            bucket.append(event)
        while bucket or next_sample < len(samples):
            close()
            bucket_end += step
        return {"v": patch.VERSION, "frames": frames, "until": t1}
