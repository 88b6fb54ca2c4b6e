"""What the one box finds in the library: sessions by who and where, rows and page texts by what they say.

Quick enough to run at every pause of typing: indexes only, nothing is read from recordings.
"""

from __future__ import annotations

import bisect

import msgspec

from replay_viewer.domain.errors import UserError
from replay_viewer.domain.session import Session
from replay_viewer.library import Library

#: The fewest letters worth looking for.
SHORTEST = 2
_SESSIONS = 12
_HITS = 20


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One answer. `t`: the instant it is about (epoch ms), -1 for the session as a whole; `kind`/`n`: a row of it.

    `tab`/`node`: where on a page. `why` says what matched; `picture` is a JPEG near the instant, or empty.
    """

    session: Session
    t: float = -1.0
    kind: str = ""
    n: int = -1
    tab: int = 0
    node: int = -1
    why: str = ""
    picture: bytes = b""


def find(library: Library, text: str) -> list[Finding]:
    """Answers of the library for `text`, sessions newest first, the places in each after it. Raises StorageProblem.

    Words that make no query (an operator half typed) find nothing.
    """
    text = text.strip()
    if len(text) < SHORTEST:
        return []
    found: dict[str, Session] = {}
    places: dict[str, list[Finding]] = {}
    try:
        for session in library.sessions(text, _SESSIONS):
            found[session.id] = session
    except UserError:
        pass
    if any(letter.isalnum() for letter in text):
        for hit in library.search(text, limit=_HITS):
            session = found.setdefault(hit.session, library.session(hit.session))
            row = library.row(hit.session, hit.kind, hit.n)
            times = f" ({hit.count:,} times)" if hit.count > 1 else ""
            made = Finding(session=session, t=row.t, kind=hit.kind, n=hit.n, why=f"{hit.kind}: {hit.text}{times}")
            places.setdefault(session.id, []).append(made)
        for page in library.search_pages(text, limit=_SESSIONS, each=3):
            session = found.setdefault(page.session, library.session(page.session))
            first = page.intervals[0]
            places.setdefault(session.id, []).append(
                Finding(
                    session=session, t=first.start, tab=page.tab, node=first.node, why=f"on the page: {page.text}"
                )
            )
    newest = sorted(found.values(), key=lambda one: -one.start)
    answers: list[Finding] = []
    for session in newest:
        mine = sorted(places.get(session.id, []), key=lambda one: one.t)[:4]
        at = mine[0].t if mine else _error(library, session)
        answers.append(Finding(session=session, picture=picture(library, session, at)))
        answers += mine
    return answers


def _error(library: Library, session: Session) -> float:
    """The first error of a session, else its middle (epoch ms)."""
    if session.errors:
        found = library.rows(session.id, "errors", limit=1)
        if found:
            return found[0][1].t
    return (session.start + session.end) / 2


def picture(library: Library, session: Session, t: float) -> bytes:
    """The small picture of a session last made before `t`, or the first; empty when there is none yet."""
    made = library.thumbnails(session.id)
    if not made:
        return b""
    made = sorted(made, key=lambda one: one[1])
    at = max(0, bisect.bisect_right([one[1] for one in made], t) - 1)
    return library.thumbnail(session.id, *made[at]) or b""
