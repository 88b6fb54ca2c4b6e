"""What a collector's database holds, read beside the collector, on SQLite or PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Table, create_engine, select

from replay_viewer.collector.database import default_url
from replay_viewer.collector.schema import items, linked, strays


class Kept:
    """The tables no public address lists whole. `url`: of the database."""

    def __init__(self, url: str) -> None:
        self._url = url

    def _rows(self, table: Table) -> list[dict[str, Any]]:
        engine = create_engine(self._url)
        try:
            with engine.connect() as connection:
                return [dict(row) for row in connection.execute(select(table).order_by(table.c.id)).mappings()]
        finally:
            engine.dispose()

    def linked(self, kind: str = "") -> list[dict[str, Any]]:
        """Linked rows, all or of one kind."""
        return [row for row in self._rows(linked) if not kind or row["kind"] == kind]

    def items(self) -> list[dict[str, Any]]:
        """Items kept apart."""
        return self._rows(items)

    def strays(self) -> int:
        """How many bodies belong to no session."""
        return len(self._rows(strays))


def kept_of(home: Path, db: str | None) -> Kept:
    """Of a collector in `home`, with `--db` or without."""
    return Kept(db or default_url(home))
