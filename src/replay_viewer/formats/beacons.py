"""Bodies of a collector's browser endpoints: vitals, actions, metrics, RUM, security events, alerts.

What pages post with `fetch` or `sendBeacon`, one JSON object or an array of them (docs/collector.md has the table).
Beside its own members each may say `sessionId`, `tabId`, `user`, `release`, `environment`, `page`. What says no time
happened when it was received (`x-replay-received`, epoch ms, which the collector keeps with the body).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from replay_viewer.domain.rows import CustomEvent, ErrorEvent, Raised, Row, Vital
from replay_viewer.domain.session import Facts, User
from replay_viewer.formats.base import Document, Format, Linked, Malformed, Piece, Said, Skipped, TooLarge, register
from replay_viewer.formats.base.repair import checked
from replay_viewer.formats.base.values import frame_of, level_of, mapping, moment, sequence, text

MAX_BODY = 8 << 20
RECEIVED = "x-replay-received"

_COMMON = {"sessionId", "session_id", "tabId", "user", "userId", "release", "environment", "timestamp", "ts"}
_ERRORS = ("javascript_error", "unhandled_promise_rejection")


def _value(given: Any) -> float | None:
    """A finite number, also when it was sent as text."""
    if isinstance(given, str):
        try:
            given = float(given)
        except ValueError:
            return None
    if isinstance(given, int | float) and not isinstance(given, bool) and abs(given) < 1e300 and given == given:
        return float(given)
    return None


def _page(item: dict[str, Any]) -> str:
    data = mapping(item.get("data"))
    return next(
        (found for place in (item, data) for key in ("page", "url", "href") if (found := text(place.get(key)))), ""
    )


def _rest(item: dict[str, Any], *used: str) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key not in _COMMON and key not in used}


def _vital(item: dict[str, Any], t: float, name: str, scale: float = 1.0) -> Row | None:
    value = _value(item.get("value"))
    if not name or value is None:
        return None
    return Vital(
        t=t,
        name=name,
        value=value * scale,
        page=_page(item),
        id=text(item.get("id")),
        detail=_rest(item, "name", "metric", "value", "id", "page", "url"),
    )


def _analytics_vital(item: dict[str, Any], t: float) -> Row | None:
    return _vital(item, t, text(item.get("name")))


def _rum_vital(item: dict[str, Any], t: float) -> Row | None:
    """CLS comes times 1000 as a `metric`; what web-vitals' own objects call `name` has web-vitals' own value."""
    if name := text(item.get("metric")):
        return _vital(item, t, name, 0.001 if name == "CLS" else 1.0)
    return _vital(item, t, text(item.get("name")))


def _action(item: dict[str, Any], t: float) -> Row | None:
    name = text(item.get("action"))
    data = {"duration": _value(item.get("duration")), "metadata": item.get("metadata"), **_rest(item, "action")}
    return CustomEvent(t=t, name=name, data=data, category="action") if name else None


def _metric(item: dict[str, Any], t: float) -> Row | None:
    """`{name, value}`, or `{type, data}` with type page_load, api_call, database_query."""
    name = text(item.get("name")) or text(item.get("type"))
    data = mapping(item.get("data"))
    value = _value(item.get("value"))
    if value is None:
        value = next(
            (
                v
                for key in ("duration", "value", "time", "loadTime", "load_time")
                if (v := _value(data.get(key))) is not None
            ),
            None,
        )
    if not name or (value is None and "data" not in item):
        return None
    return CustomEvent(t=t, name=name, data={**_rest(item, "name"), "value": value}, category="metric")


def _stack(given: Any) -> list[Any]:
    return [frame_of(frame) for frame in sequence(given) if isinstance(frame, dict)]


def _rum_event(item: dict[str, Any], t: float) -> Row | None:
    kind, data = text(item.get("type")), mapping(item.get("data"))
    if kind in _ERRORS:
        said = text(data.get("message")) or text(data.get("reason")) or kind
        said = said.removeprefix("Uncaught ")
        name, _, rest = said.partition(": ")
        named = bool(rest) and name.isidentifier() and name.endswith(("Error", "Exception"))
        raised = Raised(
            type=name if named else text(data.get("name")) or "Error",
            value=rest if named else said,
            frames=_stack(data.get("frames")),
            handled=False,
            mechanism=kind,
        )
        return ErrorEvent(
            t=t,
            title=said,
            level=level_of(data.get("level") or "error"),
            exceptions=[raised],
            source="rum",
            url=text(data.get("filename")) or _page(item),
            release=text(item.get("release")),
            environment=text(item.get("environment")),
            contexts={"rum": data} if data else {},
        )
    return CustomEvent(t=t, name=kind, data=item.get("data"), category="rum") if kind else None


def _security(item: dict[str, Any], t: float) -> Row | None:
    name = text(item.get("event")) or text(item.get("type"))
    data = {
        "severity": text(item.get("severity")),
        "data": item.get("data"),
        **_rest(item, "event", "data", "severity"),
    }
    return CustomEvent(t=t, name=name, data=data, category="security") if name else None


def _csp(item: dict[str, Any], t: float) -> Row | None:
    """A browser's report of a broken content security policy (`report-uri`)."""
    report = mapping(item.get("csp-report"))
    name = text(report.get("violated-directive")) or text(report.get("effective-directive"))
    data = {"severity": "warning", "data": report}
    return CustomEvent(t=t, name=f"csp {name}".strip(), data=data, category="security") if report else None


def _alert(item: dict[str, Any], t: float) -> Row | None:
    name = text(item.get("metric")) or text(item.get("name"))
    return CustomEvent(t=t, name=name, data=_rest(item), category="alert") if name else None


#: Path → how one of its objects becomes a row; None when it says nothing that can be used.
READERS: dict[str, Callable[[dict[str, Any], float], Row | None]] = {
    "/api/analytics/vitals": _analytics_vital,
    "/api/analytics/actions": _action,
    "/api/metrics": _metric,
    "/api/rum/vitals": _rum_vital,
    "/api/rum/events": _rum_event,
    "/api/security/events": _security,
    "/api/alerts/send": _alert,
}


def _reader(path: str) -> Callable[[dict[str, Any], float], Row | None] | None:
    path = path.rstrip("/")
    if path.endswith("/security"):
        return _csp
    return next((reader for end, reader in READERS.items() if path.endswith(end)), None)


def sniff(document: Document) -> bool:
    """By the path it was posted to."""
    return bool(document.path) and _reader(document.path) is not None


def _facts(item: dict[str, Any]) -> Facts:
    user = item.get("user")
    person = user if isinstance(user, dict) else {"id": user}
    return Facts(
        session=text(item.get("sessionId")) or text(item.get("session_id")),
        user=User(
            id=text(person.get("id")) or text(item.get("userId")),
            email=text(person.get("email")),
            name=text(person.get("name")),
            role=text(person.get("role")),
        ),
        release=text(item.get("release")),
        environment=text(item.get("environment")),
    )


def read(document: Document) -> Iterator[Piece]:
    """One Linked and at most one Said per session. Raises Malformed, Truncated, TooLarge."""
    data = document.stream().read(MAX_BODY + 1)
    if len(data) > MAX_BODY:
        raise TooLarge(f"“{document.name}” is too large for one request body.")
    try:
        found = msgspec.json.decode(checked(data.removeprefix(b"\xef\xbb\xbf")))
    except (msgspec.DecodeError, RecursionError) as error:
        raise Malformed(f"“{document.name}” is not valid JSON.", "Send one JSON object.") from error
    reader = _reader(document.path)
    received = _value(document.headers.get(RECEIVED)) or 0.0
    rows: dict[str, list[Row]] = {}
    said: dict[str, Facts] = {}
    odd = 0
    for item in found if isinstance(found, list) else [found]:
        row = None
        if isinstance(item, dict) and reader:
            t = (
                moment(item.get("timestamp") or item.get("ts"))
                or moment(mapping(item.get("data")).get("timestamp"))
                or received
            )
            row = reader(item, t)
        if row is None:
            odd += 1
            continue
        facts = _facts(item)
        rows.setdefault(facts.session, []).append(row)
        said[facts.session] = facts
    if not rows:
        raise Malformed(f"“{document.name}” lacks what its address asks for.", "See docs/collector.md.")
    for session, listed in rows.items():
        yield Linked(session, listed)
        if said[session] != Facts(session=session):
            yield Said(session, said[session])
    if odd:
        yield Skipped("", "broken-event", f"{odd} entries of “{document.name}” could not be read.", odd)


FORMAT = register(Format("beacons", sniff, read, rank=5, linked=True))
