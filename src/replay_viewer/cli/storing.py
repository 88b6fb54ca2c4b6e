"""Commands that fill and empty the library: import, pull, refresh, delete."""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from replay_viewer.cli.output import ProgressLine, note, print_json
from replay_viewer.domain.errors import BadInput, Cancelled
from replay_viewer.domain.time import parse_instant
from replay_viewer.library import Library, home_dir
from replay_viewer.services import addresses
from replay_viewer.services.importer import Progress, import_paths
from replay_viewer.services.pull import PullProgress, pull, refresh


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Register import, pull, refresh and delete."""
    one = commands.add_parser(
        "import",
        parents=[common],
        help="import files or folders, any format",
        description="Import recordings, envelopes, request bodies, exports and bundles. Pieces of one session given "
        "together become one session. Prints the session ids.",
    )
    one.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    one.set_defaults(run=_import)
    one = commands.add_parser(
        "pull",
        parents=[common],
        help="pull a session from where it was recorded",
        description="Pull a session into the library by its URL. Prints the session id. A backend that wants a token "
        "gets that of its connection (see connect) or the one in REPLAY_VIEWER_TOKEN: on the command line everybody "
        "on this machine could read it. The URL may also be an issue's, an error's or a trace's: then its replay is "
        "pulled. The instant it names is said on standard error, with --json as `at`.",
    )
    one.add_argument("url", metavar="URL")
    one.add_argument("--follow", action="store_true", help="go on while the session is recorded (Ctrl+C ends it)")
    one.add_argument("--yes", action="store_true", help="ask the host of a replay-viewer:// link even if it is new")
    one.set_defaults(run=_pull)
    one = commands.add_parser(
        "refresh",
        parents=[common],
        help="let a pulled session grow to what its source has now",
        description="Pull what came since, lost segments included, and say what it was. Segments that are here are "
        "not asked for again.",
    )
    one.add_argument("id", metavar="ID")
    one.add_argument("--follow", action="store_true", help="go on while the session is recorded (Ctrl+C ends it)")
    one.set_defaults(run=_refresh)
    one = commands.add_parser("delete", parents=[common], help="delete a session from the library")
    one.add_argument("id", metavar="ID")
    one.set_defaults(run=_delete)


def _import(options: argparse.Namespace) -> int:
    for path in options.paths:
        if not path.exists():
            raise BadInput(f"There is no file or folder {path}.", "Check the path.")
    line = ProgressLine()

    def progress(now: Progress) -> None:
        share = f"{now.done / now.total:4.0%}" if now.total else ""
        line.show(f"importing {share} {now.events:,} events")

    try:
        ids = import_paths(home_dir(options.home), options.paths, progress=progress)
    finally:
        line.clear()
    _print_ids(ids, options.json)
    return 0


def _print_ids(ids: list[str], as_json: bool) -> None:
    if as_json:
        print_json({"sessions": ids})
    else:
        for id in ids:
            print(id)


@contextmanager
def _interruptible(what: str) -> Iterator[tuple[Callable[[PullProgress], None], Callable[[], bool]]]:
    """Progress on stderr, and Ctrl+C as a wish to stop: what came stays, and a pull that follows just ends."""
    line, stopped = ProgressLine(), threading.Event()
    before = signal.signal(signal.SIGINT, lambda *_: stopped.set())
    try:
        yield lambda now: line.show(f"{what}: {now.words}"), stopped.is_set
    finally:
        signal.signal(signal.SIGINT, before)
        line.clear()


def _pull(options: argparse.Namespace) -> int:
    home = home_dir(options.home)
    if not options.yes:
        addresses.refuse_unknown(home, options.url)
    try:
        with _interruptible("pulling") as (progress, cancelled):
            address = addresses.resolve(home, options.url, cancelled=cancelled)
            id = pull(home, address.url, progress=progress, cancelled=cancelled, follow=options.follow)
    except Cancelled:
        note("Stopped. What came is kept: the same command goes on from there.")
        return 1
    if options.json:
        print_json({"sessions": [id], "at": _instant(home, id, address.at)})
        return 0
    print(id)
    if address.at:
        note(f"The link is about this instant: replay-viewer open {id} --at {address.at}")
    return 0


def _refresh(options: argparse.Namespace) -> int:
    try:
        with _interruptible("refreshing") as (progress, cancelled):
            came = refresh(
                home_dir(options.home), options.id, progress=progress, cancelled=cancelled, follow=options.follow
            )
    except Cancelled:
        note("Stopped. What came is kept: the same command goes on from there.")
        return 1
    if options.json:
        print_json(came)
    else:
        print(came.words)
    return 0


def _instant(home: Path, id: str, at: str) -> float | None:
    """The instant a link names, epoch ms."""
    if not at:
        return None
    library = Library.open(home)
    try:
        return parse_instant(at, library.session(id).start)
    finally:
        library.close()


def _delete(options: argparse.Namespace) -> int:
    library = Library.open(home_dir(options.home))
    try:
        session = library.session(options.id)
        library.delete(session.id)
    finally:
        library.close()
    if options.json:
        print_json({"deleted": session.id})
    return 0
