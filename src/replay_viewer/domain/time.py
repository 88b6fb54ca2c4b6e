"""Time below the UI is epoch milliseconds, UTC, as a float. This module converts at the edges."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo

from replay_viewer.domain.errors import BadInput

#: Stamps below this are seconds: 1e11 ms is March 1973, 1e11 s is the year 5138.
_SECONDS_BELOW = 1e11
#: Stamps below this count from the beginning of a recording, in milliseconds: 1e8 s is March 1973 too.
_COUNTED_BELOW = 1e8


def to_ms(stamp: float) -> float:
    """Epoch milliseconds from a stamp in seconds or milliseconds (Sentry mixes both in one array)."""
    return stamp * 1000.0 if _COUNTED_BELOW < stamp < _SECONDS_BELOW else float(stamp)


def iso_to_ms(text: str) -> float:
    """Epoch ms of an ISO 8601 time; without a zone it is UTC. Raises BadInput."""
    try:
        moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError as error:
        raise BadInput(f"“{text}” is not a time.", "Use an ISO time, epoch milliseconds or an offset.") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000.0


def iso(ms: float, zone: tzinfo = UTC) -> str:
    """ISO 8601 with milliseconds; `Z` for UTC."""
    text = datetime.fromtimestamp(ms / 1000.0, zone).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def clock(ms: float, zone: tzinfo = UTC) -> str:
    """Wall-clock time such as `20:19:40`."""
    return datetime.fromtimestamp(ms / 1000.0, zone).strftime("%H:%M:%S")


def offset(ms: float, *, tenths: bool = True) -> str:
    """A span in the way a transport shows it: `0:33.0`, `1:02:07.5`, `-0:01.2`."""
    sign = "-" if ms < 0 else ""
    total = abs(ms)
    total = round(total / 100) / 10 if tenths else float(int(total / 1000))
    hours, rest = divmod(total, 3600)
    minutes, seconds = divmod(rest, 60)
    tail = f"{seconds:04.1f}" if tenths else f"{int(seconds):02d}"
    return f"{sign}{int(hours)}:{int(minutes):02d}:{tail}" if hours else f"{sign}{int(minutes)}:{tail}"


#: Of hours, minutes and seconds only the first may be 60 and more.
_CLOCK = re.compile(r"^(?:(\d+):(?=[0-5]?\d:))?(\d+):([0-5]?\d(?:\.\d+)?)$")


def parse_instant(text: str, start: float) -> float:
    """Epoch ms of `text`: epoch ms, an ISO time, or an offset (`83.5`, `1:23.5`, `1:02:03`) from `start`.

    Raises BadInput.
    """
    text = text.strip()
    if match := _CLOCK.match(text):
        hours, minutes, seconds = match.groups()
        return start + (int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds)) * 1000.0
    try:
        number = float(text)
    except ValueError:
        return iso_to_ms(text)
    if not (number == number and abs(number) < 1e15):
        raise BadInput(f"“{text}” is not a time.", "Use an ISO time, epoch milliseconds or an offset.")
    return number if number >= _SECONDS_BELOW else start + number * 1000.0
