"""Single events out of arrays: checked, unpacked, un-gzipped, and otherwise left byte for byte as they came.

Sources: rrweb `@rrweb/types` (type 0 to 7, numeric timestamp); @rrweb/packer 2.1.6 (`v1`: zlib as a latin-1 string);
posthog-js (`cv`: gzip as latin-1 strings, whole `data` of a full snapshot, single fields of mutations and
style rules).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import msgspec

from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.time import iso_to_ms
from replay_viewer.formats.base.pieces import Batch, Piece, Skipped, batches
from replay_viewer.formats.base.repair import checked, split
from replay_viewer.formats.base.values import loose

#: One compressed event or field never inflates to more than this.
MAX_EVENT = 64 << 20


class NotARecording(BadInput):
    """The input was read, and holds no recording."""


class _Head(msgspec.Struct, gc=False):
    """What makes an event an event, and what says that it must be rewritten or belongs to a window."""

    type: Annotated[int, msgspec.Meta(ge=0, le=7)]
    timestamp: float
    cv: Any = None
    windowId: Any = None  # noqa: N815  the wire's name
    window_id: Any = None


_heads = msgspec.json.Decoder(list[_Head])
_head = msgspec.json.Decoder(_Head)
_raw_dict: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])
_text: msgspec.json.Decoder[str] = msgspec.json.Decoder(str)
_encode = msgspec.json.Encoder().encode


class Elsewhere(NotARecording):
    """It is a recording, in a form that only the product it comes from can show."""


#: Later than any stamp in milliseconds: microseconds, and nanoseconds.
_MICRO, _NANO = 1e14, 1e17
_TEXT_DATA = re.compile(rb'"data"\s*:\s*"')
#: Members in which rows of tables, queues and logs keep the event itself.
_INNER = ("event", "rrweb", "payload", "event_data", "eventData", "snapshot", "data", "value", "json", "body")


class Broken(ValueError):
    """One event that cannot be used; counted. `reason`: not-json, no-time, not-event, packed, too-deep."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _inflate(text: str) -> bytes:
    """The JSON inside a string of zlib or gzip bytes (one character a byte). Raises Broken."""
    try:
        z = zlib.decompressobj(47)
        data = z.decompress(text.encode("latin-1"), MAX_EVENT)
        if not z.eof:
            raise Broken("packed")
        data = checked(data)
    except (zlib.error, UnicodeEncodeError, msgspec.DecodeError, RecursionError) as error:
        raise Broken("packed") from error
    return data


def _inflated(raw: msgspec.Raw) -> msgspec.Raw:
    """A field un-gzipped when it is a gzip string, else as it is."""
    data = bytes(raw)
    if not data.startswith(b'"'):
        return raw
    text = _text.decode(data)
    return msgspec.Raw(_inflate(text)) if text.startswith("\x1f\x8b") else raw


def _ungzip(event: bytes) -> bytes:
    """An event with `cv` (posthog-js) as a plain one. Raises Broken."""
    fields = _raw_dict.decode(event)
    fields.pop("cv", None)
    data = _inflated(fields.get("data", msgspec.Raw(b"null")))
    if bytes(data).lstrip().startswith(b"{"):
        members = _raw_dict.decode(bytes(data))
        data = msgspec.Raw(_encode({key: _inflated(value) for key, value in members.items()}))
    return _encode({**fields, "data": data})


def normal(element: bytes) -> tuple[str, bytes]:
    """(window id, plain JSON) of one element of an array of events: an object or a packed string. Raises Broken."""
    try:
        element = checked(element.strip())
        text = _text.decode(element) if element.startswith(b'"') else None
    except msgspec.DecodeError as error:
        raise Broken("not-json") from error
    except RecursionError as error:
        raise Broken("too-deep") from error
    if text is not None:
        element = text.encode() if text.lstrip().startswith("{") else _inflate(text)
    try:
        head = _head.decode(element)
        odd = not head.cv and (head.timestamp >= _MICRO or _TEXT_DATA.search(element) is not None)
    except msgspec.ValidationError as error:
        mended = _mended(element)
        if mended is None:
            raise Broken(_why(element)) from error
        return mended
    except msgspec.DecodeError as error:
        raise Broken("not-json") from error
    mended = _mended(element) if odd else None
    if mended is not None:
        return mended
    return _window(head), _ungzip(element) if head.cv else element


def _mended(element: bytes, depth: int = 0) -> tuple[str, bytes] | None:
    """(window id, JSON) of an event told in other words: stamps as text, in micro- or nanoseconds, `type` and `data`
    as text, or the whole of it inside a row. None when it is none."""
    try:
        fields = _raw_dict.decode(element)
        kind, stamp = loose(fields["type"]), loose(fields["timestamp"])
    except (KeyError, msgspec.DecodeError, RecursionError):
        return _inner(element, depth)
    t = _stamp(stamp)
    kind = int(kind) if isinstance(kind, str) and len(kind) == 1 and kind.isdigit() else kind
    if t is None or isinstance(kind, bool) or not isinstance(kind, int) or not 0 <= kind <= 7:
        return _inner(element, depth)
    data = bytes(fields.get("data", msgspec.Raw(b"null")))
    if data.startswith(b'"'):
        text = _text.decode(data).strip()
        if text.startswith(("{", "[")):
            try:
                data = checked(text.encode("utf-8", "replace"))
            except (msgspec.DecodeError, RecursionError):
                return None
    plain = _encode({**fields, "type": kind, "timestamp": t, "data": msgspec.Raw(data)})
    try:
        head = _head.decode(plain)
    except msgspec.DecodeError:
        return None
    return _window(head), _ungzip(plain) if head.cv else plain


def _inner(element: bytes, depth: int) -> tuple[str, bytes] | None:
    """The event a row holds, and the row's window."""
    if depth > 2:
        return None
    try:
        fields = _raw_dict.decode(element)
    except (msgspec.DecodeError, RecursionError):
        return None
    for name in _INNER:
        held = bytes(fields.get(name, msgspec.Raw(b"")))
        if held.startswith(b'"'):
            held = _text.decode(held).strip().encode("utf-8", "replace")
        if not held.startswith(b"{"):
            continue
        try:
            found = _mended(checked(held), depth + 1)
        except (msgspec.DecodeError, RecursionError):
            continue
        if found is not None:
            row = [loose(fields[key]) for key in ("windowId", "window_id") if key in fields]
            return found[0] or next((key for key in row if isinstance(key, str)), ""), found[1]
    return None


def _stamp(value: Any) -> float | None:
    """A stamp in seconds or milliseconds, of one as text or of finer grain."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            try:
                return iso_to_ms(value)
            except BadInput:
                return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e20:
        return None
    return value / 1e6 if value >= _NANO else value / 1e3 if value >= _MICRO else value


def _window(head: _Head) -> str:
    window = head.windowId if head.windowId is not None else head.window_id
    return window if isinstance(window, str) else ""


def _why(element: bytes) -> str:
    try:
        fields = msgspec.json.decode(element)
    except msgspec.DecodeError:
        return "not-json"
    return "no-time" if isinstance(fields, dict) and "type" in fields and "timestamp" not in fields else "not-event"


def _line(line: bytes) -> bytes:
    """A line without what may separate it from the next: a comma, the mark of RFC 7464."""
    return line.strip(b" \t\r\x1e").removesuffix(b",")


class Sifter:
    """Turns arrays of elements into batches, and counts what is broken. `name` is the file's, for messages."""

    def __init__(self, name: str, session: str = "", tab: str = "") -> None:
        self.name, self.session, self.tab = name, session, tab
        self.good = 0
        self.broken: dict[str, int] = {}

    def window(self, array: bytes, raws: Sequence[msgspec.Raw] | None = None) -> Iterator[Batch]:
        """The events of one JSON array; `raws` are its elements when already split."""
        if raws is None:
            array, raws = split(array)
        try:
            heads = _heads.decode(array)
        except (msgspec.ValidationError, RecursionError):
            yield from self.each(bytes(raw) for raw in raws)
            return
        # Whoever writes one event in another way writes all of them so.
        odd = any(_TEXT_DATA.search(memoryview(raw)[:300]) for raw in raws[:3])
        if heads and (heads[0].timestamp >= _MICRO or (odd and heads[0].cv is None)):
            yield from self.each(bytes(raw) for raw in raws)
            return
        if not any(head.cv is not None or head.windowId is not None or head.window_id is not None for head in heads):
            self.good += len(raws)
            yield from batches(self.session, self.tab, [bytes(raw) for raw in raws])
            return
        tabs: dict[str, list[bytes]] = {}
        for head, raw in zip(heads, raws, strict=True):
            try:
                event = _ungzip(bytes(raw)) if head.cv else bytes(raw)
            except Broken as error:
                self._count(error)
            else:
                tabs.setdefault(_window(head) or self.tab, []).append(event)
        yield from self._told_apart(tabs)

    def _count(self, error: Broken) -> None:
        self.broken[error.reason] = self.broken.get(error.reason, 0) + 1

    def _told_apart(self, tabs: dict[str, list[bytes]]) -> Iterator[Batch]:
        for tab, events in tabs.items():
            self.good += len(events)
            yield from batches(self.session, tab, events)

    def each(self, elements: Iterator[bytes]) -> Iterator[Batch]:
        """The events of `elements`, one by one: broken ones are counted, windows told apart."""
        tabs: dict[str, list[bytes]] = {}
        for element in elements:
            try:
                window, event = normal(element)
            except Broken as error:
                self._count(error)
            else:
                tabs.setdefault(window or self.tab, []).append(event)
        yield from self._told_apart(tabs)

    def lines(self, run: bytes) -> Iterator[Batch]:
        """The events of a run of lines, one JSON value a line."""
        lines = [line for line in map(_line, run.splitlines()) if line and line not in (b"[", b"]")]
        array = b"[" + b",".join(lines) + b"]"
        try:
            array, raws = split(array)
        except msgspec.DecodeError:
            yield from self.each(iter(lines))
        else:
            yield from self.window(array, raws)

    def finish(self, *, alone: bool = True) -> Iterator[Piece]:
        """What was left out. Raises NotARecording when there was nothing else (unless the events are not `alone`)."""
        count = sum(self.broken.values())
        if alone and not self.good:
            raise self.nothing()
        if count:
            yield Skipped(
                self.session, "broken-event", f"{count:,} broken events of “{self.name}” were left out.", count
            )

    def nothing(self) -> NotARecording:
        """The error for an input without a single event."""
        count = sum(self.broken.values())
        if not count:
            return NotARecording(f"“{self.name}” holds no events.", "Open a file in which something was recorded.")
        if self.broken.get("no-time", 0) == count:
            return NotARecording(
                f"“{self.name}” holds {count:,} events without timestamps, which cannot be replayed.",
                "Export the recording again with the SDK's own events, unchanged.",
            )
        return NotARecording(
            f"“{self.name}” is a list of {count:,} entries, but none of them is a recorded event.",
            "Open a file of rrweb events, or one that Sentry, PostHog or Amplitude exported.",
        )
