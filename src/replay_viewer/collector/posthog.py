"""The endpoints posthog-js talks to once a site sets `api_host` to the collector: config, flags, events, recordings.

Shapes: PostHog/posthog-js `packages/browser/src` (remote-config, request-queue, rate-limiter) and PostHog/posthog
`rust/capture`. The project key is the token.
"""

from __future__ import annotations

import json
import re
import uuid
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from replay_viewer.collector.cors import mirrored
from replay_viewer.collector.http import problem
from replay_viewer.collector.intake import Handler, Intake, Received, guarded
from replay_viewer.collector.limits import Limited
from replay_viewer.collector.posthog_body import read
from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.resources import resource

_TOKEN = re.compile(r"[\w.-]{1,64}", re.ASCII)
_SCRIPT = re.compile(r"[\w.-]{1,80}\.js", re.ASCII)
_EVENTS = ("/e", "/i/v0/e", "/batch", "/capture", "/track", "/engage", "/s")


def remote_config(token: str) -> dict[str, Any]:
    """What a project's settings would say: everything this collector can show is on.

    Headers and bodies of requests are the site's decision (`session_recording: {recordHeaders, recordBody}`), and so
    is masking; nothing here overrides either.
    """
    return {
        "token": token,
        "supportedCompression": ["gzip", "gzip-js"],
        "hasFeatureFlags": False,
        "captureDeadClicks": True,
        "capturePerformance": {"network_timing": True, "web_vitals": True, "web_vitals_allowed_metrics": None},
        "autocapture_opt_out": False,
        "autocaptureExceptions": True,
        "analytics": {"endpoint": "/i/v0/e/"},
        "elementsChainAsString": True,
        "errorTracking": {"autocaptureExceptions": True, "suppressionRules": []},
        "sessionRecording": {
            "endpoint": "/s/",
            "consoleLogRecordingEnabled": True,
            "recorderVersion": "v2",
            "sampleRate": None,
            "minimumDurationMilliseconds": None,
            "linkedFlag": None,
            "networkPayloadCapture": {"recordHeaders": False, "recordBody": False},
            "masking": None,
            "urlTriggers": [],
            "urlBlocklist": [],
            "eventTriggers": [],
            "triggerMatchType": None,
            "scriptConfig": {"script": "posthog-recorder"},
        },
        "surveys": False,
        "heatmaps": False,
        "defaultIdentifiedOnly": True,
        "siteApps": [],
        "isAuthenticated": False,
        "toolbarParams": {},
    }


class PostHogIngest:
    """Routes of a PostHog project. `scripts`: folder of the built SDK's files, which pages load on demand."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._scripts = resource("demo", "dist", "static")

    def routes(self) -> list[Route]:
        """All of them, with and without the last slash, and their preflights."""
        written: list[tuple[str, Handler]] = [(path, self._take) for path in _EVENTS]
        written += [("/flags", self._flags), ("/decide", self._flags)]
        read: list[tuple[str, Handler]] = [
            ("/array/{token}/config", self._config),
            ("/array/{token}/config.js", self._config_script),
            ("/static/{script}", self._script),
            ("/static/{version}/{script}", self._script),
            ("/project/{token}/replay/{session}", self._replay),
        ]
        return [
            Route(path + slash, guarded(handler, mirrored, None), methods=["POST", "OPTIONS"])
            for path, handler in written
            for slash in ("", "/")
        ] + [Route(path, guarded(handler, mirrored, None), methods=["GET", "OPTIONS"]) for path, handler in read]

    async def _config(self, request: Request) -> Response:
        token = request.path_params["token"]
        if not _TOKEN.fullmatch(token) or await self._intake.project_of(token) is None:
            return _refused("Project API key invalid.", "invalid_api_key")
        return JSONResponse(remote_config(token), headers={"Cache-Control": "public, max-age=300"})

    async def _config_script(self, request: Request) -> Response:
        """The same as a script, which spares the SDK a request."""
        token = request.path_params["token"]
        if not _TOKEN.fullmatch(token) or await self._intake.project_of(token) is None:
            return Response("", media_type="text/javascript")
        settings = {"config": remote_config(token), "siteApps": []}
        script = (
            "(window._POSTHOG_REMOTE_CONFIG = window._POSTHOG_REMOTE_CONFIG || {})"
            f"[{json.dumps(token)}] = {json.dumps(settings)};\n"
        )
        return Response(script, media_type="text/javascript", headers={"Cache-Control": "public, max-age=300"})

    async def _script(self, request: Request) -> Response:
        """A file of the SDK we were built with, whatever version the page asks for: the recorder, autocapture, …"""
        name = request.path_params["script"]
        if not _SCRIPT.fullmatch(name) or not (self._scripts / name).is_file():
            return problem(404, "The requested resource does not exist")
        headers = {
            "Cache-Control": "public, max-age=3600",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "X-Content-Type-Options": "nosniff",
        }
        return FileResponse(self._scripts / name, media_type="text/javascript", headers=headers)

    async def _replay(self, request: Request) -> Response:
        """Where `posthog.get_session_replay_url()` leads: to the session's own page, at the same second."""
        session = quote(request.path_params["session"], safe="")
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/sessions/{session}{query}", status_code=302)

    async def _take(self, request: Request) -> Response:
        refusal = await self._kept(request)
        return refusal or JSONResponse({"status": "Ok"})

    async def _flags(self, request: Request) -> Response:
        """Flags are none of this collector's; what the request says of the person is kept."""
        if refusal := await self._kept(request):
            return refusal
        answer: dict[str, Any] = {
            "flags": {},
            "featureFlags": {},
            "featureFlagPayloads": {},
            "errorsWhileComputingFlags": False,
            "requestId": str(uuid.uuid4()),
        }
        if request.url.path.startswith("/decide") or request.query_params.get("config") == "true":
            answer = {**remote_config(""), **answer}
        return JSONResponse(answer)

    async def _kept(self, request: Request) -> Response | None:
        """Store the body, one copy per session it tells of; answers why not."""
        got = await self._intake.receive(request)
        if not got.body:
            return _refused("Empty body.", "empty_body", 400)
        try:
            found = await run_in_threadpool(read, got.body)
        except (BadInput, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return _refused("Failed to decode the body.", "invalid_payload", 400)
        token = found.token or request.query_params.get("token") or request.query_params.get("api_key") or ""
        if not token and not self._intake.access.open:
            return _refused("API key not provided.", "missing_api_key")
        project = await self._intake.project_of(token)
        if project is None:
            return _refused("Project API key invalid.", "invalid_api_key")
        try:
            for body, changed in found.bodies(got.body):
                headers = got.headers
                if changed:
                    headers = {name: value for name, value in headers.items() if name != "content-encoding"}
                await self._intake.keep(project, token, Received(body, headers, got.url), "posthog")
        except Limited:
            # The SDK drops what it is refused, and stops sending for a minute when it reads this.
            what = "recordings" if request.url.path.startswith("/s") else "events"
            return JSONResponse({"status": "Ok", "quota_limited": [what], "quotaLimited": [what]})
        return None


def _refused(detail: str, code: str, status: int = 401) -> Response:
    kind = "authentication_error" if status == 401 else "validation_error"
    return JSONResponse({"type": kind, "code": code, "detail": detail, "attr": None}, status_code=status)
