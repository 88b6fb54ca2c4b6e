"""Sentry recordings without their envelope: segment downloads, single segments, stored blobs.

A download is an array of segments, each an array of events (an empty one stands for a segment that is lost). A single
segment may still have its `{"segment_id":n}` line, its compression or the byte that storage puts in front.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from replay_viewer.formats.base import (
    Broken,
    Document,
    Format,
    Piece,
    Sifter,
    Skipped,
    Truncated,
    register,
)
from replay_viewer.formats.sentry.recording import MAX_SEGMENT, payload


def sniff_download(document: Document) -> bool:
    """An array of arrays of objects."""
    shape = document.shape
    return shape.first == "[" and any(item.first == "[" and item.item.first in ("{", "") for item in shape.items)


def read_download(document: Document) -> Iterator[Piece]:
    """The events of all segments. Raises NotARecording, Malformed, Truncated, TooLarge."""
    cursor = document.cursor()
    sifter = Sifter(document.name)
    number = 0
    while cursor.peek():
        for _, segments in cursor.elements():
            for segment in segments:
                array = bytes(segment)
                if array.startswith(b"["):
                    before = sifter.good
                    yield from sifter.window(array)
                    if sifter.good == before:
                        yield Skipped("", "empty-segment", f"Segment {number} of the recording is missing.")
                else:
                    yield from sifter.each(iter([array]))
                number += 1
    yield from sifter.finish()


def sniff_blob(document: Document) -> bool:
    """A segment header line, or the byte storage puts in front."""
    head = document.head
    return head.startswith(b'{"segment_id"') or (head[:1] in (b"\x00", b"\x01") and b'{"' in head[:HEAD])


HEAD = 64


def read_blob(document: Document) -> Iterator[Piece]:
    """The events of one segment. Raises NotARecording, Truncated, TooLarge."""
    data = document.stream().read(MAX_SEGMENT + 1)
    sifter = Sifter(document.name)
    try:
        _, array = payload(data, document.name)
        yield from sifter.window(array)
    except (Broken, msgspec.DecodeError) as error:
        raise Truncated(f"“{document.name}” is a damaged segment of a Sentry recording.") from error
    yield from sifter.finish()


DOWNLOAD = register(Format("sentry-download", sniff_download, read_download, rank=20))
BLOB = register(Format("sentry-segment", sniff_blob, read_blob, rank=11, parts=True))
