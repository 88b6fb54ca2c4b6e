"""The endpoints Sentry's SDKs post to: envelopes, tunnels, the old store endpoint, browsers' CSP reports."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any
from urllib.parse import unquote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from replay_viewer.collector.cors import RELAY
from replay_viewer.collector.http import problem
from replay_viewer.collector.intake import Handler, Intake, Received, guarded
from replay_viewer.collector.reading import envelope_header

_PROJECT = re.compile(r"[0-9]{1,20}")
_AUTH_KEY = re.compile(r"sentry_key=([^,\s]+)")


class SentryIngest:
    """Routes of a DSN. Answers are Relay's."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    def routes(self) -> list[Route]:
        """All of them, with and without the last slash, and their preflights."""
        pairs: list[tuple[str, Handler]] = [
            ("/api/{project}/envelope", self._envelope),
            ("/api/{project}/store", self._envelope),
            ("/api/{project}/security", self._security),
            ("/tunnel", self._tunnel),
        ]
        return [
            Route(path + slash, guarded(handler, _cors, RELAY), methods=["POST", "OPTIONS"])
            for path, handler in pairs
            for slash in ("", "/")
        ]

    async def _envelope(self, request: Request) -> Response:
        return await self._take(request, request.path_params["project"])

    async def _tunnel(self, request: Request) -> Response:
        """An envelope whose header has the DSN: the SDK's option `tunnel`."""
        return await self._take(request, None)

    async def _security(self, request: Request) -> Response:
        return await self._take(request, request.path_params["project"], "beacon")

    async def _take(self, request: Request, project: str | None, source: str = "sentry") -> Response:
        if project is not None and not _PROJECT.fullmatch(project):
            return problem(400, "invalid project identifier", ingest=True)
        got = await self._intake.receive(request)
        if not got.body:
            return problem(400, "empty request body", ingest=True)
        header = await run_in_threadpool(envelope_header, got.body)
        dsn = header["dsn"] if isinstance(header.get("dsn"), str) else ""
        keys = _sentry_keys(request)
        if not keys and dsn:
            keys = [_dsn(dsn)[0]]
        if len(keys) > 1:
            return problem(400, "multiple authorization payloads detected", ingest=True)
        if not keys or not keys[0]:
            return problem(401, "missing authorization information", ingest=True)
        if project is None:
            project = _dsn(dsn)[1]
            if not _PROJECT.fullmatch(project):
                return problem(400, "invalid project identifier", "the envelope's header lacks a DSN", ingest=True)
            got = Received(got.body, got.headers, f"/api/{project}/envelope/")
        if not await run_in_threadpool(self._intake.access.may_write, project, keys[0]):
            return problem(403, "event submission rejected with_reason: ProjectId", ingest=True)
        await self._intake.keep(project, keys[0], got, source)
        return JSONResponse(_answer(header))


def _cors(_request: Request) -> dict[str, str]:
    return RELAY


def _answer(header: dict[str, Any]) -> dict[str, str]:
    event_id = header.get("event_id")
    return {"id": event_id} if isinstance(event_id, str) else {}


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
        except (binascii.Error, UnicodeDecodeError, ValueError):
            keys.append("")
    if key := request.query_params.get("sentry_key"):
        keys.append(key)
    return keys


def _dsn(dsn: str) -> tuple[str, str]:
    """(public key, project) of a DSN, as an envelope sent through a tunnel carries it; '' for what is not there."""
    try:
        parts = urlsplit(dsn)
        return unquote(parts.username or ""), parts.path.rstrip("/").rpartition("/")[2]
    except ValueError:
        return "", ""
