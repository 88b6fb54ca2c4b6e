"""Opens the collector's database and brings its schema up to date."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError, SQLAlchemyError

from replay_viewer.domain.errors import BadInput, NewerVersion, StorageProblem

_MIGRATIONS = Path(__file__).with_name("migrations")
_OLDEST_POSTGRESQL = 15
#: Any number of our own: the name of the lock that migrations take.
_MIGRATION_LOCK = 7_305_831
#: And of the one that a running collector holds.
_COLLECTOR_LOCK = 7_305_832
#: A connection that the server closed is found out before it is used; a server that is not there is not waited for.
_OPTIONS: dict[str, dict[str, Any]] = {
    "postgresql": {
        "pool_pre_ping": True,
        "pool_size": 10,
        "max_overflow": 10,
        "connect_args": {"connect_timeout": 10, "application_name": "replay-viewer-collector"},
    }
}


def default_url(home: Path) -> str:
    """SQLAlchemy URL of the database a collector keeps in its own folder."""
    return f"sqlite:///{home / 'collector.db'}"


def open_database(url: str) -> Engine:
    """An engine on the database at `url` (SQLAlchemy's spelling), its schema created or migrated.

    Raises BadInput for a URL that is none, NewerVersion for a database of a later release, StorageProblem when the
    database refuses.
    """
    try:
        parsed = make_url(url)
        if parsed.drivername in ("postgres", "postgresql"):  # as people write it; the driver is ours to know
            parsed = parsed.set(drivername="postgresql+psycopg")
        engine = create_engine(parsed, **_OPTIONS.get(parsed.get_backend_name(), {}))
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise BadInput(
            "The database URL cannot be used.",
            "Write sqlite:///PATH or postgresql://USER@HOST/NAME (with the extra “postgresql” installed).",
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite_connect)
    else:
        event.listen(engine, "connect", _postgresql_connect)
    try:
        _check_version(engine)
        _migrate(engine)
    except (NewerVersion, BadInput):
        engine.dispose()
        raise
    except SQLAlchemyError as error:
        engine.dispose()
        reason = str(error.orig) if isinstance(error, DatabaseError) else str(error)
        raise StorageProblem(
            f"The collector's database cannot be opened: {reason}.", "Check that it is there and writable."
        ) from error
    return engine


def occupy(engine: Engine) -> Connection | None:
    """Make sure that no other collector works on this database; what holds it, to be let go of with `leave`.

    Two would keep bodies in two folders, and each would miss the other's. None on SQLite, whose file lies in the
    collector's own folder. Raises StorageProblem.
    """
    if engine.dialect.name != "postgresql":
        return None
    connection = engine.connect()
    taken = connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({_COLLECTOR_LOCK})").scalar_one()
    connection.commit()
    if not taken:
        connection.close()
        engine.dispose()
        raise StorageProblem(
            "Another collector works on this database.", "Stop it, or give this one a database of its own."
        )
    return connection


def leave(held: Connection | None) -> None:
    """Let go of the database: the connection is closed, and the lock with it."""
    if held is not None:
        held.detach()
        held.close()


@contextlib.contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that will write: on SQLite it has the lock before it reads, so that what it read stays true."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection


def _sqlite_connect(connection: Any, _record: Any) -> None:
    """WAL for readers beside the writer; FULL so that a commit is on disk when it returns; room for whole lists."""
    cursor = connection.cursor()
    durable = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000")
    # The default cache of 2 MB makes a walk over 100,000 sessions read each page many times.
    for pragma in (*durable, "cache_size=-32768", f"mmap_size={1 << 30}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _postgresql_connect(connection: Any, _record: Any) -> None:
    """A commit is on the server's disk when it returns, whatever the server's default is; nothing waits for ever."""
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = on")
        cursor.execute("SET lock_timeout = '30s'")
        cursor.execute("SET timezone = 'UTC'")
    connection.commit()


def _check_version(engine: Engine) -> None:
    if engine.dialect.name not in ("sqlite", "postgresql"):
        raise BadInput("The collector keeps its data in SQLite or PostgreSQL.", "Give one of these to --db.")
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            version = connection.exec_driver_sql("SHOW server_version_num").scalar_one()
        major = int(version) // 10_000
        if major < _OLDEST_POSTGRESQL:
            raise BadInput(
                f"The collector needs PostgreSQL {_OLDEST_POSTGRESQL}; this is version {major}.", "Update it."
            )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


def _migrate(engine: Engine) -> None:
    config = _config()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            # Two collectors that start at once on one database: the second waits, and finds the work done.
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
        current = MigrationContext.configure(connection).get_current_revision()
        if current is not None and current not in known:
            raise NewerVersion(
                "The collector's database was written by a newer Replay Viewer.",
                "Update Replay Viewer on this machine.",
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
