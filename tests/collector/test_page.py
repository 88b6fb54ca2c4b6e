"""The page behind a session URL, and health."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import pytest

from replay_viewer.collector.app import Collector
from replay_viewer.collector.health import Health
from replay_viewer.collector.limits import LimitSettings
from tests.collector.bodies import batch, snapshot

NASTY = '<script>alert("x")</script>'


def test_the_page_says_what_happened_and_how_to_open_it(client: httpx.Client) -> None:
    t = 1.795e12
    events = [
        *snapshot(t),
        {"type": 5, "timestamp": t + 2500, "data": {"tag": "error", "payload": {"message": f"Uncaught {NASTY}"}}},
        {"type": 4, "timestamp": t + 3000, "data": {"href": f"http://shop.test/{NASTY}", "width": 1, "height": 1}},
    ]
    client.post("/api/replay/s1/events", content=batch("s1", user={"email": NASTY}, events=events))
    page = client.get("/sessions/s1?t=12.5")
    assert page.status_code == 200
    assert "<script" not in page.text
    assert "1 error" in page.text
    assert "0:02.5" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    href = page.text.split('class="button" href="')[1].split('"')[0]
    assert href.startswith("replay-viewer://open?url=")
    assert parse_qs(urlsplit(href).query)["url"] == [str(page.url)]
    assert "pip install" in page.text


def test_errors_and_feedback_lead_to_their_moment(client: httpx.Client) -> None:
    t = 1.795e12
    events = [
        *snapshot(t),
        {"type": 5, "timestamp": t + 9000, "data": {"tag": "error", "payload": {"message": "Uncaught Error: x"}}},
        {"type": 5, "timestamp": t + 20_000, "data": {"tag": "feedback", "payload": {"message": f"Slow {NASTY}"}}},
    ]
    client.post("/api/replay/s1/events", content=batch("s1", events=events))
    page = client.get("/sessions/s1")
    links = [part.split('"')[0] for part in page.text.split('href="replay-viewer://open?url=')[1:]]
    assert [parse_qs(urlsplit(unquote(link)).query).get("t") for link in links] == [None, ["6.0"], ["17.0"]]
    assert "Slow &lt;script&gt;" in page.text


def test_no_such_session(client: httpx.Client) -> None:
    page = client.get("/sessions/none")
    assert page.status_code == 404
    assert "no session" in page.text


def test_the_list_of_an_open_collector(client: httpx.Client) -> None:
    assert "Nothing was recorded yet" in client.get("/").text
    client.post("/api/replay/s1/events", content=batch("s1", user={"email": "ada@example.com"}))
    assert "ada@example.com" in client.get("/").text
    assert "ada@example.com" not in client.get("/", headers={"host": "evil.test"}).text


def test_health_is_from_real_checks(client: httpx.Client) -> None:
    answer = client.get("/api/health")
    report = answer.json()
    assert answer.status_code == 200
    assert report["status"] == "healthy"
    assert set(report["checks"]) >= {"database", "auth", "external_apis"}
    assert report["metrics"]["memory_usage"] > 10_000_000
    assert report["metrics"]["uptime"] >= 0


def test_health_without_tokens_or_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    collector = Collector(tmp_path)
    health = Health(
        collector._engine,
        tmp_path / "bodies",
        collector.access,
        collector._store,
        collector._metrics,
        LimitSettings(),
    )
    assert health.report()["status"] == "degraded"
    collector.access.first_start()
    assert health.report()["status"] == "healthy"
    there = (collector.access, collector._store, collector._metrics, LimitSettings())
    gone = Health(collector._engine, tmp_path / "gone", *there).report()
    assert (gone["status"], gone["checks"]["storage"]["status"]) == ("unhealthy", "unhealthy")
    with collector._engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    assert health.report()["checks"]["database"]["status"] == "unhealthy"
    collector.close()


def test_a_sick_collector_answers_503(tmp_path: Path) -> None:
    from replay_viewer.collector.run import run_in_thread

    collector = Collector(tmp_path)
    url, stop = run_in_thread(collector.app, "127.0.0.1", 0, "collector-test")
    with httpx.Client(trust_env=False) as client:
        answer = client.get(url + "/api/health")
        assert (answer.status_code, json.loads(answer.content)["status"]) == (503, "degraded")
    stop()
    collector.close()
