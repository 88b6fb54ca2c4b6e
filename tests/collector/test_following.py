"""Following a session while it is recorded: what is new comes as it comes, and a stop waits for nobody."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import httpx
import pytest

from replay_viewer.collector import queries
from replay_viewer.collector.run import RunningCollector, start
from tests.collector.bodies import batch

SEGMENTS = "/api/v1/sessions/s1/segments"


def _post(url: str, n: int) -> None:
    answer = httpx.post(f"{url}/api/replay/s1/events", content=batch("s1", 1.795e12 + n * 1000), trust_env=False)
    assert answer.status_code == 200


def test_following_until_it_ends(
    collector: RunningCollector, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    _post(collector.url, 0)
    seen: list[int] = []
    asked = threading.Event()

    def write() -> None:
        for n in range(1, 6):
            assert asked.wait(10)
            asked.clear()
            _post(collector.url, n)

    writer = threading.Thread(target=write)
    writer.start()
    after: str | None = "-1"
    while after is not None:
        asked.set()
        page = client.get(SEGMENTS, params={"after": after, "wait": 20}, timeout=40).json()
        assert page["live"] or page["next"] is None
        seen += [part["n"] for part in page["data"]]
        after = page["next"]
        if len(seen) == 6:
            monkeypatch.setattr(queries, "LIVE_MS", -1.0)  # as if two minutes had passed
    writer.join()
    assert seen == list(range(6))
    assert client.get("/api/v1/sessions/s1").json()["live"] is False


def test_what_is_there_comes_at_once_and_nothing_is_waited_for_too_long(client: httpx.Client) -> None:
    body = batch("s1")
    assert client.post("/api/replay/s1/events", content=body).status_code == 200
    assert len(client.get(SEGMENTS, params={"wait": 30}).json()["data"]) == 1
    answer = client.get(SEGMENTS, params={"after": 0, "wait": 0.2})
    assert answer.json() == {"data": [], "next": "0", "live": True}
    # The same bytes again are nothing new.
    client.post("/api/replay/s1/events", content=body)
    assert client.get(SEGMENTS, params={"after": 0}).json()["data"] == []


def test_long_sessions_come_in_pages(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(7):
        client.post("/api/replay/s1/events", content=batch("s1", 1.795e12 + n * 1000))
    monkeypatch.setattr(queries.Queries.segments, "__defaults__", (-1, 3))
    seen: list[int] = []
    after = "-1"
    while len(seen) < 7:
        page = client.get(SEGMENTS, params={"after": after}).json()
        seen += [part["n"] for part in page["data"]]
        after = page["next"]
    assert seen == list(range(7))


def test_wrong_questions(client: httpx.Client) -> None:
    assert client.get(SEGMENTS).status_code == 404
    client.post("/api/replay/s1/events", content=batch("s1"))
    for wrong in ({"after": "x"}, {"after": "1e99"}, {"wait": "-1"}, {"wait": "nan"}, {"wait": "inf"}):
        assert client.get(SEGMENTS, params=wrong).status_code == 400


def test_a_stop_does_not_wait_for_those_who_wait(tmp_path: Path) -> None:
    running = start(tmp_path)
    _post(running.url, 0)
    answers: list[httpx.Response] = []

    def follow() -> None:
        answers.append(
            httpx.get(running.url + SEGMENTS, params={"after": 0, "wait": 30}, timeout=40, trust_env=False)
        )

    waiting = threading.Thread(target=follow)
    waiting.start()
    deadline = time.monotonic() + 10
    while not running.waiting and time.monotonic() < deadline:
        time.sleep(0.01)
    assert running.waiting == 1
    running.stop()
    waiting.join(15)
    assert answers[0].json() == {"data": [], "next": "0", "live": True}
