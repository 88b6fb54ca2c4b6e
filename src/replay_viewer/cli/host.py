"""Commands about this machine: serve and doctor."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from replay_viewer.cli.office import add_office, database
from replay_viewer.cli.output import print_json
from replay_viewer.collector.limits import MAX_BODY, LimitSettings
from replay_viewer.collector.logs import FORMS
from replay_viewer.collector.redact import IngestRedaction
from replay_viewer.collector.run import Front, serve
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
    one.add_argument(
        "--db", metavar="URL", help="postgresql://USER@HOST/NAME (default: REPLAY_VIEWER_DB, or SQLite in the home)"
    )
    one.add_argument("--open", action="store_true", help="any project key, no tokens, loopback only")
    one.add_argument("--tls-cert", type=Path, metavar="FILE", help="serve HTTPS with this certificate (PEM)")
    one.add_argument("--tls-key", type=Path, metavar="FILE", help="the certificate's key (PEM)")
    one.add_argument(
        "--proxy",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="believe the X-Forwarded headers of a reverse proxy at this address",
    )
    one.add_argument("--log", choices=FORMS, default="off", help="requests and problems to stderr")
    one.add_argument("--max-body", type=_size, default=MAX_BODY, metavar="SIZE", help="largest body (default 32M)")
    one.add_argument("--rate", type=_count, default=0, metavar="N", help="requests a minute per project key")
    one.add_argument("--quota", type=_size, default=0, metavar="SIZE", help="bytes a day per project, such as 2G")
    one.add_argument(
        "--redact",
        action="append",
        default=[],
        metavar="[PROJECT=]PROFILE",
        help="remove before storing, for good: none (default), secrets or strict",
    )
    one.set_defaults(run=_serve)
    add_office(one)
    one = commands.add_parser("doctor", parents=[common], help="what is missing on this machine, and how to get it")
    one.set_defaults(run=_doctor)


def _serve(options: argparse.Namespace) -> int:
    home: Path = home_dir(options.home) / "collector"
    front = Front(
        host=options.host,
        port=options.port,
        tls_cert=options.tls_cert,
        tls_key=options.tls_key,
        proxies=options.proxy,
        log=options.log,
    )
    serve(
        home,
        front,
        open=options.open,
        db=database(options),
        limits=LimitSettings(max_body=options.max_body, rate=options.rate, quota=options.quota),
        redaction=_redaction(options.redact),
    )
    return 0


def _redaction(given: list[str]) -> IngestRedaction:
    """`PROFILE` for all projects, `PROJECT=PROFILE` for one; the later one wins. Raises BadInput."""
    for_all, projects = "none", {}
    for text in given:
        project, named, profile = text.rpartition("=")
        if named:
            projects[project] = profile
        else:
            for_all = profile
    return IngestRedaction(for_all, projects)


def _count(text: str) -> int:
    """A number above 0."""
    if not (text.isascii() and text.isdigit() and int(text[:9]) > 0):
        raise argparse.ArgumentTypeError(f"“{text}” is not a number above 0.")
    return int(text)


def _size(text: str) -> int:
    """Bytes, with k, M or G behind the number for their binary multiples."""
    shift = {"k": 10, "K": 10, "M": 20, "G": 30}.get(text[-1:], 0)
    return _count(text[:-1] if shift else text) << shift


def _doctor(options: argparse.Namespace) -> int:
    checks = examine(home_dir(options.home))
    if options.json:
        print_json(checks)
    else:
        for check in checks:
            mark = "ok     " if check.ok else "missing" if check.needed else "note   "
            print(f"{mark}  {check.name}: {check.found}" + (f"\n         {check.advice}" if check.advice else ""))
    return 0 if all(check.ok or not check.needed for check in checks) else 1
