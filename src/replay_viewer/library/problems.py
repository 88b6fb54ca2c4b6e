"""What the disk and the database refuse, said in one sentence that a person understands."""

from __future__ import annotations

import contextlib
import errno
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from replay_viewer.domain.errors import StorageProblem

_FREE = "Free some space there and try again; nothing was half-written."
_READ_ONLY = "Check the folder's permissions, or choose another with --home."

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_REFUSED = {errno.EROFS, errno.EACCES, errno.EPERM}


def of_os_error(error: OSError, home: Path) -> StorageProblem:
    """The problem an OSError below `home` stands for."""
    if error.errno in _FULL:
        return StorageProblem(f"The disk that holds {home} is full.", _FREE)
    if error.errno in _REFUSED:
        return StorageProblem(f"The library in {home} cannot be written to.", _READ_ONLY)
    reason = error.strerror or type(error).__name__
    return StorageProblem(f"The library in {home} cannot be used: {reason}.", "Check the disk, or use --home.")


def of_database_error(error: BaseException, home: Path) -> StorageProblem | None:
    """The problem a database error stands for, or None when it is our own mistake and should surface as such."""
    if not isinstance(error, sqlite3.Error):
        return None
    name = getattr(error, "sqlite_errorname", None) or ""
    if name.startswith("SQLITE_FULL"):
        return StorageProblem(f"The disk that holds {home} is full.", _FREE)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StorageProblem(
            f"The library in {home} is busy: another program is writing to it.", "Try again in a moment."
        )
    if name.startswith(("SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH")):
        return StorageProblem(f"The library in {home} cannot be written to.", _READ_ONLY)
    if name.startswith("SQLITE_CANTOPEN"):
        return StorageProblem(f"The library in {home} cannot be opened.", _READ_ONLY)
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return StorageProblem(
            f"The library in {home} is damaged.", "Move the folder away and import the sessions again, or use --home."
        )
    if name.startswith("SQLITE_IOERR"):
        return StorageProblem(
            f"The disk that holds {home} failed while the library was read or written.",
            "Check that it has space left and is healthy, then try again.",
        )
    return None


@contextlib.contextmanager
def storage(home: Path) -> Iterator[None]:
    """Turn OSErrors of the block into StorageProblem."""
    try:
        yield
    except OSError as error:
        raise of_os_error(error, home) from error
