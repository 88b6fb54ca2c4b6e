"""Our own collector: `{base}/sessions/{id}?t=seconds`, pulled by its read API."""

from __future__ import annotations

import asyncio
import math
import re
from collections import deque
from collections.abc import AsyncIterator, Mapping
from itertools import islice
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import msgspec

from replay_viewer.domain.errors import SourceProblem
from replay_viewer.sources.base import Link, Plan, Segment
from replay_viewer.sources.http import Answer, Http

_PATH = re.compile(r"(?P<prefix>/.*)?/sessions/(?P<id>[^/]+)/?")
_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)
#: Segments asked for ahead of the one handed out: enough to keep the eight connections busy.
_AHEAD = 16


class _Part(msgspec.Struct):
    n: int
    bytes: int
    etag: str


class _Session(msgspec.Struct):
    id: str
    segments: list[_Part]
    started: float | None = None
    events: int = 0
    errors: int = 0


class _Request(msgspec.Struct):
    """The header X-Replay-Request."""

    url: str
    headers: dict[str, str]
    received: float = 0.0


class _Page(msgspec.Struct):
    data: list[dict[str, Any]]
    next: str | None = None


class CollectorSource:
    """Sessions of a Replay Viewer collector."""

    name = "collector"

    def recognise(self, url: str) -> Link | None:
        """See `Source`. `t` is seconds from the start."""
        parts = urlsplit(url.strip())
        match = _PATH.fullmatch(parts.path)
        if parts.scheme not in ("http", "https") or not parts.netloc or "@" in parts.netloc or not match:
            return None
        session = unquote(match["id"])
        if not _ID.fullmatch(session):
            return None
        base = f"{parts.scheme}://{parts.netloc.lower()}{match['prefix'] or ''}"
        return Link(
            source=self.name,
            url=f"{base}/sessions/{quote(session, safe='')}",
            base=base,
            session=session,
            offset=_offset(parse_qs(parts.query).get("t", [""])[0]),
        )

    async def plan(self, http: Http, link: Link, token: str) -> Plan:
        """See `Source`."""
        answer = await http.get(_api(link), token=token)
        session = _decoded(link, answer, _Session)
        return Plan(
            segments={part.n: part.etag for part in sorted(session.segments, key=lambda part: part.n)},
            bytes=sum(part.bytes for part in session.segments),
            facts={"events": session.events, "errors": session.errors, "started": session.started},
        )

    async def pull(
        self, http: Http, link: Link, token: str, plan: Plan, have: Mapping[int, str]
    ) -> AsyncIterator[Segment]:
        """See `Source`. Asks for several at once and hands them out in order."""
        missing = [n for n, etag in plan.segments.items() if not etag or have.get(n) != etag]
        waiting: deque[asyncio.Task[Segment]] = deque()
        numbers = iter(missing)
        try:
            while True:
                for n in islice(numbers, _AHEAD - len(waiting)):
                    waiting.append(asyncio.create_task(self._segment(http, link, token, n)))
                if not waiting:
                    return
                segment = await waiting[0]
                waiting.popleft()
                yield segment
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    async def _segment(self, http: Http, link: Link, token: str, n: int) -> Segment:
        answer = await http.get(f"{_api(link)}/segments/{n}", token=token)
        try:
            request = msgspec.json.decode(answer.headers.get("x-replay-request", ""), type=_Request)
        except msgspec.MsgspecError as error:
            raise _odd(link) from error
        return Segment(
            n=n,
            body=answer.body,
            headers=request.headers,
            url=request.url,
            received=request.received,
            etag=answer.headers.get("etag", "").strip('"'),
        )

    async def list(self, http: Http, base: str, token: str, query: str, limit: int) -> list[Mapping[str, Any]]:
        """See `Source`; entries as the read API describes them."""
        found: list[Mapping[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None and len(found) < limit:
            parameters = {"q": query, "limit": str(min(200, limit - len(found))), "cursor": cursor}
            answer = await http.get(f"{base}/api/v1/sessions", token=token, parameters=parameters)
            page = _decoded(Link(source=self.name, url=base, base=base, session=""), answer, _Page)
            found += page.data
            cursor = page.next
        return found


def _api(link: Link) -> str:
    return f"{link.base}/api/v1/sessions/{quote(link.session, safe='')}"


def _decoded(link: Link, answer: Answer, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _odd(link) from error


def _odd(link: Link) -> SourceProblem:
    host = urlsplit(link.base).netloc
    return SourceProblem(f"{host} does not answer as a Replay Viewer collector does.", "Check the address.")


def _offset(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds * 1000.0 if math.isfinite(seconds) else None
