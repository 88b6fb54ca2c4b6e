"""The reading side of the collector: plain dictionaries for the API and the page. Any thread."""

from __future__ import annotations

import time
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Engine, RowMapping, select

from replay_viewer.collector.blobs import Blobs
from replay_viewer.collector.filters import Filters, conditions, words_of
from replay_viewer.collector.paging import before
from replay_viewer.collector.paging import cursor as make_cursor
from replay_viewer.collector.schema import segments, sessions
from replay_viewer.collector.wordsearch import among, few_with
from replay_viewer.domain.errors import NotFound

#: A session is live while something of it came in the last so many ms: recorders send every few seconds at most,
#: but only when something happens on the page.
LIVE_MS = 120_000.0
#: Segments of one answer.
MAX_SEGMENTS = 500

_ALL = Filters()


class Queries:
    """Lists, sessions, bodies. Raises NotFound, BadInput (a cursor that is none), StorageProblem."""

    def __init__(self, engine: Engine, blobs: Blobs) -> None:
        self._engine = engine
        self._blobs = blobs

    def sessions(self, filters: Filters = _ALL, limit: int = 50, cursor: str = "") -> dict[str, Any]:
        """Recorded sessions, newest first: `{"data": [...], "next": cursor or None}`."""
        started = sessions.c.started
        where = [started.is_not(None), *conditions(sessions, filters, started, sessions.c.words)]
        if filters.errors is not None:
            where.append(sessions.c.errors > 0 if filters.errors else sessions.c.errors == 0)
        where += before(cursor, started, sessions.c.id, str)
        order: ColumnElement[float] = started
        with self._engine.connect() as connection:
            if (few := few_with(connection, words_of(filters))) is not None:
                named, order = among(few)
                where.append(named)
            query = select(sessions).where(*where).order_by(order.desc(), sessions.c.id.desc())
            rows = connection.execute(query.limit(limit + 1)).mappings().all()
        more = len(rows) > limit
        rows = rows[:limit]
        return {
            "data": [_session(row) for row in rows],
            "next": make_cursor(rows[-1]["started"], rows[-1]["id"]) if more else None,
        }

    def version(self, session: str) -> int:
        """Number of segments of a session. Raises NotFound."""
        with self._engine.connect() as connection:
            count = connection.execute(select(sessions.c.segments).where(sessions.c.id == session)).scalar()
        if count is None:
            raise _unknown(session)
        return int(count)

    def session(self, session: str) -> dict[str, Any]:
        """One session with its segments (number, bytes, events, tab, instants, ETag)."""
        with self._engine.connect() as connection:
            row = connection.execute(select(sessions).where(sessions.c.id == session)).mappings().first()
            if row is None:
                raise _unknown(session)
            parts = connection.execute(
                select(segments).where(segments.c.session == session).order_by(segments.c.n)
            ).mappings()
            return {**_session(row), "segments": [_segment(part) for part in parts]}

    def segments(self, session: str, after: int = -1, limit: int = MAX_SEGMENTS) -> dict[str, Any]:
        """Segments numbered above `after`: `{"data": [...], "next": ..., "live": ...}`.

        `next` is the `after` of the next request (as text), or None when everything is there and the session is not
        being recorded any more.
        """
        query = select(segments).where(segments.c.session == session, segments.c.n > after).order_by(segments.c.n)
        with self._engine.connect() as connection:
            received = connection.execute(select(sessions.c.received).where(sessions.c.id == session)).scalar()
            if received is None:
                raise _unknown(session)
            parts = connection.execute(query.limit(limit + 1)).mappings().all()
        more, data = len(parts) > limit, [_segment(part) for part in parts[:limit]]
        live = is_live(received)
        last = data[-1]["n"] if data else after
        return {"data": data, "next": str(last) if more or live else None, "live": live}

    def segment(self, session: str, n: int) -> tuple[dict[str, Any], bytes]:
        """What is known of one body (`url`, `headers`, `received`, `etag`) and its bytes as received."""
        query = select(segments).where(segments.c.session == session, segments.c.n == n)
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            raise NotFound(f"Session {session} has no segment {n}.")
        about = {
            "url": row["url"],
            "headers": msgspec.json.decode(row["headers"]),
            "received": row["received"],
            "etag": row["digest"],
        }
        return about, self._blobs.read(row["blob"], row["offset"], row["bytes"])

    def segment_etag(self, session: str, n: int) -> str | None:
        """The ETag of a body, None when there is no such body."""
        query = select(segments.c.digest).where(segments.c.session == session, segments.c.n == n)
        with self._engine.connect() as connection:
            return connection.execute(query).scalar()


def is_live(received: float) -> bool:
    """Whether a session whose last body came at `received` (epoch ms) is being recorded, as far as one can know."""
    return time.time() * 1000.0 - received < LIVE_MS


def _segment(part: RowMapping) -> dict[str, Any]:
    return {
        "n": part["n"],
        "received": part["received"],
        "tab": part["tab"],
        "events": part["events"],
        "first": part["first"],
        "last": part["last"],
        "bytes": part["bytes"],
        "etag": part["digest"],
    }


def _session(row: RowMapping) -> dict[str, Any]:
    started, ended = row["started"], row["ended"]
    return {
        "id": row["id"],
        "project": row["project"],
        "source": row["source"],
        "started": started,
        "ended": ended,
        "duration": ended - started if started is not None else 0.0,
        "received": row["received"],
        "events": row["events"],
        "errors": row["errors"],
        "segmentCount": row["segments"],
        "bytes": row["bytes"],
        "user": {
            "id": row["user_id"],
            "email": row["user_email"],
            "name": row["user_name"],
            "role": row["user_role"],
        },
        "release": row["release"],
        "environment": row["environment"],
        "userAgent": row["user_agent"],
        "sdk": row["sdk"],
        "tabs": msgspec.json.decode(row["tabs"]),
        "urls": msgspec.json.decode(row["urls"]),
        "live": is_live(row["received"]),
    }


def _unknown(session: str) -> NotFound:
    return NotFound(f"There is no session {session} here.", "It may have expired, or the address is cut short.")
