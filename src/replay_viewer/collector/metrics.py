"""`GET /metrics` in Prometheus' text form, request ids, and one log line per request.

Labels hold routes, never paths: a path names a session. Query strings, where keys stand, are neither counted nor
logged.
"""

from __future__ import annotations

import contextvars
import logging
import re
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from sqlalchemy import Engine
from sqlalchemy.pool import QueuePool
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from replay_viewer.collector.access import is_loopback
from replay_viewer.collector.guard import Guard, through_proxy
from replay_viewer.collector.incoming import Incoming

#: The request that is being answered, for log lines.
request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")
access_log = logging.getLogger("replay_viewer.collector.access")
# A line per request only where somebody asked for them (`logs.logging_to`).
access_log.setLevel(logging.WARNING)

_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)
_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """Counts everything that passes `around`; one registry per collector."""

    def __init__(self, engine: Engine, waiting: Callable[[], int], pending: Callable[[], int]) -> None:
        registry = self._registry = CollectorRegistry()
        self._requests = Counter(
            "replay_viewer_http_requests", "Requests answered.", ("method", "route", "status"), registry=registry
        )
        self._seconds = Histogram(
            "replay_viewer_http_request_seconds",
            "Seconds until an answer began.",
            ("method", "route"),
            buckets=_BUCKETS,
            registry=registry,
        )
        self._errors = Counter("replay_viewer_http_errors", "Requests answered with 5xx.", registry=registry)
        self._running = Gauge("replay_viewer_http_requests_running", "Requests under way.", registry=registry)
        self._bodies = Counter("replay_viewer_ingest_bodies", "Bodies made durable.", registry=registry)
        self._bytes = Counter("replay_viewer_ingest_bytes", "Bytes of bodies made durable.", registry=registry)
        self._lag = Histogram(
            "replay_viewer_ingest_lag_seconds",
            "Seconds from a body's arrival until it is durable.",
            buckets=_BUCKETS,
            registry=registry,
        )
        Gauge("replay_viewer_ingest_waiting", "Bodies that wait to be stored.", registry=registry).set_function(
            pending
        )
        Gauge("replay_viewer_followers", "Readers that wait for a session to grow.", registry=registry).set_function(
            waiting
        )
        connections = Gauge("replay_viewer_database_connections", "Connections.", ("state",), registry=registry)
        pool = engine.pool
        if isinstance(pool, QueuePool):
            connections.labels("used").set_function(pool.checkedout)
            connections.labels("idle").set_function(pool.checkedin)
        ProcessCollector(registry=registry)
        self._last: deque[float] = deque(maxlen=512)
        self._paths: dict[Any, str] = {}

    def learn(self, routes: Iterable[BaseRoute]) -> None:
        """Name what answers: labels are the paths of these routes."""
        for route in routes:
            if isinstance(route, Route):
                self._paths.setdefault(route.endpoint, route.path)

    def mean(self) -> float:
        """Mean time until an answer began, of the last 512, in ms; 0 before the first."""
        return sum(self._last) / len(self._last) if self._last else 0.0

    def kept(self, bodies: Iterable[Incoming]) -> None:
        """These bodies are durable now."""
        now = time.time() * 1000.0
        for body in bodies:
            self._bodies.inc()
            self._bytes.inc(len(body.body))
            self._lag.observe(max(0.0, now - body.received) / 1000.0)

    def around(self, app: ASGIApp) -> ASGIApp:
        """`app`, counted and logged; every answer carries `X-Request-Id`."""

        async def measured(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            began, status, answered, size = time.perf_counter(), 500, 0.0, 0
            id = _request_id(scope)
            mark = request_id.set(id)

            async def answer(message: Message) -> None:
                nonlocal status, answered, size
                if message["type"] == "http.response.start":
                    status, answered = message["status"], time.perf_counter() - began
                    message["headers"] = [*message.get("headers", ()), (b"x-request-id", id.encode())]
                elif message["type"] == "http.response.body":
                    size += len(message.get("body", b""))
                await send(message)

            self._running.inc()
            try:
                await app(scope, receive, answer)
            finally:
                self._running.dec()
                self._count(scope, status, answered or time.perf_counter() - began)
                _log(scope, id, status, time.perf_counter() - began, size)
                request_id.reset(mark)

        return measured

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = self._paths.get(scope.get("endpoint"), "none")
        method = scope["method"] if scope["method"] in ("GET", "POST", "DELETE", "OPTIONS", "HEAD") else "other"
        self._last.append(seconds * 1000.0)
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)
        if status >= 500:
            self._errors.inc()

    def route(self, guard: Guard) -> Route:
        """`GET /metrics`: for this machine, and for whoever has a token."""

        async def answer(request: Request) -> Response:
            if not is_local(request) and (refusal := await run_in_threadpool(guard.refusal, request)):
                return refusal
            text = await run_in_threadpool(generate_latest, self._registry)
            return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})

        return Route("/metrics", answer, methods=["GET"])


def is_local(request: Request) -> bool:
    """Whether a request comes from this machine itself, not through a proxy on it or a name of somebody else's."""
    host = request.client.host if request.client else ""
    return is_loopback(host) and is_loopback(request.headers.get("host", "")) and not through_proxy(request)


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            text = value.decode("latin-1")
            return text if _ID.fullmatch(text) else uuid.uuid4().hex
    return uuid.uuid4().hex


def _log(scope: Scope, id: str, status: int, seconds: float, size: int) -> None:
    if not access_log.isEnabledFor(logging.INFO):
        return
    client = scope.get("client")
    about = {
        "request": id,
        "method": scope["method"],
        "path": scope["path"],
        "status": status,
        "ms": round(seconds * 1000.0, 1),
        "bytes": size,
        "client": client[0] if client else "",
    }
    access_log.info("%s %s %s", scope["method"], scope["path"], status, extra={"fields": about})
