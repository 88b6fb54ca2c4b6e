"""Understands a body with the same `formats.read_body` that imports it later, and sums it up for the store."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import msgspec

from replay_viewer.collector import envelopes
from replay_viewer.collector.incoming import Incoming
from replay_viewer.collector.linked import facts_of, recorded
from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.rows import ErrorEvent
from replay_viewer.domain.time import to_ms
from replay_viewer.formats import Batch, Linked, Said, Skipped, merge_facts, read_body
from replay_viewer.formats.base import Stream
from replay_viewer.formats.beacons import RECEIVED
from replay_viewer.recording.events import Head, Kind

#: Headers kept with a body: what `read_body` needs to decode it, and who sent it.
KEPT_HEADERS = ("content-type", "content-encoding", "user-agent", "origin", "accept-language", RECEIVED)

_HEADER_BYTES = 64 << 10
_head = msgspec.json.Decoder(Head, strict=False)


class _Href(msgspec.Struct):
    href: str = ""


class _Reported(msgspec.Struct):
    """An `error` or `unhandledrejection` custom event, as the recorder snippet writes it."""

    message: str | None = None
    reason: str | None = None
    filename: str | None = None


class _Custom(msgspec.Struct):
    tag: str = ""
    payload: msgspec.Raw = msgspec.Raw(b"null")


def envelope_header(body: bytes) -> dict[str, Any]:
    """The first line of an envelope, for routing and the answer: `event_id`, `dsn`. {} when there is none."""
    try:
        head = Stream(BytesIO(body), "The envelope", _HEADER_BYTES << 4).read(_HEADER_BYTES)
        header = msgspec.json.decode(head.partition(b"\n")[0])
    except (BadInput, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    return header if isinstance(header, dict) else {}


def understand(
    project: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    received: float,
    *,
    session: str = "",
    source: str,
) -> Incoming:
    """Sum up one body. `url`: path and query; `session`: the one the address names, '' when the body has to say.

    Raises BadInput for what is broken, or names another session than its address.
    """
    kept = {name: headers[name] for name in KEPT_HEADERS if headers.get(name)}
    if source == "beacon":
        kept[RECEIVED] = f"{received:.0f}"
    try:
        pieces = read_body(body, kept, url)
    except RecursionError as error:
        raise BadInput("The body is nested too deeply.") from error
    incoming = Incoming(project=project, url=url, headers=kept, body=body, received=received, source=source)
    incoming.session = session
    incoming.visitor = source in ("beacon", "posthog")
    for piece in pieces:
        if session and piece.session and piece.session != session:
            raise BadInput("The body's sessionId is not the one of the address.")
        if not incoming.session:
            incoming.session = piece.session
        match piece:
            case Batch():
                _add_events(incoming, piece)
            case Linked():
                for row in piece.rows:
                    if isinstance(row, ErrorEvent):
                        incoming.errors.append(row)
                    else:
                        incoming.linked.extend(facts_of(row))
            case Said():
                incoming.facts = merge_facts(incoming.facts, piece.facts)
            case Skipped():
                pass  # the raw body keeps it, and the import counts it
    if source == "sentry":
        envelopes.add(incoming)
    if not incoming.facts.user_agent:
        incoming.facts = msgspec.structs.replace(incoming.facts, user_agent=kept.get("user-agent", ""))
    if incoming.facts.url:
        incoming.urls.append(incoming.facts.url)
    return incoming


def _add_events(incoming: Incoming, batch: Batch) -> None:
    incoming.tab = incoming.tab or batch.tab
    for raw in batch.events:
        try:
            head = _head.decode(raw)
        except msgspec.MsgspecError:
            continue
        incoming.events += 1
        stamp = to_ms(head.timestamp)
        if head.type != Kind.CUSTOM or incoming.first is None:
            # custom events may carry the stamp of something earlier or later than the recording
            incoming.first = stamp if incoming.first is None else min(incoming.first, stamp)
            incoming.last = stamp if incoming.last is None else max(incoming.last, stamp)
        try:
            if head.type == Kind.META:
                incoming.urls.append(msgspec.json.decode(head.data, type=_Href).href)
            elif head.type == Kind.CUSTOM:
                _add_custom(incoming, msgspec.json.decode(head.data, type=_Custom), stamp)
        except (msgspec.MsgspecError, RecursionError):
            continue  # an odd event stays in the raw body


def _add_custom(incoming: Incoming, custom: _Custom, stamp: float) -> None:
    if fact := recorded(custom.tag, bytes(custom.payload), stamp):
        incoming.linked.append(fact)
    if custom.tag in ("$url_changed", "$pageview"):
        incoming.urls.append(msgspec.json.decode(custom.payload, type=_Href).href)
    if custom.tag not in ("error", "unhandledrejection"):
        return
    reported = msgspec.json.decode(custom.payload, type=_Reported)
    title = (reported.message or reported.reason or custom.tag).removeprefix("Uncaught ")
    incoming.errors.append(ErrorEvent(t=stamp, title=title, source=custom.tag, url=reported.filename or ""))
