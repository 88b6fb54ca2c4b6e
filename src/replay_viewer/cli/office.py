"""Commands about a collector's data and who may reach it: tokens, keys, retention, deletion, the audit log."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

from replay_viewer.cli.output import print_json, print_table
from replay_viewer.collector.access import ROLES
from replay_viewer.collector.office import Office, opened
from replay_viewer.domain.errors import BadInput
from replay_viewer.library import home_dir

Run = Callable[[argparse.Namespace], int]


def add_office(serve: argparse.ArgumentParser) -> None:
    """Register what `serve` can do besides running."""
    # Options given before the word must not be forgotten after it, so there are no defaults here.
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--home", metavar="DIR", help="the folder of the collector's library")
    common.add_argument("--db", metavar="URL", help="the collector's database, as it is served")
    common.add_argument("--json", action="store_true", help="print JSON")
    what = serve.add_subparsers(dest="what", metavar="WHAT", title="administration", required=False)

    def word(parent: Any, name: str, help: str, run: Run) -> argparse.ArgumentParser:
        one: argparse.ArgumentParser = parent.add_parser(name, parents=[common], help=help)
        one.set_defaults(run=run)
        return one

    tokens = what.add_parser("tokens", help="personal tokens, which read").add_subparsers(dest="how", required=True)
    one = word(tokens, "add", "make a token and print it, this once", _add_token)
    one.add_argument("name", metavar="NAME", help="whose it is")
    one.add_argument("--role", choices=ROLES, default="viewer", help="default: viewer")
    word(tokens, "list", "whose tokens there are", _list_tokens)
    word(tokens, "revoke", "a token opens nothing from now on", _revoke_token).add_argument(
        "number", type=int, metavar="N"
    )
    keys = what.add_parser("keys", help="project keys, which write").add_subparsers(dest="how", required=True)
    one = word(keys, "add", "make a project key (and the project)", _add_key)
    one.add_argument("--project", default="1", metavar="N", help="default: 1")
    one.add_argument("--name", default="", help="the project's name, when it is new")
    word(keys, "list", "which keys there are", _list_keys)
    word(keys, "revoke", "nothing is taken with a key from now on", _revoke_key).add_argument("key", metavar="KEY")
    one = word(what, "retention", "how long sessions are kept; without days, print it", _retention)
    one.add_argument("--project", default="1", metavar="N", help="default: 1")
    one.add_argument("--environment", default="", metavar="NAME", help="only of this environment")
    one.add_argument("--days", metavar="D", help="a number, or “forever”")
    word(what, "expire", "delete now what is older than it is kept", _expire)
    one = word(what, "delete", "delete a session, or everything of a user", _delete)
    one.add_argument("--session", default="", metavar="ID")
    one.add_argument("--user", default="", metavar="ID")
    one.add_argument("--email", default="", metavar="ADDRESS")
    of_maps = what.add_parser("maps", help="source maps of releases; `maps upload` brings them")
    maps = of_maps.add_subparsers(dest="how", required=True)
    for name, help, run in (
        ("list", "which there are", _list_maps),
        ("delete", "delete those of a release", _delete_maps),
    ):
        one = word(maps, name, help, run)
        one.add_argument("--project", default="" if name == "list" else "1", metavar="N")
        one.add_argument("--release", default="", metavar="R", required=name == "delete")
    one = word(what, "audit", "who read, exported, changed and deleted what", _audit)
    one.add_argument("words", nargs="*", metavar="WORD", help="only lines with these words")
    one.add_argument("--limit", type=int, default=50, metavar="N", help="default: 50")


def database(options: argparse.Namespace) -> str | None:
    """The database's URL: `--db`, else REPLAY_VIEWER_DB (a password then stands in no list of processes)."""
    return options.db or os.environ.get("REPLAY_VIEWER_DB") or None


def _office(options: argparse.Namespace) -> AbstractContextManager[Office]:
    return opened(home_dir(options.home) / "collector", database(options))


def _add_token(options: argparse.Namespace) -> int:
    with _office(options) as office:
        number, token = office.add_token(options.name, options.role)
    if options.json:
        print_json({"id": number, "token": token})
    else:
        print(token)
    return 0


def _list_tokens(options: argparse.Namespace) -> int:
    with _office(options) as office:
        found = office.tokens()
    if options.json:
        print_json(found)
    else:
        rows = [[str(one["id"]), one["name"], one["role"], _day(one["created"]), _state(one)] for one in found]
        print_table(["N", "NAME", "ROLE", "CREATED", "STATE"], rows)
    return 0


def _revoke_token(options: argparse.Namespace) -> int:
    with _office(options) as office:
        office.revoke_token(options.number)
    return 0


def _add_key(options: argparse.Namespace) -> int:
    with _office(options) as office:
        key = office.add_key(options.project, options.name)
    if options.json:
        print_json({"key": key, "project": options.project})
    else:
        print(key)
    return 0


def _list_keys(options: argparse.Namespace) -> int:
    with _office(options) as office:
        found = office.keys()
    if options.json:
        print_json(found)
    else:
        rows = [[one["project"], one["key"], _day(one["created"]), _state(one)] for one in found]
        print_table(["PROJECT", "KEY", "CREATED", "STATE"], rows)
    return 0


def _revoke_key(options: argparse.Namespace) -> int:
    with _office(options) as office:
        office.revoke_key(options.key)
    return 0


def _retention(options: argparse.Namespace) -> int:
    with _office(options) as office:
        if options.days:
            office.keep(options.project, options.environment, _days(options.days))
        found = office.rules()
    if options.json:
        print_json(found)
    else:
        rows = [[str(one["project"]), str(one["environment"] or "(others)"), f"{one['days']:g}"] for one in found]
        print_table(["PROJECT", "ENVIRONMENT", "DAYS"], rows)
    return 0


def _days(text: str) -> float | None:
    if text == "forever":
        return None
    try:
        return float(text)
    except ValueError as error:
        raise BadInput(f"“{text}” is no number of days.", "Write a number, or “forever”.") from error


def _expire(options: argparse.Namespace) -> int:
    with _office(options) as office:
        return _tell(options, office.expire())


def _delete(options: argparse.Namespace) -> int:
    if bool(options.session) == bool(options.user or options.email):
        raise BadInput("Name a session, or a user.", "Give --session, or --user and --email.")
    with _office(options) as office:
        if options.session:
            return _tell(options, office.delete_session(options.session))
        return _tell(options, office.delete_user(options.user, options.email))


def _tell(options: argparse.Namespace, done: Any) -> int:
    if options.json:
        print_json(done)
    else:
        print(f"Deleted: {done.sessions:,} sessions, {done.bodies:,} bodies, {done.rows:,} rows.")
    return 0


def _list_maps(options: argparse.Namespace) -> int:
    with _office(options) as office:
        found = office.maps(options.project, options.release)
    if options.json:
        print_json(found)
    else:
        rows = [[one["project"], one["release"], one["name"], f"{one['bytes']:,}", one["by"]] for one in found]
        print_table(["PROJECT", "RELEASE", "FILE", "BYTES", "UPLOADED BY"], rows)
    return 0


def _delete_maps(options: argparse.Namespace) -> int:
    with _office(options) as office:
        done = office.delete_maps(options.project, options.release)
    if options.json:
        print_json(done)
    else:
        print(f"Deleted: {done['maps']:,} source maps, {done['bytes']:,} bytes.")
    return 0


def _audit(options: argparse.Namespace) -> int:
    with _office(options) as office:
        found = office.audit(" ".join(options.words), options.limit)
    if options.json:
        print_json(found)
    else:
        rows = [[_day(one["t"]), one["actor"], one["action"], one["what"], one["detail"]] for one in found]
        print_table(["TIME (UTC)", "WHO", "DID", "TO", "DETAIL"], rows)
    return 0


def _day(ms: float) -> str:
    return datetime.fromtimestamp(ms / 1000.0, UTC).strftime("%Y-%m-%d %H:%M")


def _state(one: dict[str, Any]) -> str:
    return f"revoked {_day(one['revoked'])}" if one["revoked"] else "in use"
