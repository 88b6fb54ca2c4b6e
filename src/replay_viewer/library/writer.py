"""Writing a session: buffered, in short transactions, so that nobody else waits long for the write lock.

Order of writes: blobs durable, then the transaction that refers to them. Until the first commit nothing is visible;
a re-import stays invisible beside the older copy until `finish` swaps them in one transaction.
"""

from __future__ import annotations

import contextlib
import time
from array import array
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from sqlalchemy import Connection, delete, func, insert, select, update

from replay_viewer.domain.errors import NotFound, StorageProblem
from replay_viewer.domain.rows import KIND_OF, Row, encode_row, end_of, severity
from replay_viewer.domain.session import Session
from replay_viewer.library import fulltext, packed, schema, tidy, trails
from replay_viewer.library.blobs import BlobWriter
from replay_viewer.library.database import bulk_insert
from replay_viewer.library.records import ChunkRef, KeyframeRef
from replay_viewer.library.rowtext import search_text, storable

if TYPE_CHECKING:
    from replay_viewer.library.locks import FileLock
    from replay_viewer.library.store import Library

_s = schema.sessions
#: Buffered rows are written (not yet committed for good, in the sense of `commit`) above either of these.
_MANY_ROWS = 10_000
_MANY_BYTES = 16 << 20


class _Kind:
    """What is known of one kind while it grows: columns and folded texts in order of arrival."""

    def __init__(self, first: int = 0) -> None:
        self.first = first
        self.t = array("d")
        self.end = array("d")
        self.tab = array("l")
        self.event = array("q")
        self.severity = array("b")
        self.folded: list[bytes] = []
        self.unfolded: list[str] = []

    def fold(self) -> None:
        """Turn the texts that came since into a piece of the packed texts."""
        if self.unfolded:
            self.folded.append(packed.fold(self.unfolded))
            self.unfolded = []

    def columns(self) -> packed.Columns:
        """The columns in time order."""
        return packed.sort_columns(self.t, self.end, self.tab, self.event, self.severity)


class SessionWriter:
    """Writes one generation of a session. A context manager: leaving it without `finish` aborts.

    Every method may raise StorageProblem (full disk, locked or deleted meanwhile); the writer is then to be aborted.
    """

    def __init__(self, library: Library, id: str, origin: str, gen: int, lease: FileLock, replaces: bool) -> None:
        self._library = library
        self._database = library.database
        self._id = id
        self._origin = origin
        self._gen = gen
        self._lease = lease
        self._replaces = replaces
        self._blobs = BlobWriter(library.blobs)
        self._session = Session(id=id, state="importing", origin=origin, imported=time.time() * 1000.0)
        self._kinds: dict[str, _Kind] = {}
        self._new_rows: list[tuple[Any, ...]] = []
        self._new_bytes = 0
        self._new_chunks: list[tuple[Any, ...]] = []
        self._new_keyframes: list[tuple[Any, ...]] = []
        self._new_activity: tuple[Any, ...] | None = None
        self._new_quiet: list[tuple[Any, ...]] = []
        self._numbers: dict[tuple[str, int], int] = {}
        self._visible = False
        self._entered: tuple[int, dict[str, str]] | None = None
        self._open = True

    @property
    def generation(self) -> int:
        """The number this import is written under."""
        return self._gen

    def chunk(self, tab: int, first: int, events: int, t0: float, t1: float, data: bytes) -> None:
        """The next chunk of a tab: `events` events from number `first` on, from `t0` to `t1` (epoch ms)."""
        digest = self._blobs.put(data)
        self._new_chunks.append((self._gen, tab, self._next("chunk", tab), first, events, t0, t1, digest, len(data)))

    def keyframe(self, tab: int, event: int, t: float, nodes: int, data: bytes) -> None:
        """The next keyframe of a tab: the state after `event` events, at `t` (epoch ms)."""
        digest = self._blobs.put(data)
        self._new_keyframes.append((self._gen, tab, self._next("keyframe", tab), event, t, digest, nodes))

    def adopt(self, tab: int, chunks: Sequence[ChunkRef], keyframes: Sequence[KeyframeRef]) -> None:
        """Chunks and keyframes of a tab that are stored already, of the visible copy of this session."""
        self._new_chunks += [
            (self._gen, tab, one.index, one.first, one.events, one.t0, one.t1, one.blob, one.size) for one in chunks
        ]
        self._new_keyframes += [
            (self._gen, tab, one.index, one.event, one.t, one.blob, one.nodes) for one in keyframes
        ]

    def rows(self, rows: Sequence[Row]) -> None:
        """Rows of any kinds, in any order."""
        kinds = self._kinds
        for row in rows:
            name = KIND_OF[type(row)]
            kind = kinds.get(name)
            if kind is None:
                kind = kinds[name] = _Kind()
            number = kind.first + len(kind.t)
            end, level, text, data = end_of(row), severity(row), storable(search_text(row)), encode_row(row)
            kind.t.append(row.t)
            kind.end.append(end)
            kind.tab.append(row.tab)
            kind.event.append(row.event)
            kind.severity.append(level)
            kind.unfolded.append(text)
            self._new_rows.append(
                (schema.row_id(self._gen, name, number), row.t, end, row.tab, row.event, level, text, data)
            )
            self._new_bytes += len(data) + len(text)
        if len(self._new_rows) >= _MANY_ROWS or self._new_bytes >= _MANY_BYTES:
            self._flush()

    def replace_rows(self, kind: str, rows: Sequence[Row]) -> None:
        """These instead of all rows of `kind` written so far."""
        old = self._kinds.get(kind)
        if old is not None:
            base = schema.row_id(self._gen, kind, 0)
            low, high = base + old.first, base + old.first + len(old.t)
            self._new_rows = [one for one in self._new_rows if not low <= one[0] < high]
            # numbers are not used again: who still shows the old rows must not be given others for them
            self._kinds[kind] = _Kind(old.first + len(old.t))
            with self._database.write() as connection:
                self._check_alive(connection)
                connection.execute(delete(schema.rows).where(schema.rows.c.id.between(low, high - 1)))
                self._touch(connection)
        self.rows([row for row in rows if KIND_OF[type(row)] == kind])

    def activity(self, start: float, bucket: float, counts: np.ndarray[Any, Any]) -> None:
        """How much happened: events per bucket of `bucket` ms from `start` (epoch ms) on; replaces what was said."""
        self._new_activity = (self._gen, start, bucket, np.ascontiguousarray(counts, dtype="<i8").tobytes())

    def quiet(self, tab: int, first: float, last: float, spans: Sequence[tuple[float, float]]) -> None:
        """When a tab was active first and last (epoch ms), and where it was quiet between; once per tab."""
        self._new_quiet.append((self._gen, tab, first, last, trails.pack_spans(spans)))

    def update(self, session: Session) -> None:
        """What is known of the session by now; stored with the next commit, whatever its `state` says."""
        self._session = self._filled(session, "importing")

    def commit(self) -> None:
        """Make everything given so far durable and (unless it replaces an older copy) visible as "importing"."""
        self._flush(publish=True)

    def finish(self, session: Session) -> None:
        """Everything is there: state "ready", an older copy of the same id replaced. Then fills the text index."""
        self._flush()
        self._session = self._filled(session, "ready")
        packed_kinds: list[tuple[Any, ...]] = []
        while self._kinds:
            name, kind = self._kinds.popitem()
            if kind.t:
                columns = self._blobs.put(packed.pack_columns(kind.columns()))
                texts = self._blobs.put(packed.pack_texts(kind.folded))
                packed_kinds.append((self._gen, name, len(kind.t), kind.first, columns, texts))
            del kind
        self._blobs.sync()
        with self._database.write() as connection:
            self._check_alive(connection)
            bulk_insert(connection, schema.packed, packed_kinds)
            self._retire_older(connection)
            self._publish(connection)
            connection.execute(update(_s).where(_s.c.gen == self._gen).values(lease="", state="ready"))
        self._close()
        tidy.index_texts(self._library, self._gen)
        tidy.purge(self._library)

    def abort(self) -> None:
        """Leave nothing of this import. Safe to call at any time; does nothing after `finish`."""
        if not self._open:
            return
        # a library that refuses even this is put right when it is opened next: nobody holds the lease then
        try:
            self._blobs.close()
            tidy.drop(self._library, self._gen)
        finally:
            self._close()
        # nothing of it is seen any more; what a full disk keeps from being removed goes with the next tidy
        with contextlib.suppress(StorageProblem):
            tidy.purge(self._library)

    def __enter__(self) -> SessionWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        try:
            self.abort()
        except StorageProblem:
            # the exception on its way says more (most often it is the same full disk)
            if error is None:
                raise

    def _next(self, what: str, tab: int) -> int:
        number = self._numbers.get((what, tab), 0)
        self._numbers[what, tab] = number + 1
        return number

    def _filled(self, session: Session, state: Any) -> Session:
        """`session` under this writer's id and state; counts it does not give are taken from what was written."""
        counts = session.counts or {name: len(kind.t) for name, kind in self._kinds.items() if kind.t}
        failed = session.failed or {
            name: severe
            for name, kind in self._kinds.items()
            if (severe := int(np.count_nonzero(np.frombuffer(kind.severity, np.int8) >= 2)) if kind.t else 0)
        }
        return msgspec.structs.replace(
            session,
            id=self._id,
            state=state,
            counts=counts,
            failed=failed,
            origin=session.origin or self._origin,
            imported=session.imported or self._session.imported,
        )

    def _flush(self, *, publish: bool = False) -> None:
        """Write what is buffered in one transaction, blobs first."""
        self._blobs.sync()
        for kind in self._kinds.values():
            kind.fold()
        with self._database.write() as connection:
            self._check_alive(connection)
            bulk_insert(connection, schema.chunks, self._new_chunks)
            bulk_insert(connection, schema.keyframes, self._new_keyframes)
            bulk_insert(connection, schema.rows, self._new_rows)
            if self._new_activity is not None:
                connection.execute(delete(schema.activity).where(schema.activity.c.gen == self._gen))
                bulk_insert(connection, schema.activity, [self._new_activity])
            bulk_insert(connection, schema.quiet, self._new_quiet)
            if publish and not self._replaces:
                self._publish(connection)
            else:
                self._touch(connection)
        self._new_chunks, self._new_keyframes, self._new_rows = [], [], []
        self._new_activity, self._new_quiet, self._new_bytes = None, [], 0

    def _check_alive(self, connection: Connection) -> None:
        dead = connection.execute(select(_s.c.dead).where(_s.c.gen == self._gen)).scalar()
        if dead != 0:
            raise NotFound("The session was deleted while it was being imported.", "Import it again if you need it.")

    def _touch(self, connection: Connection) -> None:
        connection.execute(update(_s).where(_s.c.gen == self._gen).values(revision=_s.c.revision + 1))

    def _publish(self, connection: Connection) -> None:
        """Write the session's record and make this generation the visible one."""
        session = self._session
        rank = schema.session_rank(session.start, self._gen)
        fields = {name: storable(value) for name, value in fulltext.session_fields(session).items()}
        if self._entered is not None and self._entered != (rank, fields):
            fulltext.remove_session(connection, self._entered[0])
            self._entered = None
        if self._entered is None:
            rank = self._free_rank(connection, rank)
            fulltext.put_session(connection, rank, fields)
            self._entered = (rank, fields)
        self._visible = True
        connection.execute(
            update(_s)
            .where(_s.c.gen == self._gen)
            .values(
                visible=1,
                state=session.state,
                revision=_s.c.revision + 1,
                rank=rank,
                origin=session.origin,
                imported=session.imported,
                t0=session.start,
                t1=session.end,
                errors=session.errors,
                events=session.events,
                record=msgspec.json.encode(session),
            )
        )

    def _free_rank(self, connection: Connection, rank: int) -> int:
        """`rank`, or the next that no session has (a million imports apart, in the same millisecond)."""
        while connection.execute(
            select(func.count()).select_from(schema.session_texts).where(schema.session_texts.c.rank == rank)
        ).scalar():
            rank += 1
        return rank

    def _retire_older(self, connection: Connection) -> None:
        older = connection.execute(
            select(_s.c.gen, _s.c.rank).where(_s.c.sid == self._id, _s.c.visible == 1, _s.c.gen != self._gen)
        ).all()
        for gen, rank in older:
            fulltext.remove_session(connection, rank)
            connection.execute(update(_s).where(_s.c.gen == gen).values(visible=0, dead=1))
            self._replaces = True

    def _close(self) -> None:
        self._open = False
        self._blobs.close()
        self._lease.release(remove=True)


def new_generation(connection: Connection, id: str, origin: str, lease: str) -> int:
    """Enter an invisible generation held by `lease`; its number."""
    values = {
        "sid": id,
        "visible": 0,
        "dead": 0,
        "state": "importing",
        "lease": lease,
        "indexed": 0,
        "revision": 0,
        "rank": 0,
        "origin": origin,
        "imported": time.time() * 1000.0,
        "t0": 0.0,
        "t1": 0.0,
        "errors": 0,
        "events": 0,
        "record": b"",
    }
    gen: int = connection.execute(insert(_s).values(**values).returning(_s.c.gen)).scalar_one()
    return gen
