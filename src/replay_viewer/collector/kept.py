"""Items of envelopes that are kept apart, for reading: attachments, and what is of no kind known here."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, func, select
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from replay_viewer.collector.access import Reader
from replay_viewer.collector.blobs import Blobs
from replay_viewer.collector.guard import Guard
from replay_viewer.collector.schema import items
from replay_viewer.domain.errors import BadInput, NotFound

_PAGE = 100
_LAST = 1 << 62


class KeptItems:
    """`/api/v1/items`: how many of each type, and a page of them, newest first; `/api/v1/items/{id}`: the bytes."""

    def __init__(self, engine: Engine, blobs: Blobs, guard: Guard) -> None:
        self._engine = engine
        self._blobs = blobs
        self._guard = guard

    def routes(self) -> list[Route]:
        """Both, for those who may read."""
        return [
            Route("/api/v1/items", self._guard(self._list), methods=["GET"]),
            Route("/api/v1/items/{id:int}", self._guard(self._item), methods=["GET"]),
        ]

    async def _list(self, request: Request, _reader: Reader) -> Response:
        query = request.query_params
        cursor = query.get("cursor", "")
        if cursor and not (cursor.isascii() and cursor.isdigit() and int(cursor[:20]) < _LAST):
            raise BadInput("The cursor is none of this list's.", "Start again without one.")
        found = await run_in_threadpool(
            self.page, query.get("session", ""), query.get("type", ""), int(cursor or _LAST)
        )
        return JSONResponse(found)

    def page(self, session: str, type: str, before: int) -> dict[str, Any]:
        """`{"data": […], "next": cursor or None, "counts": {type: number}}`."""
        where = [items.c.session == session] if session else []
        with self._engine.connect() as connection:
            counted = select(items.c.type, func.count()).where(*where).group_by(items.c.type)
            counts = {row[0]: row[1] for row in connection.execute(counted)}
            if type:
                where.append(items.c.type == type)
            query = select(items).where(*where, items.c.id < before).order_by(items.c.id.desc()).limit(_PAGE + 1)
            rows = connection.execute(query).mappings().all()
        data = [
            {
                "id": row["id"],
                "session": row["session"],
                "project": row["project"],
                "received": row["received"],
                "type": row["type"],
                "eventId": row["event_id"],
                "filename": row["filename"],
                "contentType": row["content_type"],
                "sdk": row["sdk"],
                "bytes": row["bytes"],
            }
            for row in rows[:_PAGE]
        ]
        return {"data": data, "next": str(data[-1]["id"]) if len(rows) > _PAGE else None, "counts": counts}

    async def _item(self, request: Request, _reader: Reader) -> Response:
        number = request.path_params["id"]
        found = await run_in_threadpool(self.read, number) if number < _LAST else None
        if found is None:
            raise NotFound(f"There is no item {number}.")
        # Anybody may have written it: no browser shall take it for a page of ours.
        headers = {
            "X-Content-Type-Options": "nosniff",
            "Content-Disposition": f'attachment; filename="item-{number}.bin"',
        }
        return Response(found, media_type="application/octet-stream", headers=headers)

    def read(self, number: int) -> bytes | None:
        """An item's bytes as sent; None when there is none of that number. Raises StorageProblem."""
        query = select(items.c.blob, items.c.offset, items.c.bytes).where(items.c.id == number)
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return self._blobs.read(row.blob, row.offset, row.bytes) if row is not None else None
