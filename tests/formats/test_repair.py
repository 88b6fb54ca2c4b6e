"""Half emojis and bytes that are no UTF-8 cost a character, never an event."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_viewer.formats import read_body, read_paths
from replay_viewer.formats.base.repair import checked, repaired
from tests.formats.made import T0, Read, dumps, envelope, events

GOOD = events()[:2]
#: As JSON.stringify writes it; the first and the last text are as they should be.
TEXTS = b'["\\ud83d\\ude00","cut \\ud83d","\\ude00","\\\\ud83d"]'
HALF = b'{"type":3,"timestamp":1795205172010,"data":{"source":0,"texts":' + TEXTS + b"}}"
READ = ["😀", "cut \ufffd", "\ufffd", "\\ud83d"]


@pytest.mark.parametrize(
    "form",
    [
        lambda found: b"[" + b",".join(found) + b"]",
        lambda found: b"\n".join(found),
        lambda found: b'{"events":[' + b",".join(found) + b"]}",
        lambda found: b"[[" + b",".join(found) + b"]]",
        lambda found: b'{"segment_id":0}\n' + zlib.compress(b"[" + b",".join(found) + b"]"),
        lambda found: b"\n".join(b'["w",' + event + b"]" for event in found),
        lambda found: dumps([zlib.compress(event).decode("latin-1") for event in found]),
    ],
)
def test_half_an_emoji(tmp_path: Path, form: Any) -> None:
    path = tmp_path / "a"
    path.write_bytes(form([*map(dumps, GOOD), HALF]))
    found = Read(list(read_paths([path])))
    assert found.events[:2] == GOOD
    assert found.events[2]["data"]["texts"] == READ
    assert not found.skipped


def test_half_an_emoji_in_bodies() -> None:
    body = (
        b'[{"event":"$snapshot","properties":{"$session_id":"s","$window_id":"w","$snapshot_data":[' + HALF + b"]}}]"
    )
    assert Read(read_body(gzip.compress(body), {}, "/s/")).events[0]["data"]["texts"] == READ
    error = b'{"event_id":"1","message":"cut \\ud83d","timestamp":1795205172}'
    [row] = Read(read_body(envelope(({"type": "event"}, error)), {}, "/api/1/envelope/")).rows
    assert row.title == "cut \ufffd"  # type: ignore[attr-defined]


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(dumps(events()).replace("„0“".encode(), b"\xff\xfe"))
    found = Read(list(read_paths([path])))
    assert len(found.events) == len(events())
    assert found.events[2]["data"]["texts"][0]["value"].startswith("\ufffd")
    assert found.events[0]["timestamp"] == T0


@given(st.lists(st.text(st.characters(codec=None) | st.sampled_from('\\"\ud83d\ude00ud8')), max_size=6))
def test_repair_replaces_halves_only(texts: list[str]) -> None:
    written = json.dumps(texts).encode()
    read = msgspec.json.decode(checked(written))
    assert read == [text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace") for text in texts]
    assert repaired(checked(written)) == checked(written)
