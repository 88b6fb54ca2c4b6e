"""Rows that came beside a recording, and what recordings say of their own, as facts of the table `linked`. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from replay_viewer.analysis.vitals import NAMES, THRESHOLDS, rate
from replay_viewer.collector.incoming import Fact
from replay_viewer.domain.rows import CustomEvent, Interaction, Navigation, Row, Vital
from replay_viewer.domain.time import to_ms

#: Categories of custom events that are kinds of their own.
_KINDS = {"action", "metric", "rum", "security", "alert", "feedback", "log", "transaction"}
#: Larger data stays in the raw body.
_DATA = 32 << 10
_VITAL = "browser.web_vital."


def facts_of(row: Row) -> Iterator[Fact]:
    """The facts of one linked row; nothing of what is kept elsewhere (errors)."""
    match row:
        case Vital():
            yield _vital(row.t, row.name, row.value, row.rating, row.page, row.detail)
        case Navigation():
            yield Fact(kind="navigation", t=row.t, name=row.how, page=row.url, data={"from": row.from_url})
        case Interaction():
            yield Fact(kind="interaction", t=row.t, name=row.action, data={"words": row.words, "on": row.selector})
        case CustomEvent():
            yield from _custom(row)


def _custom(row: CustomEvent) -> Iterator[Fact]:
    data = row.data if isinstance(row.data, dict) else {"data": row.data}
    kind = row.category if row.category in _KINDS else "custom"
    name = row.name
    if kind == "custom" and name == "survey sent":
        kind = "feedback"
        answers = [_text(answer) for key, answer in data.items() if key.startswith("$survey_response")]
        name = " / ".join(answer for answer in answers if answer) or name
    page = _text(data.get("page")) or _text(data.get("$current_url")) or _text(data.get("url"))
    value = _number(data.get("value"))
    if kind == "action":
        value = _number(data.get("duration"))
    if kind == "transaction":
        start, end = row.t, _number(data.get("timestamp")) or _number(data.get("end_timestamp"))
        value = max(0.0, to_ms(end) - start) if end and end < 1e14 else None
        yield from _transaction_vitals(row.t, data, page)
    yield Fact(
        kind=kind,
        t=row.t,
        name=name,
        value=value,
        level=_text(data.get("severity")) or _text(data.get("level")) or _text(data.get("status")),
        page=page,
        event_id=_text(data.get("event_id")) or _text(data.get("associated_event_id")),
        data=data,
    )


def _transaction_vitals(t: float, data: dict[str, Any], page: str) -> Iterator[Fact]:
    """Web Vitals that SDKs 7 to 10 send as measurements and SDK 11 as attributes."""
    measured = data.get("measurements")
    for key, given in (measured if isinstance(measured, dict) else {}).items():
        value = _number(given.get("value") if isinstance(given, dict) else given)
        if value is not None and key.upper() in THRESHOLDS:
            yield _vital(t, key.upper(), value, "", page, {})
    for key, given in data.items():
        if key.startswith(_VITAL) and key.endswith(".value"):
            value, name = _number(given), key[len(_VITAL) : -len(".value")].upper()
            if value is not None and name in THRESHOLDS:
                yield _vital(t, name, value, "", page, {})


class _Said(msgspec.Struct):
    """What `web-vital` events of the snippet and `performanceSpan` events of Sentry's replay have in common."""

    op: Any = None
    description: Any = None
    name: Any = None
    value: Any = None
    rating: Any = None
    page: Any = None
    data: Any = None
    category: Any = None
    message: Any = None


def recorded(tag: str, payload: bytes, t: float) -> Fact | None:
    """The vital or feedback a custom event of a recording tells of. Raises msgspec.MsgspecError for odd payloads."""
    if tag not in ("web-vital", "performanceSpan", "feedback"):
        return None
    said = msgspec.json.decode(payload, type=_Said)
    if tag == "feedback":
        return Fact(kind="feedback", t=t, name=_text(said.message), page=_text(said.page), source="recording")
    if tag == "web-vital":
        name, value, rating, page = _text(said.name), _number(said.value), _text(said.rating), _text(said.page)
    else:
        data = said.data if isinstance(said.data, dict) else {}
        name = NAMES.get(_text(said.description), "") if said.op in ("web-vital", *NAMES) else ""
        value, rating, page = _number(data.get("value")), _text(data.get("rating")), ""
    if not name or value is None:
        return None
    fact = _vital(t, name, value, rating, page, {})
    fact.source = "recording"
    return fact


def _vital(t: float, name: str, value: float, rating: str, page: str, data: dict[str, Any]) -> Fact:
    return Fact(kind="vital", t=t, name=name, value=value, level=rating or rate(name, value), page=page, data=data)


def data_text(data: Any) -> str:
    """`data` as JSON for its column; {} when there is none or too much of it."""
    try:
        text = msgspec.json.encode(data).decode().replace("\\u0000", "")
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError):
        return "{}"
    return text if data is not None and len(text) <= _DATA else "{}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300:
        return float(value)
    return None
