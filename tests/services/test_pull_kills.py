"""A pull whose process is killed at random points and gone on with gives the same session; thousands of segments."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from benchmarks.kills import disturbed

from replay_viewer.services.jobs import end_spares
from replay_viewer.services.pull import pull
from tests.services.pulling import backend, content

SEGMENTS = 60


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What the session is when nobody kills anything."""
    home = tmp_path_factory.mktemp("whole")
    with backend(SEGMENTS) as source:
        return content(home, pull(home, source.url))


@pytest.mark.parametrize("seed", range(5))
def test_killed_and_gone_on_with(tmp_path: Path, undisturbed: dict[str, object], seed: int) -> None:
    try:
        made, _, again = disturbed(tmp_path, SEGMENTS, random.Random(seed))
    finally:
        end_spares()
    assert made == undisturbed
    # only what was under way when the process died: at most the sixteen asked for ahead
    assert again <= 3 * 17


def test_thousands_of_segments(tmp_path: Path) -> None:
    count = 2_000
    with backend(count) as source:
        session = pull(tmp_path, source.url)
        assert sorted(source.asked()) == list(range(count))
        assert source.server is not None
        assert source.server.most <= 9
    made = content(tmp_path, session)
    assert made["span"][2] == 2 + 3 * count + count // 5  # type: ignore[index]
