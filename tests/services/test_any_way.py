"""Recordings of the shared data at recorded and random instants: however reached, the same state.

Cold (a new reader goes there), by play, and by seeks in random order, against one pass over all events. The small
ones in every run; `python -m tests.services.test_any_way [NAME…] [--instants N]` does it for all, however long.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from replay_viewer.library import Library
from replay_viewer.recording import keyframe, patch
from replay_viewer.recording.chunk import Chunk
from replay_viewer.recording.mirror import Mirror
from replay_viewer.services.importer import import_paths
from replay_viewer.services.playback import Stage
from replay_viewer.services.states import TabStates
from tests.data_dir import SHARED, needs_shared
from tests.recording.page import Page

#: Bytes on disk up to which a recording is gone through in every run.
_SMALL = 150_000
#: ms played before each instant.
_PLAYED = 1_500.0


def _source(folder: Path) -> Path:
    return folder / "events.json.gz" if (folder / "events.json.gz").exists() else folder / "raw"


def _size(source: Path) -> int:
    return sum(one.stat().st_size for one in ([source] if source.is_file() else source.rglob("*")) if one.is_file())


RECORDINGS = {one.name: _source(one) for one in sorted((SHARED / "sessions").iterdir())} if SHARED else {}
SMALL = [name for name, source in RECORDINGS.items() if 0 < _size(source) < _SMALL]


def _instants(library: Library, session: str, tab: int, many: int, choice: random.Random) -> list[float]:
    """Times of recorded custom events and of others, and times between."""
    chunks = [Chunk(library.blob(ref.blob)) for ref in library.chunks(session, tab)]
    times = np.concatenate([chunk.times for chunk in chunks])
    said = times[np.concatenate([chunk.types for chunk in chunks]) == 5].tolist()
    some = choice.sample(said, min(len(said), many)) + [choice.choice(times.tolist()) for _ in range(many)]
    between = [choice.uniform(float(times[0]) - 5, float(times[-1]) + 5) for _ in range(many)]
    return sorted({*some, *between, float(times[0]), float(times[-1])})


def _passed(library: Library, session: str, tab: int, instants: list[float]) -> Iterator[tuple[float, Mirror]]:
    """The state at each instant, from one pass over all events."""
    mirror, waiting = Mirror(), list(instants)
    for ref in library.chunks(session, tab):
        for event in Chunk(library.blob(ref.blob)).events(0, ref.events):
            while waiting and event.timestamp > waiting[0]:
                yield waiting.pop(0), mirror
            mirror.apply(event)
    for t in waiting:
        yield t, mirror


def _same(one: Mirror, other: Mirror) -> None:
    for name in (
        "root",
        "nodes",
        "inputs",
        "scrolls",
        "sheets",
        "constructed",
        "adopted",
        "url",
        "viewport",
        "media",
    ):
        assert getattr(one, name) == getattr(other, name), name


def examine(library: Library, session: str, many: int, seed: str) -> int:
    """Go through a session; how many instants were compared. Raises AssertionError where two ways differ."""
    choice, compared = random.Random(seed), 0
    for tab in library.session(session).tabs:
        instants = _instants(library, session, tab.index, many, choice)
        kept: dict[float, bytes] = {}
        player, played = Stage(library, session), Page()
        for t, expected in _passed(library, session, tab.index, instants):
            if expected.root is None:
                continue
            cold = TabStates(library, session, tab.index)
            _same(cold.go(cold.position_at(t)), expected)
            begin = t - _PLAYED
            made = player.seek(tab.index, begin, played.rev)
            played.apply(patch.encode(made))
            for frame in player.frames(tab.index, begin, t, step=100)["frames"]:
                played.apply(frame)
            played.check(expected)
            kept[t] = keyframe.encode(expected)
            compared += 1
        sought, page = Stage(library, session), Page()
        order = list(kept)
        choice.shuffle(order)
        for t in order:
            page.apply(patch.encode(sought.seek(tab.index, t, page.rev)))
            page.check(keyframe.decode(kept[t]))
    return compared


@needs_shared
@pytest.mark.parametrize("name", SMALL)
def test_every_way_leads_to_the_same_state(name: str, tmp_path: Path) -> None:
    ids = import_paths(tmp_path, [RECORDINGS[name]])
    with Library.open(tmp_path) as library:
        assert sum(examine(library, id, 2, name) for id in ids) > 3


def main() -> None:
    """All of them, or those named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--instants", type=int, default=20)
    options = parser.parse_args()
    failed = 0
    for name in options.names or RECORDINGS:
        with tempfile.TemporaryDirectory() as folder:
            ids = import_paths(Path(folder), [RECORDINGS[name]])
            with Library.open(Path(folder)) as library:
                try:
                    said = f"{sum(examine(library, id, options.instants, name) for id in ids)} instants"
                except AssertionError as error:
                    failed += 1
                    said = str(error)[:2_000]
        sys.stdout.write(f"{name}: {said}\n")
        sys.stdout.flush()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
