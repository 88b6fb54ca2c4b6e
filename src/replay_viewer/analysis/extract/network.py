"""Requests of the network plugins: `rrweb/network@1` (rrweb's and PostHog's) and the old `posthog/network@1`.

rrweb's plugin gives times relative to the page's time origin, which it does not record. Of every entry the event's
stamp minus the entry's end is at most some milliseconds late of it, so the smallest such difference of a page is its
origin; the first requests of a page wait until a fetch or XHR (whose delay is small) was seen. PostHog says
`timeOrigin`. The entry of the document comes twice, first unfinished, then complete: it is one row.
"""

from __future__ import annotations

from typing import Any

from replay_viewer.analysis.extract.bodies import headers, plugin_body, unanswered
from replay_viewer.analysis.extract.context import Context, mapping, number, text
from replay_viewer.domain.rows import NetworkRequest, Row

#: Position in a `posthog/network@1` entry → name (PostHog's PerformanceEventReverseMapping).
_NUMERIC = {
    "0": "entryType", "1": "timeOrigin", "2": "name", "3": "startTime", "4": "redirectStart", "5": "redirectEnd",
    "7": "fetchStart", "8": "domainLookupStart", "9": "domainLookupEnd", "10": "connectStart",
    "11": "secureConnectionStart", "12": "connectEnd", "13": "requestStart", "14": "responseStart",
    "15": "responseEnd", "16": "decodedBodySize", "17": "encodedBodySize", "18": "initiatorType",
    "20": "renderBlockingStatus", "21": "responseStatus", "22": "transferSize", "29": "domComplete",
    "31": "domInteractive", "32": "loadEventEnd", "39": "duration", "40": "timestamp",
}  # fmt: skip
_KINDS = {"navigation": "document", "xmlhttprequest": "xhr", "image": "img"}
_PHASES = (
    ("redirect", "redirectStart", "redirectEnd"),
    ("dns", "domainLookupStart", "domainLookupEnd"),
    ("connect", "connectStart", "connectEnd"),
    ("wait", "requestStart", "responseStart"),
    ("receive", "responseStart", "responseEnd"),
)
_HOLD_MS, _HOLD_COUNT = 10_000.0, 200
#: A fetch reported this much later than the origin says: the monotonic clock stood still (sleep), or another page.
_DRIFT_MS = 2_000.0

Held = tuple[float, int, dict[str, Any]]


def phases(entry: dict[str, Any]) -> dict[str, float]:
    """Phases of a resource timing entry in ms; those that did not happen or are not known are left out."""
    found = {}
    for name, start, end in _PHASES:
        a, b = number(entry.get(start)), number(entry.get(end))
        if b > a > 0:
            found[name] = round(b - a, 3)
    secure = number(entry.get("secureConnectionStart"))
    if secure > 0 and number(entry.get("connectEnd")) > secure:
        found["ssl"] = round(number(entry.get("connectEnd")) - secure, 3)
    return found


class NetworkReader:
    """Requests of one tab, from plugin events."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._held: list[Held] = []
        self._document: Held | None = None
        self._origin = 0.0
        self._sure = False
        self._page = -1

    def read(self, t: float, n: int, payload: Any) -> list[Row]:
        """Rows of one `rrweb/network@1` event."""
        data = mapping(payload)
        requests = data.get("requests")
        entries = [mapping(item) for item in requests] if isinstance(requests, list) else []
        rows: list[Row] = []
        if self._page != self.context.page or (self._document and data.get("isInitial") is True):
            rows += self.flush()
            self._page = self.context.page
        for entry in entries:
            rows += self._entry(t, n, entry)
        return rows

    def read_numeric(self, t: float, n: int, payload: Any) -> list[Row]:
        """Rows of one `posthog/network@1` event: one entry, keyed by number."""
        data = mapping(payload)
        return self.read(t, n, {"requests": [{_NUMERIC.get(key, key): value for key, value in data.items()}]})

    def flush(self) -> list[Row]:
        """Rows of what still waits; the page is over."""
        rows = self._release()
        if self._document is not None:
            rows.append(self._row(*self._document, self._origin))
            self._document = None
        self._origin, self._sure = 0.0, False
        return rows

    def _entry(self, t: float, n: int, entry: dict[str, Any]) -> list[Row]:
        if entry.get("entryType") not in (None, "resource", "navigation"):
            return []
        origin = number(entry.get("timeOrigin"))
        if origin:
            self._origin, self._sure = origin, True
        elif "endTime" in entry or "responseEnd" in entry:
            late = t - number(entry.get("endTime"), number(entry.get("responseEnd")))
            timely = text(entry.get("initiatorType")) in ("fetch", "xmlhttprequest")
            drifted = self._sure and timely and late - self._origin > _DRIFT_MS
            if drifted or not self._origin or late < self._origin:
                self._origin = late
            self._sure = self._sure or timely
        rows: list[Row] = []
        if entry.get("entryType") == "navigation" or entry.get("initiatorType") == "navigation":
            first = self._document
            if first is not None and first[2].get("name") == entry.get("name"):
                self._document = None
                self._held.append((first[0], first[1], {**first[2], **entry}))
            elif first is None and not number(entry.get("duration")):
                self._document = (t, n, entry)
            else:
                self._held.append((t, n, entry))
        else:
            self._held.append((t, n, entry))
        if self._held and (self._sure or len(self._held) > _HOLD_COUNT or t - self._held[0][0] > _HOLD_MS):
            rows += self._release()
        return rows

    def _release(self) -> list[Row]:
        held, self._held = self._held, []
        self.context.origin = self._origin or self.context.origin
        return [self._row(*item, self._origin) for item in held]

    def _row(self, t: float, n: int, entry: dict[str, Any], origin: float) -> NetworkRequest:
        start = number(entry.get("startTime"), number(entry.get("fetchStart")))
        ended = number(entry.get("endTime"), number(entry.get("responseEnd")))
        if ended < start:
            ended = start + number(entry.get("duration"))
        stamp = number(entry.get("timestamp"))
        if not origin and stamp:
            origin = stamp - start
        elif not origin:
            origin = t - ended
        kind = text(entry.get("initiatorType")) or text(entry.get("entryType"), "other")
        kind = _KINDS.get(kind, kind)
        called = kind in ("fetch", "xhr")
        status, error = self._status(entry, called)
        request_headers, response_headers = (
            headers(entry.get("requestHeaders")),
            headers(entry.get("responseHeaders")),
        )
        response = plugin_body(entry, "responseBody", kind, response_headers)
        size = number(entry.get("transferSize"), number(entry.get("encodedBodySize"), -1))
        return NetworkRequest(
            t=origin + start, end=origin + max(ended, start), tab=self.context.tab, event=n,
            method=(text(entry.get("method")) or ("POST" if kind == "beacon" else "GET")).upper(),
            url=self.context.absolute(text(entry.get("name")) or text(entry.get("url"))),
            status=status, kind=kind, size=int(size), error=error, phases=phases(entry),
            content_size=int(number(entry.get("decodedBodySize"), -1)), initiator=text(entry.get("initiatorType")),
            request_headers=request_headers, response_headers=response_headers,
            request_body=plugin_body(entry, "requestBody", kind, request_headers),
            response_body=unanswered(response) if status == 0 else response,
        )  # fmt: skip

    def _status(self, entry: dict[str, Any], called: bool) -> tuple[int, str]:
        for key in ("status", "responseStatus"):
            value = number(entry.get(key), -1)
            if value > 0:
                return int(value), ""
        if called and ("method" in entry or "status" in entry):
            # Aborted, timed out and refused fetches have no status, such XHRs status 0.
            return 0, text(entry.get("error")) or "no answer: aborted, timed out or blocked"
        return -1, ""
