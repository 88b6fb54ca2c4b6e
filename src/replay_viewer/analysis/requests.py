"""What a request is: its type as developer tools sort them, its GraphQL operation, the frames of a WebSocket."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from replay_viewer.domain.rows import NetworkRequest

#: Types in the order they are offered, with what people call them.
TYPES: tuple[tuple[str, str], ...] = (
    ("doc", "Doc"),
    ("xhr", "XHR and fetch"),
    ("js", "JS"),
    ("css", "CSS"),
    ("img", "Img"),
    ("media", "Media"),
    ("font", "Font"),
    ("ws", "WebSocket"),
    ("other", "Other"),
)

_BY_KIND = {
    "document": "doc", "iframe": "doc", "frame": "doc", "navigation": "doc", "fetch": "xhr", "xhr": "xhr",
    "xmlhttprequest": "xhr", "eventsource": "xhr", "script": "js", "css": "css", "stylesheet": "css", "img": "img",
    "image": "img", "icon": "img", "video": "media", "audio": "media", "track": "media", "media": "media",
    "font": "font", "websocket": "ws", "ws": "ws",
}  # fmt: skip
#: Types that an initiator (`link`, `css`, `other`) says nothing of: the file's ending does.
_BY_ENDING = {
    "js": "js", "mjs": "js", "cjs": "js", "css": "css", "png": "img", "jpg": "img", "jpeg": "img", "gif": "img",
    "webp": "img", "avif": "img", "svg": "img", "ico": "img", "mp4": "media", "webm": "media", "mp3": "media",
    "ogg": "media", "wav": "media", "m3u8": "media", "woff": "font", "woff2": "font", "ttf": "font", "otf": "font",
    "html": "doc", "htm": "doc",
}  # fmt: skip
_ENDING = re.compile(r"\.([A-Za-z0-9]{2,5})(?:[?#]|$)")
_OPERATION = re.compile(r"\b(query|mutation|subscription)\s+([A-Za-z_]\w*)\s*[({@]")
_BEGINS = re.compile(r"(?:\s|#[^\n]*\n)*(?:(?:query|mutation|subscription)\b[^{]*\{|fragment\s|\{\s*[A-Za-z_])")
_SHORTHAND = re.compile(r"^\s*\{\s*([A-Za-z_]\w*)")


def type_of(kind: str, url: str) -> str:
    """One of `TYPES` for a recorded kind and URL. What a style sheet loads is told by its ending (fonts, images)."""
    if url.startswith(("ws:", "wss:")):
        return "ws"
    known = _BY_KIND.get(kind.lower(), "")
    if known and kind != "css":
        return known
    found = _ENDING.search(url[:2000])
    return _BY_ENDING.get(found[1].lower(), known or "other") if found else known or "other"


def is_socket(request: NetworkRequest) -> bool:
    """Whether a request opened a WebSocket."""
    return bool(request.messages) or type_of(request.kind, request.url) == "ws"


class Operation(msgspec.Struct, frozen=True):
    """A GraphQL operation: query, mutation or subscription, its name, variables and text."""

    sort: str
    name: str
    variables: Any = None
    query: str = ""


def operations(request: NetworkRequest) -> list[Operation]:
    """The GraphQL operations of a request, in the order sent; empty when it is none.

    Read are JSON bodies (`query`, `operationName`, `variables`; batches too, persisted queries by their name), bodies
    of `application/graphql`, and the query of a GET.
    """
    text = request.request_body.text
    kind = request.request_headers.get("content-type", "").lower()
    if text and "application/graphql" in kind and "json" not in kind:
        return [_operation({"query": text})]
    if text and len(text) <= 5_000_000 and text.lstrip()[:1] in ("{", "["):
        # A cheap look first: most bodies are no GraphQL, and some are large.
        if '"query"' not in text and '"operationName"' not in text:
            return []
        try:
            value = msgspec.json.decode(text)
        except msgspec.DecodeError:
            return []
        parts = value if isinstance(value, list) else [value]
        return [_operation(part) for part in parts[:100] if isinstance(part, dict) and _is_graphql(part)]
    if request.method == "GET" and "graphql" in request.url:
        try:
            part: dict[str, Any] = dict(parse_qsl(urlsplit(request.url).query))
            part["variables"] = msgspec.json.decode(part["variables"]) if part.get("variables") else None
        except (ValueError, msgspec.DecodeError):
            return []
        return [_operation(part)] if _is_graphql(part) else []
    return []


def _is_graphql(part: dict[str, Any]) -> bool:
    query = part.get("query")
    if isinstance(query, str):
        return _BEGINS.match(query) is not None
    return isinstance(part.get("operationName"), str) and ("variables" in part or "extensions" in part)


def _operation(part: dict[str, Any]) -> Operation:
    asked = part.get("query")
    query = asked if isinstance(asked, str) else ""
    named = part.get("operationName")
    found = _OPERATION.findall(query)
    if isinstance(named, str) and named:
        sort = next((sort for sort, name in found if name == named), "query")
        return Operation(sort, named, part.get("variables"), query)
    if found:
        return Operation(found[0][0], found[0][1], part.get("variables"), query)
    short = _SHORTHAND.match(query)
    sort = re.match(r"\s*(mutation|subscription)\b", query)
    return Operation(sort[1] if sort else "query", short[1] if short else "(anonymous)", part.get("variables"), query)
