"""Takes data out for good: a session, a user, and what is older than a project keeps. Bodies go with their rows.

The order makes a stop at any point harmless: under the lock that a writer of the session needs, rows are deleted and
the file is set aside; the commit decides; then the file goes. A file set aside whose rows are still there comes back
at the next start. Works beside a running collector on the same folder.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec
from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, Table, and_, delete, insert, or_, select, update

from replay_viewer.collector.audit import Audit
from replay_viewer.collector.blobs import FileBlobs
from replay_viewer.collector.moved import erase_moved
from replay_viewer.collector.schema import (
    errors,
    items,
    linked,
    marks,
    projects,
    retention,
    segments,
    sessions,
    strays,
    traces,
)
from replay_viewer.domain.errors import BadInput, NotFound, UserError
from replay_viewer.formats import Said, read_body

_DAY_MS = 86_400_000.0
#: A session is not touched while something of it came in the last so many ms.
BEING_WRITTEN_MS = 30 * 60_000.0
_AT_ONCE = 200


class Erased(msgspec.Struct, kw_only=True):
    """What a deletion took out."""

    sessions: int = 0
    rows: int = 0
    bodies: int = 0


class Eraser:
    """Any thread, any process. `forget` is told each session that is gone (a cache of it goes too)."""

    def __init__(
        self, engine: Engine, blobs: FileBlobs, audit: Audit, forget: Callable[[str], None] | None = None
    ) -> None:
        self._engine = engine
        self._blobs = blobs
        self._audit = audit
        self._forget = forget

    def recover(self) -> None:
        """Finish or undo what a killed process left half done. For the start."""
        for blob in self._blobs.set_aside():
            with self._engine.connect() as connection:
                known = connection.execute(select(segments.c.n).where(segments.c.blob == blob).limit(1)).first()
            if known:
                self._blobs.restore(blob)
            else:
                self._blobs.remove(blob)
        erase_moved(self._engine, self._blobs)

    def session(self, id: str, actor: str, role: str) -> Erased:
        """Delete one session. Raises NotFound, StorageProblem."""
        done = self._erase(id, lambda connection: self._audit.note(actor, role, "delete", id, connection=connection))
        if done is None:
            raise NotFound(f"There is no session {id} here.", "It may have expired, or the address is cut short.")
        return done

    def user(self, id: str, email: str, actor: str, role: str) -> Erased:
        """Delete everything of a user: sessions, errors, facts, and bodies without a session that name the user.

        Raises BadInput when neither is given.
        """
        if not id and not email:
            raise BadInput("Whose data shall be deleted?", "Give the user’s id or e-mail address.")
        total = Erased()
        of_user = or_(
            *([sessions.c.user_id == id] if id else []), *([sessions.c.user_email == email] if email else [])
        )
        with self._engine.connect() as connection:
            found = connection.execute(select(sessions.c.id).where(of_user)).scalars().all()
        for session in found:
            done = self._erase(session, lambda _: None)
            if done:
                total.sessions += 1
                total.rows += done.rows
                total.bodies += done.bodies
        with self._engine.begin() as connection:
            for table in (errors, linked):
                match = or_(
                    *([table.c.user_id == id] if id else []), *([table.c.user_email == email] if email else [])
                )
                total.rows += connection.execute(delete(table).where(match)).rowcount
            total.bodies += self._erase_strays(connection, id, email)
            told = " ".join(part for part in (id, email) if part)
            detail = f"{total.sessions} sessions, {total.rows} rows, {total.bodies} bodies"
            self._audit.note(actor, role, "delete-user", told, detail, connection=connection)
        return total

    def expire(self, now: float | None = None, over: Callable[[], bool] = lambda: False) -> Erased:
        """Delete what is older than its project keeps it; never what is being written. `over` ends it early."""
        now = time.time() * 1000.0 if now is None else now
        total = Erased()
        with self._engine.connect() as connection:
            rules = connection.execute(select(retention)).all()
        own: dict[str, list[str]] = {}
        for rule in rules:
            if rule.environment:
                own.setdefault(rule.project, []).append(rule.environment)
        for rule in rules:
            limit = now - rule.days * _DAY_MS
            other = own.get(rule.project, [])

            old = and_(
                _ruled(sessions, rule.project, rule.environment, other),
                sessions.c.received < min(limit, now - BEING_WRITTEN_MS),
            )
            while True:
                with self._engine.connect() as connection:
                    found = connection.execute(select(sessions.c.id).where(old).limit(_AT_ONCE)).scalars().all()
                gone = [done for id in found if not over() and (done := self._erase(id, lambda _: None, old))]
                total.sessions += len(gone)
                total.rows += sum(done.rows for done in gone)
                total.bodies += sum(done.bodies for done in gone)
                if len(found) < _AT_ONCE or not gone:
                    break
            if over():
                break
            with self._engine.begin() as connection:
                for table, t in ((errors, errors.c.t), (linked, linked.c.received)):
                    mine = _ruled(table, rule.project, rule.environment, other)
                    stale = and_(mine, table.c.session == "", t < limit)
                    total.rows += connection.execute(delete(table).where(stale)).rowcount
                if not rule.environment:
                    total.bodies += self._expire_strays(connection, rule.project, limit)
        if total.sessions or total.rows or total.bodies:
            detail = f"{total.sessions} sessions, {total.rows} rows, {total.bodies} bodies"
            self._audit.note("collector", "", "expire", "retention", detail)
        return total

    def keep(self, project: str, environment: str, days: float | None, actor: str) -> None:
        """Set how long a project (or one environment of it) keeps sessions; None: for ever. Raises BadInput."""
        if days is not None and not 0 < days <= 36_500:
            raise BadInput("Days are more than 0 and at most 36,500.")
        with self._engine.begin() as connection:
            if not connection.execute(select(projects.c.id).where(projects.c.id == project)).first():
                raise NotFound(f"There is no project {project} here.")
            here = and_(retention.c.project == project, retention.c.environment == environment)
            connection.execute(delete(retention).where(here))
            if days is not None:
                connection.execute(insert(retention).values(project=project, environment=environment, days=days))
            what = project + (f"/{environment}" if environment else "")
            self._audit.note(
                actor, "", "retention", what, "for ever" if days is None else f"{days:g} days", connection=connection
            )

    def rules(self) -> list[dict[str, object]]:
        """All rules: project, environment ('' for the others), days."""
        query = select(retention).order_by(retention.c.project, retention.c.environment)
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def _erase(
        self, id: str, also: Callable[[Connection], None], still: ColumnElement[bool] | None = None
    ) -> Erased | None:
        """Rows and file of one session; None when it is not there (or, by now, not `still` so)."""
        done = Erased(sessions=1)
        set_aside: list[str] = []
        try:
            with self._engine.begin() as connection:
                # Takes the lock a writer needs: on SQLite of the whole database, on PostgreSQL of the row.
                mine = sessions.c.id == id
                lock = update(sessions).where(mine if still is None else and_(mine, still)).values(id=sessions.c.id)
                if not connection.execute(lock).rowcount:
                    return None
                blobs = set(connection.execute(select(segments.c.blob).where(segments.c.session == id)).scalars())
                blobs |= set(connection.execute(select(items.c.blob).where(items.c.session == id)).scalars())
                shared = self._blobs.name("")
                for row in connection.execute(
                    select(items).where(items.c.session == id, items.c.blob == shared)
                ).mappings():
                    self._blobs.erase(row["blob"], row["offset"], row["bytes"])
                for table in (segments, errors, linked, items, traces, marks):
                    gone = connection.execute(delete(table).where(table.c.session == id)).rowcount
                    if table is segments:
                        done.bodies = gone
                    else:
                        done.rows += gone
                connection.execute(delete(sessions).where(sessions.c.id == id))
                also(connection)
                for blob in blobs - {shared}:
                    if self._blobs.put_aside(blob):
                        set_aside.append(blob)
        except BaseException:  # the transaction is undone, so are the files; raised again
            for blob in set_aside:
                self._blobs.restore(blob)
            raise
        for blob in set_aside:
            self._blobs.remove(blob)
        if self._forget:
            self._forget(id)
        return done

    def _erase_strays(self, connection: Connection, id: str, email: str) -> int:
        """Overwrite the bodies without a session that name the user. Reads all: there is no index of people."""
        count = 0
        for row in connection.execute(select(strays)).mappings().all():
            body = self._blobs.read(row["blob"], row["offset"], row["bytes"])
            try:
                pieces = read_body(body, msgspec.json.decode(row["headers"]), row["url"])
            except UserError:
                pieces = []
            said = [piece.facts.user for piece in pieces if isinstance(piece, Said)]
            text = body + msgspec.json.encode(pieces)
            if any(id and user.id == id for user in said) or (email and email.encode() in text):
                self._drop_stray(connection, row)
                count += 1
        return count

    def _expire_strays(self, connection: Connection, project: str, limit: float) -> int:
        old = select(strays).where(strays.c.project == project, strays.c.received < limit)
        rows = connection.execute(old).mappings().all()
        for row in rows:
            self._drop_stray(connection, row)
        stale = select(items).where(items.c.project == project, items.c.session == "", items.c.received < limit)
        found = connection.execute(stale).mappings().all()
        for row in found:
            self._blobs.erase(row["blob"], row["offset"], row["bytes"])
            connection.execute(delete(items).where(items.c.id == row["id"]))
        return len(rows) + len(found)

    def _drop_stray(self, connection: Connection, row: RowMapping) -> None:
        """One body of the file that all bodies without a session share: its bytes become zeros, its row goes."""
        self._blobs.erase(row["blob"], row["offset"], row["bytes"])
        connection.execute(delete(strays).where(strays.c.id == row["id"]))


def _ruled(table: Table, project: str, environment: str, other: list[str]) -> ColumnElement[bool]:
    """What a rule is about: one environment, or those of the project that have no rule of their own."""
    mine = table.c.project == project
    return and_(mine, table.c.environment == environment if environment else table.c.environment.not_in(other))
