"""posthog-js's endpoints over real HTTP: settings, flags, scripts, events and recordings in every form of body."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from replay_viewer.collector.app import Collector
from replay_viewer.collector.limits import LimitSettings
from replay_viewer.collector.run import RunningCollector, run_in_thread
from replay_viewer.domain.resources import resource
from replay_viewer.domain.rows import KINDS
from replay_viewer.formats import Batch, read_body, read_paths
from tests.collector.bodies import captured, snapshot
from tests.collector.kept import Kept
from tests.collector.same import both_ways
from tests.data_dir import needs_shared, session_dir

T = 1_795_000_000_000.0
SESSION = "01a1fa95-02f8-7615-ad67-a981e306b742"
TOKEN = "phc_test"


def _properties(session: str = SESSION, **more: Any) -> dict[str, Any]:
    return {"$session_id": session, "$window_id": "w1", "token": TOKEN, "distinct_id": "u-17", "$lib": "web", **more}


def _recording(session: str = SESSION, t: float = T) -> dict[str, Any]:
    events = snapshot(t)
    events[1] = {**events[1], "data": gzip.compress(json.dumps(events[1]["data"]).encode()).decode("latin-1")}
    events[1]["cv"] = "2024-10"
    return {"uuid": "u", "event": "$snapshot", "properties": _properties(session, **{"$snapshot_data": events})}


def _batch(*events: dict[str, Any]) -> dict[str, Any]:
    return {"api_key": TOKEN, "sent_at": "2026-11-20T20:12:01.582Z", "batch": list(events)}


def _event(name: str, session: str = SESSION, **more: Any) -> dict[str, Any]:
    stamp = "2026-11-18T11:06:41.000Z"
    return {"uuid": "e", "event": name, "properties": _properties(session, **more), "timestamp": stamp}


def _forms(value: Any) -> list[tuple[str, bytes]]:
    """(query, body) of every way the SDK writes one value."""
    data = json.dumps(value).encode()
    return [
        ("", data),
        ("?compression=gzip-js&ver=1.2", gzip.compress(data)),
        ("", gzip.compress(data)),
        ("?compression=base64", b"data=" + quote(base64.b64encode(data)).encode()),
        ("?beacon=1", b"data=" + quote(base64.b64encode(gzip.compress(data))).encode()),
    ]


@pytest.mark.parametrize("form", range(5))
def test_recordings_and_events_in_every_form(client: httpx.Client, kept: Kept, form: int) -> None:
    person = {"email": "ada@example.com", "role": "buyer"}
    vital = {"name": "LCP", "value": 2600, "rating": "needs-improvement", "timestamp": T + 9}
    events = _batch(
        _event("$identify", **{"$set": person}),
        _event("$exception", **{"$exception_list": [{"type": "TypeError", "value": "x"}]}),
        _event("$web_vitals", **{"$web_vitals_LCP_event": vital}),
        _event("survey sent", **{"$survey_response": "slow"}),
    )
    headers = {"content-type": "text/plain", "origin": "http://shop.test"}
    for path, value in (("/s/", [_recording()]), ("/i/v0/e/", events)):
        query, body = _forms(value)[form]
        answer = client.post(path + query, content=body, headers=headers)
        assert (answer.status_code, answer.json()) == (200, {"status": "Ok"})
        assert answer.headers["access-control-allow-origin"] == "http://shop.test"
    session = client.get(f"/api/v1/sessions/{SESSION}").json()
    assert (session["source"], session["events"], session["errors"], session["tabs"]) == ("posthog", 2, 1, ["w1"])
    assert (session["user"]["id"], session["user"]["email"]) == ("u-17", "ada@example.com")
    kinds = {(row["kind"], row["name"]) for row in kept.linked()}
    assert kinds >= {("vital", "LCP"), ("feedback", "slow")}


def test_a_request_with_two_sessions_is_told_apart(client: httpx.Client) -> None:
    other = "01a1fa95-02f8-7615-ad67-a981e306b743"
    body = gzip.compress(json.dumps([_recording(), _recording(other, T + 9000), _recording(t=T + 50)]).encode())
    assert client.post("/s/", content=body, headers={"content-type": "text/plain"}).status_code == 200
    for session, events in ((SESSION, 4), (other, 2)):
        listed = client.get(f"/api/v1/sessions/{session}").json()
        assert listed["events"] == events
        segment = client.get(f"/api/v1/sessions/{session}/segments/0")
        request = json.loads(segment.headers["x-replay-request"])
        found = read_body(segment.content, request["headers"], request["url"])
        assert {piece.session for piece in found if isinstance(piece, Batch)} == {session}


def test_settings_and_flags(client: httpx.Client) -> None:
    config = client.get(f"/array/{TOKEN}/config").json()
    assert config["sessionRecording"]["endpoint"] == "/s/"
    assert "gzip-js" in config["supportedCompression"]
    script = client.get(f"/array/{TOKEN}/config.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert f'["{TOKEN}"]' in script.text
    flags = client.post("/flags/?v=2", json={"token": TOKEN, "distinct_id": "u-17"}).json()
    assert (flags["flags"], flags["errorsWhileComputingFlags"]) == ({}, False)
    old = client.post("/decide/?v=3", json={"token": TOKEN, "distinct_id": "u-17"}).json()
    assert old["sessionRecording"]["recorderVersion"] == "v2"


@pytest.mark.skipif(not resource("demo", "dist", "static").is_dir(), reason="the demo shop is not built")
def test_scripts_are_those_of_the_package(client: httpx.Client) -> None:
    for name in ("posthog-recorder.js", "exception-autocapture.js", "1.999.0/dead-clicks-autocapture.js", "array.js"):
        answer = client.get(f"/static/{name}", headers={"origin": "http://shop.test"})
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/javascript")
        assert len(answer.content) > 5000
    for name in ("nothing.js", "..%2f..%2fpackage.json", "x/y/array.js"):
        assert client.get(f"/static/{name}").status_code == 404


def test_the_sdks_own_address_of_a_session(client: httpx.Client) -> None:
    answer = client.get(f"/project/{TOKEN}/replay/{SESSION}?t=5")
    assert (answer.status_code, answer.headers["location"]) == (302, f"/sessions/{SESSION}?t=5")
    odd = client.get(f"/project/{TOKEN}/replay/%2F%2Fevil.test")
    assert odd.status_code == 404 or odd.headers["location"].startswith("/sessions/%2F")


def test_keys(tmp_path: Path) -> None:
    collector = Collector(tmp_path)
    made = collector.access.first_start()
    assert made
    url, stop = run_in_thread(collector.app, "127.0.0.1", 0, "collector-test")
    with httpx.Client(base_url=url, trust_env=False) as client:
        assert client.post("/e/", json={"batch": []}).status_code == 401
        wrong = client.post("/e/", json=_batch(_event("x")))
        assert (wrong.status_code, wrong.json()["code"]) == (401, "invalid_api_key")
        assert client.get("/array/phc_wrong/config").status_code == 401
        body = _batch(_event("x")) | {"api_key": made[0]}
        assert client.post("/e/", json=body).json() == {"status": "Ok"}
        for path in ("/api/metrics", "/api/replay/s1/events"):
            assert client.post(path, content=b"{}").status_code == 401
            assert client.post(path + "?key=wrong", content=b"{}").status_code == 403
    stop()
    collector.close()


@pytest.mark.parametrize(
    "body", [b"", b"x", b"{", b"data=%%%", b"\x1f\x8bxx", b"7", b"[1]", b'{"batch":{}}', b"[" * 99999]
)
def test_broken_bodies(client: httpx.Client, body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    for path in ("/e/", "/s/", "/i/v0/e", "/flags/?v=2", "/batch/"):
        assert client.post(path, content=body).status_code in (200, 400), path
    assert not caplog.records


def test_limits_are_told_in_each_sdks_words(tmp_path: Path) -> None:
    collector = Collector(tmp_path, open=True, limits=LimitSettings(rate=2, max_body=100_000))
    url, stop = run_in_thread(collector.app, "127.0.0.1", 0, "collector-test")
    with httpx.Client(base_url=url, trust_env=False) as client:
        answers = [client.post("/s/", json=[_recording(t=T + n)]).json() for n in range(3)]
        assert answers == [{"status": "Ok"}] * 2 + [{"status": "Ok", "quota_limited": ["recordings"]} | _both()]
        envelope = b'{}\n{"type":"session"}\n{"sid":"%d"}'
        sent = [client.post("/api/7/envelope/?sentry_key=abc", content=envelope % n) for n in range(3)]
        assert [answer.status_code for answer in sent] == [200, 200, 429]
        wait = int(sent[2].headers["retry-after"])
        assert 1 <= wait <= 30
        assert sent[2].headers["x-sentry-rate-limits"] == f"{wait}::key:rate_limited"
        assert "x-sentry-rate-limits" in sent[2].headers["access-control-expose-headers"]
        assert client.post("/api/8/envelope/?sentry_key=abd", content=b"x" * 200_000).status_code == 413
    stop()
    collector.close()


def _both() -> dict[str, list[str]]:
    return {"quotaLimited": ["recordings"]}


def test_a_quota_holds_across_restarts(tmp_path: Path) -> None:
    sizes = []
    for _ in range(2):
        collector = Collector(tmp_path, open=True, limits=LimitSettings(quota=3000))
        url, stop = run_in_thread(collector.app, "127.0.0.1", 0, "collector-test")
        with httpx.Client(base_url=url, trust_env=False) as client:
            for n in range(40):
                body = b'{}\n{"type":"session"}\n{"sid":"%04d"}' % n + b" " * 200
                sizes.append(client.post("/api/7/envelope/?sentry_key=abc", content=body).status_code)
        stop()
        collector.close()
    assert sizes[0] == 200
    assert set(sizes[20:]) == {429}


@needs_shared
@pytest.mark.parametrize("name", ["shop_posthog", "two_tabs_posthog"])
def test_captures_give_the_same_recording(
    client: httpx.Client, collector: RunningCollector, tmp_path: Path, name: str
) -> None:
    for url, headers, body in captured(session_dir(name) / "raw"):
        assert client.post(url, content=body, headers=headers).status_code == 200
    [listed] = client.get("/api/v1/sessions").json()["data"]
    pieces = list(read_paths([session_dir(name) / "raw"]))
    events = sum(len(piece.events) for piece in pieces if isinstance(piece, Batch))
    assert (listed["source"], listed["events"]) == ("posthog", events)
    url = f"{collector.url}/sessions/{listed['id']}"
    with both_ways(tmp_path, url, session_dir(name) / "raw") as (pulled, left, imported, right):
        for kind in KINDS:
            assert pulled.rows(left.id, kind) == imported.rows(right.id, kind)
