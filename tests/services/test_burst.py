"""25,000 nodes, 15,000 node additions a second for ten seconds, one event of 30 MB: memory and pictures stay few."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from replay_viewer.library import Library
from replay_viewer.recording import patch
from replay_viewer.recording.events import decode_event
from replay_viewer.recording.mirror import Mirror
from replay_viewer.services.playback import Stage
from tests.recording.page import Page
from tests.recording.test_mirror import T0, element, mutation, raw, snapshot, text

_NODES, _A_SECOND, _SECONDS, _STEPS = 25_000, 15_000, 10, 60
_LARGE = 30 << 20


def _recording() -> Iterator[bytes]:
    """A page of 25,000 nodes; sixty times a second 250 new ones replace those before; then a log of 30 MB."""
    rows = [element(n, "p", [text(n + 1, f"row {n}")]) for n in range(1_000, 1_000 + _NODES, 2)]
    yield raw(4, {"href": "https://big.test/", "width": 800, "height": 600})
    yield snapshot(element(10, "main", rows), element(11, "div"), element(12, "pre", [text(13, "")]))
    id = 100_000
    old: list[int] = []
    for n in range(_SECONDS * _STEPS):
        count = _A_SECOND // _STEPS
        adds = [{"parentId": 11, "nextId": None, "node": element(id + k, "i")} for k in range(count)]
        one = orjson.loads(mutation(adds=adds, removes=[{"id": gone, "parentId": 11} for gone in old]))
        one["timestamp"] = T0 + 1_000 + n * 1_000 / _STEPS
        old, id = [id + k for k in range(count)], id + count
        yield orjson.dumps(one)
    large = orjson.loads(mutation(texts=[{"id": 13, "value": "line of a log\n" * (_LARGE // 14)}]))
    yield orjson.dumps({**large, "timestamp": T0 + 1_000 + _SECONDS * 1_000})


_IMPORT = """
import sys
from pathlib import Path
from replay_viewer.services.importer import import_paths
(id,) = import_paths(Path(sys.argv[1]), [Path(sys.argv[2])])
# Not ru_maxrss: a process begins with the most its parent ever had, here that of the whole test run.
most = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(id, most)
"""


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, int]:
    """The library with the recording imported by a process of its own; how many MB that took at most."""
    folder = tmp_path_factory.mktemp("burst")
    (folder / "r.json").write_bytes(b"[" + b",".join(_recording()) + b"]")
    command = [sys.executable, "-c", _IMPORT, str(folder / "home"), str(folder / "r.json")]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout.split()
    return folder / "home", said[0], int(said[1]) // 1024


def test_an_import_keeps_its_memory(stored: tuple[Path, str, int]) -> None:
    # An event is taken whole: what one of 30 MB costs while it is read, kept and compressed is part of it.
    assert stored[2] < 600


def test_play_leaves_out_pictures_and_arrives_at_the_same_page(stored: tuple[Path, str, int]) -> None:
    home, id, _ = stored
    with Library.open(home) as library:
        stage, page = Stage(library, id), Page()
        start = T0 + 1_000.0
        page.apply(patch.encode(stage.seek(0, start, None)))
        shown = start
        pictures = 0
        for second in range(1, _SECONDS):
            # At 16 times, a picture every 16 ms is one every 256 ms of the recording.
            batch = stage.frames(0, shown, start + second * 1_000, step=256)
            pictures += len(batch["frames"])
            assert sum(len(frame) for frame in batch["frames"]) < 4 << 20
            for frame in batch["frames"]:
                page.apply(frame)
            shown = start + second * 1_000
        assert pictures <= (_SECONDS - 1) * 5
        expected = Mirror()
        for one in _recording():
            event = decode_event(one)
            if event.timestamp <= shown:
                expected.apply(event)
        page.check(expected)


def test_seeks_into_the_burst_cost_what_changed(stored: tuple[Path, str, int]) -> None:
    home, id, _ = stored
    with Library.open(home) as library:
        stage = Stage(library, id)
        made = stage.seek(0, T0 + 5_000.0, None)
        for t in (T0 + 9_000.0, T0 + 2_000.0, T0 + 6_000.0):
            made = stage.seek(0, t, made["rev"])
            # Against 25,000 nodes that stand still: only what came and went is sent.
            assert "reset" not in made
            assert len(made.get("nodes", ())) <= _A_SECOND // _STEPS
            assert len(patch.encode(made)) < 1 << 20
