"""A finished session that grows in place: each step is one transaction and leaves it finished, whatever happens next.

Chunks and keyframes are appended, the last chunk of a tab replaced by a longer one; rows are written from the first
that differs on. What is made of all rows (packed columns and texts, the text index) is made anew now and then, and
whole when it is over; until then readers put together what is packed and the rows that follow. A killed follower
leaves the rest to the next tidy (`indexed` is 0, the pages' texts are due).
"""

from __future__ import annotations

import time
from array import array
from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from sqlalchemy import Connection, delete, select, update

from replay_viewer.domain.errors import NotFound
from replay_viewer.domain.rows import Row, encode_row, end_of, severity
from replay_viewer.domain.session import Session
from replay_viewer.library import fulltext, packing, schema, tidy, trails
from replay_viewer.library.blobs import BlobWriter
from replay_viewer.library.database import bulk_insert
from replay_viewer.library.rowtext import search_text, storable

if TYPE_CHECKING:
    from replay_viewer.library.store import Library

_s, _c, _k = schema.sessions.c, schema.chunks.c, schema.keyframes.c
#: Rows beyond those packed, besides half as many as there are packed, at which they are packed anew …
_MANY = 2_000
#: … all but so many, which may still change.
_LOOSE = 500
#: Chunks that were replaced stay this long (s), for who is reading them.
_LINGER = 60.0
#: gen, tab, number, first, events, t0, t1, digest, size.
_Chunk = tuple[Any, ...]


class Changed(Exception):
    """Somebody else has written the session meanwhile."""


class _Kind:
    """The rows of one kind as they are stored, numbered from `first` on, the first `packed` of them packed."""

    def __init__(self, first: int, packed: int, rows: Sequence[Row]) -> None:
        self.first, self.packed = first, packed
        self.rows = rows
        self.severe = array("b", (severity(row) >= 2 for row in rows))

    def unchanged(self, rows: Sequence[Row]) -> int:
        """How many rows at the beginning are as they were."""
        same = 0
        for old, new in zip(self.rows, rows, strict=False):
            if old is not new and old != new:
                break
            same += 1
        return same


class SessionGrower:
    """Steps of one session. Used from one thread; methods raise StorageProblem, and Changed."""

    def __init__(self, library: Library, id: str, rows: Mapping[str, Sequence[Row]]) -> None:
        """`rows`: those of the session, by kind in time order. Raises NotFound; Changed when it has others."""
        self._library = library
        self._database = library.database
        with self._database.read() as connection:
            found = connection.execute(
                select(_s.gen, _s.revision, _s.rank, _s.t0, _s.record).where(_s.sid == id, _s.visible == 1)
            ).one_or_none()
            if found is None:
                raise NotFound(f"There is no session {id} in the library.")
            self._gen, self._revision, self._rank, self._start = found[:4]
            self._fields = fulltext.session_fields(msgspec.json.decode(found[4], type=Session))
            there = connection.execute(
                select(schema.packed.c.kind, schema.packed.c.rows, schema.packed.c.first).where(
                    schema.packed.c.gen == self._gen
                )
            ).all()
        packed = {kind: (count, first) for kind, count, first in there}
        if packed.keys() != {kind for kind, some in rows.items() if some}:
            raise Changed
        self._kinds = {kind: _Kind(packed[kind][1], packed[kind][0], rows[kind]) for kind in packed}
        if any(kind.packed != len(kind.rows) for kind in self._kinds.values()):
            raise Changed
        self._texts: dict[str, set[int]] | None = None
        self._chunks: list[tuple[_Chunk, bytes]] = []
        self._keyframes: list[tuple[_Chunk, bytes]] = []
        self._cuts: dict[int, tuple[int, int]] = {}
        self._replaced: deque[tuple[float, str]] = deque()

    def chunk(self, tab: int, number: int, first: int, events: int, t0: float, t1: float, data: bytes) -> None:
        """Chunk `number` of a tab: it and what follows take the place of what is there from that number on."""
        self._chunks.append(((self._gen, tab, number, first, events, t0, t1), data))

    def keyframe(self, tab: int, number: int, event: int, t: float, nodes: int, data: bytes) -> None:
        """Keyframe `number` of a tab: the state after `event` events, at `t` (epoch ms)."""
        self._keyframes.append(((self._gen, tab, number, event, t, nodes), data))

    def back(self, tab: int, chunks: int, keyframes: int) -> None:
        """Of what is there of a tab only so many chunks and keyframes still hold."""
        self._cuts[tab] = chunks, keyframes

    def step(
        self,
        session: Session,
        rows: Mapping[str, Sequence[Row]],
        activity: tuple[float, float, np.ndarray[Any, Any]],
        quiet: Mapping[int, trails.Quiet],
    ) -> None:
        """Write what was given since the last step, and what the session is by now, in one transaction.

        `rows`: all of them, by kind in time order.
        """
        blobs = BlobWriter(self._library.blobs)
        replaced: set[str] = set()
        try:
            # blobs under the write lock: those nobody refers to yet are removed only by who holds it
            with self._database.write() as connection:
                self._check(connection)
                replaced |= self._write_chunks(connection, blobs)
                for kind, some in rows.items():
                    replaced |= self._write_rows(connection, blobs, kind, some)
                blobs.sync()
                self._write_trails(connection, activity, quiet)
                self._write_session(connection, session)
                if replaced:
                    tidy.want_sweep(connection)
        finally:
            blobs.close()
        self._revision += 1
        self._chunks, self._keyframes, self._cuts = [], [], {}
        now = time.monotonic()
        self._replaced += [(now, digest) for digest in replaced]
        if self._replaced and self._replaced[0][0] < now - _LINGER:
            tidy.remove_blobs(self._library, self._old(now - _LINGER))

    def close(self) -> None:
        """No more comes: pack all rows, and index their texts as those of a session imported at once are."""
        with self._database.read() as connection:
            still = connection.execute(select(_s.revision).where(_s.gen == self._gen, _s.visible == 1)).scalar()
        if still == self._revision:
            tidy.settle(self._library, self._gen)

    def _old(self, before: float) -> set[str]:
        found: set[str] = set()
        while self._replaced and self._replaced[0][0] < before:
            found.add(self._replaced.popleft()[1])
        return found

    def _check(self, connection: Connection) -> None:
        found = connection.execute(select(_s.revision, _s.visible, _s.dead).where(_s.gen == self._gen)).one_or_none()
        if found is None or tuple(found) != (self._revision, 1, 0):
            raise Changed

    def _write_chunks(self, connection: Connection, blobs: BlobWriter) -> set[str]:
        replaced: set[str] = set()
        least = {tab: chunks for tab, (chunks, _) in self._cuts.items()}
        for tab, (_, keyframes) in self._cuts.items():
            stale = (_k.gen == self._gen, _k.tab == tab, _k.number >= keyframes)
            replaced |= set(connection.execute(select(_k.blob).where(*stale)).scalars())
            connection.execute(delete(schema.keyframes).where(*stale))
        made = [(*about, blobs.put(data), len(data)) for about, data in self._chunks]
        for one in made:
            least[one[1]] = min(one[2], least.get(one[1], one[2]))
        for tab, number in least.items():
            where = (_c.gen == self._gen, _c.tab == tab, _c.number >= number)
            replaced |= set(connection.execute(select(_c.blob).where(*where)).scalars())
            connection.execute(delete(schema.chunks).where(*where))
        bulk_insert(connection, schema.chunks, made)
        frames = [(*about[:5], blobs.put(data), about[5]) for about, data in self._keyframes]
        bulk_insert(connection, schema.keyframes, frames)
        return replaced - {one[7] for one in made} - {one[5] for one in frames}

    def _write_rows(self, connection: Connection, blobs: BlobWriter, name: str, rows: Sequence[Row]) -> set[str]:
        kind = self._kinds.get(name)
        if kind is None:
            if not rows:
                return set()
            kind = self._kinds[name] = _Kind(0, 0, ())
        same, replaced = kind.unchanged(rows), set[str]()
        if same < kind.packed:
            replaced |= packing.pack(connection, blobs, self._gen, name, kind.first, ())
            kind.packed = 0
        base = schema.row_id(self._gen, name, kind.first)
        if same < len(kind.rows):
            ids = schema.rows.c.id
            connection.execute(delete(schema.rows).where(ids.between(base + same, base + len(kind.rows) - 1)))
        fresh = rows[same:]
        lines = [(row.t, end_of(row), row.tab, row.event, severity(row), storable(search_text(row))) for row in fresh]
        bulk_insert(
            connection,
            schema.rows,
            [
                (base + n, *line, encode_row(row))
                for n, (line, row) in enumerate(zip(lines, fresh, strict=True), same)
            ],
        )
        self._write_texts(connection, name, [(n, line[5]) for n, line in enumerate(lines, same)])
        del kind.severe[same:]
        kind.severe.extend(int(line[4] >= 2) for line in lines)
        kind.rows = rows
        if len(rows) - kind.packed > _MANY + kind.packed // 2:
            kind.packed = len(rows) - _LOOSE
            first = [_line(row) for row in rows[: kind.packed]]
            replaced |= packing.pack(connection, blobs, self._gen, name, kind.first, first)
        return replaced

    def _write_texts(self, connection: Connection, kind: str, texts: Sequence[tuple[int, str]]) -> None:
        """Make texts findable that were not: each once. Their counts are put right in the end."""
        if self._texts is None:
            there = schema.texts.c
            self._texts = {}
            for name, text in connection.execute(select(there.kind, there.text).where(there.gen == self._gen)):
                self._texts.setdefault(name, set()).add(hash(text))
        known = self._texts.setdefault(kind, set())
        fresh: list[tuple[int, str, int, int, str]] = []
        for n, text in texts:
            if text and hash(text) not in known:
                known.add(hash(text))
                fresh.append((self._gen, kind, n, 1, text))
        if fresh:
            fulltext.add_texts(connection, fresh)

    def _write_trails(
        self,
        connection: Connection,
        activity: tuple[float, float, np.ndarray[Any, Any]],
        quiet: Mapping[int, trails.Quiet],
    ) -> None:
        start, bucket, counts = activity
        for table in (schema.activity, schema.quiet):
            connection.execute(delete(table).where(table.c.gen == self._gen))
        counted = np.ascontiguousarray(counts, dtype="<i8").tobytes()
        bulk_insert(connection, schema.activity, [(self._gen, start, bucket, counted)])
        spans = [(self._gen, tab, *span, trails.pack_spans(some)) for tab, (span, some) in quiet.items()]
        bulk_insert(connection, schema.quiet, spans)

    def _write_session(self, connection: Connection, session: Session) -> None:
        if session.start != self._start:
            raise Changed
        whole = msgspec.structs.replace(
            session,
            counts={name: len(kind.rows) for name, kind in self._kinds.items() if kind.rows},
            failed={name: severe for name, kind in self._kinds.items() if (severe := sum(kind.severe))},
            imported=time.time() * 1000.0,
        )
        fields = {name: storable(value) for name, value in fulltext.session_fields(whole).items()}
        if fields != self._fields:
            fulltext.remove_session(connection, self._rank)
            fulltext.put_session(connection, self._rank, fields)
            self._fields = fields
        connection.execute(
            update(schema.sessions)
            .where(_s.gen == self._gen)
            .values(
                revision=self._revision + 1,
                imported=whole.imported,
                t1=whole.end,
                errors=whole.errors,
                events=whole.events,
                indexed=0,
                record=msgspec.json.encode(whole),
            )
        )
        # what the pages showed is read again to the new end, by whoever comes to it
        connection.execute(update(schema.page_reads).where(schema.page_reads.c.gen == self._gen).values(version=0))


def _line(row: Row) -> tuple[float, float, int, int, int, str]:
    """A row as `packing` takes it: t, end, tab, event, severity, text."""
    return row.t, end_of(row), row.tab, row.event, severity(row), storable(search_text(row))
