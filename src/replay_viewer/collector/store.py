"""Takes bodies in: appended, synced and committed before anybody is told that they are safe.

One writer thread gathers what came in meanwhile into a group: one sync of the files, one transaction of few
statements (`writing`), then all of the group is acknowledged. A row counts once it is committed, and a commit comes
after the sync, so `kill -9` at any point is harmless.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from replay_viewer.collector.blobs import Blobs
from replay_viewer.collector.database import writing
from replay_viewer.collector.incoming import Incoming
from replay_viewer.collector.moved import erase_moved
from replay_viewer.collector.schema import segments, sessions, strays
from replay_viewer.collector.writing import Writing
from replay_viewer.domain.errors import StorageProblem

_log = logging.getLogger(__name__)

_GROUP_BODIES = 256
_GROUP_BYTES = 32 << 20

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
        self._projects: set[str] = set()
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

    def _erase(self) -> None:
        """What became a session's is no longer anywhere else, so that deleting the session deletes all of it."""
        try:
            erase_moved(self._engine, self._blobs)
        except (StorageProblem, SQLAlchemyError) as error:  # all of it is kept; the next one or the next start erases
            _log.warning("a body that found its session could not be erased at its old place: %s", error)

    def _commit(self, group: list[_Job]) -> None:
        """Store a group; when the database refuses it, one by one, so that one body cannot fail its neighbours."""
        bodies = [body for body, _ in group]
        named = [body.session for body in bodies]
        try:
            with writing(self._engine) as connection:
                work = Writing(connection, self._blobs, self._projects)
                fresh = work.keep(bodies)
                self._blobs.sync()
        except Exception as error:  # whatever it is, it must fail its own request only, and never the writer
            self._blobs.forget()
            for body, session in zip(bodies, named, strict=True):
                body.session = session  # what it was linked to may have been in this transaction only
            if len(group) > 1:
                for job in group:
                    self._commit([job])
            elif isinstance(error, SQLAlchemyError):
                group[0][1].set_exception(StorageProblem("The database refused a body."))
            else:
                group[0][1].set_exception(error)
        else:
            self._projects |= {body.project for body in bodies}
            if work.moved:
                self._erase()
            for (_, future), new in zip(group, fresh, strict=True):
                future.set_result(new)
            if self._tell:
                self._tell(bodies)
