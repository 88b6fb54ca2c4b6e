"""Commands that fill and empty the library: import, pull, refresh, delete."""

from __future__ import annotations

import argparse
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from replay_viewer.cli.assets import add_options, capture_for
from replay_viewer.cli.output import ProgressLine, note, print_json
from replay_viewer.domain.errors import BadInput, Cancelled
from replay_viewer.domain.pulled import Attached
from replay_viewer.domain.time import parse_instant
from replay_viewer.library import Library, home_dir
from replay_viewer.services import addresses
from replay_viewer.services.attach import detach, named, offset_of, set_offset
from replay_viewer.services.attaching import attach_files, attach_url
from replay_viewer.services.importer import Progress, import_paths
from replay_viewer.services.pull import PullProgress, pull, refresh
from replay_viewer.services.segments import forget

_NEGATIVE = re.compile(r"^-\d+(?:\.\d+)?(?:ms|s|m|h)?$")


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
    add_options(one)
    _into(one)
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
    add_options(one)
    _into(one)
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
    one = commands.add_parser(
        "offset",
        parents=[common],
        help="set the clock of what is attached to a session, or take it away",
        description="Rows attached with --into lie by their own clock plus an offset. Prints the offset before.",
    )
    one.add_argument("id", metavar="ID")
    one.add_argument("source", metavar="SOURCE", help="its name, as the health report has it")
    one.add_argument("offset", metavar="MS", nargs="?", help="milliseconds, or 1.5s, -2m; without it, what it is now")
    one.add_argument("--remove", action="store_true", help="take the attachment away")
    one._negative_number_matcher = _NEGATIVE  # so that -2s is an offset, not an option
    one.set_defaults(run=_offset)
    one = commands.add_parser("delete", parents=[common], help="delete a session from the library")
    one.add_argument("id", metavar="ID")
    one.set_defaults(run=_delete)


def _into(one: argparse.ArgumentParser) -> None:
    one._negative_number_matcher = _NEGATIVE
    one.add_argument("--into", metavar="ID", help="put the rows of it on the timeline of this session instead")
    one.add_argument(
        "--offset", default="0", metavar="MS", help="with --into: how much later its clock is to be (1.5s, -350)"
    )


def _said(made: Attached, options: argparse.Namespace) -> None:
    if options.json:
        print_json(made)
    else:
        print(f"Attached {made.rows:,} rows as {made.name}.")


def _offset(options: argparse.Namespace) -> int:
    with Library.open(home_dir(options.home)) as library:
        session = library.session(options.id)
        if options.remove:
            detach(library, session.id, options.source)
        elif options.offset is not None:
            before = set_offset(library, session.id, options.source, offset_of(options.offset))
            note(f"It was {before:+,.0f} ms.")
        else:
            named(library, session, options.source)
        every = library.extras.attached(session.id)
    if options.json:
        print_json(every)
        return 0
    for one in every:
        print(f"{one.name}  {one.offset:+,.0f} ms  {one.rows:,} rows  {one.origin}")
    if not every:
        print("Nothing is attached.")
    return 0


def _import(options: argparse.Namespace) -> int:
    for path in options.paths:
        if not path.exists():
            raise BadInput(f"There is no file or folder {path}.", "Check the path.")
    line = ProgressLine()

    def progress(now: Progress) -> None:
        share = f"{now.done / now.total:4.0%}" if now.total else ""
        line.show(f"importing {share} {now.events:,} events")

    try:
        if options.into:
            home = home_dir(options.home)
            made = attach_files(
                home, options.into, options.paths, offset=offset_of(options.offset), progress=progress
            )
            line.clear()
            _said(made, options)
            return 0
        ids = import_paths(home_dir(options.home), options.paths, progress=progress)
    finally:
        line.clear()
    if options.assets:
        capture_for(home_dir(options.home), ids, options.allow_private)
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
            if options.into:
                offset = offset_of(options.offset)
                made = attach_url(
                    home, options.into, address.url, offset=offset, progress=progress, cancelled=cancelled
                )
            else:
                id = pull(home, address.url, progress=progress, cancelled=cancelled, follow=options.follow)
    except Cancelled:
        note("Stopped. What came is kept: the same command goes on from there.")
        return 1
    if options.into:
        _said(made, options)
        return 0
    if options.assets:
        capture_for(home, [id], options.allow_private)
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
        forget(library, session.id)
        library.delete(session.id)
    finally:
        library.close()
    if options.json:
        print_json({"deleted": session.id})
    return 0
