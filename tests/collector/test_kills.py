"""`kill -9` under a load of every protocol, on one folder that lives on: five times here, a hundred by the script."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))
from benchmarks.collector_kills import rounds


def test_five_kills_on_one_folder_lose_nothing(tmp_path: Path) -> None:
    known = rounds(tmp_path, None, times=5, seed=7, every=5)
    assert len(known) > 25
    assert {name.partition(" ")[0] for name in known.names} >= {"event", "item"}
