"""rrweb events as typed values, decoded from their raw JSON only when something needs them.

Numbers and names are rrweb's own (`@rrweb/types`): EventType and IncrementalSource. Fields are lenient, because
recorders 0.9 to 2.2 and the forks of Sentry and PostHog differ in them.
"""

from __future__ import annotations

import sys
from enum import IntEnum
from typing import Annotated, Any

import msgspec

from replay_viewer.domain.time import to_ms


class Kind(IntEnum):
    """rrweb's EventType."""

    DOM_CONTENT_LOADED = 0
    LOAD = 1
    FULL_SNAPSHOT = 2
    INCREMENTAL = 3
    META = 4
    CUSTOM = 5
    PLUGIN = 6
    ASSET = 7


class Source(IntEnum):
    """rrweb's IncrementalSource."""

    MUTATION = 0
    MOUSE_MOVE = 1
    MOUSE_INTERACTION = 2
    SCROLL = 3
    VIEWPORT_RESIZE = 4
    INPUT = 5
    TOUCH_MOVE = 6
    MEDIA_INTERACTION = 7
    STYLE_SHEET_RULE = 8
    CANVAS_MUTATION = 9
    FONT = 10
    LOG = 11
    DRAG = 12
    STYLE_DECLARATION = 13
    SELECTION = 14
    ADOPTED_STYLE_SHEET = 15
    CUSTOM_ELEMENT = 16


#: Pages nest deeper than Python's default limit, which also bounds decoding (Chromium's parser stops at 512 elements,
#: each of which is two levels of JSON; scripts may nest deeper).
sys.setrecursionlimit(max(sys.getrecursionlimit(), 10_000))

# gc=False: none of these can be part of a cycle, and an import makes millions of them.


#: Chunks hold types and sources in a byte each.
_Small = Annotated[int, msgspec.Meta(ge=0, le=100)]

#: Seconds or milliseconds since 1970, up to the year 5138: what lies outside is no time anything was recorded at.
_Stamp = Annotated[float, msgspec.Meta(ge=0, lt=1e14)]


class Head(msgspec.Struct, gc=False):
    """What is read of every event: the rest stays raw JSON. `cv` is PostHog's mark for gzip inside strings."""

    type: _Small
    timestamp: _Stamp
    data: msgspec.Raw = msgspec.Raw(b"null")
    delay: float = 0.0
    cv: str | None = None


class Sn(msgspec.Struct, gc=False):
    """A serialised node (rrweb-snapshot). `type`: 0 document 1 doctype 2 element 3 text 4 CDATA 5 comment."""

    type: int
    id: int
    tagName: str = ""  # noqa: N815
    attributes: dict[str, Any] = {}
    childNodes: list[Sn] = []  # noqa: N815
    textContent: str | None = None  # noqa: N815
    name: str = ""
    publicId: str = ""  # noqa: N815
    systemId: str = ""  # noqa: N815
    compatMode: str = ""  # noqa: N815
    isSVG: bool | None = None  # noqa: N815
    isShadow: bool | None = None  # noqa: N815
    isShadowHost: bool | None = None  # noqa: N815
    isStyle: bool | None = None  # noqa: N815
    isCustom: bool | None = None  # noqa: N815
    needBlock: bool | None = None  # noqa: N815
    rootId: int | None = None  # noqa: N815


class Add(msgspec.Struct, gc=False):
    """One `adds` entry of a mutation. 0.9 to 1.x may send `previousId` as well."""

    parentId: int  # noqa: N815
    node: Sn
    nextId: int | None = None  # noqa: N815
    previousId: int | None = None  # noqa: N815


class Remove(msgspec.Struct, gc=False):
    """One `removes` entry of a mutation."""

    id: int
    parentId: int = -1  # noqa: N815
    isShadow: bool | None = None  # noqa: N815


class TextChange(msgspec.Struct, gc=False):
    """One `texts` entry of a mutation."""

    id: int
    value: str | None = None


class AttributeChange(msgspec.Struct, gc=False):
    """One `attributes` entry of a mutation; a value of None removes, `style` may be a dict of overrides."""

    id: int
    attributes: dict[str, Any]


class Position(msgspec.Struct, gc=False):
    """One sampled pointer position; `timeOffset` (ms, at most 0) is relative to the event's stamp."""

    x: float
    y: float
    id: int = -1
    timeOffset: float = 0.0  # noqa: N815


class Mutation(msgspec.Struct, gc=False):
    """The data of a mutation (source 0): by far the most frequent and the largest kind."""

    source: _Small
    adds: list[Add] | None = None
    removes: list[Remove] | None = None
    texts: list[TextChange] | None = None
    attributes: list[AttributeChange] | None = None
    isAttachIframe: bool | None = None  # noqa: N815


class Incremental(msgspec.Struct, gc=False):
    """The data of any other incremental snapshot: the union of the fields of their sources."""

    source: _Small
    # style sheet rules
    adds: list[Any] | None = None
    removes: list[Any] | None = None
    # pointer, scroll, input, media: what they act on
    id: int = -1
    type: int | None = None
    x: float | None = None
    y: float | None = None
    pointerType: int | None = None  # noqa: N815
    positions: list[Position] | None = None
    width: float | None = None
    height: float | None = None
    text: str | None = None
    isChecked: bool | None = None  # noqa: N815
    userTriggered: bool | None = None  # noqa: N815
    # media
    currentTime: float | None = None  # noqa: N815
    volume: float | None = None
    muted: bool | None = None
    loop: bool | None = None
    playbackRate: float | None = None  # noqa: N815
    # style sheets
    styleId: int | None = None  # noqa: N815
    styleIds: list[int] | None = None  # noqa: N815
    styles: list[Any] | None = None
    index: list[int] | None = None
    set: Any = None
    remove: Any = None
    replace: str | None = None
    replaceSync: str | None = None  # noqa: N815
    # fonts
    family: str | None = None
    fontSource: str | None = None  # noqa: N815
    buffer: bool | None = None
    descriptors: Any = None
    # canvas
    commands: list[Any] | None = None
    property: str | None = None
    args: list[Any] | None = None
    setter: bool | None = None
    # selection, custom element, log
    ranges: list[Any] | None = None
    define: Any = None
    level: str | None = None
    payload: Any = None
    trace: Any = None


class FullSnapshot(msgspec.Struct):
    """The data of a full snapshot."""

    node: Sn
    initialOffset: dict[str, float] = {}  # noqa: N815


class Meta(msgspec.Struct):
    """The data of a meta event."""

    href: str = ""
    width: float = 0.0
    height: float = 0.0


class Custom(msgspec.Struct):
    """The data of a custom event."""

    tag: str = ""
    payload: Any = None


class Plugin(msgspec.Struct):
    """The data of a plugin event."""

    plugin: str = ""
    payload: Any = None


Data = Mutation | Incremental | FullSnapshot | Meta | Custom | Plugin | None


class Event(msgspec.Struct, gc=False):
    """One decoded event; `timestamp` is epoch ms. `data` is None for the two load events and assets."""

    type: int
    timestamp: float
    data: Data = None

    @property
    def source(self) -> int:
        """IncrementalSource, or -1."""
        return self.data.source if isinstance(self.data, (Mutation, Incremental)) else -1


class _Mutated(Event, gc=False):
    """A mutation in one piece, read in one pass."""

    type: _Small
    timestamp: _Stamp
    data: Mutation


decode_head = msgspec.json.Decoder(Head, strict=False).decode
_decode_mutated = msgspec.json.Decoder(_Mutated, strict=False).decode
_decode_mutation = msgspec.json.Decoder(Mutation, strict=False).decode
_decode_incremental = msgspec.json.Decoder(Incremental, strict=False).decode
_decoders: dict[int, msgspec.json.Decoder[Any]] = {
    Kind.FULL_SNAPSHOT: msgspec.json.Decoder(FullSnapshot, strict=False),
    Kind.META: msgspec.json.Decoder(Meta, strict=False),
    Kind.CUSTOM: msgspec.json.Decoder(Custom, strict=False),
    Kind.PLUGIN: msgspec.json.Decoder(Plugin, strict=False),
}


#: As plain numbers: asked of every event.
_INCREMENTAL, _MUTATION = int(Kind.INCREMENTAL), int(Source.MUTATION)
#: What the beginning of a mutation looks like.
_MUTATED, _EARLY = b'"data":{"source":0,', 64


def _incremental(data: msgspec.Raw) -> Mutation | Incremental:
    # Recorders write `source` first; when one does not, the second look costs a second pass.
    if bytes(memoryview(data)[:12]) == b'{"source":0,':
        return _decode_mutation(data)
    try:
        decoded = _decode_incremental(data)
    except msgspec.ValidationError:
        mutation = _decode_mutation(data)
        if mutation.source != Source.MUTATION:
            raise
        return mutation
    return decoded if decoded.source != Source.MUTATION else _decode_mutation(data)


def decode_mutated(raw: bytes) -> Event:
    """As `decode_event`, for what is known to be a mutation; `timestamp` as it stands there."""
    try:
        return _decode_mutated(raw)
    except msgspec.ValidationError:
        return decode_event(raw)


def decode_event(raw: bytes) -> Event:
    """The typed event of its raw JSON. Raises msgspec.DecodeError (ValidationError) when it is not one."""
    # Most events are mutations, and most recorders write type and source first: those are read in one pass.
    if _MUTATED in raw[:_EARLY]:
        try:
            whole = _decode_mutated(raw)
        except msgspec.ValidationError:
            pass
        else:
            if whole.type == _INCREMENTAL and whole.data.source == _MUTATION:
                whole.timestamp = to_ms(whole.timestamp)
                return whole
    head = decode_head(raw)
    if head.type == Kind.INCREMENTAL:
        return Event(head.type, to_ms(head.timestamp), _incremental(head.data))
    decoder = _decoders.get(head.type)
    return Event(head.type, to_ms(head.timestamp), decoder.decode(head.data) if decoder else None)
