"""A cursor over streamed JSON: members of objects one by one, elements of arrays window by window.

A window's cut is proven: what lies before it was decoded as whole elements, starting from a place already proven, so
nothing in a string can mislead it. Guessing where a cut may lie only saves time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from replay_viewer.domain.errors import BadInput
from replay_viewer.formats.base.repair import checked, split
from replay_viewer.formats.base.scan import skip_space, split_point, value_end
from replay_viewer.formats.base.stream import Reader, TooLarge, Truncated

#: The first window is small so that the first picture comes soon.
FIRST_WINDOW = 2 << 20
WINDOW = 8 << 20
#: No single event, segment or line is larger than this.
MAX_VALUE = 128 << 20

#: Places where elements of recordings usually meet, by the first byte of an element. Each ends at the comma.
_HINTS: dict[bytes, list[re.Pattern[bytes]]] = {
    b"{": [
        re.compile(rb'"(?:timestamp|delay|type|cv|window_?[iI]d)":\s*(?:-?[\d.]+|"[^"\\]*")\s*\}\s*,(?=\s*\{)'),
        re.compile(rb'\}\s*,(?=\s*\{\s*"(?:window_?[iI]d|timestamp|type"\s*:\s*\d\s*,\s*"timestamp)")'),
    ],
    b"[": [re.compile(rb"\]\s*,(?=\s*\[)")],
    b'"': [re.compile(rb'[^\\]"\s*,(?=\s*"x)')],
}
_TAILS = (1 << 16, 1 << 20)


class Malformed(BadInput):
    """The text is not JSON where JSON was expected."""


def _hints(data: bytes, pos: int) -> Iterator[int]:
    start = skip_space(data, pos)
    for pattern in _HINTS.get(data[start : start + 1], []):
        for tail in _TAILS:
            found = [match.end() for match in pattern.finditer(data, max(pos, len(data) - tail))]
            if found:
                yield found[-1] - 1
                break


class Cursor:
    """Reads JSON forward from `stream`. Raises Malformed, Truncated, TooLarge."""

    def __init__(self, stream: Reader, name: str, first_window: int = FIRST_WINDOW, window: int = WINDOW) -> None:
        self.stream, self.name = stream, name
        self.first_window, self.window = first_window, window
        self.data, self.pos, self.base, self.eof = b"", 0, 0, False
        self.seen = 0

    def fill(self, size: int) -> None:
        """Have at least `size` bytes from the position on, if the stream has them."""
        missing = size - (len(self.data) - self.pos)
        if missing > 0 and not self.eof:
            self.base += self.pos
            more = self.stream.read(missing)
            self.eof = len(more) < missing
            self.data, self.pos = self.data[self.pos :] + more, 0

    def grow(self) -> None:
        """Have twice as much in view, up to the limit for a single value. Raises Truncated, TooLarge."""
        if self.eof:
            raise Truncated(f"“{self.name}” breaks off in the middle.")
        size = len(self.data) - self.pos
        if size >= MAX_VALUE:
            raise TooLarge(f"“{self.name}” holds a single value of more than {MAX_VALUE >> 20} MB.")
        self.fill(max(2 * size, 1 << 16))

    def peek(self) -> bytes:
        """The next byte that is not white space; empty at the end."""
        while True:
            self.pos = skip_space(self.data, self.pos)
            if self.pos < len(self.data) or self.eof:
                return self.data[self.pos : self.pos + 1]
            self.fill(1 << 16)

    def malformed(self) -> Malformed:
        """The error to raise for what is at the position."""
        return Malformed(f"“{self.name}” is not valid JSON (around byte {self.base + self.pos:,}).")

    def expect(self, byte: bytes) -> None:
        """Take `byte`. Raises Truncated at the end, Malformed when something else is there."""
        found = self.peek()
        if not found:
            raise Truncated(f"“{self.name}” breaks off in the middle.")
        if found != byte:
            raise self.malformed()
        self.pos += 1

    def value(self) -> bytes:
        """Take the next value, as raw JSON."""
        self.peek()
        while (end := value_end(self.data, self.pos)) < 0:
            if self.eof and self.data[self.pos : self.pos + 1] not in (b"{", b"[", b'"', b""):
                end = len(self.data)
                break
            self.grow()
        raw = self.data[self.pos : end]
        try:
            raw = checked(raw)
        except msgspec.DecodeError as error:
            raise self.malformed() from error
        self.pos = end
        return raw

    def skip(self) -> None:
        """Pass over the next value; large arrays without keeping them."""
        if self.peek() == b"[":
            for _ in self.elements():
                pass
        else:
            self.value()

    def members(self) -> Iterator[str]:
        """The names of the members of the object that comes next; take or skip each value before asking for more."""
        self.expect(b"{")
        if self.peek() == b"}":
            self.pos += 1
            return
        while True:
            if self.peek() != b'"':
                raise self.malformed() if self.peek() else Truncated(f"“{self.name}” breaks off in the middle.")
            key = self.value()
            self.expect(b":")
            yield msgspec.json.decode(key, type=str)
            if self.peek() == b"}":
                self.pos += 1
                return
            self.expect(b",")

    def elements(self) -> Iterator[tuple[bytes, list[msgspec.Raw]]]:
        """The elements of the array that comes next, as (JSON array of some of them, the same one by one)."""
        self.expect(b"[")
        if self.peek() == b"]":
            self.pos += 1
            return
        size = self.first_window
        last = False
        while not last:
            self.fill(size)
            array, raws, last = self._window()
            self.seen += len(raws)
            yield array, raws
            size = self.window

    def _window(self) -> tuple[bytes, list[msgspec.Raw], bool]:
        for cut, last in self._guesses():
            array = b"[" + self.data[self.pos : cut] + b"]"
            try:
                array, raws = split(array, whole=False)
            except (msgspec.DecodeError, RecursionError):
                continue
            self.pos = cut + 1
            return array, raws, last
        while True:
            cut, last = split_point(self.data, self.pos)
            if cut >= 0:
                if last and self.data[cut : cut + 1] != b"]":
                    raise self.malformed()
                array = b"[" + self.data[self.pos : cut] + b"]"
                try:
                    array, raws = split(array)
                except msgspec.DecodeError as error:
                    raise self.malformed() from error
                self.pos = cut + 1
                return array, raws, last
            self.grow()

    def _guesses(self) -> Iterator[tuple[int, bool]]:
        if self.eof:
            end = len(self.data.rstrip()) - 1
            if self.data[end : end + 1] == b"]":
                yield end, True
        else:
            for cut in _hints(self.data, self.pos):
                yield cut, False

    def find(self, pattern: re.Pattern[bytes], overlap: int = 1 << 10) -> bool:
        """Move behind the next match of `pattern` (shorter than `overlap`); False when there is none."""
        while True:
            if match := pattern.search(self.data, self.pos):
                self.pos = match.end()
                return True
            if self.eof:
                return False
            self.pos = max(self.pos, len(self.data) - overlap)
            self.fill(self.window)

    def lines(self) -> Iterator[bytes]:
        """Runs of whole lines, each at most a window, or a single line that is longer."""
        size = self.first_window
        while True:
            self.fill(size)
            while (cut := self.data.rfind(b"\n", self.pos) + 1) <= self.pos and not self.eof:
                self.grow()
            end = len(self.data) if self.eof else cut
            if end > self.pos:
                yield self.data[self.pos : end]
            self.pos = end
            if self.eof:
                self.stream.read(1)  # a compressed stream cut off says so now
                return
            size = self.window

    def line(self) -> bytes:
        """The next line without its end; empty at the end of the stream."""
        while (end := self.data.find(b"\n", self.pos)) < 0 and not self.eof:
            self.grow() if len(self.data) > self.pos else self.fill(1 << 16)
        end = len(self.data) if end < 0 else end
        found = self.data[self.pos : end]
        self.pos = min(end + 1, len(self.data))
        return found

    def take(self, size: int) -> bytes:
        """Exactly `size` bytes. Raises Truncated, TooLarge."""
        if size > MAX_VALUE:
            raise TooLarge(f"“{self.name}” holds a part of {size >> 20} MB.")
        self.fill(size)
        found = self.data[self.pos : self.pos + size]
        if len(found) < size:
            raise Truncated(f"“{self.name}” breaks off in the middle.")
        self.pos += size
        return found
