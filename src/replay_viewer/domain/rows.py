"""The normalised rows: what a session did, whatever SDK wrote it down.

Every row starts with the same fields: `t` epoch ms; `tab` the index of the tab (-1: the session as a whole);
`event` the position of the recording event it came from in that tab's stored order (-1: from elsewhere).
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What all rows share."""

    t: float
    tab: int = -1
    event: int = -1


class Frame(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One stack frame, as recorded (`line` and `column` are 1-based, 0 when unknown).

    `debug_id`: of the built file it stands in, when the SDK said it: its source map has the same one.
    """

    function: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    in_app: bool = True
    context: list[tuple[int, str]] = []
    debug_id: str = ""


class ConsoleEntry(Row, tag="console", frozen=True, kw_only=True, omit_defaults=True):
    """One console call. `arguments` are the JSON values as far as the SDK kept them."""

    level: Literal["debug", "log", "info", "warn", "error"]
    message: str
    arguments: list[Any] = []
    stack: list[Frame] = []
    truncated: bool = False


class Body(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A request or response body. `text` is None when it was not recorded; `why` then says so in words."""

    text: str | None = None
    size: int = -1
    why: str = ""


class SocketMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message of a WebSocket: `t` epoch ms, `sent` by the page or received, `size` in bytes (-1: not known).

    `text` of a `binary` message is base64. What is cut or missing, `why` says in words.
    """

    t: float
    sent: bool = False
    text: str = ""
    size: int = -1
    binary: bool = False
    why: str = ""


class NetworkRequest(Row, tag="network", frozen=True, kw_only=True, omit_defaults=True):
    """One request. `t` is its start, `end` its end (epoch ms); `status` 0 means it failed or was blocked.

    `status` is -1 when the recording does not say. `kind`: document, fetch, xhr, script, css, img, beacon, …
    `url` is absolute when the page's URL was known. `phases`: names of web timing (dns, connect, wait, …) to ms.
    `size`: bytes transferred; `content_size`: of the content once it is decompressed. `initiator`: what asked for it,
    in the recorder's word (parser, script, preload, img, …); `stack`: the calls that did, oldest first.
    """

    end: float
    method: str = "GET"
    url: str = ""
    status: int = -1
    kind: str = "other"
    size: int = -1
    content_size: int = -1
    request_headers: dict[str, str] = {}
    response_headers: dict[str, str] = {}
    request_body: Body = Body()
    response_body: Body = Body()
    phases: dict[str, float] = {}
    error: str = ""
    initiator: str = ""
    stack: list[Frame] = []
    messages: list[SocketMessage] = []

    @property
    def failed(self) -> bool:
        """Whether a person would call it failed: no answer, or a status of 400 and above."""
        return self.status == 0 or self.status >= 400 or bool(self.error)


class Raised(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One exception of a chain: type, message, frames oldest first, and how it was caught."""

    type: str
    value: str
    frames: list[Frame] = []
    handled: bool | None = None
    mechanism: str = ""


class ErrorEvent(Row, tag="error", frozen=True, kw_only=True, omit_defaults=True):
    """One error. `exceptions`: the one shown last, its causes before it. `source`: who reported it."""

    id: str = ""
    title: str = ""
    level: Literal["fatal", "error", "warning", "info", "debug"] = "error"
    exceptions: list[Raised] = []
    source: str = ""
    release: str = ""
    environment: str = ""
    url: str = ""
    tags: dict[str, str] = {}
    contexts: dict[str, Any] = {}
    breadcrumbs: list[dict[str, Any]] = []
    group: str = ""


class Vital(Row, tag="vital", frozen=True, kw_only=True, omit_defaults=True):
    """One measure: LCP INP CLS FCP TTFB FID (web-vitals), or memory, longtask, fps. ms, bytes, or a score.

    `nodes`: mirror ids of the elements blamed. `page`: URL of the page view it belongs to.
    """

    name: str
    value: float
    rating: Literal["good", "needs-improvement", "poor", ""] = ""
    page: str = ""
    nodes: list[int] = []
    target: str = ""
    id: str = ""
    detail: dict[str, Any] = {}


class StateChange(Row, tag="state", frozen=True, kw_only=True, omit_defaults=True):
    """One action of a state container: its type, its payload and, when recorded, the state after it.

    `diff`: JSON Patch operations (RFC 6902) from the state before, when recorded. `meta`: of the action, or its
    error.
    """

    action: str
    payload: Any = None
    state: Any = None
    store: str = ""
    diff: list[Any] = []
    meta: Any = None


class Navigation(Row, tag="navigation", frozen=True, kw_only=True, omit_defaults=True):
    """A page load or a change of URL in the page. `how`: load, reload, back_forward, push, hash, …"""

    url: str
    how: str = "load"
    from_url: str = ""


class Interaction(Row, tag="interaction", frozen=True, kw_only=True, omit_defaults=True):
    """What the person did, in words: `Clicked button “Pay now”`.

    `action`: click, dblclick, contextmenu, input, focus, blur, scroll, touch, drag, resize, key, select,
    rage-click, dead-click, slow-click. `value` is what was typed (as masked as the recording has it).
    """

    action: str
    words: str
    node: int = -1
    selector: str = ""
    value: str = ""
    x: float = -1.0
    y: float = -1.0


class CustomEvent(Row, tag="custom", frozen=True, kw_only=True, omit_defaults=True):
    """Anything the site or the SDK recorded under a name of its own. Also feedback, logs and transactions."""

    name: str
    data: Any = None
    category: str = "custom"


AnyRow = ConsoleEntry | NetworkRequest | ErrorEvent | Vital | StateChange | Navigation | Interaction | CustomEvent

#: Row kinds as the command line and the library spell them, in lane order.
KINDS: dict[str, type[Row]] = {
    "interactions": Interaction,
    "navigation": Navigation,
    "console": ConsoleEntry,
    "network": NetworkRequest,
    "errors": ErrorEvent,
    "vitals": Vital,
    "state": StateChange,
    "custom": CustomEvent,
}

KIND_OF: dict[type[Row], str] = {cls: kind for kind, cls in KINDS.items()}

_decode: msgspec.json.Decoder[AnyRow] = msgspec.json.Decoder(AnyRow)
_encoder = msgspec.json.Encoder()


def encode_row(row: Row) -> bytes:
    """A row as JSON bytes, tagged with its kind."""
    return _encoder.encode(row)


def decode_row(data: bytes) -> AnyRow:
    """The row written by `encode_row`. Raises msgspec.DecodeError on damage."""
    return _decode.decode(data)


def summary(row: Row) -> str:
    """One line of text for lists and search: what a person calls this row."""
    match row:
        case ConsoleEntry():
            return row.message
        case NetworkRequest():
            return f"{row.method} {row.url}"
        case ErrorEvent():
            return row.title
        case Vital():
            unit = "" if row.name == "CLS" else " bytes" if row.name == "memory" else " ms"
            return f"{row.name} {row.value:.3g}" if row.name == "CLS" else f"{row.name} {row.value:,.0f}{unit}"
        case StateChange():
            return row.action
        case Navigation():
            return row.url
        case Interaction():
            return row.words
        case CustomEvent():
            return row.name
    return ""


def severity(row: Row) -> int:
    """0 plain, 1 warning, 2 failed: what colours a mark and counts as red."""
    match row:
        case ConsoleEntry():
            return {"warn": 1, "error": 2}.get(row.level, 0)
        case NetworkRequest():
            return 2 if row.failed else 0
        case ErrorEvent():
            return 2 if row.level in ("error", "fatal") else 1
        case Vital():
            return {"needs-improvement": 1, "poor": 2}.get(row.rating, 0)
        case Interaction():
            return 1 if row.action in ("rage-click", "dead-click", "slow-click") else 0
    return 0


def end_of(row: Row) -> float:
    """When the row ends (epoch ms): later than `t` only for requests."""
    return row.end if isinstance(row, NetworkRequest) else row.t
