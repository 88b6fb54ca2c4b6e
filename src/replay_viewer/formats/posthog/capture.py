"""Bodies posthog-js sends: `/s/` (arrays of `$snapshot`), `/e/` and `/i/v0/e/` (`{api_key, batch}`), `/flags/`.

Raw gzip of JSON as text/plain, plain JSON, or (at unload) a form `data=<base64 of JSON>`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from replay_viewer.domain.rows import Row
from replay_viewer.domain.session import Facts
from replay_viewer.formats.base import (
    Document,
    Format,
    Linked,
    Malformed,
    Piece,
    Said,
    Sifter,
    Skipped,
    TooLarge,
    inflate,
    merge_facts,
    register,
)
from replay_viewer.formats.base.repair import checked
from replay_viewer.formats.base.scan import Shape
from replay_viewer.formats.base.values import loose, mapping, moment, text
from replay_viewer.formats.posthog import events

MAX_BODY = 128 << 20
_PATHS = ("/s/", "/e/", "/i/v0/e/", "/flags/", "/decide/", "/capture/", "/batch/", "/engage/")


class _Event(msgspec.Struct):
    """One event; properties stay raw until it is known whether they hold a recording."""

    event: str | None = None
    properties: msgspec.Raw = msgspec.Raw(b"{}")
    uuid: str | None = None
    timestamp: Any = None
    offset: Any = None
    distinct_id: Any = None
    set_: Any = msgspec.field(default=None, name="$set")


class _Snapshot(msgspec.Struct):
    """The properties of a `$snapshot` event that carry the recording."""

    session: Any = msgspec.field(default=None, name="$session_id")
    window: Any = msgspec.field(default=None, name="$window_id")
    data: msgspec.Raw = msgspec.field(default=msgspec.Raw(b"null"), name="$snapshot_data")
    distinct_id: Any = None
    version: Any = msgspec.field(default=None, name="$lib_version")
    source: Any = msgspec.field(default=None, name="$snapshot_source")


_event = msgspec.json.Decoder(_Event)
_snapshot = msgspec.json.Decoder(_Snapshot)
_list: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])
_members: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _is_event(shape: Shape) -> bool:
    return "event" in shape.keys and bool({"properties", "uuid", "$set", "distinct_id"} & shape.keys.keys())


def sniff(document: Document) -> bool:
    """Events with properties, a batch of them, a form; or an ingest path of PostHog's."""
    shape, head = document.shape, document.head
    if document.path and document.path.endswith(_PATHS) and shape.first in ("[", "{"):
        return True
    return (
        head.startswith(b"data=")
        or _is_event(shape)
        or _is_event(shape.item)
        or {"api_key", "batch"} <= shape.keys.keys()
        or {"token", "distinct_id", "person_properties"} <= shape.keys.keys()
    )


def _unform(data: bytes, name: str) -> bytes:
    """The JSON in a `data=…` form body."""
    for part in data.split(b"&"):
        if part.startswith(b"data="):
            encoded = unquote_to_bytes(part[5:].replace(b"+", b" ")).replace(b" ", b"+")
            try:
                return inflate(base64.b64decode(encoded + b"=" * (-len(encoded) % 4)), name, MAX_BODY)
            except binascii.Error as error:
                raise Malformed(f"“{name}” is a form whose data is not base64.") from error
    return data


def read(document: Document) -> Iterator[Piece]:
    """Batches of snapshots, rows and facts of the other events. Raises Malformed, Truncated, TooLarge."""
    data = document.stream().read(MAX_BODY + 1)
    if data.startswith(b"data="):
        data = _unform(data, document.name)
    if len(data) > MAX_BODY:
        raise TooLarge(f"“{document.name}” is too large for one request body.")
    try:
        items, sent, other = _items(checked(data.removeprefix(b"\xef\xbb\xbf")))
    except msgspec.DecodeError as error:
        raise Malformed(f"“{document.name}” is not valid JSON.", "Capture the request again.") from error
    if other:
        yield Said("", events.flags_facts(other))
    yield from _Body(document.name, sent).pieces(items)


def _items(data: bytes) -> tuple[list[msgspec.Raw], float, dict[str, Any]]:
    """(events, time sent, the members of a body that is no list of events)."""
    if data.lstrip().startswith(b"["):
        return _list.decode(data), 0.0, {}
    members = _members.decode(data)
    sent = moment(loose(members["sent_at"])) if "sent_at" in members else 0.0
    for key in ("batch", "data"):
        if bytes(members.get(key, msgspec.Raw(b""))).startswith(b"["):
            return _list.decode(members[key]), sent, {}
    if "event" in members:
        return [msgspec.Raw(data)], sent, {}
    return [], sent, mapping(loose(data))


class _Body:
    """What one body says, gathered per session."""

    def __init__(self, name: str, sent: float) -> None:
        self.name, self.sent = name, sent
        self.rows: dict[str, list[Row]] = {}
        self.facts: dict[str, Facts] = {}
        self.broken = 0

    def pieces(self, items: list[msgspec.Raw]) -> Iterator[Piece]:
        """Batches as they come, then rows, facts and what was left out."""
        for raw in items:
            try:
                event = _event.decode(raw)
                if event.event == "$snapshot":
                    yield from self._snapshot(_snapshot.decode(event.properties))
                else:
                    self._other(event)
            except (msgspec.DecodeError, ValueError):
                self.broken += 1
        for session, rows in self.rows.items():
            yield Linked(session, rows)
        for session, facts in self.facts.items():
            yield Said(session, facts)
        if self.broken:
            message = f"{self.broken} events of “{self.name}” could not be read."
            yield Skipped("", "broken-event", message, self.broken)

    def _say(self, facts: Facts) -> None:
        old = self.facts.get(facts.session)
        self.facts[facts.session] = merge_facts(old, facts) if old else facts

    def _snapshot(self, found: _Snapshot) -> Iterator[Piece]:
        session = text(found.session)
        data = bytes(found.data)
        sifter = Sifter(self.name, session, text(found.window))
        if data.startswith(b"["):
            yield from sifter.window(data)
        else:
            yield from sifter.each(iter([data]))
        yield from sifter.finish(alone=False)
        self._say(
            events.facts_of(
                {}, {"$session_id": session, "distinct_id": found.distinct_id, "$lib_version": found.version}
            )
        )

    def _other(self, event: _Event) -> None:
        properties = mapping(loose(event.properties))
        fields = {
            "event": event.event,
            "uuid": event.uuid,
            "timestamp": event.timestamp,
            "offset": event.offset,
            "distinct_id": event.distinct_id,
            "$set": event.set_,
        }
        session = text(properties.get("$session_id"))
        if rows := events.rows_of(fields, properties, self.sent):
            self.rows.setdefault(session, []).extend(rows)
        self._say(events.facts_of(fields, properties))


FORMAT = register(Format("posthog-capture", sniff, read, rank=25))
