"""Rows of a finished generation packed anew, when more were added to it than its packed columns and texts know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, select, update

from replay_viewer.domain.rows import KINDS
from replay_viewer.library import packed, schema
from replay_viewer.library.blobs import BlobWriter
from replay_viewer.library.database import bulk_insert

if TYPE_CHECKING:
    from replay_viewer.library.store import Library

_p = schema.packed.c
_s = schema.sessions

#: t, end, tab, event, severity, text of a row.
Line = Sequence[Any]


def pack(
    connection: Connection, blobs: BlobWriter, gen: int, kind: str, first: int, lines: Sequence[Line]
) -> set[str]:
    """Enter `lines` as the packed first rows of a kind, numbered from `first` on; the blobs that were there instead.

    The blobs are on disk when this returns. With no lines, nothing is packed. To be called under the write lock.
    """
    where = (_p.gen == gen, _p.kind == kind)
    old = connection.execute(select(_p.columns, _p.texts).where(*where)).one_or_none()
    connection.execute(delete(schema.packed).where(*where))
    if lines:
        t, end, tab, event, severity, texts = zip(*lines, strict=True)
        columns = blobs.put(packed.pack_columns(packed.sort_columns(t, end, tab, event, severity)))
        folded = blobs.put(packed.pack_texts([packed.fold(list(texts))]))
        blobs.sync()
        bulk_insert(connection, schema.packed, [(gen, kind, len(lines), first, columns, folded)])
        return set(old or ()) - {columns, folded}
    return set(old or ())


def pack_whole(library: Library, gen: int) -> set[str]:
    """Pack all rows of a generation that are not; the blobs that nothing of it refers to any more."""
    replaced: set[str] = set()
    for kind in KINDS:
        base, top = schema.row_id(gen, kind, 0), schema.row_id(gen, kind, 0xFFFFFFFF)
        with library.database.write() as connection:
            lowest, highest = connection.exec_driver_sql(
                "SELECT min(id), max(id) FROM rows WHERE id BETWEEN ? AND ?", (base, top)
            ).one()
            count = connection.execute(select(_p.rows).where(_p.gen == gen, _p.kind == kind)).scalar()
            if (0 if lowest is None else highest - lowest + 1) == (count or 0):
                continue
            lines = connection.exec_driver_sql(
                "SELECT t, t1, tab, event, severity, text FROM rows WHERE id BETWEEN ? AND ? ORDER BY id", (base, top)
            ).all()
            blobs = BlobWriter(library.blobs)
            try:
                replaced |= pack(connection, blobs, gen, kind, 0 if lowest is None else lowest - base, lines)
            finally:
                blobs.close()
            # who keeps the columns of before would ask for texts that are not there any more
            connection.execute(update(_s).where(_s.c.gen == gen).values(revision=_s.c.revision + 1))
    return replaced
