"""Bytes of a file or a body with its compression undone: gzip, zlib, zstd, bz2, xz and Brotli, found by their first
bytes; and UTF-16 and UTF-32 as UTF-8.

Sizes are limited while inflating, so a small file that inflates without end is refused with bounded memory.
"""

from __future__ import annotations

import bz2
import codecs
import lzma
import zlib
from io import BytesIO
from typing import IO, Protocol, cast

import brotli
import zstandard

from replay_viewer.domain.errors import BadInput

#: More than this is never inflated from one file.
MAX_BYTES = 8 << 30
#: Past `RATIO_FROM` bytes, no real recording inflates more than this (highest seen: 40; gzip's own limit: 1032).
MAX_RATIO = 400
RATIO_FROM = 128 << 20
_STEP = 1 << 18
_LAYERS = 3
#: So much of the beginning says how it is packed.
_LOOK = 1 << 12


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


class _Stepwise:
    """bz2 and xz, by the standard library's decompressors."""

    def __init__(self, source: Reader, name: str, z: bz2.BZ2Decompressor | lzma.LZMADecompressor) -> None:
        self.source, self.name, self.z = source, name, z

    def read(self, size: int) -> bytes:
        out = b""
        while not out and not self.z.eof:
            data = self.source.read(_STEP) if self.z.needs_input else b""
            if self.z.needs_input and not data:
                raise Truncated(f"“{self.name}” is cut off: its compressed data ends too early.")
            try:
                out = self.z.decompress(data, size)
            except (OSError, EOFError, lzma.LZMAError) as error:
                raise Truncated(f"“{self.name}” is damaged: its compressed data cannot be read further.") from error
        return out


class _Brotli:
    """Brotli, which says nothing of itself: tried on what is no text and nothing else (`_is_brotli`)."""

    def __init__(self, source: Reader, name: str) -> None:
        self.source, self.name, self.z, self.pending = source, name, brotli.Decompressor(), b""

    def read(self, size: int) -> bytes:
        while not self.pending and not self.z.is_finished():
            # Small steps: what one of them gives cannot be limited.
            data = self.source.read(1 << 12)
            if not data:
                raise Truncated(f"“{self.name}” is cut off: its compressed data ends too early.")
            try:
                self.pending = self.z.process(data)
            except brotli.error as error:
                raise Truncated(f"“{self.name}” is damaged: its compressed data cannot be read further.") from error
        out, self.pending = self.pending[:size], self.pending[size:]
        return out


class _Recoded:
    """Text in another encoding, as UTF-8."""

    def __init__(self, source: Reader, encoding: str) -> None:
        self.source, self.decoder, self.pending = source, codecs.getincrementaldecoder(encoding)("replace"), b""

    def read(self, size: int) -> bytes:
        while not self.pending:
            data = self.source.read(_STEP)
            self.pending = self.decoder.decode(data, final=not data).encode("utf-8", "replace")
            if not data:
                break
        out, self.pending = self.pending[:size], self.pending[size:]
        return out


def _encoding(head: bytes) -> str:
    """The encoding a text begins in when it is not UTF-8: by its mark, or by the zeros beside its characters."""
    if head.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return "utf-32"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if len(head) >= 4 and head[0] in b'[{"' and head[1] == head[3] == 0:
        return "utf-32-le" if head[2] == 0 else "utf-16-le"
    if len(head) >= 4 and head[0] == head[2] == 0 and head[1] in b'[{"':
        return "utf-16-be"
    return ""


def _is_text(head: bytes) -> bool:
    return head.startswith(b"\xef\xbb\xbf") or all(9 <= byte < 127 for byte in head)


def _is_brotli(head: bytes) -> bool:
    """Whether the beginning of a file gives JSON or a page as Brotli."""
    try:
        out = brotli.Decompressor().process(head)
    except brotli.error:
        return False
    return bytes(out).lstrip()[:1] in (b"[", b"{", b'"', b"<")


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
            elif head.startswith(b"BZh"):
                reader = _Stepwise(peeked, name, bz2.BZ2Decompressor())
            elif head == b"\xfd7zX":
                reader = _Stepwise(peeked, name, lzma.LZMADecompressor())
            elif encoding := _encoding(head):
                reader = _Recoded(peeked, encoding)
                break
            elif _is_text(head):
                reader = peeked
                break
            else:
                head = peeked.read(4) + reader.read(_LOOK)
                peeked = _Counted(reader, head)
                reader = _Brotli(peeked, name) if _is_brotli(head) else peeked
                if reader is peeked:
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
