"""Events inside something else, told in other words, or packed in other ways: found by what is there."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import random
import zipfile
import zlib
from pathlib import Path
from typing import Any

import brotli
import pytest

from replay_viewer.domain.errors import BadInput
from replay_viewer.formats import NotARecording, read_paths
from tests.formats.made import Read, dumps, events, packed

EVENTS = events(8)
J = dumps(EVENTS)
TEXT = J.decode()


def read(folder: Path, data: bytes) -> Read:
    path = folder / "anything"
    path.write_bytes(data)
    return Read(list(read_paths([path])))


def plain(found: Read) -> list[Any]:
    return [
        {key: value for key, value in event.items() if key in ("type", "data", "timestamp")} for event in found.events
    ]


PACKED = {
    "utf-16": TEXT.encode("utf-16"),
    "utf-16, big end first": b"\xfe\xff" + TEXT.encode("utf-16-be"),
    "utf-16, unmarked": TEXT.encode("utf-16-le"),
    "utf-16, unmarked, big end first": TEXT.encode("utf-16-be"),
    "utf-16 lines": "\n".join(dumps(event).decode() for event in EVENTS).encode("utf-16"),
    "utf-32": TEXT.encode("utf-32"),
    "utf-16 in gzip": gzip.compress(TEXT.encode("utf-16")),
    "bz2": bz2.compress(J),
    "xz": lzma.compress(J),
    "brotli": brotli.compress(J),
    "gzip twice": gzip.compress(gzip.compress(J)),
    "base64": base64.b64encode(J),
    "base64 of gzip": base64.b64encode(gzip.compress(J)),
    "the disk's zeros behind it": J + bytes(4096),
}

ROWS = [{"id": n, "created": "2026-11-20", "event": event} for n, event in enumerate(EVENTS)]
TOLD = {
    "data as text": dumps([{**event, "data": json.dumps(event["data"])} for event in EVENTS]),
    "data as text, lines": b"\n".join(dumps({**event, "data": json.dumps(event["data"])}) for event in EVENTS),
    "stamps as text": dumps([{**event, "timestamp": str(event["timestamp"])} for event in EVENTS]),
    "types as text": dumps([{**event, "type": str(event["type"])} for event in EVENTS]),
    "microseconds": dumps([{**event, "timestamp": event["timestamp"] * 1000} for event in EVENTS]),
    "rows": dumps(ROWS),
    "rows of text": dumps([{"id": n, "event_data": json.dumps(event)} for n, event in enumerate(EVENTS)]),
    "rows with times": dumps([{**row, "timestamp": EVENTS[n]["timestamp"]} for n, row in enumerate(ROWS)]),
    "text": dumps(TEXT),
    "text in an object": dumps({"events": TEXT}),
    "packed as a whole": dumps(zlib.compress(J).decode("latin-1")),
    "deep": dumps({"session": {"id": "a", "recording": {"events": EVENTS}}}),
    "batches": dumps([{"events": EVENTS[:4]}, {"events": EVENTS[4:]}]),
    "arrays in arrays in arrays": dumps([[EVENTS[:4]], [EVENTS[4:]]]),
    "segments in an object": dumps({"data": [EVENTS[:4], EVENTS[4:]]}),
    "packed, deep": dumps({"result": {"chunks": [packed(event) for event in EVENTS]}}),
    "lines of a log": b"\n".join(b"2026-11-20T20:06:12Z INFO event " + dumps(event) for event in EVENTS),
    "commas at the ends of lines": b",\n".join(map(dumps, EVENTS)),
    "a comma too many": b"[\n" + b",\n".join(map(dumps, EVENTS)) + b",\n]",
    "one behind the other": b"".join(map(dumps, EVENTS)),
    "RFC 7464": b"".join(b"\x1e" + dumps(event) + b"\n" for event in EVENTS),
    "an event stream": b"".join(b"data: " + dumps(event) + b"\n\n" for event in EVENTS),
    "a script": b"window.events = " + J + b";",
    "a module": b"import {x} from 'y';\nconst events: eventWithTime[] = " + J + b";\nexport default events;",
    "a call": b"callback(" + J + b");",
    "kept from being a script": b")]}',\n" + J,
    "a page with data": b"<!doctype html><html><script type='application/json'>" + J + b"</script></html>",
    "a page that parses": b"<!doctype html><html><script>const e = JSON.parse(" + dumps(TEXT) + b");</script></html>",
    "a page that decodes": b"<!doctype html><script>JSON.parse(atob('" + base64.b64encode(J) + b"'))</script>",
    "a page that replays": b"<!doctype html><script>new rrweb.Replayer(" + J + b")</script>",
}


@pytest.mark.parametrize("way", [*PACKED, *TOLD])
def test_every_way_gives_the_same_events(tmp_path: Path, way: str) -> None:
    found = read(tmp_path, {**PACKED, **TOLD}[way])
    assert plain(found) == EVENTS
    assert not found.skipped


def test_stamps_as_iso_times(tmp_path: Path) -> None:
    told = [{**event, "timestamp": f"2026-11-20T20:06:12.{n:03}Z"} for n, event in enumerate(EVENTS)]
    stamps = [event["timestamp"] for event in read(tmp_path, dumps(told)).events]
    assert stamps == [1795205172000.0 + n for n in range(8)]


@pytest.mark.parametrize("key", ["snapshot_data_by_window_id", "snapshotsByWindowId"])
def test_windows_of_an_old_answer_are_tabs(tmp_path: Path, key: str) -> None:
    body = {"result": {key: {"w1": EVENTS[:4], "w2": EVENTS[4:]}, "person": {"id": 1}}, "next": None}
    found = read(tmp_path, dumps(body))
    assert found.of("", "w1") == EVENTS[:4]
    assert found.of("", "w2") == EVENTS[4:]


def test_batches_say_their_sessions(tmp_path: Path) -> None:
    body = [{"sessionId": "a", "tabId": "t", "events": EVENTS[:4]}, {"replay_id": "b", "events": EVENTS[4:]}]
    found = read(tmp_path, dumps(body))
    assert found.of("a", "t") == EVENTS[:4]
    assert found.of("b") == EVENTS[4:]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_an_array_split_over_files_is_one_recording(tmp_path: Path, order: tuple[int, ...]) -> None:
    parts = [EVENTS[:3], EVENTS[3:6], EVENTS[6:]]
    for n, part in enumerate(order):
        (tmp_path / f"{n}.json").write_bytes(dumps(parts[part]))
    found = Read(list(read_paths([tmp_path])))
    assert found.sessions == {""}
    assert sorted(found.events, key=lambda event: event["timestamp"]) == EVENTS


def test_two_recordings_in_a_folder_stay_two(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.json").write_bytes(J)
    assert Read(list(read_paths([tmp_path]))).sessions == {"a.json", "b.json"}


REFUSED = {
    "OpenReplay": b"\xff" * 7 + b"\x01" + bytes(60),
    "Datadog": dumps(
        {
            "application": {"id": "a"},
            "session": {"id": "s"},
            "view": {"id": "v"},
            "records": [EVENTS[0], {"type": 10}],
        }
    ),
}


@pytest.mark.parametrize("product", REFUSED)
def test_recordings_of_other_products_are_named(tmp_path: Path, product: str) -> None:
    with pytest.raises(NotARecording, match=product):
        read(tmp_path, REFUSED[product])


def test_anything_else_is_refused_in_one_sentence(tmp_path: Path) -> None:
    choice = random.Random(5)
    heads = [
        b"BZh9",
        b"\xfd7zXZ\0",
        b"\xff\xfe",
        b"\x1f\x8b",
        b"PK",
        b"\x89PNG\r\n\x1a\n",
        b"%PDF-1.7",
        b"<svg",
        b"[",
        b'"',
        b"a,b\r",
    ]
    for n in range(300):
        data = choice.choice(heads) + choice.randbytes(choice.choice([0, 3, 60, 3000]))
        if n % 3 == 0:
            data += b'{"timestamp": 1, "type": "x"}' * choice.choice([0, 1, 40])
        with pytest.raises(BadInput) as refused:
            read(tmp_path, data)
        assert "\n" not in refused.value.message


def test_numbers_beyond_all_numbers_do_not_stop_what_is_beside_them(tmp_path: Path) -> None:
    found = read(tmp_path, b'{"version": 1e999, "sessionId": "s", "events": ' + J + b"}")
    assert found.of("s") == EVENTS
    assert plain(read(tmp_path, b'{"deep": {"a": 1e999, "list": ' + J + b"}}")) == EVENTS


def test_a_zip_whose_table_lies_is_refused_in_one_sentence(tmp_path: Path) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", J)
    whole = made.getvalue()
    for shift in (1, 2, 40):
        with pytest.raises(BadInput):
            read(tmp_path, whole[:2] + whole[:shift] + whole[2:])
