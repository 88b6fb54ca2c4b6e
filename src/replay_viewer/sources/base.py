"""What a source is: it recognises session URLs, pulls what is behind them, and answers questions about sessions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import msgspec

from replay_viewer.domain.pulled import WantedMap
from replay_viewer.domain.session import Marks
from replay_viewer.sources.http import Http

#: An instant made from an error lies this long before it, as a session opened by its first error does.
LEAD_MS = 3_000.0


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A recognised session URL.

    `url`: its plain form, without an instant, the same for the same session. `base`: the backend's address. `offset`:
    ms from the session's start, None when the URL names no instant. `account`: the organisation or project it is in.
    `at`: an absolute instant (epoch ms) instead of `offset`.

    An address of something that leads to a session (an issue, an error, a trace, a shared page) has no `session` but
    a `target`, `kind:value` in the source's own words; `Resolver.resolve` makes a whole link of it, and says in
    `error` which error it is about. `share`: the token of a page its owner made public, part of its address.
    """

    source: str
    url: str
    base: str
    session: str
    offset: float | None = None
    account: str = ""
    at: float | None = None
    target: str = ""
    error: str = ""
    share: str = ""


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a session as the backend hands it out: what `formats.read_body` takes.

    `etag` lets a later pull skip it. `lost`: why the source cannot hand it out although the rest can be had ('' when
    it can); the pull goes on, and the next one asks again.
    """

    n: int
    body: bytes
    headers: dict[str, str]
    url: str
    received: float = 0.0
    etag: str = ""
    lost: str = ""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to pull: number of each segment to its ETag, and the bytes of all.

    `marks`: what people marked the session with there; None where that is not said.
    """

    segments: dict[int, str]
    bytes: int
    facts: dict[str, Any] = {}
    marks: Marks | None = None


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where to ask: the backend's address and the organisation or project there ('' when it has none)."""

    base: str
    account: str = ""


class FoundSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session as a backend lists it.

    `url` can be pulled, `at` (epoch ms) is the instant that answers the question, `why` says what matched. Times are
    epoch ms, None where the backend does not say; -1 errors: not known.
    """

    id: str
    url: str
    started: float | None = None
    duration: float | None = None
    user: str = ""
    page: str = ""
    browser: str = ""
    errors: int = -1
    at: float | None = None
    why: str = ""


class FoundIssue(msgspec.Struct, frozen=True, kw_only=True):
    """An issue as a backend lists it; `url` leads to its newest session. Times are epoch ms."""

    id: str
    url: str
    title: str
    name: str = ""
    level: str = "error"
    status: str = ""
    events: int = 0
    users: int = 0
    first: float | None = None
    last: float | None = None
    trend: list[int] = []


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A page of sessions; `next` is what to ask the following one with, '' at the end."""

    sessions: list[FoundSession]
    next: str = ""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a token was tried on: what it is for, its scope, what the backend said against it ('': nothing)."""

    name: str
    scope: str = ""
    problem: str = ""


class FoundMap(msgspec.Struct, frozen=True, kw_only=True):
    """A source map of a backend for a wanted file, or `why` it could not be had."""

    wanted: WantedMap
    data: bytes = b""
    why: str = ""


class Source(Protocol):
    """One kind of backend. `token` is '' when there is none; it goes into headers and nowhere else.

    All but `recognise` raise SourceProblem (unreachable, refused), NotFound (unknown, expired).
    """

    name: str

    def recognise(self, url: str) -> Link | None:
        """The session the URL names, None when it is none of this source's. Asks nobody."""

    async def plan(self, http: Http, link: Link, token: str) -> Plan:
        """What the session consists of at this moment."""

    def pull(self, http: Http, link: Link, token: str, plan: Plan, have: Mapping[int, str]) -> AsyncIterator[Segment]:
        """The segments of the plan in order, without those `have` holds with the same ETag."""

    async def list(self, http: Http, base: str, token: str, query: str, limit: int) -> list[Mapping[str, Any]]:
        """Sessions at the backend, newest first, as the backend describes them."""


class News(msgspec.Struct, frozen=True, kw_only=True):
    """What a session consists of by now; `live`: whether the source expects more, so that asking again may wait."""

    plan: Plan
    live: bool


@runtime_checkable
class Follower(Protocol):
    """A source that can be asked for what came since, and answers as soon as there is something."""

    async def news(self, http: Http, link: Link, token: str, plan: Plan, wait: float) -> News:
        """What came after `plan`, waited for up to `wait` seconds as long as the session is being recorded."""


class MarkChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a session's marks: `watched` (epoch ms, 0 not), tags to `add` and to `remove`."""

    watched: float | None = None
    add: list[str] = []
    remove: list[str] = []


@runtime_checkable
class Marker(Protocol):
    """A source whose sessions can be marked by who works through them."""

    async def mark(self, http: Http, link: Link, token: str, change: MarkChange) -> Marks:
        """Change a session's marks there; what they are now."""


@runtime_checkable
class Resolver(Protocol):
    """A source whose URLs may lead to a session without naming it."""

    async def resolve(self, http: Http, link: Link, token: str) -> Link:
        """The link of the session behind one without `session`. Raises NotFound saying why there is none."""


@runtime_checkable
class Timed(Protocol):
    """A source whose pages can be opened at an instant."""

    def address_at(self, link: Link, after: float) -> str:
        """The address of a recording `after` ms from the session's start, as the backend's own pages read it."""


@runtime_checkable
class Browser(Protocol):
    """A source whose sessions can be listed, searched and tried out: what a connection is made of.

    `label` names the product; `account_label` what an account is called there ('' when there is none).
    """

    name: str
    label: str
    account_label: str

    async def browse(self, http: Http, place: Place, token: str, query: str, cursor: str, limit: int) -> Page:
        """A page of sessions, newest first; `query` is in the backend's own language."""

    async def find(self, http: Http, place: Place, token: str, query: str, limit: int) -> Sequence[FoundSession]:
        """The sessions that answer `query`: an e-mail, a user, an id of an error, session or issue, or free text."""

    async def check(self, http: Http, place: Place, token: str) -> Sequence[Check]:
        """Try what a pull will ask for. Raises only when the backend cannot be reached or refuses the token."""


@runtime_checkable
class IssueLister(Protocol):
    """A source that groups errors into issues."""

    async def issues(self, http: Http, place: Place, token: str, query: str, limit: int) -> Sequence[FoundIssue]:
        """Issues, those seen last first; `query` is in the backend's own language."""


@runtime_checkable
class MapHolder(Protocol):
    """A source that keeps source maps of releases."""

    def maps(self, http: Http, link: Link, token: str, wanted: Sequence[WantedMap]) -> AsyncIterator[FoundMap]:
        """The maps of these files, each once. Raises what a pull raises."""
