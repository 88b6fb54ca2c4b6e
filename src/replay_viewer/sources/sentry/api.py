"""Sentry's web API as the other modules ask it: one organisation, its region, pages by cursor."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

from replay_viewer.domain.errors import NotFound
from replay_viewer.sources.base import Link, Place
from replay_viewer.sources.http import Answer, Http
from replay_viewer.sources.sentry.address import SAAS
from replay_viewer.sources.shape import decoded, mapping, objects, odd

PRODUCT = "Sentry"
#: Where SaaS organisations live.
REGIONS = ("https://us.sentry.io", "https://de.sentry.io")

Values = list[tuple[str, str | int | float | bool | None]]
T = TypeVar("T")


class Api:
    """One organisation at one address."""

    def __init__(self, http: Http, base: str, org: str, token: str) -> None:
        self.http, self.base, self.org, self._token = http, base, org, token

    async def get(self, path: str, parameters: Values | None = None, scope: str = "org:read") -> Answer:
        """The answer at a path under /api/0/. Raises SourceProblem, NotFound."""
        return await self.http.get(f"{self.base}/api/0/{path}", token=self._token, parameters=parameters, scope=scope)

    async def json(self, path: str, parameters: Values | None = None, scope: str = "org:read") -> Any:
        """Its JSON."""
        return decoded((await self.get(path, parameters, scope)).body, self.base, PRODUCT)

    async def own(self, path: str, parameters: Values | None = None, scope: str = "org:read") -> Any:
        """The JSON at a path under the organisation."""
        return await self.json(f"organizations/{self.org}/{path}", parameters, scope)

    async def object(self, path: str, parameters: Values | None = None, scope: str = "org:read") -> dict[str, Any]:
        """The JSON object at a path under the organisation."""
        found = await self.own(path, parameters, scope)
        if not isinstance(found, dict):
            raise odd(self.base, PRODUCT)
        return found

    async def rows(
        self, path: str, parameters: Values, scope: str = "org:read", cursor: str = ""
    ) -> tuple[list[dict[str, Any]], str]:
        """A page of a list under the organisation (bare, or in `data`) and the cursor of the next, '' at the end."""
        asked = [*parameters, ("cursor", cursor)] if cursor else parameters
        answer = await self.get(f"organizations/{self.org}/{path}", asked, scope)
        page = decoded(answer.body, self.base, PRODUCT)
        if not isinstance(page, dict | list):
            raise odd(self.base, PRODUCT)
        found = page if isinstance(page, list) else page.get("data")
        return objects(found), next_cursor(answer.headers.get("link", ""))

    async def pages(
        self, path: str, parameters: Values, scope: str = "org:read"
    ) -> AsyncIterator[list[dict[str, Any]]]:
        """All pages of such a list."""
        cursor = ""
        while True:
            found, cursor = await self.rows(path, parameters, scope, cursor)
            yield found
            if not cursor or not found:
                return

    async def replay(self, id: str) -> dict[str, Any]:
        """The replay object."""
        found = await self.object(f"replays/{id}/")
        if not isinstance(found.get("data"), dict):
            raise odd(self.base, PRODUCT)
        return mapping(found["data"])


async def in_regions(http: Http, place: Link | Place, token: str, work: Callable[[Api], Awaitable[T]]) -> T:
    """`work` at the place's address; SaaS organisations live in one of the regions, so each is asked in turn."""
    bases = REGIONS if place.base == SAAS else (place.base,)
    for n, base in enumerate(bases):
        try:
            return await work(Api(http, base, place.account, token))
        except NotFound:
            if n + 1 == len(bases):
                raise
    raise AssertionError("the last region returns or raises")


def next_cursor(header: str) -> str:
    """The cursor of the next page from a `Link` header; '' at the end (the link is there all the same)."""
    for part in header.split(", <"):
        if 'rel="next"' in part and 'results="true"' in part and (match := re.search(r'cursor="([^"]+)"', part)):
            return match[1]
    return ""
