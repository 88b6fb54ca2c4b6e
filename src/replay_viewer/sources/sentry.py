"""Sentry, SaaS and self-hosted: replays by its documented API, handed on as the envelopes its SDKs send.

Addresses, scopes and shapes: getsentry/sentry-api-schema and `static/app/views/replays/pathnames.tsx`.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import msgspec

from replay_viewer.domain.errors import BadInput, NotFound, SourceProblem
from replay_viewer.domain.time import iso_to_ms
from replay_viewer.sources.base import Link, Plan, Segment
from replay_viewer.sources.http import Http

_PATH = re.compile(
    r"(?P<prefix>/.*)?(?:/organizations/(?P<org>[\w-]+))/(?:explore/)?replays/(?:[\w-]+:)?(?P<id>[0-9a-fA-F-]{32,36})/?"
)
_SHORT = re.compile(r"(?P<prefix>)/(?:explore/)?replays/(?:[\w-]+:)?(?P<id>[0-9a-fA-F-]{32,36})/?")
_HEX = re.compile(r"[0-9a-f]{32}")
_REGIONS = ("https://us.sentry.io", "https://de.sentry.io")
_NO_ORG = {"us", "de", "www"}
_PAGE = 100
_PARALLEL = 4
_ERRORS = 1_000_000
#: `event_t` below this is seconds, as in Sentry's own page.
_SECONDS_BELOW = 9_999_999_999.0


class SentrySource:
    """Replays of Sentry."""

    name = "sentry"

    def recognise(self, url: str) -> Link | None:
        """See `Source`. `t`: seconds from the start; `event_t`: a time (ISO, epoch s or ms)."""
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").lower()
        if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
            return None
        saas = host == "sentry.io" or host.endswith(".sentry.io")
        match = _PATH.fullmatch(parts.path) or (_SHORT.fullmatch(parts.path) if saas else None)
        if not match:
            return None
        session = match["id"].replace("-", "").lower()
        label = host.removesuffix(".sentry.io")
        org = match.groupdict().get("org") or (label if saas and label not in _NO_ORG and label != host else "")
        if not org or not _HEX.fullmatch(session):
            return None
        region = f"https://{host}" if label in ("us", "de") else "https://sentry.io"
        base = region if saas else f"{parts.scheme}://{parts.netloc.lower()}{match['prefix'] or ''}"
        query = parse_qs(parts.query)
        offset = _number(query.get("t", [""])[0])
        return Link(
            source=self.name,
            url=f"{'https://sentry.io' if saas else base}/organizations/{org}/explore/replays/{session}/",
            base=base,
            session=session,
            account=org,
            offset=None if offset is None else offset * 1000.0,
            at=None if offset is not None else _moment(query.get("event_t", [""])[0]),
        )

    async def plan(self, http: Http, link: Link, token: str) -> Plan:
        """See `Source`: segment 0 is what Sentry says of the replay, 1… are pages, then the errors."""
        base, replay = await self._replay(http, link, token)
        if replay.get("is_archived"):
            raise NotFound("The replay was deleted at Sentry.", "It is gone there for good.")
        pages = max(1, -(-_int(replay.get("count_segments")) // _PAGE))
        segments = {0: _digest(replay)} | {n: f"page-{n}-{_etag(replay)}" for n in range(1, pages + 1)}
        errors, problem = await self._errors(http, base, link, token, replay)
        segments |= {_ERRORS + n: found for n, found in enumerate(errors)}
        return Plan(segments=segments, bytes=0, facts={"base": base, "replay": replay, "problem": problem})

    async def _replay(self, http: Http, link: Link, token: str) -> tuple[str, dict[str, Any]]:
        """(API's address, replay object); SaaS organisations live in one of the regions."""
        bases = _REGIONS if link.base == "https://sentry.io" else (link.base,)
        for n, base in enumerate(bases):
            try:
                found = await self._json(
                    http, f"{base}/api/0/organizations/{link.account}/replays/{link.session}/", token
                )
            except NotFound as error:
                if n + 1 == len(bases):
                    raise NotFound(
                        f"Sentry has no replay {link.session[:8]}… in “{link.account}”.",
                        "It may have expired (after 30 or 90 days), or the token sees another organisation.",
                    ) from error
                continue
            replay = found.get("data") if isinstance(found, dict) else None
            if isinstance(replay, dict):
                return base, replay
            raise _odd(base)
        raise AssertionError("the last region returns or raises")

    async def _errors(
        self, http: Http, base: str, link: Link, token: str, replay: Mapping[str, Any]
    ) -> tuple[list[str], str]:
        """Ids of the errors of the replay, and why they may not be all ('' when they are)."""
        ids = [_plain(value) for value in _list(replay.get("error_ids"))]
        parameters: list[tuple[str, str | int | float | bool | None]] = [
            ("dataset", "errors"), ("field", "id"), ("field", "timestamp"),
            ("query", f"replayId:{link.session}"), ("per_page", "100"),
        ]  # fmt: skip
        if replay.get("started_at") and replay.get("finished_at"):
            parameters += [("start", str(replay["started_at"])), ("end", str(replay["finished_at"]))]
        problem = ""
        try:
            url = f"{base}/api/0/organizations/{link.account}/events/"
            answer = await http.get(url, token=token, parameters=parameters, scope="org:read")
            found = _decoded(answer.body, base)
            rows = _list(found.get("data")) if isinstance(found, dict) else []
            ids += [_plain(row.get("id")) for row in rows if isinstance(row, dict)]
        except (SourceProblem, NotFound) as error:
            problem = str(error)
        return [id for id in dict.fromkeys(ids) if _HEX.fullmatch(id)], problem

    async def pull(
        self, http: Http, link: Link, token: str, plan: Plan, have: Mapping[int, str]
    ) -> AsyncIterator[Segment]:
        """See `Source`. Pages are asked for in parallel; the same segment twice is taken once."""
        base, replay = str(plan.facts["base"]), plan.facts["replay"]
        if have.get(0) != plan.segments[0]:
            yield _segment(link, 0, [_facts_item(link, replay)], plan.segments[0])
        if problem := plan.facts.get("problem"):
            yield _segment(link, _ERRORS - 1, [_finding("linked-missing", f"Errors could not be had: {problem}")], "")
        missing = [n for n, etag in plan.segments.items() if n and have.get(n) != etag]
        slots = asyncio.Semaphore(_PARALLEL)
        seen: set[bytes] = set()

        async def one(n: int) -> Any:
            async with slots:
                if n >= _ERRORS:
                    return await self._event(http, base, link, token, replay, plan.segments[n])
                return await self._page(http, base, link, token, replay, n)

        tasks = [asyncio.create_task(one(n)) for n in missing]
        try:
            for n, task in zip(missing, tasks, strict=True):
                items, whole = _page_items(await task, n, seen) if n < _ERRORS else (await task, True)
                yield _segment(link, n, items, plan.segments[n] if whole else "")
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _page(
        self, http: Http, base: str, link: Link, token: str, replay: Mapping[str, Any], n: int
    ) -> list[msgspec.Raw]:
        project = quote(str(replay.get("project_id") or ""), safe="")
        url = f"{base}/api/0/projects/{link.account}/{project}/replays/{link.session}/recording-segments/"
        parameters = {"download": "true", "per_page": str(_PAGE), "cursor": f"0:{_PAGE * (n - 1)}:0"}
        answer = await http.get(url, token=token, parameters=parameters, scope="project:read")
        try:
            return msgspec.json.decode(answer.body, type=list[msgspec.Raw])
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise _odd(base) from error

    async def _event(
        self, http: Http, base: str, link: Link, token: str, replay: Mapping[str, Any], id: str
    ) -> list[tuple[dict[str, Any], bytes]]:
        """The error's item; a finding when Sentry does not hand it out."""
        project = quote(str(replay.get("project_id") or ""), safe="")
        tries = (f"projects/{link.account}/{project}/events/{id}/", f"organizations/{link.account}/eventids/{id}/")
        why = ""
        for path in tries:
            try:
                answer = await http.get(f"{base}/api/0/{path}", token=token, scope="project:read")
                found = _decoded(answer.body, base)
                event = found.get("event", found) if isinstance(found, dict) else None
                if isinstance(event, dict):
                    return [({"type": "event"}, msgspec.json.encode(event))]
            except NotFound:
                why = "Sentry no longer has it."
            except SourceProblem as error:
                why = str(error)
        return [_finding("linked-missing", f"The error {id[:8]}… could not be had: {why}")]

    async def list(self, http: Http, base: str, token: str, query: str, limit: int) -> list[Mapping[str, Any]]:
        """See `Source`; `base` ends with `/organizations/ORG`, `query` is in Sentry's query language."""
        root, _, org = base.rpartition("/organizations/")
        found: list[Mapping[str, Any]] = []
        cursor = "0:0:0"
        while cursor and len(found) < limit:
            parameters = {"query": query, "per_page": str(min(100, limit - len(found))), "cursor": cursor}
            url = f"{root}/api/0/organizations/{org.strip('/')}/replays/"
            answer = await http.get(url, token=token, parameters=parameters, scope="org:read")
            page = _decoded(answer.body, root)
            found += _list(page.get("data")) if isinstance(page, dict) else []
            cursor = next_cursor(answer.headers.get("link", ""))
        return found

    async def _json(self, http: Http, url: str, token: str) -> Any:
        return _decoded((await http.get(url, token=token, scope="org:read")).body, url)


def next_cursor(header: str) -> str:
    """The cursor of the next page from a `Link` header; '' at the end (the link is there all the same)."""
    for part in header.split(", <"):
        if 'rel="next"' in part and 'results="true"' in part and (match := re.search(r'cursor="([^"]+)"', part)):
            return match[1]
    return ""


def _page_items(page: list[msgspec.Raw], n: int, seen: set[bytes]) -> tuple[list[tuple[dict[str, Any], bytes]], bool]:
    """The items of a page of segments, and whether none of them was lost."""
    items: list[tuple[dict[str, Any], bytes]] = []
    whole = True
    for k, raw in enumerate(page):
        number, data = _PAGE * (n - 1) + k, bytes(raw)
        if data.strip() in (b"[]", b"null"):
            whole = False
            items.append(_finding("missing-segment", f"Segment {number} of the recording is lost at Sentry."))
            continue
        digest = hashlib.sha256(data).digest()
        if digest not in seen:
            seen.add(digest)
            items.append(({"type": "replay_recording"}, b'{"segment_id":%d}\n' % number + data))
    return items, whole


def _finding(code: str, message: str) -> tuple[dict[str, Any], bytes]:
    return {"type": "replay_viewer_finding"}, msgspec.json.encode({"code": code, "message": message})


def _facts_item(link: Link, replay: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
    """The replay object in the spelling of an SDK's `replay_event`."""
    tags = replay.get("tags")
    releases = _list(replay.get("releases"))
    value = {
        **{key: replay.get(key) for key in ("urls", "error_ids", "trace_ids", "user", "environment", "sdk")},
        "type": "replay_event",
        "replay_id": link.session,
        "release": releases[-1] if releases else "",
        "tags": {key: ", ".join(map(str, _list(value))) for key, value in tags.items()}
        if isinstance(tags, dict)
        else {},
    }
    return {"type": "replay_event"}, msgspec.json.encode(value)


def _segment(link: Link, n: int, items: list[tuple[dict[str, Any], bytes]], etag: str) -> Segment:
    """Items as one envelope that names the replay."""
    lines = [msgspec.json.encode({"event_id": link.session, "trace": {"replay_id": link.session}})]
    for head, body in items:
        lines += [msgspec.json.encode({**head, "length": len(body)}), body]
    return Segment(n=n, body=b"\n".join(lines) + b"\n", headers={}, url="/api/0/envelope/", etag=etag)


def _decoded(body: bytes, base: str) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _odd(base) from error


def _odd(base: str) -> SourceProblem:
    return SourceProblem(f"{urlsplit(base).netloc} does not answer as Sentry does.", "Check the address.")


def _digest(value: Any) -> str:
    return hashlib.sha256(msgspec.json.encode(value)).hexdigest()[:32]


def _etag(replay: Mapping[str, Any]) -> str:
    return f"{replay.get('count_segments')}-{replay.get('finished_at')}"


def _plain(value: Any) -> str:
    return value.replace("-", "").lower() if isinstance(value, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _int(value: Any) -> int:
    return value if isinstance(value, int) and 0 <= value < 100_000 else 0


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < 1e15 else None


def _moment(text: str) -> float | None:
    number = _number(text)
    if number is not None:
        return number * 1000.0 if number < _SECONDS_BELOW else number
    try:
        return iso_to_ms(text) if text else None
    except BadInput:
        return None
