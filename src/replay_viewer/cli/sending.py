"""The send command: an incident note to Slack, PagerDuty, a webhook or by e-mail, after redaction and a preview."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from replay_viewer.cli.evidence import pinner, shooter
from replay_viewer.cli.output import note as say
from replay_viewer.cli.output import print_json
from replay_viewer.cli.places import parse_range
from replay_viewer.domain.errors import BadInput, Cancelled
from replay_viewer.library import Library, home_dir
from replay_viewer.services import incident, redacting, sending


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Register send."""
    one = commands.add_parser(
        "send",
        parents=[common],
        help="send an incident note to Slack, PagerDuty, a webhook or by e-mail",
        description="Send the incident note of a session, redacted, to a place made by `connect add`. What goes is "
        "printed first; without --yes it is asked whether to send it.",
    )
    one.add_argument("id", metavar="ID")
    one.add_argument("--to", required=True, metavar="CONNECTION")
    one.add_argument("--range", metavar="A..B", help="what the note is about (default: around the first error)")
    one.add_argument("--title")
    one.add_argument("--severity", choices=("P1", "P2", "P3", "P4"))
    one.add_argument("--redact", default="strict", metavar="PROFILE", help="strict, or one of your rules' profiles")
    one.add_argument("--rules", type=Path, metavar="FILE", help="own redaction rules (default: the library's)")
    one.add_argument(
        "--maps", type=Path, metavar="DIR|ZIP", help="source maps for the stacks, before those kept with the session"
    )
    one.add_argument("--steps", type=Path, metavar="FILE", help="steps to reproduce in your own words, one a line")
    one.add_argument("--no-pictures", action="store_true", help="leave screenshots out")
    one.add_argument("--preview", action="store_true", help="print exactly what would go, and stop")
    one.add_argument("--yes", action="store_true", help="send without asking")
    one.set_defaults(run=_send)


def _send(options: argparse.Namespace) -> int:
    home = home_dir(options.home)
    where = sending.place(home, options.to)
    if options.redact == "none":
        raise BadInput("What is sent is always redacted.", "Use export with --redact none, and attach the file.")
    library = Library.open(home)
    try:
        session = library.session(options.id)
        start, end = parse_range(options.range, session)
        own = redacting.rules_of(library.home, options.rules)
        redactor = redacting.redactor_for(library, session.id, options.redact, own=own)
        span = (session.start if start is None else start, session.end if end is None else end)
        made = incident.build(
            library,
            session.id,
            title=options.title,
            severity=options.severity,
            range=span if options.range else None,
            shoot=None if options.no_pictures or options.preview else shooter(library, session.id),
            pin=pinner(),
            maps=options.maps,
            redactor=redactor,
        )
        made = incident.changed(made, steps=incident.read_steps(options.steps) if options.steps else None)
        ready = sending.make_ready(where, made, redactor)
    finally:
        library.close()
    if options.preview:
        print_json({"preview": ready.parcel.preview()}) if options.json else print(ready.parcel.preview())
        return 0
    if not options.yes:
        _agree(ready)
    receipt = sending.send(ready)
    if options.json:
        print_json(receipt)
    else:
        print(receipt.said)
    return 0


def _agree(ready: sending.Ready) -> None:
    """Show what goes and ask. Raises BadInput when nobody can be asked, Cancelled for a no."""
    if not sys.stdin.isatty():
        raise BadInput("Nobody is there to read what would be sent.", "Look at --preview, then send with --yes.")
    say(ready.parcel.preview())
    say(f"\nSend this to {ready.place.name}? [y/N] ")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Cancelled()
