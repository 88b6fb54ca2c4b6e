"""The schema: migrations make what the code describes, on SQLite and PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine

from replay_viewer.collector.database import default_url, open_database
from replay_viewer.collector.schema import metadata
from replay_viewer.domain.errors import BadInput, NewerVersion, StorageProblem


def _differences(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))


def test_migrations_make_the_schema(tmp_path: Path) -> None:
    engine = open_database(default_url(tmp_path))
    assert _differences(engine) == []
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    engine.dispose()
    open_database(default_url(tmp_path)).dispose()


def test_a_newer_database_is_left_alone(tmp_path: Path) -> None:
    engine = open_database(default_url(tmp_path))
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    with pytest.raises(NewerVersion, match="newer"):
        open_database(default_url(tmp_path))


def test_what_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "collector.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(StorageProblem):
        open_database(default_url(tmp_path))
    for url in ("nonsense", "oracle9://x", "sqlite+nothing:///x"):
        with pytest.raises(BadInput):
            open_database(url)
    with pytest.raises(StorageProblem):
        open_database("sqlite:////nowhere/at/all/collector.db")
