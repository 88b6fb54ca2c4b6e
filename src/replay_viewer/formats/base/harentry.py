"""One entry of a HAR 1.2 archive (http://www.softwareishard.com/blog/har-12-spec/) as a request.

Shared by HAR files and Playwright's traces, which hold the same entries. Lenient, as real writers are: status 0, -1
for unknown, missing text, Playwright's `_sha1` instead of a body, `ssl` counted within `connect`.
"""

from __future__ import annotations

import base64
import binascii
import itertools
from collections.abc import Callable
from typing import Any

from replay_viewer.domain.rows import Body, Frame, NetworkRequest, SocketMessage
from replay_viewer.formats.base.values import mapping, moment, number, sequence, text

#: Names of web timing, as HAR has them, to ours.
_PHASES = {"blocked": "blocked", "dns": "dns", "connect": "connect", "ssl": "ssl", "send": "send", "wait": "wait",
           "receive": "receive"}  # fmt: skip
_KINDS = {"stylesheet": "css", "image": "img", "ping": "beacon", "document": "document", "fetch": "fetch",
          "xhr": "xhr", "script": "script", "font": "font", "websocket": "websocket", "media": "media"}  # fmt: skip
_TEXTUAL = ("json", "text", "xml", "javascript", "x-www-form-urlencoded", "graphql")
#: Longer bodies are cut: a table row is no place for a video.
_MAX_TEXT = 1 << 20
#: Of the messages of one WebSocket: how many are kept, how long each, and all of them together (characters).
_MAX_MESSAGES, _MAX_MESSAGE, _MAX_MESSAGES_TEXT = 20_000, 100_000, 4 << 20
_MAX_CALLS = 50

#: Gives the bytes of a body that lies beside the trace by its name; None when it is not there.
Beside = Callable[[str], bytes | None]


def request_of(entry: dict[str, Any], t: float, beside: Beside = lambda _name: None) -> NetworkRequest:
    """The request an entry tells of; `t` epoch ms of its start."""
    request, response = mapping(entry.get("request")), mapping(entry.get("response"))
    timings = mapping(entry.get("timings"))
    phases = {ours: float(ms) for name, ours in _PHASES.items() if (ms := _number(timings.get(name))) > 0}
    spent = _number(entry.get("time"))
    if spent < 0:
        spent = sum(ms for name, ms in phases.items() if name != "ssl")
    status = response.get("status")
    error = text(response.get("_error")) or text(response.get("_failureText")) or text(entry.get("_error"))
    code = int(status) if isinstance(status, int | float) and 0 <= status < 1000 else -1
    content = mapping(response.get("content"))
    messages = _messages(entry)
    initiator = mapping(entry.get("_initiator"))
    return NetworkRequest(
        t=t,
        end=max([t + max(0.0, spent), *(one.t for one in messages[-1:])]),
        method=text(request.get("method")).upper() or "GET",
        url=text(request.get("url")),
        status=0 if error and code <= 0 else code,
        kind="websocket" if messages else _kind(entry, text(content.get("mimeType"))),
        size=_size(response, content),
        content_size=int(_number(content.get("size"))),
        request_headers=_headers(request),
        response_headers=_headers(response),
        request_body=_body(mapping(request.get("postData")), _number(request.get("bodySize")), beside),
        response_body=_body(content, _number(content.get("size")), beside),
        phases=phases,
        error=error,
        initiator=text(initiator.get("type")),
        stack=_calls(initiator),
        messages=messages,
    )


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else -1.0


def _messages(entry: dict[str, Any]) -> list[SocketMessage]:
    """Messages of a WebSocket in order of time, as Chrome exports them: `opcode` 2 is binary, its data base64."""
    made: list[SocketMessage] = []
    room = _MAX_MESSAGES_TEXT
    for message in itertools.islice(map(mapping, sequence(entry.get("_webSocketMessages"))), _MAX_MESSAGES):
        t = moment(message.get("time"))
        if not t:
            continue
        data, way, binary = text(message.get("data")), text(message.get("type")), message.get("opcode") == 2
        if way == "error":
            made.append(SocketMessage(t=t, why=f"error: {data[:500]}"))
            continue
        size = len(data.rstrip("=")) * 3 // 4 if binary else len(data.encode("utf-8", "surrogatepass"))
        most = max(0, min(_MAX_MESSAGE, room))
        most -= most % 4 if binary else 0  # whole groups of base64
        why = "" if len(data) <= most else "cut: too long" if most else "left out: too much of it"
        room -= min(len(data), most)
        made.append(
            SocketMessage(t=t, sent=way in ("send", "sent"), text=data[:most], size=size, binary=binary, why=why)
        )
    return sorted(made, key=lambda one: one.t)


def _calls(initiator: dict[str, Any]) -> list[Frame]:
    """Who asked, oldest call first; DevTools has the newest first, counts from 0, and links what was awaited."""
    found: list[Frame] = []
    stack = mapping(initiator.get("stack"))
    while stack and len(found) < _MAX_CALLS:
        for call in map(mapping, sequence(stack.get("callFrames"))):
            found.append(
                Frame(
                    function=text(call.get("functionName")), file=text(call.get("url")),
                    line=number(call.get("lineNumber")) + 1, column=number(call.get("columnNumber")) + 1,
                )
            )  # fmt: skip
        stack = mapping(stack.get("parent"))
    if not found and (url := text(initiator.get("url"))):
        line = initiator.get("lineNumber")
        found = [Frame(file=url, line=number(line) + 1 if line is not None else 0)]
    return found[_MAX_CALLS - 1 :: -1] if len(found) >= _MAX_CALLS else found[::-1]


def _size(response: dict[str, Any], content: dict[str, Any]) -> int:
    for value in (response.get("_transferSize"), response.get("bodySize"), content.get("size")):
        if (size := _number(value)) >= 0:
            return int(size)
    return -1


def _kind(entry: dict[str, Any], mime: str) -> str:
    if known := _KINDS.get(text(entry.get("_resourceType")).lower()):
        return known
    for part, kind in (("html", "document"), ("css", "css"), ("javascript", "script"), ("image/", "img"),
                       ("font", "font"), ("json", "fetch")):  # fmt: skip
        if part in mime:
            return kind
    return "other"


def _headers(side: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for header in map(mapping, sequence(side.get("headers"))):
        name, value = text(header.get("name")).lower(), text(header.get("value"))
        if name and not name.startswith(":"):
            found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _body(content: dict[str, Any], size: float, beside: Beside) -> Body:
    """The text of a body, or why there is none."""
    if not content:
        return Body()
    mime, length = text(content.get("mimeType")), int(size)
    given = content.get("text")
    name = text(content.get("_file")) or text(content.get("_sha1"))
    raw: bytes | None = None
    if isinstance(given, str) and text(content.get("encoding")) == "base64":
        try:
            raw = base64.b64decode(given, validate=False)
        except (binascii.Error, ValueError):
            return Body(size=length, why="the archive holds a damaged body")
    elif not given and name:
        raw = beside(name)
    if raw is not None:
        if not any(part in mime for part in _TEXTUAL):
            return Body(size=len(raw), why=f"not text ({mime or 'no type said'})")
        given = raw.decode("utf-8", "replace")
    if not isinstance(given, str):
        pairs = [mapping(one) for one in sequence(content.get("params"))]
        given = "&".join(f"{text(one.get('name'))}={text(one.get('value'))}" for one in pairs)
        if not given:
            return Body(size=length, why="" if length == 0 else "the archive holds no body")
    if len(given) > _MAX_TEXT:
        return Body(text=given[:_MAX_TEXT], size=length, why="cut: longer than 1 MB")
    return Body(text=given, size=length if length >= 0 else len(given))
