"""The audit log: who read, exported, changed or deleted what. Rows are added; nothing here changes or removes one."""

from __future__ import annotations

import threading
import time
from typing import Any

from sqlalchemy import Connection, Engine, insert, select

from replay_viewer.collector.filters import Filters
from replay_viewer.collector.paging import before
from replay_viewer.collector.paging import cursor as make_cursor
from replay_viewer.collector.schema import audit

#: Reading the same session again within so many seconds is one visit, and one line.
_VISIT = 600.0
_REMEMBERED = 10_000


class Audit:
    """Any thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str, str], float] = {}

    def note(
        self,
        actor: str,
        role: str,
        action: str,
        what: str,
        detail: str = "",
        *,
        connection: Connection | None = None,
    ) -> None:
        """Add a line; in the transaction of `connection` when given, so that deed and line stand or fall together."""
        values = {
            "t": time.time() * 1000.0,
            "actor": actor[:200],
            "role": role,
            "action": action,
            "what": what[:500],
            "detail": detail[:2000],
        }
        if connection is not None:
            connection.execute(insert(audit).values(values))
            return
        with self._engine.begin() as own:
            own.execute(insert(audit).values(values))

    def visit(self, actor: str, role: str, action: str, what: str) -> None:
        """`note`, once in ten minutes for the same."""
        key, now = (actor, action, what), time.monotonic()
        with self._lock:
            if now - self._seen.get(key, -_VISIT) < _VISIT:
                return
            if len(self._seen) >= _REMEMBERED:
                self._seen = {one: at for one, at in self._seen.items() if now - at < _VISIT}
            self._seen[key] = now
        self.note(actor, role, action, what)

    def entries(self, filters: Filters, limit: int = 50, cursor: str = "", action: str = "") -> dict[str, Any]:
        """Lines, newest first: `{"data": [...], "next": cursor or None}`. Of the filters: `q`, `start`, `end`."""
        where = list(before(cursor, audit.c.t, audit.c.id, int))
        if filters.start is not None:
            where.append(audit.c.t >= filters.start)
        if filters.end is not None:
            where.append(audit.c.t <= filters.end)
        if action:
            where.append(audit.c.action == action)
        for word in filters.q.replace("\x00", "").split():
            where.append(audit.c.actor.contains(word, autoescape=True) | audit.c.what.contains(word, autoescape=True))
        query = select(audit).where(*where).order_by(audit.c.t.desc(), audit.c.id.desc()).limit(limit + 1)
        with self._engine.connect() as connection:
            found = [dict(row) for row in connection.execute(query).mappings()]
        more, found = len(found) > limit, found[:limit]
        return {"data": found, "next": make_cursor(found[-1]["t"], found[-1]["id"]) if more else None}
