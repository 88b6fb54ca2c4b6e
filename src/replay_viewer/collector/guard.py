"""What every reading request passes: who asks, errors as answers, ETags of lists; and its query parameters."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from replay_viewer.collector.access import OPEN, Access, Reader, is_loopback
from replay_viewer.collector.http import problem
from replay_viewer.collector.paging import MAX_PAGE
from replay_viewer.domain.errors import BadInput, NotFound, StorageProblem

Handler = Callable[[Request, Reader], Awaitable[Response]]


class Guard:
    """Wraps handlers. `access` says who may."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def reader(self, request: Request) -> Reader | Response:
        """Who asks, or the answer that says why not. Blocks: for a thread.

        Without tokens, only a Host that names this machine is served: a page elsewhere must not get in by pointing
        its own name at 127.0.0.1.
        """
        if self._access.open:
            if is_loopback(request.headers.get("host", "")) and not through_proxy(request):
                return OPEN
            return problem(403, "An open collector answers on this machine only.")
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        challenge = {"WWW-Authenticate": "Bearer"}
        if scheme.lower() != "bearer" or not token:
            return problem(401, "This collector wants a personal token.", headers=challenge)
        reader = self._access.reader(token.strip())
        if reader is None:
            return problem(401, "The token is unknown or was revoked.", headers=challenge)
        return reader

    def refusal(self, request: Request) -> Response | None:
        """None when the request may read, else the answer that says why not."""
        found = self.reader(request)
        return found if isinstance(found, Response) else None

    def __call__(self, handler: Handler, role: str = "viewer") -> Callable[[Request], Awaitable[Response]]:
        """`handler`, for readers of at least `role`."""

        async def handle(request: Request) -> Response:
            try:
                reader = await run_in_threadpool(self.reader, request)
                if isinstance(reader, Response):
                    return reader
                if not reader.may(role):
                    return problem(403, f"This needs the role {role}; the token “{reader.name}” has {reader.role}.")
                return _conditional(request, await handler(request, reader))
            except NotFound as error:
                return problem(404, error.message, *([error.advice] if error.advice else []))
            except BadInput as error:
                return problem(400, str(error))
            except StorageProblem as error:
                return problem(503, error.message, headers={"Retry-After": "5"})

        return handle


def through_proxy(request: Request) -> bool:
    """Whether somebody passed the request on: then it need not come from this machine, whatever its address says."""
    return any(name in request.headers for name in ("x-forwarded-for", "forwarded", "x-real-ip", "via"))


def _conditional(request: Request, response: Response) -> Response:
    """An ETag for answers that have none of their own, and 304 when the asker has the same already."""
    if request.method != "GET" or response.status_code != 200 or "cache-control" in response.headers:
        return response
    if "etag" not in response.headers:
        response.headers["ETag"] = f'"{hashlib.sha256(response.body).hexdigest()[:32]}"'
        response.headers["Cache-Control"] = "private, no-cache"
    etag = response.headers["ETag"]
    return Response(status_code=304, headers={"ETag": etag}) if matches(request, etag) else response


def matches(request: Request, etag: str) -> bool:
    """Whether the asker has what `etag` names."""
    given = request.headers.get("if-none-match", "")
    return etag in (part.strip().removeprefix("W/") for part in given.split(","))


def limit_of(request: Request, most: int = MAX_PAGE, default: int = 50) -> int:
    """`limit` of a list. Raises BadInput."""
    text = request.query_params.get("limit", str(default))
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most):
        raise BadInput(f"`limit` is a number from 1 to {most}.")
    return int(text)


def whole(request: Request, name: str, default: int) -> int:
    """A whole number of the query. Raises BadInput."""
    text = request.query_params.get(name, "")
    if not text:
        return default
    if not re.fullmatch(r"-?[0-9]{1,9}", text):
        raise BadInput(f"`{name}` is a whole number.")
    return int(text)


def seconds(request: Request, name: str, most: float) -> float:
    """Seconds of the query, `most` at most, 0 without. Raises BadInput."""
    text = request.query_params.get(name, "0")
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text):
        raise BadInput(f"`{name}` is a number of seconds.")
    return min(float(text), most)
