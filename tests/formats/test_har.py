"""HAR files: as browsers write them, odd ones, and beside a recording."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from replay_viewer.domain.rows import CustomEvent, Navigation, NetworkRequest
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
    navigation, message, first, _ = sorted(rows(found), key=lambda row: row.t)
    assert isinstance(navigation, Navigation)
    assert isinstance(first, NetworkRequest)
    assert (first.method, first.status, first.kind, first.size) == ("POST", 502, "fetch", 345)
    assert first.end - first.t == pytest.approx(7.4, abs=0.001)
    assert first.request_headers == {"x-req": "rq1"}
    assert first.response_headers == {"set-cookie": "a, b"}
    assert (first.request_body.text, first.response_body.text) == ('{"a":1}', '{"ok":false}')
    assert first.phases == {"send": 0.1, "wait": 6.9, "receive": 0.4}
    assert isinstance(message, CustomEvent)
    assert (message.name, message.data["data"]) == ("websocket message sent", "hi")
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
