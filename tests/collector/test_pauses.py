"""A recording that pauses and goes on is one session: as it comes, and as SDKs that fell idle sent it."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, update

from replay_viewer.collector.database import default_url
from replay_viewer.collector.run import RunningCollector
from replay_viewer.collector.schema import sessions
from replay_viewer.library import Library
from replay_viewer.services.inactivity import read_trails
from replay_viewer.services.pull import pull
from tests.collector.bodies import ENVELOPE, REPLAY, batch, captured, replay_envelope
from tests.data_dir import needs_shared, session_dir

T = 1.795e12
PAUSE = 12 * 60_000.0


def _longest_idle(home: Path, session: str) -> float:
    """Seconds."""
    with Library.open(home) as library:
        spans = read_trails(library, library.session(session)).idle(5.0)
    return max((end - begin for begin, end in spans), default=0.0) / 1000.0


def _heard_long_ago(url: str, ms: float) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(update(sessions).values(received=sessions.c.received - ms))
    engine.dispose()


@pytest.mark.parametrize("sdk", ["rrweb", "sentry"])
def test_a_pause_and_a_late_tail_are_one_session(
    client: httpx.Client, collector: RunningCollector, db: str | None, tmp_path: Path, sdk: str
) -> None:
    session = "s1" if sdk == "rrweb" else REPLAY

    def send(n: int, t: float) -> None:
        url = f"/api/replay/{session}/events" if sdk == "rrweb" else ENVELOPE
        body = batch(session, t) if sdk == "rrweb" else replay_envelope(n, t)
        assert client.post(url, content=body).status_code == 200

    def segments(after: int) -> tuple[list[int], str | None, bool]:
        page = client.get(f"/api/v1/sessions/{session}/segments", params={"after": after}).json()
        return [part["n"] for part in page["data"]], page["next"], page["live"]

    send(0, T)
    assert segments(-1) == ([0], "0", True)
    _heard_long_ago(db or default_url(tmp_path / "collector"), PAUSE)
    assert segments(0) == ([], None, False)
    before = pull(tmp_path / "home", f"{collector.url}/sessions/{session}")
    send(1, T + PAUSE)
    assert segments(0) == ([1], "1", True)
    send(2, T + PAUSE - 5000)  # what was sent last came first
    [listed] = client.get("/api/v1/sessions").json()["data"]
    assert (listed["segmentCount"], listed["live"]) == (3, True)
    assert listed["started"] == T
    assert listed["duration"] >= PAUSE

    # Pulled again, the session is the same one, longer, and idle in between.
    assert pull(tmp_path / "home", f"{collector.url}/sessions/{session}") == before
    assert PAUSE / 1000 - 15 < _longest_idle(tmp_path / "home", before) < PAUSE / 1000


@needs_shared
@pytest.mark.parametrize(
    ("name", "seconds"), [("shop_sentry_default_idle", 55.0), ("shop_posthog_unmasked_idle", 90.0)]
)
def test_an_sdk_that_fell_idle_resumes_its_session(
    client: httpx.Client, collector: RunningCollector, tmp_path: Path, name: str, seconds: float
) -> None:
    for url, headers, body in captured(session_dir(name) / "raw"):
        assert client.post(url, content=body, headers=headers).status_code == 200
    [listed] = client.get("/api/v1/sessions").json()["data"]
    session = pull(tmp_path / "home", f"{collector.url}/sessions/{listed['id']}")
    assert _longest_idle(tmp_path / "home", session) > seconds
