"""HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/): the requests of a session, with what is missing said.

What was not recorded is -1 or empty, as the specification has it, and named in the `comment` of its object.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from replay_viewer import __version__
from replay_viewer.domain.rows import Body, NetworkRequest, SocketMessage
from replay_viewer.domain.time import iso
from replay_viewer.export.base import Exporter, File, Settings, opened_session
from replay_viewer.export.content import SessionContent

_TYPES = {"document": "document", "fetch": "fetch", "xhr": "xhr", "script": "script", "css": "stylesheet",
          "link": "stylesheet", "img": "image", "beacon": "ping", "websocket": "websocket", "font": "font",
          "media": "media"}  # fmt: skip
#: DevTools' words that mean the same without a stack; resource timing's (link, script) mean something else.
_INITIATORS = {"parser", "preload", "preflight", "other"}
_PHASES = {"blocked": "blocked", "dns": "dns", "connect": "connect", "ssl": "ssl"}


def write(content: object, settings: Settings) -> list[File]:
    """One file."""
    return [File("", msgspec.json.format(msgspec.json.encode(log(opened_session(content))), indent=1) + b"\n")]


def log(content: SessionContent) -> dict[str, Any]:
    """The `{"log": …}` of redacted content."""
    pages = [
        {
            "startedDateTime": iso(row.t),
            "id": f"page_{number}",
            "title": row.url,
            "pageTimings": {"onContentLoad": -1, "onLoad": -1, "comment": "not recorded"},
        }
        for number, row in enumerate(content.navigation, 1)
    ]
    removed = f" Redacted ({content.profile})." if content.profile != "none" else " Not redacted."
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "Replay Viewer", "version": __version__},
            "browser": {"name": content.session.browser or "unknown", "version": ""},
            "pages": pages,
            "entries": [_entry(row, content) for row in content.requests],
            "comment": "Made from a session recording, not from a proxy: only what the SDK recorded is here."
            + removed,
        }
    }


def _entry(row: NetworkRequest, content: SessionContent) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "startedDateTime": iso(row.t),
        "time": max(0.0, round(row.end - row.t, 3)),
        "request": _request(row),
        "response": _response(row),
        "cache": {},
        "timings": _timings(row),
        "_resourceType": _TYPES.get(row.kind, "other"),
    }
    # A document is asked for before its page begins, everything else after it.
    pages = [
        number for number, page in enumerate(content.navigation, 1)
        if page.tab in (row.tab, -1) and (page.t <= row.t or (row.kind == "document" and row.end <= page.t
                                                              and page.url == row.url))
    ]  # fmt: skip
    if pages:
        entry["pageref"] = f"page_{pages[-1]}"
    if row.stack or row.initiator in _INITIATORS:
        entry["_initiator"] = _initiator(row)
    if row.messages:
        entry["_webSocketMessages"] = [_message(one) for one in row.messages]
    if row.error:
        entry["comment"] = row.error
        entry["response"]["_error"] = row.error
    return entry


def _initiator(row: NetworkRequest) -> dict[str, Any]:
    """As DevTools has it: lines and columns from 0, the newest call first."""
    made: dict[str, Any] = {"type": row.initiator}
    calls = [
        {"functionName": one.function, "url": one.file, "lineNumber": max(0, one.line - 1),
         "columnNumber": max(0, one.column - 1)}
        for one in reversed(row.stack)
    ]  # fmt: skip
    return {**made, "stack": {"callFrames": calls}} if calls else made


def _message(one: SocketMessage) -> dict[str, Any]:
    """As DevTools has it: seconds, `opcode` 2 for binary with its data in base64."""
    if one.why.startswith("error: "):
        return {"type": "error", "time": one.t / 1000, "opcode": -1, "data": one.why.removeprefix("error: ")}
    way = "send" if one.sent else "receive"
    made = {"type": way, "time": one.t / 1000, "opcode": 2 if one.binary else 1, "data": one.text}
    return {**made, "comment": one.why} if one.why else made


def _request(row: NetworkRequest) -> dict[str, Any]:
    body = row.request_body
    made: dict[str, Any] = {
        "method": row.method,
        "url": row.url,
        "httpVersion": "unknown",
        "cookies": [],
        "headers": _headers(row.request_headers),
        "queryString": [
            {"name": name, "value": value}
            for name, value in parse_qsl(urlsplit(row.url).query, keep_blank_values=True)
        ],
        "headersSize": -1,
        "bodySize": body.size,
    }
    missing = []
    if body.text is not None:
        made["postData"] = {"mimeType": _mime(row.request_headers), "params": [], "text": body.text}
        if body.why:
            made["postData"]["comment"] = body.why
    elif body.why and body.why != "there was none":
        missing.append(f"body: {body.why}")
    if not row.request_headers:
        missing.append("headers: not recorded")
    if missing:
        made["comment"] = "; ".join(missing)
    return made


def _response(row: NetworkRequest) -> dict[str, Any]:
    body = row.response_body
    content: dict[str, Any] = {"size": max(row.content_size, body.size, 0), "mimeType": _mime(row.response_headers)}
    if body.text is not None:
        content["text"] = body.text
    if why := _why(body):
        content["comment"] = why
    status = max(row.status, 0)
    made = {
        "status": status,
        "statusText": _phrase(status),
        "httpVersion": "unknown",
        "cookies": [],
        "headers": _headers(row.response_headers),
        "content": content,
        "redirectURL": next((v for k, v in row.response_headers.items() if k.lower() == "location"), ""),
        "headersSize": -1,
        "bodySize": body.size,
        "_transferSize": row.size,
    }
    missing = [
        *(["status: not recorded"] if row.status < 0 else []),
        *(["headers: not recorded"] if not row.response_headers else []),
    ]
    if missing:
        made["comment"] = "; ".join(missing)
    return made


def _why(body: Body) -> str:
    return body.why or ("" if body.text is not None else "the recording does not say why")


def _headers(headers: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items()]


def _mime(headers: dict[str, str]) -> str:
    return next((value for name, value in headers.items() if name.lower() == "content-type"), "x-unknown")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _timings(row: NetworkRequest) -> dict[str, Any]:
    """`send`, `wait` and `receive` are required and not negative; together they fill the time of the entry."""
    whole = max(0.0, row.end - row.t)
    known: dict[str, Any] = {name: max(row.phases.get(phase, -1.0), -1.0) for name, phase in _PHASES.items()}
    # `ssl` is part of `connect`.
    before = sum(value for name, value in known.items() if name != "ssl" and value > 0)
    receive = max(0.0, row.phases.get("receive", 0.0))
    known.update(send=0.0, wait=round(max(0.0, whole - before - receive), 3), receive=receive)
    if "wait" not in row.phases:
        known["comment"] = "only start and end are recorded: what is not known otherwise counts as wait"
    return known


EXPORTER = Exporter(name="har", title="HAR", suffix=".har", media="application/json", render=write)
