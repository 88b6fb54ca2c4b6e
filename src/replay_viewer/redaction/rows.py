"""Redaction of rows, notes and facts: which field of which row is a URL, a header, a body, a value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from replay_viewer.domain.rows import (
    Body,
    ConsoleEntry,
    CustomEvent,
    ErrorEvent,
    Frame,
    Interaction,
    Navigation,
    NetworkRequest,
    Raised,
    Row,
    SocketMessage,
    StateChange,
    Vital,
)
from replay_viewer.domain.session import Facts, Finding, Note, Session, Tab, User
from replay_viewer.redaction.fields import field_rule
from replay_viewer.redaction.strings import Strings
from replay_viewer.redaction.tree import json_value

_IDENTIFIERS = re.compile(r"[A-Za-z][\w-]*")
_QUOTED = re.compile(r"“([^”]{1,80})”|\"([^\"]{1,80})\"")


def headers(strings: Strings, values: Mapping[str, str], where: str) -> dict[str, str]:
    """Headers: by name, else by content."""
    result = {}
    for name, value in values.items():
        if name.lower() in ("authorization", "proxy-authorization", "www-authenticate"):
            on = "auth-header" in strings.active
            result[name] = strings.replace(value, "auth-header", "credential", where) if on else value
        elif name.lower() in ("cookie", "set-cookie"):
            on = "cookie" in strings.active
            result[name] = strings.replace(value, "cookie", "cookie", where) if on else value
        elif (field := strings.field(name)) is not None:
            result[name] = strings.replace(value, field[0], field[1], where)
        else:
            result[name] = strings.leaf(value, where)
    return result


def sensitive_input(row: Interaction) -> str | None:
    """The label word of the input an interaction speaks of, by its words and selector, else None."""
    for first, second in _QUOTED.findall(row.words):
        name = first or second
        found = field_rule(name) if not row.value.startswith(name.rstrip("…")) else None
        if found:
            return found[1]
    for name in _IDENTIFIERS.findall(row.selector):
        found = field_rule(name)
        if found:
            return found[1]
    return None


def row(strings: Strings, row: Row) -> Row:
    """A row of any kind, redacted."""
    if not strings.active:
        return row
    match row:
        case ConsoleEntry():
            return msgspec.structs.replace(
                row,
                message=strings.leaf(row.message, "console"),
                arguments=json_value(strings, row.arguments, "console"),
                stack=[_frame(strings, frame, "console") for frame in row.stack],
            )
        case NetworkRequest():
            return _request(strings, row)
        case ErrorEvent():
            return _error(strings, row)
        case StateChange():
            return _state(strings, row)
        case Navigation():
            return msgspec.structs.replace(
                row, url=strings.url(row.url, "page URL"), from_url=strings.url(row.from_url, "page URL")
            )
        case Interaction():
            return _interaction(strings, row)
        case Vital():
            return msgspec.structs.replace(
                row,
                page=strings.url(row.page, "page URL"),
                target=strings.text(row.target, "vitals"),
                detail=json_value(strings, row.detail, "vitals"),
            )
        case CustomEvent():
            named = strings.field(row.name)
            data = row.data
            if named and isinstance(data, str):
                data = strings.replace(data, named[0], named[1], "custom events")
            return msgspec.structs.replace(
                row, name=strings.text(row.name, "custom events"), data=json_value(strings, data, "custom events")
            )
    raise TypeError(f"no redaction for {type(row).__name__}")


def _frame(strings: Strings, frame: Frame, where: str) -> Frame:
    return msgspec.structs.replace(
        frame,
        function=strings.text(frame.function, where),
        file=strings.url(frame.file, where),
        debug_id=strings.text(frame.debug_id, where),
        context=[(line, strings.text(code, where)) for line, code in frame.context],
    )


def _body(strings: Strings, body: Body, where: str) -> Body:
    if body.text is None:
        return body
    return msgspec.structs.replace(body, text=strings.leaf(body.text, where), why=strings.text(body.why, where))


def _request(strings: Strings, row: NetworkRequest) -> NetworkRequest:
    return msgspec.structs.replace(
        row,
        url=strings.url(row.url, "request URL"),
        request_headers=headers(strings, row.request_headers, "request headers"),
        response_headers=headers(strings, row.response_headers, "response headers"),
        request_body=_body(strings, row.request_body, "request body"),
        response_body=_body(strings, row.response_body, "response body"),
        error=strings.text(row.error, "network"),
        initiator=strings.text(row.initiator, "network"),
        stack=[_frame(strings, frame, "network") for frame in row.stack],
        messages=[_message(strings, one) for one in row.messages],
    )


def _message(strings: Strings, one: SocketMessage) -> SocketMessage:
    """Text is redacted as a body is; nobody can tell what a binary message says, so it goes."""
    if one.binary and one.text:
        return msgspec.structs.replace(one, text="", why="removed: nobody can tell what binary data says")
    where = "WebSocket messages"
    return msgspec.structs.replace(one, text=strings.leaf(one.text, where), why=strings.text(one.why, where))


def _error(strings: Strings, row: ErrorEvent) -> ErrorEvent:
    exceptions: list[Raised] = [
        msgspec.structs.replace(
            raised,
            type=strings.text(raised.type, "errors"),
            value=strings.leaf(raised.value, "errors"),
            frames=[_frame(strings, frame, "errors") for frame in raised.frames],
        )
        for raised in row.exceptions
    ]
    return msgspec.structs.replace(
        row,
        title=strings.text(row.title, "errors"),
        exceptions=exceptions,
        url=strings.url(row.url, "page URL"),
        tags=json_value(strings, row.tags, "error tags"),
        contexts=json_value(strings, row.contexts, "error contexts"),
        breadcrumbs=json_value(strings, row.breadcrumbs, "breadcrumbs"),
    )


def _state(strings: Strings, row: StateChange) -> StateChange:
    payload: Any = row.payload
    # `auth/setPassword` with "S", "S3", "S3c": the action names the field, the payload is its value.
    named = strings.field(row.action.rpartition("/")[2])
    if named and isinstance(payload, str | int | float) and not isinstance(payload, bool):
        payload = strings.replace(str(payload), named[0], named[1], "state")
    return msgspec.structs.replace(
        row,
        action=strings.text(row.action, "state"),
        payload=json_value(strings, payload, "state"),
        state=json_value(strings, row.state, "state"),
        diff=json_value(strings, row.diff, "state"),
        meta=json_value(strings, row.meta, "state"),
    )


def _interaction(strings: Strings, row: Interaction) -> Interaction:
    words, value = row.words, row.value
    label = sensitive_input(row) if value else None
    if value and label and "typed" in strings.active and set(value) - set("*•· "):
        shown = strings.replace(value, "typed", label, "typed values")
        words = _QUOTED.sub(lambda match: f"“{shown}”" if _is_value(match, row.value) else match.group(), words)
        words = words.replace(value, shown) if len(value) > 1 else words
        value = shown
    return msgspec.structs.replace(
        row,
        words=strings.text(words, "interactions"),
        value=strings.leaf(value, "typed values"),
        selector=strings.text(row.selector, "interactions"),
    )


def _is_value(match: re.Match[str], value: str) -> bool:
    """Whether a quoted part of the words is the value, or as much of it as was shown."""
    part = (match.group(1) or match.group(2)).rstrip("…").strip()
    return bool(part) and " ".join(value.split()).startswith(part)


def note(strings: Strings, note: Note) -> Note:
    """A note: its text, and its author's address if it is one."""
    return msgspec.structs.replace(
        note, text=strings.text(note.text, "notes"), author=strings.text(note.author, "notes")
    )


def facts(strings: Strings, facts: Facts) -> Facts:
    """The facts of a session; the user becomes labels."""
    user = facts.user
    if "user" in strings.active:
        user = User(
            id=strings.replace(user.id, "user", "user", "session facts"),
            email=strings.replace(user.email, "user", "e-mail", "session facts"),
            name=strings.replace(user.name, "user", "name", "session facts"),
        )
    return msgspec.structs.replace(
        facts,
        user=user,
        url=strings.url(facts.url, "page URL"),
        title=strings.text(facts.title, "session facts"),
        tags=json_value(strings, facts.tags, "session facts"),
        extra=json_value(strings, facts.extra, "session facts"),
    )


def session(strings: Strings, session: Session) -> Session:
    """A session's record: facts, the titles and URLs of its tabs, where it came from, its findings."""
    tabs: list[Tab] = [
        msgspec.structs.replace(
            tab, title=strings.text(tab.title, "tab titles"), url=strings.url(tab.url, "page URL")
        )
        for tab in session.tabs
    ]
    health: list[Finding] = [
        msgspec.structs.replace(found, message=strings.text(found.message, "health")) for found in session.health
    ]
    return msgspec.structs.replace(
        session,
        facts=facts(strings, session.facts),
        tabs=tabs,
        origin=strings.leaf(session.origin, "session facts"),
        health=health,
    )
