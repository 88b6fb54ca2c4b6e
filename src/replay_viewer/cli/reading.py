"""Commands that answer from the library: list, show, rows, state."""

from __future__ import annotations

import argparse
from typing import Any

from replay_viewer.analysis.frustration import adjusted
from replay_viewer.cli.output import print_json, print_table, to_plain
from replay_viewer.cli.places import check_tab, instant, parse_range
from replay_viewer.domain import rows as row_kinds
from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.pulled import Pulled
from replay_viewer.domain.rows import KINDS, NetworkRequest, Row, summary
from replay_viewer.domain.session import Session
from replay_viewer.domain.time import iso, offset
from replay_viewer.library import Library, home_dir
from replay_viewer.services import expiry, frustration, inactivity
from replay_viewer.services.describe import describe, nodes_of
from replay_viewer.services.states import TabStates


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Register list, show, rows and state."""
    one = commands.add_parser(
        "list",
        parents=[common],
        help="list sessions",
        description="List sessions of the library, newest first; with --source those of a connected backend, whose "
        "own query language QUERY is in then.",
    )
    one.add_argument("query", nargs="*", metavar="QUERY", help="words, or filters such as errors:>0 user:ada")
    one.add_argument("--limit", type=int, default=50)
    one.add_argument("--source", default="", metavar="NAME", help="of this connection instead of the library")
    one.add_argument("--issues", action="store_true", help="with --source: issues instead of sessions")
    one.set_defaults(run=_list)
    one = commands.add_parser("show", parents=[common], help="summary, counts and health report of a session")
    one.add_argument("id", metavar="ID")
    one.add_argument(
        "--idle", type=float, metavar="SECONDS", help="time without input and visible change is idle from here on"
    )
    one.set_defaults(run=_show)
    one = commands.add_parser("rows", parents=[common], help="console, network, errors and other rows of a session")
    one.add_argument("id", metavar="ID")
    kinds = [*KINDS, "frustration"]
    one.add_argument("kind", metavar="KIND", choices=kinds, help=" | ".join(kinds))
    one.add_argument(
        "--threshold", action="append", default=[], metavar="NAME=VALUE", help="of frustration, such as rage_clicks=5"
    )
    one.add_argument("--range", metavar="A..B", help="only from A to B, each a T")
    one.add_argument("--tab", type=int, metavar="N")
    one.add_argument("--text", default="", help="only rows that contain this text")
    one.set_defaults(run=_rows)
    one = commands.add_parser(
        "state",
        parents=[common],
        help="the page at an instant, from the mirror",
        description="URL, viewport, HTML, inputs and scroll of a tab at an instant, or single nodes of it.",
    )
    one.add_argument("id", metavar="ID")
    one.add_argument("--at", required=True, metavar="T")
    one.add_argument("--tab", type=int, default=0, metavar="N")
    which = one.add_mutually_exclusive_group()
    which.add_argument("--selector", metavar="CSS", help="only the elements that fit, such as #total or form .error")
    which.add_argument("--node", type=int, metavar="ID", help="only this node, by its id in the recording")
    which.add_argument("--find", metavar="TEXT", help="only the elements that hold this text, or fit this selector")
    one.set_defaults(run=_state)


def _list(options: argparse.Namespace) -> int:
    if options.source or options.issues:
        if not options.source:
            raise BadInput("Whose issues?", "Say --source NAME: replay-viewer connect list has the names.")
        from replay_viewer.cli import remote

        listing = remote.list_issues if options.issues else remote.list_sessions
        query = " ".join(options.query)
        return listing(home_dir(options.home), options.source, query, options.limit, options.json)
    library = Library.open(home_dir(options.home))
    try:
        sessions = library.sessions(" ".join(options.query), limit=options.limit)
        kept = library.extras.kept()
        expires = library.extras.expiries([session.id for session in sessions])
    finally:
        library.close()
    if options.json:
        print_json([_brief(one, one.id in kept, expires.get(one.id)) for one in sessions])
        return 0
    if not sessions:
        print("No sessions." if options.query else "The library is empty: import a file, pull a URL or try the demo.")
        return 0
    table = [
        (
            session.id,
            iso(session.start)[:19],
            offset(session.duration),
            session.facts.user.label,
            str(session.errors),
            ", ".join(
                filter(None, ("kept" if session.id in kept else "", expiry.words(expires.get(session.id, 0.0))))
            ),
            session.facts.url,
        )
        for session in sessions
    ]
    print_table(("id", "started (UTC)", "length", "user", "errors", "stays", "page"), table)
    return 0


def _brief(session: Session, kept: bool, expires: float | None) -> dict[str, Any]:
    """`expires`: when its backend deletes its copy, epoch ms; None when nothing says."""
    return {
        "id": session.id,
        "start": session.start,
        "end": session.end,
        "duration": session.duration,
        "user": session.facts.user.label,
        "url": session.facts.url,
        "browser": session.browser,
        "release": session.facts.release,
        "errors": session.errors,
        "events": session.events,
        "tabs": len(session.tabs),
        "state": session.state,
        "origin": session.origin,
        "kept": kept,
        "expires": expires,
    }


def _pulled(pulled: Pulled | None) -> str:
    """When it was pulled, what is missing, and until when its backend has it."""
    if pulled is None:
        return ""
    missing = f", {len(pulled.missing)} segments could not be had" if pulled.missing else ""
    return f"{iso(pulled.at)[:19]} from {pulled.source}{missing}" + "".join(
        f"; {said}" for said in [expiry.words(pulled.expires)] if said
    )


def _show(options: argparse.Namespace) -> int:
    library = Library.open(home_dir(options.home))
    try:
        session = library.session(options.id)
        trails = inactivity.read_trails(library, session)
        seconds = inactivity.threshold(library) if options.idle is None else options.idle
        idle = trails.idle(inactivity.checked(seconds))
        pulled, kept = library.extras.pulled(session.id), session.id in library.extras.kept()
        attached = library.extras.attached(session.id)
    finally:
        library.close()
    if options.json:
        hidden = {str(tab): spans for tab, spans in trails.hidden.items()}
        print_json(
            {
                **to_plain(session),
                "inactive": idle,
                "hidden": hidden,
                "pulled": pulled,
                "kept": kept,
                "attached": attached,
            }
        )
        return 0
    facts = session.facts
    lines = [
        ("session", session.id),
        ("from", session.origin),
        ("started", f"{iso(session.start)}, {offset(session.duration)} long"),
        ("user", facts.user.label),
        ("page", facts.url),
        ("browser", " on ".join(part for part in (session.browser, session.os) if part)),
        ("release", " ".join(part for part in (facts.release, facts.environment) if part)),
        ("recorder", facts.sdk),
        ("kept", "yes, clean-up leaves it alone" if kept else ""),
        ("pulled", _pulled(pulled)),
        ("recording", f"{session.events:,} events, {session.bytes / 1e6:,.1f} MB, {len(session.tabs)} tab(s)"),
    ]
    for name, value in lines:
        if value:
            print(f"{name:10} {value}")
    print()
    for kind in KINDS:
        count, failed = session.counts.get(kind, 0), session.failed.get(kind, 0)
        print(f"{kind:13}{count:8,}" + (f"  ({failed:,} failed)" if failed else ""))
    if idle:
        print(f"\nidle for more than {seconds:g} s")
        for low, high in idle:
            print(
                f"  {offset(low - session.start):>9} to {offset(high - session.start)}  {(high - low) / 1000:,.0f} s"
            )
    print("\nhealth")
    for finding in session.health:
        times = f" (×{finding.count:,})" if finding.count > 1 else ""
        print(f"  {finding.severity:8} {finding.message}{times}")
    if not session.health:
        print("  nothing missing, nothing doubtful")
    return 0


def _rows(options: argparse.Namespace) -> int:
    library = Library.open(home_dir(options.home))
    try:
        session = library.session(options.id)
        start, end = parse_range(options.range, session)
        if options.kind == "frustration":
            return _signals(options, library, session, start, end)
        rows = library.rows(session.id, options.kind, start=start, end=end, tab=options.tab, text=options.text)
    finally:
        library.close()
    if options.json:
        print_json([{"n": n, **to_plain(row)} for n, row in rows])
        return 0
    for n, row in rows:
        print(f"{n:6}  {offset(row.t - session.start):>9}  {line(row)}")
    if not rows:
        print(f"No {options.kind} rows" + (" there." if options.range or options.text else " in this session."))
    return 0


def _signals(
    options: argparse.Namespace, library: Library, session: Session, start: float | None, end: float | None
) -> int:
    limits = adjusted(options.threshold, frustration.thresholds(library))
    found = [
        one
        for one in frustration.find(library, session, limits)
        if (start is None or one.end >= start)
        and (end is None or one.t <= end)
        and (options.tab is None or one.tab == options.tab)
        and options.text.casefold() in one.words.casefold()
    ]
    if options.json:
        print_json(found)
        return 0
    for one in found:
        by = "  (a row of its own)" if one.said_by else ""
        print(f"{offset(one.t - session.start):>9}  {one.kind:15}  {one.words}{by}")
        for evidence in one.evidence:
            row = f"{evidence.kind} {evidence.n}" if evidence.n >= 0 else evidence.kind
            print(f"{offset(evidence.t - session.start):>9}      {row}: {evidence.text}")
    if not found:
        print("No signs of frustration" + (" there." if options.range or options.text else " in this session."))
    return 0


def line(row: Row) -> str:
    """One line of text for a row, with what a person looks for first."""
    if isinstance(row, NetworkRequest):
        status = "failed" if row.status == 0 else "?" if row.status < 0 else str(row.status)
        said = f"  {len(row.messages):,} messages" if row.messages else ""
        return f"{status:>6}  {summary(row)}  {row.end - row.t:,.0f} ms{said}"
    if isinstance(row, row_kinds.ConsoleEntry):
        return f"{row.level:>6}  {row.message}"
    return summary(row)


def _nodes(options: argparse.Namespace, found: list[dict[str, Any]]) -> int:
    if options.json:
        print_json(found)
        return 0
    for node in found:
        print(f"node {node['key']}  {node['selector']}")
        for name in ("value", "checked", "scroll"):
            if node.get(name) is not None:
                print(f"  {name} = {node[name]}")
        print(f"  {node['html']}")
    return 0


def _state(options: argparse.Namespace) -> int:
    library = Library.open(home_dir(options.home))
    try:
        session = library.session(options.id)
        check_tab(session, options.tab)
        states = TabStates(library, session.id, options.tab)
        if options.selector or options.node is not None or options.find:
            mirror = states.seek(instant(options.at, session))
            return _nodes(options, nodes_of(mirror, options.selector or "", options.node, options.find or ""))
        state = describe(states.seek(instant(options.at, session)))
    finally:
        library.close()
    if options.json:
        print_json(state)
        return 0
    width, height = state["viewport"]
    print(f"url       {state['url']}\nviewport  {width:g} × {height:g}\nat        {iso(state['time'])}")
    for field in state["inputs"]:
        name = field["name"] or field["type"] or field["tag"]
        value = field["value"] if field["checked"] is None else ("checked" if field["checked"] else "not checked")
        print(f"input     {name} = {value}")
    for entry in state["scroll"]:
        print(f"scroll    node {entry['id']} at {entry['x']:g}, {entry['y']:g}")
    print(f"\n{state['html']}")
    return 0
