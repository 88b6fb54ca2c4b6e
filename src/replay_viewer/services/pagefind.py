"""Find on the page over time: every time a text was on the page of one session, in order."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from replay_viewer.library import Library

#: Different texts looked at; what is shown of their appearances.
_TEXTS = 500
MOST = 2_000


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One time a text was on the page: from `start` to `end` (epoch ms; -1: to the end), at `node` of `tab`."""

    start: float
    end: float
    tab: int
    node: int
    kind: str
    text: str
    masked: bool


def shown(
    library: Library,
    session: str,
    text: str,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[Shown]:
    """When the pages of `session` showed all the words of `text`, in order of appearing, at most `MOST`.

    A session whose pages were not read yet is read first: `progress` is told events done and in all. Raises
    Cancelled, NotFound, StorageProblem.
    """
    if not any(letter.isalnum() for letter in text):
        return []
    if library.page_read(session) is None:
        library.read_pages(progress, cancelled, session)
    found = [
        Shown(
            start=one.start,
            end=one.end,
            tab=hit.tab,
            node=one.node,
            kind=hit.kind,
            text=hit.text,
            masked=hit.masked,
        )
        for hit in library.search_pages(text, session, 1, _TEXTS)
        for one in hit.intervals
    ]
    return sorted(found, key=lambda one: (one.start, one.tab, one.node))[:MOST]
