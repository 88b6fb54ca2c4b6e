"""PostHog's bodies, downloads and export files."""

from __future__ import annotations

import base64
import gzip
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from replay_viewer.domain.rows import CustomEvent, ErrorEvent, Interaction, Navigation, Vital
from replay_viewer.formats import read_body, read_paths
from tests.formats.made import Read, capture_folder, captured, compressed, dumps, events, packed, snapshot

EVENTS = events()


def form(data: bytes) -> bytes:
    """What the SDK sends at unload."""
    return b"data=" + quote(base64.b64encode(data).decode()).encode()


@pytest.mark.parametrize("encode", [bytes, gzip.compress, form])
@pytest.mark.parametrize("change", [lambda event: event, compressed, packed])
def test_snapshot_body(encode: Any, change: Any) -> None:
    items = [
        snapshot([change(event) for event in EVENTS[:3]]),
        snapshot([change(e) for e in EVENTS[3:]], window="w-2"),
    ]
    found = Read(read_body(encode(dumps(items)), {"Content-Type": "text/plain"}, "/s/?compression=gzip-js"))
    first, second = found.of("s-1", "w-1"), found.of("s-1", "w-2")
    plain = [{key: value for key, value in event.items() if key != "v"} for event in first + second]
    assert (plain, len(first)) == (EVENTS, 3)
    assert found.facts["s-1"].user.id == "u-17"
    assert found.facts["s-1"].sdk == "posthog-js 1.449.2"


def test_uncompressed_events_keep_their_bytes() -> None:
    body = dumps([snapshot([EVENTS[0], compressed(EVENTS[1])])])
    events_read = Read(read_body(body, {}, "/s/")).batches[0].events
    assert events_read[0] == dumps(EVENTS[0])
    assert b'"cv"' not in events_read[1]


def test_a_damaged_compressed_event_is_counted() -> None:
    bad = {**compressed(EVENTS[1]), "data": "\x1f\x8bno"}
    found = Read(read_body(dumps([snapshot([EVENTS[0], bad])]), {}, "/s/"))
    assert found.events == EVENTS[:1]
    assert found.skipped == {"broken-event": 1}


def test_batch_of_other_events() -> None:
    frames = [{"filename": "http://shop.test/a.js", "function": "boom", "in_app": True, "lineno": 14, "colno": 41}]
    raised = {
        "type": "TypeError",
        "value": "x",
        "mechanism": {"type": "generic", "handled": False},
        "stacktrace": {"frames": frames},
    }
    cause = {"type": "Error", "value": "first"}
    metric = {"name": "LCP", "value": 236.5, "rating": "good", "id": "v6-1", "navigationURL": "http://shop.test/",
              "timestamp": 1795205525749, "attribution": {"target": "html>body"}}  # fmt: skip
    chain = 'button:attr__id="dead"nth-child="6"text="Dead button";body:nth-child="2"'
    batch = [
        captured("$exception", {"$exception_list": [raised, cause], "$exception_level": "error"}),
        captured("$web_vitals", {"$web_vitals_LCP_event": metric, "$web_vitals_LCP_value": 236.5}),
        captured("$rageclick", {"$elements_chain": chain}),
        captured(
            "$dead_click",
            {"$elements": [{"tag_name": "div", "$el_text": "Wish"}], "$dead_click_event_timestamp": 1795205172500},
        ),
        captured("$pageview", {"navigation_type": "pushState"}),
        captured("$identify", {"$set": {"email": "ada@example.com"}}),
        captured("order placed", {"total": 42}),
        captured("$$heatmap", {"$heatmap_data": {}}),
    ]
    found = Read(
        read_body(
            gzip.compress(dumps({"api_key": "phc_x", "batch": batch, "sent_at": "2026-11-20T20:06:16Z"})), {}, "/e/"
        )
    )
    error, vital, rage, dead, navigation, _, custom = found.rows
    assert isinstance(error, ErrorEvent)
    assert (error.title, error.source, error.url) == ("TypeError: x", "posthog", "http://shop.test/")
    assert [raised.type for raised in error.exceptions] == ["Error", "TypeError"]
    assert error.exceptions[-1].frames[0].column == 41
    assert isinstance(vital, Vital)
    assert (vital.name, vital.value, vital.rating, vital.t, vital.target) == (
        "LCP",
        236.5,
        "good",
        1795205525749,
        "html>body",
    )
    assert isinstance(rage, Interaction)
    assert (rage.action, rage.words, rage.selector) == (
        "rage-click", "Clicked again and again on button “Dead button”", "button#dead")  # fmt: skip
    assert isinstance(dead, Interaction)
    assert (dead.t, dead.words) == (1795205172500, "Clicked without effect on div “Wish”")
    assert isinstance(navigation, Navigation)
    assert (navigation.url, navigation.how) == ("http://shop.test/", "push")
    assert isinstance(custom, CustomEvent)
    assert (custom.name, custom.data) == ("order placed", {"total": 42, "$current_url": "http://shop.test/"})
    assert found.facts["s-1"].user.email == "ada@example.com"
    assert found.facts["s-1"].zone == "UTC"


LINES = {
    "blob_v2": [["w-1", compressed(event)] for event in EVENTS],
    "blob_v1": [{"window_id": "w-1", "data": EVENTS[:3]}, {"window_id": "w-1", "data": EVENTS[3:]}],
    "older": [{"windowId": "w-1", "data": EVENTS}],
}


@pytest.mark.parametrize("name", LINES)
def test_snapshot_download(tmp_path: Path, name: str) -> None:
    path = tmp_path / "snapshots.jsonl"
    path.write_bytes(b"\n".join(map(dumps, LINES[name])) + b"\n")
    assert Read(list(read_paths([path]))).of("", "w-1") == EVENTS


def test_snapshot_pairs_in_one_array(tmp_path: Path) -> None:
    path = tmp_path / "snapshots.json"
    path.write_bytes(dumps(LINES["blob_v2"]))
    assert Read(list(read_paths([path]))).of("", "w-1") == EVENTS


def test_a_broken_line_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "snapshots.jsonl"
    path.write_bytes(b"\n".join([*map(dumps, LINES["blob_v2"]), b'["w-1",{"type"', b'{"no":1}']))
    found = Read(list(read_paths([path])))
    assert found.of("", "w-1") == EVENTS
    assert found.skipped == {"broken-event": 2}


PERSON = {"properties": {"email": "ada@example.com"}, "distinct_ids": ["u-17"]}
EXPORTS = {
    "2023-04-28": {
        "id": "s-1",
        "person": PERSON,
        "snapshots": [{"windowId": "w-1", **compressed(e)} for e in EVENTS],
    },
    "2022-12-02": {"person": PERSON, "id": "s-1", "snapshotsByWindowId": {"w-1": EVENTS, "w-2": []}},
    "id last": {"snapshots": [{**event, "windowId": "w-1"} for event in EVENTS], "person": PERSON, "id": "s-1"},
}


@pytest.mark.parametrize("version", EXPORTS)
def test_export_file(tmp_path: Path, version: str) -> None:
    path = tmp_path / "export.json"
    path.write_bytes(dumps({"version": version, "data": EXPORTS[version]}))
    found = Read(list(read_paths([path])))
    read = [{key: value for key, value in event.items() if key != "windowId"} for event in found.of("s-1", "w-1")]
    assert read == EVENTS
    assert found.sessions == {"s-1"}
    assert found.facts["s-1"].user.email == "ada@example.com"


def test_captured_requests_tell_tabs_apart_and_find_the_person(tmp_path: Path) -> None:
    flags = {
        "token": "phc_x",
        "distinct_id": "u-17",
        "person_properties": {"email": "ada@example.com"},
        "timezone": "UTC",
    }
    bodies = [
        ("/flags/?v=2", gzip.compress(dumps(flags))),
        ("/s/", gzip.compress(dumps([snapshot(EVENTS[:3])]))),
        ("/s/", gzip.compress(dumps([snapshot(EVENTS[3:], window="w-2")]))),
        ("/i/v0/e/", form(dumps({"api_key": "phc_x", "batch": [captured("x", {})]}))),
    ]
    found = Read(list(read_paths([capture_folder(tmp_path / "raw", bodies)])))
    assert found.sessions == {"s-1"}
    assert (found.of("s-1", "w-1"), found.of("s-1", "w-2")) == (EVENTS[:3], EVENTS[3:])
    assert found.facts["s-1"].user.email == "ada@example.com"
