"""Redaction before anything is stored: secrets are not on disk, recordings still play, links still hold."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from replay_viewer.collector.redact import IngestRedaction
from replay_viewer.collector.run import RunningCollector, start
from replay_viewer.domain.errors import BadInput
from replay_viewer.formats import Batch, read_body
from tests.collector.bodies import ENVELOPE, REPLAY, batch, captured, replay_envelope, snapshot
from tests.collector.same import both_ways
from tests.data_dir import needs_shared, session_dir

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
CARD = "4111 1111 1111 1111"
T = 1_795_000_000_000.0


@pytest.fixture
def redacting(tmp_path: Path) -> Iterator[RunningCollector]:
    """Removes secrets of all projects, and everything of project 7's; nothing of project 8's."""
    with start(tmp_path / "collector", redaction=IngestRedaction("secrets", {"7": "strict", "8": "none"})) as running:
        yield running


@pytest.fixture
def post(redacting: RunningCollector) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=redacting.url, trust_env=False) as made:
        yield made


def _on_disk(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


def _events() -> list[dict[str, Any]]:
    said = {"level": "log", "payload": [json.dumps(f"token {JWT}")], "trace": []}
    return [
        *snapshot(T, f"http://shop.test/?token={JWT}"),
        {"type": 6, "timestamp": T + 5, "data": {"plugin": "rrweb/console@1", "payload": said}},
        {"type": 3, "timestamp": T + 6, "data": {"source": 5, "id": 3, "text": CARD, "isChecked": False}},
    ]


def test_no_secret_of_any_protocol_is_stored(post: httpx.Client, tmp_path: Path) -> None:
    home = tmp_path / "collector"
    body = gzip.compress(batch("s1", events=_events(), user={"id": "u-1", "email": "ada@example.com"}))
    assert post.post("/api/replay/s1/events", content=body).status_code == 200

    recording = b'{"segment_id":0}\n' + zlib.compress(json.dumps(_events()).encode())
    head, _, _ = replay_envelope().partition(b'{"type":"replay_recording"')
    log = {
        "items": [{"timestamp": T / 1000, "level": "info", "body": f"Authorization: Bearer {JWT}", "attributes": {}}]
    }
    envelope = (
        head
        + b'{"type":"replay_recording","length":%d}\n' % len(recording)
        + recording
        + b'\n{"type":"log"}\n'
        + json.dumps(log).encode()
        + b'\n{"type":"attachment","length":%d,"filename":"a.txt"}\n' % len(JWT)
        + JWT.encode()
    )
    assert post.post(ENVELOPE, content=envelope).status_code == 200
    properties = {"$session_id": "s3", "$window_id": "w", "token": "phc", "distinct_id": "u", "password": "hunter22"}
    node = {"type": 0, "id": 1, "childNodes": [{"type": 3, "id": 2, "textContent": f"Your token is {JWT}"}]}
    compressed = gzip.compress(json.dumps({"node": node}).encode())
    packed = {"type": 2, "timestamp": T, "cv": "2024-10", "data": compressed.decode("latin-1")}
    recorded = {"event": "$snapshot", "properties": properties | {"$snapshot_data": [*_events(), packed]}}
    assert post.post("/s/", content=gzip.compress(json.dumps([recorded]).encode())).status_code == 200
    assert (
        post.post("/api/metrics?session=s1", json={"name": "x", "value": 1, "url": f"/?jwt={JWT}"}).status_code == 200
    )

    stored = _on_disk(home)
    for secret in (JWT, JWT.split(".")[2], CARD, "hunter22"):
        assert secret.encode() not in stored, secret
    for session, events in (("s1", 4), (REPLAY, 4), ("s3", 5)):
        listed = post.get(f"/api/v1/sessions/{session}").json()
        assert (listed["events"], listed["started"]) == (events, T)
        answer = post.get(f"/api/v1/sessions/{session}/segments/0")
        request = json.loads(answer.headers["x-replay-request"])
        found = read_body(answer.content, request["headers"], request["url"])
        assert {piece.session for piece in found if isinstance(piece, Batch)} == {session}
    assert post.get("/api/v1/sessions/s1").json()["user"]["email"] == "ada@example.com"


def test_profiles_are_per_project(post: httpx.Client) -> None:
    for project, stays in (("7", False), ("8", True), ("42", True)):
        replay = project.rjust(32, "0")
        url = ENVELOPE.replace("/42/", f"/{project}/")
        assert post.post(url, content=replay_envelope(replay=replay)).status_code == 200
        user = post.get(f"/api/v1/sessions/{replay}").json()["user"]
        assert ("ada@example.com" in user["email"]) == stays
    received = post.get("/api/v1/sessions/" + "8".rjust(32, "0") + "/segments/0").content
    assert received == replay_envelope(replay="8".rjust(32, "0"))


def test_broken_bodies_stay_broken(post: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    for body in (b"x", b"{", b"[" * 9999, replay_envelope()[:-20], b"\x1f\x8bx", gzip.compress(b"[1]")):
        for url in (ENVELOPE, "/api/replay/s1/events", "/s/", "/api/metrics"):
            assert post.post(url, content=body).status_code in (200, 400, 413), (url, body[:20])
    assert not caplog.records


def test_unknown_profiles() -> None:
    with pytest.raises(BadInput, match="no redaction at ingest"):
        IngestRedaction("some")
    with pytest.raises(BadInput, match="everything"):
        IngestRedaction("none", {"1": "everything"})


@needs_shared
@pytest.mark.parametrize("name", ["shop_sentry_v10", "shop_posthog"])
def test_a_real_session_still_plays(
    post: httpx.Client, redacting: RunningCollector, tmp_path: Path, name: str
) -> None:
    for url, headers, body in captured(session_dir(name) / "raw"):
        assert post.post(url, content=body, headers=headers).status_code == 200
    [listed] = post.get("/api/v1/sessions").json()["data"]
    url = f"{redacting.url}/sessions/{listed['id']}"
    with both_ways(tmp_path, url, session_dir(name) / "raw") as (_, left, _, _):
        assert not [finding for finding in left.health if finding.code in ("broken-event", "broken-segment")]
