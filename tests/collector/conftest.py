"""A collector on loopback and a client, for every test of the HTTP side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from replay_viewer.collector.run import RunningCollector, start


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[RunningCollector]:
    """An open collector with a folder of its own."""
    with start(tmp_path / "collector") as running:
        yield running


@pytest.fixture
def client(collector: RunningCollector) -> Iterator[httpx.Client]:
    """A client whose base is that collector."""
    with httpx.Client(base_url=collector.url, trust_env=False) as made:
        yield made
