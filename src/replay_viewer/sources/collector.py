"""Our own collector: `{base}/sessions/{id}?t=seconds`, pulled by its read API."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import re
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any
from urllib.parse import parse_qs, quote, unquote

import msgspec

from replay_viewer.analysis.mapset import HeldMap, MapSet
from replay_viewer.domain.errors import NotFound, SourceProblem
from replay_viewer.domain.pulled import WantedMap
from replay_viewer.domain.session import Marks
from replay_viewer.sources.base import (
    LEAD_MS,
    Check,
    FoundIssue,
    FoundMap,
    FoundSession,
    Link,
    MarkChange,
    News,
    Page,
    Place,
    Plan,
    Segment,
)
from replay_viewer.sources.http import Answer, Http, loss
from replay_viewer.sources.shape import count, items, mapping, odd, offset, seconds, text, web

_PRODUCT = "a Replay Viewer collector"
_PATH = re.compile(r"(?P<prefix>/.*)?/sessions/(?P<id>[^/]+)/?")
#: An issue, as the read API has it: it leads to the session it was seen in last.
_ISSUE = re.compile(r"(?P<prefix>/.*)?/api/v1/issues/(?P<id>[\w.:%-]{1,200})/?", re.ASCII)
_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}")
#: Segments asked for ahead of the one handed out: enough to keep the eight connections busy.
_AHEAD = 16


class _Part(msgspec.Struct):
    n: int
    bytes: int
    etag: str


class _Marks(msgspec.Struct):
    """What people marked the session with."""

    watched: float = 0.0
    tags: list[str] = []


class _Session(msgspec.Struct):
    id: str
    segments: list[_Part]
    started: float | None = None
    events: int = 0
    errors: int = 0
    project: str = ""
    marks: _Marks | None = None


class _More(msgspec.Struct):
    """Segments after one; `next` is null when nothing more will come."""

    data: list[_Part]
    next: str | None = None


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
    label = "Collector"
    account_label = ""

    def recognise(self, url: str) -> Link | None:
        """See `Source`. `t` is seconds from the start."""
        seen = web(url)
        if seen and (issue := _ISSUE.fullmatch(seen[0].path)):
            base = f"{seen[0].scheme}://{seen[0].netloc.lower()}{issue['prefix'] or ''}"
            return Link(
                source=self.name, url=_issue_url(base, unquote(issue["id"])), base=base, session="",
                target=unquote(issue["id"]),
            )  # fmt: skip
        match = _PATH.fullmatch(seen[0].path) if seen else None
        if not seen or not match:
            return None
        parts = seen[0]
        session = unquote(match["id"])
        if not _ID.fullmatch(session):
            return None
        base = f"{parts.scheme}://{parts.netloc.lower()}{match['prefix'] or ''}"
        return Link(
            source=self.name,
            url=_session_url(base, session),
            base=base,
            session=session,
            offset=offset(parse_qs(parts.query).get("t", [""])[0]),
        )

    def address_at(self, link: Link, after: float) -> str:
        """See `Timed`: `t` is seconds from the start."""
        return f"{link.url}?t={seconds(after)}"

    async def resolve(self, http: Http, link: Link, token: str) -> Link:
        """See `Resolver`: the session an issue was seen in last, just before its error."""
        where = f"{link.base}/api/v1/issues/{quote(link.target, safe='')}"
        session = text(_decoded(link, await http.get(where, token=token), dict[str, Any]).get("lastSession"))
        if not session:
            raise NotFound("The newest error of this issue belongs to no session.", "Try another issue.")
        page = await self._page(http, link.base, token, "errors", {"session": session, "limit": "200"})
        rows = [row for row in page.data if row.get("issue") == link.target] or [{}]
        t = rows[0].get("t")
        return Link(
            source=self.name, url=_session_url(link.base, session), base=link.base, session=session,
            at=float(t) - LEAD_MS if isinstance(t, int | float) else None, error=text(rows[0].get("eventId")),
        )  # fmt: skip

    async def plan(self, http: Http, link: Link, token: str) -> Plan:
        """See `Source`."""
        answer = await http.get(_api(link), token=token)
        session = _decoded(link, answer, _Session)
        return Plan(
            segments={part.n: part.etag for part in sorted(session.segments, key=lambda part: part.n)},
            bytes=sum(part.bytes for part in session.segments),
            facts={"events": session.events, "errors": session.errors, "started": session.started},
            marks=_marks(session.marks) if session.marks else None,
        )

    async def mark(self, http: Http, link: Link, token: str, change: MarkChange) -> Marks:
        """See `Marker`."""
        asked = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not None}
        answer = await http.get(f"{_api(link)}/marks", token=token, query=asked)
        return _marks(_decoded(link, answer, _Marks))

    async def news(self, http: Http, link: Link, token: str, plan: Plan, wait: float) -> News:
        """See `Follower`. Asks for what is numbered above what the plan has: nothing else changes at a collector."""
        asked = {"after": str(max(plan.segments, default=-1)), "wait": f"{wait:.0f}"}
        answer = await http.get(f"{_api(link)}/segments", token=token, parameters=asked)
        more: _More = _decoded(link, answer, _More)
        segments = plan.segments | {part.n: part.etag for part in more.data}
        size = plan.bytes + sum(part.bytes for part in more.data)
        grown = msgspec.structs.replace(plan, segments=segments, bytes=size)
        return News(plan=grown, live=more.next is not None)

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
        try:
            answer = await http.get(f"{_api(link)}/segments/{n}", token=token, whole=_whole)
        except (SourceProblem, NotFound) as error:
            if why := loss(error):
                return Segment(n=n, body=b"", headers={}, url="", lost=why)
            raise
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
            page = await self._sessions(http, base, token, query, cursor, limit - len(found))
            found += page.data
            cursor = page.next
        return found

    async def _sessions(self, http: Http, base: str, token: str, query: str, cursor: str, limit: int) -> _Page:
        parameters = {"q": query, "limit": str(min(200, limit)), "cursor": cursor}
        return await self._page(http, base, token, "sessions", parameters)

    async def _page(self, http: Http, base: str, token: str, path: str, parameters: dict[str, str]) -> _Page:
        answer = await http.get(f"{base}/api/v1/{path}", token=token, parameters=parameters)
        page: _Page = _decoded(Link(source=self.name, url=base, base=base, session=""), answer, _Page)
        return page

    async def browse(self, http: Http, place: Place, token: str, query: str, cursor: str, limit: int) -> Page:
        """See `Browser`; `query` is words that must all occur."""
        page = await self._sessions(http, place.base, token, query, cursor, limit)
        return Page(sessions=[_found(place.base, row) for row in page.data], next=page.next or "")

    async def find(self, http: Http, place: Place, token: str, query: str, limit: int) -> Sequence[FoundSession]:
        """See `Browser`: sessions whose words match, then those of errors whose text or id does."""
        page = await self._sessions(http, place.base, token, query, "", limit)
        found = {one.id: one for one in (_found(place.base, row) for row in page.data)}
        errors = await self._page(http, place.base, token, "errors", {"q": query, "limit": str(min(200, limit))})
        for row in errors.data:
            session, t = text(row.get("session")), row.get("t")
            if session and session not in found and len(found) < limit:
                at = float(t) if isinstance(t, int | float) else None
                found[session] = msgspec.structs.replace(
                    await self._one(http, place.base, token, session), at=at, why=text(row.get("title"))
                )
        return list(found.values())

    async def _one(self, http: Http, base: str, token: str, id: str) -> FoundSession:
        link = Link(source=self.name, url=base, base=base, session=id)
        return _found(base, _decoded(link, await http.get(_api(link), token=token), dict[str, Any]))

    async def maps(self, http: Http, link: Link, token: str, wanted: Sequence[WantedMap]) -> AsyncIterator[FoundMap]:
        """See `MapHolder`: maps uploaded for the session's project, by release, else by debug id."""
        session = _decoded(link, await http.get(_api(link), token=token), _Session)
        of_release: dict[str, MapSet] = {}
        for one in wanted:
            asked = {"project": session.project, "release": one.release}
            if one.release not in of_release:
                listed = await self._listed_maps(http, link, token, asked) if one.release else MapSet()
                of_release[one.release] = listed
            held = of_release[one.release].choose(one.frame)
            if held is None and one.debug_id:
                same = await self._listed_maps(http, link, token, {**asked, "release": "", "debugId": one.debug_id})
                held = same.choose(one.frame)
            if held is None:
                of = f"release {one.release}" if one.release else "it, as the error names no release"
                yield FoundMap(wanted=one, why=f"the collector has none for {of}")
                continue
            where = f"{link.base}/api/v1/maps/{held.data().decode()}"
            yield FoundMap(wanted=one, data=(await http.get(where, token=token, whole=_whole)).body)

    async def _listed_maps(self, http: Http, link: Link, token: str, asked: dict[str, str]) -> MapSet:
        """The maps a collector has, each with its number in place of its content."""
        found, cursor = MapSet(), ""
        while True:
            try:
                page = await self._page(http, link.base, token, "maps", {**asked, "limit": "200", "cursor": cursor})
            except NotFound:
                return found  # a collector of before it kept maps
            for row in page.data:
                id = str(count(row.get("id"))).encode()
                found.put(text(row.get("name")), partial(bytes, id), text(row.get("debugId")))
            if not page.next:
                return found
            cursor = page.next

    async def issues(self, http: Http, place: Place, token: str, query: str, limit: int) -> Sequence[FoundIssue]:
        """See `IssueLister`."""
        found: list[FoundIssue] = []
        cursor: str | None = ""
        while cursor is not None and len(found) < limit:
            parameters = {"q": query, "limit": str(min(200, limit - len(found))), "cursor": cursor}
            page = await self._page(http, place.base, token, "issues", parameters)
            found += [_found_issue(place.base, row) for row in page.data]
            cursor = page.next
        return found

    async def check(self, http: Http, place: Place, token: str) -> Sequence[Check]:
        """See `Browser`."""
        try:
            await self._sessions(http, place.base, token, "", "", 1)
        except NotFound as error:
            raise _odd(Link(source=self.name, url=place.base, base=place.base, session="")) from error
        return [Check(name="Sessions")]


async def upload_map(http: Http, base: str, token: str, project: str, release: str, held: HeldMap) -> None:
    """Give a collector the map of a built file of a release (an admin's token). Raises SourceProblem."""
    asked = {"project": project, "release": release, "name": held.name, "debugId": held.debug_id}
    packed = gzip.compress(held.data(), 6, mtime=0)
    await http.put(f"{base}/api/v1/maps", packed, token=token, parameters=asked, encoding="gzip")


def _marks(said: _Marks) -> Marks:
    return Marks(watched=said.watched, tags=said.tags)


def _whole(answer: Answer) -> bool:
    """Whether a body is the one its ETag, a digest, names."""
    etag = answer.headers.get("etag", "").strip('"')
    return not _DIGEST.fullmatch(etag) or hashlib.sha256(answer.body).hexdigest() == etag


def _api(link: Link) -> str:
    return f"{link.base}/api/v1/sessions/{quote(link.session, safe='')}"


def _decoded(link: Link, answer: Answer, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _odd(link) from error


def _odd(link: Link) -> SourceProblem:
    return odd(link.base, _PRODUCT)


def _session_url(base: str, session: str) -> str:
    return f"{base}/sessions/{quote(session, safe='')}"


def _issue_url(base: str, id: str) -> str:
    return f"{base}/api/v1/issues/{quote(id, safe='')}"


def _found_issue(base: str, row: dict[str, Any]) -> FoundIssue:
    """An issue of the read API as a found one."""
    id, first, last = text(row.get("id")), row.get("first"), row.get("last")
    return FoundIssue(
        id=id,
        url=_issue_url(base, id),
        title=text(row.get("title")),
        name=id[:24],
        level=text(row.get("level")) or "error",
        events=count(row.get("events")),
        users=count(row.get("users")),
        first=float(first) if isinstance(first, int | float) else None,
        last=float(last) if isinstance(last, int | float) else None,
    )


def _found(base: str, row: dict[str, Any]) -> FoundSession:
    """A session of the read API as a found one."""
    id, user, urls = text(row.get("id")), mapping(row.get("user")), items(row.get("urls"))
    started, duration = row.get("started"), row.get("duration")
    return FoundSession(
        id=id,
        url=_session_url(base, id),
        started=float(started) if isinstance(started, int | float) else None,
        duration=float(duration) if isinstance(duration, int | float) else None,
        user=next((text(user.get(key)) for key in ("email", "name", "id") if user.get(key)), ""),
        page=text(urls[0]) if urls else "",
        browser=text(row.get("sdk")),
        errors=count(row.get("errors")),
    )
