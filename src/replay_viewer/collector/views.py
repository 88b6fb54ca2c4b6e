"""Rows of a session, extracted as the application extracts them: imported into a library of the collector's own.

What a click hit or what a request answered stands in no column of the database: it takes the whole recording to know.
So the first question about a session imports it, once per number of segments; later questions read the rows. The
library is a cache: it may be deleted at any time, and the oldest of `KEPT` sessions make room.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from replay_viewer.collector.queries import Queries
from replay_viewer.domain.errors import BadInput, NotFound, UserError
from replay_viewer.domain.rows import KINDS
from replay_viewer.library import Library
from replay_viewer.services.importer import import_bodies

#: Sessions whose rows are kept ready.
KEPT = 200
#: Rows of one answer.
MAX_ROWS = 1000


class Views:
    """`rows` for any thread; imports happen one at a time per session."""

    def __init__(self, home: Path, queries: Queries) -> None:
        self._home = home
        self._queries = queries
        self._lock = threading.Lock()
        self._busy: dict[str, threading.Lock] = {}
        self._used: OrderedDict[str, None] = OrderedDict()

    def rows(
        self,
        session: str,
        kind: str,
        *,
        start: float | None = None,
        end: float | None = None,
        tab: int | None = None,
        q: str = "",
        limit: int = 200,
        cursor: str = "",
    ) -> dict[str, Any]:
        """Rows of one kind in order of time: `{"data": [{"n": …, …}], "next": cursor or None}`.

        Raises NotFound (no such session, kind, or recording), BadInput.
        """
        if kind not in KINDS:
            raise NotFound(f"There are no rows called “{kind}”.", f"There are: {', '.join(KINDS)}.")
        if cursor and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10):
            raise BadInput("The cursor is none of this list's.", "Start again without one.")
        offset = int(cursor or 0)
        segments = self._queries.version(session)
        with self._one_at_a_time(session):
            library = self._library(session, segments)
            try:
                found = library.rows(
                    session, kind, start=start, end=end, tab=tab, text=q, limit=limit + 1, offset=offset
                )
            finally:
                library.close()
        data = [{"n": n, **_plain(row)} for n, row in found[:limit]]
        return {"data": data, "next": str(offset + limit) if len(found) > limit else None}

    def forget(self, session: str) -> None:
        """Delete what is kept of a session. Nothing happens when nothing is."""
        with self._one_at_a_time(session):
            library = Library.open(self._home)
            try:
                library.delete(session)
            except NotFound:
                pass
            finally:
                library.close()

    def _one_at_a_time(self, session: str) -> threading.Lock:
        with self._lock:
            return self._busy.setdefault(session, threading.Lock())

    def _library(self, session: str, segments: int) -> Library:
        """The open library, with this state of the session in it."""
        origin = f"segments:{segments}"
        library = Library.open(self._home)
        try:
            there = library.session(session)
            if (there.id, there.origin) == (session, origin):  # a prefix finds too
                self._touch(library, session)
                return library
        except NotFound:
            pass
        except BaseException:  # whatever it is, the library is closed; raised again
            library.close()
            raise
        try:
            import_bodies(self._home, lambda: self._bodies(session, segments), session=session, origin=origin)
            self._touch(library, session)
        except BadInput as error:
            library.close()
            raise NotFound(f"Session {session} holds no recording yet.", "Try again in a moment.") from error
        except BaseException:  # whatever it is, the library is closed; raised again
            library.close()
            raise
        return library

    def _bodies(self, session: str, segments: int) -> Iterator[tuple[bytes, Mapping[str, str], str]]:
        for n in range(segments):
            about, body = self._queries.segment(session, n)
            yield body, about["headers"], about["url"]

    def _touch(self, library: Library, session: str) -> None:
        with self._lock:
            if not self._used:
                self._used.update(dict.fromkeys(one.id for one in reversed(library.sessions(limit=KEPT * 2))))
            self._used[session] = None
            self._used.move_to_end(session)
            old = [self._used.popitem(last=False)[0] for _ in range(len(self._used) - KEPT)]
            for one in old:
                self._busy.pop(one, None)
        for one in old:
            try:
                library.delete(one)
            except UserError:
                continue  # somebody else was faster


def _plain(row: Any) -> dict[str, Any]:
    value: dict[str, Any] = msgspec.to_builtins(row)
    return value
