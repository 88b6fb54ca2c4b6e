"""A PostgreSQL server of the tests' own: in a temporary folder, on a Unix socket only, gone with the test run.

Debian's `postgresql` brings the programs (`packaging/run.py test` installs it). The server keeps its durable defaults
(fsync, synchronous_commit): what the tests prove of an acknowledgement is proven of a server as people run it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

_TRIES = 600
_PR_SET_PDEATHSIG = 1


def programs() -> Path | None:
    """Folder of `initdb` and `postgres`, the newest version there is; None without any."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if found:
        return max(found, key=lambda path: int(path.parent.name))
    on_path = shutil.which("postgres")
    if on_path and shutil.which("initdb"):
        return Path(on_path).resolve().parent
    return None


class Postgres:
    """A running server. `url()` makes databases; all of them go with the server."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes], bin: Path) -> None:
        self.folder = folder
        self.process = process
        self._bin = bin
        self._template = ""

    def execute(self, statement: str) -> None:
        """Run one statement as the superuser on the server's own database."""
        import psycopg

        with psycopg.connect(f"host={self.folder} user=replay dbname=postgres", autocommit=True) as connection:
            connection.execute(statement.encode())

    def url(self, template: str = "") -> str:
        """SQLAlchemy URL of a fresh database (a copy of the database `template`, when named)."""
        name = "t" + secrets.token_hex(6)
        self.execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))
        return self.url_of(name)

    def url_of(self, name: str) -> str:
        """SQLAlchemy URL of the database `name`."""
        return f"postgresql+psycopg://replay@/{name}?host={self.folder}"

    def migrated(self) -> str:
        """URL of a fresh database that has the collector's schema already: a copy of one that was migrated once."""
        if not self._template:
            from replay_viewer.collector.database import open_database

            url = self.url()
            open_database(url).dispose()
            self._template = url.partition("@/")[2].partition("?")[0]
        return self.url(self._template)

    def drop(self, url: str) -> None:
        """Remove a database, whoever still uses it."""
        name = url.partition("@/")[2].partition("?")[0]
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _account() -> dict[str, Any]:
    """Whom the server runs as: PostgreSQL refuses root, so an account without rights then; {} for ourselves."""
    import pwd  # not there on Windows, where no server is started

    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return {"user": name, "group": pwd.getpwnam(name).pw_gid, "extra_groups": []}
    raise RuntimeError("PostgreSQL does not run as root, and there is no account “postgres” or “nobody”.")


def _dies_with_us() -> Callable[[], None] | None:
    """On Linux the server ends even when the test run is killed."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


@contextlib.contextmanager
def running(bin: Path) -> Iterator[Postgres]:
    """Start a server in a new folder; stop it and remove the folder at the end."""
    # A socket's path has 107 bytes at most, which pytest's own folders often exceed.
    folder = Path(tempfile.mkdtemp(prefix="rv-pg-"))
    account = _account()
    try:
        if account:
            shutil.chown(folder, account["user"])
        data = folder / "data"
        made = subprocess.run(
            [bin / "initdb", "-D", data, "-U", "replay", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
            capture_output=True,
            text=True,
            cwd=folder,
            **account,
        )
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stderr}")
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [bin / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "max_connections=60"],
                stdout=log,
                stderr=log,
                cwd=folder,
                preexec_fn=_dies_with_us(),
                **account,
            )
        server = Postgres(folder, process, bin)
        try:
            _wait(server)
            yield server
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(server: Postgres) -> None:
    import psycopg

    for _ in range(_TRIES):
        if server.process.poll() is not None:
            break
        try:
            server.execute("SELECT 1")
            return
        except psycopg.OperationalError:
            time.sleep(0.05)
    raise RuntimeError("PostgreSQL does not start: " + (server.folder / "log").read_text(errors="replace")[-2000:])


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for the whole run. Without PostgreSQL, what needs it fails on Linux and is skipped elsewhere."""
    bin = programs()
    if bin is None:
        why = "PostgreSQL is not installed: apt-get install postgresql (packaging/run.py test does that)."
        if sys.platform.startswith("linux"):
            pytest.fail(why + ' To leave these tests out on purpose: -m "not postgresql".')
        pytest.skip(why)
    with running(bin) as server:
        yield server
