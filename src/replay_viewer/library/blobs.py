"""Blobs: content-addressed zstd files, `blobs/ab/ab34…` named by the SHA-256 of what is inside, unpacked.

A file appears under its name only complete and synced (temporary file, fsync, rename), and the database refers to it
only after its folder was synced too. So a crash leaves files nobody refers to, never references to nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import uuid
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import zstandard

from replay_viewer.domain.errors import StorageProblem
from replay_viewer.library import problems

#: zstd level: 3 packs events 20 to 30:1 at several hundred MB/s.
_LEVEL = 3
#: No blob is larger, unpacked: a chunk or keyframe that claims more is damage or an attack.
MAX_BLOB = 1 << 30
#: Bytes handed to the writer threads that are not on disk yet.
_IN_FLIGHT = 48 << 20


#: Folders synced at the same time.
_SYNCS = 16
#: Bytes unpacked at once where one part is looked at while the next is unpacked.
_PART = 4 << 20


def _damaged() -> StorageProblem:
    return StorageProblem("A piece of this session is damaged in the library.", "Import or pull the session again.")


class BlobStore:
    """The blobs below one folder. Reading is stateless; writing goes through a `BlobWriter`."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / "blobs"
        self._unpack = zstandard.ZstdDecompressor()

    def path(self, digest: str) -> Path:
        """Where the blob lies (or would lie)."""
        return self.folder / digest[:2] / digest

    def packed(self, digest: str) -> bytes:
        """The stored zstd frame, checked against its digest. Raises StorageProblem when missing or damaged."""
        stored = self._read(digest)
        self._check(digest, stored)
        return stored

    def read(self, digest: str) -> bytes:
        """The content, checked against damage. Raises StorageProblem when missing or damaged.

        A frame with a checksum of its own is taken at its word: the digest of a megabyte takes as long as unpacking
        it, at each seek to where nobody was before.
        """
        stored = self._read(digest)
        with contextlib.suppress(zstandard.ZstdError):
            frame = zstandard.get_frame_parameters(stored)
            if frame.has_checksum and frame.content_size <= MAX_BLOB:
                return self._unpack.decompress(stored)
        return self._check(digest, stored)

    def parts(self, digest: str) -> Iterator[bytes]:
        """The content in parts, the next one being unpacked in a thread while one is looked at.

        Raises StorageProblem when missing or damaged, which may show only after the last part.
        """
        stored = self._read(digest)
        try:
            frame = zstandard.get_frame_parameters(stored)
        except zstandard.ZstdError:
            frame = None
        if frame is None or not frame.has_checksum or frame.content_size > MAX_BLOB:
            yield self._check(digest, stored)
            return
        reader, left = zstandard.ZstdDecompressor().stream_reader(stored), frame.content_size
        with ThreadPoolExecutor(1, "unpack") as pool:
            coming = pool.submit(reader.read, _PART)
            while True:
                try:
                    part = coming.result()
                except zstandard.ZstdError:
                    part = b""
                left -= len(part)
                if not part:
                    break
                coming = pool.submit(reader.read, _PART)
                yield part
        if left:
            raise _damaged()

    def is_good(self, digest: str) -> bool:
        """Whether the blob is there and undamaged."""
        try:
            self.packed(digest)
        except StorageProblem:
            return False
        return True

    def _read(self, digest: str) -> bytes:
        try:
            return self.path(digest).read_bytes()
        except FileNotFoundError as error:
            raise StorageProblem(
                "A piece of this session is missing from the library.", "Import or pull the session again."
            ) from error
        except OSError as error:
            raise problems.of_os_error(error, self.home) from error

    def _check(self, digest: str, stored: bytes) -> bytes:
        content: bytes = b""
        with contextlib.suppress(zstandard.ZstdError):
            if 0 <= zstandard.frame_content_size(stored) <= MAX_BLOB:
                content = self._unpack.decompress(stored)
        if hashlib.sha256(content).hexdigest() != digest:
            raise _damaged()
        return content

    def files(self) -> Iterator[Path]:
        """Every blob file, and every temporary file a writer left or is writing."""
        for folder in sorted(self.folder.iterdir()) if self.folder.is_dir() else ():
            if folder.is_dir():
                yield from sorted(folder.iterdir())


class BlobWriter:
    """Writes blobs in threads of its own: compressing, writing and syncing overlap with the import.

    `put` may return before the blob is on disk; `sync` returns when everything put so far is there for good. Used
    from one thread.
    """

    def __init__(self, store: BlobStore) -> None:
        self._store = store
        self._pool = ThreadPoolExecutor(2, "blobs")
        self._jobs: deque[tuple[int, Future[None]]] = deque()
        self._flying = 0
        self._known: set[str] = set()
        self._folders: set[Path] = set()

    def put(self, data: bytes) -> str:
        """Store `data`; its digest. Raises StorageProblem for this or an earlier blob."""
        if len(data) > MAX_BLOB:
            raise StorageProblem("A piece of this recording is larger than 1 GB.", "It cannot be stored.")
        digest = hashlib.sha256(data).hexdigest()
        if digest in self._known:
            return digest
        while self._jobs and (self._flying + len(data) > _IN_FLIGHT or self._jobs[0][1].done()):
            self._settle()
        self._known.add(digest)
        self._folders.add(self._store.path(digest).parent)
        self._flying += len(data)
        self._jobs.append((len(data), self._pool.submit(self._write, digest, data)))
        return digest

    def sync(self) -> None:
        """Wait until everything put is durable. Raises StorageProblem."""
        while self._jobs:
            self._settle()
        # At once: a disk writes down many folders in about the time it takes for one.
        with problems.storage(self._store.home), ThreadPoolExecutor(_SYNCS, "sync") as pool:
            list(pool.map(_sync_folder, [*self._folders, self._store.folder] if self._folders else ()))
        self._folders.clear()

    def close(self) -> None:
        """Stop the threads; what is not written yet is dropped."""
        self._pool.shutdown(cancel_futures=True)

    def _settle(self) -> None:
        size, job = self._jobs.popleft()
        self._flying -= size
        with problems.storage(self._store.home):
            job.result()

    def _write(self, digest: str, data: bytes) -> None:
        path = self._store.path(digest)
        # stored before, by any session: kept when it is sound, mended when it is not
        if path.exists() and BlobStore(self._store.home).is_good(digest):
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.parent / f"tmp-{uuid.uuid4().hex}"
        try:
            with temporary.open("xb") as file:
                file.write(zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress(data))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # pragma: no cover - folders cannot be synced on Windows
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
