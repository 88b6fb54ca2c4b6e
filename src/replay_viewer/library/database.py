"""Opening the database file, transactions, and the schema's version.

Readers see a snapshot and never wait; writers take the write lock at their start (BEGIN IMMEDIATE), hold it for one
short transaction and wait for one another up to `_BUSY_S`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.engine import ExceptionContext

from replay_viewer.domain.errors import NewerVersion, StorageProblem
from replay_viewer.library import problems, schema
from replay_viewer.library.locks import FileLock

_BUSY_S = 15.0
_SHRINK_PAGES = 16_384
MIGRATIONS = Path(__file__).parent / "migrations"


class Database:
    """The SQLite file of a library: `read()` and `write()` give connections inside a transaction."""

    def __init__(self, home: Path) -> None:
        """Open `home`/library.db, creating and migrating it. Raises StorageProblem, NewerVersion."""
        self.home = home
        self._patience: float | None = None
        path = home / "library.db"
        # autocommit off the driver's hands: transactions are opened below, by BEGIN of the right sort
        self._engine = create_engine(
            f"sqlite+pysqlite:///{path}", connect_args={"timeout": _BUSY_S, "check_same_thread": False}
        )
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", self._begin)
        event.listen(self._engine, "handle_error", self._translate)
        self._writing: Engine = self._engine.execution_options(immediate=True)
        try:
            with problems.storage(home):
                self._bring_up(path)
        except BaseException:  # Ctrl+C too: nobody has the database yet who could close it; raised again
            self.close()
            raise

    def read(self) -> Connection:
        """Context manager: a Connection that sees one snapshot."""
        return self._engine.connect()

    def write(self) -> AbstractContextManager[Connection]:
        """Context manager: a Connection that holds the write lock; commits at the end, rolls back on an exception."""
        return self._writing.begin()

    def wait_at_most(self, seconds: float) -> None:
        """Wait for other writers no longer than this from now on (a window must not stand still)."""
        self._patience = seconds

    def _begin(self, connection: Connection) -> None:
        if self._patience is not None:
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {self._patience * 1000.0:.0f}")
        _begin(connection)

    def shrink(self) -> None:
        """Give free pages back to the file system, as far as that goes quickly."""
        with self.write() as connection:
            cursor = connection.connection.cursor()
            # the statement frees one page a step, so it must be stepped to its end
            cursor.execute(f"PRAGMA incremental_vacuum({_SHRINK_PAGES})").fetchall()

    def scrub(self) -> None:
        """Make what was deleted unreadable: full text segments merged, the file written anew, no log left.

        Takes a time that grows with the library, and room for a second copy of it. Raises StorageProblem.
        """
        with self.write() as connection:
            tables = (
                connection.exec_driver_sql(
                    "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%USING fts5%'"
                )
                .scalars()
                .all()
            )
            for name in tables:
                connection.exec_driver_sql(f"INSERT INTO {name}({name}) VALUES('optimize')")
        with self._engine.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            connection.rollback()
            try:
                raw.execute("VACUUM")
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            except sqlite3.Error as error:
                raise problems.of_database_error(error, self.home) or error from error

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _translate(self, context: ExceptionContext) -> None:
        problem = problems.of_database_error(context.original_exception, self.home)
        if problem is not None:
            raise problem from context.original_exception

    def _bring_up(self, path: Path) -> None:
        if path.exists() and self._version() == schema.HEAD:
            return
        with FileLock(self.home / "library.lock"):
            version = self._version()
            if version != schema.HEAD:
                self._migrate(version)

    def _version(self) -> str:
        """The schema's revision; '' for an empty database."""
        with self.read() as connection:
            there = connection.exec_driver_sql(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name IN ('alembic_version', 'sessions')"
            ).scalars()
            names = set(there)
            if not names:
                return ""
            if "alembic_version" not in names:
                raise StorageProblem(
                    f"{self.home / 'library.db'} is not a Replay Viewer library.",
                    "Choose another folder with --home.",
                )
            found: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
            return found or ""

    def _migrate(self, version: str) -> None:
        # alembic is slow to import and needed only here
        from alembic import command
        from alembic.config import Config
        from alembic.script import ScriptDirectory

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if version and version not in known:
            raise NewerVersion(
                "This library was written by a newer Replay Viewer than this one.",
                "Update Replay Viewer, or choose another library with --home.",
            )
        if not version:
            # both must be set outside a transaction, before the first table
            with self._engine.connect() as connection:
                raw: Any = connection.connection.dbapi_connection
                connection.rollback()
                try:
                    raw.execute("PRAGMA auto_vacuum = INCREMENTAL")
                    raw.execute("PRAGMA journal_mode = WAL")
                except sqlite3.Error as error:
                    raise problems.of_database_error(error, self.home) or error from error
        with self.write() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    for pragma in (
        "foreign_keys = ON",
        "synchronous = FULL",  # a commit is durable: blobs were synced before it
        "journal_size_limit = 67108864",
        "cache_size = -16384",
        "temp_store = MEMORY",
        "secure_delete = FAST",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def bulk_insert(connection: Connection, table: Table, values: Sequence[tuple[Any, ...]]) -> None:
    """Insert full rows (columns in the table's order) past SQLAlchemy's per-row work."""
    if not values:
        return
    marks = ", ".join("?" * len(table.columns))
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    connection.exec_driver_sql(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', list(values))  # noqa: S608
