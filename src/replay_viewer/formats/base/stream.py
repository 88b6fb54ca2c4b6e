"""Bytes of a file or a body with its compression undone: gzip, zlib and zstd, found by their first bytes.

Sizes are limited while inflating, so a small file that inflates without end is refused with bounded memory.
"""

from __future__ import annotations

import zlib
from io import BytesIO
from typing import IO, Protocol, cast

import zstandard

from replay_viewer.domain.errors import BadInput

#: More than this is never inflated from one file.
MAX_BYTES = 8 << 30
#: Past `RATIO_FROM` bytes, no real recording inflates more than this (highest seen: 40; gzip's own limit: 1032).
MAX_RATIO = 400
RATIO_FROM = 128 << 20
_STEP = 1 << 18
_LAYERS = 3


class Truncated(BadInput):
    """The input ends before its content does."""


class TooLarge(BadInput):
    """A limit on inflated size was reached."""


class Reader(Protocol):
    """Anything with `read`."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; empty at the end."""


class _Counted:
    """The compressed bytes, counted, with the first ones put back after a look at them."""

    def __init__(self, source: Reader, first: bytes = b"") -> None:
        self.source, self.first, self.count = source, first, 0

    def read(self, size: int) -> bytes:
        if self.first:
            data, self.first = self.first[:size], self.first[size:]
        else:
            data = self.source.read(size)
        self.count += len(data)
        return data


class _Zlib:
    """gzip (several members too) and zlib. Raises Truncated once all that could be inflated was handed out."""

    def __init__(self, source: Reader, name: str) -> None:
        self.source, self.name = source, name
        self.z = zlib.decompressobj(47)
        self.pending = b""
        self.problem: Truncated | None = None
        self.done = False

    def _inflate(self, size: int) -> bytes:
        data = self.pending or self.source.read(_STEP)
        try:
            out = self.z.decompress(data, size)
        except zlib.error:
            self.problem = Truncated(f"“{self.name}” is damaged: its compressed data cannot be read further.")
            return b""
        self.pending = self.z.unconsumed_tail
        if self.z.eof:
            rest = self.z.unused_data or self.source.read(_STEP)
            self.pending, self.done = rest, not rest.startswith(b"\x1f\x8b")
            if not self.done:
                self.z = zlib.decompressobj(47)
        elif not data and not out:
            self.problem = Truncated(f"“{self.name}” is cut off: its compressed data ends too early.")
        return out

    def read(self, size: int) -> bytes:
        parts: list[bytes] = []
        left = size
        while left and not self.done and not self.problem:
            out = self._inflate(left)
            parts.append(out)
            left -= len(out)
        if self.problem and left == size:
            raise self.problem
        return b"".join(parts)


class _Zstd:
    """zstd, several frames too. A frame cut off reads as an early end, which the JSON above it notices."""

    def __init__(self, source: Reader, name: str) -> None:
        self.name = name
        self.reader = zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(
            cast(IO[bytes], source), read_size=_STEP, read_across_frames=True
        )

    def read(self, size: int) -> bytes:
        try:
            return bytes(self.reader.read(size))
        except zstandard.ZstdError as error:
            raise Truncated(f"“{self.name}” is damaged: its compressed data cannot be read further.") from error


def _is_zlib(head: bytes) -> bool:
    return len(head) > 1 and head[0] == 0x78 and (head[0] << 8 | head[1]) % 31 == 0


class Stream:
    """The inflated bytes of `source`, read forward once.

    `consumed` is the number of compressed bytes used so far. `name` stands in messages. Raises TooLarge, Truncated.
    """

    def __init__(self, source: Reader, name: str, limit: int = MAX_BYTES) -> None:
        self.name, self.limit, self.total = name, limit, 0
        self._raw = _Counted(source)
        self.layers = 0
        reader: Reader = self._raw
        for _ in range(_LAYERS):
            head = reader.read(4)
            peeked = _Counted(reader, head)
            if head.startswith(b"\x1f\x8b") or _is_zlib(head):
                reader = _Zlib(peeked, name)
            elif head == b"\x28\xb5\x2f\xfd":
                reader = _Zstd(peeked, name)
            else:
                reader = peeked
                break
            self.layers += 1
        self._reader = reader

    @property
    def consumed(self) -> int:
        """Compressed bytes used so far."""
        return self._raw.count

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; fewer only at the end."""
        parts: list[bytes] = []
        left = size
        while left:
            try:
                data = self._reader.read(min(left, 1 << 22))
            except Truncated:
                if not parts:
                    raise
                break  # hand out what was whole; the next read raises again
            if not data:
                break
            parts.append(data)
            left -= len(data)
            self.total += len(data)
            if self.total > self.limit or (
                self.layers and self.total > RATIO_FROM and self.total > MAX_RATIO * self._raw.count
            ):
                raise TooLarge(
                    f"“{self.name}” inflates to far more than a recording does, so it was not read further.",
                    "If it really is a recording, unpack it first and open the unpacked file.",
                )
        return b"".join(parts)


def inflate(data: bytes, name: str, limit: int) -> bytes:
    """`data` with its compression undone, at most `limit` bytes. Raises TooLarge, Truncated."""
    return Stream(BytesIO(data), name, limit).read(limit + 1)
