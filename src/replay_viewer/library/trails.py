"""What lies along a session's time besides its rows: quiet stretches of its tabs, and small pictures."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from sqlalchemy import Connection, delete, func, insert, select

from replay_viewer.library import schema
from replay_viewer.library.database import Database

Span = tuple[float, float]
#: ((first, last) activity, quiet stretches between them), epoch ms.
Quiet = tuple[Span, list[Span]]

#: All small pictures of a library together are kept below this many bytes.
ROOM = 256 << 20

_q = schema.quiet.c
_t = schema.thumbnails.c


def pack_spans(spans: Sequence[Span]) -> bytes:
    """Spans as little-endian float64."""
    return np.asarray(spans, "<f8").tobytes()


def read_quiet(database: Database, gen: int) -> dict[int, Quiet]:
    """Quiet stretches per tab of a generation."""
    with database.read() as connection:
        found = connection.execute(select(_q.tab, _q.first, _q.last, _q.spans).where(_q.gen == gen)).all()
    return {
        row[0]: ((row[1], row[2]), [(a, b) for a, b in np.frombuffer(row[3], "<f8").reshape(-1, 2).tolist()])
        for row in found
    }


def put_quiet(database: Database, gen: int, tab: int, held: Quiet) -> None:
    """Enter the quiet stretches of a tab, in place of those that are there."""
    (first, last), spans = held
    with database.write() as connection:
        connection.execute(delete(schema.quiet).where(_q.gen == gen, _q.tab == tab))
        if _alive(connection, gen):
            connection.execute(
                insert(schema.quiet).values(gen=gen, tab=tab, first=first, last=last, spans=pack_spans(spans))
            )


def list_thumbnails(database: Database, gen: int) -> list[tuple[int, float]]:
    """Tab and instant of every small picture of a generation, in order."""
    with database.read() as connection:
        found = connection.execute(select(_t.tab, _t.t).where(_t.gen == gen).order_by(_t.tab, _t.t)).all()
    return [(row[0], row[1]) for row in found]


def read_thumbnail(database: Database, gen: int, tab: int, t: float) -> bytes | None:
    """One small picture."""
    with database.read() as connection:
        found: bytes | None = connection.execute(
            select(_t.data).where(_t.gen == gen, _t.tab == tab, _t.t == t)
        ).scalar()
    return found


def put_thumbnail(database: Database, gen: int, tab: int, t: float, data: bytes) -> None:
    """Enter a small picture, and make room for it."""
    with database.write() as connection:
        connection.execute(delete(schema.thumbnails).where(_t.gen == gen, _t.tab == tab, _t.t == t))
        if not _alive(connection, gen):
            return
        connection.execute(
            insert(schema.thumbnails).values(
                gen=gen, tab=tab, t=t, made=time.time() * 1000.0, size=len(data), data=data
            )
        )
        if (connection.execute(select(func.sum(_t.size))).scalar() or 0) > ROOM:
            oldest = select(_t.gen).where(_t.gen != gen).group_by(_t.gen).order_by(func.max(_t.made)).limit(1)
            connection.execute(delete(schema.thumbnails).where(_t.gen == oldest.scalar_subquery()))


def _alive(connection: Connection, gen: int) -> bool:
    """Whether the generation is still there: it may have been deleted while somebody worked on it."""
    s = schema.sessions.c
    return connection.execute(select(s.gen).where(s.gen == gen, s.dead == 0)).first() is not None
