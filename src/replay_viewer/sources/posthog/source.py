"""PostHog, cloud and self-hosted: recordings by its snapshot API, handed on as the bodies its SDK sends.

Shapes: posthog.com `session-replay/snapshot-api`, PostHog/posthog `products/replay`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from replay_viewer.domain.errors import NotFound, SourceProblem
from replay_viewer.domain.time import iso
from replay_viewer.sources.base import Check, FoundIssue, FoundSession, Link, Page, Place, Plan, Segment
from replay_viewer.sources.http import Http, loss
from replay_viewer.sources.posthog import address, browse, resolve
from replay_viewer.sources.posthog.api import PRODUCT, Api, quoted
from replay_viewer.sources.posthog.snapshots import as_sent, asked, captured, groups, whole
from replay_viewer.sources.shape import decoded_object, digest, mapping, objects, seconds, text, time

_EVENTS = 1_000_000
#: Events of the same person on the server belong to the session when they lie this close to it.
_AROUND_MS = 300_000.0


class PostHogSource:
    """Session recordings of PostHog."""

    name = address.NAME
    label = PRODUCT
    account_label = "Project id"

    def recognise(self, url: str) -> Link | None:
        """See `Source` and `address.recognise`."""
        return address.recognise(url)

    def address_at(self, link: Link, after: float) -> str:
        """See `Timed`: `t` is seconds from the start."""
        return f"{link.url}?t={seconds(after)}"

    async def resolve(self, http: Http, link: Link, token: str) -> Link:
        """See `Resolver`."""
        return await resolve.resolve(http, link, token)

    async def plan(self, http: Http, link: Link, token: str) -> Plan:
        """See `Source`: segment 0 is the person, 1… are groups of snapshot keys, then the events."""
        api = await Api.open(http, link, token)
        one = f"session_recordings/{link.session}"
        try:
            recording = await api.object(one + "/")
            answer = await api.get(f"{one}/snapshots", {"blob_v2": "true"})
        except NotFound as error:
            raise NotFound(
                f"PostHog has no recording {link.session[:8]}… in this project.",
                "It may have expired there, or the token is of another project.",
            ) from error
        if text(recording.get("snapshot_source")) == "mobile":
            raise SourceProblem(
                "PostHog records mobile applications as wireframes, which cannot be painted.",
                "Open the recording in PostHog.",
            )
        if whole(answer.body) is not None:  # an old server hands out everything at once
            found = {1: [{"source": "original"}]}
        else:
            found = groups(objects(decoded_object(answer.body, api.base, PRODUCT).get("sources")))
        segments = {0: digest(recording)} if found else {}
        live = ("realtime", "original")
        segments |= {n: "" if group[0].get("source") in live else digest(group) for n, group in found.items()}
        if found:
            segments[_EVENTS] = ""
        return Plan(
            segments=segments, bytes=0, facts={"project": api.project, "recording": recording, "groups": found}
        )

    async def pull(
        self, http: Http, link: Link, token: str, plan: Plan, have: Mapping[int, str]
    ) -> AsyncIterator[Segment]:
        """See `Source`. One request after another: PostHog allows 120 a minute."""
        recording = plan.facts["recording"]
        api = Api(http, link.base, str(plan.facts["project"]), token, link.share)
        if have.get(0) != plan.segments[0]:
            person = await _person(api, recording)
            yield Segment(n=0, body=person, headers={}, url="/flags/", etag=plan.segments[0])
        for n, group in plan.facts["groups"].items():
            etag = plan.segments[n]
            if etag and have.get(n) == etag:
                continue
            path = f"session_recordings/{link.session}/snapshots"
            try:
                if group[0].get("source") == "original":
                    body = await _original(api, path, link)
                else:
                    body = captured((await api.get(path, asked(group))).body, link)
            except (SourceProblem, NotFound) as error:
                if not (why := loss(error)):
                    raise
                yield Segment(n=n, body=b"", headers={}, url="", lost=why)
                continue
            yield Segment(n=n, body=body, headers={}, url="/s/", etag=etag)
        yield await _events(api, link, recording)

    async def list(self, http: Http, base: str, token: str, query: str, limit: int) -> list[Mapping[str, Any]]:
        """See `Source`; `base` ends with `/project/ID`, `query` is a person's uuid or ''."""
        root, _, project = base.rpartition("/project/")
        api = Api(http, root, project.strip("/"), token)
        found: list[Mapping[str, Any]] = []
        while len(found) < limit:
            parameters = {"limit": str(min(50, limit - len(found))), "offset": str(len(found))}
            if query:
                parameters["person_uuid"] = query
            rows, more = await api.recordings(parameters)
            found += rows
            if not rows or not more:
                break
        return found

    async def browse(self, http: Http, place: Place, token: str, query: str, cursor: str, limit: int) -> Page:
        """See `Browser`."""
        return await browse.page(await Api.open(http, place, token), query, cursor, min(limit, 50))

    async def find(self, http: Http, place: Place, token: str, query: str, limit: int) -> Sequence[FoundSession]:
        """See `Browser`."""
        return await browse.find(await Api.open(http, place, token), query, limit)

    async def issues(self, http: Http, place: Place, token: str, query: str, limit: int) -> Sequence[FoundIssue]:
        """See `IssueLister`."""
        return await browse.issues(await Api.open(http, place, token), query, limit)

    async def check(self, http: Http, place: Place, token: str) -> Sequence[Check]:
        """See `Browser`."""
        return await browse.check(await Api.open(http, place, token))


async def _original(api: Api, path: str, link: Link) -> bytes:
    """All pages of the original form."""
    windows: dict[str, list[msgspec.Raw]] = {}
    parameters: dict[str, str] = {}
    while True:
        found = whole((await api.get(path, parameters)).body)
        if found is None:
            raise SourceProblem("PostHog changed the form of its answer in the middle.", "Pull it again.")
        for window, events in found[0].items():
            windows.setdefault(window, []).extend(events)
        # Of the next page's address only what it asks counts: where to ask is known.
        following = {name: values[0] for name, values in parse_qs(urlsplit(found[1]).query).items()}
        if not following or following == parameters:
            return as_sent(windows, link)
        parameters = following


async def _person(api: Api, recording: Mapping[str, Any]) -> bytes:
    """Who it was: from the recording, else by a query. A key that may not ask costs the name, nothing else."""
    inner = mapping(recording.get("person"))
    properties = mapping(inner.get("properties"))
    distinct = text(recording.get("distinct_id"))
    if not properties and distinct:
        try:
            rows, _ = await api.hogql(
                "SELECT person.properties FROM events "  # noqa: S608
                f"WHERE distinct_id = {quoted(distinct)} ORDER BY timestamp DESC LIMIT 1",
                "person of a session",
            )
            properties = _properties(rows[0][0]) if rows and rows[0] else {}
        except (SourceProblem, NotFound):
            properties = {}
    return msgspec.json.encode(
        {"token": "", "distinct_id": distinct, "person_properties": {"name": inner.get("name"), **properties}}
    )


async def _events(api: Api, link: Link, recording: Mapping[str, Any]) -> Segment:
    """Everything the SDK sent besides the recording, and the person's events on the server meanwhile.

    A finding when the key may not ask.
    """
    columns = "uuid, event, timestamp, distinct_id, properties"
    # The id consists of word characters and dashes (see `recognise`).
    own = f"SELECT {columns} FROM events WHERE $session_id = '{link.session}'"  # noqa: S608
    asked_for = [own]
    start, end, distinct = (
        time(recording.get("start_time")), time(recording.get("end_time")), text(recording.get("distinct_id")),
    )  # fmt: skip
    if start and end and distinct:
        low, high = (iso(t)[:19].replace("T", " ") for t in (start - _AROUND_MS, end + _AROUND_MS))
        asked_for.append(
            f"SELECT {columns} FROM events WHERE (empty($session_id) OR isNull($session_id)) "  # noqa: S608
            f"AND properties.$lib != 'web' AND distinct_id = {quoted(distinct)} "
            f"AND timestamp > '{low}' AND timestamp < '{high}'"
        )
    batch: list[dict[str, Any]] = []
    try:
        for query in asked_for:
            async for rows in api.hogql_pages(f"{query} ORDER BY timestamp ASC, uuid ASC", "events of a session"):
                batch += [_event(row, link) for row in rows if len(row) == 5]
    except (SourceProblem, NotFound) as error:
        if not batch:
            value = msgspec.json.encode({"code": "linked-missing", "message": f"Events could not be had: {error}"})
            head = msgspec.json.encode({"type": "replay_viewer_finding", "length": len(value)})
            return Segment(n=_EVENTS, body=b"{}\n" + head + b"\n" + value + b"\n", headers={}, url="/api/0/envelope/")
    return Segment(n=_EVENTS, body=msgspec.json.encode({"batch": batch}), headers={}, url="/e/")


def _event(row: list[Any], link: Link) -> dict[str, Any]:
    uuid, name, timestamp, distinct, given = row
    own = {**_properties(given), "$session_id": link.session}
    return {"uuid": uuid, "event": name, "timestamp": timestamp, "distinct_id": distinct, "properties": own}


def _properties(given: Any) -> dict[str, Any]:
    """Properties of a query's row, which come as JSON in a string."""
    try:
        return mapping(msgspec.json.decode(given) if isinstance(given, str) else given)
    except msgspec.MsgspecError:
        return {}
