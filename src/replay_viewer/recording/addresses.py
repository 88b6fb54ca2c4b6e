"""The address of a page as scripts change it."""

from __future__ import annotations

from urllib.parse import urljoin

from replay_viewer.recording.events import Custom

#: Custom events of SDKs that say the page's URL changed without a load.
_URL_TAGS = ("$pageview", "$url_changed")


def moved_to(data: Custom, url: str) -> str:
    """The URL a page at `url` moved to by script, as PostHog's and Sentry's SDKs record it; empty: nothing said."""
    payload = data.payload
    if not isinstance(payload, dict):
        return ""
    target: object = None
    if data.tag in _URL_TAGS:
        target = payload.get("href")
    elif data.tag == "performanceSpan" and payload.get("op") == "navigation.push":
        target = payload.get("description")
    elif data.tag == "breadcrumb" and payload.get("category") == "navigation":
        moved = payload.get("data")
        target = moved.get("to") if isinstance(moved, dict) else None
    if not isinstance(target, str) or not target:
        return ""
    try:
        return urljoin(url, target)
    except ValueError:
        return ""
