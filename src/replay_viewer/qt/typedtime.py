"""A time as a person types it: `14:17`, `14:17:05`, `-5s`, `+10`, `83.5`, `20:19:40 utc`, an ISO time. No Qt."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.time import parse_instant
from replay_viewer.qt.wording import TimeStyle

_STEP = re.compile(r"^([+\-−])\s*(\d+(?:\.\d+)?)\s*(ms|s|m|min|h)?$")
_CLOCK = re.compile(r"^(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?\s*(utc|z)?$", re.IGNORECASE)
_UNIT_MS = {"ms": 1.0, "s": 1_000.0, "": 1_000.0, "m": 60_000.0, "min": 60_000.0, "h": 3_600_000.0}

ADVICE = "Type 14:17, 14:17:05, 83.5, -5s or +10; with “utc” after it a time is UTC."


def typed_time(
    text: str, *, start: float, end: float, now: float, style: TimeStyle, zone: tzinfo | None = None
) -> float:
    """Epoch ms of what was typed while the playhead stands at `now` in a session from `start` to `end`.

    With times shown as offsets `1:23` is an offset; where the session is too short for that, and in the other
    styles, it is a time of day in that style's zone (`zone`: the customer's), on the day that falls into the
    session. Raises BadInput for no time, and for one outside of the session.
    """
    text = text.strip()
    if match := _STEP.match(text):
        sign, number, unit = match.groups()
        step = float(number) * _UNIT_MS[unit or ""]
        return min(max(now + (step if sign == "+" else -step), start), end)
    if match := _CLOCK.match(text):
        first, second, third, utc = match.groups()
        if style == "offset" and not utc:
            t = parse_instant(text, start)
            if start <= t <= end:
                return t
        where = UTC if utc or style == "utc" else None if style == "mine" else zone or UTC
        found = _on_its_day(int(first), int(second), float(third or 0), start, end, where)
        if found is None:
            raise BadInput(f"{text} is not within this session.", ADVICE)
        return found
    try:
        t = parse_instant(text, start)
    except BadInput as error:
        raise BadInput(f"“{text}” is not a time.", ADVICE) from error
    if not start - 1 <= t <= end + 1:
        raise BadInput(f"{text} is not within this session.", ADVICE)
    return min(max(t, start), end)


def _on_its_day(hour: int, minute: int, second: float, start: float, end: float, zone: tzinfo | None) -> float | None:
    """The instant of a time of day within the session; None when the session has none."""
    if hour > 23 or minute > 59 or second >= 60:
        return None
    first = datetime.fromtimestamp(start / 1000.0, UTC).astimezone(zone)
    slack = 60_000.0 if second == 0 else 1_000.0  # the minute in which it began is meant by its first second
    for days in range(-1, int((end - start) / 86_400_000) + 2):
        day = (first + timedelta(days=days)).date()
        moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
        t = moment.timestamp() * 1000.0 + second * 1000.0
        if start <= t <= end:
            return t
        if t < start < t + slack:
            return start
    return None
