"""Formats: files, folders, archives and request bodies decoded into pieces, streamed.

Each module (or package) here registers what it reads; other packages add theirs by the entry point
`replay_viewer.formats`, which names a `Format` or a function that returns one.
"""

from replay_viewer.formats import beacons, buried, har, html, jsonl, logs, playwright, posthog, rrweb, sentry, wrapper
from replay_viewer.formats.base import (
    Batch,
    Captures,
    Linked,
    NotARecording,
    Piece,
    Reordered,
    Said,
    Skipped,
    captured,
    merge_facts,
    read_body,
    read_paths,
)

__all__ = [
    "Batch",
    "Captures",
    "Linked",
    "NotARecording",
    "Piece",
    "Reordered",
    "Said",
    "Skipped",
    "beacons",
    "buried",
    "captured",
    "har",
    "html",
    "jsonl",
    "logs",
    "merge_facts",
    "playwright",
    "posthog",
    "read_body",
    "read_paths",
    "rrweb",
    "sentry",
    "wrapper",
]
