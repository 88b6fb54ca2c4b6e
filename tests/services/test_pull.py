"""Pulling from a served collector: the same as importing the bodies, resumed where it broke, never half."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from replay_viewer.collector.run import RunningCollector, start
from replay_viewer.domain.errors import Cancelled, NotFound, SourceProblem, StorageProblem
from replay_viewer.domain.rows import KINDS
from replay_viewer.library import Library
from replay_viewer.services.addresses import read
from replay_viewer.services.importer import import_paths
from replay_viewer.services.pull import PullProgress, pull
from tests.collector.bodies import captured, sample
from tests.sources.server import answer, serving

SAMPLES = ["checkout-502", "happy-path", "sentry-checkout"]


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCollector]:
    """A collector that holds every sample."""
    with start(tmp_path_factory.mktemp("collector")) as running:
        with httpx.Client(base_url=running.url, trust_env=False) as client:
            for name in SAMPLES:
                for url, headers, body in captured(sample(name)):
                    assert client.post(url, content=body, headers=headers).status_code == 200
        yield running


def _url(collector: RunningCollector, name: str) -> str:
    listed = httpx.get(f"{collector.url}/api/v1/sessions", trust_env=False).json()["data"]
    for session in listed:
        urls = " ".join(session["urls"])
        kind = "sentry-checkout" if "sentry" in urls else "happy-path" if "noor" in urls else "checkout-502"
        if kind == name:
            return f"{collector.url}/sessions/{session['id']}"
    raise AssertionError(name)


def _content(home: Path, session: str) -> dict[str, object]:
    """All of a session that an import makes, without when and where from."""
    library = Library.open(home)
    try:
        whole = library.session(session)
        tabs = [(tab.index, tab.key, tab.start, tab.end, tab.events) for tab in whole.tabs]
        rows = {kind: [row for _, row in library.rows(session, kind)] for kind in KINDS}
        chunks = {
            tab.index: [library.blob(chunk.blob) for chunk in library.chunks(session, tab.index)]
            for tab in whole.tabs
        }
        return {
            "facts": whole.facts,
            "tabs": tabs,
            "rows": rows,
            "chunks": chunks,
            "health": whole.health,
            "span": (whole.start, whole.end, whole.events),
        }
    finally:
        library.close()


@pytest.mark.parametrize("name", SAMPLES)
def test_a_pull_is_the_same_as_an_import(collector: RunningCollector, tmp_path: Path, name: str) -> None:
    steps: list[PullProgress] = []
    url = _url(collector, name)
    pulled = pull(tmp_path / "a", url + "?t=3", progress=steps.append)
    [imported] = import_paths(tmp_path / "b", [sample(name)])
    assert pulled == imported
    assert _content(tmp_path / "a", pulled) == _content(tmp_path / "b", imported)
    last = [step for step in steps if step.stage == "pull"][-1]
    assert (last.done, last.bytes) == (last.total, last.of_bytes)
    assert steps[-1].stage == "import"
    library = Library.open(tmp_path / "a")
    assert library.find_by_origin(read(url).origin) == pulled
    library.close()
    assert not [path for path in (tmp_path / "a" / "pulls").iterdir() if path.is_dir()]
    assert read(url + "?t=3").at == "3.0"


def test_cancelled_pulls_go_on_from_what_is_there(collector: RunningCollector, tmp_path: Path) -> None:
    url = _url(collector, "sentry-checkout")
    stop = threading.Event()

    def watch(step: PullProgress) -> None:
        if step.done >= 5:
            stop.set()

    with pytest.raises(Cancelled):
        pull(tmp_path, url, progress=watch, cancelled=stop.is_set)
    [spool] = [path for path in (tmp_path / "pulls").iterdir() if path.is_dir()]
    kept = len(list(spool.glob("*.json")))
    assert kept >= 1
    damaged = sorted(spool.glob("*.bin"))[0]
    damaged.write_bytes(b"x" + damaged.read_bytes()[1:])
    (spool / "99999.bin").write_bytes(b"left over")
    steps: list[PullProgress] = []
    pulled = pull(tmp_path, url, progress=steps.append)
    assert steps[0].done == kept - 1
    [imported] = import_paths(tmp_path / "b", [sample("sentry-checkout")])
    assert _content(tmp_path, pulled) == _content(tmp_path / "b", imported)


def test_a_session_that_grew(tmp_path: Path) -> None:
    bodies = list(captured(sample("checkout-502")))
    with start(tmp_path / "c") as running, httpx.Client(base_url=running.url, trust_env=False) as client:
        for url, headers, body in bodies[:8]:
            client.post(url, content=body, headers=headers)
        [listed] = client.get("/api/v1/sessions").json()["data"]
        address = f"{running.url}/sessions/{listed['id']}"
        first = pull(tmp_path / "a", address)
        library = Library.open(tmp_path / "a")
        before = library.session(first).events
        library.close()
        for url, headers, body in bodies[8:]:
            client.post(url, content=body, headers=headers)
        assert pull(tmp_path / "a", address) == first
    [imported] = import_paths(tmp_path / "b", [sample("checkout-502")])
    assert _content(tmp_path / "a", first) == _content(tmp_path / "b", imported)
    library = Library.open(tmp_path / "a")
    assert library.session(first).events > before
    assert library.count() == 1
    library.close()


def test_what_can_go_wrong_is_said(collector: RunningCollector, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no such session"):
        pull(tmp_path, f"{collector.url}/sessions/none")
    for odd in (b"[]", b"<html>hello</html>", b'{"id":"a","segments":"x"}'):
        replies = serving(lambda *_, odd=odd: answer(200, odd))
        with replies as server, pytest.raises(SourceProblem, match="does not answer as"):
            pull(tmp_path, f"{server.url}/sessions/a")
    empty = serving(lambda *_: answer(200, b'{"id":"a","segments":[]}'))
    with empty as server, pytest.raises(NotFound, match="no recording"):
        pull(tmp_path, f"{server.url}/sessions/a")
    with serving(lambda *_: answer(401)) as server:
        with pytest.raises(SourceProblem, match="token"):
            pull(tmp_path, f"{server.url}/sessions/a", token="rvt_secret")
        assert server.seen[0][1]["authorization"] == "Bearer rvt_secret"
    assert not any(b"rvt_secret" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_cancel_is_at_once_even_when_the_server_stalls(tmp_path: Path) -> None:
    release = threading.Event()
    asked = threading.Event()

    def reply(*_: object) -> bytes:
        asked.set()
        release.wait(20)
        return answer(200)

    with serving(reply) as server:
        with pytest.raises(Cancelled):
            pull(tmp_path, f"{server.url}/sessions/a", cancelled=asked.is_set)
        assert not release.is_set()
        release.set()


def test_one_pull_of_a_session_at_a_time(collector: RunningCollector, tmp_path: Path) -> None:
    url = _url(collector, "happy-path")
    refused: list[str] = []

    def again(step: PullProgress) -> None:
        if step.stage == "pull" and not refused:
            with pytest.raises(StorageProblem, match="already") as raised:
                pull(tmp_path, url)
            refused.append(str(raised.value))

    # From another thread, where an asyncio loop of its own may run.
    def watch(step: PullProgress) -> None:
        thread = threading.Thread(target=again, args=(step,))
        thread.start()
        thread.join()

    assert pull(tmp_path, url, progress=watch)
    assert refused
    assert pull(tmp_path, url)
