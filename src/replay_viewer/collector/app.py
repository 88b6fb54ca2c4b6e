"""Puts the collector together: database, blobs, store, routes."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from replay_viewer.collector.access import Access
from replay_viewer.collector.api import ReadApi
from replay_viewer.collector.arrivals import Arrivals
from replay_viewer.collector.audit import Audit
from replay_viewer.collector.blobs import FileBlobs
from replay_viewer.collector.database import default_url, leave, occupy, open_database
from replay_viewer.collector.erasing import Eraser
from replay_viewer.collector.facts import FactQueries
from replay_viewer.collector.guard import Guard
from replay_viewer.collector.health import Health
from replay_viewer.collector.http import problem
from replay_viewer.collector.incoming import Incoming
from replay_viewer.collector.ingest import Ingest
from replay_viewer.collector.keeper import Keeper
from replay_viewer.collector.kept import KeptItems
from replay_viewer.collector.limits import LimitSettings
from replay_viewer.collector.maps import MapApi, MapStore
from replay_viewer.collector.metrics import Metrics
from replay_viewer.collector.page import Pages
from replay_viewer.collector.queries import Queries
from replay_viewer.collector.redact import IngestRedaction
from replay_viewer.collector.store import Store
from replay_viewer.collector.triage import Triage
from replay_viewer.collector.views import Views
from replay_viewer.domain.errors import StorageProblem
from replay_viewer.library.locks import FileLock


class Collector:
    """One collector on one folder. `app` is the ASGI application; `close` finishes what was taken.

    `home`: folder of the bodies and, without `db`, of the database. `db`: an SQLAlchemy URL. `open`: no keys, no
    tokens; for loopback only, which whoever binds the address must see to. Raises StorageProblem, NewerVersion,
    BadInput.
    """

    def __init__(
        self,
        home: Path,
        *,
        db: str | None = None,
        open: bool = False,
        limits: LimitSettings | None = None,
        redaction: IngestRedaction | None = None,
    ) -> None:
        bodies = home / "bodies"
        try:
            blobs = self._blobs = FileBlobs(bodies)
            self._lock = FileLock(home / "collector.lock")
            alone = self._lock.acquire(wait=False)
        except OSError as error:
            raise StorageProblem(f"{home} cannot be used: {error.strerror}.", "Choose another folder.") from error
        # two would write into each other's bodies, and count limits apart
        if not alone:
            raise StorageProblem(f"Another collector works in {home}.", "Stop it, or choose another folder.")
        try:
            self._engine = open_database(db or default_url(home))
            self._held = occupy(self._engine)
        except BaseException:  # also when it is interrupted
            self._lock.release()
            raise
        self.access = Access(self._engine, open=open)
        self._arrivals = Arrivals()
        self._store = Store(self._engine, blobs, self._kept)
        metrics = self._metrics = Metrics(self._engine, lambda: self._arrivals.waiting, lambda: self._store.pending)
        queries = self._queries = Queries(self._engine, blobs)
        guard = Guard(self.access)
        facts = FactQueries(self._engine)
        self.audit = Audit(self._engine)
        views = Views(home / "views", queries)
        self.eraser = Eraser(self._engine, blobs, self.audit, views.forget)
        self.eraser.recover()
        source_maps = MapStore(self._engine, home, self.audit)
        source_maps.recover()
        triage = Triage(self._engine, self.audit)
        api = ReadApi(queries, facts, views, self.eraser, self.audit, triage, guard, self._arrivals)
        routes = [
            *Ingest(self._store, self.access, limits, redaction).routes(),
            *api.routes(),
            *KeptItems(self._engine, blobs, guard).routes(),
            *MapApi(source_maps, self.audit, guard).routes(),
            Health(self._engine, bodies, self.access, self._store, metrics, limits or LimitSettings()).route(),
            metrics.route(guard),
            *Pages(queries, facts, self.access, guard).routes(),
        ]
        self._starlette = Starlette(routes=routes, lifespan=self._lifespan, exception_handlers={404: _no_such_route})
        metrics.learn(routes)
        self.app: ASGIApp = metrics.around(self._starlette)
        self._keeper = Keeper(self.eraser.expire)

    def _kept(self, bodies: Sequence[Incoming]) -> None:
        self._metrics.kept(bodies)
        self._arrivals.tell(body.session for body in bodies if body.session)

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        yield
        self.close()

    @property
    def paths(self) -> set[tuple[str, str]]:
        """(method, path) of every route, for the test of the description."""
        found: set[tuple[str, str]] = set()
        for route in self._starlette.routes:
            methods: set[str] = getattr(route, "methods", None) or set()
            found |= {(method, getattr(route, "path", "")) for method in methods}
        return found

    @property
    def waiting(self) -> int:
        """Number of readers that wait for a session to grow."""
        return self._arrivals.waiting

    def live(self) -> list[str]:
        """Ids of the sessions that are being recorded, newest first, from their second event on."""
        found = self._queries.sessions(limit=50)["data"]
        return [one["id"] for one in found if one["live"] and one["events"] > 1]

    def stopping(self) -> None:
        """Let go of those who wait for something to happen, so that a stop need not wait for them. Any thread."""
        self._arrivals.stop()
        self._keeper.stop()

    def close(self) -> None:
        """Finish what was taken and let go of the database. Twice is once."""
        self._keeper.stop(wait=True)
        self._store.close()
        self._blobs.close()
        leave(self._held)
        self._held = None
        self._engine.dispose()
        self._lock.release()


async def _no_such_route(_request: Request, _error: Exception) -> Response:
    return problem(404, "The requested resource does not exist")
