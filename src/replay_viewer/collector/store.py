"""Takes bodies in: appended, synced and committed before anybody is told that they are safe.

One writer thread gathers what came in meanwhile into a group: one sync of the files, one transaction, then all of the
group is acknowledged. The order (bytes, sync, row, commit) makes `kill -9` at any point harmless.
"""

from __future__ import annotations

import hashlib
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import msgspec
from sqlalchemy import Connection, Engine, delete, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from replay_viewer.collector import linking
from replay_viewer.collector.blobs import Blobs
from replay_viewer.collector.incoming import Incoming, column_text
from replay_viewer.collector.keeping import keep_rows
from replay_viewer.collector.schema import projects, segments, sessions, strays
from replay_viewer.domain.errors import BadInput, StorageProblem
from replay_viewer.domain.session import Facts
from replay_viewer.formats.beacons import RECEIVED

_log = logging.getLogger(__name__)

_GROUP_BODIES = 256
_GROUP_BYTES = 32 << 20
_KEPT_URLS = 50
_KEPT_WORDS = 8000

_Job = tuple[Incoming, "Future[bool]"]


class Store:
    """The writing side. `put` may be called from any thread."""

    def __init__(
        self, engine: Engine, blobs: Blobs, tell: Callable[[Sequence[Incoming]], None] | None = None
    ) -> None:
        """`tell` is called from the writer's thread with the bodies of every group that has become durable."""
        self._tell = tell
        self._engine = engine
        self._blobs = blobs
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closed = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._write, name="collector-store", daemon=True)
        self._thread.start()

    def put(self, body: Incoming) -> Future[bool]:
        """Done when the body is durable; True when it is new, False when the same bytes were there already.

        The future raises StorageProblem when it could not be kept: then nobody may be told that it was.
        """
        future: Future[bool] = Future()
        with self._lock:
            if self._closed:
                future.set_exception(StorageProblem("The collector is stopping.", "Send it again."))
            else:
                self._jobs.put((body, future))
        return future

    def bytes_since(self, project: str, since: float) -> int:
        """Bytes of bodies that a project has sent since `since` (epoch ms). Raises StorageProblem."""
        of_sessions = (
            select(func.coalesce(func.sum(segments.c.bytes), 0))
            .join(sessions, sessions.c.id == segments.c.session)
            .where(sessions.c.project == project, sessions.c.received >= since, segments.c.received >= since)
        )
        of_none = select(func.coalesce(func.sum(strays.c.bytes), 0)).where(
            strays.c.project == project, strays.c.received >= since
        )
        try:
            with self._engine.connect() as connection:
                return int(connection.execute(of_sessions).scalar_one() + connection.execute(of_none).scalar_one())
        except SQLAlchemyError as error:
            raise StorageProblem("The database cannot be asked how much was sent.") from error

    @property
    def pending(self) -> int:
        """Number of bodies that wait for their turn."""
        return self._jobs.qsize()

    @property
    def alive(self) -> bool:
        """Whether anybody writes."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Finish what was put, then stop the writer."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._jobs.put(None)
        self._thread.join()

    def _write(self) -> None:
        stop = False
        while not stop:
            job = self._jobs.get()
            if job is None:
                return
            group = [job]
            size = len(job[0].body)
            while len(group) < _GROUP_BODIES and size < _GROUP_BYTES:
                try:
                    more = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    stop = True
                    break
                group.append(more)
                size += len(more[0].body)
            self._commit(group)

    def _erase(self, places: list[tuple[str, int, int]]) -> None:
        """What became a session's is no longer anywhere else, so that deleting the session deletes all of it."""
        try:
            for place in places:
                self._blobs.erase(*place)
        except StorageProblem as error:  # everything is kept; what is there twice goes with the stray bodies' file
            _log.warning("a body that found its session could not be erased at its old place: %s", error)

    def _commit(self, group: list[_Job]) -> None:
        """Store a group; when the database refuses it, one by one, so that one body cannot fail its neighbours."""
        for body, _ in group:
            body.moved = []
        try:
            with self._engine.begin() as connection:
                fresh = [_keep(connection, self._blobs, body) for body, _ in group]
                self._blobs.sync()
        except Exception as error:  # whatever it is, it must fail its own request only, and never the writer
            self._blobs.forget()
            if len(group) > 1:
                for job in group:
                    self._commit([job])
            elif isinstance(error, SQLAlchemyError):
                group[0][1].set_exception(StorageProblem("The database refused a body."))
            else:
                group[0][1].set_exception(error)
        else:
            for (_, future), new in zip(group, fresh, strict=True):
                future.set_result(new)
            self._erase([place for body, _ in group for place in body.moved])
            if self._tell:
                self._tell([body for body, _ in group])


def _keep(connection: Connection, blobs: Blobs, body: Incoming) -> bool:
    """Append one body and write its rows; False when these bytes were there before."""
    _ensure_project(connection, body)
    if not body.session:
        body.session = linking.find(connection, body)
    if not body.session:
        return _keep_stray(connection, blobs, body)
    fresh, visitor = _keep_segment(connection, blobs, body, _digest(body))
    if fresh:
        keep_rows(connection, blobs, body, "")
        for key in linking.claim(connection, body) + (linking.visitors(connection, body) if visitor else []):
            _adopt(connection, blobs, body, key)
    return fresh


def _digest(body: Incoming) -> str:
    """Tells bodies of a session apart: their SHA-256. Each beacon sent is another one, so its time goes with it."""
    digest = hashlib.sha256(body.body).hexdigest()
    received = body.headers.get(RECEIVED, "")
    return f"{digest[:40]}-{received[:20]}" if received else digest


def _keep_stray(connection: Connection, blobs: Blobs, body: Incoming) -> bool:
    digest = hashlib.sha256(f"{body.project}\n{_digest(body)}".encode()).hexdigest()
    if connection.execute(select(strays.c.id).where(strays.c.digest == digest)).first():
        return False
    key = linking.key(body)
    blob, offset = blobs.append("", body.body)
    connection.execute(
        insert(strays).values(
            project=body.project,
            received=body.received,
            url=column_text(body.url),
            headers=_json(body.headers),
            digest=digest,
            blob=blob,
            offset=offset,
            bytes=len(body.body),
            trace=key,
        )
    )
    keep_rows(connection, blobs, body, key)
    return True


def _keep_segment(connection: Connection, blobs: Blobs, body: Incoming, digest: str) -> tuple[bool, bool]:
    """(whether it is new, whether the session now says more of its visitor)."""
    known = select(segments.c.n).where(segments.c.session == body.session, segments.c.digest == digest)
    if connection.execute(known).first():
        return False, False
    n, visitor = _update_session(connection, body)
    blob, offset = blobs.append(body.session, body.body)
    connection.execute(
        insert(segments).values(
            session=body.session,
            n=n,
            received=body.received,
            url=column_text(body.url),
            headers=_json(body.headers),
            tab=column_text(body.tab),
            events=body.events,
            first=body.first,
            last=body.last,
            digest=digest,
            blob=blob,
            offset=offset,
            bytes=len(body.body),
        )
    )
    return True, visitor


def _adopt(connection: Connection, blobs: Blobs, body: Incoming, key: str) -> None:
    """Bodies and rows that waited under `key` become the session's."""
    for number in linking.waiting(connection, body, [key]):
        row = connection.execute(select(strays).where(strays.c.id == number)).mappings().one()
        late = Incoming(
            project=body.project,
            url=row["url"],
            headers=msgspec.json.decode(row["headers"]),
            body=blobs.read(row["blob"], row["offset"], row["bytes"]),
            received=row["received"],
            session=body.session,
        )
        _keep_segment(connection, blobs, late, _digest(late))
        connection.execute(delete(strays).where(strays.c.id == number))
        body.moved.append((row["blob"], row["offset"], row["bytes"]))
    if moved := linking.move_rows(connection, body.project, key, body.session):
        count = update(sessions).where(sessions.c.id == body.session)
        connection.execute(count.values(errors=sessions.c.errors + moved))


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _ensure_project(connection: Connection, body: Incoming) -> None:
    if not connection.execute(select(projects.c.id).where(projects.c.id == body.project)).first():
        connection.execute(
            insert(projects).values(id=body.project, name=f"Project {body.project}", created=body.received)
        )


def _update_session(connection: Connection, body: Incoming) -> tuple[int, bool]:
    """Create or extend the session's row with what this body says.

    Answers the body's number in the session, and whether more is known of the visitor: user, browser or site.
    Segments come in any order: instants are widened, and what a body says of the user or the release holds until a
    later one says something else.
    """
    old = (
        connection.execute(select(sessions).where(sessions.c.id == body.session).with_for_update()).mappings().first()
    )
    if old and old["project"] != body.project:
        raise BadInput("The session belongs to another project.")
    facts = body.facts
    tabs: list[str] = msgspec.json.decode(old["tabs"]) if old else []
    urls: list[str] = msgspec.json.decode(old["urls"]) if old else []
    if body.events and body.tab not in tabs:
        tabs.append(column_text(body.tab))
    for url in body.urls:
        if url and url not in urls and len(urls) < _KEPT_URLS:
            urls.append(column_text(url))
    said = {
        "user_id": facts.user.id,
        "user_email": facts.user.email,
        "user_name": facts.user.name,
        "user_role": facts.user.role,
        "release": facts.release,
        "environment": facts.environment,
        "user_agent": facts.user_agent,
        "sdk": facts.sdk,
    }
    values: dict[str, object] = {
        name: column_text(text) if text else (old[name] if old else "") for name, text in said.items()
    }
    first = [t for t in (old["started"] if old else None, body.first) if t is not None]
    last = [t for t in (old["ended"] if old else None, body.last) if t is not None]
    values |= {
        "started": min(first) if first else None,
        "ended": max(last) if last else None,
        "received": max(body.received, old["received"] if old else 0.0),
        "events": (old["events"] if old else 0) + body.events,
        "errors": (old["errors"] if old else 0) + len(body.errors),
        "segments": (old["segments"] if old else 0) + 1,
        "bytes": (old["bytes"] if old else 0) + len(body.body),
        "tabs": _json(tabs),
        "urls": _json(urls),
        "words": _words(old["words"] if old else body.session, facts, body),
    }
    if old:
        connection.execute(update(sessions).where(sessions.c.id == body.session).values(**values))
        told = ("user_id", "user_agent", "urls")
        return int(old["segments"]), any(values[name] != old[name] for name in told)
    values |= {"id": body.session, "project": body.project, "source": body.source, "created": body.received}
    connection.execute(insert(sessions).values(**values))
    return 0, True


def _words(old: str, facts: Facts, body: Incoming) -> str:
    """What the filter looks through, one text a line, nothing twice, bounded."""
    user = facts.user
    said = [user.id, user.email, user.name, facts.release, facts.environment, *body.urls]
    kept = dict.fromkeys(old.split("\n"))
    kept |= dict.fromkeys(column_text(text).lower() for text in (*said, *(row.title for row in body.errors)) if text)
    return "\n".join(kept)[:_KEPT_WORDS]
