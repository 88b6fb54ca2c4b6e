"""A library in a folder of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from replay_viewer.library import Library


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder for a library."""
    return tmp_path / "home"


@pytest.fixture
def library(home: Path) -> Iterator[Library]:
    """An empty library."""
    with Library.open(home) as one:
        yield one
