"""Small recordings made here, so that a clone without ../shared still tests every format."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from replay_viewer.formats import Batch, Linked, Piece, Said, Skipped

REPLAY = "4dc395e328494c49a7ea6335849a6fbe"
T0 = 1795205172000


def events(count: int = 6, start: int = T0) -> list[dict[str, Any]]:
    """Meta, full snapshot, and mutations behind them."""
    node = {
        "type": 0,
        "childNodes": [{"type": 2, "tagName": "html", "attributes": {}, "childNodes": [], "id": 2}],
        "id": 1,
    }
    found: list[dict[str, Any]] = [
        {"type": 4, "data": {"href": "http://shop.test/", "width": 800, "height": 600}, "timestamp": start},
        {"type": 2, "data": {"node": node, "initialOffset": {"top": 0, "left": 0}}, "timestamp": start + 1},
    ]
    for i in range(count - 2):
        data = {
            "source": 0,
            "texts": [{"id": 2, "value": f'„{i}“ }},{{ "x\\'}],
            "attributes": [],
            "removes": [],
            "adds": [],
        }
        found.append({"type": 3, "data": data, "timestamp": start + 10 + i})
    return found


def dumps(value: Any) -> bytes:
    """Compact JSON, as browsers write it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def packed(event: dict[str, Any]) -> str:
    """An event as @rrweb/packer writes it."""
    return zlib.compress(dumps({**event, "v": "v1"})).decode("latin-1")


def zipped(value: Any) -> str:
    """A field as posthog-js compresses it."""
    return gzip.compress(dumps(value)).decode("latin-1")


def compressed(event: dict[str, Any]) -> dict[str, Any]:
    """An event as posthog-js compresses it."""
    if event["type"] == 2:
        return {**event, "data": zipped(event["data"]), "cv": "2024-10"}
    if event["type"] == 3 and event["data"]["source"] == 0:
        names = ("texts", "attributes", "removes", "adds")
        data = {key: zipped(value) if key in names else value for key, value in event["data"].items()}
        return {**event, "data": data, "cv": "2024-10"}
    return event


def envelope(*items: tuple[dict[str, Any], bytes], header: dict[str, Any] | None = None) -> bytes:
    """A Sentry envelope."""
    head = header if header is not None else {"event_id": REPLAY, "sent_at": "2026-11-20T20:06:13.956Z", "sdk": {}}
    return dumps(head) + b"\n" + b"".join(dumps(item) + b"\n" + body + b"\n" for item, body in items)


def replay_envelope(segment: int, found: Sequence[dict[str, Any]], *, compress: bool = True) -> bytes:
    """A replay envelope with one segment."""
    said = {
        "type": "replay_event", "replay_id": REPLAY, "segment_id": segment, "replay_type": "session",
        "timestamp": T0 / 1000, "replay_start_timestamp": T0 / 1000, "urls": ["http://shop.test/"],
        "error_ids": ["fea994d9bcef4aa3a99b800fcef60e56"], "trace_ids": [],
        "release": "webapp@1.2.3", "environment": "staging",
        "sdk": {"name": "sentry.javascript.browser", "version": "11.12.0"}, "tags": {"tenant": "acme"},
        "user": {"id": "u-17", "email": "ada@example.com", "username": "ada"},
        "request": {"url": "http://shop.test/", "headers": {"User-Agent": "Mozilla/5.0"}},
        "contexts": {"culture": {"locale": "en-US", "timezone": "Europe/Berlin"}},
    }  # fmt: skip
    array = dumps(list(found))
    body = dumps({"segment_id": segment}) + b"\n" + (zlib.compress(array) if compress else array)
    return envelope(
        ({"type": "replay_event"}, dumps(said)), ({"type": "replay_recording", "length": len(body)}, body)
    )


def sentry_event(**more: Any) -> dict[str, Any]:
    """An error event as an SDK sends it."""
    frames = [
        {"filename": "http://shop.test/app.js", "function": "?", "in_app": True, "lineno": 14, "colno": 141},
        {"filename": "http://shop.test/app.js", "function": "inner", "in_app": True, "lineno": 15, "colno": 41},
    ]
    error = {
        "type": "TypeError",
        "value": "x is undefined",
        "stacktrace": {"frames": frames},
        "mechanism": {"type": "onerror", "handled": False},
    }
    return {
        "event_id": "fea994d9bcef4aa3a99b800fcef60e56",
        "exception": {"values": [{"type": "Cause", "value": "first"}, error]},
        "level": "error",
        "platform": "javascript",
        "timestamp": T0 / 1000 + 3,
        "release": "webapp@1.2.3",
        "environment": "staging",
        "request": {"url": "http://shop.test/checkout"},
        "breadcrumbs": [{"category": "fetch", "data": {"status_code": 502}}],
        **more,
    }


def snapshot(found: Sequence[dict[str, Any]], session: str = "s-1", window: str = "w-1") -> dict[str, Any]:
    """A `$snapshot` event of PostHog's."""
    properties = {"$session_id": session, "$window_id": window, "$snapshot_data": list(found), "distinct_id": "u-17",
                  "$lib_version": "1.449.2"}  # fmt: skip
    return {"event": "$snapshot", "uuid": "x", "properties": properties}


def captured(name: str, properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Another event of PostHog's."""
    base = {"$session_id": "s-1", "$window_id": "w-1", "distinct_id": "u-17", "$lib": "web",
            "$lib_version": "1.449.2", "$current_url": "http://shop.test/",
            "$timezone": "UTC", "token": "phc_x"}  # fmt: skip
    return {"event": name, "uuid": "u-" + name, "properties": {**base, **properties},
            "timestamp": "2026-11-20T20:06:15.000Z", **more}  # fmt: skip


def capture_folder(folder: Path, bodies: Sequence[tuple[str, bytes]]) -> Path:
    """A folder of captured requests, bodies with their sidecars, and a GET without a body."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, (url, body) in enumerate(bodies, 1):
        (folder / f"{i:05}.bin").write_bytes(body)
        (folder / f"{i:05}.json").write_bytes(
            dumps({"method": "POST", "url": url, "headers": {"content-type": "text/plain"}})
        )
    (folder / "90000.json").write_bytes(dumps({"method": "GET", "url": "/array/x/config.js", "headers": {}}))
    return folder


class Read:
    """Pieces gathered for asserting on."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.pieces = list(pieces)
        self.batches = [piece for piece in self.pieces if isinstance(piece, Batch)]
        self.sessions = {piece.session for piece in self.pieces if not isinstance(piece, Skipped)}
        self.skipped = {piece.code: piece.count for piece in self.pieces if isinstance(piece, Skipped)}
        self.rows = [row for piece in self.pieces if isinstance(piece, Linked) for row in piece.rows]
        self.facts = {piece.session: piece.facts for piece in self.pieces if isinstance(piece, Said)}

    @property
    def events(self) -> list[Any]:
        """All events, decoded."""
        return [msgspec.json.decode(event) for batch in self.batches for event in batch.events]

    def of(self, session: str, tab: str = "") -> list[Any]:
        """The events of one tab."""
        found = [batch for batch in self.batches if (batch.session, batch.tab) == (session, tab)]
        return [msgspec.json.decode(event) for batch in found for event in batch.events]
