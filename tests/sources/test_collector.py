"""The collector source's own parts: lists, order, what it skips, what it does not believe."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx
import pytest

from replay_viewer.collector.run import start
from replay_viewer.domain.errors import NotFound, SourceProblem
from replay_viewer.services import addresses, connections, search_sources
from replay_viewer.services.connections import Connection
from replay_viewer.sources import Http, Segment, recognise
from replay_viewer.sources.collector import CollectorSource
from tests.collector.bodies import batch, captured, sample
from tests.sources.server import answer, serving


def test_lists_over_pages(tmp_path: Path) -> None:
    async def run(base: str, query: str, limit: int) -> list[str]:
        async with Http() as http:
            return [str(found["id"]) for found in await CollectorSource().list(http, base, "", query, limit)]

    with start(tmp_path) as running, httpx.Client(base_url=running.url, trust_env=False) as client:
        for n in range(12):
            body = batch(f"s{n:02}", 1.795e12 + n, user={"email": f"u{n}@example.com"})
            assert client.post(f"/api/replay/s{n:02}/events", content=body).status_code == 200
        assert asyncio.run(run(running.url, "", 200)) == [f"s{n:02}" for n in range(11, -1, -1)]
        assert asyncio.run(run(running.url, "", 5)) == [f"s{n:02}" for n in range(11, 6, -1)]
        assert asyncio.run(run(running.url, "u7@", 5)) == ["s07"]


def _whole(count: int) -> bytes:
    parts = [{"n": n, "bytes": 1, "etag": f"e{n}"} for n in reversed(range(count))]
    return json.dumps({"id": "a", "segments": parts}).encode()


def _reply(path: str, _headers: dict[str, str], n: int) -> bytes | None:
    if path.endswith("/a"):
        return answer(200, _whole(60))
    number = int(path.rpartition("/")[2])
    if number % 7 == 0 and n == 0:
        return answer(500)  # every seventh fails at first
    request = json.dumps({"url": "/x", "headers": {"content-type": "text/plain"}, "received": 5.0})
    return answer(200, b"%d" % number, ETag=f'"e{number}"', X_Replay_Request=request)


def test_segments_come_in_order_without_those_at_hand() -> None:
    async def run(url: str) -> list[Segment]:
        source, link = recognise(f"{url}/sessions/a")
        async with Http(pause=0.01) as http:
            plan = await source.plan(http, link, "")
            assert list(plan.segments) == list(range(60))
            have = {0: "e0", 1: "old", 30: "e30"}
            return [segment async for segment in source.pull(http, link, "", plan, have)]

    with serving(_reply) as server:
        segments = asyncio.run(run(server.url))
        assert server.most <= 8
    assert [segment.n for segment in segments] == [n for n in range(60) if n not in (0, 30)]
    assert segments[5].body == b"6"
    assert (segments[0].etag, segments[0].headers) == ("e1", {"content-type": "text/plain"})


def test_leaving_early_stops_the_requests() -> None:
    async def run(url: str) -> None:
        source, link = recognise(f"{url}/sessions/a")
        async with Http(pause=0.01) as http:
            plan = await source.plan(http, link, "")
            segments = source.pull(http, link, "", plan, {})
            async for _ in segments:
                break
            await segments.aclose()  # type: ignore[attr-defined]

    with serving(_reply) as server:
        asyncio.run(run(server.url))
        assert len(server.seen) < 40


def test_a_segment_without_its_request_is_no_collectors() -> None:
    def reply(path: str, *_: object) -> bytes:
        return answer(200, _whole(1) if path.endswith("/a") else b"x")

    async def run(url: str) -> None:
        source, link = recognise(f"{url}/sessions/a")
        async with Http() as http:
            plan = await source.plan(http, link, "")
            async for _ in source.pull(http, link, "", plan, {}):
                pass

    with serving(reply) as server, pytest.raises(SourceProblem, match="does not answer as"):
        asyncio.run(run(server.url))


def test_questions_to_a_served_collector(tmp_path: Path) -> None:
    """Sessions, issues and the way from an issue to its session, as the collector really answers."""
    bodies = captured(sample("checkout-502"))
    with start(tmp_path / "c") as running, httpx.Client(base_url=running.url, trust_env=False) as client:
        for url, headers, body in bodies:
            assert client.post(url, content=body, headers=headers).status_code == 200
        home = tmp_path / "home"
        made = Connection(name="ours", kind="collector", url=running.url)
        connections.save(home, made)
        assert [one.problem for one in search_sources.try_out(made)] == [""]
        [session] = search_sources.browse(home, "ours").sessions
        issues = search_sources.issues(home, "ours")
        assert issues
        assert all(one.events and one.title for one in issues)
        found = addresses.resolve(home, issues[0].url)
        assert found.origin == session.url
        assert float(found.at) == (issues[0].last or 0) - 3_000
        word = issues[0].title.split()[0].rstrip(":")
        [answer] = search_sources.search_sources(home, word)
        assert [one.id for one in answer.sessions] == [session.id]
        with pytest.raises(NotFound):
            addresses.resolve(home, f"{running.url}/api/v1/issues/none-0")
