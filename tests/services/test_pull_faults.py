"""Pulls over bad networks, over real HTTP: the right sentence, nothing lost, nothing twice."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from replay_viewer.cli.main import main
from replay_viewer.domain.errors import NotFound, SourceProblem
from replay_viewer.library import Library
from replay_viewer.services import pull as pulls
from replay_viewer.services.pull import PullProgress, pull, refresh
from replay_viewer.sources import Http
from tests.services.pulling import START, backend, body, content
from tests.sources.server import answer, serving

COUNT = 12


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses of hundredths of a second, and a read timeout that a stall runs into at once."""

    class Brisk(Http):
        def __init__(self, **given: object) -> None:
            super().__init__(pause=0.01, timeout=0.5, **{**given, "patience": 1.5})  # type: ignore[arg-type]

    monkeypatch.setattr(pulls, "Http", Brisk)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What the session is without any fault."""
    home = tmp_path_factory.mktemp("undisturbed")
    with backend(COUNT) as source:
        return content(home, pull(home, source.url))


def _cut(raw: bytes) -> bytes:
    return raw[: len(raw) // 2]


FAULTS = {
    "truncated body": lambda source, n: _cut(source.whole(n)),
    "length too long": lambda source, n: source.whole(n, len(source.bodies[n]) + 50),
    "length too short": lambda source, n: source.whole(n, len(source.bodies[n]) - 50),
    "reset": lambda source, n: None,
    "500": lambda source, n: answer(500),
    "503": lambda source, n: answer(503),
    "429": lambda source, n: answer(429),
    "429 with Retry-After": lambda source, n: answer(429, Retry_After="1"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_that_passes_changes_nothing(tmp_path: Path, undisturbed: dict[str, object], name: str) -> None:
    """Segments 2, 3 and 7 go wrong once or twice."""
    with backend(COUNT) as source:
        source.fault = lambda n, asked: (
            FAULTS[name](source, n) if n in (2, 3, 7) and asked < (1 if "After" in name else 2) else ...
        )
        session = pull(tmp_path, source.url)
        assert sorted(set(source.asked())) == list(range(COUNT))
    assert content(tmp_path, session) == undisturbed


def test_a_stall_runs_into_the_read_timeout_and_is_tried_again(
    tmp_path: Path, undisturbed: dict[str, object]
) -> None:
    over = threading.Event()

    with backend(COUNT) as source:

        def fault(n: int, asked: int) -> object:
            if n == 4 and not asked:
                over.wait(10)
                return None
            if n == 4:
                over.set()
            return ...

        source.fault = fault  # type: ignore[assignment]
        assert content(tmp_path, pull(tmp_path, source.url)) == undisturbed


def test_a_reset_in_mid_segment_keeps_what_came_and_says_so(tmp_path: Path, undisturbed: dict[str, object]) -> None:
    with backend(COUNT) as source:
        source.fault = lambda n, asked: _cut(source.whole(n)) if n == 6 else ...
        with pytest.raises(SourceProblem, match=r"broke off.*6 of 12 segments are here.*pull it again"):
            pull(tmp_path, source.url)
        with Library.open(tmp_path) as library:
            [half] = library.sessions()
            assert half.end == START + 5 * 1000 + 900
            [finding] = [one for one in half.health if one.code == "pull-unfinished"]
            assert "6 of 12" in finding.message
        before = len(source.asked())
        source.fault = lambda _n, _asked: ...
        assert content(tmp_path, pull(tmp_path, source.url)) == undisturbed
        again = source.asked()[before:]
        assert sorted(again) == list(range(6, COUNT))  # what is here is not asked for again


@pytest.mark.parametrize(("reply", "why"), [(answer(404), "no longer has it"), (answer(500), "HTTP 500")])
def test_a_lost_segment_is_a_gap_and_comes_with_a_refresh(
    tmp_path: Path, undisturbed: dict[str, object], reply: bytes, why: str
) -> None:
    with backend(COUNT) as source:
        source.fault = lambda n, _asked: reply if n in (4, 5) else ...
        session = pull(tmp_path, source.url)
        with Library.open(tmp_path) as library:
            found = library.session(session)
            [gap] = [one for one in found.health if one.code == "lost-segment"]
            assert (gap.t, gap.end, gap.count) == (START + 3750, START + 6250, 2)
            assert "Segments 4 to 5" in gap.message
            assert why in gap.message
            assert found.events == 2 + 3 * (COUNT - 2) + 2  # without the two, and without the log of number 5
        source.fault = lambda _n, _asked: ...
        before = len(source.asked())
        came = refresh(tmp_path, session)
        assert (came.events, came.rows, came.segments) == (7, {"console": 1}, 2)
        assert sorted(source.asked()[before:]) == [4, 5]
    assert content(tmp_path, session) == undisturbed


def test_duplicates_and_disorder_are_harmless(tmp_path: Path, undisturbed: dict[str, object]) -> None:
    """Late segments repeat the one before, and two of them changed places."""
    bodies = {"s3": body(4), "s4": body(3)}
    with backend(COUNT, **bodies) as source:
        source.bodies[COUNT] = body(7)
        source.listed = [*reversed(range(COUNT)), COUNT]
        session = pull(tmp_path, source.url)
    made = content(tmp_path, session)
    assert made["rows"] == undisturbed["rows"]
    assert made["chunks"] == undisturbed["chunks"]


def test_late_segments_and_a_clock_that_jumps(tmp_path: Path) -> None:
    """The last segments appear later; one tells a time an hour off, which Health says and nothing else suffers."""
    with backend(COUNT, s5=body(5, skew=3_600_000)) as source:
        source.listed = list(range(8))
        session = pull(tmp_path, source.url)
        with Library.open(tmp_path) as library:
            early = library.session(session)
        source.listed = list(range(COUNT))
        came = refresh(tmp_path, session)
        assert came.events == 3 * 4 + 1
        assert came.words == "Came: 13 events, 1 console."
        with Library.open(tmp_path) as library:
            late = library.session(session)
        assert late.events == early.events + 13
        assert any(one.code == "unsorted-event" for one in late.health)
        assert refresh(tmp_path, session).words.startswith("Nothing new")


def test_a_limit_that_stays_is_said(tmp_path: Path) -> None:
    with backend(3) as source:
        source.fault = lambda _n, _asked: answer(429, Retry_After="600")
        with pytest.raises(SourceProblem, match="asks to wait 600 seconds"):
            pull(tmp_path, source.url)
        source.fault = lambda _n, _asked: answer(429)
        with pytest.raises(SourceProblem, match="limits how often"):
            pull(tmp_path, source.url)


@pytest.mark.parametrize(
    ("reply", "error", "says"),
    [
        (answer(401), SourceProblem, "wants a personal token"),
        (answer(403), SourceProblem, "refuses"),
        (answer(410), NotFound, "expired"),
        (answer(500, b'{"detail":"kaput"}'), SourceProblem, "HTTP 500: kaput"),
    ],
)
def test_what_the_backend_refuses_is_said(tmp_path: Path, reply: bytes, error: type[Exception], says: str) -> None:
    with serving(lambda *_: reply) as server, pytest.raises(error, match=says):
        pull(tmp_path, f"{server.url}/sessions/s-1")


def test_nobody_there(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(SourceProblem, match="cannot be reached"):
        pull(tmp_path, f"http://127.0.0.1:{port}/sessions/s-1")


def test_the_session_can_be_opened_while_it_is_pulled(tmp_path: Path) -> None:
    """The backend hands out the last segment only when the first ones are in the library."""
    opened = threading.Event()
    seen: list[tuple[int, int]] = []

    def watch(now: PullProgress) -> None:
        if now.session and not opened.is_set():
            with Library.open(tmp_path) as library:
                seen.append((library.session(now.session).events, now.grown))
            opened.set()

    with backend(COUNT) as source:

        def fault(n: int, _asked: int) -> object:
            if n == COUNT - 1:
                assert opened.wait(20)
            return ...

        source.fault = fault  # type: ignore[assignment]
        session = pull(tmp_path, source.url, progress=watch)
    with Library.open(tmp_path) as library:
        assert seen[0][0] < library.session(session).events
        assert not [one for one in library.session(session).health if one.code == "pull-unfinished"]


def test_following_goes_on_until_it_is_stopped(tmp_path: Path) -> None:
    """Two more segments come while it follows; the network goes away once in between."""
    stop = threading.Event()
    counts: list[int] = []

    with backend(8) as source:
        source.listed = list(range(4))

        def watch(now: PullProgress) -> None:
            if now.stage != "follow":
                return
            with Library.open(tmp_path) as library:
                counts.append(library.session(now.session).events)
            if len(counts) == 1:
                source.listed = list(range(6))
                source.fault = lambda _n, asked: None if asked < 6 else ...
            elif now.done == 6 and len(source.listed) == 6:
                source.fault = lambda _n, _asked: ...
                source.listed = list(range(8))
            elif now.done == 8:
                stop.set()

        pulls._WAITS["collector"] = (0.05, 0.1)
        try:
            session = pull(tmp_path, source.url, progress=watch, cancelled=stop.is_set, follow=True)
        finally:
            pulls._WAITS["collector"] = (2.0, 15.0)
        assert len(source.asked()) == len(set(source.asked())) + sum(1 for n in source.asked() if n in (4, 5)) - 2
    with Library.open(tmp_path) as library:
        assert library.session(session).events == 2 + 3 * 8 + 2
    assert counts == sorted(counts)


def test_a_session_that_is_deleted_leaves_no_segments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with backend(COUNT) as source:
        source.fault = lambda n, _asked: answer(404) if n == 4 else ...
        session = pull(tmp_path, source.url)
    assert [path for path in (tmp_path / "pulls").iterdir() if path.is_dir()]  # kept, as one is still to come
    assert main(["delete", session, "--home", str(tmp_path)]) == 0
    assert not [path for path in (tmp_path / "pulls").iterdir() if path.is_dir()]
