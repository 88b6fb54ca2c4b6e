"""The page behind a session URL, for people who open it in a browser: what happened, and how to see it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from replay_viewer.collector.access import Access
from replay_viewer.collector.facts import FactQueries
from replay_viewer.collector.filters import Filters
from replay_viewer.collector.guard import Guard
from replay_viewer.collector.queries import Queries
from replay_viewer.domain.errors import NotFound
from replay_viewer.domain.links import AddressLink
from replay_viewer.domain.time import offset

_SAFE = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "no-store",
}

#: How long before what happened a session is opened, in ms.
_BEFORE = 3000.0


class Pages:
    """`/sessions/{id}` and, when open, a list at `/`."""

    def __init__(self, queries: Queries, facts: FactQueries, access: Access, guard: Guard) -> None:
        self._queries = queries
        self._facts = facts
        self._access = access
        self._guard = guard
        self._templates = Environment(
            loader=PackageLoader("replay_viewer.collector"), autoescape=select_autoescape(default=True)
        )
        self._templates.filters["when"] = _when

    def routes(self) -> list[Route]:
        """The pages' routes."""
        return [Route("/", self._list, methods=["GET"]), Route("/sessions/{id}", self._session, methods=["GET"])]

    def _page(self, name: str, status: int = 200, **values: Any) -> Response:
        return HTMLResponse(self._templates.get_template(name).render(**values), status_code=status, headers=_SAFE)

    async def _session(self, request: Request) -> Response:
        """Who may read sees the summary; everybody else only how to open the session in the application."""
        url = str(request.url)
        values: dict[str, Any] = {
            "id": request.path_params["id"],
            "open_url": str(AddressLink(url)),
            "url": url,
            "session": None,
            "errors": [],
        }
        if await run_in_threadpool(self._guard.refusal, request):
            return self._page("session.html", **values)
        try:
            session = await run_in_threadpool(self._queries.session, values["id"])
        except NotFound as error:
            return self._page("missing.html", 404, message=error.message, advice=error.advice)
        found = await run_in_threadpool(self._facts.errors, Filters(), 20, "", values["id"])
        said = await run_in_threadpool(self._facts.linked, ("feedback",), Filters(), 20, "", "", values["id"])
        more = {
            "session": session,
            "errors": [_placed(error, session, request) for error in reversed(found["data"])],
            "feedback": [_placed(one, session, request) for one in reversed(said["data"])],
            "length": offset(session["duration"]),
        }
        return self._page("session.html", **(values | more))

    async def _list(self, request: Request) -> Response:
        if not self._access.open or self._guard.refusal(request):
            return self._page("list.html", sessions=None)
        listed = await run_in_threadpool(self._queries.sessions)
        return self._page("list.html", sessions=listed["data"])


def _placed(row: dict[str, Any], session: dict[str, Any], request: Request) -> dict[str, Any]:
    """`row` with its time in the session, and the address that opens the application a little before it."""
    after = max(0.0, row["t"] - (session["started"] or row["t"]))
    moment = request.url.replace(query=f"t={max(0.0, after - _BEFORE) / 1000.0:.1f}", fragment="")
    return {**row, "at": offset(after), "open_url": str(AddressLink(str(moment)))}


def _when(ms: float | None) -> str:
    return (
        datetime.fromtimestamp(ms / 1000.0, UTC).strftime("%d %b %Y, %H:%M:%S UTC") if ms is not None else "unknown"
    )
