"""Sentry and PostHog pulled over real HTTP, with faults."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from replay_viewer.domain.errors import NotFound, SourceProblem
from replay_viewer.library import Library
from replay_viewer.services import pull as pulling
from replay_viewer.sources import Http, recognise
from tests.data_dir import needs_shared
from tests.sources.backends import LOGROCKET, PostHogApi, SentryApi
from tests.sources.server import answer, serving

R = "4dc395e328494c49a7ea6335849a6fbe"
S = "01a1fa95-02f8-7615-ad67-a981e306b742"


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulling, "Http", partial(Http, pause=0.01, timeout=2.0))


@pytest.mark.parametrize(
    ("url", "source", "account", "offset", "at"),
    [
        (f"https://acme.sentry.io/explore/replays/{R}/?t=5", "sentry", "acme", 5000.0, None),
        (f"https://sentry.io/organizations/acme/explore/replays/{R}/", "sentry", "acme", None, None),
        (f"https://acme.sentry.io/replays/shop:{R}/?event_t=1795205432", "sentry", "acme", None, 1795205432000.0),
        (f"https://x.test/organizations/acme/replays/{R[:8]}-{R[8:12]}-{R[12:16]}-{R[16:20]}-{R[20:]}", "sentry",
         "acme", None, None),
        (f"https://us.posthog.com/project/12/replay/{S}?t=65", "posthog", "12", 65000.0, None),
        (f"https://x.io/project/phc_T/replay/{S}?timestamp=1795205432270", "posthog", "phc_T", None, 1795205432270.0),
        (f"https://eu.posthog.com/project/1/replay/playlists/a?sessionRecordingId={S}", "posthog", "1", None, None),
        (f"https://app.posthog.com/recordings/1#sessionRecordingId={S}", "posthog", "@current", None, None),
    ],
)  # fmt: skip
def test_addresses(url: str, source: str, account: str, offset: float | None, at: float | None) -> None:
    _, link = recognise(url)
    assert (link.source, link.account, link.offset, link.at) == (source, account, offset, at)
    assert link.session == (R if source == "sentry" else S)
    assert recognise(link.url)[1].url == link.url


@needs_shared
def test_sentry_with_a_lost_segment_and_bursts_of_500(tmp_path: Path) -> None:
    api = SentryApi(lost=frozenset({1}))

    def reply(path: str, headers: dict[str, str], n: int) -> bytes | None:
        if n == 0:
            return answer(500) if "segments" in path else None if "/events/" in path else answer(429)
        if n == 1 and "segments" in path:
            return answer(200, b"[[", 900)
        return api.reply(path, headers, n)

    with serving(reply) as server:
        url = f"{server.url}/organizations/acme/explore/replays/{api.id}/"
        assert pulling.pull(tmp_path, url, token="sntryu_secret") == api.id
        assert not any("sntryu" in path for path, _ in server.seen)
    library = Library.open(tmp_path)
    session = library.session(api.id)
    found = {row.id for _, row in library.rows(api.id, "errors")}
    errors = [row for _, row in library.rows(api.id, "errors")]
    states = [row for _, row in library.rows(api.id, "state") if row.action == "State at the error"]
    custom = [row for _, row in library.rows(api.id, "custom")]
    library.close()
    issue = errors[0].contexts["issue"]
    assert (issue["shortId"], issue["userCount"], issue["count"]) == ("SHOP-1AB", 12, 150)
    assert [row.state for row in states] == [{"cart": {"items": 3}}] * len(api.errors)
    by_category = {row.category: row for row in custom}
    assert by_category["feedback"].name == "I cannot pay"
    assert by_category["feedback"].t == 1795205177_000.0
    assert by_category["log"].name == "gateway slow"
    assert by_category["link"].data == {"url": LOGROCKET}
    served = next(row for row in custom if row.name == "POST /api/pay" and row.category == "transaction")
    assert served.data["spans"][0]["description"] == "SELECT 1"
    [elsewhere] = [finding.message for finding in session.health if finding.code == "other-replay"]
    assert LOGROCKET in elsewhere
    assert session.facts.user.email == "ada.l@example.test"  # as its errors say
    assert session.facts.tags == {"plan": "pro"}
    assert "missing-segment" in {finding.code for finding in session.health}
    assert set(api.errors) <= found
    assert not any(b"sntryu_secret" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


@needs_shared
def test_posthog_by_project_token(tmp_path: Path) -> None:
    api = PostHogApi()
    with serving(api.reply) as server:
        url = f"{server.url}/project/phc_T/replay/{api.id}"
        assert pulling.pull(tmp_path, url, token="phx_secret") == api.id
        with pytest.raises(SourceProblem, match="needs the scope project:read"):
            pulling.pull(tmp_path / "b", url, token="phx_other")
    library = Library.open(tmp_path)
    session = library.session(api.id)
    custom = [row.name for _, row in library.rows(api.id, "custom")]
    library.close()
    assert len(session.tabs) == 2
    assert session.facts.user.id == "u-17"
    assert "paid" in custom
    assert session.events == sum(len(part.split(b"\n")) for part in api.lines)


@pytest.mark.parametrize(
    ("raw", "kind", "words"),
    [
        (answer(401, b'{"detail":"Invalid token"}'), SourceProblem, "token"),
        (answer(403, b'{"detail":{"code":"sso-required","message":"Log in"}}'), SourceProblem, "single sign-on"),
        (answer(403, b'{"detail":"You do not have permission to perform this action."}'), SourceProblem, "org:read"),
        (answer(404), NotFound, "no replay"),
        (answer(410), NotFound, "no replay"),
        (answer(429, Retry_After="600"), SourceProblem, "wait"),
        (answer(200, b"<html>"), SourceProblem, "as Sentry"),
        (answer(200, b'{"data":{"is_archived":true}}'), NotFound, "deleted"),
    ],
)
def test_faults_of_sentry(tmp_path: Path, raw: bytes, kind: type[Exception], words: str) -> None:
    with serving(lambda *_: raw) as server, pytest.raises(kind, match=words):
        pulling.pull(tmp_path, f"{server.url}/organizations/acme/replays/{R}/", token="sntryu_secret")
