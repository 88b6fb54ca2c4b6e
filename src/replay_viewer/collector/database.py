"""Opens the collector's database and brings its schema up to date."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError, SQLAlchemyError

from replay_viewer.domain.errors import BadInput, NewerVersion, StorageProblem

_MIGRATIONS = Path(__file__).with_name("migrations")


def default_url(home: Path) -> str:
    """SQLAlchemy URL of the database a collector keeps in its own folder."""
    return f"sqlite:///{home / 'collector.db'}"


def open_database(url: str) -> Engine:
    """An engine on the database at `url` (SQLAlchemy's spelling), its schema created or migrated.

    Raises BadInput for a URL that is none, NewerVersion for a database of a later release, StorageProblem when the
    database refuses.
    """
    try:
        engine = create_engine(url)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise BadInput(
            "The database URL cannot be used.",
            "Write sqlite:///PATH or postgresql+psycopg://USER@HOST/NAME (with the extra “postgresql” installed).",
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite_connect)
    try:
        _migrate(engine)
    except NewerVersion:
        engine.dispose()
        raise
    except SQLAlchemyError as error:
        engine.dispose()
        reason = str(error.orig) if isinstance(error, DatabaseError) else str(error)
        raise StorageProblem(
            f"The collector's database cannot be opened: {reason}.", "Check that it is there and writable."
        ) from error
    return engine


def _sqlite_connect(connection: Any, _record: Any) -> None:
    """WAL for readers beside the writer; FULL so that a commit is on disk when it returns."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


def _migrate(engine: Engine) -> None:
    config = _config()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    with engine.begin() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
        if current is not None and current not in known:
            raise NewerVersion(
                "The collector's database was written by a newer Replay Viewer.",
                "Update Replay Viewer on this machine.",
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
