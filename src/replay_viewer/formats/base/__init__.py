"""What all formats stand on: pieces, documents, streams with limits, JSON in windows, events one by one."""

from replay_viewer.formats.base.again import Captures, Reordered, captured
from replay_viewer.formats.base.cursor import Cursor, Malformed
from replay_viewer.formats.base.document import Document, Format, recognise, register, registered
from replay_viewer.formats.base.events import Broken, NotARecording, Sifter
from replay_viewer.formats.base.pieces import Batch, Linked, Piece, Said, Skipped, batches, merge_facts
from replay_viewer.formats.base.pipeline import read_body, read_paths
from replay_viewer.formats.base.stream import Stream, TooLarge, Truncated, inflate

__all__ = [
    "Batch",
    "Broken",
    "Captures",
    "Cursor",
    "Document",
    "Format",
    "Linked",
    "Malformed",
    "NotARecording",
    "Piece",
    "Reordered",
    "Said",
    "Sifter",
    "Skipped",
    "Stream",
    "TooLarge",
    "Truncated",
    "batches",
    "captured",
    "inflate",
    "merge_facts",
    "read_body",
    "read_paths",
    "recognise",
    "register",
    "registered",
]
