"""Headers and bodies of requests: the values, or in words why there are none."""

from __future__ import annotations

from typing import Any

import msgspec

from replay_viewer.analysis.extract.context import mapping, number, text
from replay_viewer.domain.rows import Body

NOT_TOLD = "not recorded: the SDK was not told to record bodies"
NO_BODY = "there was none"
NO_ANSWER = "there was no answer"
NOT_FETCH = "bodies are recorded of fetch and XHR only"
_META = {
    "URL_SKIPPED": "not in the SDK's allow list",
    "BODY_PARSE_ERROR": "the SDK could not read it",
    "BODY_PARSE_TIMEOUT": "the SDK gave up reading it after a time",
    "UNPARSEABLE_BODY_TYPE": "of a type the SDK does not record (binary or a stream)",
    "INVALID_JSON": "not valid JSON",
}
_CUT = {"MAYBE_JSON_TRUNCATED", "TEXT_TRUNCATED", "JSON_TRUNCATED"}
TRUNCATED = "cut short by the SDK"


def headers(value: Any) -> dict[str, str]:
    """Headers with lower-cased names; lists of values are joined."""
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = [(item.get("name"), item.get("value")) for item in value if isinstance(item, dict)]
    else:
        return {}
    return {
        str(name).lower(): ", ".join(map(str, item)) if isinstance(item, list) else str(item)
        for name, item in pairs
        if name is not None and item is not None
    }


def plugin_body(request: dict[str, Any], key: str, kind: str, found: dict[str, str]) -> Body:
    """The body of a network plugin's request (`requestBody`/`responseBody`); `found`: its headers."""
    if key not in request:
        if kind not in ("fetch", "xhr"):
            return Body(why=NOT_FETCH)
        return Body(why=NO_BODY if key == "requestBody" and request.get("method") in ("GET", "HEAD") else NOT_TOLD)
    value = request[key]
    if value is None or value == "":
        return Body(size=0, why=NO_BODY)
    if not isinstance(value, str):
        value = msgspec.json.encode(value).decode("utf-8", "replace")
    if value.startswith("[SessionReplay]"):
        return Body(why=value.removeprefix("[SessionReplay]").strip())
    return _text(value, len(value.encode("utf-8", "surrogatepass")), found)


def _text(value: str, size: int, found: dict[str, str], why: str = "") -> Body:
    if "\x00" in value:
        kind = found.get("content-type", "")
        return Body(size=size, why=f"binary ({kind})" if kind else "binary")
    return Body(text=value, size=size, why=why)


def unanswered(body: Body) -> Body:
    """The response body of a request that got no answer."""
    return body if body.text is not None else Body(why=NO_ANSWER)


def sentry_body(message: Any, options: dict[str, Any], data: dict[str, Any], side: str, kind: str) -> Body:
    """The body of one side (`request`/`response`) of a Sentry resource span."""
    part = mapping(message)
    size = int(number(part.get("size"), number(data.get(f"{side}BodySize"), -1)))
    warnings = mapping(part.get("_meta")).get("warnings")
    warnings = [item for item in warnings if isinstance(item, str)] if isinstance(warnings, list) else []
    value = part.get("body")
    if value is not None:
        content = value if isinstance(value, str) else msgspec.json.encode(value).decode("utf-8", "replace")
        return _text(content, size, headers(part.get("headers")), TRUNCATED if _CUT & set(warnings) else "")
    for warning in warnings:
        if warning in _META:
            return Body(size=size, why=_META[warning])
    if kind not in ("fetch", "xhr"):
        return Body(size=size, why=NOT_FETCH)
    if options.get("networkCaptureBodies") is False:
        return Body(size=size, why=NOT_TOLD)
    if options.get("networkDetailHasUrls") is False:
        return Body(size=size, why="not in the SDK's allow list (it is empty)")
    if size == 0 or (size < 0 and (side == "request" or part)):
        return Body(size=size, why=NO_BODY)
    return Body(size=size, why=text(part.get("why")) or "the recording does not say why")
