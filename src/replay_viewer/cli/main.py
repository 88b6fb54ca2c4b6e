"""Arguments to commands, errors to one line and an exit status."""

from __future__ import annotations

import argparse
import importlib
import logging
import multiprocessing
import os
import sys
from collections.abc import Sequence

from replay_viewer import __version__
from replay_viewer.cli.output import note
from replay_viewer.domain.errors import Cancelled, UserError
from replay_viewer.services import connections
from replay_viewer.services.logs import log_to_file
from replay_viewer.services.processes import rarely_collect

log = logging.getLogger(__name__)

#: Each module here and the commands in it, in the order of the help.
COMMANDS = {
    "viewing": ("app", "open", "demo", "snapshot"),
    "storing": ("import", "pull", "refresh", "offset", "delete"),
    "assets": ("assets",),
    "maps": ("maps",),
    "thumbnailing": ("thumbnails",),
    "keeping": ("keep", "clean"),
    "connect": ("connect",),
    "reading": ("list", "show", "rows", "state"),
    "vitals": ("vitals",),
    "marking": ("mark",),
    "searching": ("search",),
    "comparing": ("diff", "history"),
    "evidence": ("note", "export"),
    "redacting": ("redact", "redaction"),
    "sending": ("send",),
    "mocking": ("mock",),
    "host": ("serve", "doctor"),
    "selftest": ("self-test",),
}


def parser(command: str = "") -> argparse.ArgumentParser:
    """The arguments: of the module `command` is in, or of all commands; `docs/cli.md` and the tests read these.

    Importing all modules takes longer than most commands do, so only those asked for are imported.
    """
    top = argparse.ArgumentParser(
        prog="replay-viewer",
        description="Replay what a customer saw. Without a command, the application starts.",
        epilog="T is epoch milliseconds, an ISO time, or an offset such as 83.5 or 1:23.5 from the session's start.",
    )
    top.add_argument("--version", action="version", version=f"replay-viewer {__version__}")
    top.add_argument("--self-test", action="store_true", help="check this installation on a bundled recording")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--home", metavar="DIR", help="the library's folder (default: REPLAY_VIEWER_HOME, or yours)")
    common.add_argument("--json", action="store_true", help="print JSON")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    modules = [name for name, known in COMMANDS.items() if command in known] or list(COMMANDS)
    for name in modules:
        importlib.import_module(f"replay_viewer.cli.{name}").add_commands(commands, common)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    # A frozen program's child processes come through here.
    multiprocessing.freeze_support()
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given == ["--self-test"]:
        given.append("self-test" if given else "app")
    options = parser(next((word for word in given if not word.startswith("-")), "")).parse_args(given)
    try:
        log_to_file(options.home)
        if arguments is None:  # this process is ours alone
            connections.take_environment()
            rarely_collect()
        status: int = options.run(options)
        return status
    except Cancelled:
        note("Cancelled; nothing was changed.")
        return 1
    except KeyboardInterrupt:
        note("Stopped.")
        return 130
    except UserError as error:
        log.warning("%s", error)
        note(f"replay-viewer: {error}")
        return 1
    except BrokenPipeError:
        # The reader of our output left (as `| head` does); that is its right.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception:
        log.exception("command %s failed", options.command)
        note("replay-viewer: This failed because of an error in Replay Viewer itself; the log file says more.")
        return 1
