"""`GET /api/health` from real checks: a write to the database, a file in the blob folder, somebody who may read."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from replay_viewer import __version__
from replay_viewer.collector.access import Access
from replay_viewer.collector.limits import LimitSettings
from replay_viewer.collector.metrics import Metrics
from replay_viewer.collector.store import Store

_LOW_SPACE = 256 << 20


class Health:
    """The endpoint. `blobs`: folder of the bodies."""

    def __init__(
        self, engine: Engine, blobs: Path, access: Access, store: Store, metrics: Metrics, limits: LimitSettings
    ) -> None:
        self._engine = engine
        self._store = store
        self._blobs = blobs
        self._access = access
        self._metrics = metrics
        self._limits = limits
        self._started = time.monotonic()

    def route(self) -> Route:
        """`GET /api/health`: 200 when healthy, else 503."""
        return Route("/api/health", self._answer, methods=["GET"])

    async def _answer(self, _request: Request) -> Response:
        report = await run_in_threadpool(self.report)
        return JSONResponse(report, status_code=200 if report["status"] == "healthy" else 503)

    def report(self) -> dict[str, Any]:
        """The document of DESIGN section 11. A database or disk that refuses is unhealthy, the rest degraded."""
        checks = {
            "database": self._database(),
            "auth": self._auth(),
            "external_apis": {"status": "healthy", "configured": 0},
            "storage": self._storage(),
        }
        states = {check["status"] for check in checks.values()}
        worst = next(state for state in ("unhealthy", "degraded", "healthy") if state in states)
        return {
            "status": worst,
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "version": __version__,
            "checks": checks,
            "limits": self._limited(),
            "metrics": {
                "uptime": round(time.monotonic() - self._started, 3),
                "memory_usage": _resident(),
                "response_time": round(self._metrics.mean(), 3),
            },
        }

    def _limited(self) -> dict[str, Any]:
        """What is taken at most (0: any), and how that is counted."""
        return {
            "max_body": self._limits.max_body,
            "rate": self._limits.rate,
            "quota": self._limits.quota,
            "counted": "rate: in memory, anew after a restart; quota: by the bodies stored since midnight UTC",
        }

    def _database(self) -> dict[str, Any]:
        began = time.perf_counter()
        try:
            with self._engine.connect() as connection:
                # A write that is rolled back: a full or read-only disk shows here, not at the next body.
                connection.execute(text("UPDATE alembic_version SET version_num = version_num"))
                connection.rollback()
        except SQLAlchemyError as error:
            return {"status": "unhealthy", "error": type(error).__name__}
        return {"status": "healthy", "ms": round((time.perf_counter() - began) * 1000.0, 3)}

    def _auth(self) -> dict[str, Any]:
        if self._access.open:
            return {"status": "healthy", "mode": "open"}
        try:
            keys, tokens = self._access.counts()
        except SQLAlchemyError as error:
            return {"status": "unhealthy", "error": type(error).__name__}
        return {"status": "healthy" if keys and tokens else "degraded", "keys": keys, "tokens": tokens}

    def _storage(self) -> dict[str, Any]:
        try:
            with tempfile.TemporaryFile(dir=self._blobs) as file:
                file.write(b"ok")
            free = shutil.disk_usage(self._blobs).free
            if not self._store.alive:
                return {"status": "unhealthy", "error": "nothing is written any more"}
        except OSError as error:
            return {"status": "unhealthy", "error": error.strerror or type(error).__name__}
        return {"status": "healthy" if free > _LOW_SPACE else "degraded", "free": free}


def _resident() -> int:
    """Memory of this process in bytes: resident now on Linux, the peak elsewhere on POSIX, else 0."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
