"""Arrays of rrweb events in one JSON file: plain, packed (@rrweb/packer `v1`), Amplitude's v2 and v3 files.

Several arrays behind one another (appended downloads) are read too. Any array no other format knows ends up here, so
that the message about it is about events.
"""

from __future__ import annotations

from collections.abc import Iterator

from replay_viewer.formats.base import Document, Format, Piece, Sifter, register


def sniff(document: Document) -> bool:
    """Any JSON array."""
    return document.shape.first == "["


def read(document: Document) -> Iterator[Piece]:
    """The events, window by window. Raises NotARecording, Malformed, Truncated, TooLarge."""
    cursor = document.cursor()
    sifter = Sifter(document.name)
    while True:
        for array, raws in cursor.elements():
            yield from sifter.window(array, raws)
        if cursor.peek() in (b"", b"\0"):  # some disks fill up what was not written to its end
            break
    yield from sifter.finish()


FORMAT = register(Format("rrweb-json", sniff, read, rank=90))
