"""Members of zip and tar files as documents, with limits.

Nothing is ever unpacked to a path of the archive's choice.
"""

from __future__ import annotations

import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import IO, Any

from replay_viewer.domain.errors import BadInput, StorageProblem
from replay_viewer.formats.base.stream import MAX_BYTES, MAX_RATIO, RATIO_FROM, Reader, Stream, TooLarge, Truncated

MAX_FILES = 20_000
_ENCRYPTED = 0x1
_UNIX_LINK = 0o120000


class Entry:
    """One file of a folder or archive: `name` is its path inside with `/`, `open` gives its bytes."""

    def __init__(self, name: str, size: int, open: Callable[[], IO[bytes] | Reader]) -> None:
        self.name, self.size, self.open = name, size, open


class _Slice:
    """A reader over a part of an uncompressed tar file."""

    def __init__(self, file: IO[bytes], start: int, size: int) -> None:
        self.file, self.pos, self.end = file, start, start + size

    def read(self, size: int) -> bytes:
        self.file.seek(self.pos)
        data = self.file.read(min(size, self.end - self.pos))
        self.pos += len(data)
        return data


class _Member:
    """A reader over a zip member that speaks of damage in our words."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self.file, self.name = file, name

    def close(self) -> None:
        self.file.close()

    def read(self, size: int) -> bytes:
        try:
            return self.file.read(size)
        except (zipfile.BadZipFile, EOFError, ValueError, OSError) as error:
            raise Truncated(f"“{self.name}” is damaged inside its archive.") from error
        except Exception as error:  # zlib.error and lzma’s own have no common base
            if type(error).__name__ in ("error", "LZMAError"):
                raise Truncated(f"“{self.name}” is damaged inside its archive.") from error
            raise


def _checked(name: str, archive: str) -> str:
    """The member's name, refused when it would leave the archive's folder."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or "\0" in name or (path.parts and ":" in path.parts[0]):
        raise BadInput(
            f"The archive “{archive}” was refused: it holds a file “{name[:80]}” that points outside of it.",
            "Do not trust this archive; ask for one that was made in the ordinary way.",
        )
    return str(path)


def _refuse_count(archive: str) -> TooLarge:
    return TooLarge(
        f"The archive “{archive}” holds more than {MAX_FILES:,} files.", "Unpack it and open a part of it."
    )


def zip_entries(path: Path, source: IO[bytes], stack: ExitStack) -> list[Entry]:
    """The files of a zip. Raises BadInput, TooLarge."""
    try:
        archive = stack.enter_context(zipfile.ZipFile(source))
        infos = [info for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise BadInput(f"The archive “{path.name}” is damaged.", "Get it again from where it came.") from error
    if len(infos) > MAX_FILES:
        raise _refuse_count(path.name)
    entries: list[Entry] = []
    for info in infos:
        name = _checked(info.filename, path.name)
        if info.flag_bits & _ENCRYPTED:
            raise BadInput(f"The archive “{path.name}” is encrypted.", "Unpack it with its password first.")
        if (info.external_attr >> 16) & 0o170000 == _UNIX_LINK:
            continue
        if info.file_size > RATIO_FROM and info.file_size > MAX_RATIO * max(info.compress_size, 1):
            raise _bomb(path.name)
        entries.append(Entry(name, info.compress_size, lambda info=info: _opened(archive, info)))  # type: ignore[misc]
    if sum(info.file_size for info in infos) > MAX_BYTES:
        raise _bomb(path.name)
    return entries


def _opened(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> _Member:
    try:
        return _Member(archive.open(info), info.filename)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        raise Truncated(f"“{info.filename}” is damaged inside its archive.") from error


def _bomb(archive: str) -> TooLarge:
    return TooLarge(
        f"The archive “{archive}” inflates to far more than recordings do, so it was not opened.",
        "If it really holds recordings, unpack it first and open the folder.",
    )


def tar_entries(path: Path, stream: Stream, stack: ExitStack) -> list[Entry]:
    """The files of a tar, by way of a temporary file when it is compressed. Raises BadInput, TooLarge."""
    source: Any
    if stream.layers:
        source = stack.enter_context(tempfile.TemporaryFile(prefix="replay-viewer-"))  # noqa: SIM115  the stack closes it
        try:
            while data := stream.read(1 << 20):
                source.write(data)
        except OSError as error:
            raise StorageProblem("There is no room to unpack the archive.", "Free some disk space.") from error
        source.seek(0)
    else:
        source = stack.enter_context(path.open("rb"))
    entries: list[Entry] = []
    try:
        with tarfile.open(fileobj=source, mode="r:") as archive:
            for member in archive:
                name = _checked(member.name, path.name)
                if not member.isreg() or member.sparse is not None:
                    continue
                start, size = member.offset_data, member.size
                entries.append(Entry(name, size, lambda s=start, n=size: _Slice(source, s, n)))  # type: ignore[misc]
                if len(entries) > MAX_FILES:
                    raise _refuse_count(path.name)
    except tarfile.TarError as error:
        raise BadInput(f"The archive “{path.name}” is damaged.", "Get it again from where it came.") from error
    return entries
