"""The engine process: real process, real library, patches applied by the page in plain Python."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from replay_viewer.domain.errors import SourceProblem
from replay_viewer.domain.session import Session
from replay_viewer.recording.events import decode_event
from replay_viewer.recording.mirror import Mirror
from replay_viewer.services.engine import EngineClient, end_spares, prewarm
from tests.data_dir import needs_shared
from tests.recording.page import Page
from tests.sessions import store_session
from tests.stores import rrweb_events

pytestmark = needs_shared


@pytest.fixture(scope="module")
def raws() -> list[bytes]:
    return rrweb_events("shop_redux_rrweb")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, raws: list[bytes]) -> Path:
    home = tmp_path_factory.mktemp("home")
    store_session(home, raws)
    return home


@pytest.fixture
def session(home: Path) -> Session:
    from replay_viewer.library import Library

    library = Library.open(home)
    try:
        return library.session("s1")
    finally:
        library.close()


@pytest.fixture
def engine(home: Path) -> Iterator[EngineClient]:
    prewarm()
    client = EngineClient(home, "s1")
    assert client.receive().kind == "opened"
    yield client
    client.close()
    end_spares()


def at(raws: list[bytes], t: float) -> Mirror:
    mirror = Mirror()
    for raw in raws:
        event = decode_event(raw)
        if event.timestamp > t:
            break
        mirror.apply(event)
    return mirror


def test_seek_answers_with_the_state_of_that_instant(
    engine: EngineClient, session: Session, raws: list[bytes]
) -> None:
    page = Page()
    for share in (0.5, 0.1, 0.9, 0.3):
        t = session.start + share * session.duration
        engine.seek(0, t, page.rev)
        reply = engine.receive()
        assert (reply.kind, reply.t) == ("seek", t)
        page.apply(reply.body)
        page.check(at(raws, t))


def test_of_fifty_seeks_in_a_row_the_newest_wins(engine: EngineClient, session: Session, raws: list[bytes]) -> None:
    page = Page()
    numbers = [engine.seek(0, session.start + n / 50 * session.duration, page.rev) for n in range(50)]
    answered = []
    while not answered or answered[-1] != numbers[-1]:
        reply = engine.receive()
        answered.append(reply.request)
        page.apply(reply.body)
    assert len(answered) < len(numbers)
    page.check(at(raws, session.start + 49 / 50 * session.duration))


def test_play_goes_on_from_a_seek(engine: EngineClient, session: Session, raws: list[bytes]) -> None:
    page = Page()
    t0 = session.start + 0.2 * session.duration
    engine.seek(0, t0, None)
    page.apply(engine.receive().body)
    assert page.rev is not None
    engine.frames(0, t0, t0 + 5000, page.rev)
    batch = msgspec.json.decode(engine.receive().body)
    assert batch["until"] == t0 + 5000
    for frame in batch["frames"]:
        page.apply(msgspec.json.encode(frame))
    page.check(at(raws, t0 + 5000))


def test_state_as_data(engine: EngineClient, session: Session) -> None:
    state = engine.state(0, session.start + 0.3 * session.duration)
    assert state["url"].startswith("http://127.0.0.1")
    assert "<html" in state["html"]
    assert state["viewport"] == [1280, 800]


def test_a_tab_that_is_not_there_is_an_error_in_words(engine: EngineClient, session: Session) -> None:
    engine.seek(7, session.start, None)
    reply = engine.receive()
    assert reply.kind == "error"
    assert "no recording" in reply.message


def test_a_dead_process_is_an_error_in_words(home: Path) -> None:
    client = EngineClient(home, "s1")
    assert client.receive().kind == "opened"
    client._process.process.kill()
    with pytest.raises(SourceProblem, match="stopped"):
        client.receive()
    client.close()


def test_seeking_while_the_import_goes_on(tmp_path: Path, raws: list[bytes]) -> None:
    from replay_viewer.domain.session import Tab
    from replay_viewer.library import Library
    from replay_viewer.services.recorder import TabRecorder

    with Library.open(tmp_path) as library, library.writer("live", "test") as writer:
        tab = TabRecorder(writer, 0, "", patient=False)
        half = len(raws) // 2

        def take(some: list[bytes]) -> None:
            # Past the gathering, as a large file is: what came is in the library at the next commit.
            tab.take(tab._sorted([(raw, 1) for raw in some]))
            tab.flush()
            known = Tab(index=0, start=tab.start, end=tab.end)
            writer.update(Session(id="live", start=tab.start, end=tab.end, tabs=[known]))
            writer.commit()

        take(raws[:half])
        client = EngineClient(tmp_path, "live")
        try:
            assert client.receive().kind == "opened"
            page = Page()
            first_end = tab.end
            client.seek(0, first_end, None)
            page.apply(client.receive().body)
            page.check(at(raws, first_end))
            take(raws[half:])
            client.reload()
            assert client.receive().kind == "reloaded"
            for t in (tab.end, first_end - 5000, (first_end + tab.end) / 2):
                client.seek(0, t, page.rev)
                page.apply(client.receive().body)
                page.check(at(raws, t))
        finally:
            client.close()
