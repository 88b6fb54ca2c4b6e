"""Append-only storage of raw bodies behind one small interface: append, sync, read.

One file per session, named by the hash of its id (an id is the sender's text and never a path). A body counts only
once the database row that points at it is committed, so a tail left by a crash is dead bytes, never a broken body.
"""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from replay_viewer.domain.errors import StorageProblem

#: End of the names of blobs that are being removed.
_ASIDE = ".gone"


class Blobs(Protocol):
    """What the store needs of a place for bodies; an object store can take its place."""

    def append(self, session: str, data: bytes) -> tuple[str, int]:
        """Add `data` to what is kept of `session`; answers (blob name, offset). Not durable before `sync`."""

    def sync(self) -> None:
        """Make everything appended since the last call durable."""

    def forget(self) -> None:
        """What was appended since the last `sync` is given up: its rows were not committed."""

    def erase(self, blob: str, offset: int, length: int) -> None:
        """Overwrite a body with zeros, durably. Raises StorageProblem."""

    def read(self, blob: str, offset: int, length: int) -> bytes:
        """The bytes at that place. Raises StorageProblem when they are not there."""


#: Files synced at the same time.
_SYNCS = 16


class FileBlobs:
    """Bodies in files of one folder. Appending is for one thread at a time; reading for any."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._dirty: dict[str, int] = {}
        self._new_folders: set[Path] = set()
        folder.mkdir(parents=True, exist_ok=True)
        self._pool = ThreadPoolExecutor(_SYNCS, thread_name_prefix="collector-sync")

    @staticmethod
    def name(session: str) -> str:
        """Name of the blob of a session ('': of what belongs to none)."""
        digest = hashlib.sha256(session.encode()).hexdigest()
        return f"{digest[:2]}/{digest[2:40]}"

    def append(self, session: str, data: bytes) -> tuple[str, int]:
        """See `Blobs`."""
        name = self.name(session)
        try:
            descriptor = self._dirty.get(name)
            if descriptor is None:
                descriptor = self._dirty[name] = self._open(self._folder / name)
            offset = os.lseek(descriptor, 0, os.SEEK_END)
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
        except OSError as error:
            raise StorageProblem(f"A body could not be stored: {error.strerror}.", "Free some disk space.") from error
        return name, offset

    def _open(self, path: Path) -> int:
        if not path.parent.exists():
            path.parent.mkdir(exist_ok=True)
            self._new_folders.add(self._folder)
        if not path.exists():
            self._new_folders.add(path.parent)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600)

    def sync(self) -> None:
        """See `Blobs`. File contents first, then the folders whose entries are new."""
        try:
            # At once: the file system puts syncs that wait together into one write of its journal.
            list(self._pool.map(os.fsync, self._dirty.values()))
            for folder in self._new_folders:
                _sync_folder(folder)
        except OSError as error:
            raise StorageProblem(f"Bodies could not be stored: {error.strerror}.", "Check the disk.") from error
        finally:
            self._close()

    def _close(self) -> None:
        for descriptor in self._dirty.values():
            os.close(descriptor)
        self._dirty.clear()
        self._new_folders.clear()

    def forget(self) -> None:
        """See `Blobs`."""
        self._close()

    def close(self) -> None:
        """Nothing is appended any more."""
        self._pool.shutdown()

    def erase(self, blob: str, offset: int, length: int) -> None:
        """Overwrite a body with zeros, durably. What is not there is erased already."""
        try:
            with (self._folder / blob).open("r+b") as file:
                file.seek(0, os.SEEK_END)
                length = max(0, min(length, file.tell() - offset))
                file.seek(offset)
                file.write(bytes(length))
                file.flush()
                os.fsync(file.fileno())
        except FileNotFoundError:
            return
        except OSError as error:
            raise StorageProblem(f"A body could not be erased: {error.strerror}.", "Check the disk.") from error

    def put_aside(self, blob: str) -> bool:
        """Take a blob out of the way, to be removed or restored; False when there is none."""
        path = self._folder / blob
        try:
            os.replace(path, path.with_name(path.name + _ASIDE))
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StorageProblem(f"A body could not be removed: {error.strerror}.", "Check the disk.") from error
        return True

    def set_aside(self) -> list[str]:
        """Names of the blobs that are out of the way."""
        return [
            str(path.relative_to(self._folder).with_name(path.name.removesuffix(_ASIDE)))
            for path in self._folder.glob("*/*" + _ASIDE)
        ]

    def restore(self, blob: str) -> None:
        """Put a blob back that was put aside, unless a new one has begun in its place."""
        path = self._folder / blob
        aside = path.with_name(path.name + _ASIDE)
        if not path.exists():
            os.replace(aside, path)

    def remove(self, blob: str) -> None:
        """Remove what was put aside, for good."""
        path = self._folder / (blob + _ASIDE)
        path.unlink(missing_ok=True)
        _sync_folder(path.parent)

    def read(self, blob: str, offset: int, length: int) -> bytes:
        """See `Blobs`."""
        try:
            with (self._folder / blob).open("rb") as file:
                file.seek(offset)
                data = file.read(length)
        except OSError as error:
            raise StorageProblem(
                f"A stored body cannot be read: {error.strerror}.", "Restore the collector's folder."
            ) from error
        if len(data) != length:
            raise StorageProblem("A stored body is shorter than it was.", "Restore the collector's folder.")
        return data


def _sync_folder(folder: Path) -> None:
    """Make new entries of a folder durable, where the system has a way to."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
