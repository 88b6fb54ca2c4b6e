"""The library: sessions, their rows, recordings and notes, in one folder on this machine."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, delete, insert, select

from replay_viewer.domain.errors import NotFound, StorageProblem
from replay_viewer.domain.pulled import Asset
from replay_viewer.domain.rows import Row, summary
from replay_viewer.domain.session import Finding, Note, Session, in_order
from replay_viewer.library import extras, fulltext, marks, pages, problems, schema, tidy, trails
from replay_viewer.library import query as query_language
from replay_viewer.library.blobs import BlobStore
from replay_viewer.library.database import Database
from replay_viewer.library.locks import FileLock
from replay_viewer.library.records import ChunkRef, Hit, KeyframeRef, PageHit, PageRead, RowColumns
from replay_viewer.library.rowstore import Generation, Numbers, RowStore
from replay_viewer.library.writer import SessionWriter, new_generation

T = TypeVar("T")

_s = schema.sessions
_decode_session = msgspec.json.Decoder(Session).decode
_decode_note = msgspec.json.Decoder(Note).decode


class Library:
    """One library folder: `library.db`, `blobs/`, `leases/`, `ballast`.

    An instance is used from one thread at a time; threads and processes open their own. All methods may raise
    StorageProblem; those that name a session raise NotFound when there is none, or no single one, of that id.
    A session's id may be shortened to a unique prefix wherever one is asked for (not when writing).
    """

    def __init__(self, home: Path, database: Database) -> None:
        self.home = home
        self.database = database
        self.blobs = BlobStore(home)
        self.leases = home / "leases"
        self.extras = extras.Extras(database, self.blobs)
        #: Why nothing may be written here by a person; '' when it may.
        self.frozen = ""
        self.marks = marks.MarkBook(database)
        self._rows = RowStore(self.blobs)

    @classmethod
    def open(cls, home: Path) -> Library:
        """Open the library in `home`, creating or migrating it; imports whose process died vanish.

        Raises StorageProblem, NewerVersion.
        """
        home = Path(home)
        with problems.storage(home):
            # recordings are private: nobody else on this machine reads them
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            (home / "blobs").mkdir(mode=0o700, exist_ok=True)
            (home / "leases").mkdir(mode=0o700, exist_ok=True)
        library = cls(home, Database(home))
        try:
            with problems.storage(home):
                tidy.recover(library)
                tidy.keep_ballast(library)
        except BaseException:  # Ctrl+C too: nobody has the library yet who could close it; raised again
            library.close()
            raise
        return library

    def wait_at_most(self, seconds: float) -> None:
        """Wait for other writers no longer than this from now on; then StorageProblem. For interface threads."""
        self.database.wait_at_most(seconds)

    def close(self) -> None:
        """Close the database. The instance is not used afterwards."""
        self.database.close()

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # sessions

    def sessions(self, query: str = "", limit: int = 200, offset: int = 0) -> list[Session]:
        """The sessions a query asks for (see `query.OPERATORS`), newest start first. Raises BadInput."""
        with self.database.read() as connection:
            found = connection.execute(query_language.listing(query, limit, offset)).scalars().all()
        return [_decode_session(record) for record in found]

    def count(self, query: str = "") -> int:
        """How many sessions a query asks for. Raises BadInput."""
        with self.database.read() as connection:
            return int(connection.execute(query_language.counting(query)).scalar_one())

    def session(self, id: str) -> Session:
        """The session of an id or unique prefix."""
        with self.database.read() as connection:
            gen = self._generation(connection, id).gen
            return _decode_session(connection.execute(select(_s.c.record).where(_s.c.gen == gen)).scalar_one())

    def set_health(self, id: str, findings: list[Finding]) -> None:
        """Replace the health report of a session, whatever is found out about it after its import."""
        with self.database.write() as connection:
            gen = self._generation(connection, id).gen
            record = connection.execute(select(_s.c.record).where(_s.c.gen == gen)).scalar_one()
            changed = msgspec.json.encode(msgspec.structs.replace(_decode_session(record), health=findings))
            connection.execute(_s.update().where(_s.c.gen == gen).values(record=changed))

    def assets(self, id: str) -> list[Asset]:
        """The files the recording refers to that were captured, or why they could not be, in order of URL."""
        return self.extras.assets(id)

    def remove_maps(self, id: str) -> None:
        """Remove the source maps kept with a session."""
        tidy.remove_blobs(self, self.extras.remove_maps(id))

    def find_by_origin(self, origin: str) -> str | None:
        """Id of the newest session that came from `origin` (a URL or path), if there is one."""
        if not origin:
            return None
        with self.database.read() as connection:
            found: str | None = connection.execute(
                select(_s.c.sid)
                .where(_s.c.visible == 1, _s.c.origin != "", _s.c.origin == origin)
                .order_by(_s.c.imported.desc())
            ).scalar()
        return found

    def delete(self, id: str) -> None:
        """Remove a session, its notes, and whatever only it needed. An import of it that still runs fails."""
        with self.database.read() as connection:
            of = self._generation(connection, id)
            sid = connection.execute(select(_s.c.sid).where(_s.c.gen == of.gen)).scalar_one()
        tidy.drop(self, of.gen)
        with self.database.write() as connection:
            connection.execute(delete(schema.notes).where(schema.notes.c.session == sid))
            assets = extras.forget(connection, sid)
            marks.forget(connection, sid)
        tidy.remove_blobs(self, assets)
        tidy.purge(self)

    def tidy(self) -> None:
        """Finish what killed processes left to do: purge, collect blobs, index texts, read pages. May take long."""
        tidy.recover(self)
        tidy.index_missing(self)
        tidy.purge(self)
        self.read_pages()

    # rows

    def rows(
        self,
        id: str,
        kind: str,
        *,
        start: float | None = None,
        end: float | None = None,
        tab: int | None = None,
        text: str = "",
        min_severity: int = 0,
        limit: int = -1,
        offset: int = 0,
    ) -> list[tuple[int, Row]]:
        """Numbered rows in time order: those that touch `start`..`end` (epoch ms), of one tab, containing `text`."""
        with self.database.read() as connection:
            of = self._generation(connection, id)
            columns = self._rows.columns(connection, of, kind)
            chosen = np.ones(len(columns), bool)
            if text or min_severity > 0:
                chosen[:] = False
                chosen[self._rows.filter(connection, of, kind, text, regex=False, min_severity=min_severity)] = True
            if start is not None:
                chosen &= columns.end >= start
            if end is not None:
                chosen &= columns.t <= end
            if tab is not None:
                chosen &= columns.tab == tab
            ns = np.flatnonzero(chosen)[offset : None if limit < 0 else offset + limit].tolist()
            return list(zip(ns, self._rows.fetch(connection, of, kind, ns), strict=True))

    def row(self, id: str, kind: str, n: int) -> Row:
        """One row by its number. Raises NotFound."""
        return self.fetch(id, kind, [n])[0]

    def columns(self, id: str, kind: str) -> RowColumns:
        """All rows of a kind as arrays in time order (read-only)."""
        with self.database.read() as connection:
            return self._rows.columns(connection, self._generation(connection, id), kind)

    def filter(self, id: str, kind: str, text: str, regex: bool = False, min_severity: int = 0) -> Numbers:
        """Numbers of the rows that contain `text` (or match it) and are that severe. Raises BadInput."""
        with self.database.read() as connection:
            of = self._generation(connection, id)
            return self._rows.filter(connection, of, kind, text, regex=regex, min_severity=min_severity)

    def summaries(self, id: str, kind: str, ns: Sequence[int]) -> list[str]:
        """One line of text for each of these rows."""
        return [summary(row) for row in self.fetch(id, kind, ns)]

    def fetch(self, id: str, kind: str, ns: Sequence[int]) -> list[Row]:
        """These rows, in the order asked for. Raises NotFound."""
        with self.database.read() as connection:
            return self._rows.fetch(connection, self._generation(connection, id), kind, ns)

    def fetch_as(self, id: str, kind: str, ns: Sequence[int], shape: type[T]) -> list[T]:
        """Some fields of these rows: `shape` is a msgspec Struct that names them. Raises NotFound."""
        decode = msgspec.json.Decoder(shape).decode
        with self.database.read() as connection:
            return self._rows.fetch(connection, self._generation(connection, id), kind, ns, decode)

    def repeats(self, id: str, kind: str) -> npt.NDArray[np.bool_]:
        """In time order: whether a row has the same search text as the row before it."""
        with self.database.read() as connection:
            return self._rows.repeats(connection, self._generation(connection, id), kind)

    def endings(self, id: str, kind: str, words: Sequence[str]) -> npt.NDArray[np.uint8]:
        """In time order: with which of `words` a row's search text ends, counted from 1; 0 with none of them."""
        with self.database.read() as connection:
            return self._rows.endings(connection, self._generation(connection, id), kind, words)

    def search(self, text: str, kind: str = "", limit: int = 200, session: str = "") -> list[Hit]:
        """Row texts of any session (or one) with words that start with all words of `text`, newest import first."""
        words = text.split()
        if not words:
            return []
        with self.database.read() as connection:
            gen = self._generation(connection, session).gen if session else None
            found = fulltext.search_texts(connection, words, kind, limit, gen)
        return [Hit(session=sid, kind=name, n=n, count=count, text=line) for sid, name, n, count, line in found]

    # texts of pages

    def read_pages(
        self,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        session: str = "",
    ) -> int:
        """Enter what pages showed of every session that is not read yet, or of one; how many were.

        Can be broken off anywhere (Cancelled). `progress` is told events done and in all.
        """
        only = None
        if session:
            with self.database.read() as connection:
                only = self._generation(connection, session).gen
        return pages.read_missing(self, progress, cancelled, only)

    def search_pages(self, text: str, session: str = "", limit: int = 20, each: int = 10) -> list[PageHit]:
        """Texts that pages showed and that have all the words of `text` (the last may be unfinished).

        Newest session first, at most `limit` sessions (or the one given), at most `each` texts of a session, in the
        order they appeared.
        """
        with self.database.read() as connection:
            gen = self._generation(connection, session).gen if session else None
            return pages.search(connection, text.split(), gen, limit, each)

    def masked_texts(self, id: str, limit: int = 1000) -> list[PageHit]:
        """The masked texts of a session, with when and at which node each was shown; first shown first."""
        with self.database.read() as connection:
            return pages.masked(connection, self._generation(connection, id).gen, limit)

    def page_read(self, id: str) -> PageRead | None:
        """What reading a session's pages found; None when that is still to come."""
        with self.database.read() as connection:
            return pages.of(connection, self._generation(connection, id).gen)

    # recording

    def chunks(self, id: str, tab: int) -> list[ChunkRef]:
        """The chunks of a tab in order."""
        c = schema.chunks.c
        with self.database.read() as connection:
            gen = self._generation(connection, id).gen
            found = connection.execute(
                select(c.number, c.first, c.events, c.t0, c.t1, c.blob, c.size)
                .where(c.gen == gen, c.tab == tab)
                .order_by(c.number)
            ).all()
        return [
            ChunkRef(index=row[0], first=row[1], events=row[2], t0=row[3], t1=row[4], blob=row[5], size=row[6])
            for row in found
        ]

    def keyframes(self, id: str, tab: int) -> list[KeyframeRef]:
        """The keyframes of a tab in order."""
        c = schema.keyframes.c
        with self.database.read() as connection:
            gen = self._generation(connection, id).gen
            found = connection.execute(
                select(c.number, c.event, c.t, c.blob, c.nodes).where(c.gen == gen, c.tab == tab).order_by(c.number)
            ).all()
        return [KeyframeRef(index=row[0], event=row[1], t=row[2], blob=row[3], nodes=row[4]) for row in found]

    def blob(self, digest: str) -> bytes:
        """The content of a chunk or keyframe, checked. Raises StorageProblem when missing or damaged."""
        return self.blobs.read(digest)

    def activity(self, id: str) -> tuple[float, float, npt.NDArray[np.int64]]:
        """Start (epoch ms), bucket (ms) and events per bucket; no buckets when nothing was said."""
        c = schema.activity.c
        with self.database.read() as connection:
            gen = self._generation(connection, id).gen
            found = connection.execute(select(c.start, c.bucket, c.counts).where(c.gen == gen)).one_or_none()
        if found is None:
            return 0.0, 0.0, np.zeros(0, np.int64)
        return found[0], found[1], np.frombuffer(found[2], "<i8")

    def quiet(self, id: str) -> dict[int, trails.Quiet]:
        """Per tab when it was active first and last, and where it was quiet between; tabs nobody looked at are
        not in it."""
        return trails.read_quiet(self.database, self._gen(id))

    def put_quiet(self, id: str, tab: int, held: trails.Quiet) -> None:
        """Remember what was worked out for a tab of a session that was stored without it."""
        trails.put_quiet(self.database, self._gen(id), tab, held)

    def thumbnails(self, id: str) -> list[tuple[int, float]]:
        """Tab and instant (epoch ms) of every small picture of a session, in order."""
        return trails.list_thumbnails(self.database, self._gen(id))

    def thumbnail(self, id: str, tab: int, t: float) -> bytes | None:
        """The small picture (JPEG) of a tab at an instant of `thumbnails`."""
        return trails.read_thumbnail(self.database, self._gen(id), tab, t)

    def put_thumbnail(self, id: str, tab: int, t: float, data: bytes) -> None:
        """Keep a small picture; when all of them take too much room, those of other sessions go, oldest first."""
        trails.put_thumbnail(self.database, self._gen(id), tab, t, data)

    def _gen(self, id: str) -> int:
        with self.database.read() as connection:
            return self._generation(connection, id).gen

    # notes

    def notes(self, id: str) -> list[Note]:
        """The notes of a session, as `domain.session.in_order` has them."""
        c = schema.notes.c
        with self.database.read() as connection:
            gen = self._generation(connection, id).gen
            sid = select(_s.c.sid).where(_s.c.gen == gen).scalar_subquery()
            found = connection.execute(select(c.record).where(c.session == sid).order_by(c.t, c.id)).scalars().all()
        return in_order(_decode_note(record) for record in found)

    def note(self, id: str) -> Note | None:
        """The note of this id, of whatever session."""
        c = schema.notes.c
        with self.database.read() as connection:
            found: bytes | None = connection.execute(select(c.record).where(c.id == id)).scalar()
        return None if found is None else _decode_note(found)

    def put_note(self, note: Note) -> None:
        """Add a note, or replace the one of the same id. `note.session` is the session's full id."""
        self._check_writable()
        c = schema.notes.c
        with self.database.write() as connection:
            self._generation(connection, note.session, exact=True)
            connection.execute(delete(schema.notes).where(c.id == note.id))
            connection.execute(
                insert(schema.notes).values(
                    id=note.id, session=note.session, t=note.t, record=msgspec.json.encode(note)
                )
            )

    def remove_note(self, id: str) -> None:
        """Remove a note by its own id; nothing happens when it is not there."""
        self._check_writable()
        with self.database.write() as connection:
            connection.execute(delete(schema.notes).where(schema.notes.c.id == id))

    def _check_writable(self) -> None:
        if self.frozen:
            raise StorageProblem(self.frozen, "Import it first.")

    # settings

    def setting(self, key: str, default: Any = None) -> Any:
        """A small JSON value."""
        c = schema.settings.c
        with self.database.read() as connection:
            found: bytes | None = connection.execute(select(c.value).where(c.key == key)).scalar()
        return default if found is None else msgspec.json.decode(found)

    def put_setting(self, key: str, value: Any) -> None:
        """Store a small JSON value; None removes it."""
        c = schema.settings.c
        with self.database.write() as connection:
            connection.execute(delete(schema.settings).where(c.key == key))
            if value is not None:
                connection.execute(insert(schema.settings).values(key=key, value=msgspec.json.encode(value)))

    # writing

    def writer(self, id: str, origin: str) -> SessionWriter:
        """Start writing session `id`. An older copy stays as it is until the writer's `finish`.

        Raises StorageProblem when somebody else is importing the same id right now.
        """
        with problems.storage(self.home):
            tidy.recover(self)
            lease = FileLock(self.leases / uuid.uuid4().hex)
            lease.acquire()
        try:
            with self.database.write() as connection:
                others = connection.execute(
                    select(_s.c.lease, _s.c.visible).where(_s.c.sid == id, _s.c.dead == 0)
                ).all()
                if any(other.lease for other in others):
                    raise StorageProblem(
                        f"Session {id} is being imported by another process.", "Wait until it is done, or cancel it."
                    )
                gen = new_generation(connection, id, origin, lease.path.name)
        except BaseException:
            lease.release(remove=True)
            raise
        return SessionWriter(self, id, origin, gen, lease, replaces=bool(others))

    def _generation(self, connection: Connection, id: str, *, exact: bool = False) -> Generation:
        what = select(_s.c.gen, _s.c.revision, _s.c.state, _s.c.sid).where(_s.c.visible == 1)
        found = connection.execute(what.where(_s.c.sid == id)).all()
        if not found and not exact and id:
            end = id[:-1] + chr(ord(id[-1]) + 1)
            found = connection.execute(what.where(_s.c.sid >= id, _s.c.sid < end).limit(2)).all()
        if len(found) != 1:
            if found:
                raise NotFound(f"More than one session's id starts with {id}.", "Give more of the id.")
            raise NotFound(f"There is no session {id} in the library.", "`replay-viewer list` shows what is there.")
        return Generation(found[0].gen, found[0].revision, found[0].state == "ready")
