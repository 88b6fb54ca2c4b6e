"""The read API under /api/v1: what the `collector` source pulls from. Described by `openapi.py`."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from replay_viewer.collector.access import ROLES, Access, is_loopback
from replay_viewer.collector.arrivals import Arrivals
from replay_viewer.collector.http import problem
from replay_viewer.collector.openapi import document
from replay_viewer.collector.paging import MAX_PAGE
from replay_viewer.collector.queries import Queries
from replay_viewer.domain.errors import BadInput, NotFound, StorageProblem

#: Longest time a reader may wait for a session to grow, in seconds: below what proxies put up with.
MAX_WAIT = 30.0

_Handler = Callable[[Request], Awaitable[Response]]


class ReadApi:
    """Routes that read."""

    def __init__(self, queries: Queries, access: Access, arrivals: Arrivals) -> None:
        self._queries = queries
        self._access = access
        self._arrivals = arrivals

    def routes(self) -> list[Route]:
        """All routes under /api/v1. The description itself needs no token."""
        return [
            Route("/api/v1/openapi.json", _describe, methods=["GET"]),
            Route("/api/v1/sessions", self._guarded(self._sessions), methods=["GET"]),
            Route("/api/v1/sessions/{id}", self._guarded(self._session), methods=["GET"]),
            Route("/api/v1/sessions/{id}/segments", self._guarded(self._segments), methods=["GET"]),
            Route("/api/v1/sessions/{id}/segments/{n:int}", self._guarded(self._segment), methods=["GET"]),
            Route("/api/v1/errors", self._guarded(self._errors), methods=["GET"]),
        ]

    def refusal(self, request: Request) -> Response | None:
        """None when the request may read, else the answer that says why not.

        Without tokens, only a Host that names this machine is served: a page elsewhere must not get in by pointing
        its own name at 127.0.0.1.
        """
        if self._access.open:
            if is_loopback(request.headers.get("host", "")):
                return None
            return problem(403, "An open collector answers on this machine only.")
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        challenge = {"WWW-Authenticate": "Bearer"}
        if scheme.lower() != "bearer" or not token:
            return problem(401, "This collector wants a personal token.", headers=challenge)
        if self._access.role(token.strip()) not in ROLES:
            return problem(401, "The token is unknown or was revoked.", headers=challenge)
        return None

    def _guarded(self, handler: _Handler) -> _Handler:
        async def handle(request: Request) -> Response:
            if refusal := await run_in_threadpool(self.refusal, request):
                return refusal
            try:
                return await handler(request)
            except NotFound as error:
                return problem(404, error.message, *([error.advice] if error.advice else []))
            except BadInput as error:
                return problem(400, str(error))
            except StorageProblem as error:
                return problem(503, error.message, headers={"Retry-After": "5"})

        return handle

    async def _sessions(self, request: Request) -> Response:
        query = request.query_params
        return JSONResponse(
            await run_in_threadpool(
                self._queries.sessions, query.get("q", ""), _limit(request), query.get("cursor", "")
            )
        )

    async def _session(self, request: Request) -> Response:
        found = await run_in_threadpool(self._queries.session, request.path_params["id"])
        etag = f'"{found["segmentCount"]}-{found["received"]:.0f}"'
        if _matches(request, etag):
            return Response(status_code=304, headers={"ETag": etag})
        return JSONResponse(found, headers={"ETag": etag})

    async def _segments(self, request: Request) -> Response:
        """What there is above `after`; with `wait`, when there is nothing yet, as soon as there is something."""
        session, after = request.path_params["id"], _whole(request, "after", -1)
        until = time.monotonic() + _seconds(request, "wait", MAX_WAIT)
        with self._arrivals.listening(session) as listener:
            while True:
                found = await run_in_threadpool(self._queries.segments, session, after)
                left = until - time.monotonic()
                if found["data"] or not found["live"] or left <= 0 or not await listener.wait(left):
                    return JSONResponse(found, headers={"Cache-Control": "no-store"})

    async def _segment(self, request: Request) -> Response:
        session, n = request.path_params["id"], request.path_params["n"]
        if n >= 1 << 31:
            raise NotFound(f"Session {session} has no segment {n}.")
        known = await run_in_threadpool(self._queries.segment_etag, session, n)
        if known and _matches(request, f'"{known}"'):
            return Response(status_code=304, headers={"ETag": f'"{known}"'})
        about, body = await run_in_threadpool(self._queries.segment, session, n)
        headers = {
            "ETag": f'"{about["etag"]}"',
            # Anybody may have written the body: no browser shall take it for a page of ours.
            "X-Content-Type-Options": "nosniff",
            "Content-Disposition": f'attachment; filename="segment-{n}.bin"',
            "Cache-Control": "private, max-age=31536000, immutable",
            "X-Replay-Request": json.dumps({name: about[name] for name in ("url", "headers", "received")}),
        }
        return Response(body, media_type="application/octet-stream", headers=headers)

    async def _errors(self, request: Request) -> Response:
        query = request.query_params
        return JSONResponse(
            await run_in_threadpool(
                self._queries.errors,
                query.get("session", ""),
                query.get("q", ""),
                _limit(request),
                query.get("cursor", ""),
            )
        )


async def _describe(_request: Request) -> Response:
    return JSONResponse(document())


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", "50")
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAX_PAGE):
        raise BadInput(f"`limit` is a number from 1 to {MAX_PAGE}.")
    return int(text)


def _whole(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, "")
    if not text:
        return default
    if not re.fullmatch(r"-?[0-9]{1,9}", text):
        raise BadInput(f"`{name}` is a whole number.")
    return int(text)


def _seconds(request: Request, name: str, most: float) -> float:
    text = request.query_params.get(name, "0")
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text):
        raise BadInput(f"`{name}` is a number of seconds.")
    return min(float(text), most)


def _matches(request: Request, etag: str) -> bool:
    given = request.headers.get("if-none-match", "")
    return etag in (part.strip().removeprefix("W/") for part in given.split(","))
