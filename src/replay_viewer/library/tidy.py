"""Putting the library in order: dead imports, deleted sessions, blobs nobody refers to, texts not indexed yet.

What is invisible is so at once, by one small transaction; the bulk goes in slices, so that nobody waits for it.
Blob files are removed only while the write lock is held and no writer lives: a writer that finds a blob already
there relies on it before it refers to it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import Column, Connection, delete, exists, or_, select, update

from replay_viewer.domain.errors import StorageProblem
from replay_viewer.library import fulltext, packed, packing, schema
from replay_viewer.library.database import Database
from replay_viewer.library.locks import is_held

if TYPE_CHECKING:
    from replay_viewer.library.store import Library

_s = schema.sessions
#: Rows removed, texts entered, and blob files removed in one transaction: each holds the write lock some 50 ms.
_SLICE = 10_000
_TEXTS = 10_000
_FILES = 500
#: Key in `settings`: a writer died, so there may be files that no table ever knew of.
_SWEEP = "library.sweep"


#: Bytes kept aside, so that on a full disk there is room to say that an import is dead.
_BALLAST = 256 << 10


def keep_ballast(library: Library) -> None:
    """Put the ballast there, if there is room for it."""
    path = library.home / "ballast"
    try:
        if not path.exists():
            path.write_bytes(bytes(_BALLAST))
    except OSError:
        # full already, or read-only: the library can still be read
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def drop(library: Library, gen: int) -> None:
    """`mark_dead`, on a full disk too: then in the room of the ballast. Raises StorageProblem."""
    try:
        mark_dead(library, gen)
    except StorageProblem:
        try:
            (library.home / "ballast").unlink()
        except OSError:
            raise StorageProblem(
                f"The library in {library.home} has no room left to remove a broken import.", "Free some space there."
            ) from None
        mark_dead(library, gen)
        # what cannot be removed for want of room is invisible, and goes another time
        with contextlib.suppress(StorageProblem):
            purge(library)
        keep_ballast(library)


def recover(library: Library) -> None:
    """Make imports whose writer died invisible. Quick; `purge` removes what they left."""
    database = library.database
    with database.read() as connection:
        leased = connection.execute(select(_s.c.gen, _s.c.lease).where(_s.c.lease != "")).all()
    for gen, lease in leased:
        if not is_held(library.leases / lease):
            drop(library, gen)
            (library.leases / lease).unlink(missing_ok=True)


def mark_dead(library: Library, gen: int) -> None:
    """Make a generation invisible for good."""
    with library.database.write() as connection:
        found = connection.execute(select(_s.c.rank, _s.c.visible, _s.c.lease).where(_s.c.gen == gen)).one_or_none()
        if found is None:
            # deleted while it was imported; what was written since is known to no table
            want_sweep(connection)
            return
        if found.visible:
            fulltext.remove_session(connection, found.rank)
        connection.execute(update(_s).where(_s.c.gen == gen).values(visible=0, dead=1, lease=""))
        if found.lease:
            want_sweep(connection)


def want_sweep(connection: Connection) -> None:
    """Remember that there may be blob files nobody refers to."""
    connection.execute(delete(schema.settings).where(schema.settings.c.key == _SWEEP))
    connection.execute(schema.settings.insert().values(key=_SWEEP, value=b"true"))


def purge(library: Library) -> None:
    """Remove everything of dead generations, and blobs nobody refers to. Can be broken off and taken up again."""
    database = library.database
    with database.read() as connection:
        dead = connection.execute(select(_s.c.gen).where(_s.c.dead == 1)).scalars().all()
        swept = connection.execute(select(schema.settings.c.key).where(schema.settings.c.key == _SWEEP)).first()
    for gen in dead:
        _purge_rows(database, gen)
        candidates = _forget(database, gen)
        _remove_blobs(library, candidates)
    if swept:
        _sweep(library)
    if dead:
        database.shrink()


def _purge_rows(database: Database, gen: int) -> None:
    low, high = gen << 36, (gen + 1) << 36
    while True:
        with database.write() as connection:
            last = connection.exec_driver_sql(
                "SELECT max(id) FROM (SELECT id FROM rows WHERE id >= ? AND id < ? ORDER BY id LIMIT ?)",
                (low, high, _SLICE),
            ).scalar()
            if last is None:
                break
            connection.execute(delete(schema.rows).where(schema.rows.c.id.between(low, last)))
    while True:
        with database.write() as connection:
            if not fulltext.remove_texts(connection, gen, _SLICE):
                break
    while True:
        with database.write() as connection:
            if not fulltext.remove_page_texts(connection, gen, _SLICE):
                break


def _forget(database: Database, gen: int) -> set[str]:
    """Delete the small tables' lines of a generation and itself; the blobs it referred to."""
    tables = (
        *(schema.chunks, schema.keyframes, schema.packed, schema.activity, schema.page_reads),
        *(schema.quiet, schema.thumbnails),
    )
    with database.write() as connection:
        blobs: set[str] = set()
        for column in _own_references():
            blobs.update(connection.execute(select(column).where(column.table.c.gen == gen)).scalars())
        for table in tables:
            connection.execute(delete(table).where(table.c.gen == gen))
        connection.execute(delete(_s).where(_s.c.gen == gen))
        # remembered in the same transaction: a kill between this and the removal leaves no orphan for ever
        if blobs:
            want_sweep(connection)
    return blobs


def _own_references() -> tuple[Column[str], ...]:
    """Where a generation refers to blobs."""
    return (schema.chunks.c.blob, schema.keyframes.c.blob, schema.packed.c.columns, schema.packed.c.texts)


def _references() -> tuple[Column[str], ...]:
    """Where anything refers to blobs."""
    return (*_own_references(), schema.assets.c.blob, schema.maps.c.blob)


def remove_blobs(library: Library, digests: Iterable[str]) -> None:
    """Remove those of these blobs that nothing refers to any more."""
    _remove_blobs(library, digests)


def _sweep(library: Library) -> None:
    """Remove every file of the blob folder that nothing refers to."""
    batch: list[Path] = []
    complete = True
    for path in library.blobs.files():
        batch.append(path)
        if len(batch) >= _FILES:
            complete = _remove_files(library, batch) and complete
            batch = []
    complete = _remove_files(library, batch) and complete
    if complete:
        with library.database.write() as connection:
            connection.execute(delete(schema.settings).where(schema.settings.c.key == _SWEEP))


def _remove_blobs(library: Library, digests: Iterable[str]) -> None:
    paths = [library.blobs.path(digest) for digest in sorted(digests)]
    for start in range(0, len(paths), _FILES):
        _remove_files(library, paths[start : start + _FILES])


def _remove_files(library: Library, paths: list[Path]) -> bool:
    """Remove those that nothing refers to; False when a writer lives and nothing may be touched."""
    with library.database.write() as connection:
        if connection.execute(select(exists().where(_s.c.lease != ""))).scalar():
            return False
        for path in paths:
            used = connection.execute(
                select(or_(*(exists().where(column == path.name) for column in _references())))
            ).scalar()
            if not used:
                try:
                    path.unlink(missing_ok=True)
                except OSError as error:
                    raise StorageProblem(
                        f"{path} cannot be removed: {error.strerror}.", "Remove it by hand."
                    ) from error
    return True


def index_texts(library: Library, gen: int) -> None:
    """Fill the full text index with each different text of a finished generation, in memory that stays small."""
    with library.database.read() as connection:
        kinds = connection.execute(
            select(schema.packed.c.kind, schema.packed.c.first, schema.packed.c.columns).where(
                schema.packed.c.gen == gen
            )
        ).all()
    for kind, first, digest in kinds:
        columns = packed.unpack_columns(library.blobs.read(digest))
        base = schema.row_id(gen, kind, first)
        if not _index_kind(library.database, gen, kind, base, columns):
            return
    with library.database.write() as connection:
        connection.execute(update(_s).where(_s.c.gen == gen).values(indexed=1))


def _index_kind(database: Database, gen: int, kind: str, base: int, columns: packed.Columns) -> bool:
    """Index one kind; False when the generation died meanwhile."""
    count = len(columns)
    with database.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT text FROM rows WHERE id BETWEEN ? AND ? ORDER BY id", (base, base + count - 1)
        ).scalars()
        # equal texts by equal hashes: of a million texts two different ones share one once in 30 million sessions
        hashes = np.fromiter(map(hash, found), np.int64, count)
    # in time order, so that the first of equal texts is the first a person sees
    _, firsts, counts = np.unique(hashes[columns.order], return_index=True, return_counts=True)
    how_many = np.zeros(count, np.int64)
    how_many[columns.order[firsts]] = counts
    number = np.empty(count, np.int64)
    number[columns.order] = columns.n
    for start in range(0, count, _TEXTS):
        with database.write() as connection:
            if connection.execute(select(_s.c.dead).where(_s.c.gen == gen)).scalar() != 0:
                return False
            found = connection.exec_driver_sql(
                "SELECT text FROM rows WHERE id BETWEEN ? AND ? ORDER BY id",
                (base + start, base + min(count, start + _TEXTS) - 1),
            ).scalars()
            values = [
                (gen, kind, int(number[i]), int(how_many[i]), text)
                for i, text in enumerate(found, start)
                if text and how_many[i]
            ]
            if values:
                fulltext.add_texts(connection, values)
    return True


def index_missing(library: Library) -> None:
    """Index what a killed process left unindexed."""
    with library.database.read() as connection:
        missing = (
            connection.execute(select(_s.c.gen).where(_s.c.visible == 1, _s.c.state == "ready", _s.c.indexed == 0))
            .scalars()
            .all()
        )
    for gen in missing:
        settle(library, gen)


def settle(library: Library, gen: int) -> None:
    """Pack what rows a generation has that are not packed, and index its texts anew."""
    if packing.pack_whole(library, gen):
        with library.database.write() as connection:
            want_sweep(connection)
    while True:
        with library.database.write() as connection:
            if not fulltext.remove_texts(connection, gen, _SLICE):
                break
    index_texts(library, gen)
