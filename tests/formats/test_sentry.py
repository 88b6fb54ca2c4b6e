"""Sentry's envelopes, segments and events."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

import pytest

from replay_viewer.domain.rows import CustomEvent, ErrorEvent
from replay_viewer.formats import read_body, read_paths
from tests.formats.made import (
    REPLAY,
    T0,
    Read,
    capture_folder,
    dumps,
    envelope,
    events,
    replay_envelope,
    sentry_event,
)

EVENTS = events()
URL = "/api/42/envelope/?sentry_key=x"


def body(data: bytes, url: str = URL) -> Read:
    return Read(read_body(data, {}, url))


@pytest.mark.parametrize("compress", [True, False])
def test_replay_envelope(compress: bool) -> None:
    found = body(replay_envelope(0, EVENTS, compress=compress))
    assert found.of(REPLAY) == EVENTS
    facts = found.facts[REPLAY]
    assert (facts.user.email, facts.user.name, facts.release) == ("ada@example.com", "ada", "webapp@1.2.3")
    assert (facts.zone, facts.locale, facts.environment) == ("Europe/Berlin", "en-US", "staging")
    assert (facts.sdk, facts.user_agent) == ("sentry.javascript.browser 11.12.0", "Mozilla/5.0")
    assert (facts.replay_type, facts.tags, facts.url) == ("session", {"tenant": "acme"}, "http://shop.test/")
    assert facts.extra["segments"] == [0]


def test_error_event() -> None:
    found = body(envelope(({"type": "event"}, dumps(sentry_event(tags={"replayId": REPLAY.upper()})))))
    [row] = found.rows
    assert isinstance(row, ErrorEvent)
    assert found.sessions == {REPLAY}
    assert (row.title, row.t, row.level, row.source) == ("TypeError: x is undefined", T0 + 3000, "error", "sentry")
    assert [raised.type for raised in row.exceptions] == ["Cause", "TypeError"]
    shown = row.exceptions[-1]
    assert (shown.handled, shown.mechanism) == (False, "onerror")
    assert [(frame.function, frame.line, frame.column) for frame in shown.frames] == [
        ("", 14, 141),
        ("inner", 15, 41),
    ]
    assert (row.url, row.release, row.environment) == ("http://shop.test/checkout", "webapp@1.2.3", "staging")
    assert row.breadcrumbs[0]["data"] == {"status_code": 502}


def test_other_items() -> None:
    header = {"sent_at": "2026-11-20T20:06:13.956Z", "trace": {"replay_id": REPLAY}}
    feedback = {
        "contexts": {"feedback": {"message": "It broke", "contact_email": "a@b.c", "replay_id": REPLAY}},
        "timestamp": 1795205177,
    }
    transaction = {"transaction": "/checkout", "start_timestamp": 1795205170, "timestamp": 1795205171, "spans": []}
    log = {
        "items": [
            {
                "timestamp": 1795205174,
                "level": "info",
                "body": "paying",
                "attributes": {"sentry.replay_id": {"value": REPLAY}},
            }
        ]
    }
    whole = {
        "name": "Pageload", "start_timestamp": 1795205170, "is_segment": True,
        "attributes": {"sentry.op": {"value": "pageload"}},
    }  # fmt: skip
    inner = {"name": "inner", "start_timestamp": 1795205170, "is_segment": False}
    spans = {"version": 2, "items": [whole, inner]}
    report = {"timestamp": 1, "discarded_events": [{"reason": "ratelimit", "category": "replay", "quantity": 3}]}
    found = body(
        envelope(
            ({"type": "session"}, b'{"sid":"1"}'),
            ({"type": "feedback"}, dumps(feedback)),
            ({"type": "user_report"}, dumps({"event_id": "x", "name": "Ada", "comments": "Too slow"})),
            ({"type": "transaction"}, dumps(transaction)),
            ({"type": "log", "item_count": 1}, dumps(log)),
            ({"type": "span", "item_count": 2}, dumps(spans)),
            ({"type": "client_report"}, dumps(report)),
            ({"type": "attachment", "length": 5, "filename": "a.txt"}, b"a\nb\nc"),
            ({"type": "novelty"}, b"{}"),
            header=header,
        )
    )
    rows = [(row.category, row.name, row.t) for row in found.rows if isinstance(row, CustomEvent)]
    assert rows == [
        ("feedback", "It broke", 1795205177000),
        ("feedback", "Too slow", 1795205173956),
        ("transaction", "/checkout", 1795205170000),
        ("log", "paying", 1795205174000),
        ("transaction", "Pageload", 1795205170000),
    ]
    assert found.sessions == {REPLAY}
    assert found.skipped == {"sdk-dropped": 3, "attachment": 1, "unknown-item": 1}


def test_a_damaged_segment_is_counted_and_the_rest_read() -> None:
    damaged = replay_envelope(1, EVENTS)[:-41] + b"x" * 40 + b"\n"
    found = body(replay_envelope(0, EVENTS) + damaged)
    assert found.of(REPLAY) == EVENTS
    assert found.skipped == {"broken-segment": 1}


API_FRAME = {
    "function": "f", "filename": "a.js", "absPath": "webpack:///a.js", "lineNo": 71, "colNo": 23, "inApp": False,
    "context": [[70, "try"], [71, "boom"]],
}  # fmt: skip
API_RAISED = {"type": "ForbiddenError", "value": "403", "stacktrace": {"frames": [API_FRAME]}}
API_EVENT: dict[str, Any] = {
    "id": "fea994d9bcef4aa3a99b800fcef60e56", "eventID": "fea994d9bcef4aa3a99b800fcef60e56", "groupID": "1341",
    "title": "T", "tags": [{"key": "replayId", "value": REPLAY}, {"key": "level", "value": "fatal"}],
    "dateCreated": "2026-11-20T20:06:16.098086Z", "release": {"version": "b65"},
    "context": {"sessionURL": "https://x"},
    "entries": [
        {"type": "exception", "data": {"values": [API_RAISED]}},
        {"type": "request", "data": {"url": "https://sentry.io/x", "headers": [["User-Agent", "Mozilla"]]}},
        {"type": "breadcrumbs", "data": {"values": [{"category": "xhr"}]}},
    ],
}  # fmt: skip


@pytest.mark.parametrize("wrap", [lambda event: event, lambda event: [event], lambda event: {**event, "x": [1]}])
def test_api_event_file(tmp_path: Path, wrap: Any) -> None:
    path = tmp_path / "event.json"
    path.write_bytes(dumps(wrap(API_EVENT)))
    found = Read(list(read_paths([path])))
    [row] = found.rows
    assert isinstance(row, ErrorEvent)
    assert (row.title, row.level, row.group, row.release) == ("ForbiddenError: 403", "fatal", "1341", "b65")
    frame = row.exceptions[0].frames[0]
    assert (frame.file, frame.line, frame.in_app, frame.context) == (
        "webpack:///a.js",
        71,
        False,
        [(70, "try"), (71, "boom")],
    )
    assert row.contexts["extra"] == {"sessionURL": "https://x"}
    assert found.sessions == {REPLAY}
    assert found.facts[REPLAY].user_agent == "Mozilla"


@pytest.mark.parametrize("form", ["api", "sdk"])
def test_errors_beside_a_recording_name_its_session(tmp_path: Path, form: str) -> None:
    (tmp_path / "recording.json").write_bytes(dumps([EVENTS]))
    event = API_EVENT if form == "api" else sentry_event(contexts={"replay": {"replay_id": REPLAY}})
    (tmp_path / "zz-event.json").write_bytes(dumps(event))
    found = Read(list(read_paths([tmp_path / "recording.json", tmp_path / "zz-event.json"])))
    assert found.sessions == {REPLAY}
    assert found.of(REPLAY) == EVENTS
    assert len(found.rows) == 1


def test_pulled_segments_and_errors_are_one_session(tmp_path: Path) -> None:
    pages = [("/api/0/recording-segments/?download", dumps([EVENTS[:3]])), ("/x/?download", dumps([EVENTS[3:]]))]
    folder = capture_folder(tmp_path / "pull", [*pages, ("/api/0/events/1/", dumps(API_EVENT))])
    found = Read(list(read_paths([folder])))
    assert found.sessions == {REPLAY}
    assert found.of(REPLAY) == EVENTS
    assert len(found.rows) == 1


def test_segment_download_with_a_lost_segment(tmp_path: Path) -> None:
    path = tmp_path / "segments.json"
    path.write_bytes(dumps([EVENTS[:3], [], EVENTS[3:]]))
    found = Read(list(read_paths([path])))
    assert found.events == EVENTS
    assert found.skipped == {"empty-segment": 1}


@pytest.mark.parametrize(
    "form",
    [
        lambda array: zlib.compress(array),
        lambda array: gzip.compress(array),
        lambda array: b'{"segment_id":3}\n' + zlib.compress(array),
        lambda array: b'{"segment_id":3}\n' + array,
        lambda array: zlib.compress(b"\x00" + array),
        lambda array: zlib.compress(b"\x01\x00\x00\x00\x04mp4!" + array),
        lambda array: b"\x00" + array,
    ],
)
def test_single_segments_and_stored_blobs(tmp_path: Path, form: Any) -> None:
    path = tmp_path / "3"
    path.write_bytes(form(dumps(EVENTS)))
    assert Read(list(read_paths([path]))).events == EVENTS


def test_segments_in_one_folder_are_one_session(tmp_path: Path) -> None:
    folder = tmp_path / "replay"
    folder.mkdir()
    for n in (0, 1, 2, 10):
        (folder / f"{n}").write_bytes(
            dumps({"segment_id": n}) + b"\n" + zlib.compress(dumps(events(3, T0 + 100 * n)))
        )
    found = Read(list(read_paths([folder])))
    assert len(found.sessions) == 1
    assert [event["timestamp"] for event in found.events][::3] == [T0, T0 + 100, T0 + 200, T0 + 1000]


def test_captured_requests_are_one_session(tmp_path: Path) -> None:
    unlinked = envelope(({"type": "event"}, dumps(sentry_event())), header={"event_id": "1"})
    bodies = [
        (URL, unlinked),
        (URL, replay_envelope(0, EVENTS[:3])),
        (URL, b"{\n{"),
        (URL, replay_envelope(1, EVENTS[3:])),
    ]
    found = Read(list(read_paths([capture_folder(tmp_path / "raw", bodies)])))
    assert found.sessions == {REPLAY}
    assert found.of(REPLAY) == EVENTS
    assert len(found.rows) == 1
    assert found.facts[REPLAY].extra["segments"] == [0, 1]
    assert found.skipped == {"damaged-request": 1}


def test_an_error_finds_the_replay_that_lists_it(tmp_path: Path) -> None:
    other = "a" * 32
    second = replay_envelope(0, EVENTS).replace(REPLAY.encode(), other.encode()).replace(b"fea994d9", b"00000000")
    bodies = [
        (URL, replay_envelope(0, EVENTS)),
        (URL, second),
        (URL, envelope(({"type": "event"}, dumps(sentry_event())), header={})),
    ]
    found = Read(list(read_paths([capture_folder(tmp_path / "raw", bodies)])))
    assert found.sessions == {REPLAY, other}
    assert [piece.session for piece in found.pieces if getattr(piece, "rows", None)] == [REPLAY]
