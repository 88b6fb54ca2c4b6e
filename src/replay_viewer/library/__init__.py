"""The local store: SQLite through SQLAlchemy, content-addressed blobs, migrations, search. No Qt, no network.

`Library` reads, `SessionWriter` writes; everything else here is how.
"""

from __future__ import annotations

from replay_viewer.library.home import home_dir
from replay_viewer.library.records import ChunkRef, Hit, Interval, KeyframeRef, PageHit, PageRead, RowColumns
from replay_viewer.library.store import Library
from replay_viewer.library.writer import SessionWriter

__all__ = [
    "ChunkRef",
    "Hit",
    "Interval",
    "KeyframeRef",
    "Library",
    "PageHit",
    "PageRead",
    "RowColumns",
    "SessionWriter",
    "home_dir",
]
