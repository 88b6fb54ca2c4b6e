"""The files a page refers to: list them, fetch them, and the options that do so with an import or a pull."""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from replay_viewer.cli.output import ProgressLine, note, print_json, print_table
from replay_viewer.domain.errors import Cancelled
from replay_viewer.library import Library, home_dir


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Register assets."""
    one = commands.add_parser(
        "assets",
        parents=[common],
        help="list or capture the style sheets, fonts and images a recording refers to",
        description="List the files a recording refers to: those captured, and those that are not, with "
        "the reason. With --fetch, ask for those that are missing, while they still exist: by GET without cookies, "
        "tokens or referrer, 10 MB each and 200 MB together at most, never in private networks.",
    )
    one.add_argument("id", metavar="ID")
    one.add_argument("--fetch", action="store_true", help="capture now what is missing")
    _private(one)
    one.set_defaults(run=_assets)


def add_options(one: argparse.ArgumentParser) -> None:
    """--assets and --allow-private, for commands that bring sessions in."""
    one.add_argument("--assets", action="store_true", help="also capture the files the page refers to (see assets)")
    _private(one)


def _private(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--allow-private", action="store_true", help="hosts in private networks may be asked for these files too"
    )


def capture_for(home: Path, ids: Sequence[str], allow_private: bool) -> None:
    """Capture the files of these sessions, with progress on stderr. Ctrl+C stops it: what came is kept."""
    from replay_viewer.services.assets import capture

    for id in ids:
        line, stopped = ProgressLine(), threading.Event()
        before = signal.signal(signal.SIGINT, lambda *_, stopped=stopped: stopped.set())
        try:
            came = capture(
                home,
                id,
                progress=lambda now, line=line: line.show(f"assets: {now.words}"),  # type: ignore[misc]
                cancelled=stopped.is_set,
                allow_private=allow_private,
            )
        except Cancelled:
            line.clear()
            note("Stopped. The files that came are kept: the same command goes on from there.")
            return
        finally:
            signal.signal(signal.SIGINT, before)
            line.clear()
        note(came.words)


def _assets(options: argparse.Namespace) -> int:
    from replay_viewer.services.assets import listing

    home = home_dir(options.home)
    if options.fetch:
        capture_for(home, [options.id], options.allow_private)
    with Library.open(home) as library:
        session = library.session(options.id)
        every = listing(library, session.id)
    if options.json:
        print_json({"session": session.id, "assets": every})
        return 0
    rows = [(f"{one.size:,}" if one.digest else "", one.type, one.why, one.url) for one in every]
    if rows:
        print_table(("bytes", "type", "why not", "address"), rows)
    else:
        print("The recording refers to no files on the web.")
    return 0
