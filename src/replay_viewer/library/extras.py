"""What belongs to a session but not to its recording, by the session's id: it outlives a re-import, as notes do."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator

import msgspec
import zstandard
from sqlalchemy import Connection, Table, delete, insert, select

from replay_viewer.domain.pulled import Asset, Attached, KeptMap, Pulled
from replay_viewer.domain.rows import AnyRow, Row, decode_row, encode_row
from replay_viewer.library import schema
from replay_viewer.library.blobs import BlobStore, BlobWriter
from replay_viewer.library.database import Database

_x, _a, _f, _m = schema.extras.c, schema.attached.c, schema.assets.c, schema.maps.c
#: The name under which a session's own rows are kept while others are attached to it.
OWN = ""
#: Rows attached to a session never unpack to more.
_MAX_ROWS = 1 << 30


class Extras:
    """Reads and writes them. Methods raise StorageProblem. Ids are whole ids."""

    def __init__(self, database: Database, blobs: BlobStore) -> None:
        self._database = database
        self._blobs = blobs

    # pulls and keeping

    def pulled(self, id: str) -> Pulled | None:
        """The last pull of a session; None when it was not pulled."""
        with self._database.read() as connection:
            found: bytes | None = connection.execute(select(_x.pulled).where(_x.session == id)).scalar()
        return msgspec.json.decode(found, type=Pulled) if found else None

    def put_pulled(self, id: str, pulled: Pulled) -> None:
        """Remember the last pull of a session."""
        with self._database.write() as connection:
            values = {"expires": pulled.expires, "pulled": msgspec.json.encode(pulled)}
            self._set(connection, id, values)

    def expiries(self, ids: list[str]) -> dict[str, float]:
        """When the backends delete these sessions (epoch ms), of those that say so."""
        with self._database.read() as connection:
            found = connection.execute(
                select(_x.session, _x.expires).where(_x.session.in_(ids), _x.expires > 0)
            ).all()
        return {row[0]: row[1] for row in found}

    def keep(self, id: str, on: bool) -> None:
        """Protect a session from clean-up, or not."""
        with self._database.write() as connection:
            self._set(connection, id, {"kept": int(on)})

    def kept(self) -> set[str]:
        """Sessions protected from clean-up."""
        with self._database.read() as connection:
            return set(connection.execute(select(_x.session).where(_x.kept == 1)).scalars())

    @staticmethod
    def _set(connection: Connection, id: str, values: dict[str, object]) -> None:
        known = connection.execute(select(_x.session).where(_x.session == id)).scalar()
        if known is None:
            blank = {"kept": 0, "expires": 0.0, "pulled": b""}
            connection.execute(insert(schema.extras).values(session=id, **(blank | values)))
        else:
            connection.execute(schema.extras.update().where(_x.session == id).values(**values))

    # attached rows

    def attached(self, id: str) -> list[Attached]:
        """What is attached to a session, in order of name."""
        with self._database.read() as connection:
            found = connection.execute(
                select(_a.record).where(_a.session == id, _a.name != OWN).order_by(_a.name)
            ).scalars()
            return [msgspec.json.decode(record, type=Attached) for record in found]

    def attached_rows(self, id: str, name: str) -> list[AnyRow] | None:
        """The rows of an attachment (or `OWN`), by their own clock; None when there is none of that name."""
        with self._database.read() as connection:
            data: bytes | None = connection.execute(select(_a.rows).where(_a.session == id, _a.name == name)).scalar()
        if data is None:
            return None
        packed = zstandard.ZstdDecompressor().decompress(data, max_output_size=_MAX_ROWS)
        return [decode_row(bytes(raw)) for raw in msgspec.json.decode(packed, type=list[msgspec.Raw])]

    def put_attached(self, id: str, attached: Attached, rows: list[Row]) -> None:
        """Add an attachment, or replace the one of the same name."""
        packed = zstandard.ZstdCompressor(level=3).compress(b"[" + b",".join(map(encode_row, rows)) + b"]")
        record = msgspec.json.encode(msgspec.structs.replace(attached, rows=len(rows)))
        with self._database.write() as connection:
            connection.execute(delete(schema.attached).where(_a.session == id, _a.name == attached.name))
            connection.execute(
                insert(schema.attached).values(session=id, name=attached.name, record=record, rows=packed)
            )

    def set_offset(self, id: str, attached: Attached) -> None:
        """Store the record of an attachment that is there."""
        with self._database.write() as connection:
            connection.execute(
                schema.attached.update()
                .where(_a.session == id, _a.name == attached.name)
                .values(record=msgspec.json.encode(attached))
            )

    def remove_attached(self, id: str, name: str) -> None:
        """Remove an attachment; nothing happens when it is not there."""
        with self._database.write() as connection:
            connection.execute(delete(schema.attached).where(_a.session == id, _a.name == name))

    # assets

    def assets(self, id: str) -> list[Asset]:
        """The files the recording refers to, had or not, in order of URL."""
        with self._database.read() as connection:
            found = connection.execute(
                select(_f.url, _f.blob, _f.type, _f.size, _f.why).where(_f.session == id).order_by(_f.url)
            ).all()
        return [Asset(url=row[0], digest=row[1], type=row[2], size=row[3], why=row[4]) for row in found]

    def put_asset(self, id: str, asset: Asset, data: bytes = b"") -> None:
        """Store a file of a session (content-addressed), or why it could not be had."""
        with self._storing(data, asset.why) as (connection, digest):
            connection.execute(delete(schema.assets).where(_f.session == id, _f.url == asset.url))
            connection.execute(
                insert(schema.assets).values(
                    session=id, url=asset.url, blob=digest, type=asset.type, size=len(data), why=asset.why
                )
            )

    @contextlib.contextmanager
    def _storing(self, data: bytes, why: str) -> Iterator[tuple[Connection, str]]:
        """A transaction in which a file's content is on disk already, and its digest ('' when there is a `why`)."""
        writer = BlobWriter(self._blobs)
        try:
            # under the write lock, as blobs nobody refers to yet are removed only by who holds it
            with self._database.write() as connection:
                digest = writer.put(data) if not why else ""
                writer.sync()
                yield connection, digest
        finally:
            writer.close()

    # source maps

    def maps(self, id: str) -> list[KeptMap]:
        """The source maps kept with a session, had or not, in order of name."""
        with self._database.read() as connection:
            found = connection.execute(select(schema.maps).where(_m.session == id).order_by(_m.name)).all()
        return [
            KeptMap(
                name=row.name, source=row.source, digest=row.blob, debug_id=row.debug_id, size=row.size, why=row.why
            )
            for row in found
        ]  # fmt: skip

    def put_map(self, id: str, kept: KeptMap, data: bytes = b"") -> None:
        """Store a source map of a session, or why it could not be had; one of the same name is replaced."""
        with self._storing(data, kept.why) as (connection, digest):
            connection.execute(delete(schema.maps).where(_m.session == id, _m.name == kept.name))
            connection.execute(
                insert(schema.maps).values(
                    session=id, name=kept.name, source=kept.source, debug_id=kept.debug_id, blob=digest,
                    size=len(data), why=kept.why,
                )
            )  # fmt: skip

    def remove_maps(self, id: str) -> set[str]:
        """Remove the source maps of a session; the blobs they were in, which others may refer to."""
        with self._database.write() as connection:
            blobs = set(connection.execute(select(_m.blob).where(_m.session == id, _m.blob != "")).scalars())
            connection.execute(delete(schema.maps).where(_m.session == id))
        return blobs

    def strip(self, id: str, keep: Collection[str], keep_maps: Collection[str]) -> None:
        """Remove what is attached to a session, where it was pulled from, its assets but those with these URLs, and
        its source maps but those with these names.

        The blobs go with the next sweep (`Library.tidy`).
        """
        with self._database.write() as connection:
            connection.execute(delete(schema.attached).where(_a.session == id))
            connection.execute(schema.extras.update().where(_x.session == id).values(pulled=b"", expires=0.0))
            connection.execute(delete(schema.assets).where(_f.session == id, _f.url.not_in(list(keep))))
            connection.execute(delete(schema.maps).where(_m.session == id, _m.name.not_in(list(keep_maps))))


def forget(connection: Connection, id: str) -> set[str]:
    """Remove all of it for a session that is deleted; the blobs it referred to."""
    blobs: set[str] = set()
    for column in (_f.blob, _m.blob):
        found = select(column).where(column.table.c.session == id, column != "")
        blobs.update(connection.execute(found).scalars())
    tables: tuple[Table, ...] = (schema.extras, schema.attached, schema.assets, schema.maps)
    for table in tables:
        connection.execute(delete(table).where(table.c.session == id))
    return blobs
