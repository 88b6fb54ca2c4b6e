"""Playwright's `trace.zip`, versions 3 to 10: actions, console, errors, requests, its screencast as a picture.

Layout and fields: microsoft/playwright `packages/trace/src/trace.ts` and the trace viewer's `traceModernizer.ts`.
`*.trace` and `*.network` are JSON lines; bodies and frames of the screencast lie in `resources/` by name. A time is
`wallTime + (time − monotonicTime)` of the file's `context-options`. The screencast becomes a recording of one image
per page; the DOM snapshots per action are not read.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import msgspec

from replay_viewer.domain.rows import ConsoleEntry, CustomEvent, ErrorEvent, Interaction, Navigation, Raised, Row
from replay_viewer.domain.session import Facts
from replay_viewer.formats.base import Batch, Document, Format, Linked, Malformed, Piece, Said, Skipped, register
from replay_viewer.formats.base.harentry import request_of
from replay_viewer.formats.base.values import mapping, moment, sequence, text

_DONE = {"click": "click", "dblclick": "dblclick", "tap": "touch", "fill": "input", "type": "input",
         "press": "key", "check": "click", "uncheck": "click", "selectOption": "input", "hover": "focus",
         "setInputFiles": "input", "dragTo": "drag", "dragAndDrop": "drag"}  # fmt: skip
_WORDS = {"click": "Clicked", "dblclick": "Double-clicked", "touch": "Tapped", "input": "Filled in",
          "key": "Pressed a key in", "focus": "Pointed at", "drag": "Dragged"}  # fmt: skip
_LEVELS = {"warning": "warn", "error": "error", "assert": "error", "info": "info", "debug": "debug"}
#: A frame of the screencast is never larger.
_MAX_FRAME = 8 << 20


def sniff(document: Document) -> bool:
    """JSON lines that start as a trace does."""
    if not document.name.endswith((".trace", ".network")):
        return False
    first = _line(document.head.split(b"\n", 1)[0])
    return text(first.get("type")) in ("context-options", "resource-snapshot", "before", "action")


def _line(raw: bytes) -> dict[str, Any]:
    try:
        return mapping(msgspec.json.decode(raw))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}


class _Reading:
    """One `.trace` or `.network` file."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.wall = self.monotonic = 0.0
        self.rows: list[Row] = []
        self.actions: dict[str, dict[str, Any]] = {}
        self.facts = Facts(source="playwright")
        self.frames: dict[str, list[dict[str, Any]]] = {}
        self.undated = self.broken = 0

    def at(self, time: Any) -> float:
        """Epoch ms of a monotonic time; 0 when that cannot be told."""
        if not isinstance(time, int | float) or not self.wall:
            return 0.0
        return self.wall + (time - self.monotonic)

    def take(self, value: dict[str, Any]) -> None:
        """One line."""
        match text(value.get("type")):
            case "context-options":
                self._options(value)
            case "before" | "action":
                self.actions[text(value.get("callId")) or text(mapping(value.get("metadata")).get("id"))] = value
                if "endTime" in value:
                    self._action(value, value)
            case "after":
                if begun := self.actions.pop(text(value.get("callId")), None):
                    self._action(begun, value)
            case "console":
                self._console(value)
            case "event":
                self._event(value)
            case "error":
                self._error(self.at(value.get("time")) or self.wall, text(value.get("message")))
            case "screencast-frame":
                self.frames.setdefault(text(value.get("pageId")), []).append(value)
            case "resource-snapshot":
                self._request(mapping(value.get("snapshot")))
            case "stdout" | "stderr":
                self._output(value)
            case _:
                pass  # snapshots of the DOM, logs of actions, and what later versions add

    def _options(self, value: dict[str, Any]) -> None:
        self.wall = moment(value.get("wallTime"))
        monotonic = value.get("monotonicTime")
        self.monotonic = float(monotonic) if isinstance(monotonic, int | float) else 0.0
        options = mapping(value.get("options"))
        self.facts = Facts(
            source="playwright",
            title=text(value.get("title")),
            user_agent=text(options.get("userAgent")),
            url=text(options.get("baseURL")),
            sdk=" ".join(filter(None, ("Playwright trace", text(value.get("playwrightVersion"))))),
            zone=text(options.get("timezoneId")),
            locale=text(options.get("locale")),
            tags={"browser": text(value.get("browserName"))} if value.get("browserName") else {},
        )

    def _action(self, begun: dict[str, Any], ended: dict[str, Any]) -> None:
        meta = mapping(begun.get("metadata"))  # up to version 2 everything stood in there
        t = self.at(begun.get("startTime", meta.get("startTime")))
        if not t:
            self.undated += 1
            return
        method = text(begun.get("method") or meta.get("method"))
        params = mapping(begun.get("params") or meta.get("params"))
        name = text(begun.get("apiName") or begun.get("title") or meta.get("apiName"))
        if not name:
            name = ".".join(filter(None, (text(begun.get("class")).lower(), method)))
        selector = text(params.get("selector"))
        end = self.at(ended.get("endTime"))
        if method in ("goto", "reload", "goBack", "goForward") and (url := text(params.get("url"))):
            self.rows.append(Navigation(t=t, url=url))
        if method in _DONE and selector:
            action = _DONE[method]
            point = mapping(ended.get("point") or begun.get("point"))
            x, y = point.get("x"), point.get("y")
            self.rows.append(
                Interaction(
                    t=t, action=action, words=f"{_WORDS[action]} {selector}", selector=selector,
                    value=text(params.get("value") or params.get("text") or params.get("key")),
                    x=float(x) if isinstance(x, int | float) else -1.0,
                    y=float(y) if isinstance(y, int | float) else -1.0,
                )
            )  # fmt: skip
        data: dict[str, Any] = {"params": params, "duration": max(0.0, end - t)} if end else {"params": params}
        failed = mapping(mapping(ended.get("error")).get("error")) or mapping(ended.get("error"))
        if failed:
            data["error"] = text(failed.get("message"))
            self._error(end or t, f"{name}: {text(failed.get('message'))}", text(failed.get("stack")))
        self.rows.append(CustomEvent(t=t, name=name or "action", category="playwright", data=data))

    def _console(self, value: dict[str, Any]) -> None:
        t = self.at(value.get("time"))
        level = _LEVELS.get(text(value.get("messageType")), "log")
        values = [mapping(one) for one in sequence(value.get("args"))]
        arguments = [one.get("value", one.get("preview")) for one in values]
        self.rows.append(
            ConsoleEntry(t=t, level=level, message=text(value.get("text")), arguments=arguments)  # type: ignore[arg-type]
        )

    def _event(self, value: dict[str, Any]) -> None:
        """Events of pages, and the console of versions up to 4."""
        t, method, params = self.at(value.get("time")), text(value.get("method")), mapping(value.get("params"))
        if method == "pageError":
            error = mapping(mapping(params.get("error")).get("error"))
            message = ": ".join(filter(None, (text(error.get("name")), text(error.get("message")))))
            self._error(t, message, text(error.get("stack")))
        elif method == "console":
            entry = mapping(params.get("message"))
            kind = _LEVELS.get(text(entry.get("type") or params.get("type")), "log")
            said = text(entry.get("text") or params.get("text"))
            if said:
                self.rows.append(ConsoleEntry(t=t, level=kind, message=said))  # type: ignore[arg-type]

    def _error(self, t: float, message: str, stack: str = "") -> None:
        kind, _, value = message.partition(": ")
        raised = Raised(type=kind if value else "Error", value=value or message)
        contexts = {"stack": stack} if stack else {}
        self.rows.append(
            ErrorEvent(t=t, title=message.split("\n")[0], exceptions=[raised], source="playwright", contexts=contexts)
        )

    def _output(self, value: dict[str, Any]) -> None:
        t = self.at(value.get("timestamp"))
        said = text(value.get("text")).rstrip()
        if t and said:
            name = text(value.get("type"))
            self.rows.append(CustomEvent(t=t, name=f"{name}: {said[:200]}", category=name, data={"text": said}))

    def _request(self, entry: dict[str, Any]) -> None:
        t = moment(entry.get("startedDateTime")) or self.at(entry.get("_monotonicTime"))
        if t:
            self.rows.append(request_of(entry, t, self._body))
        else:
            self.undated += 1

    def _body(self, name: str) -> bytes | None:
        """A body or a picture: up to version 9 it is named without its folder."""
        return self.document.beside(name) or self.document.beside(f"resources/{name}")

    def pictures(self) -> Iterator[Piece]:
        """The screencast of each page as a recording of one image."""
        missing = 0
        for page, frames in self.frames.items():
            events: list[bytes] = []
            for frame in sorted(frames, key=lambda one: float(one.get("timestamp") or 0)):
                t, name = self.at(frame.get("timestamp")), text(frame.get("file")) or text(frame.get("sha1"))
                data = self._body(name) if name and t else None
                if not data or len(data) > _MAX_FRAME:
                    missing += 1
                    continue
                kind = "png" if data.startswith(b"\x89PNG") else "jpeg"
                source = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
                size = (int(frame.get("width") or 1280), int(frame.get("height") or 720))
                events += _first_picture(t, source, size) if not events else [_next_picture(t, source)]
            if events:
                yield Batch("", page, events)
        if missing:
            yield Skipped("", "missing-picture", "Pictures of the screencast are not in the trace.", missing)


def _first_picture(t: float, source: str, size: tuple[int, int]) -> list[bytes]:
    """A page that shows one image."""
    width, height = size
    style = "margin:0;background:#fff"
    image = {"src": source, "width": str(width), "height": str(height), "alt": "Screencast of the trace"}
    body = {"type": 2, "tagName": "body", "id": 4, "attributes": {"style": style}, "childNodes": [
        {"type": 2, "tagName": "img", "id": 5, "attributes": image, "childNodes": []}]}  # fmt: skip
    head = {"type": 2, "tagName": "head", "id": 3, "attributes": {}, "childNodes": []}
    root = {"type": 2, "tagName": "html", "id": 2, "attributes": {}, "childNodes": [head, body]}
    node = {"type": 0, "id": 1, "childNodes": [root]}
    meta = {"type": 4, "timestamp": t, "data": {"href": "about:blank", "width": width, "height": height}}
    whole = {"type": 2, "timestamp": t, "data": {"node": node, "initialOffset": {"left": 0, "top": 0}}}
    return [msgspec.json.encode(meta), msgspec.json.encode(whole)]


def _next_picture(t: float, source: str) -> bytes:
    change = {
        "source": 0,
        "texts": [],
        "removes": [],
        "adds": [],
        "attributes": [{"id": 5, "attributes": {"src": source}}],
    }
    return msgspec.json.encode({"type": 3, "timestamp": t, "data": change})


def read(document: Document) -> Iterator[Piece]:
    """Rows, the screencast, and what could not be read. Raises Malformed."""
    reading = _Reading(document)
    stream = document.stream()
    rest = b""
    while data := stream.read(1 << 20):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            reading.take(_line(line))
    reading.take(_line(rest))
    for begun in reading.actions.values():
        if "endTime" not in begun:
            reading._action(begun, {})  # the trace ends in the middle of it
    if not reading.rows and not reading.frames:
        if document.name.endswith(".network"):
            return
        raise Malformed(f"“{document.name}” is a trace without anything in it.", "Record the trace again.")
    if reading.facts != Facts(source="playwright"):
        yield Said("", reading.facts)
    if reading.rows:
        yield Linked("", sorted((row for row in reading.rows if row.t), key=lambda row: row.t))
    yield from reading.pictures()
    if reading.frames:
        message = "The page is the trace's screencast, a picture: its elements are not known."
        yield Skipped("", "screencast", message)
    if reading.undated:
        yield Skipped("", "undated", "Lines of the trace whose time cannot be told were left out.", reading.undated)


FORMAT = register(Format("playwright", sniff, read, rank=5, parts=True))
