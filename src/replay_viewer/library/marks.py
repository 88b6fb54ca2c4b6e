"""What people mark sessions with while they triage: watched, and tags. By the session's id, so that it outlives a
re-import, as notes do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, delete, insert, select

from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.session import Marks
from replay_viewer.library import schema
from replay_viewer.library.database import Database

_m = schema.marks.c
_TAG = re.compile(r"[\w./+-]{1,40}")


class MarkBook:
    """Reads and writes marks. Ids are whole ids. Methods raise StorageProblem."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, ids: Sequence[str]) -> dict[str, Marks]:
        """The marks of these sessions; those without any are left out."""
        with self._database.read() as connection:
            found = connection.execute(select(_m.session, _m.watched, _m.tags).where(_m.session.in_(list(ids)))).all()
        return {row[0]: Marks(watched=row[1], tags=row[2].split()) for row in found}

    def put(self, id: str, marks: Marks) -> None:
        """Replace the marks of a session."""
        with self._database.write() as connection:
            forget(connection, id)
            if marks != Marks():
                connection.execute(
                    insert(schema.marks).values(session=id, watched=marks.watched, tags=stored(marks.tags))
                )

    def change(
        self, id: str, *, watched: float | None = None, add: Sequence[str] = (), remove: Sequence[str] = ()
    ) -> Marks:
        """Change some of a session's marks; what they are now. `watched`: epoch ms, 0 not watched.

        Raises BadInput for what is no tag.
        """
        before = self.of([id]).get(id, Marks())
        gone = {tag(each) for each in remove}
        tags = [each for each in before.tags if each not in gone]
        tags += [each for each in map(tag, add) if each not in tags]
        after = msgspec.structs.replace(
            before, watched=before.watched if watched is None else watched, tags=sorted(tags)
        )
        if after != before:
            self.put(id, after)
        return after

    def tags(self) -> dict[str, int]:
        """Every tag there is, and how many sessions have it."""
        counts: dict[str, int] = {}
        with self._database.read() as connection:
            for text in connection.execute(select(_m.tags).where(_m.tags != "")).scalars():
                for each in text.split():
                    counts[each] = counts.get(each, 0) + 1
        return dict(sorted(counts.items()))


def tag(text: str) -> str:
    """A tag in its one form. Raises BadInput."""
    found = text.strip().casefold()
    if not _TAG.fullmatch(found):
        raise BadInput(f"“{text}” is no tag.", "Use letters, digits, dots, dashes and slashes, without blanks.")
    return found


def stored(tags: Sequence[str]) -> str:
    """Tags as they stand in the database: each between blanks, so that one can be looked for."""
    return f" {' '.join(tags)} " if tags else ""


def forget(connection: Connection, id: str) -> None:
    """Remove the marks of a session."""
    connection.execute(delete(schema.marks).where(_m.session == id))
