"""Commands about this machine: serve and doctor."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from replay_viewer.cli.output import print_json
from replay_viewer.collector.run import serve
from replay_viewer.library import home_dir
from replay_viewer.services.doctor import examine


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Register serve and doctor."""
    one = commands.add_parser(
        "serve",
        parents=[common],
        help="run the collector",
        description="Run the collector until it is stopped. The first start prints a project key and a token.",
    )
    one.add_argument("--host", default="127.0.0.1")
    one.add_argument("--port", type=int, default=8040, metavar="N")
    one.add_argument("--db", metavar="URL", help="postgresql://USER@HOST/NAME (default: SQLite in the home)")
    one.add_argument("--open", action="store_true", help="any project key, no tokens, loopback only")
    one.set_defaults(run=_serve)
    one = commands.add_parser("doctor", parents=[common], help="what is missing on this machine, and how to get it")
    one.set_defaults(run=_doctor)


def _serve(options: argparse.Namespace) -> int:
    home: Path = home_dir(options.home) / "collector"
    serve(home, host=options.host, port=options.port, open=options.open, db=options.db)
    return 0


def _doctor(options: argparse.Namespace) -> int:
    checks = examine(home_dir(options.home))
    if options.json:
        print_json(checks)
    else:
        for check in checks:
            mark = "ok     " if check.ok else "missing" if check.needed else "note   "
            print(f"{mark}  {check.name}: {check.found}" + (f"\n         {check.advice}" if check.advice else ""))
    return 0 if all(check.ok or not check.needed for check in checks) else 1
