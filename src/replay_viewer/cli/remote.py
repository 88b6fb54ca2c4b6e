"""Lists and searches at the connected backends, as `list --source` and `search --sources` print them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from replay_viewer.cli.output import note, print_json, print_table
from replay_viewer.domain.time import iso, offset

if TYPE_CHECKING:
    from replay_viewer.services.search_sources import SourceAnswer
    from replay_viewer.sources import FoundSession

_PAGE = 100


def list_sessions(home: Path, name: str, query: str, limit: int, as_json: bool) -> int:
    """Sessions of a connection, newest first."""
    from replay_viewer.services.search_sources import browse

    found: list[FoundSession] = []
    cursor, more = "", True
    while more and len(found) < limit:
        page = browse(home, name, query, cursor, min(_PAGE, limit - len(found)))
        found += page.sessions
        cursor, more = page.next, bool(page.next and page.sessions)
    found = found[:limit]
    if as_json:
        print_json(found)
    elif found:
        _table(found)
        note("Pull one with: replay-viewer pull URL")
    else:
        print("No session matches." if query else "It has no sessions.")
    return 0


def list_issues(home: Path, name: str, query: str, limit: int, as_json: bool) -> int:
    """Issues of a connection, those seen last first."""
    from replay_viewer.services.search_sources import issues

    found = issues(home, name, query, limit)
    if as_json:
        print_json(list(found))
    elif found:
        rows = [
            (one.name, _when(one.last), f"{one.events:,}", f"{one.users:,}", one.status, one.title[:60], one.url)
            for one in found
        ]
        print_table(("issue", "last seen (UTC)", "events", "users", "status", "title", "address"), rows)
    else:
        print("No issue matches." if query else "It has no issues.")
    return 0


def print_answers(answers: Sequence[SourceAnswer]) -> None:
    """What each connection answered."""
    for answer in answers:
        print(f"{answer.connection} ({answer.kind})")
        if answer.sessions:
            _table(answer.sessions, indent="  ")
        elif not answer.problem:
            print("  Nothing found.")
        if answer.problem:
            note(f"{answer.connection}: {answer.problem}")
    if not answers:
        note("No source is connected: replay-viewer connect add NAME URL.")


def _table(sessions: Sequence[FoundSession], indent: str = "") -> None:
    rows = [
        (
            indent + _when(one.started),
            "" if one.duration is None else offset(one.duration),
            one.user,
            "" if one.errors < 0 else str(one.errors),
            one.page[:60],
            one.why,
            one.url,
        )
        for one in sessions
    ]
    print_table((indent + "started (UTC)", "length", "user", "errors", "page", "found by", "address"), rows)


def _when(t: float | None) -> str:
    return "" if t is None else iso(t)[:19]
