"""The recorded answers of a session, served on loopback, so that a failing front end runs against them offline.

A request is matched by host, method, path and query, then by body; repeated ones are answered in recorded order, the
last answer staying. The host is the one of the Host header, or stands before the path (`/@api.shop.test/orders`);
where neither is a recorded one, the answers of all hosts count, those of the most used host before others. What was
not recorded is 404, what has no body in the recording 501, both with a reason in JSON.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
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
        self._held: dict[tuple[str, str, str], list[NetworkRequest]] = defaultdict(list)
        self._given: dict[tuple[str, str, str, str | None], int] = defaultdict(int)
        counts: Counter[str] = Counter()
        for row in sorted(requests, key=lambda one: one.t):
            host = _host(row.url)
            counts[host] += 1
            self._held[host, row.method, _target(row.url)].append(row)
        #: Host (with its port, as recorded) → number of requests, the most used first, those without a host last.
        self.hosts: dict[str, int] = dict(sorted(counts.items(), key=lambda pair: (not pair[0], -pair[1])))

    def next(self, method: str, target: str, body: str, host: str = "") -> NetworkRequest | None:
        """The next recorded answer to a request (to `host`, when that is a recorded one); None when there is none."""
        if target.startswith("/@"):
            named, slash, rest = target[2:].partition("/")
            if named.lower() in self.hosts:
                host, target = named.lower(), slash + rest or "/"
        of = host.lower() if host and host.lower() in self.hosts else next(
            (one for one in self.hosts if (one, method, target) in self._held), ""
        )  # fmt: skip
        rows = self._held.get((of, method, target), [])
        same = [row for row in rows if row.request_body.text == body] if body else []
        key = (of, method, target, body if same else None)
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
        row = answers.next(request.method, target, body, request.headers.get("host", ""))
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


def _host(url: str) -> str:
    """`api.shop.test:8443` of a URL, without the port its scheme has anyway; '' for none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.hostname or ''}{f':{port}' if port and port != usual else ''}"


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
