"""What is linked to a session at our collector after it was pulled comes with a refresh, without a new recording."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from replay_viewer.collector.run import RunningCollector, start
from replay_viewer.domain.rows import CustomEvent, ErrorEvent
from replay_viewer.library import Library
from replay_viewer.services.pull import pull, refresh
from tests.collector.bodies import ENVELOPE, REPLAY, batch, error_envelope, replay_envelope

T = 1_795_000_000_000.0
AGENT = {"user-agent": "Mozilla/5.0 (X11) Late/1", "origin": "http://shop.test"}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningCollector]:
    with start(tmp_path / "collector") as made:
        yield made


def post(running: RunningCollector, path: str, body: bytes | str) -> None:
    answer = httpx.post(running.url + path, content=body, headers=AGENT, trust_env=False)
    assert answer.status_code == 200


def item(kind: str, value: dict[str, object], trace: str = "") -> bytes:
    """An envelope of one item."""
    header = {"sent_at": "2026-11-20T20:06:14.956Z"} | ({"trace": {"trace_id": trace}} if trace else {})
    body = json.dumps(value).encode()
    return b"\n".join([json.dumps(header).encode(), json.dumps({"type": kind, "length": len(body)}).encode(), body])


def test_errors_feedback_and_logs_of_a_replay_come_with_a_refresh(running: RunningCollector, tmp_path: Path) -> None:
    home = tmp_path / "home"
    post(running, ENVELOPE, replay_envelope())
    session = pull(home, f"{running.url}/sessions/{REPLAY}")
    assert refresh(home, session).words.startswith("Nothing new")
    post(running, ENVELOPE, error_envelope())
    assert refresh(home, session).rows == {"errors": 1}
    # a report that names the error only, a server's error that names the trace only, a log of the replay
    post(running, ENVELOPE, item("user_report", {"event_id": "fea994d9bcef4aa3a99b800fcef60e56", "comments": "Slow"}))
    log = {"timestamp": T / 1000 + 2, "level": "warn", "body": "late log", "trace_id": "3630"}
    log["attributes"] = {"sentry.replay_id": {"value": REPLAY, "type": "string"}}
    post(running, ENVELOPE, item("log", {"items": [log]}, "3630"))
    came = refresh(home, session)
    assert came.events == 0
    assert sum(came.rows.values()) == 2
    with Library.open(home) as library:
        [(_, error)] = library.rows(session, "errors")
        assert isinstance(error, ErrorEvent)
        assert error.exceptions[0].value == "reading 'total'"
        kinds = ("custom", "console")
        said = " ".join(str(row) for kind in kinds for _, row in library.rows(session, kind))
        assert "Slow" in said
        assert "late log" in said
    assert refresh(home, session).words.startswith("Nothing new")


def test_beacons_and_feedback_of_a_visitor_come_with_a_refresh(running: RunningCollector, tmp_path: Path) -> None:
    home = tmp_path / "home"
    post(running, "/api/replay/s1/events?key=k", batch("s1", T))
    session = pull(home, f"{running.url}/sessions/s1")
    alert = {"metric": "lcp", "value": 9, "threshold": 4, "severity": "high", "timestamp": T + 500, "sessionId": "s1"}
    post(running, "/api/alerts/send?key=k", json.dumps(alert))
    # names no session: the browser's only one takes it
    vital = {"name": "LCP", "value": 2500, "id": "v1", "navigationType": "navigate"}
    post(running, "/api/analytics/vitals?key=k", json.dumps(vital))
    came = refresh(home, session)
    assert came.rows == {"vitals": 1, "custom": 1}
    with Library.open(home) as library:
        assert [row.name for _, row in library.rows(session, "custom") if isinstance(row, CustomEvent)] == ["lcp"]


def test_they_come_while_it_is_followed(running: RunningCollector, tmp_path: Path) -> None:
    home, stop = tmp_path / "home", []
    post(running, ENVELOPE, replay_envelope())

    def watch(now: object) -> None:
        if getattr(now, "stage", "") != "follow":
            return
        with Library.open(home) as library:
            errors = library.session(REPLAY).errors
        if errors:
            stop.append(True)
        else:
            post(running, ENVELOPE, error_envelope())

    session = pull(
        home, f"{running.url}/sessions/{REPLAY}", follow=True, progress=watch, cancelled=lambda: bool(stop)
    )
    with Library.open(home) as library:
        assert library.session(session).errors == 1
        assert library.search("total")
