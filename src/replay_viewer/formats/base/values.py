"""Careful reading of JSON values that anybody may have written: the wrong type reads as absent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast

import msgspec

from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.rows import Frame
from replay_viewer.domain.time import iso_to_ms, to_ms

Level = Literal["fatal", "error", "warning", "info", "debug"]


def loose(raw: bytes | msgspec.Raw) -> Any:
    """A JSON value; None for what no decoder can hold (a number beyond all numbers, a depth beyond all depths)."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None


def text(value: Any) -> str:
    """A string or number as text, else ''."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def mapping(value: Any) -> dict[str, Any]:
    """A JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    """A JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def number(value: Any) -> int:
    """A number as an int, else 0."""
    return int(value) if isinstance(value, int | float) and abs(value) < 1e15 else 0


def moment(value: Any) -> float:
    """Epoch ms of a stamp in seconds, milliseconds or ISO form; 0 when it is none of them."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return to_ms(float(value)) if 0 < value < 1e14 else 0.0
    if isinstance(value, str) and value:
        try:
            return iso_to_ms(value)
        except BadInput:
            return 0.0
    return 0.0


def level_of(value: Any) -> Level:
    """An error level in our words."""
    name = {"warn": "warning", "log": "info", "critical": "fatal"}.get(text(value), text(value))
    return cast(Level, name) if name in ("fatal", "error", "warning", "info", "debug") else "error"


def frame_of(raw: dict[str, Any], debug_ids: Mapping[str, str] | None = None) -> Frame:
    """One stack frame, in Sentry's API spelling (camelCase), an envelope's (snake_case), or PostHog's.

    `debug_ids`: of built files, by their URL.
    """
    line = number(raw.get("lineno") or raw.get("lineNo") or raw.get("line"))
    context: list[tuple[int, str]] = []
    given = raw.get("context")
    if isinstance(given, list):
        context = [(number(row[0]), text(row[1])) for row in given if isinstance(row, list) and len(row) == 2]
    elif raw.get("context_line") is not None:
        before, after = sequence(raw.get("pre_context")), sequence(raw.get("post_context"))
        rows = [*before, raw["context_line"], *after]
        context = [(line - len(before) + i, text(row)) for i, row in enumerate(rows)]
    function = text(raw.get("resolved_name")) or text(raw.get("function"))
    in_app = raw.get("in_app", raw.get("inApp"))
    file = text(raw.get("abs_path")) or text(raw.get("absPath")) or _file(raw)
    return Frame(
        function="" if function in ("?", "<unknown>") else function,
        file=file,
        line=line,
        column=number(raw.get("colno") or raw.get("colNo") or raw.get("column")),
        in_app=in_app if isinstance(in_app, bool) else True,
        context=context,
        debug_id=(debug_ids or {}).get(file, ""),
    )


def _file(raw: dict[str, Any]) -> str:
    return text(raw.get("filename")) or text(raw.get("source")) or text(raw.get("module"))
