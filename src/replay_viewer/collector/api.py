"""The read API under /api/v1: what the `collector` source pulls from. Described by `openapi.py`."""

from __future__ import annotations

import json
import time
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from replay_viewer.collector.access import Reader
from replay_viewer.collector.arrivals import Arrivals
from replay_viewer.collector.audit import Audit
from replay_viewer.collector.erasing import Eraser
from replay_viewer.collector.facts import FactQueries
from replay_viewer.collector.filters import instant, read_filters
from replay_viewer.collector.guard import Guard, Handler, limit_of, matches, seconds, whole
from replay_viewer.collector.http import problem
from replay_viewer.collector.openapi import document
from replay_viewer.collector.queries import Queries
from replay_viewer.collector.triage import Triage
from replay_viewer.collector.views import MAX_ROWS, Views
from replay_viewer.domain.errors import BadInput, NotFound

#: Longest time a reader may wait for a session to grow, in seconds: below what proxies put up with.
MAX_WAIT = 30.0

#: A body that changes marks is never larger (bytes).
_LARGEST_CHANGE = 16 << 10

#: Lists of facts: path to the kinds it holds.
FACTS = {
    "metrics": ("metric",),
    "security-events": ("security",),
    "alerts": ("alert",),
    "feedback": ("feedback",),
    "vitals/values": ("vital",),
    "events": ("action", "rum", "log", "transaction", "navigation", "interaction", "custom"),
}


class MarkChange(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be changed of a session's marks: `watched` (epoch ms, 0 not), tags to `add` and to `remove`."""

    watched: float | None = None
    add: list[str] = []
    remove: list[str] = []


class ReadApi:
    """Routes that read, and the few by which a triager marks and an admin deletes."""

    def __init__(
        self,
        queries: Queries,
        facts: FactQueries,
        views: Views,
        eraser: Eraser,
        audit: Audit,
        triage: Triage,
        guard: Guard,
        arrivals: Arrivals,
    ) -> None:
        self._queries = queries
        self._facts = facts
        self._views = views
        self._eraser = eraser
        self._audit = audit
        self._triage = triage
        self._guard = guard
        self._arrivals = arrivals

    def routes(self) -> list[Route]:
        """All routes under /api/v1. The description itself needs no token."""
        read: list[tuple[str, Handler]] = [
            ("sessions", self._sessions),
            ("sessions/{id}", self._session),
            ("sessions/{id}/segments", self._segments),
            ("sessions/{id}/segments/{n:int}", self._segment),
            ("sessions/{id}/rows/{kind}", self._rows),
            ("sessions/{id}/marks", self._marks),
            ("errors", self._errors),
            ("issues", self._issues),
            ("issues/{id}", self._issue),
            ("vitals", self._vitals),
            *((path, self._of_kinds(kinds)) for path, kinds in FACTS.items()),
        ]
        guard = self._guard
        return [
            Route("/api/v1/openapi.json", _describe, methods=["GET"]),
            *(Route(f"/api/v1/{path}", guard(handler), methods=["GET"]) for path, handler in read),
            Route("/api/v1/sessions/{id}/marks", guard(self._mark, "triager"), methods=["POST"]),
            Route("/api/v1/sessions/{id}", guard(self._delete_session, "admin"), methods=["DELETE"]),
            Route("/api/v1/users", guard(self._delete_user, "admin"), methods=["DELETE"]),
            Route("/api/v1/audit", guard(self._audit_log, "admin"), methods=["GET"]),
        ]

    async def _sessions(self, request: Request, _reader: Reader) -> Response:
        query = request.query_params
        found = await run_in_threadpool(
            self._queries.sessions, read_filters(query), limit_of(request), query.get("cursor", "")
        )
        return JSONResponse(found)

    async def _session(self, request: Request, reader: Reader) -> Response:
        found = await run_in_threadpool(self._queries.session, request.path_params["id"])
        found["marks"] = await run_in_threadpool(self._triage.of, found["id"])
        await run_in_threadpool(self._audit.visit, reader.name, reader.role, "read", found["id"])
        marked = found["marks"]["changed"] or 0.0
        etag = f'"{found["segmentCount"]}-{found["received"]:.0f}-{found["errors"]}-{found["live"]:d}-{marked:.0f}"'
        return JSONResponse(found, headers={"ETag": etag})

    async def _segments(self, request: Request, _reader: Reader) -> Response:
        """What there is above `after`; with `wait`, when there is nothing yet, as soon as there is something."""
        session, after = request.path_params["id"], whole(request, "after", -1)
        until = time.monotonic() + seconds(request, "wait", MAX_WAIT)
        with self._arrivals.listening(session) as listener:
            while True:
                found = await run_in_threadpool(self._queries.segments, session, after)
                left = until - time.monotonic()
                if found["data"] or not found["live"] or left <= 0 or not await listener.wait(left):
                    return JSONResponse(found, headers={"Cache-Control": "no-store"})

    async def _segment(self, request: Request, reader: Reader) -> Response:
        session, n = request.path_params["id"], request.path_params["n"]
        if n >= 1 << 31:
            raise NotFound(f"Session {session} has no segment {n}.")
        known = await run_in_threadpool(self._queries.segment_etag, session, n)
        if known and matches(request, f'"{known}"'):
            return Response(status_code=304, headers={"ETag": f'"{known}"'})
        about, body = await run_in_threadpool(self._queries.segment, session, n)
        await run_in_threadpool(self._audit.visit, reader.name, reader.role, "export", session)
        headers = {
            "ETag": f'"{about["etag"]}"',
            # Anybody may have written the body: no browser shall take it for a page of ours.
            "X-Content-Type-Options": "nosniff",
            "Content-Disposition": f'attachment; filename="segment-{n}.bin"',
            "Cache-Control": "private, max-age=31536000, immutable",
            "X-Replay-Request": json.dumps({name: about[name] for name in ("url", "headers", "received")}),
        }
        return Response(body, media_type="application/octet-stream", headers=headers)

    async def _rows(self, request: Request, reader: Reader) -> Response:
        query, session = request.query_params, request.path_params["id"]
        tab = whole(request, "tab", -2)
        found = await run_in_threadpool(
            self._views.rows,
            session,
            request.path_params["kind"],
            start=instant(query.get("from", ""), "from"),
            end=instant(query.get("to", ""), "to"),
            tab=None if tab == -2 else tab,
            q=query.get("q", ""),
            limit=limit_of(request, MAX_ROWS, 200),
            cursor=query.get("cursor", ""),
        )
        await run_in_threadpool(self._audit.visit, reader.name, reader.role, "read", session)
        return JSONResponse(found)

    async def _errors(self, request: Request, _reader: Reader) -> Response:
        query = request.query_params
        session, issue, limit = query.get("session", ""), query.get("issue", ""), limit_of(request)
        return JSONResponse(
            await run_in_threadpool(
                self._facts.errors, read_filters(query), limit, query.get("cursor", ""), session, issue
            )
        )

    async def _issues(self, request: Request, _reader: Reader) -> Response:
        query = request.query_params
        found = await run_in_threadpool(
            self._facts.issues, read_filters(query), limit_of(request), query.get("cursor", "")
        )
        return JSONResponse(found)

    async def _issue(self, request: Request, _reader: Reader) -> Response:
        return JSONResponse(await run_in_threadpool(self._facts.issue, request.path_params["id"]))

    async def _vitals(self, request: Request, _reader: Reader) -> Response:
        query = request.query_params
        return JSONResponse(await run_in_threadpool(self._facts.vitals, read_filters(query), query.get("page", "")))

    def _of_kinds(self, kinds: tuple[str, ...]) -> Handler:
        async def answer(request: Request, _reader: Reader) -> Response:
            query = request.query_params
            asked = query.get("kind", "")
            if asked and asked not in kinds:
                raise BadInput(f"`kind` is one of {', '.join(kinds)}.")
            found = await run_in_threadpool(
                self._facts.linked,
                (asked,) if asked else kinds,
                read_filters(query),
                limit_of(request),
                query.get("cursor", ""),
                query.get("name", ""),
                query.get("session", ""),
            )
            return JSONResponse(found)

        return answer

    async def _marks(self, request: Request, _reader: Reader) -> Response:
        return JSONResponse(await run_in_threadpool(self._triage.of, request.path_params["id"]))

    async def _mark(self, request: Request, reader: Reader) -> Response:
        # A page elsewhere can send other types unasked, also to an open collector on its visitor's machine.
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return problem(415, "Send JSON as application/json.")
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > _LARGEST_CHANGE:
                return problem(413, f"A change of marks is at most {_LARGEST_CHANGE} bytes.")
        try:
            change = msgspec.json.decode(body, type=MarkChange)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise BadInput(f"The change cannot be read: {error}.") from error
        made = await run_in_threadpool(
            self._triage.change,
            request.path_params["id"],
            reader,
            watched=change.watched,
            add=change.add,
            remove=change.remove,
        )
        return JSONResponse(made)

    async def _delete_session(self, request: Request, reader: Reader) -> Response:
        done = await run_in_threadpool(self._eraser.session, request.path_params["id"], reader.name, reader.role)
        return JSONResponse(_told(done))

    async def _delete_user(self, request: Request, reader: Reader) -> Response:
        query = request.query_params
        user, email = query.get("user", ""), query.get("email", "")
        return JSONResponse(
            _told(await run_in_threadpool(self._eraser.user, user, email, reader.name, reader.role)),
        )

    async def _audit_log(self, request: Request, _reader: Reader) -> Response:
        query = request.query_params
        found = await run_in_threadpool(
            self._audit.entries,
            read_filters(query),
            limit_of(request),
            query.get("cursor", ""),
            query.get("action", ""),
        )
        return JSONResponse(found)


def _told(done: Any) -> dict[str, int]:
    return {"sessions": done.sessions, "rows": done.rows, "bodies": done.bodies}


async def _describe(_request: Request) -> Response:
    return JSONResponse(document())
