"""The read API's part of the description: rows, errors, issues, vitals, facts, what an admin may."""

from __future__ import annotations

from typing import Any

_NUMBER: dict[str, Any] = {"type": "number"}
_INTEGER: dict[str, Any] = {"type": "integer"}
_TEXT: dict[str, Any] = {"type": "string"}
_USER: dict[str, Any] = {"type": "object", "properties": {"id": _TEXT, "email": _TEXT}, "required": ["id", "email"]}
_TAG: dict[str, Any] = {"type": "string", "pattern": r"^\\s*[\\w./+-]{1,40}\\s*$"}
_MAYBE: dict[str, Any] = {"type": ["string", "null"]}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _page(item: str) -> dict[str, Any]:
    return _object(data={"type": "array", "items": {"$ref": f"#/components/schemas/{item}"}}, next=_MAYBE)


_ISSUE = {
    "id": _TEXT,
    "project": _TEXT,
    "title": _TEXT,
    "level": _TEXT,
    "source": _TEXT,
    "first": _NUMBER,
    "last": _NUMBER,
    "events": _INTEGER,
    "sessions": _INTEGER,
    "users": _INTEGER,
    "lastSession": _TEXT,
}
SCHEMAS: dict[str, Any] = {
    "Error": _object(
        id=_INTEGER,
        eventId=_TEXT,
        issue=_TEXT,
        session=_TEXT,
        project=_TEXT,
        t=_NUMBER,
        title=_TEXT,
        level=_TEXT,
        source=_TEXT,
        url=_TEXT,
        release=_TEXT,
        environment=_TEXT,
        user=_USER,
        trace=_TEXT,
    ),
    "Errors": _page("Error"),
    "Issue": _object(**_ISSUE),
    "Issues": _page("Issue"),
    "WholeIssue": _object(
        **_ISSUE,
        days={"type": "array", "items": _object(day=_INTEGER, events=_INTEGER)},
        releases={"type": "object", "additionalProperties": _INTEGER},
    ),
    "Row": {
        "type": "object",
        "properties": {"n": _INTEGER, "type": _TEXT, "t": _NUMBER, "tab": _INTEGER, "event": _INTEGER},
        "required": ["n", "type", "t"],
        "description": "A normalised row; what else it has depends on its kind. Empty fields are left out.",
    },
    "Rows": _page("Row"),
    "Fact": _object(
        id=_INTEGER,
        kind=_TEXT,
        session=_TEXT,
        project=_TEXT,
        t=_NUMBER,
        received=_NUMBER,
        name=_TEXT,
        value={"type": ["number", "null"]},
        level=_TEXT,
        source=_TEXT,
        page=_TEXT,
        release=_TEXT,
        environment=_TEXT,
        user=_USER,
        eventId=_TEXT,
        trace=_TEXT,
        data={},
    ),
    "Facts": _page("Fact"),
    "Vital": _object(
        name=_TEXT,
        count=_INTEGER,
        p50=_NUMBER,
        p75=_NUMBER,
        p95=_NUMBER,
        rating=_TEXT,
        good=_INTEGER,
        poor=_INTEGER,
        **{"needs-improvement": _INTEGER},
    ),
    "Vitals": _page("Vital"),
    "AuditEntry": _object(id=_INTEGER, t=_NUMBER, actor=_TEXT, role=_TEXT, action=_TEXT, what=_TEXT, detail=_TEXT),
    "AuditEntries": _page("AuditEntry"),
    "Marks": _object(
        watched={"type": "number", "description": "When it was watched, 0 when not yet."},
        tags={"type": "array", "items": _TEXT},
        changed={"type": ["number", "null"]},
        by={"type": "string", "description": "Name of the token that changed them last."},
    ),
    "MarkChange": {
        "type": "object",
        "properties": {
            "watched": {"type": ["number", "null"], "minimum": 0},
            "add": {"type": "array", "items": _TAG},
            "remove": {"type": "array", "items": _TAG},
        },
        "additionalProperties": False,
        "description": "What is not named stays as it is.",
    },
    "Erased": _object(sessions=_INTEGER, rows=_INTEGER, bodies=_INTEGER),
}


def query(name: str, schema: dict[str, Any], text: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": text}


FILTERS = [
    query("q", _TEXT, "Words; all must occur (user, e-mail, release, page, error)."),
    query("project", _TEXT, "Only of this project."),
    query("user", _TEXT, "Only of the user with this id."),
    query("email", _TEXT, "Only of the user with this e-mail address."),
    query("release", _TEXT, "Only of this release."),
    query("environment", _TEXT, "Only of this environment."),
    query("from", _TEXT, "From this instant on: epoch ms or ISO time."),
    query("to", _TEXT, "Up to this instant."),
]
PAGING = [
    query("limit", {"type": "integer", "minimum": 1, "maximum": 200}, "Entries of a page; 50."),
    query("cursor", _TEXT, "`next` of the page before."),
]
_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "schema": _TEXT,
    "description": "ETag of an earlier answer.",
}
_ID = {"name": "id", "in": "path", "required": True, "schema": _TEXT}


def _problem(text: str) -> dict[str, Any]:
    return {
        "description": text,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def operation(summary: str, answer: str, *parameters: dict[str, Any], missing: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = {
        "200": {
            "description": "The answer.",
            "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{answer}"}}},
        },
        "304": {"description": "You have it."},
        "400": _problem("A parameter is wrong."),
        "401": _problem("A token is missing, unknown or revoked."),
        "403": _problem("The token's role does not do, or an open collector was asked by another machine's name."),
        "503": _problem("The database does not answer; ask again."),
    }
    if missing:
        found["404"] = _problem("Not there, or expired.")
    return {
        "security": [{"token": []}],
        "tags": ["read"],
        "summary": summary,
        "parameters": list(parameters),
        "responses": found,
    }


def read_paths() -> dict[str, Any]:
    """Paths to operations."""
    session, name = query("session", _TEXT, "Only of this session."), query("name", _TEXT, "Only of this name.")
    facts = {
        "metrics": "Metrics that pages sent, newest first.",
        "security-events": "Security events, newest first.",
        "alerts": "Alerts that pages raised, newest first.",
        "feedback": "What users wrote, newest first.",
        "vitals/values": "Single measurements of vitals, newest first.",
        "events": "Actions, logs, transactions and what else was sent, newest first.",
    }
    kind = query("kind", _TEXT, "action, rum, log, transaction, navigation, interaction or custom.")
    rows = {
        "name": "kind",
        "in": "path",
        "required": True,
        "schema": _TEXT,
        "description": "interactions, navigation, console, network, errors, vitals, state or custom.",
    }
    span = [one for one in FILTERS if one["name"] in ("q", "from", "to")]
    lists: dict[str, Any] = {
        f"/api/v1/{path}": {
            "get": operation(text, "Facts", session, name, *FILTERS, *PAGING, _MATCH, *([kind] * (path == "events")))
        }
        for path, text in facts.items()
    }
    admin = {"tags": ["admin"]}
    return lists | {
        "/api/v1/sessions": {
            "get": operation(
                "Sessions, newest first.",
                "Sessions",
                query("errors", {"type": "boolean"}, "Only with (true) or without (false) errors."),
                *FILTERS,
                *PAGING,
                _MATCH,
            )
        },
        "/api/v1/sessions/{id}/rows/{kind}": {
            "get": operation(
                "What the session did, in order of time. The first question about a session takes its import.",
                "Rows",
                _ID,
                rows,
                query("tab", _INTEGER, "Only of this tab."),
                *span,
                query("limit", {"type": "integer", "minimum": 1, "maximum": 1000}, "Entries of a page; 200."),
                PAGING[1],
                _MATCH,
                missing=True,
            )
        },
        "/api/v1/sessions/{id}/marks": {
            "get": operation(
                "What people marked the session with: watched, and tags.", "Marks", _ID, _MATCH, missing=True
            ),
            "post": _change_marks(),
        },
        "/api/v1/errors": {
            "get": operation(
                "Errors, newest first.",
                "Errors",
                session,
                query("issue", _TEXT, "Only of this issue."),
                *FILTERS,
                *PAGING,
                _MATCH,
            )
        },
        "/api/v1/issues": {
            "get": operation(
                "Errors in groups, the one seen last first, with users affected.", "Issues", *FILTERS, *PAGING, _MATCH
            )
        },
        "/api/v1/issues/{id}": {
            "get": operation("One issue, with its days (UTC) and releases.", "WholeIssue", _ID, _MATCH, missing=True)
        },
        "/api/v1/vitals": {
            "get": operation(
                "How each vital is distributed; rated by the 75th percentile.",
                "Vitals",
                query("page", _TEXT, "Only of this page."),
                *FILTERS,
                _MATCH,
            )
        },
        "/api/v1/users": {
            "delete": operation(
                "Delete everything of a user (role admin).",
                "Erased",
                query("user", _TEXT, "The user's id."),
                query("email", _TEXT, "The user's e-mail address."),
            )
            | admin
        },
        "/api/v1/audit": {
            "get": operation(
                "Who read, exported and deleted what, newest first (role admin).",
                "AuditEntries",
                query("action", _TEXT, "read, export, mark, delete, delete-user, expire, retention, token, key."),
                *span,
                *PAGING,
                _MATCH,
            )
            | admin
        },
    }


def _change_marks() -> dict[str, Any]:
    """The operation that changes a session's marks."""
    found = operation("Change some of its marks (role triager); what they are now.", "Marks", _ID, missing=True)
    del found["responses"]["304"]
    found["responses"] |= {
        "413": _problem("The change is too large."),
        "415": _problem("It was not sent as application/json."),
    }
    body = {"application/json": {"schema": {"$ref": "#/components/schemas/MarkChange"}}}
    return found | {"tags": ["triage"], "requestBody": {"required": True, "content": body}}


def delete_session() -> dict[str, Any]:
    """The operation that deletes a session."""
    return operation("Delete the session (role admin).", "Erased", _ID, missing=True) | {"tags": ["admin"]}
