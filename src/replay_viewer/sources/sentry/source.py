"""Sentry, SaaS and self-hosted: replays by its documented API, handed on as the envelopes its SDKs send.

Scopes and shapes: getsentry/sentry-api-schema.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from replay_viewer.domain.errors import NotFound, SourceProblem
from replay_viewer.domain.pulled import WantedMap
from replay_viewer.sources.base import Check, FoundIssue, FoundMap, FoundSession, Link, Page, Place, Plan, Segment
from replay_viewer.sources.http import Http, loss
from replay_viewer.sources.sentry import address, browse, linked, maps, resolve
from replay_viewer.sources.sentry.api import PRODUCT, Api, in_regions
from replay_viewer.sources.sentry.linked import Item, finding
from replay_viewer.sources.shape import digest, hex32, items, mapping, odd, seconds, text

_PAGE = 100
_PARALLEL = 4
_ERRORS = 1_000_000
_LOGS = 2_000_000
_TRACES = 2_000_001
_MOST_TRACES = 20


class SentrySource:
    """Replays of Sentry."""

    name = address.NAME
    label = PRODUCT
    account_label = "Organisation"

    def recognise(self, url: str) -> Link | None:
        """See `Source` and `address.recognise`."""
        return address.recognise(url)

    def address_at(self, link: Link, after: float) -> str:
        """See `Timed`: `t` is seconds from the start."""
        return f"{link.url}?t={seconds(after)}"

    async def resolve(self, http: Http, link: Link, token: str) -> Link:
        """See `Resolver`."""
        return await in_regions(http, link, token, lambda api: resolve.resolve(api, link))

    async def plan(self, http: Http, link: Link, token: str) -> Plan:
        """See `Source`: segment 0 is what Sentry says of the replay, 1… are pages, then errors, logs, traces."""
        base, replay = await self._replay(http, link, token)
        if replay.get("is_archived"):
            raise NotFound("The replay was deleted at Sentry.", "It is gone there for good.")
        pages = max(1, -(-_int(replay.get("count_segments")) // _PAGE))
        # a full page stays as it is while the replay grows; the last one does not
        full = _int(replay.get("count_segments")) // _PAGE
        segments = {0: digest(replay)} | {
            n: f"page-{n}-full" if n <= full else f"page-{n}-{_etag(replay)}" for n in range(1, pages + 1)
        }
        api = Api(http, base, link.account, token)
        errors, problem = await linked.error_ids(api, link.session, replay)
        segments |= {_ERRORS + n: found for n, found in enumerate(errors)}
        segments[_LOGS] = f"logs-{_etag(replay)}"
        traces = [id for value in items(replay.get("trace_ids")) if (id := hex32(text(value)))][:_MOST_TRACES]
        segments |= {_TRACES + n: f"{id}-{_etag(replay)}" for n, id in enumerate(dict.fromkeys(traces))}
        return Plan(segments=segments, bytes=0, facts={"base": base, "replay": replay, "problem": problem})

    async def _replay(self, http: Http, link: Link, token: str) -> tuple[str, dict[str, Any]]:
        """(API's address, replay object)."""

        async def ask(api: Api) -> tuple[str, dict[str, Any]]:
            return api.base, await api.replay(link.session)

        try:
            return await in_regions(http, link, token, ask)
        except NotFound as error:
            raise NotFound(
                f"Sentry has no replay {link.session[:8]}… in “{link.account}”.",
                "It may have expired (after 30 or 90 days), or the token sees another organisation.",
            ) from error

    async def pull(
        self, http: Http, link: Link, token: str, plan: Plan, have: Mapping[int, str]
    ) -> AsyncIterator[Segment]:
        """See `Source`. Pages are asked for in parallel; the same segment twice is taken once."""
        api, replay = Api(http, str(plan.facts["base"]), link.account, token), plan.facts["replay"]
        if have.get(0) != plan.segments[0]:
            yield _segment(link, 0, [_facts_item(link, replay)], plan.segments[0])
        if problem := plan.facts.get("problem"):
            yield _segment(link, _ERRORS - 1, [finding("linked-missing", f"Errors could not be had: {problem}")], "")
        missing = [n for n, etag in plan.segments.items() if n and have.get(n) != etag]
        slots = asyncio.Semaphore(_PARALLEL)
        seen: set[bytes] = set()
        events = linked.Events(api, replay)

        async def one(n: int) -> Any:
            async with slots:
                if n >= _TRACES:
                    return await linked.trace(api, plan.segments[n].partition("-")[0])
                if n == _LOGS:
                    return await linked.logs(api, link.session, replay)
                if n >= _ERRORS:
                    return await events.event(plan.segments[n])
                return await self._page(api, link, replay, n)

        tasks = [asyncio.create_task(one(n)) for n in missing]
        try:
            for n, task in zip(missing, tasks, strict=True):
                try:
                    found = await task
                except (SourceProblem, NotFound) as error:
                    if not (why := loss(error)):
                        raise
                    yield Segment(n=n, body=b"", headers={}, url="", lost=why)
                    continue
                made, whole = _page_items(found, n, seen) if n < _ERRORS else (found, True)
                yield _segment(link, n, made, plan.segments[n] if whole else "")
        finally:
            events.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _page(self, api: Api, link: Link, replay: Mapping[str, Any], n: int) -> list[msgspec.Raw]:
        project = quote(str(replay.get("project_id") or ""), safe="")
        path = f"projects/{link.account}/{project}/replays/{link.session}/recording-segments/"
        cursor = f"0:{_PAGE * (n - 1)}:0"
        answer = await api.get(
            path, [("download", "true"), ("per_page", str(_PAGE)), ("cursor", cursor)], "project:read"
        )
        try:
            return msgspec.json.decode(answer.body, type=list[msgspec.Raw])
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise odd(api.base, PRODUCT) from error

    async def list(self, http: Http, base: str, token: str, query: str, limit: int) -> list[Mapping[str, Any]]:
        """See `Source`; `base` ends with `/organizations/ORG`, `query` is in Sentry's query language."""
        root, _, org = base.rpartition("/organizations/")

        async def ask(api: Api) -> list[Mapping[str, Any]]:
            found: list[Mapping[str, Any]] = []
            parameters = [("query", query), ("per_page", str(min(100, limit)))]
            async for rows in api.pages("replays/", [*parameters]):
                found += rows
                if len(found) >= limit:
                    break
            return found[:limit]

        return await in_regions(http, Place(base=root, account=org.strip("/")), token, ask)

    async def browse(self, http: Http, place: Place, token: str, query: str, cursor: str, limit: int) -> Page:
        """See `Browser`."""
        return await in_regions(http, place, token, lambda api: browse.page(api, query, cursor, limit))

    async def find(self, http: Http, place: Place, token: str, query: str, limit: int) -> Sequence[FoundSession]:
        """See `Browser`."""
        return await in_regions(http, place, token, lambda api: browse.find(api, query, limit))

    async def issues(self, http: Http, place: Place, token: str, query: str, limit: int) -> Sequence[FoundIssue]:
        """See `IssueLister`."""
        return await in_regions(http, place, token, lambda api: browse.issues(api, query, limit))

    async def maps(self, http: Http, link: Link, token: str, wanted: Sequence[WantedMap]) -> AsyncIterator[FoundMap]:
        """See `MapHolder` and `maps.maps`."""
        base, replay = await self._replay(http, link, token)
        project = text(replay.get("project_id"))
        async for found in maps.maps(Api(http, base, link.account, token), project, wanted):
            yield found

    async def check(self, http: Http, place: Place, token: str) -> Sequence[Check]:
        """See `Browser`."""
        return await in_regions(http, place, token, browse.check)


def _page_items(page: list[msgspec.Raw], n: int, seen: set[bytes]) -> tuple[list[Item], bool]:
    """The items of a page of segments, and whether none of them was lost."""
    made: list[Item] = []
    whole = True
    for k, raw in enumerate(page):
        number, data = _PAGE * (n - 1) + k, bytes(raw)
        if data.strip() in (b"[]", b"null"):
            whole = False
            made.append(finding("missing-segment", f"Segment {number} of the recording is lost at Sentry."))
            continue
        known = hashlib.sha256(data).digest()
        if known not in seen:
            seen.add(known)
            made.append(({"type": "replay_recording"}, b'{"segment_id":%d}\n' % number + data))
    return made, whole


def _facts_item(link: Link, replay: Mapping[str, Any]) -> Item:
    """The replay object in the spelling of an SDK's `replay_event`."""
    releases = items(replay.get("releases"))
    value = {
        **{key: replay.get(key) for key in ("urls", "error_ids", "trace_ids", "user", "environment", "sdk")},
        "type": "replay_event",
        "replay_id": link.session,
        "release": releases[-1] if releases else "",
        "tags": {key: ", ".join(map(str, items(value))) for key, value in mapping(replay.get("tags")).items()},
    }
    return {"type": "replay_event"}, msgspec.json.encode(value)


def _segment(link: Link, n: int, made: list[Item], etag: str) -> Segment:
    """Items as one envelope that names the replay."""
    lines = [msgspec.json.encode({"event_id": link.session, "trace": {"replay_id": link.session}})]
    for head, body in made:
        lines += [msgspec.json.encode({**head, "length": len(body)}), body]
    return Segment(n=n, body=b"\n".join(lines) + b"\n", headers={}, url="/api/0/envelope/", etag=etag)


def _etag(replay: Mapping[str, Any]) -> str:
    return f"{replay.get('count_segments')}-{replay.get('finished_at')}"


def _int(value: Any) -> int:
    return value if isinstance(value, int) and 0 <= value < 100_000 else 0
