"""Sentry and PostHog as their APIs are documented, small enough to say what each test is about.

Every answer has the shape of the vendors' schema; values are made up. `Scopes` decide what a token may ask.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.sources.server import answer

R = "4dc395e328494c49a7ea6335849a6fbe"
OTHER = "5dc395e328494c49a7ea6335849a6fbe"
E = "fea994d9bcef4aa3a99b800fcef60e56"
T = "3630f5a2b1c94e1f9d2f7a1f6c0c9d11"
S = "01a1fa95-02f8-7615-ad67-a981e306b742"
SENTRY_TOKEN = "sntryu_1f7a-secret"
POSTHOG_TOKEN = "phx_1f7a-secret"
ALL = frozenset({"org:read", "project:read", "event:read"})
#: 2026-11-20T20:10:40Z
WHEN = 1795205440_000.0


def dashed(id: str) -> str:
    return f"{id[:8]}-{id[8:12]}-{id[12:16]}-{id[16:20]}-{id[20:]}"


def event(**more: Any) -> dict[str, Any]:
    """An error event as the API answers it."""
    return {
        "id": E, "eventID": E, "groupID": "4711", "projectID": "7", "title": "TypeError: x", "platform": "javascript",
        "type": "error", "dateCreated": "2026-11-20T20:10:40Z", "tags": [], "contexts": {}, "entries": [], **more,
    }  # fmt: skip


def replay(id: str = R, **more: Any) -> dict[str, Any]:
    """A replay object."""
    return {
        "id": dashed(id), "project_id": "7", "count_segments": 1, "count_errors": 2, "duration": 76,
        "started_at": "2026-11-20T20:10:32.909921", "finished_at": "2026-11-20T20:11:48.0", "is_archived": None,
        "user": {"email": "ada@example.com", "id": "u-17"}, "urls": ["https://shop.test/checkout"],
        "browser": {"name": "Chrome", "version": "156.0"}, "error_ids": [dashed(E)], "trace_ids": [dashed(T)],
        "releases": ["web@1"], "tags": {}, "environment": "production", "sdk": {}, **more,
    }  # fmt: skip


class SentryDesk:
    """One organisation `acme`. `events`: of issue 4711, newest first; `stored`: replays that are still there."""

    def __init__(self, scopes: frozenset[str] = ALL) -> None:
        self.scopes = scopes
        self.events = [event(tags=[{"key": "replayId", "value": R}])]
        self.replays = [replay(), replay(OTHER, user={"email": "bea@example.com"}, count_errors=0)]
        self.stored: list[str] = [dashed(R)]
        self.asked: list[str] = []

    def reply(self, path: str, headers: dict[str, str], _n: int) -> bytes | None:
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        self.asked.append(parts.path)
        if headers.get("authorization") != f"Bearer {SENTRY_TOKEN}":
            return answer(401, b'{"detail":"Invalid token"}')
        own = "/api/0/organizations/acme/"
        if parts.path.startswith(own):
            return self._own(parts.path.removeprefix(own), query)
        if parts.path.startswith("/api/0/projects/acme/"):
            return self._project(parts.path.removeprefix("/api/0/projects/acme/"))
        return _missing()

    def _may(self, scope: str) -> bool:
        return scope in self.scopes

    def _own(self, path: str, query: dict[str, str]) -> bytes:
        event_paths = ("issues/", "shortids/")
        if not self._may("event:read" if path.startswith(event_paths) else "org:read"):
            return answer(403, b'{"detail":"You do not have permission to perform this action."}')
        if path == "replays/":
            return self._replays(query)
        if path.startswith("replays/"):
            found = [one for one in self.replays if one["id"].replace("-", "") == path.split("/")[1]]
            return _json({"data": found[0]}) if found else _missing()
        if path == "replay-count/":
            listed = self.stored if query.get("returnIds") == "true" else len(self.stored)
            return _json({"4711": listed})
        if path == "shortids/SHOP-1AB/":
            return _json({"groupId": "4711", "group": {}, "organizationSlug": "acme", "shortId": "SHOP-1AB"})
        if path == "issues/4711/events/":
            return _json(self.events)
        if path in (f"issues/4711/events/{E}/", "issues/4711/events/latest/"):
            return _json(self.events[0])
        if path == f"eventids/{E}/":
            return _json({"projectSlug": "shop", "groupId": "4711", "eventId": E, "event": self.events[0]})
        if path in ("issues/", "issues/4711/"):
            issue = {
                "id": "4711", "shortId": "SHOP-1AB", "title": "TypeError: x", "count": "150", "userCount": 12,
                "status": "unresolved", "level": "error", "project": {"slug": "shop"},
                "firstSeen": "2026-11-01T00:00:00Z", "lastSeen": "2026-11-20T20:10:40Z",
                "stats": {"24h": [[1541455200, 473], [1541458800, 914]]},
            }  # fmt: skip
            return _json([issue] if path == "issues/" else issue)
        if path == "projects/":
            return _json([{"slug": "shop", "id": "7"}])
        return _missing()

    def _replays(self, query: dict[str, str]) -> bytes:
        asked, found = query.get("query", ""), self.replays
        if "*" in asked:
            found = [one for one in found if asked.split("*")[1] in json.dumps(one)]
        elif asked.startswith("user.email:"):
            found = [one for one in found if one["user"]["email"] in asked]
        elif asked.startswith("id:["):
            found = [one for one in found if one["id"].replace("-", "") in asked]
        elif asked in (f"error_id:{E}", f"trace:{T}"):
            found = [one for one in found if E in {id.replace("-", "") for id in one["error_ids"]}][:1]
        elif asked:
            found = []
        size, start = int(query.get("per_page", "100")), int(query.get("cursor", "0:0:0").split(":")[1])
        more = "true" if start + size < len(found) else "false"
        link = (
            f'<http://x/?cursor=0:0:1>; rel="previous"; results="false"; cursor="0:0:1", '
            f'<http://x/?cursor=0:{start + size}:0>; rel="next"; results="{more}"; cursor="0:{start + size}:0"'
        )
        return answer(200, json.dumps({"data": found[start : start + size]}).encode(), Link=link)

    def _project(self, path: str) -> bytes:
        if not self._may("project:read"):
            return answer(403, b'{"detail":"You do not have permission to perform this action."}')
        if path in ("shop/events/", "7/events/"):
            return _json(self.events)
        return _json(self.events[0]) if path == f"shop/events/{E}/" else _missing()


class PostHogDesk:
    """Project 12. `rows`: what HogQL answers; `lacks`: scopes the key does not have."""

    def __init__(self, lacks: frozenset[str] = frozenset()) -> None:
        self.lacks = lacks
        self.rows: list[list[Any]] = [[S, "2026-11-20T20:10:40Z", "e1"]]
        self.queries: list[str] = []
        self.bodies: list[bytes] = []

    def reply(self, path: str, headers: dict[str, str], _n: int) -> bytes | None:
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/shared/abcDEF123_-45":
            data = json.dumps({"type": "scene", "recording": {"id": S, "viewed": False}, "accessToken": "abc"})
            escaped = data.replace('"', "\\u0022")
            return answer(200, f"<script>window.POSTHOG_EXPORTED_DATA = JSON.parse('{escaped}')</script>".encode())
        if parts.path == "/shared/only-an-insight":
            return answer(200, b"<script>window.POSTHOG_EXPORTED_DATA = {}</script>")
        if headers.get("authorization") != f"Bearer {POSTHOG_TOKEN}":
            body = (
                b'{"type":"authentication_error","code":"authentication_failed","detail":"Invalid key","attr":null}'
            )
            return answer(401, body)
        scope = (
            "query:read" if parts.path.endswith("/query/") else "person:read" if "/persons/" in parts.path
            else "error_tracking:read" if "/error_tracking/" in parts.path
            else "session_recording:read" if "/session_recordings/" in parts.path else "project:read"
        )  # fmt: skip
        if scope in self.lacks:
            detail = f"API key missing required scope '{scope}'"
            body = {"type": "authentication_error", "code": "permission_denied", "detail": detail, "attr": None}
            return answer(403, json.dumps(body).encode())
        if parts.path.endswith("/query/"):
            return _json({"columns": [], "results": self.rows, "hasMore": False})
        if parts.path == "/api/projects/12/session_recordings/":
            return self._recordings(query)
        if parts.path == f"/api/projects/12/session_recordings/{S}/":
            return _json(self._recording(S))
        if parts.path in (
            "/api/projects/12/",
            "/api/projects/12/persons/",
            "/api/projects/12/error_tracking/issues/",
        ):
            return _json({"results": []})
        return answer(404, b'{"type":"invalid_request","code":"not_found","detail":"Not found.","attr":null}')

    def _recordings(self, query: dict[str, str]) -> bytes:
        if "session_ids" in query:
            return _json({"results": [self._recording(id) for id in json.loads(query["session_ids"])]})
        start, size = int(query.get("offset", "0")), int(query["limit"])
        ids = [f"{S[:-2]}{n:02}" for n in range(3)][start : start + size]
        return _json({"results": [self._recording(id) for id in ids], "has_next": start + size < 3, "version": 4})

    def _recording(self, id: str) -> dict[str, Any]:
        return {
            "id": id, "distinct_id": "u-17", "recording_duration": 76, "start_time": "2026-11-20T20:10:32Z",
            "end_time": "2026-11-20T20:11:48Z", "console_error_count": 2, "start_url": "https://shop.test/checkout",
            "person": {"name": "ada@example.com", "properties": {"email": "ada@example.com"}},
            "snapshot_source": "web",
        }  # fmt: skip


def _json(value: Any) -> bytes:
    return answer(200, json.dumps(value).encode())


def _missing() -> bytes:
    return answer(404, b'{"detail":"The requested resource does not exist"}')
