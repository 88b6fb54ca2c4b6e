"""The self-test of an installation: a bundled recording through the real importer, engine and painter.

It needs no display and no network, and leaves nothing behind. It is what a wheel or a frozen folder is judged by: it
fails when a page, a sample, a migration, a Qt library or the start of a child process is missing.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from replay_viewer import __version__
from replay_viewer.cli.output import print_json
from replay_viewer.domain.errors import NotFound, UserError
from replay_viewer.domain.resources import resource
from replay_viewer.domain.rows import ErrorEvent
from replay_viewer.export.base import File
from replay_viewer.library import Library
from replay_viewer.services.engine import EngineClient
from replay_viewer.services.files import write_all
from replay_viewer.services.jobs import ImportJob

#: The bundled recording: a checkout that answers 502 and then throws.
SAMPLE = "checkout-502"

#: A picture with fewer colours, or with more of one colour than this, shows no page.
_COLOURS = 16
_MOST_OF_ONE = 0.995


class SelfTestFailed(UserError):
    """A part of the installation does not do its work."""


class Result(msgspec.Struct, frozen=True):
    """What was seen: counts, the picture's size and colours, the length of the page's text, seconds."""

    version: str
    events: int
    errors: int
    width: int
    height: int
    colours: int
    text: int
    seconds: float


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Register self-test."""
    one = commands.add_parser(
        "self-test", parents=[common], help="check this installation on a bundled recording (also: --self-test)"
    )
    one.add_argument("-o", "--out", type=Path, metavar="PNG", help="keep the picture it took")
    one.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    result, picture = self_test()
    if options.out is not None:
        write_all(options.out, [File("", picture)])
    if options.json:
        print_json(result)
    else:
        print(
            f"Replay Viewer {result.version} works: {result.events} events imported, painted at "
            f"{result.width}×{result.height} in {result.colours} colours, {result.seconds:.1f} s."
        )
    return 0


def self_test() -> tuple[Result, bytes]:
    """Import, compute and paint the bundled recording in a library of its own; also the picture as PNG.

    Raises NotFound when no sample ships with this installation, SelfTestFailed when what comes out is not the page,
    and what importer, library and painter raise.
    """
    began = time.monotonic()
    sample = resource("samples", SAMPLE)
    if not sample.is_dir():
        raise NotFound("The sample sessions are not part of this installation.", "Install Replay Viewer again.")
    with tempfile.TemporaryDirectory(prefix="replay-viewer-self-test-") as folder:
        home = Path(folder)
        ids = ImportJob(home, [sample]).wait()
        if len(ids) != 1:
            raise SelfTestFailed(f"The sample became {len(ids)} sessions.", "Install Replay Viewer again.")
        library = Library.open(home)
        try:
            session = library.session(ids[0])
            errors = [row for _, row in library.rows(session.id, "errors") if isinstance(row, ErrorEvent)]
        finally:
            library.close()
        if not errors:
            raise SelfTestFailed("The sample lost its errors on the way in.", "Install Replay Viewer again.")
        page, picture, colours = _paint(home, session.id, max(0, errors[0].tab), errors[0].t)
    width, height = picture[0], picture[1]
    return (
        Result(
            version=__version__,
            events=sum(tab.events for tab in session.tabs),
            errors=len(errors),
            width=width,
            height=height,
            colours=colours,
            text=len(page["text"]),
            seconds=time.monotonic() - began,
        ),
        picture[2],
    )


def _paint(home: Path, session: str, tab: int, t: float) -> tuple[dict[str, Any], tuple[int, int, bytes], int]:
    """The page at `t` from an engine process: what it holds, width, height and PNG, number of colours."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from replay_viewer.qt import headless

    engine = EngineClient(home, session)
    try:
        with headless.player(engine) as player:
            player.seek(tab, t)
            page = player.read()
            image = player.picture()
    finally:
        engine.close()
    if image.isNull() or not page.get("text", "").strip():
        raise SelfTestFailed("The page stayed empty.", "Run `replay-viewer doctor`; the log says more.")
    # Every seventh pixel each way is enough to tell a page from a blank.
    seen = Counter(image.pixel(x, y) for x in range(0, image.width(), 7) for y in range(0, image.height(), 7))
    if len(seen) < _COLOURS or max(seen.values()) > _MOST_OF_ONE * seen.total():
        raise SelfTestFailed("The page was painted blank.", "Run `replay-viewer doctor`; the log says more.")
    return page, (image.width(), image.height(), headless.png(image)), len(seen)
