"""Real recordings, broken: fields spoiled, ids swapped, events lost, doubled and out of order. Nothing stops.

A few in every run; `python -m tests.recording.test_fuzz_recordings [--seeds N]` for as many as there is time for.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

import orjson
import pytest

from replay_viewer.library import Library
from replay_viewer.recording import patch
from replay_viewer.services.playback import Stage
from tests.data_dir import SHARED, needs_shared
from tests.recording.test_fuzz import _spoil
from tests.sessions import store_session
from tests.stores import rrweb_events

#: Small ones of many kinds: forms, touch, frames, shadow roots, style rules.
NAMES = ("shop_crash_rrweb", "shop_touch_rrweb", "torture_rrweb", "iframes_rrweb", "shoelace_shadow_rrweb")
_SOURCES = [*(SHARED / "rrweb-events").glob("*.json")] if SHARED else []


def _real(choice: random.Random) -> list[bytes]:
    if choice.random() < 0.5:
        return rrweb_events(choice.choice(NAMES))[:250]
    return [orjson.dumps(one) for one in orjson.loads(choice.choice(sorted(_SOURCES)).read_bytes())]


def _swapped(choice: random.Random, value: Any) -> Any:
    """Some ids are those of other nodes."""
    if isinstance(value, dict):
        return {
            key: choice.randint(0, 60)
            if key in ("id", "parentId", "nextId", "rootId") and choice.random() < 0.1
            else _swapped(choice, one)
            for key, one in value.items()
        }
    return [_swapped(choice, one) for one in value] if isinstance(value, list) else value


def broken(seed: int) -> list[bytes]:
    """A real recording with much in it broken."""
    choice = random.Random(seed)
    events: list[bytes] = []
    for one in _real(choice):
        kind = choice.random()
        if kind < 0.04:
            continue
        made = one
        if kind < 0.25:
            made = orjson.dumps(_swapped(choice, orjson.loads(one)))
        elif kind < 0.45:
            value = orjson.loads(one)
            for _ in range(choice.randint(1, 3)):
                value = _spoil(choice, value)
            try:
                made = orjson.dumps(value)
            except TypeError:
                continue
        elif kind < 0.48:
            made = one[: choice.randrange(len(one))]
        events.append(made)
        if kind > 0.97:
            events.insert(choice.randrange(len(events)), made)
    return events


def go_through(seed: int, home: Path) -> None:
    """Record it, read its pages, seek and play. What raises here, stops a person."""
    session = store_session(home, broken(seed))
    choice = random.Random(seed)
    with Library.open(home) as library:
        library.read_pages()
        if not library.chunks(session.id, 0):
            return
        stage = Stage(library, session.id)
        states = stage.states(0)
        span = min(states.end - states.start, 60_000.0)
        for _ in range(8):
            t = states.start + choice.uniform(-5, span + 5)
            patch.encode(stage.seek(0, t, stage.rev or None))
            stage.frames(0, t, t + 500, step=50)


@needs_shared
@pytest.mark.parametrize("seed", range(10, 20))
def test_broken_recordings_go_on(seed: int, tmp_path: Path) -> None:
    go_through(seed, tmp_path)


def main() -> None:
    """Many more."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1_000)
    parser.add_argument("--from", type=int, default=1_000, dest="first")
    options = parser.parse_args()
    failed = 0
    for seed in range(options.first, options.first + options.seeds):
        with tempfile.TemporaryDirectory() as folder:
            try:
                go_through(seed, Path(folder))
            except Exception as error:
                failed += 1
                sys.stdout.write(f"seed {seed}: {type(error).__name__}: {error}\n")
                sys.stdout.flush()
    sys.stdout.write(f"{options.seeds} recordings, {failed} stopped\n")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
