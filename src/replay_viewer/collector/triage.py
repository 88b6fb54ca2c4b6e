"""What people mark sessions with while they triage: watched, and tags, in the words of the application's library."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select

from replay_viewer.collector.access import Reader
from replay_viewer.collector.audit import Audit
from replay_viewer.collector.database import writing
from replay_viewer.collector.schema import marks, sessions
from replay_viewer.domain.errors import BadInput, NotFound
from replay_viewer.library.marks import stored, tag

#: Tags a session can have.
MAX_TAGS = 50
#: Year 5138: no instant of ours lies behind it.
_LAST = 1e14
_NONE: dict[str, Any] = {"watched": 0.0, "tags": [], "changed": None, "by": ""}


class Triage:
    """Reads and writes marks. Any thread."""

    def __init__(self, engine: Engine, audit: Audit) -> None:
        self._engine = engine
        self._audit = audit

    def of(self, session: str) -> dict[str, Any]:
        """`watched` (epoch ms, 0 not yet), `tags`, when they were `changed` (None never) and `by` whom.

        Raises NotFound.
        """
        with self._engine.connect() as connection:
            if not connection.execute(select(sessions.c.id).where(sessions.c.id == session)).first():
                raise _unknown(session)
            return _of(connection, session)

    def change(
        self,
        session: str,
        reader: Reader,
        *,
        watched: float | None = None,
        add: Sequence[str] = (),
        remove: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Change some of a session's marks; what they are now. Raises NotFound, BadInput.

        Only what is named is changed, so that two who mark a session at once both have their way; the same change
        twice is one. What is both added and removed stays.
        """
        if watched is not None and not 0.0 <= watched <= _LAST:
            raise BadInput("`watched` is an instant in epoch ms, or 0.")
        gone, new = {tag(each) for each in remove}, [tag(each) for each in add]
        with writing(self._engine) as connection:
            # one after the other, as writers of the session do
            here = select(sessions.c.id).where(sessions.c.id == session).with_for_update()
            if not connection.execute(here).first():
                raise _unknown(session)
            before = _of(connection, session)
            after: dict[str, Any] = {
                "watched": before["watched"] if watched is None else watched,
                "tags": sorted({*before["tags"], *new} - (gone - set(new))),
            }
            if len(after["tags"]) > MAX_TAGS:
                raise BadInput(f"A session can have {MAX_TAGS} tags.")
            if all(after[name] == before[name] for name in after):
                return before
            connection.execute(delete(marks).where(marks.c.session == session))
            connection.execute(
                insert(marks).values(
                    session=session,
                    watched=after["watched"],
                    tags=stored(after["tags"]),
                    changed=time.time() * 1000.0,
                    by=reader.name[:200],
                )
            )
            self._audit.note(reader.name, reader.role, "mark", session, _told(before, after), connection=connection)
            return _of(connection, session)


def _of(connection: Connection, session: str) -> dict[str, Any]:
    found = connection.execute(select(marks).where(marks.c.session == session)).mappings().first()
    if found is None:
        return dict(_NONE)
    return {
        "watched": found["watched"],
        "tags": found["tags"].split(),
        "changed": found["changed"],
        "by": found["by"],
    }


def _told(before: dict[str, Any], after: dict[str, Any]) -> str:
    """What was changed, for the audit log."""
    was, now = set(before["tags"]), set(after["tags"])
    told = [f"+{each}" for each in sorted(now - was)] + [f"-{each}" for each in sorted(was - now)]
    if after["watched"] != before["watched"]:
        told.insert(0, "watched" if after["watched"] else "not watched")
    return " ".join(told)


def _unknown(session: str) -> NotFound:
    return NotFound(f"There is no session {session} here.", "It may have expired, or the address is cut short.")
