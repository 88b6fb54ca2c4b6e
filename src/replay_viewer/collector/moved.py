"""Erases bodies at the place they were moved away from, also those that a killed process left there."""

from __future__ import annotations

from sqlalchemy import Engine, delete, select

from replay_viewer.collector.blobs import Blobs
from replay_viewer.collector.schema import moved


def erase_moved(engine: Engine, blobs: Blobs) -> int:
    """Overwrite what the table `moved` names, then forget it; answers how many bodies that were.

    A row is written in the transaction that moves its body, so that nothing is forgotten when the process is killed
    in between; erasing twice is erasing once. Raises StorageProblem, SQLAlchemyError.
    """
    with engine.connect() as connection:
        rows = connection.execute(select(moved)).all()
    for row in rows:
        blobs.erase(row.blob, row.offset, row.bytes)
    if rows:
        with engine.begin() as connection:
            connection.execute(delete(moved).where(moved.c.id.in_([row.id for row in rows])))
    return len(rows)
