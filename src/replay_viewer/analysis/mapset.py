"""Source maps by the built files they are of: found for a frame by debug id, or by the file name of its URL.

A map is read when the first frame asks for it, and decoded then. Sets can be layered: what is found first counts.
"""

from __future__ import annotations

import base64
import binascii
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable
from functools import partial
from itertools import takewhile
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from replay_viewer.analysis.sourcemap import MAX_BYTES, IndexedMap, Position
from replay_viewer.domain.errors import BadInput, StorageProblem
from replay_viewer.domain.rows import Frame

_COMMENT = re.compile(rb"[#@]\s*sourceMappingURL=(\S+)")
_DEBUG_ID = re.compile(rb"[#@]\s*debugId=([0-9a-fA-F-]{32,36})")
_MAP_DEBUG_ID = re.compile(rb'"debug_?[iI]d"\s*:\s*"([0-9a-fA-F-]{32,36})"')
_INLINE = b"data:application/json"
_HASH = re.compile(r"[.-][0-9A-Za-z_]{8,}(?=\.)")
_MAX_FILES, _MAX_TOTAL = 20_000, 1024 * 1024 * 1024
#: Debug ids and comments stand this close to the beginning or the end of a file (bytes).
_EDGE = 4096


class HeldMap:
    """One map: `name` is the path of the built file it is of, as far as it is known."""

    def __init__(self, name: str, load: Callable[[], bytes], debug_id: str = "") -> None:
        self.name = name
        self.debug_id = debug_id
        self._load = load
        self._parsed: IndexedMap | None = None
        self._tried = False

    def data(self) -> bytes:
        """The map as it is stored. Raises BadInput, StorageProblem, OSError."""
        return self._load()

    def parsed(self) -> IndexedMap | None:
        """The map decoded, once; None for what cannot be read or is none."""
        if not self._tried:
            self._tried = True
            try:
                self._parsed = IndexedMap(self.data())
            except (BadInput, StorageProblem, OSError, zipfile.BadZipFile, zlib.error, EOFError):
                self._parsed = None
        return self._parsed


class MapSet:
    """Source maps by file name and debug id; `below`: asked for what this one does not have."""

    def __init__(self, below: MapSet | None = None) -> None:
        self._below = below
        self._held: dict[str, list[HeldMap]] = {}
        self._by_debug_id: dict[str, str | HeldMap] = {}
        self._comments: dict[str, tuple[str, str]] = {}  # of a built file's name: its path, the map's name

    @property
    def count(self) -> int:
        """Number of maps."""
        return sum(map(len, self._held.values())) + (self._below.count if self._below else 0)

    @classmethod
    def open(cls, path: Path) -> MapSet:
        """The maps of a folder, a zip, a map or a bundle. Raises BadInput when none are there or readable."""
        maps = cls()
        try:
            _read(path, maps)
        except (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise BadInput(f"{path.name} cannot be read.", "Give a folder, a zip, or .map files.") from error
        if not maps.count:
            raise BadInput(f"There are no source maps in {path.name}.", "Give the folder or zip with the .map files.")
        return maps

    def over(self, below: MapSet) -> MapSet:
        """This set, and below it another one; neither is changed."""
        made = MapSet(self._below.over(below) if self._below else below)
        made._held, made._by_debug_id, made._comments = self._held, self._by_debug_id, self._comments
        return made

    def put(self, name: str, load: Callable[[], bytes], debug_id: str = "") -> None:
        """A map of the built file `name`, read by `load` when somebody needs it."""
        held = HeldMap(name, load, debug_id.lower())
        self._held.setdefault(PurePosixPath(name).name, []).append(held)
        if debug_id:
            self._by_debug_id[debug_id.lower()] = held

    def add(self, name: str, data: bytes, load: Callable[[], bytes] | None = None) -> None:
        """A file: a map, a built file (for its inline map or debug id) or an original source, which is passed over.

        `load`: how to come by the same bytes again; without it they are kept.
        """
        name = name.replace("\\", "/")
        if name.endswith(".gz"):
            data, name = _gunzip(data), name[:-3]
            load = partial(_unpacked, load) if load is not None else None
        if name.endswith(".map"):
            self.put(name[:-4], load or partial(bytes, data), debug_id_of(data))
            return
        base = PurePosixPath(name).name
        debug_id, url = marks_of(data)
        if debug_id:
            self._by_debug_id[debug_id] = base
        if (inline := inline_map(url)) is not None:
            self.put(name, partial(bytes, inline), debug_id)
        elif url and not url.startswith("data:"):
            self.link(name, url)

    def link(self, name: str, url: str) -> None:
        """The built file `name` says that its map is at `url`."""
        target = unquote(url.partition("?")[0]).rpartition("/")[2].removesuffix(".map")
        self._comments[PurePosixPath(name).name] = (name, target)

    def files(self) -> list[HeldMap]:
        """Every map of this layer, by the path of each built file it is of, with that file's debug id."""
        ids = {name: id for id, name in self._by_debug_id.items() if isinstance(name, str)}
        found: dict[str, HeldMap] = {}
        linked = set()
        for base, (path, target) in self._comments.items():
            if base not in self._held and (several := self._held.get(target)):
                held = max(reversed(several), key=lambda one: _alike(one.name, path))
                linked.add(held)
                found[path] = HeldMap(path, held.data, held.debug_id or ids.get(base, ""))
        for base, several in self._held.items():
            for held in several:
                if held not in linked:
                    found[held.name] = HeldMap(held.name, held.data, held.debug_id or ids.get(base, ""))
        return [found[name] for name in sorted(found)]

    def find(self, frame: Frame) -> tuple[IndexedMap, Position] | None:
        """Map and source position of a frame; None when no map fits."""
        found = self._found(frame)
        return found[1:] if found else None

    def used(self, frame: Frame) -> HeldMap | None:
        """The map that `find` answers from."""
        found = self._found(frame)
        return found[0] if found else None

    def _found(self, frame: Frame) -> tuple[HeldMap, IndexedMap, Position] | None:
        if not frame.line:
            return None
        held = self.choose(frame)
        parsed = held.parsed() if held is not None else None
        position = parsed.find(frame.line, frame.column) if parsed is not None else None
        if held is not None and parsed is not None and position is not None:
            return held, parsed, position
        return self._below._found(frame) if self._below else None

    def has(self, frame: Frame) -> bool:
        """Whether any layer has a map that fits a frame by debug id or name; nothing is read."""
        return self.choose(frame) is not None or (self._below is not None and self._below.has(frame))

    def choose(self, frame: Frame) -> HeldMap | None:
        """The map of this layer that fits a frame by debug id or name; nothing is read."""
        known = self._by_debug_id.get(frame.debug_id.lower(), "") if frame.debug_id else ""
        if isinstance(known, HeldMap):
            return known
        place = place_of(frame.file)
        name = known or PurePosixPath(place).name
        if not name:
            return None
        several = self._held.get(name) or self._held.get(self._comments.get(name, ("", ""))[1], [])
        if not several:
            # The same file of another build has another hash in its name: only a single candidate will do.
            plain = _HASH.sub("", name)
            near = [other for other in self._held if _HASH.sub("", other) == plain]
            several = self._held[near[0]] if len(near) == 1 and plain != name else []
        # Of files of one name in several folders the one whose folders are the URL's, as far as they go.
        return max(reversed(several), key=lambda held: _alike(held.name, place), default=None)


def place_of(url: str) -> str:
    """The path of a file's URL, without a slash in front; '' for what is no URL."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return ""
    return unquote(path).replace("\\", "/").lstrip("/")


def debug_id_of(data: bytes) -> str:
    """The debug id a map says it has (lower case), '' for none."""
    match = _MAP_DEBUG_ID.search(data[:_EDGE] + data[-_EDGE:])
    return match.group(1).decode().lower() if match else ""


def marks_of(data: bytes) -> tuple[str, str]:
    """(debug id, address of the map) that comments of a built file say; '' for what they do not."""
    tail = data[-_EDGE:] if _INLINE not in data else data
    id, urls = _DEBUG_ID.search(tail), _COMMENT.findall(tail)
    return id[1].decode().lower() if id else "", urls[-1].decode("utf-8", "replace") if urls else ""


def inline_map(url: str) -> bytes | None:
    """The map that a data: address holds; None for another address, or a damaged one."""
    if not url.startswith(_INLINE.decode()):
        return None
    head, _, body = url.partition(",")
    try:
        return base64.b64decode(body, validate=True) if head.endswith(";base64") else unquote(body).encode()
    except (binascii.Error, ValueError):
        return None


def _alike(name: str, place: str) -> int:
    """How many parts, from the end, two paths have in common."""
    pairs = zip(reversed(PurePosixPath(name).parts), reversed(PurePosixPath(place).parts), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _gunzip(data: bytes) -> bytes:
    inflate = zlib.decompressobj(wbits=31)
    out = inflate.decompress(data, MAX_BYTES + 1)
    if len(out) > MAX_BYTES:
        raise BadInput("A source map is too large when unpacked.", f"At most {MAX_BYTES >> 20} MB are read.")
    return out


def _unpacked(load: Callable[[], bytes]) -> bytes:
    return _gunzip(load())


# -- folders and zips ------------------------------------------------------------------------------------------------


def _read(path: Path, maps: MapSet) -> None:
    """Enter the files of a folder, a zip or one file, within the limits of number and size."""
    total = 0
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if file.is_file() and _wanted(file.name))
        _limit(len(found))
        for file in found:
            total += file.stat().st_size
            _limit(0, total)
            maps.add(file.relative_to(path).as_posix(), file.read_bytes(), file.read_bytes)
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir() and _wanted(info.filename)]
            _limit(len(infos))
            for info in infos:
                data = _member(archive, info.filename)
                total += len(data)
                _limit(0, total)
                if len(data) <= MAX_BYTES:
                    maps.add(info.filename, data, partial(_of_zip, path, info.filename))
    else:
        _limit(0, path.stat().st_size)
        maps.add(path.name, path.read_bytes(), path.read_bytes)


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as member:
        return member.read(MAX_BYTES + 1)


def _of_zip(path: Path, name: str) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return _member(archive, name)


def _wanted(name: str) -> bool:
    return name.removesuffix(".gz").endswith((".map", ".js", ".mjs", ".cjs"))


def _limit(files: int, total: int = 0) -> None:
    if files > _MAX_FILES or total > _MAX_TOTAL:
        raise BadInput("These are too many or too large files.", "Give the folder with the maps of one release only.")


def names(frames: Iterable[Frame]) -> list[str]:
    """The file names of frames, each once, in order."""
    return list(dict.fromkeys(PurePosixPath(place_of(frame.file)).name or frame.file for frame in frames))
