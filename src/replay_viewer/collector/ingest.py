"""The endpoints SDKs post to: Sentry envelopes and rrweb batches. A 200 means that the body is on disk."""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import re
import time
from collections.abc import Awaitable, Callable
from urllib.parse import unquote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from replay_viewer.collector.access import Access
from replay_viewer.collector.http import CORS, Gone, TooLarge, problem, read_limited
from replay_viewer.collector.incoming import Incoming
from replay_viewer.collector.reading import KEPT_HEADERS, envelope_header, understand
from replay_viewer.collector.store import Store
from replay_viewer.domain.errors import StorageProblem, UserError
from replay_viewer.formats.base import TooLarge as Bomb

_log = logging.getLogger(__name__)
_SESSION = re.compile(r"[\w.:-]{1,128}", re.ASCII)
_PROJECT = re.compile(r"[0-9]{1,20}")
_AUTH_KEY = re.compile(r"sentry_key=([^,\s]+)")

_Handler = Callable[[Request], Awaitable[Response]]


class Ingest:
    """Routes that write. `store` keeps, `access` decides who may."""

    def __init__(self, store: Store, access: Access) -> None:
        self._store = store
        self._access = access

    def routes(self) -> list[Route]:
        """Both endpoints, with and without the last slash, and their preflights."""
        pairs: list[tuple[str, _Handler]] = [
            ("/api/replay/{session}/events", self._batch),
            ("/api/{project}/envelope", self._envelope),
        ]
        return [
            Route(path + slash, _guarded(handler), methods=["POST", "OPTIONS"])
            for path, handler in pairs
            for slash in ("", "/")
        ]

    async def _batch(self, request: Request) -> Response:
        session = request.path_params["session"]
        if not _SESSION.fullmatch(session):
            return problem(400, "invalid session id", "use 1 to 128 of A-Z a-z 0-9 _ . : -", ingest=True)
        key = request.query_params.get("key") or request.headers.get("x-replay-key", "")
        project = self._access.project_of(key)
        if project is None:
            status, detail = (403, "unknown project key") if key else (401, "missing project key")
            return problem(status, detail, ingest=True)
        body = await read_limited(request)
        if not body:
            return problem(400, "empty request body", ingest=True)
        await self._keep(request, project, body, session, "rrweb")
        return JSONResponse({"id": session}, headers=CORS)

    async def _envelope(self, request: Request) -> Response:
        project = request.path_params["project"]
        if not _PROJECT.fullmatch(project):
            return problem(400, "invalid project identifier", ingest=True)
        body = await read_limited(request)
        if not body:
            return problem(400, "empty request body", ingest=True)
        header = envelope_header(body, request.headers)
        keys = _sentry_keys(request)
        if not keys and isinstance(header.get("dsn"), str):
            keys = [_dsn_key(header["dsn"])]
        if len(keys) > 1:
            return problem(400, "multiple authorization payloads detected", ingest=True)
        if not keys or not keys[0]:
            return problem(401, "missing authorization information", ingest=True)
        if not self._access.may_write(project, keys[0]):
            return problem(403, "event submission rejected with_reason: ProjectId", ingest=True)
        await self._keep(request, project, body, "", "sentry")
        event_id = header.get("event_id")
        return JSONResponse({"id": event_id} if isinstance(event_id, str) else {}, headers=CORS)

    async def _keep(self, request: Request, project: str, body: bytes, session: str, source: str) -> None:
        """Understand the body, store it, wait until it is durable. Raises UserError."""
        url = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        received = time.time() * 1000.0
        try:
            incoming = await run_in_threadpool(
                understand, project, url, request.headers, body, received, session=session, source=source
            )
        except UserError:
            raise
        except Exception:
            # A bug of ours in reading must not cost a customer's data: keep the bytes, say so in the log.
            _log.exception("a body of %d bytes could not be summed up and was set aside", len(body))
            kept = {name: request.headers[name] for name in KEPT_HEADERS if name in request.headers}
            incoming = Incoming(project=project, url=url, headers=kept, body=body, received=received)
        if incoming.session and not _SESSION.fullmatch(incoming.session):
            incoming.session = ""
        await asyncio.wrap_future(self._store.put(incoming))


def _guarded(handler: _Handler) -> _Handler:
    """Preflights, and errors as the real service words them. What cannot be kept is 503: the SDK sends it again."""

    async def handle(request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=200, headers=CORS)
        try:
            return await handler(request)
        except TooLarge:
            return problem(413, "payload reached size limit", ingest=True)
        except Gone:
            return problem(400, "failed to read request body", ingest=True)
        except StorageProblem as error:
            _log.error("not kept: %s", error)
            return problem(503, "storage unavailable", error.message, headers={"Retry-After": "5"}, ingest=True)
        except UserError as error:
            if isinstance(error.__cause__, Bomb) or isinstance(error, Bomb):
                return problem(413, "payload reached size limit", error.message, ingest=True)
            return problem(400, "invalid event envelope", error.message, ingest=True)

    return handle


def _sentry_keys(request: Request) -> list[str]:
    """The public key of each place a Sentry SDK may put it: header, Authorization, query."""
    keys: list[str] = []
    if header := request.headers.get("x-sentry-auth", ""):
        keys += _AUTH_KEY.findall(header)[:1] or [""]
    authorization = request.headers.get("authorization", "")
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() == "sentry":
        keys += _AUTH_KEY.findall(rest)[:1] or [""]
    elif scheme.lower() == "basic":
        try:
            keys.append(base64.b64decode(rest, validate=True).decode().partition(":")[0])
        except (binascii.Error, UnicodeDecodeError):
            keys.append("")
    if key := request.query_params.get("sentry_key"):
        keys.append(key)
    return keys


def _dsn_key(dsn: str) -> str:
    """The public key of a DSN, as an envelope sent through a tunnel carries it."""
    try:
        return unquote(urlsplit(dsn).username or "")
    except ValueError:
        return ""
