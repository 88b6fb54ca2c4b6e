"""The search command: anything, DOM text included."""

from __future__ import annotations

import argparse
from typing import Any

from replay_viewer.cli import remote
from replay_viewer.cli.output import ProgressLine, note, print_json
from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.time import iso, offset
from replay_viewer.library import Library, home_dir
from replay_viewer.services.search import Answer, FoundText, masked_texts, search

#: Appearances of one text that are printed for people.
_SHOWN = 3


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Register search."""
    one = commands.add_parser(
        "search",
        parents=[common],
        help="anything: what pages showed, console, network, errors, …",
        description="Find sessions by any text: what their pages showed, with the instants it appeared and "
        "disappeared and where on the page, and what their rows say. All words must be there; the last may be "
        "unfinished. Newest session first.",
    )
    one.add_argument("text", nargs="*", metavar="TEXT")
    one.add_argument(
        "--masked", action="store_true", help="with --session: its masked texts, with when and where each was shown"
    )
    one.add_argument("--session", default="", metavar="ID", help="only in this session")
    one.add_argument("--limit", type=int, default=20, metavar="N", help="at most N sessions (default: 20)")
    one.add_argument("--sources", action="store_true", help="ask the connected backends as well")
    one.set_defaults(run=_search)


def _search(options: argparse.Namespace) -> int:
    if options.limit < 1:
        raise BadInput("The limit must be 1 or more.", "Leave --limit out for 20.")
    if options.masked and (options.text or not options.session):
        raise BadInput("--masked lists the masked texts of one session.", "Give --session and no text.")
    line = ProgressLine()

    def progress(done: int, total: int) -> None:
        line.show(f"reading pages {done / total:4.0%}" if total else "reading pages")

    library = Library.open(home_dir(options.home))
    try:
        try:
            if options.masked:
                answers = [masked_texts(library, options.session, progress=progress)]
            else:
                answers = search(
                    library, " ".join(options.text), session=options.session, limit=options.limit, progress=progress
                )
        finally:
            line.clear()
        masked = 0
        if options.session and not answers:
            read = library.page_read(options.session)
            masked = read.masked if read else 0
    finally:
        library.close()
    if options.sources:
        from replay_viewer.services.search_sources import search_sources

        remote_answers = search_sources(home_dir(options.home), " ".join(options.text), limit=options.limit)
        if options.json:
            print_json({"library": answers, "sources": remote_answers})
            return 0
        print("library")
    if options.json:
        print_json(answers)
    else:
        for answer in answers:
            _print(answer)
        if not answers:
            print("Nothing found.")
        if options.sources:
            remote.print_answers(remote_answers)
    if options.masked and not answers[0].texts:
        note("Nothing of this session is masked.")
    if masked:
        note(f"{masked:,} different texts of this session are masked: nobody can search them. --masked lists them.")
    return 0


def _print(answer: Answer) -> None:
    print(f"{answer.session}  {iso(answer.start)[:19]}  {answer.user}  {answer.url}")
    for text in answer.texts:
        for line in _lines(text, answer.start):
            print(line)
    for row in answer.rows:
        times = f"  (×{row.count:,})" if row.count > 1 else ""
        print(f"  {offset(row.t - answer.start):>9}{'':12}  {row.kind} {row.n}: {_one_line(row.text)}{times}")


def _lines(text: FoundText, start: float) -> list[str]:
    lines = []
    for n, one in enumerate(text.appearances[:_SHOWN]):
        until = "…" if one.end < 0 else offset(one.end - start)
        when = f"  {offset(one.start - start):>9} – {until:<9}"
        what = _one_line(text.text) + (" (masked)" if text.masked else "")
        kind = "" if text.kind in ("text", "passage") else f"{text.kind} "
        tab = f"  tab {text.tab}" if text.tab else ""
        place = f"  at {one.selector}" if one.selector else ""
        lines.append(f"{when}  {kind}“{what}”{place}{tab}" if n == 0 else f"{when}  again")
    if text.count > _SHOWN:
        lines.append(f"  {'':21}  and {text.count - _SHOWN:,} more times")
    return lines


def _one_line(text: str, width: int = 100) -> str:
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"
