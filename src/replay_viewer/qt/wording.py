"""How numbers, spans, addresses and sessions read in the interface. Pure functions, no Qt."""

from __future__ import annotations

import time
from datetime import UTC, datetime, tzinfo
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from replay_viewer.domain.session import Session
from replay_viewer.domain.time import offset

TimeStyle = Literal["offset", "utc", "customer", "mine"]


def size(count: int) -> str:
    """Bytes as a person reads them: `0`, `812 B`, `1.1 kB`, `12 kB`, `3.4 MB`; empty for unknown (below 0)."""
    if count < 0:
        return ""
    if count < 1000:
        return f"{count} B" if count else "0"
    value = float(count)
    for unit in ("kB", "MB", "GB"):
        value /= 1000.0
        if value < 999.5 or unit == "GB":
            return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"
    raise AssertionError  # pragma: no cover


def span(ms: float) -> str:
    """A length in ms: `84 ms`, `1.24 s`, `38 s`, `2:05`."""
    if ms < 999.5:
        return f"{ms:.0f} ms"
    if ms < 9_995:
        return f"{ms / 1000:.2f} s"
    if ms < 99_500:
        return f"{ms / 1000:.0f} s"
    return offset(ms, tenths=False)


def length(ms: float) -> str:
    """Length of a session: `1:52`, `1:02:07`."""
    return offset(ms, tenths=False)


def path(url: str) -> str:
    """The part of an address that tells pages apart: path, query and fragment; the whole when it has none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    if not parts.scheme or not parts.netloc:
        return url
    return (
        (parts.path or "/")
        + (f"?{parts.query}" if parts.query else "")
        + (f"#{parts.fragment}" if parts.fragment else "")
    )


def zone_named(name: str) -> tzinfo | None:
    """The time zone of an IANA name such as `Asia/Tokyo`; None when unknown."""
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def is_utc(name: str) -> bool:
    """Whether an IANA zone is UTC under one of its names: what servers and headless browsers report."""
    return name.rsplit("/", 1)[-1].upper() in {"UTC", "UCT", "GMT", "GMT0", "GMT+0", "GMT-0", "ZULU", "UNIVERSAL"}


def zone_label(name: str) -> str:
    """The city of an IANA zone: `Tokyo`."""
    return name.rsplit("/", 1)[-1].replace("_", " ")


def wall(ms: float, zone: tzinfo | None) -> str:
    """Wall-clock time of an instant with tenths, in `zone` (None: this machine's): `20:19:40.5`."""
    try:
        moment = datetime.fromtimestamp(ms / 1000.0, UTC).astimezone(zone)
    except (ValueError, OverflowError, OSError):
        return "–"
    return moment.strftime("%H:%M:%S") + f".{moment.microsecond // 100_000}"


def when(ms: float, now: float | None = None) -> str:
    """Day and minute of an instant on this machine's clock: `today 14:05`, `yesterday 09:12`, `3 Mar 2026`."""
    if ms <= 0:
        return ""
    moment = datetime.fromtimestamp(ms / 1000.0, UTC).astimezone()
    today = datetime.fromtimestamp(time.time() if now is None else now / 1000.0, UTC).astimezone().date()
    days = (today - moment.date()).days
    if days == 0:
        return f"today {moment:%H:%M}"
    if days == 1:
        return f"yesterday {moment:%H:%M}"
    return f"{moment.day} {moment:%b}" + ("" if moment.year == today.year else f" {moment.year}")


def session_where(session: Session) -> str:
    """The address that names a session in a list."""
    url = session.facts.url or next((tab.url for tab in session.tabs if tab.url), "")
    return path(url).partition("?")[0].partition("#")[0] if url else session.id[:12]


def session_line(session: Session) -> str:
    """Second line of a session in the queue: `/shop/checkout · 1:52 · Chrome 156`."""
    parts = [session_where(session), length(session.duration), session.browser]
    return " · ".join(part for part in parts if part)


def plural(count: int, one: str, many: str = "") -> str:
    """`1 error`, `3 errors`, `0 errors`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def origin_line(session: Session, now: float | None = None) -> str:
    """Where a session came from and when: `Imported today 14:05 from checkout.json.gz`."""
    origin = session.origin or session.facts.source
    source = origin.rstrip("/").rsplit("/", 1)[-1] if not origin.startswith(("http://", "https://")) else origin
    stamp = when(session.imported, now)
    verb = "Pulled" if origin.startswith(("http://", "https://")) else "Imported"
    return " ".join(part for part in (verb, stamp, f"from {source}" if source else "") if part)


def health_line(session: Session) -> tuple[str, str]:
    """One line about the recording's health, and the role that colours it."""
    bad = [finding for finding in session.health if finding.severity != "info"]
    if not bad:
        count = len(session.health)
        return (f"Health: {plural(count, 'note')}", "good") if count else ("Health: nothing missing", "good")
    worst = "failed" if any(finding.severity == "error" for finding in bad) else "warning"
    first = bad[0].message.rstrip(".")
    first = first if len(first) <= 44 else first[:43] + "…"
    more = f", and {len(bad) - 1} more" if len(bad) > 1 else ""
    return f"Health: {first}{more}", worst


def one_line(text: str, limit: int = 400) -> str:
    """`text` on one line: control characters become spaces, what is longer than `limit` is cut with an ellipsis."""
    flat = " ".join(text[: limit * 2].split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"
