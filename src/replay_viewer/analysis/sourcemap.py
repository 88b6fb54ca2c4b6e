"""Source maps (revision 3, ECMA-426): from a place in a minified file to the source it was built from.

Lines of mappings are decoded one by one, when asked for: a stack touches a handful of lines of a map of megabytes.
Supported: `sections` (index maps), `sourceRoot`, `sourcesContent`, `x_google_ignoreList`/`ignoreList`, debug ids.
"""

from __future__ import annotations

from bisect import bisect_right

import msgspec
import numpy as np
from numpy.typing import NDArray

from replay_viewer.domain.errors import BadInput

MAX_BYTES = 256 * 1024 * 1024
MAX_LINES = 5_000_000
_DIGITS = {character: value for value, character in enumerate(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
)}  # fmt: skip


class Position(msgspec.Struct, frozen=True):
    """A place in a source: `line` 1-based, `column` 0-based as in the map; `name` the identifier there, if known."""

    source: str
    line: int
    column: int
    name: str = ""
    ignored: bool = False


class _RawMap(msgspec.Struct):
    version: int = 3
    sources: list[str | None] = []
    # Names that are no text are tolerated, lists in lists are not: they would unpack to many times their size.
    names: list[str | int | float | bool | None] = []
    mappings: str = ""
    sourceRoot: str | None = ""  # noqa: N815
    sourcesContent: list[str | None] | None = None  # noqa: N815
    sections: list[_Section] | None = None
    file: str | None = None
    x_google_ignoreList: list[int] | None = None  # noqa: N815
    ignoreList: list[int] | None = None  # noqa: N815
    debugId: str | None = None  # noqa: N815
    debug_id: str | None = None


class _Offset(msgspec.Struct):
    line: int = 0
    column: int = 0


class _Section(msgspec.Struct):
    offset: _Offset
    map: _RawMap | None = None


_decoder = msgspec.json.Decoder(_RawMap, strict=False)

Ints = NDArray[np.int64]
State = tuple[int, int, int, int]

_COMMA, _INVALID = 64, 65
_TABLE = np.full(256, _INVALID, np.uint8)
_TABLE[[ord(character) for character in _DIGITS]] = list(_DIGITS.values())
_TABLE[ord(",")] = _COMMA


class Line(msgspec.Struct, frozen=True):
    """Segments of one generated line by column; `source` and `name` are -1 where the map has none."""

    columns: Ints
    source: Ints
    line: Ints
    column: Ints
    name: Ints


def decode_vlq(text: str) -> list[int]:
    """The numbers of a base 64 VLQ string. Raises ValueError on what is not one."""
    numbers: list[int] = []
    value = shift = 0
    for character in text:
        digit = _DIGITS.get(character)
        if digit is None:
            raise ValueError("not base 64 VLQ")
        value |= (digit & 31) << shift
        if digit & 32:
            shift += 5
            if shift > 60:
                raise ValueError("number too large")
        else:
            numbers.append(-(value >> 1) if value & 1 else value >> 1)
            value = shift = 0
    if shift:
        raise ValueError("number cut short")
    return numbers


def _numbers(text: str) -> tuple[Ints, Ints] | None:
    """All numbers of a line of mappings and the segment of each; None when something in it is damaged."""
    digits = _TABLE[np.frombuffer(text.encode("ascii", "replace"), np.uint8)]
    comma = digits == _COMMA
    more = (digits & 32 != 0) & ~comma
    cut_short = more[-1] or bool((more[:-1] & comma[1:]).any())
    if cut_short or bool((digits == _INVALID).any()):
        return None
    kept = digits[~comma].astype(np.int64)
    ends = np.flatnonzero(kept & 32 == 0)
    starts = np.concatenate((np.zeros(1, np.int64), ends[:-1] + 1))
    if not len(kept) or int((ends - starts).max()) > 11:
        return None
    place = np.arange(len(kept)) - np.repeat(starts, ends - starts + 1)
    values = np.add.reduceat((kept & 31) << (5 * place), starts)
    signed = np.where(values & 1, -(values >> 1), values >> 1)
    return signed, np.cumsum(comma)[~comma][starts]


def _numbers_slowly(text: str) -> tuple[Ints, Ints]:
    """The same, leaving out damaged segments: one of them does not cost the rest of the map."""
    values: list[int] = []
    segments: list[int] = []
    for segment, part in enumerate(text.split(",")):
        try:
            found = decode_vlq(part)
        except ValueError:
            continue
        if all(abs(number) < 1 << 31 for number in found):
            values += found
            segments += [segment] * len(found)
    return np.array(values, np.int64), np.array(segments, np.int64)


def decode_line(text: str, state: State) -> tuple[Line, State]:
    """A line of mappings, and the state (source, line, column, name) after it."""
    decoded = _numbers(text) if text else None
    values, segments = decoded if decoded is not None else _numbers_slowly(text)
    if not len(values):
        none = np.zeros(0, np.int64)
        return Line(none, none, none, none, none), state
    first = np.concatenate((np.zeros(1, np.int64), np.flatnonzero(np.diff(segments)) + 1))
    count = np.diff(first, append=len(values))
    columns = np.cumsum(values[first])
    mapped, named = count >= 4, count >= 5
    fields: list[Ints] = []
    after = list(state)
    for field, start in enumerate(state):
        has = mapped if field < 3 else named
        running = np.cumsum(values[first[has] + field + 1]) + start
        fields.append(np.full(len(first), -1, np.int64))
        fields[-1][has] = running
        after[field] = int(running[-1]) if len(running) else start
    if len(columns) > 1 and bool((np.diff(columns) < 0).any()):
        order = np.argsort(columns, kind="stable")
        columns, fields = columns[order], [field[order] for field in fields]
    return Line(columns, *fields), (after[0], after[1], after[2], after[3])


class SourceMap:
    """One map without sections. Columns of the generated file are 0-based inside, lines too."""

    def __init__(self, raw: _RawMap) -> None:
        root = (raw.sourceRoot or "").rstrip("/")
        self.sources = [f"{root}/{source}" if root and source else source or "" for source in raw.sources]
        self.contents = raw.sourcesContent or []
        self.names = [name if isinstance(name, str) else str(name) for name in raw.names]
        self.ignored = set(raw.ignoreList or raw.x_google_ignoreList or ())
        if raw.mappings.count(";") >= MAX_LINES:
            raise BadInput("The source map has too many lines.", "Is it the map of one bundle?")
        self._lines = raw.mappings.split(";")
        self._decoded: dict[int, Line] = {}
        # State at the start of each line, as far as the lines before it were walked.
        self._states: list[State] = [(0, 0, 0, 0)]

    def _decode(self, line: int) -> Line:
        """The segments of a line; the state runs on across lines, so those before it are walked once."""
        known = self._decoded.get(line)
        if known is not None:
            return known
        while len(self._states) <= line:
            self._states.append(decode_line(self._lines[len(self._states) - 1], self._states[-1])[1])
        self._decoded[line] = decode_line(self._lines[line], self._states[line])[0]
        return self._decoded[line]

    def find(self, line: int, column: int) -> Position | None:
        """The source position of a generated one (both 0-based); None where the map says nothing."""
        if not 0 <= line < len(self._lines):
            return None
        segments = self._decode(line)
        index = int(np.searchsorted(segments.columns, column, "right")) - 1
        if index < 0:
            return None
        source, name = int(segments.source[index]), int(segments.name[index])
        source_line, source_column = int(segments.line[index]), int(segments.column[index])
        if not 0 <= source < len(self.sources) or source_line < 0:
            return None
        return Position(
            self.sources[source], source_line + 1, max(0, source_column),
            self.names[name] if 0 <= name < len(self.names) else "", source in self.ignored,
        )  # fmt: skip

    def content(self, source: str) -> str | None:
        """The text of a source, when the map brings it."""
        try:
            index = self.sources.index(source)
        except ValueError:
            return None
        return self.contents[index] if index < len(self.contents) else None


class IndexedMap:
    """A map as read from a file: one or more sections, each with its own offset."""

    def __init__(self, data: bytes) -> None:
        """Raises BadInput for what is no source map, or too large."""
        if len(data) > MAX_BYTES:
            raise BadInput("The source map is too large.", f"At most {MAX_BYTES >> 20} MB are read.")
        if data.startswith(b")]}'"):
            data = data.partition(b"\n")[2]
        try:
            raw = _decoder.decode(data)
        except (msgspec.DecodeError, RecursionError) as error:
            raise BadInput("This is not a source map.", "A source map is JSON with version 3.") from error
        if raw.version != 3 or not (raw.mappings or raw.sources or raw.sections):
            raise BadInput("This is not a source map of version 3.")
        self.file = raw.file or ""
        self.debug_id = (raw.debugId or raw.debug_id or "").lower()
        if raw.sections is None:
            self._starts, self._maps = [(0, 0)], [SourceMap(raw)]
        else:
            parts = sorted(
                ((part.offset.line, part.offset.column, part.map) for part in raw.sections if part.map is not None),
                key=lambda part: part[:2],
            )
            self._starts = [(line, column) for line, column, _ in parts]
            self._maps = [SourceMap(part) for _, _, part in parts]

    def find(self, line: int, column: int) -> Position | None:
        """The source position of line (1-based) and column (1-based, as in stacks) of the generated file."""
        line, column = line - 1, max(0, column - 1)
        index = bisect_right(self._starts, (line, column)) - 1
        if index < 0:
            return None
        start_line, start_column = self._starts[index]
        return self._maps[index].find(line - start_line, column - start_column if line == start_line else column)

    def content(self, source: str) -> str | None:
        """The text of a source, when a section brings it."""
        return next((text for part in self._maps if (text := part.content(source)) is not None), None)

    @property
    def has_code(self) -> bool:
        """Whether it brings the text of any source."""
        return any(text is not None for part in self._maps for text in part.contents)

    @property
    def sources(self) -> list[str]:
        """All source names."""
        return [source for part in self._maps for source in part.sources]
