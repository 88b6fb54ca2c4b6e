"""PostHog recordings as downloaded: snapshot JSONL (all forms of lines) and export files (both versions).

Lines: `["window", {event}]`, `{"window_id": …, "data": [events]}`, `{"windowId": …, "data": […]}`.
Files: `{"version": "2023-04-28", "data": {"id", "person", "snapshots": [event + windowId]}}` and
`{"version": "2022-12-02", "data": {"person", "snapshotsByWindowId": {window: [events]}}}`.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from replay_viewer.domain.session import Facts
from replay_viewer.formats.base import Cursor, Document, Format, NotARecording, Piece, Said, Sifter, register
from replay_viewer.formats.base.repair import checked
from replay_viewer.formats.base.scan import Shape
from replay_viewer.formats.base.values import loose, mapping
from replay_viewer.formats.posthog import events


class _Line(msgspec.Struct):
    """A line of the older form."""

    data: list[msgspec.Raw]
    window_id: str | None = None
    windowId: str | None = None  # noqa: N815  the wire's name


_pair: msgspec.json.Decoder[tuple[str, msgspec.Raw]] = msgspec.json.Decoder(tuple[str, msgspec.Raw])
_line = msgspec.json.Decoder(_Line)


def _is_pair(shape: Shape) -> bool:
    return shape.first == "[" and len(shape.items) > 1 and [item.first for item in shape.items[:2]] == ['"', "{"]


def _starts_pair(document: Document) -> bool:
    """Also when the first pair is longer than the head."""
    shape = document.shape
    return shape.first == "[" and len(shape.items) == 2 and [x.first for x in shape.items] == ['"', "{"]


def sniff_lines(document: Document) -> bool:
    """Pairs of window and event (line by line or in one array), or objects of window and data."""
    shape = document.shape
    by_window = bool({"window_id", "windowId"} & shape.keys.keys()) and shape.at("data").first == "["
    return _starts_pair(document) or _is_pair(shape.item) or by_window


def _element(raw: bytes) -> tuple[str, list[bytes]]:
    """(window, events) of one line or element. Raises msgspec.DecodeError."""
    raw = checked(raw)
    if raw.lstrip().startswith(b"["):
        window, event = _pair.decode(raw)
        return window, [bytes(event)]
    line = _line.decode(raw)
    return line.window_id or line.windowId or "", [bytes(event) for event in line.data]


def _sift(elements: Iterator[bytes], sifter: Sifter) -> Iterator[Piece]:
    """The events of lines, gathered by window."""
    windows: dict[str, list[bytes]] = {}
    for element in elements:
        try:
            window, found = _element(element)
        except msgspec.DecodeError:
            sifter.broken["not-event"] = sifter.broken.get("not-event", 0) + 1
            continue
        windows.setdefault(window, []).extend(found)
    for window, found in windows.items():
        sifter.tab = window
        array = b"[" + b",".join(found) + b"]"
        yield from sifter.window(array)


def read_lines(document: Document) -> Iterator[Piece]:
    """The events by window. Raises NotARecording, Malformed, Truncated, TooLarge."""
    sifter = Sifter(document.name)
    cursor = document.cursor()
    if _is_pair(document.shape.item):
        for _, raws in cursor.elements():
            yield from _sift((bytes(raw) for raw in raws), sifter)
    else:
        for run in cursor.lines():
            yield from _sift((line for line in run.splitlines() if line.strip()), sifter)
    yield from sifter.finish()


def sniff_export(document: Document) -> bool:
    """A version and data with snapshots, as far as the head shows."""
    data = document.shape.at("data").keys.keys()
    named = bool({"snapshots", "snapshotsByWindowId"} & data)
    return named or ("version" in document.shape.keys and "person" in data)


def _walk(cursor: Cursor, small: dict[str, bytes], depth: int = 0) -> Iterator[tuple[str, Cursor]]:
    """Stops at each array of snapshots, with its window; other members of `data` go to `small`."""
    for key in cursor.members():
        first = cursor.peek()
        if first == b"{" and ((depth == 0 and key == "data") or (depth < 2 and key == "snapshotsByWindowId")):
            yield from _walk(cursor, small, 2 if key == "snapshotsByWindowId" else 1)
        elif first == b"[" and (depth == 2 or key == "snapshots"):
            yield key if depth == 2 else "", cursor
        elif first == b"[":
            cursor.skip()
        else:
            small[key] = cursor.value()


def read_export(document: Document) -> Iterator[Piece]:
    """Facts, then the events. Raises NotARecording, Malformed, Truncated, TooLarge."""
    small: dict[str, bytes] = {}
    cursor = document.cursor()
    arrays = 0
    for _, at in _walk(cursor, small):
        arrays += 1
        at.skip()
    if not arrays:
        raise NotARecording(f"“{document.name}” is a PostHog file without snapshots.", "Export the recording again.")
    given = loose(small.get("id", b"null"))
    session = given if isinstance(given, str) else ""
    person = mapping(loose(small.get("person", b"null")))
    facts = events.person_facts(person, session)
    if facts != Facts(source="posthog"):
        yield Said(session, facts)
    sifter = Sifter(document.name, session)
    for window, at in _walk(document.cursor(), {}):
        sifter.tab = window
        for array, raws in at.elements():
            yield from sifter.window(array, raws)
    yield from sifter.finish()


LINES = register(Format("posthog-snapshots", sniff_lines, read_lines, rank=15))
EXPORT = register(Format("posthog-export", sniff_export, read_export, rank=16))
