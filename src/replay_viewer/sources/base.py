"""What a source is: it recognises session URLs and pulls what is behind them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

import msgspec

from replay_viewer.sources.http import Http


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A recognised session URL.

    `url`: its plain form, without an instant, the same for the same session. `base`: the backend's address. `offset`:
    ms from the session's start, None when the URL names no instant. `account`: the organisation or project it is in.
    `at`: an absolute instant (epoch ms) instead of `offset`.
    """

    source: str
    url: str
    base: str
    session: str
    offset: float | None = None
    account: str = ""
    at: float | None = None


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a session as the backend hands it out: what `formats.read_body` takes.

    `etag` lets a later pull skip it.
    """

    n: int
    body: bytes
    headers: dict[str, str]
    url: str
    received: float = 0.0
    etag: str = ""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to pull: number of each segment to its ETag, and the bytes of all."""

    segments: dict[int, str]
    bytes: int
    facts: dict[str, Any] = {}


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
