"""The endpoints browser code posts to without an SDK's protocol: rrweb batches, vitals, actions, metrics, RUM, …

The project key stands in the URL (`?key=`), which is all `sendBeacon` can set, or in `X-Replay-Key`. A body names its
session by `sessionId`, the URL by `?session=`, a header by `X-Replay-Session`; else `linking` finds it.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from replay_viewer.collector.cors import RELAY, mirrored
from replay_viewer.collector.http import problem
from replay_viewer.collector.intake import SESSION, Handler, Intake, guarded
from replay_viewer.formats.beacons import READERS


class BrowserIngest:
    """Routes of the snippet and of plain browser code."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    def routes(self) -> list[Route]:
        """All of them, with and without the last slash, and their preflights."""
        batch = guarded(self._batch, lambda _request: RELAY, RELAY)
        beacon = guarded(self._beacon, mirrored, None)
        pairs: list[tuple[str, Handler]] = [("/api/replay/{session}/events", batch)]
        pairs += [(path, beacon) for path in READERS]
        return [
            Route(path + slash, handler, methods=["POST", "OPTIONS"])
            for path, handler in pairs
            for slash in ("", "/")
        ]

    async def _project(self, request: Request) -> tuple[str, str] | Response:
        """(project, key), or the refusal."""
        key = request.query_params.get("key") or request.headers.get("x-replay-key", "")
        project = await self._intake.project_of(key)
        if project is None:
            status, detail = (403, "unknown project key") if key else (401, "missing project key")
            return problem(status, detail, ingest=True)
        return project, key

    async def _batch(self, request: Request) -> Response:
        session = request.path_params["session"]
        if not SESSION.fullmatch(session):
            return problem(400, "invalid session id", "use 1 to 128 of A-Z a-z 0-9 _ . : -", ingest=True)
        found = await self._project(request)
        if isinstance(found, Response):
            return found
        got = await self._intake.receive(request)
        if not got.body:
            return problem(400, "empty request body", ingest=True)
        await self._intake.keep(*found, got, "rrweb", session)
        return JSONResponse({"id": session})

    async def _beacon(self, request: Request) -> Response:
        found = await self._project(request)
        if isinstance(found, Response):
            return found
        session = request.query_params.get("session") or request.headers.get("x-replay-session", "")
        if session and not SESSION.fullmatch(session):
            return problem(400, "invalid session id", "use 1 to 128 of A-Z a-z 0-9 _ . : -", ingest=True)
        got = await self._intake.receive(request)
        if not got.body:
            return problem(400, "empty request body", ingest=True)
        incoming = await self._intake.keep(*found, got, "beacon", session)
        return JSONResponse({"ok": True, "session": incoming.session or None})
