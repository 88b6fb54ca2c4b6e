"""A Sentry envelope as an SDK sends it (7 to 11), or several behind one another in one file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from replay_viewer.domain.rows import Row
from replay_viewer.domain.session import Facts
from replay_viewer.formats.base import (
    Batch,
    Broken,
    Cursor,
    Document,
    Format,
    Linked,
    Piece,
    Said,
    Sifter,
    Skipped,
    TooLarge,
    Truncated,
    register,
)
from replay_viewer.formats.base.repair import checked
from replay_viewer.formats.base.values import mapping, moment, number, sequence, text
from replay_viewer.formats.sentry import events
from replay_viewer.formats.sentry.recording import payload

#: Nothing of these is shown, and nothing is missing without them.
_QUIET = {"session", "sessions", "trace_metric", "statsd", "metric_buckets", "profile", "profile_chunk", "check_in"}


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        found = msgspec.json.decode(checked(line))
    except msgspec.DecodeError:
        return None
    return found if isinstance(found, dict) else None


def sniff(document: Document) -> bool:
    """A header line followed by an item header with a `type` in words; or the endpoint's URL."""
    if document.path.endswith("/envelope/") or document.path.endswith("/envelope"):
        return True
    head, _, rest = document.head.partition(b"\n")
    item = _object(rest.partition(b"\n")[0]) if head.startswith(b"{") else None
    return item is not None and isinstance(item.get("type"), str) and _object(head) is not None


class _Envelope:
    """The header of the envelope being read, and what its items have in common."""

    def __init__(self, header: dict[str, Any], name: str) -> None:
        self.header, self.name = header, name
        self.sent = moment(header.get("sent_at"))
        self.replay = events.replay_id(header.get("event_id"))
        self.error = ("", 0.0)  # replay and time of the last error: attachments behind it are its

    def item(self, kind: str, head: dict[str, Any], body: bytes) -> Iterator[Piece]:
        """The pieces of one item."""
        if kind == "replay_recording":
            yield from self._recording(body)
        elif kind == "attachment":
            yield from self._attachment(text(head.get("filename")), body)
        elif kind in _QUIET:
            return
        elif (value := _object(body)) is None:
            yield Skipped(
                events.replay_of({}, self.header), "unknown-item", f"An item “{kind}” of “{self.name}” is not JSON."
            )
        elif read := _READERS.get(kind):
            yield from read(self, value)
        else:
            session = events.replay_of(value, self.header)
            yield Skipped(session, "unknown-item", f"An item “{kind}” of “{self.name}” is of no known kind.")

    def _recording(self, body: bytes) -> Iterator[Piece]:
        try:
            segment, array = payload(body, self.name)
            sifter = Sifter(f"segment {segment}", self.replay)
            yield from sifter.window(array)
        except (Broken, msgspec.DecodeError, TooLarge):
            yield Skipped(self.replay, "broken-segment", f"A segment of the recording in “{self.name}” is damaged.")
            return
        if not sifter.good:
            yield Skipped(self.replay, "empty-segment", f"Segment {segment} of the recording is empty.")
        yield from sifter.finish(alone=False)

    def _attachment(self, name: str, body: bytes) -> Iterator[Piece]:
        """The state at an error is a row; other files are left out."""
        session = self.error[0] or events.replay_of({}, self.header)
        state = events.state_of(body, self.error[1] or self.sent) if name == events.STATE_FILE else None
        if state is not None:
            yield Linked(session, [state])
        else:
            yield Skipped(session, "attachment", f"The attachment “{name}” was left out.")

    def replay_event(self, value: dict[str, Any]) -> Iterator[Piece]:
        """Facts of the session."""
        self.replay = events.replay_id(value.get("replay_id")) or self.replay
        yield Said(self.replay, events.facts_of(value, self.replay))

    def event(self, value: dict[str, Any]) -> Iterator[Piece]:
        """An error event, and the session pages of other vendors it names."""
        error = events.error_of(value, self.sent)
        elsewhere = events.links_of(value, error.t)
        yield from self._linked(value, [error, *elsewhere])
        self.error = events.replay_of(value, self.header), error.t
        for row in elsewhere:
            message = f"An error names a {row.name} of the same visit: {row.data['url']}"
            yield Skipped(self.error[0], "other-replay", message)

    def feedback(self, value: dict[str, Any]) -> Iterator[Piece]:
        """Feedback of the person."""
        yield from self._linked(value, [events.feedback_of(value, self.sent)])

    def transaction(self, value: dict[str, Any]) -> Iterator[Piece]:
        """A transaction."""
        yield from self._linked(value, [events.transaction_of(value, self.sent)])

    def _linked(self, value: dict[str, Any], rows: list[Row]) -> Iterator[Piece]:
        session = events.replay_of(value, self.header)
        yield Linked(session, rows)
        facts = events.facts_of(value, session)
        if facts != Facts(session=session, source="sentry"):
            yield Said(session, facts)

    def span(self, value: dict[str, Any]) -> Iterator[Piece]:
        """A single span, or a container of them."""
        if "items" in value:
            yield from self._container("span", value)
        else:
            session = events.replay_id(mapping(value.get("data")).get("replay_id"))
            yield Linked(session or events.replay_of({}, self.header), [events.transaction_of(value, self.sent)])

    def log(self, value: dict[str, Any]) -> Iterator[Piece]:
        """Structured logs."""
        yield from self._container("log", value)

    def _container(self, kind: str, value: dict[str, Any]) -> Iterator[Piece]:
        rows: dict[str, list[Row]] = {}
        for item in sequence(value.get("items")):
            session, row = events.container_rows(kind, mapping(item))
            if row:
                rows.setdefault(session or events.replay_of({}, self.header), []).append(row)
        for session, found in rows.items():
            yield Linked(session, found)

    def client_report(self, value: dict[str, Any]) -> Iterator[Piece]:
        """What the SDK dropped before sending."""
        for item in sequence(value.get("discarded_events")):
            lost = mapping(item)
            what, why = text(lost.get("category")), text(lost.get("reason"))
            yield Skipped(
                "", "sdk-dropped", f"The SDK dropped items of kind {what} ({why}).", number(lost.get("quantity"))
            )

    def finding(self, value: dict[str, Any]) -> Iterator[Piece]:
        """What a pull of our own could not have (no SDK sends this)."""
        yield Skipped(self.replay, text(value.get("code")), text(value.get("message")))


_READERS: dict[str, Callable[[_Envelope, dict[str, Any]], Iterator[Piece]]] = {
    "replay_event": _Envelope.replay_event,
    "event": _Envelope.event,
    "feedback": _Envelope.feedback,
    "user_report": _Envelope.feedback,
    "transaction": _Envelope.transaction,
    "span": _Envelope.span,
    "log": _Envelope.log,
    "replay_viewer_finding": _Envelope.finding,
    "client_report": _Envelope.client_report,
}


#: Types of items that are read, or known to hold nothing that is shown.
KNOWN = frozenset(_READERS) | _QUIET | {"replay_recording"}


def _body(cursor: Cursor, head: dict[str, Any]) -> bytes:
    length = head.get("length")
    return cursor.take(length) if isinstance(length, int) and length >= 0 else cursor.line()


def read(document: Document) -> Iterator[Piece]:
    """The pieces of all items. Raises Truncated when the last item is cut off or a line is no JSON, TooLarge."""
    cursor = document.cursor()
    envelope: _Envelope | None = None
    while cursor.peek():
        head = _object(cursor.line())
        if head is None:
            raise Truncated(f"“{document.name}” is damaged: it stops being a Sentry envelope in the middle.")
        kind = head.get("type")
        if not envelope or not isinstance(kind, str):
            envelope = _Envelope(head, document.name)
            continue
        for piece in envelope.item(kind, head, _body(cursor, head)):
            if not isinstance(piece, Batch) or piece.events:
                yield piece


FORMAT = register(Format("sentry-envelope", sniff, read, rank=10))
