"""Breadcrumbs of an error as lines with their instants, whatever SDK wrote them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from replay_viewer.qt.panels.listing import Line
from replay_viewer.qt.wording import one_line

_ROLE = {"error": "failed", "fatal": "failed", "warning": "warning", "warn": "warning"}


def instant(value: Any) -> float | None:
    """Epoch ms of a breadcrumb's `timestamp`: a number of seconds or ms, or an ISO text (UTC when it has no zone)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) * 1000.0 if 0 < value < 1e11 else float(value) if value > 0 else None
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000.0


def line(crumb: dict[str, Any], text: Callable[[float], str]) -> Line:
    """One breadcrumb; `text` prints an instant."""
    t = instant(crumb.get("timestamp"))
    category = str(crumb.get("category") or crumb.get("type") or "")
    data = crumb.get("data")
    parts = [str(crumb["message"])] if crumb.get("message") else []
    if isinstance(data, dict):
        known = [data.get(name) for name in ("method", "url", "status_code", "from", "to")]
        told = " ".join(str(value) for value in known if value not in (None, ""))
        parts.append(told or msgspec.json.encode(data)[:400].decode("utf-8", "replace"))
    role = _ROLE.get(str(crumb.get("level") or ""), "text")
    cells = (text(t) if t is not None else "", one_line(category, 60), one_line(" · ".join(parts), 400))
    return Line(cells, ("muted", "accent", role), t, crumb)
