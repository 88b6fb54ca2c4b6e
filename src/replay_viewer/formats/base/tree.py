"""Files, folders and archives as an ordered list of documents; request captures get their URL and headers.

A capture is a body `NNNNN.bin` with a sidecar `NNNNN.json` {method, url, headers, …}. A folder with `meta.json` and
`events.json[.gz]` or `raw/` is one recorded session with other material beside it, which is only counted.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path, PurePosixPath

import msgspec

from replay_viewer.domain.errors import BadInput, NotFound
from replay_viewer.formats.base.archive import Entry, tar_entries, zip_entries
from replay_viewer.formats.base.document import Document
from replay_viewer.formats.base.stream import Stream, TooLarge, Truncated

_MAX_FOLDER = 200_000
_SIDECAR_BYTES = 1 << 20
#: What lies beside a trace (a body, a picture) is never read further than this.
_BESIDE_BYTES = 32 << 20
_TAR_MAGIC = slice(257, 262)


class _Sidecar(msgspec.Struct):
    """What was noted of a captured request."""

    method: str
    url: str
    headers: dict[str, str] = {}


_sidecar = msgspec.json.Decoder(_Sidecar)


class Tree(msgspec.Struct):
    """Documents in reading order, and how many files were left aside without a look."""

    documents: list[Document]
    others: int = 0


def natural(name: str) -> list[tuple[int, int | str]]:
    """A sort key that puts `segment 10` behind `segment 9`."""
    return [(0, int(part)) if part.isdigit() else (1, part) for part in re.split(r"(\d+)", name) if part]


def _file_entry(path: Path, name: str) -> Entry:
    return Entry(name, path.stat().st_size, lambda: path.open("rb"))


def _folder(path: Path) -> list[Entry]:
    entries: list[Entry] = []
    for root, folders, files in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            found = Path(root, name)
            if not name.startswith(".") and found.is_file():
                entries.append(_file_entry(found, found.relative_to(path).as_posix()))
        if len(entries) > _MAX_FOLDER:
            raise TooLarge(f"The folder “{path.name}” holds too many files.", "Open the folder of one session.")
    return entries


def _archive(path: Path, stack: ExitStack) -> list[Entry] | None:
    """The entries of a zip or tar, or None for any other file."""
    file = stack.enter_context(path.open("rb"))
    if file.read(4) == b"PK\x03\x04":
        file.seek(0)
        return zip_entries(path, file, stack)
    file.seek(0)
    try:
        head = Stream(file, path.name).read(512)
    except Truncated:
        return None
    if head[_TAR_MAGIC] != b"ustar":
        return None
    file.seek(0)
    return tar_entries(path, Stream(file, path.name), stack)


def _session_folders(names: set[str]) -> dict[str, str]:
    """Folders of recorded sessions → the prefix of the names to read in them."""
    found: dict[str, str] = {}
    for name in names:
        path = PurePosixPath(name)
        if path.name == "meta.json":
            prefix = name.removesuffix("meta.json")
            for events in ("events.json.gz", "events.json"):
                if prefix + events in names:
                    found.setdefault(prefix, prefix + events)
            if prefix not in found and any(other.startswith(prefix + "raw/") for other in names):
                found[prefix] = prefix + "raw/"
    return found


def _wanted(entries: list[Entry]) -> list[Entry]:
    """The entries without what lies beside the recording of a session folder."""
    folders = _session_folders({entry.name for entry in entries})
    if not folders:
        return entries

    def keep(name: str) -> bool:
        parts = name.split("/")
        for depth in range(len(parts) - 1, -1, -1):
            prefix = "/".join(parts[:depth]) + ("/" if depth else "")
            if prefix in folders:
                return name.startswith(folders[prefix])
        return True

    return [entry for entry in entries if keep(entry.name)]


def _read_sidecar(entry: Entry) -> _Sidecar | None:
    if entry.size > _SIDECAR_BYTES:
        return None
    document = Document(entry.name, entry.size, entry.open, limit=_SIDECAR_BYTES)
    try:
        return _sidecar.decode(document.stream().read(_SIDECAR_BYTES))
    except (msgspec.DecodeError, BadInput):
        return None
    finally:
        document.close()


def _documents(entries: list[Entry], top: str, many: bool) -> Tree:
    """Entries of one folder or archive as documents, captures put together with their sidecars."""
    tree = Tree([], 0)
    if any(entry.name.endswith(".trace") for entry in entries):
        return _trace(entries, top, many)
    wanted = _wanted(entries)
    tree.others += len(entries) - len(wanted)
    by_name = {entry.name: entry for entry in wanted}
    captures = {
        name.rpartition("/")[0] for name in by_name if name.endswith(".bin") and name[:-4] + ".json" in by_name
    }
    for entry in sorted(wanted, key=lambda item: natural(item.name)):
        folder, _, base = entry.name.rpartition("/")
        sidecar: _Sidecar | None = None
        if folder in captures:
            if base.endswith(".json") and _read_sidecar(entry):
                continue  # read with its body, or a request without one
            beside = by_name.get(entry.name[:-4] + ".json") if base.endswith(".bin") else None
            sidecar = _read_sidecar(beside) if beside else None
        tree.documents.append(
            Document(
                f"{top}/{entry.name}" if many else entry.name,
                entry.size,
                entry.open,
                url=sidecar.url if sidecar else "",
                headers=sidecar.headers if sidecar else None,
                folder=f"{top}/{folder}".rstrip("/"),
                captured=sidecar is not None,
            )
        )
    return tree


def _trace(entries: list[Entry], top: str, many: bool) -> Tree:
    """Entries of one of Playwright's traces: its lines as documents, which find bodies and pictures beside them."""
    by_name = {entry.name: entry for entry in entries}
    tree = Tree([], 0)
    for entry in sorted(entries, key=lambda item: natural(item.name)):
        if not entry.name.endswith((".trace", ".network")):
            continue
        folder = entry.name.rpartition("/")[0]

        def beside(name: str, folder: str = folder) -> bytes | None:
            found = by_name.get(f"{folder}/{name}".lstrip("/"))
            if found is None:
                return None
            document = Document(found.name, found.size, found.open, limit=_BESIDE_BYTES)
            try:
                return document.stream().read(_BESIDE_BYTES)
            except BadInput:
                return None  # damaged, or too large: as if it were not there
            finally:
                document.close()

        name = f"{top}/{entry.name}" if many else entry.name
        made = Document(name, entry.size, entry.open, folder=f"{top}/{folder}".rstrip("/"))
        made.beside = beside
        tree.documents.append(made)
    return tree


def tree_of(paths: Sequence[Path], stack: ExitStack) -> Tree:
    """All documents of `paths`; what must stay open while they are read is left to `stack`.

    Raises NotFound, BadInput, TooLarge.
    """
    whole = Tree([], 0)
    loose: list[Entry] = []
    many = len(paths) > 1
    names = [path.name for path in paths]
    for path in paths:
        top = path.name if names.count(path.name) == 1 else str(path)
        try:
            if path.is_dir():
                tree = _documents(_folder(path), top or str(path.resolve().name), many)
            elif not path.exists():
                raise NotFound(f"There is no file “{path}”.", "Check the path.")
            elif (entries := _archive(path, stack)) is not None:
                tree = _documents(entries, top, many)
            else:
                loose.append(_file_entry(path, top))
                continue
        except OSError as error:
            raise BadInput(
                f"“{path}” cannot be read: {error.strerror or error}.", "Check its permissions."
            ) from error
        whole.documents += tree.documents
        whole.others += tree.others
    given = _documents(loose, "", False)
    whole.documents = given.documents + whole.documents
    whole.others += given.others
    return whole
