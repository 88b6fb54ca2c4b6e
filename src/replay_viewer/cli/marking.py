"""The mark command: what a person notes of a session while working through the queue."""

from __future__ import annotations

import argparse
import time
from typing import Any

from replay_viewer.cli.output import print_json, print_table
from replay_viewer.domain.session import Marks
from replay_viewer.domain.time import iso
from replay_viewer.library import Library, home_dir


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Register mark."""
    one = commands.add_parser(
        "mark",
        parents=[common],
        help="mark sessions as watched, and tag them",
        description="Mark sessions; without options, print their marks. Without ID, print the tags there are. `list` "
        "finds marked sessions by tag:NAME, is:watched and is:unwatched.",
    )
    one.add_argument("ids", metavar="ID", nargs="*")
    one.add_argument("--tag", metavar="NAME", action="append", default=[], help="add a tag; may be given again")
    one.add_argument("--untag", metavar="NAME", action="append", default=[], help="remove a tag; may be given again")
    state = one.add_mutually_exclusive_group()
    state.add_argument("--watched", action="store_true")
    state.add_argument("--unwatched", action="store_true")
    one.add_argument(
        "--share",
        action="store_true",
        help="give the marks to the collector the session came from, and take those it has (its token needs the role "
        "triager)",
    )
    one.set_defaults(run=_mark)


def _mark(options: argparse.Namespace) -> int:
    with Library.open(home_dir(options.home)) as library:
        if not options.ids:
            return _tags(library.marks.tags(), options.json)
        ids = [library.session(id).id for id in options.ids]
        watched = time.time() * 1000.0 if options.watched else 0.0 if options.unwatched else None
        marked: dict[str, Marks] = {
            id: library.marks.change(id, watched=watched, add=options.tag, remove=options.untag) for id in ids
        }
    if options.share:
        from replay_viewer.services.sharing import share  # the HTTP client takes a third of a second

        marked = {id: share(home_dir(options.home), id) for id in ids}
    if options.json:
        print_json(marked)
        return 0
    for id, marks in marked.items():
        said = f"watched {iso(marks.watched)[:16]}" if marks.watched else "not watched"
        print("  ".join([id, said, " ".join(marks.tags)]).rstrip())
    return 0


def _tags(tags: dict[str, int], as_json: bool) -> int:
    if as_json:
        print_json(tags)
    elif tags:
        print_table(("tag", "sessions"), [(name, f"{count:,}") for name, count in tags.items()])
    else:
        print("No session is tagged: replay-viewer mark ID --tag NAME.")
    return 0
