"""Small recordings that exercise one feature each: any way to an instant gives the state of a first visit."""

from __future__ import annotations

import random

import msgspec
import pytest

from replay_viewer.recording import keyframe, patch
from replay_viewer.recording.events import decode_event
from replay_viewer.recording.mirror import Mirror
from replay_viewer.services.playback import Stage
from tests.data_dir import SHARED, needs_shared
from tests.recording.page import Page
from tests.stores import MemoryStore

RECORDINGS = sorted(path.stem for path in (SHARED / "rrweb-events").glob("*.json")) if SHARED else []

pytestmark = needs_shared


def _events(name: str) -> list[bytes]:
    assert SHARED is not None
    found = msgspec.json.decode((SHARED / "rrweb-events" / f"{name}.json").read_bytes(), type=list[msgspec.Raw])
    return sorted((bytes(raw) for raw in found), key=lambda raw: decode_event(raw).timestamp)


@pytest.mark.parametrize("name", RECORDINGS)
def test_seeks_play_and_keyframes(name: str) -> None:
    raws = _events(name)
    stage, page = Stage(MemoryStore(raws, step=3, per_chunk=5), "s"), Page()
    states, choice = stage.states(0), random.Random(name)
    t = states.start
    page.apply(patch.encode(stage.seek(0, t, None)))
    for _ in range(40):
        if choice.random() < 0.5 and t < states.end:
            until = t + choice.uniform(1, (states.end - states.start) / 4 + 2)
            for frame in stage.frames(0, t, until, step=16)["frames"]:
                page.apply(frame)
            t = until
        else:
            t = choice.uniform(states.start - 10, states.end + 10)
            page.apply(patch.encode(stage.seek(0, t, page.rev)))
        expected = Mirror()
        for raw in raws[: states.position_at(t)]:
            expected.apply(decode_event(raw))
        if expected.root is not None:
            page.check(expected)
            again = keyframe.decode(keyframe.encode(expected))
            assert again.nodes == expected.nodes
