"""Session addresses as the application and the command line take them: read, asked for, and how they are reached."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from replay_viewer.domain import links
from replay_viewer.domain.errors import BadInput, SourceProblem
from replay_viewer.services import connections
from replay_viewer.services.asking import ask
from replay_viewer.sources import Access, Http, Link, Resolver, Source, Timed, recognise


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """What a session URL names.

    `url`: what is pulled. `origin`: what `Session.origin` is once it was. `at`: the instant as `parse_instant` takes
    it, '' when it names none. `error`: id of the error it is about. `whole`: whether the session is known; if not,
    `resolve` asks for it.
    """

    url: str
    origin: str
    at: str = ""
    error: str = ""
    whole: bool = True


def read(url: str) -> Address:
    """The address a URL is, without asking anybody. Raises Unsupported, BadInput."""
    _, link = recognise(url)
    return _address(link)


def at(origin: str, after: float) -> str:
    """The address a session was pulled from, `after` ms from its start, in its source's own words.

    Without the instant where the source has no words for it, or none knows the address any more; '' for what is no
    web address.
    """
    if not origin.startswith(("http://", "https://")):
        return ""
    try:
        source, link = recognise(origin)
    except (SourceProblem, BadInput):
        return origin
    return source.address_at(link, after) if isinstance(source, Timed) and link.session else origin


def resolve(home: Path, url: str, *, cancelled: Callable[[], bool] | None = None) -> Address:
    """The address of the session a URL leads to; the source is asked when the URL does not name it.

    Raises Unsupported, BadInput, SourceProblem, NotFound, Cancelled.
    """
    source, link = recognise(url)
    if link.session:
        return _address(link)
    reach = access(home, link)

    async def work() -> Link:
        async with Http(access=reach) as http:
            return await whole_link(source, http, link, reach.token)

    return _address(ask(work(), cancelled))


async def whole_link(source: Source, http: Http, link: Link, token: str) -> Link:
    """`link`, or the link of the session it leads to."""
    if link.session:
        return link
    if not isinstance(source, Resolver):
        raise SourceProblem("This address names no session.", "Paste the address of a session.")
    return await source.resolve(http, link, token)


def access(home: Path, link: Link) -> Access:
    """How the backend of a link is reached: by its connection, else directly with the token of the environment."""
    return access_of(connections.of_base(home, link.source, link.base, link.account), link.base)


def access_of(one: connections.Connection | None, base: str) -> Access:
    """How a connection's backend is reached."""
    if one is None:
        return Access(token=connections.environment_token(base))
    return Access(token=connections.token_of(one), proxy=one.proxy, ca_file=one.ca_file, verify=one.verify)


def needs_asking(home: Path, text: str) -> str:
    """The host a link of ours would have asked that nobody agreed to yet; '' when there is nothing to ask about.

    Only `replay-viewer://open?url=…` is written by others; an address somebody pasted was looked at.
    """
    if not links.is_link(text):
        return ""
    link = links.parse(text)
    if not isinstance(link, links.AddressLink) or connections.is_known(home, link.url):
        return ""
    return links.host_of(link.url)


def refuse_unknown(home: Path, text: str) -> None:
    """Raise BadInput for a link to a host nobody agreed to."""
    if host := needs_asking(home, text):
        raise BadInput(
            f"This link asks {host}, which you have not connected to.",
            "Add --yes if you know it, or connect it: replay-viewer connect add.",
        )


def _address(link: Link) -> Address:
    at = ""
    if link.offset is not None:
        at = str(link.offset / 1000.0)
    elif link.at is not None:
        at = str(link.at)
    return Address(url=link.url, origin=link.url, at=at, error=link.error, whole=bool(link.session))
