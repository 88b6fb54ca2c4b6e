"""Marks shared with a collector over loopback: a pull brings them, sharing gives them, both sides' changes stay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from replay_viewer.cli.main import main
from replay_viewer.collector.run import RunningCollector, start
from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.session import Marks
from replay_viewer.library import Library
from replay_viewer.services.importer import import_paths
from replay_viewer.services.pull import pull, refresh
from replay_viewer.services.sharing import share
from tests.collector.bodies import batch, sample


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningCollector]:
    with start(tmp_path / "collector") as made:
        made_at = httpx.post(f"{made.url}/api/replay/s1/events?key=k", content=batch("s1"), trust_env=False)
        assert made_at.status_code == 200
        yield made


def there(running: RunningCollector, **change: object) -> dict[str, object]:
    """The marks at the collector, changed before when asked for."""
    answer = httpx.post(f"{running.url}/api/v1/sessions/s1/marks", json=change, trust_env=False)
    assert answer.status_code == 200
    found: dict[str, object] = answer.json()
    return found


def here(home: Path) -> Marks:
    with Library.open(home) as library:
        return library.marks.of(["s1"]).get("s1", Marks())


def test_marks_travel_both_ways(running: RunningCollector, tmp_path: Path) -> None:
    home = tmp_path / "home"
    there(running, watched=1.7e12, add=["checkout", "vip"])
    pull(home, f"{running.url}/sessions/s1")
    assert here(home) == Marks(watched=1.7e12, tags=["checkout", "vip"])
    # each side adds and removes something; neither undoes what the other did
    with Library.open(home) as library:
        library.marks.change("s1", add=["mine"], remove=["checkout"])
    there(running, add=["theirs"], remove=["vip"])
    assert share(home, "s1") == Marks(watched=1.7e12, tags=["mine", "theirs"])
    assert here(home).tags == there(running)["tags"] == ["mine", "theirs"]
    there(running, watched=0, add=["later"], remove=["mine"])
    came = refresh(home, "s1")
    assert came.words == "Came: what the session was marked with."
    assert here(home) == Marks(tags=["later", "theirs"])
    assert refresh(home, "s1").words.startswith("Nothing new")


def test_by_command(running: RunningCollector, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = str(tmp_path / "home")
    assert main(["pull", f"{running.url}/sessions/s1", "--home", home]) == 0
    there(running, add=["theirs"])
    capsys.readouterr()
    assert main(["mark", "s1", "--tag", "mine", "--share", "--json", "--home", home]) == 0
    assert json.loads(capsys.readouterr().out)["s1"]["tags"] == ["mine", "theirs"]
    assert there(running)["tags"] == ["mine", "theirs"]
    running.stop()
    assert main(["mark", "s1", "--tag", "alone", "--share", "--home", home]) != 0
    assert "cannot be reached" in capsys.readouterr().err
    assert here(Path(home)).tags == ["alone", "mine", "theirs"]


def test_what_came_from_elsewhere_has_nobody_to_share_with(tmp_path: Path) -> None:
    [session] = import_paths(tmp_path, [sample("happy-path")])
    with pytest.raises(BadInput, match="not pulled"):
        share(tmp_path, session)
