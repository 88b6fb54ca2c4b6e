"""rrweb events one a line, plain or packed strings."""

from __future__ import annotations

from collections.abc import Iterator

from replay_viewer.formats.base import Document, Format, Piece, Sifter, register


def sniff(document: Document) -> bool:
    """An object with an event's members, or a packed string, at the start."""
    shape = document.shape
    if shape.first == '"':
        return True
    kind = shape.keys.get("type")
    return kind is not None and kind.first in tuple("01234567") and bool({"timestamp", "data"} & shape.keys.keys())


def read(document: Document) -> Iterator[Piece]:
    """The events, window by window; a broken line is a broken event. Raises NotARecording, Truncated, TooLarge."""
    sifter = Sifter(document.name)
    for run in document.cursor().lines():
        yield from sifter.lines(run)
    yield from sifter.finish()


FORMAT = register(Format("rrweb-jsonl", sniff, read, rank=60))
