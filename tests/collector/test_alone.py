"""One collector works on a folder and a database; a second is told so, and limits say how they are counted."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from replay_viewer.collector.app import Collector
from replay_viewer.collector.limits import LimitSettings
from replay_viewer.collector.run import start
from replay_viewer.domain.errors import StorageProblem


def test_a_second_collector_is_refused_until_the_first_is_gone(tmp_path: Path, db: str | None) -> None:
    first = Collector(tmp_path / "c", db=db)
    with pytest.raises(StorageProblem, match="Another collector works in"):
        Collector(tmp_path / "c", db=db)
    if db is not None:
        with pytest.raises(StorageProblem, match="Another collector works on this database"):
            Collector(tmp_path / "other", db=db)
    first.close()
    first.close()
    Collector(tmp_path / "c", db=db).close()
    Collector(tmp_path / "other", db=db).close()


def test_health_says_how_limits_are_counted(tmp_path: Path) -> None:
    with start(tmp_path / "c", limits=LimitSettings(rate=600, quota=1 << 30)) as running:
        said = httpx.get(f"{running.url}/api/health", trust_env=False).json()["limits"]
    assert (said["rate"], said["quota"], said["max_body"]) == (600, 1 << 30, 32 << 20)
    assert "in memory" in said["counted"]
