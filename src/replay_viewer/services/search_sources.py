"""Questions to the connected backends: lists with their own query language, one question to all of them, tests.

All functions wait for the network: call them off the interface thread; `cancelled` is asked some 20 times a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from replay_viewer.domain.errors import BadInput, UserError
from replay_viewer.services import connections
from replay_viewer.services.addresses import access_of
from replay_viewer.services.asking import ask
from replay_viewer.services.connections import Connection
from replay_viewer.sources import (
    Browser,
    Check,
    FoundIssue,
    FoundSession,
    Http,
    IssueLister,
    Page,
    Place,
    recognise,
    source_named,
)

PAGE = 50


class SourceAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What one connection answered: sessions, newest first, or why it could not (`failed`, `problem` in a sentence).

    `base`: the backend's address.
    """

    connection: str
    kind: str
    base: str
    sessions: Sequence[FoundSession] = ()
    problem: str = ""
    failed: UserError | None = None


def search_sources(
    home: Path,
    text: str,
    *,
    limit: int = 20,
    names: Sequence[str] = (),
    answered: Callable[[SourceAnswer], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[SourceAnswer]:
    """Ask every connection (or those of `names`) for a user, an e-mail, an id or any text, all at once.

    `answered` is called from this thread with each answer as it comes; the result has all of them by name. A
    connection that fails answers with a sentence. Raises Cancelled, BadInput for an empty text, StorageProblem.
    """
    if not text.strip():
        raise BadInput("There is nothing to search for.", "Give a user, an e-mail, an id or some text.")
    asked = [one for one in connections.connections(home) if not names or one.name in names]
    tokens = {one.name: access_of(one, one.url) for one in asked}

    async def one_of(one: Connection) -> SourceAnswer:
        try:
            async with Http(access=tokens[one.name], attempts=2) as http:
                found = await _browser(one).find(http, _place(one), tokens[one.name].token, text.strip(), limit)
            answer = SourceAnswer(connection=one.name, kind=one.kind, base=one.url, sessions=list(found))
        except UserError as error:
            answer = SourceAnswer(connection=one.name, kind=one.kind, base=one.url, problem=str(error), failed=error)
        if answered:
            answered(answer)
        return answer

    async def work() -> list[SourceAnswer]:
        return list(await asyncio.gather(*(one_of(one) for one in asked)))

    return ask(work(), cancelled)


def browse(
    home: Path,
    name: str,
    query: str = "",
    cursor: str = "",
    limit: int = PAGE,
    cancelled: Callable[[], bool] | None = None,
) -> Page:
    """A page of a connection's sessions. Raises NotFound, SourceProblem, BadInput, Cancelled."""
    one = connections.source(home, name)
    reach = access_of(one, one.url)

    async def work() -> Page:
        async with Http(access=reach) as http:
            return await _browser(one).browse(http, _place(one), reach.token, query, cursor, limit)

    return ask(work(), cancelled)


def issues(
    home: Path, name: str, query: str = "", limit: int = PAGE, cancelled: Callable[[], bool] | None = None
) -> Sequence[FoundIssue]:
    """A connection's issues, those seen last first. Raises as `browse`."""
    one = connections.source(home, name)
    source = source_named(one.kind)
    if not isinstance(source, IssueLister):
        raise BadInput(f"“{name}” does not list issues.", "Leave --issues out to list its sessions.")
    reach = access_of(one, one.url)

    async def work() -> Sequence[FoundIssue]:
        async with Http(access=reach) as http:
            return await source.issues(http, _place(one), reach.token, query, limit)

    return ask(work(), cancelled)


def try_out(
    one: Connection, token: str | None = None, cancelled: Callable[[], bool] | None = None
) -> Sequence[Check]:
    """Try a connection, kept or not yet; `token` instead of the kept one.

    Raises SourceProblem, NotFound, BadInput, Cancelled.
    """
    one = connections.checked(one)
    reach = access_of(one, one.url)
    if token is not None:
        reach = msgspec.structs.replace(reach, token=token)

    async def work() -> Sequence[Check]:
        async with Http(access=reach, attempts=2) as http:
            return await _browser(one).check(http, _place(one), reach.token)

    return ask(work(), cancelled)


def verdict(checks: Sequence[Check]) -> str:
    """One sentence on what a test found: which scopes are missing."""
    missing = [one for one in checks if one.problem]
    if not missing:
        return "It works: " + ", ".join(one.name.lower() for one in checks) + "."
    scopes = ", ".join(dict.fromkeys(one.scope for one in missing if one.scope))
    names = ", ".join(one.name.lower() for one in missing)
    return f"The token lacks {scopes}: without it there are no {names}." if scopes else f"It lacks {names}."


def guess(url: str) -> Connection | None:
    """Kind, address and account of a backend from any address of it; None when nothing says so."""
    try:
        source, link = recognise(url)
    except UserError:
        return _guess_host(url)
    if source.name not in connections.KINDS:
        return None
    account = "" if link.account.startswith(("phc_", "@")) else link.account
    return Connection(name="", kind=source.name, url=link.base, account=account)


def _guess_host(url: str) -> Connection | None:
    for kind, marks in (("sentry", ("sentry.io", "sentry.")), ("posthog", ("posthog.com", "posthog."))):
        host = url.partition("://")[2].partition("/")[0].lower()
        if host == marks[0] or host.endswith("." + marks[0]) or host.startswith(marks[1]):
            return Connection(name="", kind=kind, url=f"https://{host}")
    return None


def _browser(one: Connection) -> Browser:
    source = source_named(one.kind)
    if not isinstance(source, Browser):
        raise BadInput(f"Sources of the kind “{one.kind}” cannot be listed.", "Paste the address of a session.")
    return source


def _place(one: Connection) -> Place:
    return Place(base=one.url, account=one.account)
