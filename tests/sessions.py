"""Sessions in a real library, made from raw events without going through a file format."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from replay_viewer.domain.rows import Row
from replay_viewer.domain.session import Session, Tab
from replay_viewer.library import Library
from replay_viewer.services.recorder import TabRecorder


def store_session(
    home: Path, raws: list[bytes], id: str = "s1", batch: int = 1000, rows: Sequence[Row] = ()
) -> Session:
    """Record `raws` as the one tab of session `id` in the library at `home`; `rows` come besides."""
    library = Library.open(home)
    try:
        with library.writer(id, "test") as writer:
            tab = TabRecorder(writer, 0, "", patient=False)
            for n in range(0, len(raws), batch):
                tab.add(raws[n : n + batch])
            tab.finish()
            writer.rows([*tab.rows, *rows])
            writer.finish(
                Session(
                    id=id,
                    start=tab.start,
                    end=tab.end,
                    events=tab.count,
                    tabs=[Tab(index=0, start=tab.start, end=tab.end, events=tab.count)],
                )
            )
        return library.session(id)
    finally:
        library.close()
