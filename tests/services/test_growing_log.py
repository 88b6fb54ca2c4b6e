"""A log of 20,000 lines that is resent whole with every hundred: what is kept of it stays near its own length."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from replay_viewer.library import Library
from replay_viewer.recording.chunk import LARGE
from replay_viewer.recording.events import decode_event
from replay_viewer.recording.mirror import Mirror
from replay_viewer.services.playback import Stage
from replay_viewer.services.search import search
from tests.recording.test_mirror import T0, element, mutation, raw, snapshot, text
from tests.sessions import store_session

_LINES, _STEP = 20_000, 100


def _recording() -> Iterator[bytes]:
    yield raw(4, {"href": "https://a.test/", "width": 800, "height": 600})
    yield snapshot(element(10, "pre", [text(11, "start")]))
    pick = random.Random(1)
    lines = []
    for n in range(1, _LINES + 1):
        lines.append(f"step {n} loss={pick.random():.6f} batch={pick.randrange(10**6)} ok\n")
        if n % _STEP == 0:
            one = orjson.loads(mutation(texts=[{"id": 11, "value": "".join(lines)}]))
            yield orjson.dumps({**one, "timestamp": T0 + n * 20})


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, int, int]:
    """The library with it, the session, bytes recorded in all, bytes of the last event."""
    home = tmp_path_factory.mktemp("grown") / "home"
    raws = list(_recording())
    return home, store_session(home, raws).id, sum(map(len, raws)), len(raws[-1])


def test_index_and_chunks_stay_small(grown: tuple[Path, str, int, int]) -> None:
    home, id, recorded, last = grown
    assert recorded > 90 * last
    stored = sum(path.stat().st_size for path in (home / "blobs").rglob("*") if path.is_file())
    # keyframes lie a few of these events apart, for quick seeks, and each holds the log as it was
    assert stored < recorded / 7
    with Library.open(home) as library:
        library.read_pages()
        with library.database.read() as connection:
            count, characters, intervals = connection.exec_driver_sql(
                "SELECT count(*), sum(length(text)), sum(length(intervals)) FROM page_texts"
            ).one()
        assert count < _LINES / 10
        assert characters < 1.2 * last
        assert intervals < last
        (answer,) = search(library, '"step 15001"', session=id)
        (found,) = answer.texts
        # on the page from the hundred it came with to the end
        assert [(one.start, one.end) for one in found.appearances] == [(T0 + 15_100 * 20, -1)]
        assert found.appearances[0].selector == "body > pre"


def test_a_seek_reads_no_more_than_a_few_of_its_events(grown: tuple[Path, str, int, int]) -> None:
    home, id, _, last = grown
    with Library.open(home) as library:
        assert all(len(library.blob(ref.blob)) < LARGE + 2 * last for ref in library.chunks(id, 0))
        states = Stage(library, id).states(0)
        at = states.seek(T0 + 15_150 * 20)
        expected = Mirror()
        for one in _recording():
            event = decode_event(one)
            if event.timestamp <= T0 + 15_150 * 20:
                expected.apply(event)
        assert at.nodes[11].text == expected.nodes[11].text
