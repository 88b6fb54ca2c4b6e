"""A collector on loopback and a client, for every test of the HTTP side; on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from replay_viewer.collector.run import RunningCollector, start
from tests.collector.kept import Kept, kept_of
from tests.postgres import Postgres


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def db(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """What `--db` is given: nothing (SQLite in the collector's folder), then a PostgreSQL database of the test's own.

    Every test that uses it, or `collector`, or `client`, runs on both.
    """
    if request.param == "sqlite":
        yield None
        return
    server: Postgres = request.getfixturevalue("postgres")
    url = server.migrated()
    yield url
    server.drop(url)


@pytest.fixture
def collector(tmp_path: Path, db: str | None) -> Iterator[RunningCollector]:
    """An open collector with a folder and a database of its own."""
    with start(tmp_path / "collector", db=db) as running:
        yield running


@pytest.fixture
def client(collector: RunningCollector) -> Iterator[httpx.Client]:
    """A client whose base is that collector."""
    with httpx.Client(base_url=collector.url, trust_env=False, timeout=60) as made:
        yield made


@pytest.fixture
def kept(tmp_path: Path, db: str | None) -> Kept:
    """What that collector's database holds."""
    return kept_of(tmp_path / "collector", db)
