"""Rows of the shared recordings, and small tabs built by hand."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable
from functools import cache
from typing import Any

from replay_viewer.analysis.extract import Extractor
from replay_viewer.domain.rows import Row
from replay_viewer.domain.time import to_ms
from replay_viewer.recording.events import decode_event
from replay_viewer.recording.mirror import Mirror
from tests.data_dir import session_dir


def rrweb_events(name: str) -> list[dict[str, Any]]:
    """Events of a plain rrweb recording (packed ones unpacked)."""
    events = json.loads(gzip.decompress((session_dir(name) / "events.json.gz").read_bytes()))
    return [
        json.loads(zlib.decompress(event.encode("latin-1"))) if isinstance(event, str) else event for event in events
    ]


def sentry_items(name: str) -> list[tuple[dict[str, Any], bytes]]:
    """Items (header, payload) of all envelopes of a Sentry recording."""
    items = []
    for path in sorted((session_dir(name) / "raw").glob("*.bin")):
        body = path.read_bytes()
        place = body.find(b"\n") + 1
        while place < len(body):
            end = body.find(b"\n", place)
            line, place = body[place : end if end >= 0 else None], end + 1 if end >= 0 else len(body)
            if not line.strip():
                continue
            header = json.loads(line)
            length = header.get("length")
            if length is None:
                end = body.find(b"\n", place)
                length = (end if end >= 0 else len(body)) - place
            items.append((header, body[place : place + length]))
            place += length + 1
    return items


def sentry_events(name: str) -> list[dict[str, Any]]:
    """rrweb events of a Sentry recording, in time order."""
    segments = []
    for header, payload in sentry_items(name):
        if header["type"] == "replay_recording":
            head, _, data = payload.partition(b"\n")
            data = data if data.startswith(b"[") else zlib.decompress(data)
            segments.append((json.loads(head)["segment_id"], json.loads(data)))
    events = [event for _, segment in sorted(segments, key=lambda pair: pair[0]) for event in segment]
    for event in events:
        event["timestamp"] = to_ms(event["timestamp"])
    return sorted(events, key=lambda event: event["timestamp"])


def read_rows(events: Iterable[dict[str, Any]], tab: int = 0) -> list[Row]:
    """Rows of one tab, in time order."""
    mirror, extractor, rows = Mirror(), Extractor(tab), []
    for n, raw in enumerate(events):
        event = decode_event(json.dumps(raw).encode())
        mirror.apply(event)
        rows += extractor.read(event, n, mirror)
    rows += extractor.finish()
    return sorted(rows, key=lambda row: row.t)


@cache
def recorded(name: str) -> tuple[Row, ...]:
    """Rows of a shared recording of one tab."""
    return tuple(read_rows(sentry_events(name) if "sentry" in name else rrweb_events(name)))


# -- pages built by hand ------------------------------------------------------------


def element(number: int, tag: str, /, *children: dict[str, Any], **attributes: Any) -> dict[str, Any]:
    """A serialised element; `_` in attribute names stands for `-`, a trailing one is dropped (`for_`)."""
    named = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
    return {"type": 2, "id": number, "tagName": tag, "attributes": named, "childNodes": list(children)}


def text(id: int, content: str) -> dict[str, Any]:
    """A serialised text."""
    return {"type": 3, "id": id, "textContent": content}


def page(
    *body: dict[str, Any], t: float = 1_000_000_000_000, href: str = "https://shop.test/"
) -> list[dict[str, Any]]:
    """Meta and full snapshot of a page with these elements in its body. Ids 1 to 4 are taken."""
    tree = element(2, "html", element(3, "head"), element(4, "body", *body))
    return [
        {"type": 4, "timestamp": t, "data": {"href": href, "width": 1000, "height": 800}},
        {
            "type": 2,
            "timestamp": t,
            "data": {"node": {"type": 0, "id": 1, "childNodes": [tree]}, "initialOffset": {}},
        },
    ]


T = 1_000_000_000_000


def change(after: float, source: int, **data: Any) -> dict[str, Any]:
    """An incremental event `after` ms into the page."""
    return {"type": 3, "timestamp": T + after, "data": {"source": source, **data}}


def click(after: float, id: int, x: float = 10, y: float = 10, **more: Any) -> dict[str, Any]:
    """A click."""
    return change(after, 2, type=2, id=id, x=x, y=y, **more)


def typed(after: float, id: int, value: str, checked: bool = False, **more: Any) -> dict[str, Any]:
    """An Input event."""
    return change(after, 5, id=id, text=value, isChecked=checked, **more)


def custom(after: float, tag: str, payload: Any) -> dict[str, Any]:
    """A custom event."""
    return {"type": 5, "timestamp": T + after, "data": {"tag": tag, "payload": payload}}


def plugin(after: float, name: str, payload: Any) -> dict[str, Any]:
    """A plugin event."""
    return {"type": 6, "timestamp": T + after, "data": {"plugin": name, "payload": payload}}
