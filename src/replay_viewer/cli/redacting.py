"""Commands redact (a session for good) and redaction (the rules of a person or team)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import msgspec

from replay_viewer.cli.output import ProgressLine, print_json, print_table
from replay_viewer.domain.errors import BadInput, Cancelled
from replay_viewer.library import Library, home_dir
from replay_viewer.redaction import Allow, OwnRule, OwnRules, Profile
from replay_viewer.services import redacting
from replay_viewer.services.rewrite import redact_for_good


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Register redact and redaction."""
    one = commands.add_parser(
        "redact",
        parents=[common],
        help="redact a session in the library for good",
        description="Rewrite a session of the library without what redaction removes: recording, rows, notes. This "
        "cannot be taken back. Asks, unless --yes is given.",
    )
    one.add_argument("id", metavar="ID")
    one.add_argument("--redact", default="strict", metavar="PROFILE", help="strict (default), or one of your own")
    one.add_argument("--rules", type=Path, metavar="FILE", help="own redaction rules (default: the library's)")
    one.add_argument("--yes", action="store_true", help="do not ask")
    one.set_defaults(run=_redact)
    one = commands.add_parser(
        "redaction",
        parents=[common],
        help="own redaction rules: list, add, allow, remove",
        description="The rules kept in the library's folder (redaction.json), which hold for every export from it.",
    )
    one.add_argument("action", choices=("list", "add", "allow", "remove"), nargs="?", default="list")
    one.add_argument("--text", metavar="TEXT", help="a text to remove, wherever it stands")
    one.add_argument("--pattern", metavar="REGEX", help="a regular expression")
    one.add_argument("--field", metavar="NAME", help="the name of a field whose values go")
    one.add_argument("--element", metavar="CSS", help="elements of the page to blank and paint over")
    one.add_argument("--rule", metavar="RULE", help="allow: a whole rule, as docs/redaction.md names it")
    one.add_argument("--value", metavar="TEXT", help="allow: a value that may leave")
    one.add_argument("--profile", default="", metavar="NAME", help="of this profile only")
    one.set_defaults(run=_rules)


def _redact(options: argparse.Namespace) -> int:
    library = Library.open(home_dir(options.home))
    line = ProgressLine()
    try:
        session = library.session(options.id)
        if not options.yes and not _asked(f"Redact session {session.id} for good? This cannot be taken back [y/N] "):
            raise Cancelled
        own = redacting.rules_of(library.home, options.rules)
        redactor = redacting.redactor_for(library, session.id, options.redact, own=own)
        removed = redact_for_good(
            library, session.id, redactor, progress=lambda done, total: line.show(f"redacting {done / total:4.0%}")
        )
    finally:
        line.clear()
        library.close()
    if options.json:
        print_json({"session": session.id, "removed": removed})
    else:
        print_table(["rule", "where", "count"], [[entry.rule, entry.where, f"{entry.count:,}"] for entry in removed])
    return 0


def _asked(question: str) -> bool:
    if not sys.stdin.isatty():
        raise BadInput("This cannot be taken back, and nobody is there to ask.", "Give --yes to do it.")
    return input(question).strip().lower() in ("y", "yes")


def _rules(options: argparse.Namespace) -> int:
    home = home_dir(options.home)
    rules = redacting.rules_of(home)
    given = [
        OwnRule(kind=kind, what=getattr(options, kind))
        for kind in ("text", "pattern", "field", "element")
        if getattr(options, kind)
    ]
    allowed = [Allow(rule=options.rule or "", value=options.value or "")] if options.rule or options.value else []
    if options.action != "list":
        if (options.action == "add" and not given) or (options.action == "allow" and not allowed):
            wanted = "--text, --pattern, --field or --element" if options.action == "add" else "--rule or --value"
            raise BadInput("Nothing was given.", f"Give {wanted}.")
        with Library.open(home):  # the folder is there, and ours
            pass
        rules = _changed(rules, options.action, options.profile, given, allowed)
        redacting.keep_rules(home, rules)
        rules = redacting.rules_of(home)
    _print(rules, options.json)
    return 0


def _changed(rules: OwnRules, action: str, profile: str, given: list[OwnRule], allowed: list[Allow]) -> OwnRules:
    held: OwnRules | Profile = rules.profiles.get(profile, Profile()) if profile else rules
    if action == "remove":
        if not any(one in held.rules for one in given) and not any(one in held.allow for one in allowed):
            raise BadInput("There is no such rule.", "`replay-viewer redaction list` shows what there is.")
        made = msgspec.structs.replace(
            held,
            rules=[one for one in held.rules if one not in given],
            allow=[one for one in held.allow if one not in allowed],
        )
    else:
        made = msgspec.structs.replace(
            held,
            rules=[*held.rules, *(one for one in given if one not in held.rules)],
            allow=[*held.allow, *(one for one in allowed if one not in held.allow)],
        )
    if isinstance(made, OwnRules):
        return made
    return msgspec.structs.replace(rules, profiles={**rules.profiles, profile: made})


def _print(rules: OwnRules, as_json: bool) -> None:
    if as_json:
        print_json(rules)
        return
    lines = []
    parts = {"": (rules.rules, rules.allow), **{name: (one.rules, one.allow) for name, one in rules.profiles.items()}}
    for name, part in parts.items():
        own, allow = part
        lines += [[name or "all", f"remove {rule.kind}", rule.what] for rule in own]
        lines += [[name or "all", "allow rule" if a.rule else "allow value", a.rule or a.value] for a in allow]
    if lines:
        print_table(["profile", "what", "which"], lines)
    else:
        print("No own rules.")
