"""What a format turns a file or a request body into: pieces, streamed in the order they are read."""

from __future__ import annotations

from typing import Any

import msgspec

from replay_viewer.domain.rows import Row
from replay_viewer.domain.session import Facts, User

#: A batch of events is never larger than this (bytes of JSON), unless one event alone is.
BATCH_BYTES = 8 << 20


class Batch(msgspec.Struct):
    """Events of one tab: raw JSON of single rrweb events, unpacked and un-gzipped, in the order they were emitted.

    `session` groups pieces that belong together ('' when nothing says so); `tab` is the SDK's window id or ''.
    """

    session: str
    tab: str
    events: list[bytes]


class Linked(msgspec.Struct):
    """Rows from outside the recording: error events, feedback, a backend's own events."""

    session: str
    rows: list[Row]


class Said(msgspec.Struct):
    """What the format says of the session as a whole."""

    session: str
    facts: Facts


class Skipped(msgspec.Struct):
    """Something that was left out, and why: becomes a finding of the health report.

    `code`: `broken-event`, `broken-segment`, `empty-segment`, `unknown-item`, `attachment`, `sdk-dropped`,
    `damaged-request`, `other-file`, `other-replay`, `unlinked-rows`. A `session` of '' concerns the whole import.
    """

    session: str
    code: str
    message: str
    count: int = 1


Piece = Batch | Linked | Said | Skipped


def batches(session: str, tab: str, events: list[bytes]) -> list[Batch]:
    """The events as batches of at most `BATCH_BYTES`."""
    found: list[Batch] = []
    start = size = 0
    for i, event in enumerate(events):
        if size and size + len(event) > BATCH_BYTES:
            found.append(Batch(session, tab, events[start:i]))
            start, size = i, 0
        size += len(event)
    if start < len(events):
        found.append(Batch(session, tab, events[start:] if start else events))
    return found


def _merged(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{key: _merged(old.get(key), value) for key, value in new.items()}}
    if isinstance(old, list) and isinstance(new, list):
        return old + [item for item in new if item not in old]
    return old if new in (None, "", [], {}) else new


def merge_facts(old: Facts, new: Facts) -> Facts:
    """Facts of two pieces of one session: what the newer says wins, except the first page's URL; lists are united."""
    if old.source and new.source and old.source != new.source:
        old, new = new, old  # a second backend's word fills gaps only
    user = User(
        id=new.user.id or old.user.id,
        email=new.user.email or old.user.email,
        name=new.user.name or old.user.name,
        role=new.user.role or old.user.role,
    )
    values = {field: _merged(getattr(old, field), getattr(new, field)) for field in Facts.__struct_fields__}
    return Facts(**{**values, "user": user, "url": old.url or new.url})
