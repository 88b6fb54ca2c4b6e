"""Bodies as SDKs send them: real captures where they are at hand, small ones made here otherwise."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from replay_viewer.domain.resources import resource

ENVELOPE = "/api/42/envelope/?sentry_version=7&sentry_key=0123456789abcdef0123456789abcdef"
REPLAY = "4dc395e328494c49a7ea6335849a6fbe"


def snapshot(t: float, href: str = "http://shop.test/") -> list[dict[str, Any]]:
    """The smallest recording: meta and full snapshot."""
    html = {"type": 2, "id": 2, "tagName": "html", "attributes": {}, "childNodes": []}
    return [
        {"type": 4, "data": {"href": href, "width": 800, "height": 600}, "timestamp": t},
        {
            "type": 2,
            "data": {"node": {"type": 0, "id": 1, "childNodes": [html]}, "initialOffset": {"top": 0, "left": 0}},
            "timestamp": t + 1,
        },
    ]


def batch(session: str, t: float = 1_795_000_000_000.0, **more: Any) -> bytes:
    """An rrweb batch of the snippet."""
    events = more.pop("events", None) or snapshot(t)
    return json.dumps({"sessionId": session, "tabId": "t1", **more, "events": events}).encode()


def replay_envelope(segment: int = 0, t: float = 1_795_000_000_000.0, replay: str = REPLAY) -> bytes:
    """A replay envelope as @sentry/browser 11 makes it."""
    event = {
        "type": "replay_event",
        "replay_id": replay,
        "segment_id": segment,
        "replay_type": "session",
        "timestamp": t / 1000 + 1,
        "urls": ["http://shop.test/checkout"],
        "error_ids": [],
        "trace_ids": [],
        "release": "shop@1",
        "environment": "test",
        "user": {"id": "u-17", "email": "ada@example.com"},
        "sdk": {"name": "sentry.javascript.browser", "version": "11.12.0"},
    }
    recording = b'{"segment_id":%d}\n' % segment + zlib.compress(json.dumps(snapshot(t)).encode())
    lines = [
        json.dumps({"event_id": replay, "sent_at": "2026-11-20T20:06:13.956Z"}).encode(),
        b'{"type":"replay_event"}',
        json.dumps(event).encode(),
        b'{"type":"replay_recording","length":%d}' % len(recording),
        recording,
    ]
    return b"\n".join(lines)


def error_envelope(replay: str | None = REPLAY, event_id: str = "fea994d9bcef4aa3a99b800fcef60e56") -> bytes:
    """An error event, linked to the replay by the envelope's trace and a tag."""
    trace = {"trace_id": "3630", "public_key": "0123"} | ({"replay_id": replay} if replay else {})
    event = {
        "event_id": event_id,
        "timestamp": 1_795_000_001.5,
        "platform": "javascript",
        "level": "error",
        "exception": {"values": [{"type": "TypeError", "value": "reading 'total'"}]},
        "tags": {"replayId": replay} if replay else {},
        "release": "shop@1",
    }
    header = {"event_id": event_id, "sent_at": "2026-11-20T20:06:14.956Z", "trace": trace}
    return b"\n".join([json.dumps(header).encode(), b'{"type":"event"}', json.dumps(event).encode()])


def captured(folder: Path) -> Iterator[tuple[str, dict[str, str], bytes]]:
    """(URL, headers, body) of every POST of a capture, in order."""
    for path in sorted(folder.glob("[0-9]*.json")):
        sidecar = json.loads(path.read_text())
        body = path.with_suffix(".bin")
        if sidecar["method"] == "POST" and body.exists():
            kept = ("content-type", "content-encoding", "user-agent", "origin")
            headers = {name: value for name, value in sidecar["headers"].items() if name in kept}
            yield sidecar["url"], headers, body.read_bytes()


def sample(name: str) -> Path:
    """Folder of a sample session that ships."""
    return resource("samples", name)
