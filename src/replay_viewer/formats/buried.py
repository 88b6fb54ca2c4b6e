"""Events inside something else: JSON of any shape, scripts, saved pages, lines of a log, text in text.

Asked last, and of what other formats recognised but found no events in. Known ways in which they travel: lists of
batches (`[{events: […]}, …]`), members of any name and depth, tables whose cells are events or JSON text of events,
`snapshot_data_by_window_id` (PostHog's API before 2023), JSON text inside JSON (`"[{\\"type\\":4…"`), a script that
assigns them, `JSON.parse("…")` and `atob("…")`, answers kept from being scripts (`)]}'`), event streams
(`data: {…}`), RFC 7464 sequences, lines with a comma or words around each, Base64.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

import msgspec

from replay_viewer.formats.base import Document, Format, NotARecording, Piece, Sifter, inflate, register
from replay_viewer.formats.base.document import BURIED
from replay_viewer.formats.base.events import Elsewhere
from replay_viewer.formats.base.repair import checked, split
from replay_viewer.formats.base.scan import value_end
from replay_viewer.formats.base.values import loose

#: A file is looked through up to this size, and given up after so many beginnings of JSON that were none.
MAX_FILE, _TRIES, _DEPTH = 512 << 20, 5_000, 10

#: What a file of OpenReplay's begins with (openreplay/openreplay `mobs/`).
_OPENREPLAY = b"\xff" * 7
_HINT = re.compile(rb'\\*"timestamp\\*"\s*:|"x(?:\\u009c|\xc2\x9c)')
_STARTS = re.compile(rb'[\[{]\s*["\[{]|"(?=\s*[\[{][\s\[{]*\\")')
_ENCODED = re.compile(rb"""\batob\(\s*["'`]([A-Za-z0-9+/=\s]{40,})""")
_BASE64 = re.compile(rb"[A-Za-z0-9+/\r\n]{60,}={0,2}\s*")
_WINDOWS = re.compile(r"by_?(?:window|tab)|^(?:windows|tabs)$", re.I)
_SESSION = ("sessionId", "session_id", "replayId", "replay_id", "recordingId", "recording_id")
_TAB = ("window_id", "windowId", "tabId", "tab_id")

_members: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])


class _Kind(msgspec.Struct, gc=False):
    """What tells an event from another object: these three, the first two as numbers or as text."""

    type: int | str
    timestamp: float | str
    data: msgspec.Raw


_kind = msgspec.json.Decoder(_Kind)
_string = msgspec.json.Decoder(str)


def sniff(document: Document) -> bool:
    """Something that has the word, as JSON or as JSON in a string, or all of it Base64."""
    if document.shape.first == '"' or document.head.startswith(_OPENREPLAY):
        return True
    return bool(_HINT.search(document.head) or _ENCODED.search(document.head) or _all_base64(document.head))


def read(document: Document) -> Iterator[Piece]:
    """The events found, in the order met. Raises NotARecording when there are none."""
    data = document.stream().read(MAX_FILE + 1)
    if data.startswith(_OPENREPLAY):
        raise Elsewhere(
            f"“{document.name}” is an OpenReplay recording, in a form of its own that is not read here.",
            "Open the session in OpenReplay.",
        )
    search = _Search(document.name)
    if len(data) <= MAX_FILE:
        yield from search.text(data)
    if not search.good:
        raise NotARecording(
            f"“{document.name}” is not a recording.",
            "Open a file of rrweb events, or one that Sentry, PostHog or Amplitude exported.",
        )
    yield from search.finish()


def _all_base64(head: bytes) -> bool:
    return len(head) > 80 and _BASE64.fullmatch(head.rstrip() if len(head) < 1 << 16 else head[: 1 << 15]) is not None


def is_event(raw: bytes) -> bool:
    """Whether a JSON object has what events have."""
    try:
        found = _kind.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return False
    return str(found.type) in ("0", "1", "2", "3", "4", "5", "6", "7")


class _Search:
    """One walk through a file; a sifter for each session and tab met."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.sifters: dict[tuple[str, str], Sifter] = {}

    @property
    def good(self) -> int:
        """Events so far."""
        return sum(sifter.good for sifter in self.sifters.values())

    def finish(self) -> Iterator[Piece]:
        """What was left out."""
        for sifter in self.sifters.values():
            yield from sifter.finish(alone=False)

    def text(self, data: bytes, depth: int = 0) -> Iterator[Piece]:
        """Events of all JSON in a text."""
        if depth < 3 and _all_base64(data):
            yield from self._decoded(data, depth)
            return
        pos = tries = 0
        if data.lstrip()[:1] == b'"' and (whole := _whole(data.strip())):
            yield from self._value(whole, "", "", depth)
            return
        singles: list[bytes] = []
        while tries < _TRIES and (match := _STARTS.search(data, pos)):
            start = match.start()
            end = value_end(data, start)
            pos = start + 1
            try:
                raw = checked(data[start:end]) if end > 0 else b""
            except (msgspec.DecodeError, RecursionError):
                raw = b""
            if not raw:
                tries += 1
            elif raw.startswith(b"{") and is_event(raw):
                singles.append(raw)
                pos = end
            else:
                before = self.good
                yield from self._value(raw, "", "", depth)
                if raw.startswith(b'"') and self.good == before:
                    tries += 1  # a string of words; what follows may begin inside what looked like it
                else:
                    pos = end
        if singles:
            yield from self._sifter("", "").window(b"[" + b",".join(singles) + b"]")
        for found in _ENCODED.finditer(data):
            yield from self._decoded(found[1], depth)

    def _decoded(self, data: bytes, depth: int) -> Iterator[Piece]:
        try:
            yield from self.text(inflate(base64.b64decode(data), self.name, MAX_FILE), depth + 1)
        except binascii.Error:
            return

    def _sifter(self, session: str, tab: str) -> Sifter:
        return self.sifters.setdefault((session, tab), Sifter(self.name, session, tab))

    def _value(self, raw: bytes, session: str, tab: str, depth: int) -> Iterator[Piece]:
        """Events of a JSON value and of all inside it."""
        if depth > _DEPTH:
            return
        first = raw[:1]
        if first == b'"':
            yield from self._string(raw, session, tab, depth)
        elif first == b"[":
            yield from self._array(raw, session, tab, depth)
        elif first == b"{":
            yield from self._object(raw, session, tab, depth)

    def _string(self, raw: bytes, session: str, tab: str, depth: int) -> Iterator[Piece]:
        text = _string.decode(raw)
        if text.startswith(("x\x9c", "\x1f\x8b")):
            try:
                inner = inflate(text.encode("latin-1"), self.name, MAX_FILE)
            except (UnicodeEncodeError, NotARecording):
                return
        else:
            inner = text.encode("utf-8", "replace")
        inner = inner.strip()
        if inner[:1] in (b"[", b"{", b'"'):
            try:
                yield from self._value(checked(inner), session, tab, depth + 1)
            except (msgspec.DecodeError, RecursionError):
                return

    def _array(self, raw: bytes, session: str, tab: str, depth: int) -> Iterator[Piece]:
        array, raws = split(raw)
        if not raws:
            return
        if any(is_event(bytes(one)) for one in raws[:3]):
            yield from self._sifter(session, tab).window(array, raws)
            return
        for one in raws:
            yield from self._value(bytes(one), session, tab, depth + 1)

    def _object(self, raw: bytes, session: str, tab: str, depth: int) -> Iterator[Piece]:
        if is_event(raw):
            yield from self._sifter(session, tab).window(b"[" + raw + b"]")
            return
        members = _members.decode(raw)
        if {"records", "view", "session", "application"} <= members.keys():
            raise Elsewhere(
                f"“{self.name}” is a segment of a Datadog recording, whose form only Datadog knows.",
                "Watch it in Datadog; its public interface hands out no recordings.",
            )
        session = _named(members, _SESSION) or session
        tab = _named(members, _TAB) or tab
        for key, value in members.items():
            if not _WINDOWS.search(key):
                yield from self._value(bytes(value), session, tab, depth + 1)
                continue
            inner = bytes(value)
            for window, found in (_members.decode(inner) if inner.startswith(b"{") else {"": value}).items():
                yield from self._value(bytes(found), session, window or tab, depth + 1)


def _whole(data: bytes) -> bytes:
    """`data` when it is one JSON value, else nothing."""
    try:
        return checked(data)
    except (msgspec.DecodeError, RecursionError):
        return b""


def _named(members: dict[str, msgspec.Raw], names: tuple[str, ...]) -> str:
    for name in names:
        if name in members:
            value = loose(members[name])
            if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
                return str(value)
    return ""


FORMAT = register(Format(BURIED, sniff, read, rank=99))
