"""Error events as files: what the API answers (`eventID`, `entries`) and what SDKs send (`event_id`, `exception`).

One event, or an array of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from replay_viewer.domain.session import Facts
from replay_viewer.formats.base import Document, Format, Linked, Malformed, Piece, Said, TooLarge, register
from replay_viewer.formats.base.repair import checked
from replay_viewer.formats.base.scan import Shape
from replay_viewer.formats.base.values import mapping
from replay_viewer.formats.sentry import events

MAX_FILE = 64 << 20


def _is_event(shape: Shape) -> bool:
    keys = shape.keys.keys()
    return shape.first == "{" and (
        "eventID" in keys
        or ("event_id" in keys and bool({"exception", "message", "logentry", "platform", "contexts"} & keys))
        or ("exception" in keys and shape.at("exception.values").first == "[")
        or ("entries" in keys and bool({"groupID", "title"} & keys))
    )


def sniff(document: Document) -> bool:
    """An event's members, at the top or in the first element; or the old store endpoint."""
    shape = document.shape
    return document.path.endswith("/store/") or _is_event(shape) or _is_event(shape.item)


def read(document: Document) -> Iterator[Piece]:
    """One Linked per event. Raises Malformed, TooLarge."""
    data = document.stream().read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise TooLarge(f"“{document.name}” is too large for a file of error events.")
    try:
        value: Any = msgspec.json.decode(checked(data.removeprefix(b"\xef\xbb\xbf")))
    except msgspec.DecodeError as error:
        raise Malformed(f"“{document.name}” is not valid JSON.", "Save the event again.") from error
    for event in map(mapping, value if isinstance(value, list) else [value]):
        event = mapping(event.get("event")) or event  # the answer of `eventids` wraps it
        if event:
            session = events.replay_of(event)
            row = events.error_of(event)
            yield Linked(session, [row, *events.links_of(event, row.t)])
            facts = events.facts_of(event, session)
            if facts != Facts(session=session, source="sentry"):
                yield Said(session, facts)


FORMAT = register(Format("sentry-event", sniff, read, rank=30, linked=True))
