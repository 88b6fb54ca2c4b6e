"""Finds sessions by words with the index of trigrams: `session_words`.

The list goes back in time and ends after a page. Words that many sessions hold are found soonest by walking the list;
words that few hold by asking the index first. Which of both it is, the index tells: it is asked for a bounded number.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, literal_column, select, text

from replay_viewer.collector.filters import Holds
from replay_viewer.collector.schema import session_words, sessions

#: Up to so many sessions are looked up one by one; with more of them, a walk finds a page soon.
FEW = 1000
#: Shorter words make no trigram.
_SHORTEST = 3


def few_with(connection: Connection, words: list[str]) -> list[str] | None:
    """Ids of the sessions that hold all of `words` (lower case), None when they are too many to name or to find out.

    Also None when no word is long enough for the index.
    """
    long = [word for word in words if len(word) >= _SHORTEST]
    if not long:
        return None
    query = select(session_words.c.session)
    if connection.dialect.name == "sqlite":
        phrases = " ".join('"' + word.replace('"', '""') + '"' for word in long)
        inside = text("SELECT rowid FROM session_words_index WHERE session_words_index MATCH :phrases LIMIT :most")
        found = connection.execute(inside, {"phrases": phrases, "most": FEW + 1}).scalars().all()
        if len(found) > FEW:
            return None
        query = query.where(session_words.c.id.in_(found))
    else:
        query = query.where(*(session_words.c.words.contains(word, autoescape=True) for word in long))
    query = query.where(*(Holds(session_words.c.words, word) for word in words if word not in long))
    ids = list(connection.execute(query.limit(FEW + 1)).scalars())
    return ids if len(ids) <= FEW else None


def among(ids: list[str]) -> tuple[ColumnElement[bool], ColumnElement[float]]:
    """(condition, what to sort by) for a list of these sessions: sorted by hand, not walked in the index's order."""
    return sessions.c.id.in_(ids), sessions.c.started + literal_column("0")
