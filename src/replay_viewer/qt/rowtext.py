"""How rows read in the lists, and how they are copied: text, JSON, cURL. Pure functions, no Qt."""

from __future__ import annotations

import shlex
from typing import Any

import msgspec

from replay_viewer.domain.rows import (
    AnyRow,
    ConsoleEntry,
    CustomEvent,
    ErrorEvent,
    Frame,
    Interaction,
    Navigation,
    NetworkRequest,
    StateChange,
    Vital,
    encode_row,
    severity,
    summary,
)
from replay_viewer.domain.time import iso
from replay_viewer.qt.rowmodel import Cell
from replay_viewer.qt.wording import one_line, path, size, span


def status_text(row: NetworkRequest) -> str:
    """The status as it is printed: the code, `failed` for no answer, `–` when the recording does not say."""
    return "–" if row.status < 0 and not row.failed else str(row.status) if row.status > 0 else "failed"


def status_role(row: NetworkRequest) -> str:
    """Colour of a status."""
    return "failed" if row.failed else "muted" if row.status < 0 else "good" if row.status < 300 else "text"


def vital_value(row: Vital) -> str:
    """A measure with its unit."""
    if row.name == "CLS":
        return f"{row.value:.3f}"
    return size(round(row.value)) if row.name == "memory" else span(row.value)


def activity_cell(row: AnyRow) -> Cell:
    """A row in the merged list: what happened, in words, its kind's colour, and what matters about it."""
    match row:
        case ConsoleEntry():
            role = {"error": "failed", "warn": "warning"}.get(row.level, "idle")
            return Cell(one_line(row.message), role, tail=f"console.{row.level}")
        case NetworkRequest():
            failed = row.failed
            status = status_text(row)
            tail = " ".join(
                part for part in (status, span(row.end - row.t) if row.end > row.t else "") if part != "–"
            )
            return Cell(f"{row.method} {path(row.url)}", "failed" if failed else "network", failed, tail)
        case ErrorEvent():
            return Cell(one_line(row.title), "failed", True)
        case Vital():
            rating = {"needs-improvement": "needs improvement"}.get(row.rating, row.rating)
            role = {"needs-improvement": "warning", "poor": "failed"}.get(row.rating, "good")
            return Cell(f"{row.name} {vital_value(row)}", role, tail=rating)
        case StateChange():
            return Cell(one_line(row.action), "state", tail=_short(row.payload))
        case Navigation():
            return Cell(f"Navigated to {path(row.url)}", "navigation", tail="" if row.how == "load" else row.how)
        case Interaction():
            odd = row.action in ("rage-click", "dead-click", "slow-click")
            return Cell(one_line(row.words), "warning" if odd else "accent", tail=one_line(row.value, 60))
        case CustomEvent(category="frustration"):
            return Cell(one_line(row.name), "warning", True)
        case CustomEvent():
            return Cell(one_line(row.name), "muted", tail=_short(row.data))
    raise AssertionError(row)  # pragma: no cover


def _short(value: Any) -> str:
    """A JSON value on part of a line; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, str):
        return one_line(value, 80)
    try:
        return one_line(msgspec.json.encode(value)[:400].decode("utf-8", "replace"), 80)
    except (TypeError, ValueError):
        return ""


def frame_text(frame: Frame) -> str:
    """One stack frame the way browsers print it."""
    place = f"{frame.file}:{frame.line}:{frame.column}" if frame.line else frame.file
    return f"    at {frame.function or '(anonymous)'} ({place})"


def error_text(row: ErrorEvent) -> str:
    """An error with its chain of causes, the one shown first, newest frame on top."""
    lines = [row.title]
    for depth, raised in enumerate(reversed(row.exceptions)):
        lines.append(f"{'Caused by: ' if depth else ''}{raised.type}: {raised.value}")
        lines.extend(frame_text(frame) for frame in reversed(raised.frames))
    return "\n".join(lines)


def as_text(row: AnyRow) -> str:
    """A row as a person pastes it into a ticket."""
    stamp = iso(row.t)
    match row:
        case ErrorEvent():
            return f"{stamp} {error_text(row)}"
        case NetworkRequest():
            return f"{stamp} {row.method} {row.url} {status_text(row)} {span(row.end - row.t)}"
        case ConsoleEntry():
            return f"{stamp} console.{row.level} {row.message}"
        case _:
            return f"{stamp} {summary(row)}"


def as_json(row: AnyRow) -> str:
    """A row as indented JSON."""
    return msgspec.json.format(encode_row(row), indent=2).decode("utf-8")


_NOT_SENT = {"content-length", "host", "connection"}


def as_curl(row: NetworkRequest) -> str:
    """A request as a shell command that repeats it."""
    parts = ["curl", shlex.quote(row.url)]
    if row.method != "GET":
        parts += ["-X", shlex.quote(row.method)]
    for name, value in row.request_headers.items():
        if name.lower() not in _NOT_SENT and not name.startswith(":"):
            parts += ["-H", shlex.quote(f"{name}: {value}")]
    if row.request_body.text:
        parts += ["--data-raw", shlex.quote(row.request_body.text)]
    return " ".join(parts)


def _sent_headers(row: NetworkRequest) -> dict[str, str]:
    """Request headers that a repeated request can set."""
    return {
        name: value
        for name, value in row.request_headers.items()
        if name.lower() not in _NOT_SENT and not name.startswith(":")
    }


def _literal(value: Any) -> str:
    """A value as a JavaScript literal: JSON, which JavaScript reads."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode("utf-8")


def as_fetch(row: NetworkRequest) -> str:
    """A request as a call of the browser's `fetch`, to paste into a console."""
    options: dict[str, Any] = {"method": row.method, "headers": _sent_headers(row)}
    if row.request_body.text:
        options["body"] = row.request_body.text
    return f"await fetch({_literal(row.url)}, {_literal(options)});"


def as_playwright(row: NetworkRequest) -> str:
    """A request as a call of Playwright's `request` fixture (TypeScript)."""
    options: dict[str, Any] = {"method": row.method, "headers": _sent_headers(row)}
    if row.request_body.text:
        options["data"] = row.request_body.text
    return f"const response = await request.fetch({_literal(row.url)}, {_literal(options)});"


def copies(row: AnyRow) -> dict[str, str]:
    """What can be copied of a row: menu text to clipboard text."""
    forms = {"Copy as text": as_text(row), "Copy as JSON": as_json(row)}
    if isinstance(row, NetworkRequest):
        forms["Copy URL"] = row.url
        forms["Copy as cURL"] = as_curl(row)
        forms["Copy as fetch"] = as_fetch(row)
        forms["Copy as Playwright request"] = as_playwright(row)
    if isinstance(row, Interaction) and row.selector:
        forms["Copy selector"] = row.selector
    return forms


def row_role(row: AnyRow) -> str:
    """Colour of a row by its severity."""
    return ("text", "warning", "failed")[severity(row)]
