"""The OpenAPI 3.1 description of what the collector answers; tests hold it against the routes."""

from __future__ import annotations

from typing import Any

from replay_viewer import __version__
from replay_viewer.collector.openapi_ingest import ingest_paths
from replay_viewer.collector.openapi_maps import MAP_SCHEMAS, map_paths
from replay_viewer.collector.openapi_read import SCHEMAS, delete_session, read_paths

_NUMBER: dict[str, Any] = {"type": "number"}
_INTEGER: dict[str, Any] = {"type": "integer"}
_TEXT: dict[str, Any] = {"type": "string"}
_MAYBE_NUMBER: dict[str, Any] = {"type": ["number", "null"]}
_TEXTS: dict[str, Any] = {"type": "array", "items": _TEXT}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


_SESSION = _object(
    id=_TEXT,
    project=_TEXT,
    source={"type": "string", "enum": ["rrweb", "sentry", "posthog", "beacon"]},
    started=_MAYBE_NUMBER,
    ended=_MAYBE_NUMBER,
    duration=_NUMBER,
    received=_NUMBER,
    events=_INTEGER,
    errors=_INTEGER,
    segmentCount=_INTEGER,
    bytes=_INTEGER,
    user=_object(id=_TEXT, email=_TEXT, name=_TEXT, role=_TEXT),
    release=_TEXT,
    environment=_TEXT,
    userAgent=_TEXT,
    sdk=_TEXT,
    tabs=_TEXTS,
    urls=_TEXTS,
    live={"type": "boolean", "description": "Something of it came in the last two minutes."},
)
_SEGMENT = _object(
    n=_INTEGER,
    received=_NUMBER,
    tab=_TEXT,
    events=_INTEGER,
    first=_MAYBE_NUMBER,
    last=_MAYBE_NUMBER,
    bytes=_INTEGER,
    etag=_TEXT,
)
_WHOLE = _object(
    **_SESSION["properties"],
    marks={"$ref": "#/components/schemas/Marks"},
    segments={"type": "array", "items": {"$ref": "#/components/schemas/Segment"}},
)
_PROBLEM = _object(detail=_TEXT, causes=_TEXTS)
_CHECK = {"type": "object", "properties": {"status": _TEXT}, "required": ["status"]}
_HEALTH = _object(
    status={"type": "string", "enum": ["healthy", "degraded", "unhealthy"]},
    timestamp=_TEXT,
    version=_TEXT,
    checks=_object(database=_CHECK, auth=_CHECK, external_apis=_CHECK, storage=_CHECK),
    limits=_object(max_body=_INTEGER, rate=_INTEGER, quota=_INTEGER, counted=_TEXT),
    metrics=_object(uptime=_NUMBER, memory_usage=_NUMBER, response_time=_NUMBER),
)
_BATCH: dict[str, Any] = {
    "type": "object",
    "properties": {
        "sessionId": _TEXT,
        "tabId": _TEXT,
        "user": {"type": "object", "properties": {"id": _TEXT, "email": _TEXT, "name": _TEXT}},
        "release": _TEXT,
        "environment": _TEXT,
        "events": {"type": "array", "items": {"type": "object", "required": ["type", "timestamp"]}},
    },
    "required": ["events"],
}


def _parameter(name: str, where: str, schema: dict[str, Any], text: str) -> dict[str, Any]:
    return {"name": name, "in": where, "required": where == "path", "schema": schema, "description": text}


def _answer(text: str, schema: str = "", media: str = "application/json") -> dict[str, Any]:
    if not schema:
        return {"description": text}
    return {"description": text, "content": {media: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}}


def _page(item: str) -> dict[str, Any]:
    return _object(
        data={"type": "array", "items": {"$ref": f"#/components/schemas/{item}"}}, next={"type": ["string", "null"]}
    )


_ID = _parameter("id", "path", _TEXT, "The session's id.")
_REFUSED = {
    "400": _answer("A parameter is wrong.", "Problem"),
    "401": _answer("A token is missing, unknown or revoked.", "Problem"),
    "403": _answer("An open collector was asked by another name than this machine's.", "Problem"),
}
_WRITTEN = {
    "400": _answer("The body is broken.", "Problem"),
    "401": _answer("No project key.", "Problem"),
    "403": _answer("An unknown project key.", "Problem"),
    "413": _answer("The body is too large.", "Problem"),
    "503": _answer("It could not be stored; send it again.", "Problem"),
}


def document() -> dict[str, Any]:
    """The whole description as JSON values."""
    read: dict[str, Any] = {"security": [{"token": []}], "tags": ["read"]}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Replay Viewer collector",
            "version": __version__,
            "description": "Takes recordings from real SDKs, serves them to Replay Viewer. Times are epoch ms, UTC.",
        },
        "paths": {
            **ingest_paths(),
            **read_paths(),
            **map_paths(),
            "/api/replay/{session}/events": {
                "post": {
                    "tags": ["write"],
                    "summary": "Take a batch of rrweb events (plain or gzip; any content type). 200: it is on disk.",
                    "parameters": [
                        _parameter("session", "path", _TEXT, "The session's id: 1 to 128 of A-Z a-z 0-9 _ . : -"),
                        _parameter("key", "query", _TEXT, "Project key; or the header X-Replay-Key."),
                    ],
                    "requestBody": {"required": True, "content": {"*/*": {"schema": _BATCH}}},
                    "responses": {"200": _answer("Kept.", "Kept"), **_WRITTEN},
                }
            },
            "/api/{project}/envelope/": {
                "post": {
                    "tags": ["write"],
                    "summary": "Take a Sentry envelope. 200: it is on disk.",
                    "parameters": [
                        _parameter("project", "path", _TEXT, "Number of the project, as in the DSN."),
                        _parameter(
                            "sentry_key", "query", _TEXT, "Project key; or X-Sentry-Auth, Authorization, dsn."
                        ),
                    ],
                    "requestBody": {"required": True, "content": {"*/*": {"schema": {"type": "string"}}}},
                    "responses": {"200": _answer("Kept.", "Kept"), **_WRITTEN},
                }
            },
            "/api/v1/openapi.json": {"get": {"summary": "This.", "responses": {"200": _answer("The description.")}}},
            "/api/v1/sessions/{id}": {
                "get": {
                    **read,
                    "summary": "One session and its segments.",
                    "parameters": [_ID, _parameter("If-None-Match", "header", _TEXT, "ETag of an earlier answer.")],
                    "responses": {
                        "200": _answer("The session.", "WholeSession"),
                        "304": _answer("Nothing new."),
                        "404": _answer("Unknown or expired.", "Problem"),
                        **_REFUSED,
                    },
                },
                "delete": delete_session(),
            },
            "/api/v1/sessions/{id}/segments": {
                "get": {
                    **read,
                    "summary": "Segments of a session above a number; follows a session that is being recorded.",
                    "parameters": [
                        _ID,
                        _parameter("after", "query", _INTEGER, "Only segments above this number; -1."),
                        _parameter(
                            "wait",
                            "query",
                            _NUMBER,
                            "Seconds to wait for the next one, when there is none; 30 at most.",
                        ),
                    ],
                    "responses": {
                        "200": _answer("`next` is the next `after`; null when nothing more will come.", "Segments"),
                        "404": _answer("Unknown or expired.", "Problem"),
                        **_REFUSED,
                    },
                }
            },
            "/api/v1/sessions/{id}/segments/{n}": {
                "get": {
                    **read,
                    "summary": "One request body, byte for byte as received.",
                    "parameters": [
                        _ID,
                        _parameter("n", "path", _INTEGER, "From 0, in the order of arrival."),
                        _parameter("If-None-Match", "header", _TEXT, "ETag of an earlier answer."),
                    ],
                    "responses": {
                        "200": {
                            "description": "The bytes. X-Replay-Request is JSON: the `url` they were posted to, "
                            "`headers` (content-type, content-encoding, …) and `received`.",
                            "headers": {"ETag": {"schema": _TEXT}, "X-Replay-Request": {"schema": _TEXT}},
                            "content": {"application/octet-stream": {}},
                        },
                        "304": _answer("You have it."),
                        "404": _answer("No such segment.", "Problem"),
                        **_REFUSED,
                    },
                }
            },
            "/metrics": {
                "get": {
                    "tags": ["operation"],
                    "summary": "Prometheus' text form; for this machine, or with a token.",
                    "security": [{}, {"token": []}],
                    "responses": {
                        "200": {"description": "The metrics.", "content": {"text/plain": {}}},
                        "401": _answer("From elsewhere, a token is needed.", "Problem"),
                        "403": _answer("An open collector was asked by another name.", "Problem"),
                    },
                }
            },
            "/api/health": {
                "get": {
                    "tags": ["operation"],
                    "summary": "How the collector is, from real checks.",
                    "responses": {
                        "200": _answer("Healthy.", "Health"),
                        "503": _answer("Degraded or unhealthy.", "Health"),
                    },
                }
            },
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Session": _SESSION,
                "Segment": _SEGMENT,
                "Segments": _object(**_page("Segment")["properties"], live={"type": "boolean"}),
                "WholeSession": _WHOLE,
                "Sessions": _page("Session"),
                **SCHEMAS,
                **MAP_SCHEMAS,
                "Problem": _PROBLEM,
                "Health": _HEALTH,
                "Kept": {"type": "object", "properties": {"id": _TEXT}},
            },
        },
    }
