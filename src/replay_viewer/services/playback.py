"""What a page is sent: one patch for a seek, a batch of them for the next stretch of play."""

from __future__ import annotations

from typing import Any

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


class Stage:
    """Follows what one page shows, and turns instants into patches on top of it.

    `rev` is the revision of the last patch made. A page says which revision it has; when that is not the last one
    (a new page, a page that died), it gets a patch that begins with `reset`.
    """

    def __init__(self, store: Store, session: str) -> None:
        self._store = store
        self._session = session
        self.shelf = Shelf(store, session)
        self._tabs: dict[int, TabStates] = {}
        self._shown: patch.Shown | None = None
        self._tab = -1
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
            self._shown = None
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
        if base is None or base > self.rev or tab != self._tab:
            self._shown = None
        made = patch.diff(self._shown, mirror)
        made["base"] = None
        if self._shown is not None:
            made["base"] = self.rev
        elif table := self.shelf.table():
            made["assets"] = table
        self.rev += 1
        made["rev"] = self.rev
        self._shown = patch.Shown(mirror)
        self._tab = tab
        return made

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
