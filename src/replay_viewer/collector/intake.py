"""What every endpoint that writes does with a body: take it in bounds, understand it, wait until it is durable."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from replay_viewer.collector.access import Access
from replay_viewer.collector.cors import preflight
from replay_viewer.collector.http import Gone, TooLarge, Undecodable, problem, read_limited, unbrotli
from replay_viewer.collector.incoming import Incoming
from replay_viewer.collector.limits import Limited, Limits
from replay_viewer.collector.reading import KEPT_HEADERS, understand
from replay_viewer.collector.redact import IngestRedaction
from replay_viewer.collector.store import Store
from replay_viewer.domain.errors import StorageProblem, UserError
from replay_viewer.formats.base import TooLarge as Bomb

_log = logging.getLogger(__name__)

SESSION = re.compile(r"[\w.:-]{1,128}", re.ASCII)

Handler = Callable[[Request], Awaitable[Response]]


class Received(msgspec.Struct):
    """A request's body with what is needed to read it again: its headers (lower case) and URL without host."""

    body: bytes
    headers: dict[str, str]
    url: str


class Intake:
    """Shared by the endpoints. `store` keeps, `access` decides who may, `limits` how much, `redaction` what goes."""

    def __init__(self, store: Store, access: Access, limits: Limits, redaction: IngestRedaction) -> None:
        self._store = store
        self.access = access
        self.limits = limits
        self._redaction = redaction

    async def receive(self, request: Request) -> Received:
        """The body, read to its end so that a refusal reaches the sender. Raises TooLarge, Gone, Undecodable."""
        body = await read_limited(request, self.limits.settings.max_body)
        headers = {name.lower(): value for name, value in request.headers.items()}
        if headers.get("content-encoding", "").strip().lower() == "br":
            body = await run_in_threadpool(unbrotli, body)
            del headers["content-encoding"]
        url = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return Received(body, headers, url)

    async def project_of(self, key: str) -> str | None:
        """The project a key writes to, None for an unknown one."""
        if self.access.open:
            return self.access.project_of(key)  # which asks no database
        return await run_in_threadpool(self.access.project_of, key)

    async def keep(self, project: str, key: str, got: Received, source: str, session: str = "") -> Incoming:
        """Count the body against the limits, understand it, store it, wait until it is durable.

        Raises Limited, UserError. A body that only confuses us is kept as it is: a bug of ours costs no data.
        """
        incoming = await run_in_threadpool(self._admitted, project, key, got, source, session)
        if incoming.session and not SESSION.fullmatch(incoming.session):
            incoming.session = ""
        await asyncio.wrap_future(self._store.put(incoming))
        self.limits.spend(project, len(incoming.body))
        return incoming

    def _admitted(self, project: str, key: str, got: Received, source: str, session: str) -> Incoming:
        self.limits.admit(project, key)
        return self._understood(project, got, source, session)

    def _understood(self, project: str, got: Received, source: str, session: str) -> Incoming:
        received = time.time() * 1000.0
        try:
            got = self._redaction.apply(project, got.body, got.headers, got.url, source, Received)
            return understand(project, got.url, got.headers, got.body, received, session=session, source=source)
        except UserError:
            raise
        except Exception:  # a fault of ours must not lose what a browser sent: kept as it came, and logged
            _log.exception("a body of %d bytes could not be summed up and was set aside", len(got.body))
            kept = {name: got.headers[name] for name in KEPT_HEADERS if name in got.headers}
            body = b"" if self._redaction.active(project) else got.body
            return Incoming(project=project, url=got.url, headers=kept, body=body, received=received)


def guarded(
    handler: Handler, cors: Callable[[Request], Mapping[str, str]], relay: Mapping[str, str] | None
) -> Handler:
    """Preflights, and errors as the real service words them. What cannot be kept is 503: the SDK sends it again.

    `cors` gives an answer's headers; `relay` are Relay's own for preflights, None for those that mirror the origin.
    """

    async def handle(request: Request) -> Response:
        if request.method == "OPTIONS":
            return preflight(request, dict(relay) if relay is not None else None)
        answer = await _answered(request)
        for name, value in cors(request).items():
            answer.headers[name] = value
        return answer

    async def _answered(request: Request) -> Response:
        try:
            return await handler(request)
        except TooLarge:
            return problem(413, "payload reached size limit", ingest=True)
        except Undecodable:
            return problem(400, "failed to decode request body", ingest=True)
        except Gone:
            return problem(400, "failed to read request body", ingest=True)
        except Limited as limit:
            detail = "event submission rejected due to rate limiting"
            return problem(429, detail, limit.reason, headers=limit.headers, ingest=True)
        except StorageProblem as error:
            _log.error("not kept: %s", error)
            return problem(503, "storage unavailable", error.message, headers={"Retry-After": "5"}, ingest=True)
        except UserError as error:
            if isinstance(error.__cause__, Bomb) or isinstance(error, Bomb):
                return problem(413, "payload reached size limit", error.message, ingest=True)
            return problem(400, "invalid event envelope", error.message, ingest=True)

    return handle
