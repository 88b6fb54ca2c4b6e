"""PostHog's private API as the other modules ask it: one project, HogQL, pages by offset."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from replay_viewer.domain.errors import NotFound
from replay_viewer.sources.base import Link, Place
from replay_viewer.sources.http import Answer, Http
from replay_viewer.sources.shape import decoded_object, items, mapping, objects, text

PRODUCT = "PostHog"
RECORDINGS = "session_recording:read"
_ROWS = 10_000


class Api:
    """One project at one address. `share`: the token of a shared page, which opens that one recording to anybody."""

    def __init__(self, http: Http, base: str, project: str, token: str, share: str = "") -> None:
        self.http, self.base, self.project, self._token, self._share = http, base, project, token, share

    @classmethod
    async def open(cls, http: Http, place: Link | Place, token: str) -> Api:
        """The API of a link's project; the SDK's own links hold the project's token instead of its id."""
        share = place.share if isinstance(place, Link) else ""
        api = cls(http, place.base, place.account or "@current", token, share)
        if place.account.startswith("phc_"):
            api.project = await api._project_of(place.account)
        return api

    async def _project_of(self, token: str) -> str:
        offset = 0
        while True:
            parameters = {"limit": "100", "offset": str(offset)}
            page = await self._object(f"{self.base}/api/projects/", parameters, "project:read")
            found = items(page.get("results"))
            for project in objects(found):
                if project.get("api_token") == token:
                    return text(project.get("id"))
            offset += len(found)
            if not found or not page.get("next"):
                raise NotFound(
                    "None of your PostHog projects has this link's project token.", "Use a key that sees it."
                )

    @property
    def root(self) -> str:
        """Address of the project in the API."""
        return f"{self.base}/api/projects/{self.project}"

    async def get(self, path: str, parameters: dict[str, str] | None = None, scope: str = RECORDINGS) -> Answer:
        """The answer at a path under the project."""
        shared = {"sharing_access_token": self._share} if self._share else {}
        asked = {**(parameters or {}), **shared}
        return await self.http.get(
            f"{self.root}/{path}", token="" if self._share else self._token, parameters=asked or None, scope=scope
        )

    async def object(
        self, path: str, parameters: dict[str, str] | None = None, scope: str = RECORDINGS
    ) -> dict[str, Any]:
        """The JSON object at a path under the project."""
        return decoded_object((await self.get(path, parameters, scope)).body, self.base, PRODUCT)

    async def _object(self, url: str, parameters: dict[str, str], scope: str) -> dict[str, Any]:
        answer = await self.http.get(url, token=self._token, parameters=parameters, scope=scope)
        return decoded_object(answer.body, self.base, PRODUCT)

    async def hogql(self, query: str, name: str) -> tuple[list[list[Any]], bool]:
        """(rows, whether there are more) of a HogQL query. `name` is what PostHog logs it under."""
        asked = {"query": {"kind": "HogQLQuery", "query": query}, "name": f"replay viewer: {name}"}
        answer = await self.http.get(f"{self.root}/query/", token=self._token, query=asked, scope="query:read")
        page = decoded_object(answer.body, self.base, PRODUCT)
        return [row for row in items(page.get("results")) if isinstance(row, list)], page.get("hasMore") is True

    async def hogql_pages(self, query: str, name: str) -> AsyncIterator[list[list[Any]]]:
        """All rows of an ordered query without LIMIT, by pages."""
        offset = 0
        while True:
            rows, more = await self.hogql(f"{query} LIMIT {_ROWS} OFFSET {offset}", name)
            yield rows
            offset += len(rows)
            if not rows or not more:
                return

    async def recordings(self, parameters: dict[str, str]) -> tuple[list[dict[str, Any]], bool]:
        """(recordings, whether there are more) of one page, in either of the list's shapes."""
        page = await self.object("session_recordings/", parameters)
        return objects(page.get("results")), bool(page.get("has_next") or page.get("next"))


def quoted(value: str) -> str:
    """A string of HogQL: backslashes and quotes escaped as ClickHouse reads them."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def person_name(recording: dict[str, Any]) -> str:
    """The best name of who a recording is of."""
    person = mapping(recording.get("person"))
    properties = mapping(person.get("properties"))
    return text(properties.get("email")) or text(person.get("name")) or text(recording.get("distinct_id"))
