"""HAR files: as browsers write them, odd ones, and beside a recording."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from replay_viewer.domain.rows import Frame, Navigation, NetworkRequest, SocketMessage
from replay_viewer.formats import Linked, Said, Skipped, read_paths
from tests.formats.made import dumps


def entry(**more: Any) -> dict[str, Any]:
    """An entry as Chrome writes it."""
    return {
        "startedDateTime": "2026-11-20T20:06:14.594Z",
        "time": 7.4,
        "request": {
            "method": "post",
            "url": "https://shop.test/api/pay?x=1",
            "headers": [{"name": ":authority", "value": "shop.test"}, {"name": "X-Req", "value": "rq1"}],
            "postData": {"mimeType": "application/json", "text": '{"a":1}'},
            "bodySize": 7,
        },
        "response": {
            "status": 502,
            "headers": [{"name": "set-cookie", "value": "a"}, {"name": "Set-Cookie", "value": "b"}],
            "content": {"size": 12, "mimeType": "application/json", "text": "eyJvayI6ZmFsc2V9", "encoding": "base64"},
            "_transferSize": 345,
        },
        "timings": {"blocked": -1, "dns": -1, "send": 0.1, "wait": 6.9, "receive": 0.4},
        "_resourceType": "fetch",
        **more,
    }


def pieces(path: Path, value: Any) -> list[Any]:
    path.write_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())
    return list(read_paths([path]))


def rows(found: list[Any]) -> list[Any]:
    return [row for piece in found if isinstance(piece, Linked) for row in piece.rows]


def test_a_request_with_all_it_says(tmp_path: Path) -> None:
    pages = [{"startedDateTime": "2026-11-20T20:06:12.763Z", "id": "p", "title": "https://shop.test/"}]
    socket = entry(_webSocketMessages=[{"type": "send", "time": 1795205174.1, "opcode": 1, "data": "hi"}])
    log = {"version": "1.2", "creator": {"name": "WebInspector", "version": "537.36"}, "pages": pages,
           "entries": [entry(), socket]}  # fmt: skip
    found = pieces(tmp_path / "a.har", {"log": log})
    navigation, first, second = sorted(rows(found), key=lambda row: row.t)
    assert isinstance(navigation, Navigation)
    assert isinstance(first, NetworkRequest)
    assert (first.method, first.status, first.kind, first.size) == ("POST", 502, "fetch", 345)
    assert first.end - first.t == pytest.approx(7.4, abs=0.001)
    assert first.request_headers == {"x-req": "rq1"}
    assert first.response_headers == {"set-cookie": "a, b"}
    assert (first.request_body.text, first.response_body.text) == ('{"a":1}', '{"ok":false}')
    assert first.phases == {"send": 0.1, "wait": 6.9, "receive": 0.4}
    assert first.content_size == 12
    [message] = second.messages
    assert (message.t, message.sent, message.text, message.size) == (1795205174100.0, True, "hi", 2)
    assert (second.kind, second.end) == ("websocket", max(second.t + 7.4, message.t))
    [said] = [piece.facts for piece in found if isinstance(piece, Said)]
    assert said.sdk == "HAR by WebInspector 537.36"


def test_odd_ones(tmp_path: Path) -> None:
    """A byte order mark, no zone, no time at all, status 0, no body, a picture, damaged base64."""
    picture = {"size": 3, "mimeType": "image/png", "text": "AAAA", "encoding": "base64"}
    broken = {"size": 3, "mimeType": "text/plain", "text": "é", "encoding": "base64"}
    odd = [
        entry(startedDateTime="2026-11-20T20:06:15"),
        entry(startedDateTime={}),
        entry(response={"status": 0, "_error": "net::ERR_ABORTED", "content": {}}),
        entry(response={"status": 200, "content": {"size": 900, "mimeType": "text/html"}}),
        entry(response={"status": 200, "content": picture}, _resourceType="image"),
        entry(response={"status": 200, "content": broken}),
        {},
    ]
    found = pieces(tmp_path / "b.har", b"\xef\xbb\xbf" + dumps({"log": {"entries": odd}}))
    made = [row for row in rows(found) if isinstance(row, NetworkRequest)]
    assert len(made) == 5
    assert [(row.status, row.error) for row in made].count((0, "net::ERR_ABORTED")) == 1
    assert {row.response_body.why for row in made} >= {"the archive holds no body", "not text (image/png)"}
    assert [piece.count for piece in found if isinstance(piece, Skipped)] == [2]


def test_messages_of_a_websocket_and_who_asked_for_it(tmp_path: Path) -> None:
    """Out of order, binary, undated, an error, too long; the call stack with what was awaited."""
    at = 1795205174.0
    long = {"type": "receive", "time": at + 2, "opcode": 1, "data": "x" * 150_000}
    messages = [
        long,
        {"type": "send", "time": at + 1, "opcode": 1, "data": '{"a":1}'},
        {"type": "receive", "time": at + 3, "opcode": 2, "data": "AAEC/w=="},
        {"type": "send", "opcode": 1, "data": "no time"},
        {"type": "error", "time": at + 4, "opcode": -1, "data": "closed"},
        "nothing",
    ]
    calls = [{"functionName": "open", "url": "https://shop.test/app.js", "lineNumber": 9, "columnNumber": 4}]
    above = {"callFrames": [{"functionName": "main", "url": "https://shop.test/app.js", "lineNumber": 0}]}
    initiator = {"type": "script", "stack": {"callFrames": calls, "parent": above}}
    log = {"entries": [entry(_webSocketMessages=messages, _resourceType="websocket", _initiator=initiator)]}
    [row] = rows(pieces(tmp_path / "c.har", {"log": log}))
    sent, cut, binary, error = row.messages
    assert sent == SocketMessage(t=(at + 1) * 1000, sent=True, text='{"a":1}', size=7)
    assert (len(cut.text), cut.size, cut.why) == (100_000, 150_000, "cut: too long")
    assert (binary.binary, binary.text, binary.size) == (True, "AAEC/w==", 4)
    assert error.why == "error: closed"
    assert row.initiator == "script"
    assert row.stack == [
        Frame(function="main", file="https://shop.test/app.js", line=1, column=1),
        Frame(function="open", file="https://shop.test/app.js", line=10, column=5),
    ]
    parsed = entry(_initiator={"type": "parser", "url": "https://shop.test/", "lineNumber": 11})
    [row] = rows(pieces(tmp_path / "d.har", {"log": {"entries": [parsed]}}))
    assert (row.initiator, row.stack) == ("parser", [Frame(file="https://shop.test/", line=12)])
