"""The connect command: add, list, test and remove connections. Tokens are read, never written as arguments."""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path
from typing import Any

import msgspec

from replay_viewer.cli.output import note, print_json, print_table
from replay_viewer.domain.errors import BadInput, UserError
from replay_viewer.library import home_dir
from replay_viewer.services import connections
from replay_viewer.services.connections import KINDS, PLACES, Connection

_SCOPES = {
    "sentry": "a personal token or an internal integration's, with org:read, project:read, event:read, "
    "and project:releases for source maps",
    "posthog": "a personal API key with session_recording:read, query:read, person:read, project:read, "
    "error_tracking:read",
    "collector": "a token of the collector (none when it is open)",
}
_SECRETS = {
    "slack": "the address of an incoming webhook, or a bot token with chat:write and files:write",
    "pagerduty": "the integration key of a service",
    "webhook": "a secret to sign with, or nothing",
    "email": "the user's password, or nothing",
}


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Register connect with its four verbs."""
    one = commands.add_parser(
        "connect",
        parents=[common],
        help="connections to Sentry, PostHog, collectors, and places to send notes to",
        description="Connections: add NAME URL, list, test NAME, remove NAME. The URL is any address of the backend; "
        "places to send notes to are slack, pagerduty, webhook and email, by --kind. "
        "The token is asked for, or read from standard input or REPLAY_VIEWER_TOKEN, and kept in the keyring of the "
        "operating system: " + "; ".join(f"{kind}: {scopes}" for kind, scopes in (_SCOPES | _SECRETS).items()) + ".",
    )
    verbs = one.add_subparsers(dest="verb", required=True, metavar="add|list|test|remove")
    # Given after the verb, the shared options must not fall back to their defaults there.
    late = argparse.ArgumentParser(add_help=False)
    late.add_argument("--home", metavar="DIR", default=argparse.SUPPRESS)
    late.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
    add = verbs.add_parser("add", parents=[late], help="add a connection; any address of the backend will do")
    add.add_argument("name", metavar="NAME")
    add.add_argument("url", metavar="URL", help="- for the usual one of slack and pagerduty")
    add.add_argument("--kind", choices=[*KINDS, *PLACES], help="instead of what the URL says")
    add.add_argument("--account", default="", metavar="ORG", help="Sentry's organisation, PostHog's project id")
    add.add_argument("--proxy", default="", metavar="URL", help="reach it through this proxy")
    add.add_argument("--ca-file", default="", metavar="PEM", help="trust the certificates of this authority too")
    add.add_argument("--no-verify", action="store_true", help="do not check certificates")
    add.add_argument("--to", default="", metavar="WHO", help="a bot's Slack channel; recipients of e-mail")
    add.add_argument("--from", dest="sender", default="", metavar="ADDRESS", help="sender of e-mail")
    add.add_argument("--user", default="", metavar="NAME", help="who signs in at the mail server")
    add.add_argument("--no-token", action="store_true", help="it needs none; ask for none")
    verbs.add_parser("list", parents=[late], help="list connections, and which have a token")
    for verb, text in (
        ("test", "try what a pull asks for, and say which scope is missing"),
        ("remove", "remove one"),
    ):
        verbs.add_parser(verb, parents=[late], help=text).add_argument("name", metavar="NAME")
    one.set_defaults(run=_connect)


def _connect(options: argparse.Namespace) -> int:
    home = home_dir(options.home)
    if options.verb == "list":
        return _list(home, options.json)
    if options.verb == "add":
        return _add(home, options)
    if options.verb == "test":
        return _test(connections.connection(home, options.name), options.json)
    connections.remove(home, options.name)
    if options.json:
        print_json({"removed": options.name})
    return 0


def _add(home: Path, options: argparse.Namespace) -> int:
    if options.kind in PLACES:
        return _add_place(home, options)
    from replay_viewer.services.search_sources import guess  # the HTTP client takes a third of a second

    guessed = guess(options.url)
    kind = options.kind or (guessed.kind if guessed else "")
    if not kind:
        raise BadInput("Which kind of backend is it?", f"Say --kind {'|'.join(KINDS)}.")
    fits = guessed is not None and guessed.kind == kind
    made = connections.checked(
        Connection(
            name=options.name,
            kind=kind,
            url=guessed.url if guessed and fits else options.url,
            account=options.account or (guessed.account if guessed and fits else ""),
            proxy=options.proxy,
            ca_file=options.ca_file,
            verify=not options.no_verify,
        )
    )
    return _keep(home, made, "" if options.no_token else _token(made), options)


def _add_place(home: Path, options: argparse.Namespace) -> int:
    from replay_viewer.services.senders import sender
    from replay_viewer.services.sending import target_of

    made = connections.checked(
        Connection(
            name=options.name,
            kind=options.kind,
            url="" if options.url == "-" else options.url,
            to=options.to,
            sender=options.sender,
            user=options.user,
            proxy=options.proxy,
            ca_file=options.ca_file,
            verify=not options.no_verify,
        )
    )
    token = "" if options.no_token else _token(made)
    sender(made.kind).check(target_of(made), token)
    return _keep(home, made, token, options)


def _keep(home: Path, made: Connection, token: str, options: argparse.Namespace) -> int:
    made = connections.save(home, made)
    if token:
        try:
            connections.keep_token(made, token)
        except connections.NoKeyring as error:  # "until the program ends" is now
            message = f"“{made.name}” is kept without its token: this machine has no keyring that takes it."
            raise connections.NoKeyring(message, error.advice) from None
    if options.json:
        print_json(made)
    else:
        print(f"{made.name}  {made.kind}  {made.url}  {made.account}".rstrip())
        note(f"Try it: replay-viewer connect test {made.name}")
    return 0


def _token(one: Connection) -> str:
    """The token of the environment, of a prompt without echo, or of standard input's first line."""
    if token := connections.environment_secret():
        return token
    if sys.stdin.isatty():
        note(f"{one.kind} wants {(_SCOPES | _SECRETS)[one.kind]}.")
        return getpass.getpass("Token: ", stream=sys.stderr).strip()
    return sys.stdin.readline().strip()


def _list(home: Path, as_json: bool) -> int:
    made = [*connections.connections(home), *connections.places(home)]
    if as_json:
        print_json([{**msgspec.to_builtins(one), "token": bool(connections.token_of(one))} for one in made])
        return 0
    if not made:
        print("No connections: add one with replay-viewer connect add NAME URL.")
        return 0
    rows = [
        (one.name, one.kind, one.url, one.account or one.to, "yes" if connections.token_of(one) else "no", one.proxy)
        for one in made
    ]
    print_table(("name", "kind", "address", "account", "token", "proxy"), rows)
    if not connections.has_keyring():
        note("This machine has no keyring: tokens are not kept. REPLAY_VIEWER_TOKEN works.")
    return 0


def _test(one: Connection, as_json: bool) -> int:
    if one.kind in PLACES:
        from replay_viewer.services.sending import test

        said = test(one)
        print_json({"said": said}) if as_json else print(said)
        return 0
    from replay_viewer.services.search_sources import try_out, verdict

    checks = try_out(one)
    if as_json:
        print_json([{**msgspec.to_builtins(check), "ok": not check.problem} for check in checks])
    else:
        for check in checks:
            print(f"{'no ' if check.problem else 'yes'}  {check.name:22} {check.scope:24} {check.problem}".rstrip())
    if any(check.problem for check in checks):
        raise UserError(verdict(checks), "Make a token with it; scopes of a token cannot be added later.")
    return 0
