"""The schema: migrations make what the code describes, on SQLite and PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine

from replay_viewer.collector.database import _config, default_url, open_database
from replay_viewer.collector.schema import metadata
from replay_viewer.domain.errors import BadInput, NewerVersion, StorageProblem
from tests.postgres import Postgres


def _differences(engine: Engine) -> list[object]:
    def described(_thing: object, name: str | None, kind: str, *_rest: object) -> bool:
        # the index of words is each database's own; the migration makes it
        return not (kind in ("table", "index") and (name or "").startswith(("session_words_", "ix_session_words")))

    with engine.connect() as connection:
        options = {"include_object": described}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def test_migrations_make_the_schema(tmp_path: Path) -> None:
    engine = open_database(default_url(tmp_path))
    assert _differences(engine) == []
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    engine.dispose()
    open_database(default_url(tmp_path)).dispose()


@pytest.mark.postgresql
def test_migrations_make_the_schema_on_postgresql(postgres: Postgres) -> None:
    url = postgres.url()
    engine = open_database(url.replace("postgresql+psycopg", "postgresql"))
    assert _differences(engine) == []
    with engine.connect() as connection:
        assert int(connection.exec_driver_sql("SHOW server_version_num").scalar_one()) >= 150_000
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert connection.exec_driver_sql(f"SHOW {setting}").scalar() == "on"
    engine.dispose()
    open_database(url).dispose()


@pytest.mark.postgresql
def test_two_collectors_may_start_at_once_on_one_database(postgres: Postgres) -> None:
    url = postgres.url()
    with ThreadPoolExecutor(4) as pool:
        engines = list(pool.map(open_database, [url] * 4))
    assert _differences(engines[0]) == []
    for engine in engines:
        engine.dispose()


def test_migrations_go_back_and_forth(db: str | None, tmp_path: Path) -> None:
    engine = open_database(db or default_url(tmp_path))
    for target in ("base", "head"):
        with engine.begin() as connection:
            config = _config()
            config.attributes["connection"] = connection
            (command.downgrade if target == "base" else command.upgrade)(config, target)
    assert _differences(engine) == []
    engine.dispose()


def test_a_newer_database_is_left_alone(db: str | None, tmp_path: Path) -> None:
    url = db or default_url(tmp_path)
    engine = open_database(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    with pytest.raises(NewerVersion, match="newer"):
        open_database(url)


def test_what_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "collector.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(StorageProblem):
        open_database(default_url(tmp_path))
    for url in ("nonsense", "oracle9://x", "sqlite+nothing:///x"):
        with pytest.raises(BadInput):
            open_database(url)
    with pytest.raises(StorageProblem):
        open_database("sqlite:////nowhere/at/all/collector.db")
    with pytest.raises(StorageProblem):
        open_database(f"postgresql://x@/none?host={tmp_path}")
