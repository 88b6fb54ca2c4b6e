"""Commands that show: the application, open, demo, snapshot."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

import msgspec

from replay_viewer.cli.output import note, print_json
from replay_viewer.cli.places import check_tab, instant
from replay_viewer.export.base import File
from replay_viewer.library import Library, home_dir
from replay_viewer.services.files import write_all


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Register app, open, demo and snapshot."""
    look = argparse.ArgumentParser(add_help=False)
    look.add_argument("--theme", choices=("light", "dark"), help="instead of the system's")
    one = commands.add_parser("app", parents=[common, look], help="start the application (the default)")
    one.set_defaults(run=_app)
    one = commands.add_parser(
        "open",
        parents=[common, look],
        help="open a session in the application",
        description="Open a session by URL, file or id. A running application takes it over.",
    )
    # Optional, because a desktop's menu starts `open --` with nothing (packaging/desktop).
    one.add_argument("what", metavar="URL|FILE|ID", nargs="?")
    one.add_argument("--at", metavar="T", help="at this instant (default: just before the first error)")
    one.set_defaults(run=_open)
    one = commands.add_parser(
        "demo",
        parents=[common, look],
        help="the whole tool on sample sessions",
        description="Start the embedded collector with sample sessions and open the failing one. Without a display, "
        "or with --headless, write screenshot.png, incident.md, .html, .pdf and session.replay to DIR instead.",
    )
    one.add_argument("--headless", metavar="DIR", nargs="?", type=Path, const=Path("replay-viewer-demo"))
    one.set_defaults(run=_demo)
    one = commands.add_parser(
        "snapshot",
        help="what the player paints at an instant",
        description="Write a picture of a tab at an instant, and with --json FILE what the painted page holds: url, "
        "viewport, text, html, inputs, scrolls.",
    )
    # Here --json takes a file, so the options that all commands share do not fit.
    one.add_argument("--home", metavar="DIR", help="the library's folder")
    one.add_argument("id", metavar="ID")
    one.add_argument("--at", required=True, metavar="T")
    one.add_argument("--tab", type=int, default=0, metavar="N")
    one.add_argument("-o", "--out", required=True, type=Path, metavar="PNG")
    one.add_argument("--json", dest="json_file", type=Path, metavar="FILE")
    one.add_argument("--marks", action="store_true", help="mark what is not in the recording")
    one.set_defaults(run=_snapshot)


def has_display() -> bool:
    """Whether a window can be shown here."""
    if os.environ.get("QT_QPA_PLATFORM"):
        return os.environ["QT_QPA_PLATFORM"] not in ("offscreen", "minimal")
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def go_headless() -> None:
    """Let Qt work without a display."""
    from replay_viewer.qt.offscreen import go_offscreen

    go_offscreen()


def _app(options: argparse.Namespace) -> int:
    from replay_viewer.qt import app

    return app.run(home=options.home, theme=options.theme)


def _open(options: argparse.Namespace) -> int:
    from replay_viewer.qt import app

    return app.run(home=options.home, theme=options.theme, what=options.what, at=options.at)


def _demo(options: argparse.Namespace) -> int:
    from replay_viewer.cli import demo

    home = home_dir(options.home) / "demo"
    if options.headless is None and has_display():
        return demo.window(home, options.theme)
    folder = options.headless or Path("replay-viewer-demo")
    if options.headless is None:
        note(f"There is no display here: rendering into {folder.resolve()} instead.")
    written = demo.headless(home, folder)
    if options.json:
        print_json({"files": [str(path) for path in written]})
    else:
        for path in written:
            print(path)
    return 0


def _snapshot(options: argparse.Namespace) -> int:
    go_headless()
    from replay_viewer.qt import headless
    from replay_viewer.services.stills import StillEngine

    library = Library.open(home_dir(options.home))
    try:
        session = library.session(options.id)
        check_tab(session, options.tab)
        engine = StillEngine(library, session.id, None)
        try:
            t = instant(options.at, session)
            page, picture = headless.read(engine, options.tab, t, marks=options.marks)
        finally:
            engine.close()
    finally:
        library.close()
    write_all(options.out, [File("", picture)])
    if options.json_file is not None:
        write_all(options.json_file, [File("", msgspec.json.format(msgspec.json.encode(page), indent=2))])
    return 0
