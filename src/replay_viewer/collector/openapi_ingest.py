"""OpenAPI description of the endpoints that write, beside rrweb batches and envelopes."""

from __future__ import annotations

from typing import Any

_TEXT: dict[str, Any] = {"type": "string"}
_NUMBER: dict[str, Any] = {"type": "number"}
_ANY: dict[str, Any] = {}
_OBJECT: dict[str, Any] = {"type": "object"}

#: Path → (what it takes, members of one object, those that must be there).
_BEACONS: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "/api/analytics/vitals": (
        "a Web Vital as web-vitals reports it",
        {"name": _TEXT, "value": _NUMBER, "id": _TEXT, "navigationType": _TEXT},
        ["name", "value"],
    ),
    "/api/analytics/actions": (
        "a tracked action",
        {"action": _TEXT, "duration": _NUMBER, "metadata": _OBJECT, "timestamp": _ANY},
        ["action"],
    ),
    "/api/metrics": (
        "a metric: name and value, or type (page_load, api_call, database_query) and data",
        {"name": _TEXT, "value": _NUMBER, "type": _TEXT, "data": _OBJECT, "timestamp": _ANY},
        [],
    ),
    "/api/rum/vitals": (
        "a Web Vital; CLS times 1000",
        {"metric": _TEXT, "value": _NUMBER, "id": _TEXT, "page": _TEXT, "timestamp": _ANY},
        ["metric", "value"],
    ),
    "/api/rum/events": (
        "a click, form_submit, javascript_error or unhandled_promise_rejection",
        {"type": _TEXT, "data": _OBJECT, "timestamp": _ANY, "sessionId": _TEXT},
        ["type"],
    ),
    "/api/security/events": (
        "a security event",
        {"event": _TEXT, "data": _OBJECT, "timestamp": _ANY, "severity": _TEXT},
        ["event"],
    ),
    "/api/alerts/send": (
        "an alert",
        {
            "metric": _TEXT,
            "value": _NUMBER,
            "threshold": _NUMBER,
            "severity": _TEXT,
            "timestamp": _ANY,
            "message": _TEXT,
            "channel": _TEXT,
        },
        ["metric"],
    ),
}

_POSTHOG = {
    "/e/": "events",
    "/i/v0/e/": "events",
    "/batch/": "events",
    "/capture/": "events",
    "/track/": "events",
    "/engage/": "what is known of a person",
    "/s/": "recordings",
    "/flags/": "the person; answers that there are no flags",
    "/decide/": "the person; answers flags and settings, as old SDKs ask for them",
}


def _query(name: str, text: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": _TEXT, "description": text}


def _path(name: str, text: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": _TEXT, "description": text}


def _says(text: str) -> dict[str, Any]:
    return {
        "description": text,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


_REFUSED = {
    "400": _says("The body is broken."),
    "401": _says("No project key."),
    "403": _says("An unknown project key."),
    "413": _says("The body is too large."),
    "429": _says("Too much was sent: `Retry-After` and `X-Sentry-Rate-Limits` say until when."),
    "503": _says("It could not be stored; send it again."),
}


def _post(
    summary: str, parameters: list[dict[str, Any]], schema: dict[str, Any], ok: str = "Kept."
) -> dict[str, Any]:
    return {
        "post": {
            "tags": ["write"],
            "summary": summary,
            "parameters": parameters,
            "requestBody": {"required": True, "content": {"*/*": {"schema": schema}}},
            "responses": {"200": {"description": ok, "content": {"application/json": {}}}, **_REFUSED},
        }
    }


def _get(summary: str, parameters: list[dict[str, Any]], media: str, *refusals: str) -> dict[str, Any]:
    responses: dict[str, Any] = {"200": {"description": "It.", "content": {media: {}}}}
    if "401" in refusals:
        responses["401"] = {"description": "An unknown token.", "content": {"application/json": {}}}
    if "404" in refusals:
        responses["404"] = _says("There is none.")
    return {"get": {"tags": ["write"], "summary": summary, "parameters": parameters, "responses": responses}}


def _items() -> dict[str, Any]:
    """What was kept apart, for reading."""
    refused = {
        "400": _says("A parameter is wrong."),
        "401": _says("A token is missing, unknown or revoked."),
        "403": _says("An open collector was asked by another name than this machine's."),
    }
    item = {
        "type": "object",
        "properties": {
            **{name: {"type": "integer"} for name in ("id", "bytes")},
            **dict.fromkeys(("session", "project", "type", "eventId", "filename", "contentType", "sdk"), _TEXT),
            "received": _NUMBER,
        },
    }
    page = {
        "type": "object",
        "required": ["data", "next", "counts"],
        "properties": {
            "data": {"type": "array", "items": item},
            "next": {"type": ["string", "null"]},
            "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
        },
    }
    known = {"description": "A page.", "content": {"application/json": {"schema": page}}}
    number = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    return {
        "/api/v1/items": {
            "get": {
                "security": [{"token": []}],
                "tags": ["read"],
                "summary": "Attachments, and items of no known kind, newest first; `counts` per type.",
                "parameters": [
                    _query("session", "Only of this session."),
                    _query("type", "Only of this type, such as attachment."),
                    _query("cursor", "`next` of the page before."),
                ],
                "responses": {"200": known, **refused},
            }
        },
        "/api/v1/items/{id}": {
            "get": {
                "security": [{"token": []}],
                "tags": ["read"],
                "summary": "The bytes of one, as sent.",
                "parameters": [number],
                "responses": {
                    "200": {"description": "They.", "content": {"application/octet-stream": {}}},
                    "404": _says("There is none."),
                    **refused,
                },
            }
        },
    }


def ingest_paths() -> dict[str, Any]:
    """The paths as OpenAPI path items."""
    keyed = [
        _query("key", "Project key; or the header X-Replay-Key."),
        _query("session", "The session it belongs to; or `sessionId` in the body, or X-Replay-Session."),
    ]
    paths: dict[str, Any] = {}
    for path, (what, members, required) in _BEACONS.items():
        one = {"type": "object", "properties": members, "required": required}
        schema = {"oneOf": [one, {"type": "array", "items": one}]}
        paths[path] = _post(f"Take {what}, or an array of them; any content type.", keyed, schema)
    for path, what in _POSTHOG.items():
        known = _query("token", "Project key, when the body does not have it.")
        paths[path] = _post(f"posthog-js: take {what} (plain, gzip or form).", [known], _ANY)
    project = _path("project", "Number of the project, as in the DSN.")
    key = _query("sentry_key", "Project key; or X-Sentry-Auth, Authorization.")
    paths["/api/{project}/store/"] = _post("Old Sentry SDKs: take one event.", [project, key], _OBJECT)
    paths["/api/{project}/security/"] = _post("Browsers: take a report of a broken CSP.", [project, key], _OBJECT)
    paths["/tunnel"] = _post("Take a Sentry envelope whose header has the DSN.", [key], _TEXT)
    token = _path("token", "Project key.")
    script = _path("script", "File of the SDK, such as posthog-recorder.js.")
    paths["/array/{token}/config"] = _get("posthog-js: its settings.", [token], "application/json", "401")
    paths["/array/{token}/config.js"] = _get("The same as a script.", [token], "text/javascript")
    paths["/static/{script}"] = _get("posthog-js: a script it loads on demand.", [script], "text/javascript", "404")
    version = _path("version", "Version that the page's SDK asks for.")
    paths["/static/{version}/{script}"] = _get(
        "The same, of the version we have.", [version, script], "text/javascript", "404"
    )
    session = _path("session", "The session's id.")
    paths["/project/{token}/replay/{session}"] = {
        "get": {
            "summary": "The address that posthog-js gives for a session: leads to its page.",
            "parameters": [token, session],
            "responses": {"302": {"description": "To /sessions/{session}."}},
        }
    }
    return paths | _items()
