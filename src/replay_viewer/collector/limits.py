"""How much may be sent: the size of a body, requests a minute per project key, bytes a day per project."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

import msgspec

#: The largest body taken, as received (Relay takes 10 MiB of compressed replay and 20 MiB of other items).
MAX_BODY = 32 << 20

_DAY = 86_400
_KEYS = 10_000


class LimitSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`max_body`: bytes as received; `rate`: requests a minute per key; `quota`: bytes a day (UTC) per project.

    0 for `rate` and `quota` means no limit.
    """

    max_body: int = MAX_BODY
    rate: int = 0
    quota: int = 0


class Limited(Exception):
    """Not taken: try again after `seconds`. `scope` is key or project, `reason` rate_limited or quota_exceeded."""

    def __init__(self, seconds: int, scope: str, reason: str) -> None:
        super().__init__(reason)
        self.seconds, self.scope, self.reason = seconds, scope, reason

    @property
    def headers(self) -> dict[str, str]:
        """`Retry-After` and, as Sentry's SDKs read it, `X-Sentry-Rate-Limits` (all categories)."""
        return {
            "Retry-After": str(self.seconds),
            "X-Sentry-Rate-Limits": f"{self.seconds}::{self.scope}:{self.reason}",
        }


class Limits:
    """Counts. `used(project, since)`: bytes a project has sent since an instant (epoch ms), asked once a day.

    `now` gives epoch seconds. Any thread.
    """

    def __init__(
        self, settings: LimitSettings, used: Callable[[str, float], int], now: Callable[[], float] = time.time
    ) -> None:
        self.settings = settings
        self._used = used
        self._now = now
        self._lock = threading.Lock()
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()
        self._bytes: dict[str, tuple[int, int]] = {}

    def admit(self, project: str, key: str) -> None:
        """Count one request of a key. Raises Limited. A key may send a minute's worth at once, then as it refills."""
        now = self._now()
        with self._lock:
            if self.settings.rate:
                self._take(project, key, now)
            if self.settings.quota:
                day = int(now // _DAY)
                known = self._bytes.get(project)
                if known is None or known[0] != day:
                    known = self._bytes[project] = (day, self._used(project, day * _DAY * 1000.0))
                if known[1] >= self.settings.quota:
                    raise Limited(max(1, math.ceil((day + 1) * _DAY - now)), "project", "quota_exceeded")

    def _take(self, project: str, key: str, now: float) -> None:
        rate = self.settings.rate
        tokens, last = self._buckets.pop((project, key), (float(rate), now))
        tokens = min(float(rate), tokens + max(0.0, now - last) * rate / 60.0)
        allowed = tokens >= 1.0
        self._buckets[(project, key)] = (tokens - 1.0 if allowed else tokens, now)
        if len(self._buckets) > _KEYS:
            self._buckets.popitem(last=False)
        if not allowed:
            raise Limited(max(1, math.ceil((1.0 - tokens) * 60.0 / rate)), "key", "rate_limited")

    def spend(self, project: str, size: int) -> None:
        """Count the bytes of a body that was taken."""
        if self.settings.quota:
            with self._lock:
                if project in self._bytes:
                    day, before = self._bytes[project]
                    self._bytes[project] = (day, before + size)
