"""Search for anything: what pages showed, and what the rows of sessions say."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from replay_viewer.analysis.extract.selector import selector
from replay_viewer.analysis.extract.words import ancestors, describe
from replay_viewer.domain.errors import BadInput, UserError
from replay_viewer.domain.session import Session
from replay_viewer.library import Hit, Interval, Library, PageHit
from replay_viewer.services.states import TabStates

#: Texts and rows shown of one session.
EACH = 10
#: Row hits looked at, over all sessions.
_ROWS = 500


class Appearance(msgspec.Struct, frozen=True, kw_only=True):
    """One time a text was on the page: from `start` to `end` (epoch ms; -1: to the end of the recording).

    `selector` and `where` (in words) say where it appeared; '' when the recording does not tell.
    """

    start: float
    end: float
    node: int
    selector: str = ""
    where: str = ""


class FoundText(msgspec.Struct, frozen=True, kw_only=True):
    """A text a page showed. `count`: how often it came, of which `appearances` are the first."""

    tab: int
    kind: str
    text: str
    masked: bool
    count: int
    appearances: list[Appearance]


class FoundRow(msgspec.Struct, frozen=True, kw_only=True):
    """A text in rows: the first row of that text, and how many there are."""

    kind: str
    n: int
    t: float
    count: int
    text: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in one session. `masked`: texts of it that nobody can search, being masked."""

    session: str
    start: float
    user: str
    url: str
    masked: int
    texts: list[FoundText]
    rows: list[FoundRow]


def search(
    library: Library,
    text: str,
    *,
    session: str = "",
    limit: int = 20,
    progress: Callable[[int, int], None] | None = None,
) -> list[Answer]:
    """Sessions whose pages or rows hold all the words of `text`, newest first, at most `limit`.

    Sessions whose pages were not read yet are read first; `progress` is told events done and in all. Raises BadInput
    for no words, NotFound for no such session, StorageProblem.
    """
    if not any(letter.isalnum() for letter in text):
        raise BadInput("There is no word to search for.", "Give a word or a phrase that was on the page.")
    library.read_pages(progress)
    only = library.session(session).id if session else ""
    pages: dict[str, list[PageHit]] = {}
    for hit in library.search_pages(text, only, limit, EACH):
        pages.setdefault(hit.session, []).append(hit)
    rows: dict[str, list[Hit]] = {}
    for found in library.search(text, limit=_ROWS, session=only):
        some = rows.setdefault(found.session, [])
        if len(some) < EACH:
            some.append(found)
    sessions = sorted((library.session(id) for id in {*pages, *rows}), key=lambda one: one.start, reverse=True)
    return [_answer(library, one, pages.get(one.id, []), rows.get(one.id, [])) for one in sessions[:limit]]


def masked_texts(
    library: Library, session: str, *, limit: int = 1000, progress: Callable[[int, int], None] | None = None
) -> Answer:
    """The masked texts of a session: when, and where on the page; at most `limit` different ones. `Answer.masked`
    counts all. Raises NotFound, StorageProblem.
    """
    one = library.session(session)
    library.read_pages(progress)
    return _answer(library, one, library.masked_texts(one.id, limit), [])


def _answer(library: Library, session: Session, pages: list[PageHit], rows: list[Hit]) -> Answer:
    read = library.page_read(session.id)
    found = [
        FoundRow(kind=hit.kind, n=hit.n, t=library.row(session.id, hit.kind, hit.n).t, count=hit.count, text=hit.text)
        for hit in rows
    ]
    return Answer(
        session=session.id,
        start=session.start,
        user=session.facts.user.label,
        url=session.facts.url,
        masked=read.masked if read else 0,
        texts=_placed(library, session.id, pages),
        rows=sorted(found, key=lambda row: row.t),
    )


def _placed(library: Library, session: str, hits: list[PageHit]) -> list[FoundText]:
    """The texts, with the place of the first appearance of each."""
    places: dict[int, tuple[str, str]] = {}
    for tab in {hit.tab for hit in hits}:
        # in order of time, so that the states are walked once
        mine = sorted((n for n, hit in enumerate(hits) if hit.tab == tab), key=lambda n: hits[n].intervals[0].start)
        try:
            states = TabStates(library, session, tab)
            for n in mine:
                places[n] = _place(states, hits[n].intervals[0])
        except UserError:
            # a damaged piece of the recording: the text was found all the same
            continue
    return [
        FoundText(
            tab=hit.tab,
            kind=hit.kind,
            text=hit.text,
            masked=hit.masked,
            count=hit.count,
            appearances=[
                _appearance(one, places.get(n, ("", "")) if index == 0 else ("", ""))
                for index, one in enumerate(hit.intervals)
            ],
        )
        for n, hit in enumerate(hits)
    ]


def _appearance(interval: Interval, place: tuple[str, str]) -> Appearance:
    return Appearance(start=interval.start, end=interval.end, node=interval.node, selector=place[0], where=place[1])


def _place(states: TabStates, interval: Interval) -> tuple[str, str]:
    """(selector, words) of where a text stood when it appeared."""
    nodes = states.go(states.position_at(interval.start)).nodes
    node = nodes.get(interval.node)
    element = None if node is None else next(ancestors(node, nodes, 1), None)
    if element is None:
        return "", ""
    path = selector(element, nodes)
    return path, describe(element, nodes, path)
