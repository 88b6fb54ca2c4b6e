"""Commands that answer what happened: diff and history."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

import msgspec

from replay_viewer.analysis.difference import Change, Difference, Place
from replay_viewer.analysis.history import Entry
from replay_viewer.cli.output import ProgressLine, print_json
from replay_viewer.cli.places import check_tab, instant
from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.time import offset
from replay_viewer.library import Library, home_dir
from replay_viewer.services import compare


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Register diff and history."""
    one = commands.add_parser(
        "diff",
        parents=[common],
        help="what changed between two instants",
        description="What changed on the page between two instants: nodes added, removed and moved; texts, "
        "attributes, inline styles, inputs, scroll positions and style sheets changed.",
    )
    one.add_argument("id", metavar="ID")
    one.add_argument("--at", required=True, metavar="T", help="from this instant")
    one.add_argument("--to", required=True, metavar="T", help="to this one")
    one.add_argument("--tab", type=int, default=0, metavar="N")
    one.set_defaults(run=_diff)
    one = commands.add_parser(
        "history",
        parents=[common],
        help="one node's life",
        description="When a node of the page came, changed, was clicked, scrolled and typed into, moved, and went.",
    )
    one.add_argument("id", metavar="ID")
    one.add_argument("node", metavar="NODE", help="a node's number, or a selector such as #total or form .error")
    one.add_argument("--at", metavar="T", help="look NODE up at this instant (default: its first appearance)")
    one.add_argument("--tab", type=int, default=0, metavar="N")
    one.set_defaults(run=_history)


def _diff(options: argparse.Namespace) -> int:
    library = Library.open(home_dir(options.home))
    try:
        session = library.session(options.id)
        check_tab(session, options.tab)
        start, end = (instant(text, session) for text in (options.at, options.to))
        if end < start:
            raise BadInput("The second instant lies before the first.", "Give the earlier one with --at.")
        found = compare.difference(library, session.id, options.tab, start, end)
    finally:
        library.close()
    if options.json:
        print_json({"session": session.id, "tab": options.tab, "at": start, "to": end, **_plain(found)})
        return 0
    print(f"from {offset(start - session.start)} to {offset(end - session.start)}, tab {options.tab}")
    if not found.same_document:
        print("The page was left or loaded anew in between: elements are paired by id and place, as well as may be.")
    for line in _lines(found):
        print(line)
    if found.empty:
        print("Nothing changed.")
    return 0


def _plain(found: Difference) -> dict[str, Any]:
    return {name: getattr(found, name) for name in found.__struct_fields__}


def _lines(found: Difference) -> Iterator[str]:
    for one in found.page:
        yield f"page       {one.name}: {_value(one.before)} → {_value(one.after)}"
    for sign, trees in (("added", found.added), ("removed", found.removed)):
        for tree in trees:
            inside = f" ({tree.nodes:,} nodes)" if tree.nodes > 1 else ""
            yield f"{sign:9}  {_node(tree.node)}{inside}"
    for move in found.moved:
        before, after = (end.selector if end else "nowhere" for end in (move.before, move.after))
        order = f"within {after}" if before == after else f"from {before} to {after}"
        yield f"moved      {_node(move.node)} {order}"
    for title, changes in (
        ("text", found.texts),
        ("attribute", found.attributes),
        ("style", found.styles),
        ("input", found.inputs),
        ("scroll", found.scrolls),
        ("sheet", found.sheets),
    ):
        for change in changes:
            yield f"{title:9}  {_change(change, title)}"


def _change(change: Change, title: str) -> str:
    name = "" if title in ("text", "scroll") else f" {change.name}:"
    what = change.node.selector or f"node {change.node.id}"
    return f"{what}{name} {_value(change.before)} → {_value(change.after)}"


def _node(node: Place) -> str:
    text = f" “{_short(node.text)}”" if node.text else ""
    what = "text in " if node.tag == "#text" else ""
    return f"{what}{node.selector or node.tag}{text}"


def _value(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return f"“{_short(value)}”"
    return _short(msgspec.json.encode(value).decode())


def _short(text: str, width: int = 80) -> str:
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"


def _history(options: argparse.Namespace) -> int:
    line = ProgressLine()

    def progress(done: int, total: int) -> None:
        line.show(f"reading events {done / total:4.0%}")

    library = Library.open(home_dir(options.home))
    try:
        session = library.session(options.id)
        check_tab(session, options.tab)
        at = instant(options.at, session) if options.at else None
        try:
            found = compare.history(library, session.id, options.tab, options.node, at, progress)
        finally:
            line.clear()
    finally:
        library.close()
    if options.json:
        print_json(found)
        return 0
    print(f"node {found.node.id}: {_node(found.node)}")
    for entry in found.entries:
        print(f"{offset(entry.t - session.start):>9}  #{entry.event:<7} {_entry(entry)}")
    return 0


def _entry(entry: Entry) -> str:
    inside = f" (node {entry.node} in it)" if entry.node >= 0 else ""
    match entry.what:
        case "added":
            return f"added: {entry.after}"
        case "removed":
            return f"removed: {entry.before}"
        case "left":
            return "the page was left"
        case "moved":
            return (
                f"moved from {entry.before} to {entry.after}"
                if entry.before != entry.after
                else f"moved within {entry.after}"
            )
        case "scrolled":
            return "scrolled to {:g}, {:g}".format(*entry.after)
        case "attribute" | "style" | "text" | "input" | "checked":
            name = f" {entry.name}" if entry.name else ""
            return f"{entry.what}{name}: {_value(entry.before)} → {_value(entry.after)}{inside}"
    after = "" if entry.after is None else f" at {entry.after:g} s"
    return f"{entry.what}{inside}{after}"
