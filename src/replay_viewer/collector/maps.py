"""Source maps of releases: an admin uploads them, whoever may read sessions gets those that stacks need.

A row per map, and a file of its own for its content, named at random, so that a deletion and an upload of the same
content have nothing to do with each other. The file is on disk before its row; a file without a row, which a crash
leaves, goes at the next start.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
import uuid
import zlib
from pathlib import Path
from typing import Any

import zstandard
from sqlalchemy import ColumnElement, Engine, delete, insert, select
from sqlalchemy.exc import IntegrityError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from replay_viewer.analysis.mapset import debug_id_of
from replay_viewer.analysis.sourcemap import IndexedMap
from replay_viewer.collector.access import Reader
from replay_viewer.collector.audit import Audit
from replay_viewer.collector.guard import Guard, limit_of, matches
from replay_viewer.collector.http import Gone, TooLarge, problem, read_limited
from replay_viewer.collector.incoming import column_text
from replay_viewer.collector.schema import source_maps
from replay_viewer.domain.errors import BadInput, NotFound, StorageProblem

#: Bytes of one map, packed or not; characters of a release and of a name.
LARGEST, LONGEST_RELEASE, LONGEST_NAME = 100_000_000, 250, 1_000
#: A file without a row this young (s) may belong to an upload under way.
_YOUNG = 3600.0
_LAST = 1 << 62
_DEBUG_ID = re.compile(r"[0-9a-fA-F-]{32,36}")
_m = source_maps.c


class MapStore:
    """The maps in the folder `maps` of a collector. Any thread, any process."""

    def __init__(self, engine: Engine, home: Path, audit: Audit) -> None:
        self._engine, self._folder, self._audit = engine, home / "maps", audit

    def recover(self) -> None:
        """Remove files that no row names: what a crash left. For the start."""
        if not self._folder.is_dir():
            return
        with self._engine.connect() as connection:
            known = set(connection.execute(select(_m.blob)).scalars())
        for path in self._folder.iterdir():
            if path.name not in known and time.time() - path.stat().st_mtime > _YOUNG:
                path.unlink(missing_ok=True)

    def put(
        self, project: str, release: str, name: str, debug_id: str, data: bytes, actor: str, role: str
    ) -> dict[str, Any]:
        """Keep the map of the built file `name` of a release, in place of one it had; what the list says of it.

        Raises BadInput for what is no map, StorageProblem.
        """
        _checked(project, release, name, debug_id)
        IndexedMap(data)
        digest = hashlib.sha256(data).hexdigest()
        mine = (_m.project == project) & (_m.release == release) & (_m.name == name)
        blob = self._write(data)
        while True:
            try:
                with self._engine.begin() as connection:
                    # what this very statement deletes: another upload may have been here since a look
                    old = list(connection.execute(delete(source_maps).where(mine).returning(_m.blob)).scalars())
                    values = {
                        "project": project, "release": release, "name": name, "digest": digest, "bytes": len(data),
                        "debug_id": debug_id_of(data) or debug_id.lower(), "by": actor[:200], "blob": blob,
                        "uploaded": time.time() * 1000.0,
                    }  # fmt: skip
                    id = connection.execute(insert(source_maps).values(values).returning(_m.id)).scalar_one()
                    said = f"project {project}, {name}, {len(data)} bytes"
                    self._audit.note(actor, role, "upload", release, said, connection=connection)
            except IntegrityError:
                continue  # another upload of the same name was quicker: it is the old one now
            break
        self._remove(old)
        return _row({**values, "id": id})

    def page(self, where: dict[str, str], limit: int, before: int) -> dict[str, Any]:
        """`{"data": […], "next": cursor or None}`, newest first. `where`: project, release, name, debug id, or ''."""
        chosen = [source_maps.c[key] == column_text(value) for key, value in where.items() if value]
        query = select(source_maps).where(*chosen, _m.id < before).order_by(_m.id.desc()).limit(limit + 1)
        with self._engine.connect() as connection:
            found = [_row(dict(row)) for row in connection.execute(query).mappings()]
        return {"data": found[:limit], "next": str(found[limit - 1]["id"]) if len(found) > limit else None}

    def digest(self, id: int) -> str:
        """The SHA-256 of a map, '' when there is none of that number."""
        with self._engine.connect() as connection:
            return connection.execute(select(_m.digest).where(_m.id == id)).scalar() or ""

    def read(self, id: int) -> bytes:
        """A map. Raises NotFound, StorageProblem."""
        with self._engine.connect() as connection:
            row = connection.execute(select(_m.blob, _m.digest).where(_m.id == id)).first()
        if row is None:
            raise NotFound(f"There is no source map {id} here.")
        try:
            packed = (self._folder / row.blob).read_bytes()
            data: bytes = zstandard.ZstdDecompressor().decompress(packed, max_output_size=LARGEST)
        except (OSError, zstandard.ZstdError) as error:
            raise StorageProblem("A source map cannot be read.", "Upload the release's maps again.") from error
        if hashlib.sha256(data).hexdigest() != row.digest:
            raise StorageProblem("A source map is damaged.", "Upload the release's maps again.")
        return data

    def remove(self, project: str, release: str, name: str, actor: str, role: str) -> dict[str, int]:
        """Delete the maps of a release, or one of them; how many they were. Raises BadInput, NotFound."""
        if not project or not release:
            raise BadInput("Whose maps shall be deleted?", "Give the project and the release.")
        where: list[ColumnElement[bool]] = [_m.project == column_text(project), _m.release == column_text(release)]
        where += [_m.name == column_text(name)] if name else []
        with self._engine.begin() as connection:
            gone = delete(source_maps).where(*where).returning(_m.blob, _m.bytes)
            found = connection.execute(gone).all()
            if not found:
                raise NotFound(f"There are no source maps of {release} here.", "The list says what there is.")
            said = f"project {project}, {len(found)} source maps"
            self._audit.note(actor, role, "delete-maps", release, said, connection=connection)
        self._remove([row.blob for row in found])
        return {"maps": len(found), "bytes": sum(row.bytes for row in found)}

    def _write(self, data: bytes) -> str:
        blob = uuid.uuid4().hex
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with (self._folder / blob).open("xb") as file:
                file.write(zstandard.ZstdCompressor(level=3).compress(data))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            (self._folder / blob).unlink(missing_ok=True)
            raise StorageProblem(
                f"A source map could not be stored: {error.strerror}.", "Free some disk space."
            ) from error
        return blob

    def _remove(self, blobs: list[str]) -> None:
        for blob in blobs:
            (self._folder / blob).unlink(missing_ok=True)


class MapApi:
    """`/api/v1/maps`: list, upload (PUT), delete; `/api/v1/maps/{id}`: the map."""

    def __init__(self, store: MapStore, audit: Audit, guard: Guard) -> None:
        self._store, self._audit, self._guard = store, audit, guard

    def routes(self) -> list[Route]:
        """All of them; changing is for admins."""
        guard = self._guard
        return [
            Route("/api/v1/maps", guard(self._list), methods=["GET"]),
            Route("/api/v1/maps", guard(self._put, "admin"), methods=["PUT"]),
            Route("/api/v1/maps", guard(self._delete, "admin"), methods=["DELETE"]),
            Route("/api/v1/maps/{id:int}", guard(self._map), methods=["GET"]),
        ]

    async def _list(self, request: Request, _reader: Reader) -> Response:
        query, cursor = request.query_params, request.query_params.get("cursor", "")
        if cursor and not (cursor.isascii() and cursor.isdigit() and int(cursor[:20]) < _LAST):
            raise BadInput("The cursor is none of this list's.", "Start again without one.")
        where = {name: query.get(name, "") for name in ("project", "release", "name")}
        where["debug_id"] = query.get("debugId", "").lower()
        return JSONResponse(await run_in_threadpool(self._store.page, where, limit_of(request), int(cursor or _LAST)))

    async def _map(self, request: Request, reader: Reader) -> Response:
        id = request.path_params["id"]
        known = await run_in_threadpool(self._store.digest, id) if id < _LAST else ""
        if not known:
            raise NotFound(f"There is no source map {id} here.")
        headers = {
            "ETag": f'"{known}"',
            "X-Content-Type-Options": "nosniff",
            "Content-Disposition": f'attachment; filename="map-{id}.map"',
            "Cache-Control": "private, no-cache",
        }
        if matches(request, f'"{known}"'):
            return Response(status_code=304, headers=headers)
        data = await run_in_threadpool(self._store.read, id)
        await run_in_threadpool(self._audit.visit, reader.name, reader.role, "export", f"source map {id}")
        return Response(data, media_type="application/json", headers=headers)

    async def _put(self, request: Request, reader: Reader) -> Response:
        query = request.query_params
        try:
            body = await read_limited(request, LARGEST)
            data = await run_in_threadpool(_plain, body, request.headers.get("content-encoding", ""))
        except TooLarge:
            return problem(413, f"A source map may have {LARGEST:,} bytes.")
        except Gone:
            return problem(400, "The body is not whole.")
        made = await run_in_threadpool(
            self._store.put, query.get("project", ""), query.get("release", ""), query.get("name", ""),
            query.get("debugId", ""), data, reader.name, reader.role,
        )  # fmt: skip
        return JSONResponse(made)

    async def _delete(self, request: Request, reader: Reader) -> Response:
        query = request.query_params
        done = await run_in_threadpool(
            self._store.remove, query.get("project", ""), query.get("release", ""), query.get("name", ""),
            reader.name, reader.role,
        )  # fmt: skip
        return JSONResponse(done)


def _plain(body: bytes, encoding: str) -> bytes:
    """An upload as it was before it was packed. Raises TooLarge, BadInput."""
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        raise BadInput("A source map is sent plain or as gzip.")
    inflate = zlib.decompressobj(wbits=31)
    try:
        data = inflate.decompress(body, LARGEST + 1)
    except zlib.error as error:
        raise BadInput("The body is no gzip.") from error
    if len(data) > LARGEST:
        raise TooLarge
    if not inflate.eof:
        raise BadInput("The body is not whole.")
    return data


def _checked(project: str, release: str, name: str, debug_id: str) -> None:
    if not (project.isascii() and project.isdigit() and len(project) <= 20):
        raise BadInput("A project is a number, as in a Sentry DSN.")
    for what, text, most in (("release", release, LONGEST_RELEASE), ("name", name, LONGEST_NAME)):
        if not text.strip() or len(text) > most or not text.isprintable():
            raise BadInput(f"`{what}` is a text of 1 to {most} characters.")
    if debug_id and not _DEBUG_ID.fullmatch(debug_id):
        raise BadInput("`debugId` is 32 hexadecimal digits, with or without dashes.")


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "project": row["project"],
        "release": row["release"],
        "name": row["name"],
        "debugId": row["debug_id"],
        "digest": row["digest"],
        "bytes": row["bytes"],
        "uploaded": row["uploaded"],
        "by": row["by"],
    }
