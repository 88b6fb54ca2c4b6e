"""Broken and hostile events: importing and seeking go on, and what is no event is counted."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import orjson
import pytest

from replay_viewer.library import Library
from replay_viewer.recording import patch
from replay_viewer.recording.events import decode_event
from replay_viewer.recording.mirror import Mirror
from replay_viewer.services.playback import Stage
from tests.recording.test_mirror import element, mutation, raw, snapshot, text
from tests.sessions import store_session

_ODD: list[Any] = [
    *(None, True, False, 0, -1, 1, 3, 4, 2**31, -(2**63), 2**63, 1e308, 0.5, "", "x", "1", "\ud83e"),
    *([], {}, [None], [[]], {"id": 4}, {"rule": None}, [{}], "\x00", "<script>", "9" * 400),
]


def _base(choice: random.Random, t: int) -> dict[str, Any]:
    made = [
        snapshot(element(10, "input", value="a"), element(12, "style", [text(13, "a{}")]), element(14, "select")),
        mutation(
            adds=[{"parentId": 4, "nextId": 10, "node": element(choice.randint(1, 40), "div")}],
            removes=[{"id": choice.randint(1, 40), "parentId": 4}],
            texts=[{"id": 13, "value": "b{}"}],
            attributes=[{"id": 10, "attributes": {"class": "x", "style": {"color": "red"}}}],
        ),
        raw(3, {"source": 5, "id": 10, "text": "b", "isChecked": False}),
        raw(3, {"source": 3, "id": 4, "x": 0, "y": 40}),
        raw(3, {"source": 8, "id": 12, "adds": [{"rule": "a{}", "index": [0, 1]}], "removes": [{"index": 0}]}),
        raw(3, {"source": 13, "id": 12, "index": [0], "set": {"property": "a", "value": "b"}}),
        raw(3, {"source": 15, "id": 1, "styleIds": [1], "styles": [{"styleId": 1, "rules": [{"rule": "b{}"}]}]}),
        raw(3, {"source": 2, "type": 2, "id": 10, "x": 5, "y": 6}),
        raw(3, {"source": 1, "positions": [{"x": 1, "y": 2, "id": 4, "timeOffset": -10}]}),
        raw(3, {"source": 7, "id": 10, "type": 0, "currentTime": 1}),
        raw(3, {"source": 9, "id": 10, "type": 0, "commands": [{"property": "fillRect", "args": [1, 2]}]}),
        raw(3, {"source": 14, "ranges": [{"start": 4, "startOffset": 0, "end": 4, "endOffset": 1}]}),
        raw(4, {"href": "http://a/", "width": 100, "height": 100}),
        raw(5, {"tag": "performanceSpan", "payload": {"op": "navigation.push", "description": "http://b/"}}),
        raw(6, {"plugin": "rrweb/console@1", "payload": {"level": "log", "payload": ["1"], "trace": []}}),
    ]
    event: dict[str, Any] = orjson.loads(choice.choice(made))
    event["timestamp"] = t
    return event


def _spoil(choice: random.Random, value: Any, depth: int = 0) -> Any:
    """The value with something in it replaced, left out, doubled or nested."""
    if isinstance(value, dict) and value and choice.random() < 0.9:
        key = choice.choice(list(value))
        kind = choice.random()
        if kind < 0.1 and depth:
            del value[key]
        elif kind < 0.3 and depth:
            value[key] = choice.choice(_ODD)
        else:
            value[key] = _spoil(choice, value[key], depth + 1)
        return value
    if isinstance(value, list) and value and choice.random() < 0.8:
        n = choice.randrange(len(value))
        if choice.random() < 0.2:
            return value * choice.randint(2, 4)
        value[n] = _spoil(choice, value[n], depth + 1)
        return value
    return choice.choice(_ODD)


def _events(seed: int, many: int) -> list[bytes]:
    choice = random.Random(seed)
    made = [snapshot(element(10, "input"), element(12, "style", [text(13, "a{}")]))]
    t = orjson.loads(made[0])["timestamp"]
    for n in range(many):
        event = _base(choice, t + n)
        for _ in range(choice.randint(0, 3)):
            event = _spoil(choice, event)
        try:
            made.append(orjson.dumps(event))
        except (TypeError, orjson.JSONEncodeError):
            continue
    return made


def _sound(raws: list[bytes]) -> list[bytes]:
    sound = []
    for one in raws:
        try:
            decode_event(one)
        except ValueError:
            continue
        sound.append(one)
    return sound


@pytest.mark.parametrize("seed", range(120))
def test_a_mirror_takes_whatever_decodes(seed: int) -> None:
    mirror = Mirror()
    shown = None
    for one in _sound(_events(seed, 60)):
        mirror.apply(decode_event(one))
        patch.encode(patch.diff(shown, mirror))
        shown = patch.Shown(mirror)
        for node in mirror.nodes.values():
            assert node.id == mirror.root or node.parent in mirror.nodes


@pytest.mark.parametrize("seed", range(12))
def test_import_and_seek_go_on(seed: int, tmp_path: Path) -> None:
    raws = [*_events(1000 + seed, 150), b"null", b"[]", b"{", b'{"type":2}', b"\xff"]
    session = store_session(tmp_path, raws)
    library = Library.open(tmp_path)
    try:
        stage = Stage(library, session.id)
        states, choice = stage.states(0), random.Random(seed)
        for _ in range(20):
            patch.encode(stage.seek(0, choice.uniform(states.start - 5, states.end + 5), stage.rev or None))
    finally:
        library.close()
