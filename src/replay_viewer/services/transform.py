"""A whole session given to a transform: everything learned first, then every event changed, keyframes computed anew.

What bundles and redaction for good have in common.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

import msgspec

from replay_viewer.domain.errors import BadInput, Cancelled
from replay_viewer.domain.pulled import Asset
from replay_viewer.domain.rows import KINDS, Row
from replay_viewer.domain.session import Note, Session
from replay_viewer.library import Library, SessionWriter
from replay_viewer.recording import chunk, keyframe
from replay_viewer.recording.events import Event, Kind, decode_event
from replay_viewer.recording.mirror import Mirror

_ROWS_AT_ONCE = 2000

#: Told how much is done, and of how much.
OnProgress = Callable[[int, int], None]


class Transform(Protocol):
    """What is done to everything before it leaves: `redaction.Redactor` is one.

    `event` must return an event of the same type and time. `learn` and `learn_row` are given everything first.
    """

    @property
    def strict(self) -> bool:
        """Whether anything is changed at all."""
        ...

    def learn(self, events: Iterable[bytes], tab: int = 0) -> None: ...
    def learn_row(self, row: Row) -> None: ...
    def session(self, session: Session) -> Session: ...
    def row(self, row: Row) -> Row: ...
    def note(self, note: Note) -> Note: ...
    def event(self, raw: bytes, tab: int = 0) -> bytes: ...
    def harmless(self, asset: Asset) -> bool: ...
    def manifest(self) -> Sequence[Any]: ...


class Steps:
    """Counts chunks read and written, tells how far it is, and stops when asked to."""

    def __init__(
        self, total: int, progress: OnProgress | None = None, cancelled: Callable[[], bool] | None = None
    ) -> None:
        self._total, self._progress, self._cancelled = total, progress, cancelled
        self._done = 0

    def step(self) -> None:
        """One more is done. Raises Cancelled."""
        if self._cancelled is not None and self._cancelled():
            raise Cancelled
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, max(self._total, self._done))


def learn_all(library: Library, session: Session, transform: Transform, steps: Steps | None = None) -> None:
    """Show everything to the transform before anything is changed."""
    for tab in session.tabs:
        transform.learn(raw_events(library, session.id, tab.index, steps), tab.index)
    for kind in KINDS:
        for row in all_rows(library, session.id, kind):
            transform.learn_row(row)


def raw_events(library: Library, id: str, tab: int, steps: Steps | None = None) -> Iterator[bytes]:
    """The raw events of a tab, in order, a chunk in memory at a time."""
    for ref in library.chunks(id, tab):
        held = chunk.Chunk(library.blob(ref.blob))
        for n in range(len(held)):
            yield held.raw(n)
        if steps is not None:
            steps.step()


def all_rows(library: Library, id: str, kind: str) -> Iterator[Row]:
    """The rows of a kind in time order, some in memory at a time."""
    count = len(library.columns(id, kind))
    for start in range(0, count, _ROWS_AT_ONCE):
        yield from library.fetch(id, kind, range(start, min(count, start + _ROWS_AT_ONCE)))


def changed_chunk(data: bytes, tab: int, transform: Transform) -> bytes:
    """A chunk with every event transformed; times, order and number stay."""
    held = chunk.Chunk(data)
    events: list[tuple[Event, bytes]] = []
    for n in range(len(held)):
        raw = transform.event(held.raw(n), tab)
        event = decode_event(raw)
        event.timestamp = float(held.times[n])
        events.append((event, raw))
    return chunk.pack(events)


class Rebuilder:
    """Computes the keyframes of a tab from its events, placed as the importer places them."""

    def __init__(self, writer: SessionWriter, tab: int) -> None:
        self._writer = writer
        self._tab = tab
        self._mirror = Mirror()
        self._placement = keyframe.Placement()
        self._count = 0
        self.written = 0

    def add(self, events: chunk.Chunk) -> None:
        """The next chunk. Raises BadInput."""
        for n in range(len(events)):
            try:
                event = events.event(n)
            except (msgspec.DecodeError, RecursionError) as error:
                raise BadInput("The bundle holds an event that is none.", "Ask for it to be sent again.") from error
            self._mirror.apply(event)
            self._count += 1
            self._placement.add(len(events.raw(n)))
            if event.type == Kind.FULL_SNAPSHOT or self._placement.due(self._mirror):
                nodes = len(self._mirror.nodes)
                encoded = keyframe.encode(self._mirror)
                self._writer.keyframe(self._tab, self._count, event.timestamp, nodes, encoded)
                self._placement.placed()
                self.written += 1
