"""Everything that can be read out of bytes: archives and streams unpacked, encodings undone, again and again."""

from __future__ import annotations

import base64
import gzip
import html
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from urllib.parse import unquote_plus

import zstandard

_DEPTH = 4
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{12,}")
_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2}){8,}")
_ESCAPE = re.compile(rb"\\u([0-9a-fA-F]{4})")


def views(data: bytes, depth: int = 0) -> Iterator[bytes]:
    """`data`, and all that is packed or encoded in it."""
    yield data
    if depth >= _DEPTH:
        return
    packed = False
    for inner in _unpacked(data):
        packed = True
        yield from views(inner, depth + 1)
    if packed or len(data) > 4_000_000:
        return
    for inner in _decoded(data):
        if inner != data:
            yield from views(inner, depth + 1)


def _unpacked(data: bytes) -> Iterator[bytes]:
    if data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield name.encode()
                yield archive.read(name)
    if data[:4] == b"\x28\xb5\x2f\xfd":
        yield zstandard.ZstdDecompressor().decompressobj().decompress(data)
    if data[:2] == b"\x1f\x8b":
        yield gzip.decompress(data)
    if data[:5] == b"%PDF-":
        for match in re.finditer(rb"stream\r?\n", data):
            unpack = zlib.decompressobj()
            try:
                yield unpack.decompress(data[match.end() :])
            except zlib.error:
                continue


def _decoded(data: bytes) -> Iterator[bytes]:
    if b"%" in data or b"+" in data:
        yield unquote_plus(data.decode("latin-1"), "latin-1").encode("latin-1", "replace")
    if b"&" in data:
        yield html.unescape(data.decode("utf-8", "replace")).encode("utf-8", "replace")
    if b"\\" in data:
        plain = _ESCAPE.sub(lambda match: chr(int(match[1], 16)).encode("utf-8", "replace"), data)
        yield plain.replace(b"\\/", b"/").replace(b'\\"', b'"').replace(b"\\n", b"\n").replace(b"\\\\", b"\\")
    if b"\0" in data:
        yield data.replace(b"\0", b"")  # UTF-16 of what is ASCII, either way round
    found = []
    for match in _BASE64.finditer(data):
        run = match[0].replace(b"-", b"+").replace(b"_", b"/")[:200_000]
        found += [base64.b64decode(run[shift : shift + (len(run) - shift) // 4 * 4]) for shift in range(4)]
    if found:
        yield b"\n".join(found)
    if pairs := [bytes.fromhex(match[0].decode()) for match in _HEX.finditer(data)]:
        yield b"\n".join(pairs)


def found_in(data: bytes, secrets: dict[str, str]) -> list[str]:
    """Names of the secrets that can be read out of `data`, in any case."""
    left = {name: secret.lower().encode() for name, secret in secrets.items()}
    found = []
    for view in views(data):
        lower = view.lower()
        for name in [name for name, secret in left.items() if secret in lower]:
            found.append(name)
            del left[name]
    return found
