"""Browser endpoints over real HTTP: kept, linked to their session, read again by the application's own formats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from replay_viewer.collector.run import RunningCollector
from replay_viewer.domain.rows import KINDS
from replay_viewer.library import Library
from replay_viewer.services.pull import pull
from tests.collector.bodies import ENVELOPE, REPLAY, batch, error_envelope, replay_envelope
from tests.collector.kept import Kept
from tests.data_dir import needs_shared, session_dir

T = 1_795_000_000_000.0
PAGE = {"origin": "http://shop.test", "user-agent": "Browser/1"}

BEACONS: dict[str, dict[str, Any]] = {
    "/api/analytics/vitals": {"name": "LCP", "value": 4100.5, "id": "v6-1", "navigationType": "navigate"},
    "/api/analytics/actions": {"action": "add-to-cart", "duration": 12.5, "metadata": {"id": 7}, "timestamp": T + 5},
    "/api/metrics": {"name": "cart_value", "value": 42.5, "timestamp": T + 6},
    "/api/rum/vitals": {"metric": "CLS", "value": 260, "id": "v6-2", "page": "http://shop.test/", "timestamp": T + 7},
    "/api/rum/events": {"type": "form_submit", "data": {"form": "checkout"}, "timestamp": T + 8, "sessionId": "s1"},
    "/api/security/events": {"event": "csrf", "data": {"ip": "x"}, "timestamp": T + 9, "severity": "high"},
    "/api/alerts/send": {
        "metric": "LCP",
        "value": 5,
        "threshold": 2,
        "severity": "P1",
        "timestamp": T,
        "message": "x",
    },
}


def test_every_endpoint_is_linked_and_in_the_application(
    client: httpx.Client, collector: RunningCollector, kept: Kept, tmp_path: Path
) -> None:
    client.post("/api/replay/s1/events", content=batch("s1", T, user={"id": "u-1"}, release="shop@1"))
    for path, body in BEACONS.items():
        answer = client.post(f"{path}?session=s1", content=json.dumps(body), headers={"content-type": "text/plain"})
        assert (answer.status_code, answer.json()) == (200, {"ok": True, "session": "s1"}), path
    page_load = {"type": "page_load", "data": {"duration": 812, "url": "http://shop.test/"}, "sessionId": "s1"}
    assert client.post("/api/metrics/", json=page_load).json()["session"] == "s1"
    error = {"type": "javascript_error", "data": {"message": "Uncaught TypeError: x", "filename": "a.js"}}
    assert client.post("/api/rum/events?session=s1", json=error | {"timestamp": T + 9}).status_code == 200

    found = {(row["kind"], row["name"]): row for row in kept.linked()}
    assert set(found) == {
        ("vital", "LCP"),
        ("action", "add-to-cart"),
        ("metric", "cart_value"),
        ("metric", "page_load"),
        ("vital", "CLS"),
        ("rum", "form_submit"),
        ("security", "csrf"),
        ("alert", "LCP"),
    }
    assert {row["session"] for row in found.values()} == {"s1"}
    assert (found["vital", "CLS"]["value"], found["vital", "CLS"]["level"]) == (pytest.approx(0.26), "poor")
    assert (found["vital", "LCP"]["level"], found["vital", "LCP"]["t"] > T) == ("poor", True)
    assert found["metric", "page_load"]["value"] == 812
    assert found["action", "add-to-cart"]["value"] == 12.5
    assert found["security", "csrf"]["level"] == "high"
    [told] = client.get("/api/v1/errors?session=s1").json()["data"]
    assert (told["title"], told["source"]) == ("TypeError: x", "rum")

    home = tmp_path / "home"
    session = pull(home, f"{collector.url}/sessions/s1")
    with Library.open(home) as library:
        rows = {kind: [row for _, row in library.rows(session, kind)] for kind in KINDS}
    assert {row.name for row in rows["vitals"]} == {"LCP", "CLS"}
    assert {row.rating for row in rows["vitals"]} == {"poor"}
    names = {(row.category, row.name) for row in rows["custom"]}
    assert names >= {("action", "add-to-cart"), ("metric", "cart_value"), ("security", "csrf"), ("alert", "LCP")}
    assert [row.title for row in rows["errors"]] == ["TypeError: x"]


def test_a_beacon_finds_the_only_session_of_its_browser(client: httpx.Client, kept: Kept, tmp_path: Path) -> None:
    early = client.post("/api/rum/vitals", content=json.dumps(BEACONS["/api/rum/vitals"]), headers=PAGE)
    assert early.json() == {"ok": True, "session": None}
    assert kept.strays() == 1
    # The session begins a little later than its first vitals: what waited becomes its own.
    client.post("/api/replay/s1/events", content=batch("s1", T), headers=PAGE)
    assert kept.strays() == 0
    assert [row["session"] for row in kept.linked()] == ["s1"]
    stored = [path.read_bytes() for path in (tmp_path / "collector" / "bodies").rglob("*") if path.is_file()]
    assert sum(data.count(b"v6-2") for data in stored) == 1, "what moved is nowhere else"
    assert client.get("/api/v1/sessions/s1").json()["segmentCount"] == 2

    action = json.dumps(BEACONS["/api/analytics/actions"])
    late = client.post("/api/analytics/actions", content=action, headers=PAGE)
    assert late.json()["session"] == "s1"
    other = client.post("/api/analytics/actions", content=action, headers=PAGE | {"origin": "http://other.test"})
    assert other.json()["session"] is None
    # Two visitors who look alike are not told apart, unless the beacon names its user.
    client.post("/api/replay/s2/events", content=batch("s2", T, user={"id": "u-2"}), headers=PAGE)
    assert client.post("/api/analytics/actions", content=action, headers=PAGE).json()["session"] is None
    named = json.dumps({**BEACONS["/api/analytics/actions"], "user": {"id": "u-2"}})
    assert client.post("/api/analytics/actions", content=named, headers=PAGE).json()["session"] == "s2"


def test_the_same_beacon_twice_is_two_happenings(client: httpx.Client, kept: Kept) -> None:
    client.post("/api/replay/s1/events", content=batch("s1", T))
    body = b'{"name": "LCP", "value": 1200}'
    stamps = set()
    while len(stamps) < 2:
        assert client.post("/api/analytics/vitals?session=s1", content=body).status_code == 200
        stamps = {row["t"] for row in kept.linked()}


def test_preflights_and_credentials(client: httpx.Client) -> None:
    asks = {
        "origin": "http://shop.test",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,x-replay-key",
        "access-control-request-private-network": "true",
    }
    for path in (*BEACONS, "/e/", "/s/", "/flags/"):
        answer = client.options(path, headers=asks)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "http://shop.test"
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert answer.headers["access-control-allow-headers"] == "content-type,x-replay-key"
        assert answer.headers["access-control-allow-private-network"] == "true"
    answer = client.post("/api/metrics", content=b"{}", headers={"origin": "http://shop.test"})
    assert answer.status_code == 400
    assert answer.headers["access-control-allow-origin"] == "http://shop.test"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"[]",
        b"[1]",
        b"7",
        b'{"nothing":1}',
        b"[" * 100_000,
        b'{"name":"' + b"a" * (10 << 20) + b'"}',
        b"\xff\xfe{",
    ],
)
def test_broken_beacons(client: httpx.Client, body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    for path in (*BEACONS, "/api/42/security/?sentry_key=a"):
        assert client.post(path, content=body).status_code in (400, 413), path
    assert not caplog.records


def test_a_report_of_the_browser(client: httpx.Client, kept: Kept) -> None:
    report = {"csp-report": {"violated-directive": "script-src", "blocked-uri": "http://evil.test"}}
    assert client.post("/api/42/security/?sentry_key=a", json=report).status_code == 200
    [row] = kept.linked("security")
    assert (row["name"], row["level"], row["project"]) == ("csp script-src", "warning", "42")


@needs_shared
def test_real_vitals_of_a_page(client: httpx.Client, kept: Kept) -> None:
    bodies = [
        json.loads(path.read_text())["body"]
        for path in sorted((session_dir("shop_redux_rrweb") / "vitals").glob("*.json"))
    ]
    assert bodies
    for body in bodies:
        assert client.post("/api/rum/vitals?session=s1", content=body).status_code == 200
    found = kept.linked("vital")
    assert len(found) == len(bodies)
    assert {row["name"] for row in found} >= {"LCP", "CLS"}
    assert all(row["level"] for row in found)


def test_sentry_items_find_their_session_by_trace_and_error(client: httpx.Client, kept: Kept) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    server = {
        "event_id": "1" * 32,
        "timestamp": T / 1000,
        "platform": "python",
        "exception": {"values": [{"type": "KeyError", "value": "'total'"}]},
        "contexts": {"trace": {"trace_id": trace, "span_id": "b7ad6b7169203331"}},
    }
    envelope = b'{"event_id":"%s"}\n{"type":"event"}\n%s' % (b"1" * 32, json.dumps(server).encode())
    assert client.post(ENVELOPE, content=envelope).status_code == 200
    assert client.get("/api/v1/errors").json()["data"][0]["session"] == ""

    body = replay_envelope().replace(b'"trace_ids": []', b'"trace_ids": ["%s"]' % trace.encode())
    assert client.post(ENVELOPE, content=body).status_code == 200
    assert client.get("/api/v1/errors").json()["data"][0]["session"] == REPLAY
    session = client.get(f"/api/v1/sessions/{REPLAY}").json()
    assert (session["segmentCount"], session["errors"]) == (2, 1)
    assert kept.strays() == 0

    client.post(ENVELOPE, content=error_envelope())
    about = "fea994d9bcef4aa3a99b800fcef60e56"
    report = {"event_id": about, "name": "Ada", "email": "ada@example.com", "comments": "It broke"}
    envelope = b'{"event_id":"%s"}\n{"type":"user_report"}\n%s' % (about.encode(), json.dumps(report).encode())
    assert client.post(ENVELOPE, content=envelope).status_code == 200
    [row] = kept.linked("feedback")
    assert (row["session"], row["name"], row["event_id"]) == (REPLAY, "It broke", about)


def test_another_projects_session_is_not_written_to(client: httpx.Client) -> None:
    assert client.post(ENVELOPE, content=replay_envelope()).status_code == 200
    other = ENVELOPE.replace("/42/", "/43/")
    assert client.post(other, content=replay_envelope(1)).status_code == 400
    assert client.get(f"/api/v1/sessions/{REPLAY}").json()["segmentCount"] == 1
