"""The recorded answers of a session, served on loopback, so that a failing front end runs against them offline.

A request is matched by method, path and query, then by body; repeated ones are answered in recorded order, the last
answer staying. What was not recorded is 404, what has no body in the recording 501, both with a reason in JSON.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from replay_viewer.domain.rows import NetworkRequest

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
#: Headers that speak of the connection or of bytes that are not the ones sent here.
_LEFT_OUT = frozenset(("content-length", "content-encoding", "transfer-encoding", "connection", "keep-alive", "date"))
_BODILESS = (204, 205, 304)


class Answers:
    """Recorded requests by what is asked."""

    def __init__(self, requests: Sequence[NetworkRequest]) -> None:
        self._held: dict[tuple[str, str], list[NetworkRequest]] = defaultdict(list)
        self._given: dict[tuple[str, str, str | None], int] = defaultdict(int)
        for row in sorted(requests, key=lambda one: one.t):
            self._held[row.method, _target(row.url)].append(row)

    def next(self, method: str, target: str, body: str) -> NetworkRequest | None:
        """The next recorded answer to a request; None when it was not recorded."""
        rows = self._held.get((method, target), [])
        same = [row for row in rows if row.request_body.text == body] if body else []
        key = (method, target, body if same else None)
        chosen = same or rows
        if not chosen:
            return None
        number = self._given[key]
        self._given[key] += 1
        return chosen[min(number, len(chosen) - 1)]


def app(requests: Sequence[NetworkRequest], *, latency: bool = False) -> Starlette:
    """The server's application. `latency`: answers take as long as they took."""
    answers = Answers(requests)

    async def answer(request: Request) -> Response:
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        cors = _cors(request)
        if request.method == "OPTIONS" and "access-control-request-method" in request.headers:
            return Response(status_code=204, headers=cors)
        body = (await request.body()).decode("utf-8", "replace")
        row = answers.next(request.method, target, body)
        if row is None:
            problem = {"error": "not recorded", "method": request.method, "path": target}
            return JSONResponse(problem, 404, cors)
        if latency:
            await asyncio.sleep(min(60.0, max(0.0, row.end - row.t) / 1000.0))
        if row.status < 100:
            problem = {"error": "no answer was recorded", "reason": row.error or "the recording has no status"}
            return JSONResponse(problem, 501, cors)
        headers = {
            name: value for name, value in row.response_headers.items()
            if name.lower() not in _LEFT_OUT and not name.lower().startswith("access-control-")
        }  # fmt: skip
        text = row.response_body.text
        if text is None and row.status not in _BODILESS and row.method != "HEAD" and row.response_body.size != 0:
            reason = row.response_body.why or "the recording does not say why"
            return JSONResponse(
                {"error": "the body was not recorded", "reason": reason, "status": row.status}, 501, cors
            )
        return Response((text or "").encode(), row.status, {**headers, **cors})

    return Starlette(routes=[Route("/{path:path}", answer, methods=_METHODS)])


def _target(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _cors(request: Request) -> dict[str, str]:
    return {
        "Access-Control-Allow-Origin": request.headers.get("origin", "*"),
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Allow-Methods": ", ".join(_METHODS),
        "Access-Control-Allow-Headers": request.headers.get("access-control-request-headers", "*"),
        "Access-Control-Expose-Headers": "*",
        "Vary": "Origin",
    }
