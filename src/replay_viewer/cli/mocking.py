"""Command mock: the recorded network, answered on loopback."""

from __future__ import annotations

import argparse
import threading
from contextlib import suppress
from typing import Any

from replay_viewer.cli.places import check_tab
from replay_viewer.domain.errors import SourceProblem
from replay_viewer.domain.rows import NetworkRequest
from replay_viewer.library import Library, home_dir


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Register mock."""
    one = commands.add_parser("mock", parents=[common], help="answer a session's recorded requests on loopback")
    one.add_argument("id", metavar="ID")
    one.add_argument("--port", type=int, default=8050, metavar="N", help="default: 8050; 0 takes a free one")
    one.add_argument("--tab", type=int, metavar="N")
    one.add_argument("--latency", action="store_true", help="answers take as long as they took")
    one.set_defaults(run=_mock)


def _mock(options: argparse.Namespace) -> int:
    from replay_viewer.collector.run import run_in_thread
    from replay_viewer.services.mock import Answers, app

    library = Library.open(home_dir(options.home))
    try:
        session = library.session(options.id)
        if options.tab is not None:
            check_tab(session, options.tab)
        found = library.rows(session.id, "network", tab=options.tab)
        rows = [row for _, row in found if isinstance(row, NetworkRequest)]
    finally:
        library.close()
    try:
        url, stop = run_in_thread(app(rows, latency=options.latency), "127.0.0.1", options.port, "mock")
    except SourceProblem as error:
        raise SourceProblem(
            f"Port {options.port} of this machine is in use.", "Choose another with --port; 0 takes a free one."
        ) from error
    print(f"{len(rows):,} recorded requests answered at {url}", flush=True)
    hosts = Answers(rows).hosts
    if len(hosts) > 1:
        for host, count in hosts.items():
            print(f"  {count:>6,}  {host or '(no host)'}  at {url}/@{host}/", flush=True)
    try:
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
    finally:
        stop()
    return 0
