"""A session pulled from a collector beside the same capture imported from its files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from replay_viewer.domain.session import Session
from replay_viewer.library import Library
from replay_viewer.services.importer import import_paths
from replay_viewer.services.pull import pull


@contextmanager
def both_ways(folder: Path, url: str, raw: Path) -> Iterator[tuple[Library, Session, Library, Session]]:
    """The libraries and sessions of a pull of `url` and an import of the capture in `raw`.

    That their counts, events and spans agree was checked.
    """
    session = pull(folder / "home", url)
    (same,) = import_paths(folder / "files", [raw])
    with Library.open(folder / "home") as pulled, Library.open(folder / "files") as imported:
        left, right = pulled.session(session), imported.session(same)
        assert (left.counts, left.events) == (right.counts, right.events)
        assert (left.start, left.end) == (right.start, right.end)
        yield pulled, left, imported, right
