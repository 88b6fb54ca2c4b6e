"""Commands about what stays: keep, clean."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from replay_viewer.cli.output import note, print_json
from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.time import iso
from replay_viewer.library import Library, home_dir
from replay_viewer.services.cleaning import age_of, candidates, size_of
from replay_viewer.services.segments import forget, remove_old


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Register keep and clean."""
    one = commands.add_parser("keep", parents=[common], help="protect a session from clean-up")
    one.add_argument("id", metavar="ID")
    one.add_argument("--off", action="store_true", help="no longer")
    one.set_defaults(run=_keep)
    one = commands.add_parser(
        "clean",
        parents=[common],
        help="delete old or large sessions that are not kept",
        description="Delete sessions by age and size, after a question. Both limits given, both must be passed. Kept "
        "sessions stay.",
    )
    one.add_argument("--older-than", metavar="AGE", help="brought in longer ago than that: 30d, 12h, 2w")
    one.add_argument("--larger-than", metavar="SIZE", help="recordings larger than that: 200MB, 1GB")
    one.add_argument("--dry-run", action="store_true", help="only say what would go")
    one.add_argument("--yes", action="store_true", help="do not ask")
    one.set_defaults(run=_clean)


def _keep(options: argparse.Namespace) -> int:
    with Library.open(home_dir(options.home)) as library:
        session = library.session(options.id)
        library.extras.keep(session.id, not options.off)
    if options.json:
        print_json({"session": session.id, "kept": not options.off})
    else:
        print(f"{session.id} is {'no longer ' if options.off else ''}kept.")
    return 0


def _clean(options: argparse.Namespace) -> int:
    home = home_dir(options.home)
    with Library.open(home) as library:
        found = candidates(
            library,
            older_than=age_of(options.older_than) if options.older_than else 0.0,
            larger_than=size_of(options.larger_than) if options.larger_than else 0.0,
        )
        size = sum(one.bytes for one in found)
        if not options.json:
            for one in found:
                print(f"{one.id}  {iso(one.start)[:10]}  {one.bytes / 1e6:8,.1f} MB  {one.facts.user.label}")
        going = bool(found) and not options.dry_run
        if going and not options.yes:
            if not sys.stdin.isatty():
                raise BadInput("Nothing was deleted: nobody is there to be asked.", "Add --yes, or --dry-run.")
            going = input(f"Delete {len(found)} sessions, {size / 1e6:,.1f} MB? [y/N] ").strip().lower() == "y"
        for one in found if going else ():
            forget(library, one.id)
            library.delete(one.id)
    if going:
        remove_old(home)
    if options.json:
        print_json({"sessions": [one.id for one in found], "bytes": size, "deleted": going})
    else:
        note(f"{len(found)} sessions, {size / 1e6:,.1f} MB" + (" deleted." if going else "; nothing was deleted."))
    return 0
