"""When a backend deletes a session.

PostHog says it: `expiry_time` of the recording (ISO), or `start_time` and `recording_ttl` / `retention_period_days`
in days (PostHog/posthog `SessionRecordingSerializer`). Sentry says nothing and keeps replays for 90 days on its paid
plans, 30 on the free one: the later is taken, and words say "at the latest". Our collector says `expires` (epoch ms).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.session import Session
from replay_viewer.domain.time import iso_to_ms

_DAY = 86_400_000.0
_SENTRY_DAYS = 90
#: From this long before (ms) on, people are told.
SOON = 14 * _DAY


def expires(source: str, facts: Mapping[str, Any], session: Session) -> float:
    """Epoch ms, 0 when nothing says. `facts`: of the source's plan."""
    if source == "sentry":
        return session.start + _SENTRY_DAYS * _DAY
    said = facts.get("recording") if source == "posthog" else facts
    if not isinstance(said, Mapping):
        return 0.0
    moment = said.get("expiry_time") or said.get("expires")
    if isinstance(moment, int | float) and not isinstance(moment, bool):
        return float(moment)
    if isinstance(moment, str):
        try:
            return iso_to_ms(moment)
        except BadInput:
            return 0.0
    for name in ("recording_ttl", "retention_period_days"):
        days = said.get(name)
        if isinstance(days, int | float) and 0 < days < 100_000:
            # the ttl counts what is left, the period from the start
            return (time.time() * 1000.0 if name == "recording_ttl" else session.start) + days * _DAY
    return 0.0


def words(expires: float, now: float | None = None) -> str:
    """`gone there in 3 days`, `gone there since 2 days`; '' while that is far away or unknown. Times epoch ms."""
    if not expires:
        return ""
    left = expires - (time.time() * 1000.0 if now is None else now)
    if left > SOON:
        return ""
    days = int(abs(left) // _DAY)
    hours = int(abs(left) // 3_600_000.0)
    span = f"{days} day{'s' if days != 1 else ''}" if days else f"{hours} hour{'s' if hours != 1 else ''}"
    return f"gone there in {span}" if left > 0 else f"gone there for {span}"
