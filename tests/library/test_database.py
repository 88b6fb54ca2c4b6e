from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from replay_viewer.domain.errors import StorageProblem
from replay_viewer.library import Library, database, home_dir, schema
from tests.library.samples import START, files, fill, rows, session


def test_the_newest_revision_is_the_known_one() -> None:
    config = Config()
    config.set_main_option("script_location", str(database.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == schema.HEAD


def test_the_migrated_schema_is_the_declared_one(library: Library) -> None:
    indexes = ("text_index", "session_index", "page_index")
    with library.database.read() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"include_name": lambda name, kind, _: not (name or "").startswith(indexes)},
        )
        assert compare_metadata(context, schema.metadata) == []


def test_durable_and_concurrent(library: Library) -> None:
    with library.database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


def test_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert home_dir(str(tmp_path)) == tmp_path
    monkeypatch.setenv("REPLAY_VIEWER_HOME", str(tmp_path / "x"))
    assert home_dir() == tmp_path / "x"
    monkeypatch.delenv("REPLAY_VIEWER_HOME")
    assert home_dir().name == "replay-viewer"


def test_busy(library: Library, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setattr(database, "_BUSY_S", 0.05)
    with Library.open(home) as other, library.database.write(), pytest.raises(StorageProblem, match="busy"):
        other.put_setting("a", 1)


def test_read_only(library: Library) -> None:
    fill(library)
    with library.database.read() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")
    with pytest.raises(StorageProblem, match="cannot be written"):
        library.put_setting("a", 1)
    with library.database.read() as connection:
        connection.exec_driver_sql("PRAGMA query_only = OFF")
    assert library.session("s1")


def test_a_damaged_database(home: Path) -> None:
    with Library.open(home) as library:
        fill(library)
    path = home / "library.db"
    path.write_bytes(path.read_bytes()[:4096] + b"\xff" * (path.stat().st_size - 4096))
    with pytest.raises(StorageProblem, match="damaged"), Library.open(home) as library:
        library.sessions()


def test_our_own_mistakes_are_no_storage_problem(library: Library) -> None:
    with pytest.raises(Exception, match="no such table") as error, library.database.read() as connection:
        connection.exec_driver_sql("SELECT * FROM no_such")
    assert not isinstance(error.value, StorageProblem)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MB; skipped where none can be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    done = mount and subprocess.run([mount, "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder], capture_output=True)
    if not done or done.returncode:
        pytest.skip("needs the right to mount a tmpfs")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("what", ["blobs", "rows"])
def test_a_full_disk(small_disk: Path, what: str) -> None:
    noise = random.Random(1)
    (small_disk / "filler").write_bytes(bytes(7 << 20))
    with Library.open(small_disk / "home") as library:
        fill(library)
        library.put_setting("kept", True)
        before = files(library)
        with pytest.raises(StorageProblem, match="full") as error, library.writer("s2", "") as writer:  # noqa: PT012
            for i in range(100):
                if what == "blobs":
                    writer.chunk(0, i, 1, START, START, noise.randbytes(100_000))
                else:
                    writer.rows(rows() * 500)
                writer.update(session("s2"))
                writer.commit()
        assert error.value.advice
        assert [one.id for one in library.sessions()] == ["s1"]
        assert library.setting("kept") is True
        (small_disk / "filler").unlink()
        library.tidy()  # somebody made room
        assert files(library) == before
        assert len(library.rows("s1", "console")) == 3
        fill(library, "s3")
    with Library.open(small_disk / "home") as library:
        assert library.count() == 2


def test_a_full_disk_at_creation(small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(b"x" * (16 << 20))
    with pytest.raises(StorageProblem, match="full"):
        Library.open(small_disk / "home")
