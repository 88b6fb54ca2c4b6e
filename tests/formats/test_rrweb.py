"""Arrays, lines, wrappers and pages of rrweb events."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import pytest
import zstandard

from replay_viewer.formats import read_paths
from tests.formats.made import Read, dumps, events, packed

EVENTS = events()


def read(path: Path, data: bytes) -> Read:
    path.write_bytes(data)
    return Read(list(read_paths([path])))


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zlib.compress, zstandard.ZstdCompressor().compress])
@pytest.mark.parametrize(
    "data",
    [
        dumps(EVENTS),
        b"\xef\xbb\xbf  " + dumps(EVENTS) + b"\n",
        json.dumps(EVENTS, indent=2).replace("\n", "\r\n").encode(),
        b"\n".join(map(dumps, EVENTS)),
        b"\r\n".join(map(dumps, EVENTS)) + b"\r\n\r\n",
        dumps([packed(event) for event in EVENTS]),
        b"\n".join(dumps(packed(event)) for event in EVENTS),
        dumps([dumps(event).decode() for event in EVENTS]),
        dumps(EVENTS[:2]) + b"\n" + dumps(EVENTS[2:]),
        dumps({"events": EVENTS}),
        dumps({"data": {"events": EVENTS}}),
        dumps({"rrweb": EVENTS}),
        dumps({"rrweb": {"events": EVENTS}, "version": 1, "other": [1, 2]}),
        dumps({"data": EVENTS}),
        dumps({"events": EVENTS[:3]}) + b"\n" + dumps({"events": EVENTS[3:]}),
    ],
)  # fmt: skip
def test_every_form_gives_the_same_events(tmp_path: Path, data: bytes, pack: Any) -> None:
    found = read(tmp_path / "recording", pack(data))
    assert [{key: value for key, value in event.items() if key != "v"} for event in found.events] == EVENTS
    assert found.sessions == {""}
    assert not found.skipped


def test_plain_events_keep_their_bytes(tmp_path: Path) -> None:
    raw = b'{ "timestamp":1795205172000.50,"type":3, "data":{"a":1e2}}'
    assert read(tmp_path / "a.json", b"[" + raw + b"]").batches[0].events == [raw]


def test_web_extension_file(tmp_path: Path) -> None:
    session = {"id": "e1", "name": "Checkout fails", "tags": ["a"], "createTimestamp": 1, "recorderVersion": "2.1.0"}
    found = read(tmp_path / "a.json", dumps({"events": EVENTS, "session": session}))
    assert found.sessions == {"e1"}
    assert found.events == EVENTS
    facts = found.facts["e1"]
    assert (facts.title, facts.sdk, facts.tags) == ("Checkout fails", "rrweb 2.1.0", {"a": ""})


def test_collector_batch_says_session_tab_and_user(tmp_path: Path) -> None:
    user = {"id": "u-17", "email": "ada@example.com", "name": "Ada"}
    body = {"events": EVENTS, "sessionId": "s9", "tabId": "t2", "user": user, "release": "1.4"}
    found = read(tmp_path / "a.json", dumps(body))
    assert found.of("s9", "t2") == EVENTS
    assert found.facts["s9"].user.email == "ada@example.com"
    assert found.facts["s9"].release == "1.4"


@pytest.mark.parametrize(
    "script",
    [
        b"const events = %s;",
        b"window.__events=%s",
        b'const props = {"events": %s, speed: 1}',
        b"let events = [{a: 1}]; const recordedEvents = %s",
    ],
)
def test_page_with_events_inlined(tmp_path: Path, script: bytes) -> None:
    array = dumps(EVENTS).replace(b"</", b"<\\/")
    page = (
        b"<!DOCTYPE html><html><head><script src='rrweb-player.js'></script><script>" + script % array + b"</script>"
    )
    assert read(tmp_path / "a.html", page + b"</head><body></body></html>").events == EVENTS


def test_broken_events_are_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    odd: list[Any] = [None, 7, "no", [], {"type": 9, "timestamp": 1}, {"type": 3}, {"type": "x", "timestamp": 1},
                      {"type": 3, "timestamp": "now"}, {"type": 1.5, "timestamp": 2}]  # fmt: skip
    found = read(tmp_path / "a.json", dumps([*odd, *EVENTS]))
    assert found.events == EVENTS
    assert found.skipped == {"broken-event": len(odd)}


@pytest.mark.parametrize("form", [dumps, lambda found: dumps([found])])
def test_an_event_too_deep_is_counted_and_the_rest_is_read(tmp_path: Path, form: Any) -> None:
    deep = b'{"type":3,"timestamp":1,"data":' + b'{"c":[' * 5000 + b"]}" * 5000 + b"}"
    found = read(tmp_path / "a.json", form([*EVENTS, "deep", *EVENTS]).replace(b'"deep"', deep))
    assert found.events == EVENTS + EVENTS
    assert found.skipped == {"broken-event": 1}


def test_broken_lines_are_counted(tmp_path: Path) -> None:
    lines = [dumps(event) for event in EVENTS]
    lines[3] = lines[3][:40]
    found = read(tmp_path / "a.jsonl", b"\n".join(lines))
    assert found.events == EVENTS[:3] + EVENTS[4:]
    assert found.skipped == {"broken-event": 1}


def test_window_ids_in_events_are_tabs(tmp_path: Path) -> None:
    both = [{**event, "windowId": f"w{i % 2}"} for i, event in enumerate(EVENTS)]
    found = read(tmp_path / "a.json", dumps(both))
    assert found.of("", "w0") == both[::2]
    assert found.of("", "w1") == both[1::2]
