"""Session pages of other vendors, as error events and links name them: who it is, and that it is a session.

Hosts and paths as in the vendors' documentation and SDKs. LogRocket puts `sessionURL` into an event's extra data,
FullStory a context of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

#: Vendor to (host, path or query) of a session's page.
PLACES: dict[str, tuple[re.Pattern[str], re.Pattern[str]]] = {
    "LogRocket": (re.compile(r"(^|\.)logrocket\.com$"), re.compile(r"/s/")),
    "FullStory": (re.compile(r"(^|\.)fullstory\.com$"), re.compile(r"session/")),
    "Microsoft Clarity": (re.compile(r"^clarity\.microsoft\.com$"), re.compile(r"/player/")),
    "Datadog": (re.compile(r"(^|\.)(datadoghq\.(com|eu)|ddog-gov\.com)$"), re.compile(r"/rum/replay/")),
    "OpenReplay": (re.compile(r"(^|\.)openreplay\.com$"), re.compile(r"/session/")),
    "Highlight": (re.compile(r"(^|\.)highlight\.io$|^app\.launchdarkly\.com$"), re.compile(r"/sessions/")),
    "Mixpanel": (re.compile(r"(^|\.)mixpanel\.com$"), re.compile(r"replay")),
    "Amplitude": (re.compile(r"(^|\.)amplitude\.com$"), re.compile(r"sessionReplayId|session-replay")),
    "Jam": (re.compile(r"(^|\.)jam\.dev$"), re.compile(r"/c/")),
    "PostHog": (re.compile(r"(^|\.)posthog\.com$"), re.compile(r"/replay/|sessionRecordingId")),
}
_URL = re.compile(r"https://[^\s\"'<>]+")
_DEEP = 6
_MOST = 5


def place_of(url: str) -> str:
    """The vendor whose session page `url` is, '' when it is none of them."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
    except ValueError:
        return ""
    where = f"{parts.path}?{parts.query}#{parts.fragment}"
    return next((name for name, (at, path) in PLACES.items() if at.search(host) and path.search(where)), "")


def replay_pages(event: dict[str, Any]) -> list[tuple[str, str]]:
    """(vendor, URL) of the session pages an error event names in its extra data, contexts, tags and breadcrumbs."""
    found: dict[str, str] = {}
    for part in ("context", "extra", "contexts", "tags", "breadcrumbs", "entries"):
        for value in _texts(event.get(part), _DEEP):
            for match in _URL.finditer(value):
                url = match[0].rstrip(".,;)")
                if name := place_of(url):
                    found.setdefault(url, name)
    return [(name, url) for url, name in found.items()][:_MOST]


def _texts(value: Any, deep: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value[:4096]
    elif deep and isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner, deep - 1)
    elif deep and isinstance(value, list):
        for inner in value[:200]:
            yield from _texts(inner, deep - 1)
