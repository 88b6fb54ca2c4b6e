"""From what a ticket holds to the session, and questions in plain words, over real HTTP in the documented shapes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from replay_viewer.domain.errors import NotFound, SourceProblem
from replay_viewer.services import addresses, connections, search_sources
from replay_viewer.services.addresses import Address
from replay_viewer.services.connections import Connection
from replay_viewer.sources import Http
from replay_viewer.sources.sentry import api as sentry_api
from tests.keyrings import memory_keyring
from tests.sources.desks import (
    OTHER,
    POSTHOG_TOKEN,
    SENTRY_TOKEN,
    WHEN,
    E,
    PostHogDesk,
    R,
    S,
    SentryDesk,
    T,
    dashed,
    event,
)
from tests.sources.server import Faulty, answer, serving


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for module in (addresses, search_sources):
        monkeypatch.setattr(module, "Http", partial(Http, pause=0.01, timeout=2.0))
    with memory_keyring():
        yield


@pytest.fixture
def desk() -> SentryDesk:
    return SentryDesk()


@pytest.fixture
def sentry(desk: SentryDesk, tmp_path: Path) -> Iterator[Faulty]:
    """The desk, connected as `shop`."""
    with serving(desk.reply) as server:
        made = connections.save(tmp_path, Connection(name="shop", kind="sentry", url=server.url, account="acme"))
        connections.keep_token(made, SENTRY_TOKEN)
        yield server


def _ask(home: Path, server: Faulty, path: str) -> Address:
    return addresses.resolve(home, f"{server.url}/organizations/acme/{path}")


@pytest.mark.parametrize(
    "path",
    [
        "issues/4711/",
        f"issues/4711/events/{E}/",
        "issues/4711/events/latest/?project=7",
        "issues/SHOP-1AB/",
        "issues/?query=SHOP-1AB",
        f"projects/shop/events/{E}/",
        f"events/{E}/",
        "feedback/?feedbackSlug=shop%3A4711",
    ],
)
def test_what_leads_to_a_replay(tmp_path: Path, sentry: Faulty, path: str) -> None:
    found = _ask(tmp_path, sentry, path)
    assert found.origin == f"{sentry.url}/organizations/acme/explore/replays/{R}/"
    assert (float(found.at), found.error, found.whole) == (WHEN - 3_000.0, E, True)
    assert addresses.read(found.url).origin == found.origin
    assert not any(SENTRY_TOKEN in path for path, _ in sentry.seen)


def test_a_time_in_the_address_wins(tmp_path: Path, sentry: Faulty) -> None:
    assert _ask(tmp_path, sentry, "issues/4711/?t=12").at == "12.0"


@pytest.mark.parametrize(
    "named",
    [
        {"contexts": {"replay": {"replay_id": dashed(R)}}},
        {"contexts": {"feedback": {"replay_id": R, "message": "it broke"}}},
        {"contexts": {"trace": {"trace_id": T}}},  # by the replays of its trace
        {},  # by the replays that name the error
    ],
)
def test_where_an_event_names_its_replay(
    tmp_path: Path, desk: SentryDesk, sentry: Faulty, named: dict[str, object]
) -> None:
    desk.events = [event(**named)]
    assert f"/{R}/" in _ask(tmp_path, sentry, f"events/{E}/").url


def test_a_trace(tmp_path: Path, sentry: Faulty) -> None:
    found = _ask(tmp_path, sentry, f"explore/traces/trace/{T}/?timestamp=1795205440")
    assert (f"/{R}/" in found.url, float(found.at)) == (True, WHEN)


def test_an_issue_whose_newest_replay_is_gone(tmp_path: Path, desk: SentryDesk, sentry: Faulty) -> None:
    newer = event(eventID="a" * 32, id="a" * 32, tags=[{"key": "replayId", "value": OTHER}])
    desk.events = [newer, event(), *desk.events]
    assert _ask(tmp_path, sentry, "issues/4711/").error == E
    desk.events, desk.stored = [event()], [dashed(OTHER)]
    assert f"/{OTHER}/" in _ask(tmp_path, sentry, "issues/4711/").url


def test_no_replay_is_said_with_what_there_is_instead(tmp_path: Path, desk: SentryDesk, sentry: Faulty) -> None:
    session = "https://app.logrocket.com/acme/shop/s/6-0192/4?t=1"
    desk.events, desk.stored, desk.replays = [event(context={"sessionURL": session})], [], []
    with pytest.raises(NotFound, match=r"LogRocket session: https://app\.logrocket\.com/acme/shop/s/6-0192/4"):
        _ask(tmp_path, sentry, "issues/4711/")
    with pytest.raises(NotFound, match="LogRocket"):
        _ask(tmp_path, sentry, f"events/{E}/")
    desk.events = [event()]
    with pytest.raises(NotFound, match="No event of this issue has a replay"):
        _ask(tmp_path, sentry, "issues/4711/")
    with pytest.raises(NotFound, match="no replay of the trace"):
        _ask(tmp_path, sentry, f"explore/traces/trace/{T}/")


def test_the_other_region_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPLAY_VIEWER_TOKEN", SENTRY_TOKEN)
    with serving(lambda *_: answer(404)) as us, serving(SentryDesk().reply) as de:
        monkeypatch.setattr(sentry_api, "REGIONS", (us.url, de.url))
        found = addresses.resolve(tmp_path, "https://acme.sentry.io/issues/4711/")
        assert us.seen
        assert found.origin == f"{de.url}/organizations/acme/explore/replays/{R}/"


@pytest.mark.parametrize("path", [f"project/12/error_tracking/{S}", f"project/12/events/{S}/2026-11-20"])
def test_posthog_errors_and_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setenv("REPLAY_VIEWER_TOKEN", POSTHOG_TOKEN)
    desk = PostHogDesk()
    desk.rows.insert(0, ["gone-without-recording", "2026-11-20T21:00:00Z", "e0"])
    with serving(desk.reply) as server:
        found = addresses.resolve(tmp_path, f"{server.url}/{path}")
        assert found.url == f"{server.url}/project/12/replay/{S}"
        assert float(found.at) == WHEN - 3_000.0
        desk.rows = []
        with pytest.raises(NotFound, match="recording"):
            addresses.resolve(tmp_path, f"{server.url}/{path}")


def test_find_at_sentry(tmp_path: Path, desk: SentryDesk, sentry: Faulty) -> None:
    def find(text: str) -> list[tuple[str, str]]:
        [answer] = search_sources.search_sources(tmp_path, text)
        assert not answer.problem
        return [(one.id, one.why) for one in answer.sessions]

    assert find("ada@example.com") == [(R, "user")]
    assert find(dashed(R)) == [(R, "its id")]
    assert find(E) == [(R, "error")]
    assert find(T) == [(R, "trace")]
    assert find("SHOP-1AB") == [(R, "issue SHOP-1AB")]
    assert find("bea") == [(OTHER, "user or page"), (R, "issue SHOP-1AB")]
    assert find("count_errors:>5") == []
    [answer] = search_sources.search_sources(tmp_path, E)
    assert answer.sessions[0].at == WHEN
    assert (answer.sessions[0].user, answer.sessions[0].errors) == ("ada@example.com", 2)


def test_pages_and_issues(tmp_path: Path, sentry: Faulty) -> None:
    first = search_sources.browse(tmp_path, "shop", limit=1)
    second = search_sources.browse(tmp_path, "shop", cursor=first.next, limit=1)
    assert [one.id for one in (*first.sessions, *second.sessions)] == [R, OTHER]
    assert (bool(first.next), second.next) == (True, "")
    [issue] = search_sources.issues(tmp_path, "shop", "is:unresolved")
    assert (issue.name, issue.events, issue.users, issue.trend) == ("SHOP-1AB", 150, 12, [473, 914])
    assert f"/{R}/" in addresses.resolve(tmp_path, issue.url).url


def test_one_source_that_fails_leaves_the_others(tmp_path: Path, sentry: Faulty) -> None:
    with serving(PostHogDesk(frozenset({"query:read"})).reply) as server:
        made = connections.save(tmp_path, Connection(name="ph", kind="posthog", url=server.url, account="12"))
        connections.keep_token(made, POSTHOG_TOKEN)
        came: list[str] = []
        answers = search_sources.search_sources(
            tmp_path, "ada@example.com", answered=lambda one: came.append(one.connection)
        )
    assert sorted(came) == ["ph", "shop"]
    assert [bool(one.sessions) for one in answers] == [False, True]
    assert "query:read" in answers[0].problem


def test_posthog_lists_and_finds(tmp_path: Path) -> None:
    desk = PostHogDesk()
    with serving(desk.reply) as server:
        made = connections.save(tmp_path, Connection(name="ph", kind="posthog", url=server.url, account="12"))
        connections.keep_token(made, POSTHOG_TOKEN)
        first = search_sources.browse(tmp_path, "ph", limit=2)
        assert (len(first.sessions), first.next) == (2, "2")
        assert len(search_sources.browse(tmp_path, "ph", cursor="2", limit=2).sessions) == 1
        desk.rows = [[S, "2026-11-20T20:10:32Z", "2026-11-20T20:11:48Z", "u-17", "ada@example.com", "https://x/", 1,
                      "2026-11-20T20:10:40Z"]]  # fmt: skip
        [found] = search_sources.search_sources(tmp_path, "it's 100%_ broken\\")[0].sessions
        assert (found.id, found.user, found.at, found.errors) == (S, "ada@example.com", WHEN, 1)
        [known] = search_sources.search_sources(tmp_path, S)[0].sessions
        assert (known.why, known.page) == ("its id", "https://shop.test/checkout")


@pytest.mark.parametrize(
    ("scopes", "lacking"),
    [
        ({"org:read", "project:read", "event:read"}, []),
        ({"org:read", "project:read"}, ["event:read"]),
        ({"org:read", "event:read"}, ["project:read"]),
        ({"event:read"}, ["org:read", "project:read"]),
    ],
)
def test_the_scopes_a_sentry_token_lacks(tmp_path: Path, scopes: set[str], lacking: list[str]) -> None:
    with serving(SentryDesk(frozenset(scopes)).reply) as server:
        made = Connection(name="shop", kind="sentry", url=server.url, account="acme")
        checks = search_sources.try_out(made, SENTRY_TOKEN)
        assert [one.scope for one in checks if one.problem] == lacking
        sentence = search_sources.verdict(checks)
        assert all(scope in sentence for scope in lacking)
        with pytest.raises(SourceProblem, match="does not accept the token"):
            search_sources.try_out(made, "sntryu_other")
        with pytest.raises(NotFound, match="no organisation “nobody”"):
            search_sources.try_out(
                Connection(name="x", kind="sentry", url=server.url, account="nobody"), SENTRY_TOKEN
            )


def test_the_scopes_a_posthog_key_lacks() -> None:
    with serving(PostHogDesk(frozenset({"person:read", "query:read"})).reply) as server:
        made = Connection(name="ph", kind="posthog", url=server.url, account="12")
        checks = search_sources.try_out(made, POSTHOG_TOKEN)
        assert [one.scope for one in checks if one.problem] == ["query:read", "person:read"]
        with pytest.raises(NotFound, match="no project 13"):
            search_sources.try_out(Connection(name="ph", kind="posthog", url=server.url, account="13"), POSTHOG_TOKEN)
