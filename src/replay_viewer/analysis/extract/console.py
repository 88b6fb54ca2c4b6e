"""Console calls: rrweb's console plugin (`rrweb/console@1`, before that source 11) and Sentry's console breadcrumbs.

The plugin keeps every argument as JSON text inside JSON (circular values are "[object Object]", functions
"function(){}"); format directives (`%s`, `%c`, `%d` …) are left for the reader, which is us.
"""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec

from replay_viewer.analysis.extract.context import mapping, shallow, text
from replay_viewer.analysis.stack import parse_stack, parse_trace
from replay_viewer.domain.rows import ConsoleEntry, Frame

Level = Literal["debug", "log", "info", "warn", "error"]

_LEVELS: dict[str, Level] = {
    "debug": "debug",
    "log": "log",
    "info": "info",
    "warn": "warn",
    "warning": "warn",
    "error": "error",
    "fatal": "error",
    "assert": "error",
}
_DIRECTIVE = re.compile(r"%[sdifoOc%]")
_HALF = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB]..)\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
_MAX_MESSAGE = 20_000
_ASSERTION = "Assertion failed: "


def normal_level(level: Any) -> Level:
    """Our level of a console method or a breadcrumb level; what is neither is `log`."""
    return _LEVELS.get(level, "log") if isinstance(level, str) else "log"


def _plain(value: Any) -> str:
    if isinstance(value, str):
        # An Error as text: its stack is parsed into frames, the line needs its first line only.
        return value.partition("\n    at ")[0] if "\n    at " in value else value
    if isinstance(value, dict) and isinstance(value.get("message"), str) and isinstance(value.get("stack"), str):
        return f"{value.get('name') or 'Error'}: {value['message']}"
    try:
        return msgspec.json.encode(value).decode("utf-8", "replace")
    except (TypeError, ValueError, RecursionError):
        return str(value)


def _number(value: Any, whole: bool) -> str:
    try:
        result = float(value)
        return str(int(result)) if whole or result == int(result) else str(result)
    except (TypeError, ValueError, OverflowError):
        return "NaN"


def format_message(arguments: list[Any]) -> str:
    """The line a console prints for these arguments: directives of the first applied, the rest joined by blanks."""
    rest = list(arguments)
    parts: list[str] = []
    if rest and isinstance(rest[0], str) and "%" in rest[0] and len(rest) > 1:
        template = rest.pop(0)

        def replace(match: re.Match[str]) -> str:
            kind = match.group()[1]
            if kind == "%":
                return "%"
            if not rest:
                return match.group()
            value = rest.pop(0)
            if kind == "c":
                return ""
            return _number(value, kind in "di") if kind in "dif" else _plain(value)

        parts.append(_DIRECTIVE.sub(replace, template))
    parts += [_plain(value) for value in rest]
    return " ".join(parts)


def _decode(item: Any) -> Any:
    if not isinstance(item, str):
        return item
    try:
        return shallow(msgspec.json.decode(item))
    except (msgspec.DecodeError, RecursionError):
        pass
    try:
        # A text the SDK cut in the middle of a character ends in half of it, which JSON decoders refuse.
        return shallow(msgspec.json.decode(_HALF.sub(r"\\ufffd", item)))
    except (msgspec.DecodeError, RecursionError):
        return item


def _entry(
    t: float, tab: int, n: int, level: str, arguments: list[Any], stack: list[Frame], cut: bool
) -> ConsoleEntry:
    message = format_message(arguments)
    if level == "assert" and not message.startswith(_ASSERTION):
        message = _ASSERTION + message
    if not message and level not in _LEVELS:
        message = f"console.{level}()"
    elif level in ("table", "count", "time", "timeEnd", "timeLog", "countReset"):
        message = f"{level}: {message}"
    if not stack:
        stack = _stack_in(arguments)
    cut = cut or len(message) > _MAX_MESSAGE
    return ConsoleEntry(
        t=t, tab=tab, event=n, level=normal_level(level), message=message[:_MAX_MESSAGE], arguments=arguments,
        stack=stack, truncated=cut,
    )  # fmt: skip


def _stack_in(arguments: list[Any]) -> list[Frame]:
    """The stack of the first Error among the arguments: an object of Sentry's, or the text rrweb makes of one."""
    for value in arguments:
        stack = value.get("stack") if isinstance(value, dict) else value
        if isinstance(stack, str) and "\n" in stack and (frames := parse_stack(stack)):
            return frames
    return []


def read_plugin(t: float, tab: int, n: int, payload: Any) -> ConsoleEntry:
    """The entry of a console plugin event (or of the data of an old source-11 event, which has the same fields)."""
    data = mapping(payload)
    items = data.get("payload")
    arguments = [_decode(item) for item in (items if isinstance(items, list) else [])]
    trace = data.get("trace")
    stack = parse_trace(trace if isinstance(trace, list) else [])
    cut = any(isinstance(item, str) and item.endswith("...") and len(item) > 1000 for item in arguments)
    return _entry(t, tab, n, text(data.get("level"), "log"), arguments, stack, cut)


def read_breadcrumb(t: float, tab: int, n: int, payload: dict[str, Any]) -> ConsoleEntry:
    """The entry of a Sentry console breadcrumb (old SDKs keep the message only)."""
    data = mapping(payload.get("data"))
    items = data.get("arguments")
    arguments = items if isinstance(items, list) else []
    message = text(payload.get("message"))
    warnings = mapping(payload.get("_meta") or data.get("_meta")).get("warnings")
    cut = isinstance(warnings, list) and "CONSOLE_ARG_TRUNCATED" in warnings
    level = text(payload.get("level"), "log")
    if message.startswith(_ASSERTION):
        level = "assert"
    entry = _entry(t, tab, n, level, arguments or [message], [], cut)
    if message and all(not isinstance(item, dict | list) for item in arguments) and "%" not in message:
        # Arguments went through JSON, so `undefined` is null there; the message still says undefined.
        entry = msgspec.structs.replace(entry, message=message[:_MAX_MESSAGE], arguments=arguments)
    return msgspec.structs.replace(entry, arguments=arguments) if not arguments else entry
