"""What a group of bodies changes in the database, in few statements whatever their number.

Every statement costs a round trip and, in a process with many threads, a turn at the interpreter, so per-body
statements are what an acknowledgement waits for under load. What the bodies need is read at once, their rows are
gathered and written table by table. Where linking has to look at the database, what is gathered is written first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, bindparam, delete, insert, select, tuple_, update

from replay_viewer.collector import linking
from replay_viewer.collector.blobs import Blobs
from replay_viewer.collector.incoming import Incoming, column_text
from replay_viewer.collector.keeping import rows_of
from replay_viewer.collector.schema import moved, projects, segments, sessions, strays, traces
from replay_viewer.collector.summing import extended
from replay_viewer.domain.errors import BadInput
from replay_viewer.formats.beacons import RECEIVED

#: What never changes in a session's row.
_FIXED = {"id", "project", "source", "created"}


class Writing:
    """One transaction's worth. `known`: projects that are there for sure; `moved`: whether bodies changed places."""

    def __init__(self, connection: Connection, blobs: Blobs, known: set[str]) -> None:
        self._connection = connection
        self._blobs = blobs
        self._projects = set(known)
        self._sessions: dict[str, dict[str, Any] | None] = {}
        self._new: dict[str, None] = {}
        self._changed: dict[str, None] = {}
        self._segments: set[tuple[str, str]] = set()
        self._strays: set[str] = set()
        self._traces: set[tuple[str, str]] = set()
        self._pending: dict[Table, list[dict[str, Any]]] = {}
        self.moved = False

    def keep(self, bodies: Sequence[Incoming]) -> list[bool]:
        """Append the bodies and write their rows; for each whether it is new, False when its bytes were there before.

        Raises BadInput, StorageProblem, SQLAlchemyError: then the transaction must not be committed.
        """
        digests = [_digest(body) for body in bodies]
        self._read(bodies, digests)
        fresh = [self._keep(body, digest) for body, digest in zip(bodies, digests, strict=True)]
        self._flush()
        return fresh

    def _read(self, bodies: Sequence[Incoming], digests: Sequence[str]) -> None:
        """All that is there already of what these bodies name."""
        missing = sorted({body.project for body in bodies} - self._projects)
        if missing:
            there = set(self._connection.execute(select(projects.c.id).where(projects.c.id.in_(missing))).scalars())
            for body in bodies:
                if body.project not in there | self._projects:
                    row = {"id": body.project, "name": f"Project {body.project}", "created": body.received}
                    self._add(projects, row)
                    self._projects.add(body.project)
        self._read_sessions({body.session for body in bodies if body.session})
        self._read_segments({(body.session, one) for body, one in zip(bodies, digests, strict=True) if body.session})
        if alone := {_stray(body, one) for body, one in zip(bodies, digests, strict=True) if not body.session}:
            known = select(strays.c.digest).where(strays.c.digest.in_(sorted(alone)))
            self._strays.update(self._connection.execute(known).scalars())
        if owned := {(body.project, trace) for body in bodies for trace in body.owns}:
            pair = (traces.c.project, traces.c.trace)
            found = self._connection.execute(select(*pair).where(tuple_(*pair).in_(sorted(owned))))
            self._traces.update((row.project, row.trace) for row in found)

    def _read_sessions(self, ids: Iterable[str]) -> None:
        wanted = sorted(set(ids) - self._sessions.keys())
        if not wanted:
            return
        self._sessions |= dict.fromkeys(wanted)
        # Locked in one order, so that two collectors on one database never wait for each other.
        query = select(sessions).where(sessions.c.id.in_(wanted)).order_by(sessions.c.id).with_for_update()
        for row in self._connection.execute(query).mappings():
            self._sessions[row["id"]] = dict(row)

    def _read_segments(self, wanted: set[tuple[str, str]]) -> None:
        if wanted:
            pair = (segments.c.session, segments.c.digest)
            found = self._connection.execute(select(*pair).where(tuple_(*pair).in_(sorted(wanted))))
            self._segments.update((row.session, row.digest) for row in found)

    def _keep(self, body: Incoming, digest: str) -> bool:
        if not body.session:
            if body.traces or body.about or body.visitor:
                self._flush()
                body.session = linking.find(self._connection, body)
            if not body.session:
                return self._keep_stray(body, _stray(body, digest))
            self._read_sessions([body.session])
            self._read_segments({(body.session, digest)})
        fresh, visitor = self._keep_segment(body, digest)
        if fresh:
            self._add_rows(body, "")
            for key in self._claim(body) + (self._visitors(body) if visitor else []):
                self._adopt(body, key)
        return fresh

    def _keep_stray(self, body: Incoming, digest: str) -> bool:
        if digest in self._strays:
            return False
        self._strays.add(digest)
        key = linking.key(body)
        blob, offset = self._blobs.append("", body.body)
        self._add(
            strays,
            {
                "project": body.project,
                "received": body.received,
                "url": column_text(body.url),
                "headers": _json(body.headers),
                "digest": digest,
                "blob": blob,
                "offset": offset,
                "bytes": len(body.body),
                "trace": key,
            },
        )
        self._add_rows(body, key)
        return True

    def _keep_segment(self, body: Incoming, digest: str) -> tuple[bool, bool]:
        """(whether it is new, whether the session now says more of its visitor: user, browser or site)."""
        if (body.session, digest) in self._segments:
            return False, False
        old = self._sessions[body.session]
        if old and old["project"] != body.project:
            raise BadInput("The session belongs to another project.")
        now = self._sessions[body.session] = extended(old, body)
        (self._changed if old else self._new)[body.session] = None
        self._segments.add((body.session, digest))
        blob, offset = self._blobs.append(body.session, body.body)
        self._add(
            segments,
            {
                "session": body.session,
                "n": now["segments"] - 1,
                "received": body.received,
                "url": column_text(body.url),
                "headers": _json(body.headers),
                "tab": column_text(body.tab),
                "events": body.events,
                "first": body.first,
                "last": body.last,
                "digest": digest,
                "blob": blob,
                "offset": offset,
                "bytes": len(body.body),
            },
        )
        return True, old is None or any(now[name] != old[name] for name in ("user_id", "user_agent", "urls"))

    def _claim(self, body: Incoming) -> list[str]:
        """Note the traces a session's body owns; answers those that were not known, under which bodies may wait."""
        fresh = [one for one in dict.fromkeys(body.owns) if (body.project, one) not in self._traces]
        for trace in fresh:
            self._traces.add((body.project, trace))
            self._add(traces, {"project": body.project, "trace": trace, "session": body.session})
        return fresh

    def _visitors(self, body: Incoming) -> list[str]:
        self._flush()
        return linking.visitors(self._connection, body)

    def _adopt(self, body: Incoming, key: str) -> None:
        """Bodies and rows that waited under `key` become the session's."""
        self._flush()
        for number in linking.waiting(self._connection, body, [key]):
            row = self._connection.execute(select(strays).where(strays.c.id == number)).mappings().one()
            late = Incoming(
                project=body.project,
                url=row["url"],
                headers=msgspec.json.decode(row["headers"]),
                body=self._blobs.read(row["blob"], row["offset"], row["bytes"]),
                received=row["received"],
                session=body.session,
            )
            digest = _digest(late)
            self._read_segments({(body.session, digest)})
            self._keep_segment(late, digest)
            self._connection.execute(delete(strays).where(strays.c.id == number))
            self._strays.discard(row["digest"])
            self._add(moved, {name: row[name] for name in ("blob", "offset", "bytes")})
            self.moved = True
        errors = linking.move_rows(self._connection, body.project, key, body.session)
        session = self._sessions[body.session]
        if errors and session:
            session["errors"] += errors
            self._changed[body.session] = None

    def _add_rows(self, body: Incoming, trace: str) -> None:
        for table, rows in rows_of(self._blobs, body, trace).items():
            self._pending.setdefault(table, []).extend(rows)

    def _add(self, table: Table, row: dict[str, Any]) -> None:
        self._pending.setdefault(table, []).append(row)

    def _flush(self) -> None:
        """Write what is gathered: projects and sessions first, to which other rows refer."""
        pending, self._pending = self._pending, {}
        if made := pending.pop(projects, None):
            self._connection.execute(insert(projects), made)
        if self._new:
            self._connection.execute(insert(sessions), [self._sessions[id] or {} for id in self._new])
        if changed := [self._sessions[id] or {} for id in self._changed if id not in self._new]:
            rows = [{name: row[name] for name in row.keys() - _FIXED} | {"key": row["id"]} for row in changed]
            self._connection.execute(update(sessions).where(sessions.c.id == bindparam("key")), rows)
        self._new, self._changed = {}, {}
        for table, rows in pending.items():
            self._connection.execute(insert(table), rows)


def _digest(body: Incoming) -> str:
    """Tells bodies of a session apart: their SHA-256. Each beacon sent is another one, so its time goes with it."""
    digest = hashlib.sha256(body.body).hexdigest()
    received = body.headers.get(RECEIVED, "")
    return f"{digest[:40]}-{received[:20]}" if received else digest


def _stray(body: Incoming, digest: str) -> str:
    """Tells bodies of a project that belong to no session apart."""
    return hashlib.sha256(f"{body.project}\n{digest}".encode()).hexdigest()


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
