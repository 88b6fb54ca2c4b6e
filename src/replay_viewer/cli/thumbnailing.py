"""The command for small pictures along the timeline."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from replay_viewer.cli.output import ProgressLine, print_json
from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.time import offset
from replay_viewer.export.base import File
from replay_viewer.library import Library, home_dir
from replay_viewer.services import inactivity, thumbnails
from replay_viewer.services.files import write_all


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Register thumbnails."""
    one = commands.add_parser(
        "thumbnails",
        parents=[common],
        help="small pictures along the timeline",
        description="Write small pictures of the page along the session's timeline, of the tab in use; idle time has "
        "only its beginning. They are made once, kept in the library and removed with the session.",
    )
    one.add_argument("id", metavar="ID")
    one.add_argument("-o", "--out", required=True, type=Path, metavar="DIR")
    one.add_argument("--every", type=float, metavar="SECONDS", help="between two pictures; else 120 of them at most")
    one.set_defaults(run=_thumbnails)


def _thumbnails(options: argparse.Namespace) -> int:
    if options.every is not None and not 0.1 <= options.every <= 86_400:
        raise BadInput(f"{options.every:g} s is no step between pictures.", "Give 0.1 to 86400 seconds.")
    library = Library.open(home_dir(options.home))
    try:
        session = library.session(options.id)
        trails = inactivity.read_trails(library, session)
        step = None if options.every is None else options.every * 1000.0
        wanted = sorted(thumbnails.instants(trails, step), key=lambda one: one[1])
        held = set(library.thumbnails(session.id))
        missing = [one for one in wanted if one not in held]
        if missing:
            _make(library, session.id, missing)
        written = []
        for tab, t in wanted:
            data = library.thumbnail(session.id, tab, t)
            if data is None:
                continue
            name = f"{(t - session.start) / 1000.0:09.1f}-tab{tab}.jpg"
            write_all(options.out / name, [File("", data)])
            written.append({"t": t, "tab": tab, "file": str(options.out / name)})
    finally:
        library.close()
    if options.json:
        print_json(written)
    else:
        for one in written:
            print(f"{offset(float(str(one['t'])) - session.start):>9}  {one['file']}")
    return 0


def _make(library: Library, session: str, missing: list[tuple[int, float]]) -> None:
    from replay_viewer.cli.viewing import go_headless

    go_headless()
    from PySide6.QtCore import QSize

    from replay_viewer.qt import headless
    from replay_viewer.qt.thumbnails import small
    from replay_viewer.services.stills import StillEngine

    engine = StillEngine(library, session)
    progress = ProgressLine()
    try:
        with headless.player(engine, QSize(640, 400)) as player:
            for at, (tab, t) in enumerate(missing):
                player.seek(tab, t)
                library.put_thumbnail(session, tab, t, small(player.small_picture()))
                progress.show(f"{at + 1} of {len(missing)} pictures")
    finally:
        progress.clear()
        engine.close()
