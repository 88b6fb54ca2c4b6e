"""What the readers of one tab share: where they are, and what the recorder said of itself."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin, urlsplit

import msgspec


class Context(msgspec.Struct):
    """State of one tab while its events are read.

    `url`: URL of the page in force. `origin`: epoch ms of the page's time origin, 0 while unknown. `options`: the
    Sentry SDK's options event. `page`: counts page loads, so that readers notice a new one. `announced`: URL of a
    page load that already has its row, from the SDK's navigation span, while its Meta event is still to come.
    """

    tab: int
    url: str = ""
    origin: float = 0.0
    page: int = 0
    announced: str = ""
    options: dict[str, Any] = {}

    def absolute(self, url: str) -> str:
        """`url` resolved against the page's; as it is when that is unknown or it is no URL."""
        if not url or not self.url:
            return url
        try:
            return url if urlsplit(url).scheme else urljoin(self.url, url)
        except ValueError:
            return url


def mapping(value: Any) -> dict[str, Any]:
    """The value when it is an object, else an empty one: payloads are whatever the page sent."""
    return value if isinstance(value, dict) else {}


def text(value: Any, default: str = "") -> str:
    """The value when it is text, else the default."""
    return value if isinstance(value, str) else default


def number(value: Any, default: float = 0.0) -> float:
    """The value when it is a finite number, else the default."""
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e17:
        return float(value)
    return default


TOO_DEEP = "(nested too deeply to keep)"
_DEPTH = 100


def shallow(value: Any) -> Any:
    """The value, or a remark in its place when it is nested so deeply that encoding it could exhaust the stack."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(_DEPTH):
        if not level:
            return value
        level = [
            child
            for item in level
            for child in (item.values() if type(item) is dict else item)
            if type(child) is dict or type(child) is list
        ]
    return TOO_DEEP
