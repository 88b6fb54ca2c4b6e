"""Sentry envelopes item by item: what links them to a session, and the items that are kept apart.

Grammar: header line, then (item header line, payload) as often as there are items; `length` says how long a payload
is, without it the payload ends with its line (getsentry/relay `relay-server/src/envelope`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from replay_viewer.collector.incoming import Incoming, Item
from replay_viewer.domain.errors import BadInput
from replay_viewer.formats.base import inflate
from replay_viewer.formats.sentry.envelope import KNOWN
from replay_viewer.formats.sentry.events import attributes_of

#: An envelope never inflates to more than this.
MAX_ENVELOPE = 128 << 20
_TRACES = 20


def split(body: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
    """(header, payload) of each part of an envelope, the envelope's own header first with an empty payload.

    Ends quietly where the text stops being an envelope: `formats` has judged it before. Raises TooLarge, Truncated.
    """
    data = inflate(body, "The envelope", MAX_ENVELOPE)
    head, _, data = data.partition(b"\n")
    header = _object(head)
    if header is None:
        return
    yield header, b""
    at = 0
    while at < len(data):
        end = data.find(b"\n", at)
        line = data[at : end if end >= 0 else len(data)]
        at += len(line) + 1
        if not line.strip():
            continue
        item = _object(line)
        if item is None:
            return
        length = item.get("length")
        if isinstance(length, int) and not isinstance(length, bool) and length >= 0:
            payload = data[at : at + length]
        else:
            end = data.find(b"\n", at)
            payload = data[at : end if end >= 0 else len(data)]
        at += len(payload)
        yield item, payload
        at += data[at : at + 1] == b"\n"


def add(incoming: Incoming) -> None:
    """Put the envelope's traces, what it speaks of and its items to `incoming`."""
    header: dict[str, Any] | None = None
    try:
        for head, payload in split(incoming.body):
            if header is None:
                header = head
                _trace(incoming.traces, _mapping(head.get("trace")).get("trace_id"))
                continue
            kind = head.get("type")
            if not isinstance(kind, str):
                return
            if kind == "attachment" or kind not in KNOWN:
                incoming.items.append(_item(kind, head, payload, header))
            elif kind not in ("replay_recording", "attachment") and (value := _object(payload)) is not None:
                _links(incoming, kind, value)
    except (BadInput, RecursionError):
        return  # read_body has said what there is to say; the raw body is kept


def _item(kind: str, head: dict[str, Any], payload: bytes, header: dict[str, Any]) -> Item:
    return Item(
        type=kind[:64],
        data=payload,
        event_id=_text(header.get("event_id")),
        filename=_text(head.get("filename")),
        content_type=_text(head.get("content_type")),
    )


def _links(incoming: Incoming, kind: str, value: dict[str, Any]) -> None:
    contexts = _mapping(value.get("contexts"))
    if kind == "replay_event":
        for trace in _sequence(value.get("trace_ids")):
            _trace(incoming.owns, trace)
        # Its own trace context is that of the page at the time, which transactions and server events share.
        _trace(incoming.owns, _mapping(contexts.get("trace")).get("trace_id"))
        return
    _trace(incoming.traces, _mapping(contexts.get("trace")).get("trace_id"))
    _trace(incoming.traces, value.get("trace_id"))
    for item in _sequence(value.get("items"))[:_TRACES]:
        _trace(incoming.traces, _mapping(item).get("trace_id"))
        attributes = attributes_of(_mapping(item))
        _trace(incoming.traces, attributes.get("trace_id"))
    about = _mapping(contexts.get("feedback")).get("associated_event_id")
    if kind == "user_report":
        about = value.get("event_id")
    if isinstance(about, str) and about:
        incoming.about.append(about.replace("-", "").lower()[:64])


def _trace(into: list[str], value: Any) -> None:
    trace = _text(value).replace("-", "").lower()
    if len(trace) == 32 and not trace.strip("0123456789abcdef") and trace.strip("0") and trace not in into:
        into.append(trace)


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        found = msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _sequence(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
