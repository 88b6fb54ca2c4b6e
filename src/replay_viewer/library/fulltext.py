"""Full text, the one part that is SQLite's own (FTS5). On another database this module is replaced.

The indexes hold no text themselves: their content is `session_texts`, `texts` and `page_texts`, so every change comes
here, where index and content are changed together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import (
    ColumnElement,
    Connection,
    column,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    table,
    text,
)

from replay_viewer.domain.session import Session
from replay_viewer.library import schema

_texts = schema.session_texts
_fields = ("user", "url", "title", "release", "browser", "sid")

#: Shorter words have no trigram and are looked up by scanning the (narrow) table.
SHORTEST = 3


def session_fields(session: Session) -> dict[str, str]:
    """What a query's words are matched with, case-folded."""
    facts = session.facts
    user = facts.user
    return {
        "user": " ".join(filter(None, (user.email, user.name, user.id))).casefold(),
        "url": " ".join(dict.fromkeys(filter(None, (facts.url, *(tab.url for tab in session.tabs[:20]))))).casefold(),
        "title": facts.title.casefold(),
        "release": " ".join(filter(None, (facts.release, facts.environment))).casefold(),
        "browser": " ".join(filter(None, (session.browser, session.os))).casefold(),
        "sid": f"{session.id} {facts.session}".casefold(),
    }


def put_session(connection: Connection, rank: int, fields: dict[str, str]) -> None:
    """Enter a session that becomes visible."""
    connection.execute(insert(_texts).values(rank=rank, **fields))
    names = ", ".join(_fields)
    values = ", ".join(f":{name}" for name in _fields)
    connection.execute(
        text(f"INSERT INTO session_index (rowid, {names}) VALUES (:rank, {values})"),  # noqa: S608
        {"rank": rank, **fields},
    )


def remove_session(connection: Connection, rank: int) -> None:
    """Take a session out again; nothing happens when it is not there."""
    there = connection.execute(
        select(*(_texts.c[name] for name in _fields)).where(_texts.c.rank == rank)
    ).one_or_none()
    if there is None:
        return
    names = ", ".join(_fields)
    values = ", ".join(f":{name}" for name in _fields)
    # an index without content must be told what it forgets
    connection.execute(
        text(f"INSERT INTO session_index (session_index, rowid, {names}) VALUES ('delete', :rank, {values})"),  # noqa: S608
        {"rank": rank, **there._asdict()},
    )
    connection.execute(delete(_texts).where(_texts.c.rank == rank))


def session_match(words: Sequence[tuple[str, str]]) -> str:
    """The FTS5 expression for (field or '', word) pairs that all must be contained."""
    quoted = ((field, '"' + word.replace('"', '""') + '"') for field, word in words)
    return " AND ".join(f"{{{field}}} : {word}" if field else word for field, word in quoted)


#: The index as something to select from: `rowid` is the session's rank.
session_index = table("session_index", column("rowid"), column("session_index"))


def session_condition(expression: str) -> ColumnElement[bool]:
    """The condition for rows of `session_index`."""
    return literal_column("session_index").op("MATCH")(expression)


def contains(field: str, word: str) -> ColumnElement[bool]:
    """The condition that a word is in a field ('' any) of `session_texts`, by looking."""
    places = [func.instr(_texts.c[name], word) > 0 for name in ((field,) if field else _fields)]
    return or_(*places)


def add_texts(connection: Connection, values: Sequence[tuple[int, str, int, int, str]]) -> None:
    """Enter (gen, kind, number of the first row, count, text) of a generation's rows."""
    start = int(connection.execute(select(func.coalesce(func.max(schema.texts.c.id), 0))).scalar_one()) + 1
    connection.exec_driver_sql(
        "INSERT INTO texts (id, gen, kind, number, count, text) VALUES (?, ?, ?, ?, ?, ?)",
        [(start + i, *value) for i, value in enumerate(values)],
    )
    connection.exec_driver_sql(
        "INSERT INTO text_index (rowid, text) VALUES (?, ?)",
        [(start + i, value[4]) for i, value in enumerate(values)],
    )


def remove_texts(connection: Connection, gen: int, limit: int) -> int:
    """Take up to `limit` texts of a generation out; how many that were."""
    there = schema.texts
    found = connection.execute(select(there.c.id, there.c.text).where(there.c.gen == gen).limit(limit)).all()
    if found:
        connection.exec_driver_sql(
            "INSERT INTO text_index (text_index, rowid, text) VALUES ('delete', ?, ?)", [tuple(one) for one in found]
        )
        connection.exec_driver_sql("DELETE FROM texts WHERE id = ?", [(one.id,) for one in found])
    return len(found)


def search_texts(
    connection: Connection, words: Iterable[str], kind: str, limit: int, gen: int | None = None
) -> list[tuple[str, str, int, int, str]]:
    """(session id, kind, first row, count, text) whose text has words starting with all `words`, newest first.

    Of all sessions, or of one generation.
    """
    expression = " ".join('"' + word.replace('"', '""') + '"*' for word in words)
    found = connection.execute(
        text(
            "SELECT sessions.sid, texts.kind, texts.number, texts.count, texts.text FROM text_index "
            "JOIN texts ON texts.id = text_index.rowid JOIN sessions ON sessions.gen = texts.gen "
            "WHERE text_index MATCH :expression AND sessions.visible = 1 AND (:kind = '' OR texts.kind = :kind) "
            "AND (:gen < 0 OR texts.gen = :gen) "
            "ORDER BY text_index.rowid DESC LIMIT :limit"
        ),
        {"expression": expression, "kind": kind, "limit": limit, "gen": -1 if gen is None else gen},
    )
    return [(row[0], row[1], row[2], row[3], row[4]) for row in found]


#: gen, tab, kind, masked, count, intervals, text: a line of `page_texts` without its id.
PageLine = tuple[int, int, str, int, int, bytes, str]


def add_page_texts(connection: Connection, block: int, values: Sequence[PageLine]) -> None:
    """Enter texts of pages of one generation; `block`: see `schema.page_text_block`."""
    there = schema.page_texts.c.id
    top = connection.execute(
        select(func.max(there)).where(there >= block, there < block + (1 << schema.PAGE_TEXT_BITS))
    ).scalar()
    start = block if top is None else int(top) + 1
    connection.exec_driver_sql(
        "INSERT INTO page_texts (id, gen, tab, kind, masked, count, intervals, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [(start + i, *value) for i, value in enumerate(values)],
    )
    connection.exec_driver_sql(
        "INSERT INTO page_index (rowid, text) VALUES (?, ?)",
        [(start + i, value[6]) for i, value in enumerate(values)],
    )


def remove_page_texts(connection: Connection, gen: int, limit: int) -> int:
    """Take up to `limit` texts of a generation's pages out; how many that were."""
    there = schema.page_texts
    found = connection.execute(select(there.c.id, there.c.text).where(there.c.gen == gen).limit(limit)).all()
    if found:
        connection.exec_driver_sql(
            "INSERT INTO page_index (page_index, rowid, text) VALUES ('delete', ?, ?)", [tuple(one) for one in found]
        )
        connection.exec_driver_sql("DELETE FROM page_texts WHERE id = ?", [(one.id,) for one in found])
    return len(found)


def page_match(words: Sequence[str], *, prefix: bool) -> str:
    """The FTS5 expression for texts that have all `words`; with `prefix`, the last may be the start of one."""
    quoted = ['"' + word.replace('"', '""') + '"' for word in words]
    return " ".join(quoted) + ("*" if prefix else "")


def search_page_texts(
    connection: Connection, expression: str, low: int, below: int, limit: int
) -> list[tuple[int, int, int, str, int, int, bytes, str]]:
    """(id, gen, tab, kind, masked, count, intervals, text) that match; ids `low` to under `below`, last first."""
    # the index is asked for ids alone and walks them backward from `below`: no sort, however many match
    found = connection.execute(
        text(
            "SELECT id, gen, tab, kind, masked, count, intervals, text FROM page_texts WHERE id IN (SELECT rowid "
            "FROM page_index WHERE page_index MATCH :expression AND rowid >= :low AND rowid < :below "
            "ORDER BY rowid DESC LIMIT :limit) ORDER BY id DESC"
        ),
        {"expression": expression, "low": low, "below": below, "limit": limit},
    )
    return [(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7]) for row in found]
