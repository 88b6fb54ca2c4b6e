"""Arguments to commands, errors to one line and an exit status."""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
import sys
from collections.abc import Sequence

from replay_viewer import __version__
from replay_viewer.cli import (
    assets,
    comparing,
    connect,
    evidence,
    host,
    keeping,
    marking,
    mocking,
    reading,
    redacting,
    searching,
    selftest,
    sending,
    storing,
    thumbnailing,
    viewing,
    vitals,
)
from replay_viewer.cli.output import note
from replay_viewer.domain.errors import Cancelled, UserError
from replay_viewer.services import connections
from replay_viewer.services.logs import log_to_file
from replay_viewer.services.processes import rarely_collect

log = logging.getLogger(__name__)


def parser() -> argparse.ArgumentParser:
    """All commands and their options; `docs/cli.md` and the tests read it."""
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
    for module in (
        viewing,
        storing,
        assets,
        thumbnailing,
        keeping,
        connect,
        reading,
        vitals,
        marking,
        searching,
        comparing,
        evidence,
        redacting,
        sending,
        mocking,
        host,
        selftest,
    ):
        module.add_commands(commands, common)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    # A frozen program's child processes come through here.
    multiprocessing.freeze_support()
    options = parser().parse_args(arguments)
    if options.command is None:
        command = "self-test" if options.self_test else "app"
        options = parser().parse_args([*(arguments if arguments is not None else sys.argv[1:]), command])
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


if __name__ == "__main__":
    sys.exit(main())
