"""Stacks with original files, lines and functions: source maps found for the frames of an error.

Maps come from a folder, a zip or single files: `*.map`, also gzipped, and bundles whose comment carries or names
their map. A map fits a frame by debug id, or by the file name of the frame's URL.
"""

from __future__ import annotations

import base64
import binascii
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import msgspec

from replay_viewer.analysis.sourcemap import MAX_BYTES, IndexedMap, Position
from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.rows import ErrorEvent, Frame, Raised

_COMMENT = re.compile(rb"[#@]\s*sourceMappingURL=(\S+)")
_DEBUG_ID = re.compile(rb"[#@]\s*debugId=([0-9a-fA-F-]{32,36})")
_INLINE = b"data:application/json"
_HASH = re.compile(r"[.-][0-9A-Za-z_]{8,}(?=\.)")
_MAX_FILES, _MAX_TOTAL = 20_000, 1024 * 1024 * 1024
_CONTEXT, _MAX_LINE = 5, 500


class MapSet:
    """Source maps by bundle name and debug id. A map is parsed when the first frame asks for it."""

    def __init__(self) -> None:
        self._data: dict[str, bytes] = {}
        self._by_debug_id: dict[str, str] = {}
        self._maps: dict[str, IndexedMap | None] = {}
        self._sources: dict[str, str] = {}

    @property
    def count(self) -> int:
        """Number of maps."""
        return len(self._data)

    @classmethod
    def open(cls, path: Path) -> MapSet:
        """The maps of a folder, a zip, a map or a bundle. Raises BadInput when none are there or readable."""
        maps = cls()
        try:
            for name, data in _files(path):
                maps.add(name, data)
        except (OSError, zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise BadInput(f"{path.name} cannot be read.", "Give a folder, a zip, or .map files.") from error
        if not maps.count:
            raise BadInput(f"There are no source maps in {path.name}.", "Give the folder or zip with the .map files.")
        return maps

    def add(self, name: str, data: bytes) -> None:
        """A file: a map, a bundle (for its inline map or debug id) or an original source. Others are passed over."""
        base = PurePosixPath(name.replace("\\", "/")).name
        if base.endswith(".gz"):
            data = _gunzip(data)
            base = base[:-3]
        if base.endswith(".map"):
            self._data[base[:-4]] = data
            if match := re.search(rb'"debug_?[iI]d"\s*:\s*"([0-9a-fA-F-]{32,36})"', data[:4096] + data[-4096:]):
                self._by_debug_id[match.group(1).decode().lower()] = base[:-4]
            return
        tail = data[-4096:] if _INLINE not in data else data
        if match := _DEBUG_ID.search(tail):
            self._by_debug_id[match.group(1).decode().lower()] = base
        for match in _COMMENT.finditer(tail):
            url = match.group(1)
            if url.startswith(_INLINE) and b";base64," in url:
                try:
                    self._data[base] = base64.b64decode(url.partition(b";base64,")[2], validate=True)
                except binascii.Error:
                    continue
            else:
                target = unquote(url.decode("utf-8", "replace")).rpartition("/")[2].partition("?")[0]
                self._sources[base] = target.removesuffix(".map")

    def find(self, frame: Frame, debug_ids: Mapping[str, str] | None = None) -> tuple[IndexedMap, Position] | None:
        """Map and source position of a frame; `debug_ids`: file URL → debug id. None when no map fits."""
        if not frame.line:
            return None
        chosen = self._map(frame.file, debug_ids or {})
        position = chosen.find(frame.line, frame.column) if chosen is not None else None
        return (chosen, position) if chosen is not None and position is not None else None

    def _map(self, url: str, debug_ids: Mapping[str, str]) -> IndexedMap | None:
        name = self._by_debug_id.get(debug_ids.get(url, "").lower(), "") or _file_name(url)
        if not name:
            return None
        key = next((key for key in (name, self._sources.get(name, "")) if key in self._data), "")
        if not key:
            # The same bundle of another build has another hash in its name: only a single candidate will do.
            plain = _HASH.sub("", name)
            near = [other for other in self._data if _HASH.sub("", other) == plain]
            key = near[0] if len(near) == 1 and plain != name else ""
        if not key:
            return None
        if key not in self._maps:
            try:
                self._maps[key] = IndexedMap(self._data[key])
            except BadInput:
                self._maps[key] = None
        return self._maps[key]


def _file_name(url: str) -> str:
    try:
        path = urlsplit(url).path
    except ValueError:
        return ""
    return unquote(path).replace("\\", "/").rpartition("/")[2]


def _gunzip(data: bytes) -> bytes:
    inflate = zlib.decompressobj(wbits=31)
    out = inflate.decompress(data, MAX_BYTES + 1)
    if len(out) > MAX_BYTES:
        raise BadInput("A source map is too large when unpacked.", f"At most {MAX_BYTES >> 20} MB are read.")
    return out


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of maps and bundles, within the limits of number and size."""
    total = 0
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if file.is_file() and _wanted(file.name))
        _limit(len(found))
        for file in found:
            total += file.stat().st_size
            _limit(0, total)
            yield str(file.relative_to(path)), file.read_bytes()
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir() and _wanted(info.filename)]
            _limit(len(infos))
            for info in infos:
                with archive.open(info) as member:
                    data = member.read(MAX_BYTES + 1)
                total += len(data)
                _limit(0, total)
                if len(data) <= MAX_BYTES:
                    yield info.filename, data
    else:
        _limit(0, path.stat().st_size)
        yield path.name, path.read_bytes()


def _wanted(name: str) -> bool:
    return name.removesuffix(".gz").endswith((".map", ".js", ".mjs", ".cjs"))


def _limit(files: int, total: int = 0) -> None:
    if files > _MAX_FILES or total > _MAX_TOTAL:
        raise BadInput("These are too many or too large files.", "Give the folder with the maps of one release only.")


# -- frames and errors ----------------------------------------------------------------------------------------------


def clean_source(source: str) -> str:
    """A source's name without what bundlers put around it (`webpack://app/./src/x.js` → `src/x.js`)."""
    source = re.sub(r"^(webpack|ng|vite|turbopack)(-internal)?://(/|[^/]*/)", "", source.partition("?")[0])
    while source.startswith(("./", "../")):
        source = source.partition("/")[2]
    return source


def map_frame(frame: Frame, maps: MapSet, debug_ids: Mapping[str, str] | None = None) -> Frame | None:
    """The frame in the original source, with the lines around; None when no map fits.

    `function` stays as recorded: the name of a frame's function stands at the call before it, see `map_frames`.
    """
    found = maps.find(frame, debug_ids)
    if found is None:
        return None
    source_map, position = found
    library = position.ignored or "node_modules/" in position.source
    content = source_map.content(position.source)
    return Frame(
        function=frame.function, file=clean_source(position.source), line=position.line, column=position.column + 1,
        in_app=not library, context=context_lines(content, position.line) if content is not None else [],
    )  # fmt: skip


def context_lines(content: str, line: int) -> list[tuple[int, str]]:
    """Up to five lines before and after `line` (1-based), each with its number, long ones cut."""
    lines = content.split("\n")
    first = max(1, line - _CONTEXT)
    return [
        (number, lines[number - 1].rstrip("\r")[:_MAX_LINE])
        for number in range(first, min(len(lines), line + _CONTEXT) + 1)
    ]


def map_frames(frames: list[Frame], maps: MapSet, debug_ids: Mapping[str, str] | None = None) -> list[Frame]:
    """Frames (oldest first) in their original sources.

    The original name of the function a frame is in is what its caller calls it: the identifier the map has at the
    place of the call, if it has one; else the declaration around the frame's own line; else the minified name.
    """
    mapped: list[Frame] = []
    called = ""
    for frame in frames:
        found = maps.find(frame, debug_ids)
        new = map_frame(frame, maps, debug_ids)
        if new is None or found is None:
            mapped.append(frame)
            called = ""
            continue
        source_map, position = found
        name = _enclosing(source_map.content(position.source), position) or called or frame.function
        mapped.append(msgspec.structs.replace(new, function=name))
        called = position.name
    return mapped


_FUNCTION = re.compile(
    r"(?:function\s*\*?\s*([A-Za-z_$][\w$]*)\s*\(|"
    r"(?:const|let|var)\s+([A-Za-z_$][\w$]*)\s*=\s*(?:async\s*)?(?:function\b\s*\*?\s*\(|\([^()]*\)\s*=>|[A-Za-z_$][\w$]*\s*=>))"
)
_ARROW_BODY, _FUNCTION_BODY = re.compile(r"\s*\{"), re.compile(r"[^;]{0,500}?\)\s*\{")
_LOOK_BACK = 200


def _enclosing(content: str | None, position: Position) -> str:
    """Name of the last named function that starts before the position and whose braces are still open there."""
    if content is None:
        return ""
    lines = content.split("\n")
    if position.line > len(lines):
        return ""
    start = max(0, position.line - _LOOK_BACK)
    text = "\n".join([*lines[start : position.line - 1], lines[position.line - 1][: position.column + 1]])[-40_000:]
    for match in reversed(list(_FUNCTION.finditer(text))):
        body = (_ARROW_BODY if match.group().endswith(">") else _FUNCTION_BODY).match(text, match.end())
        if body is None:
            continue
        rest = text[body.end() - 1 :]
        if rest.count("{") > rest.count("}"):
            return match.group(1) or match.group(2)
    return ""


def symbolicate(error: ErrorEvent, maps: MapSet, debug_ids: Mapping[str, str] | None = None) -> ErrorEvent:
    """The error with its frames in the original sources; the error itself when no map fits any frame."""
    exceptions: list[Raised] = []
    changed = False
    for raised in error.exceptions:
        frames = map_frames(raised.frames, maps, debug_ids)
        changed = changed or frames != raised.frames
        exceptions.append(msgspec.structs.replace(raised, frames=frames))
    return msgspec.structs.replace(error, exceptions=exceptions) if changed else error
