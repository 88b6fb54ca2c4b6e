"""From an issue, an error, a short id or a trace to the replay it belongs to, and the instant in it.

An event names its replay in its tag `replayId` or a context; else replays are asked for the
id of the error or the trace.
"""

from __future__ import annotations

from typing import Any

from replay_viewer.domain.errors import NotFound, SourceProblem
from replay_viewer.domain.otherplaces import replay_pages
from replay_viewer.formats.sentry.events import replay_of
from replay_viewer.sources.base import LEAD_MS, Link
from replay_viewer.sources.sentry.address import replay_link
from replay_viewer.sources.sentry.api import Api, Values
from replay_viewer.sources.shape import hex32, mapping, objects, text, time

#: Replays are kept 30 or 90 days.
_KEPT = ("statsPeriod", "90d")
_EVENTS = 50


async def resolve(api: Api, link: Link) -> Link:
    """The replay's link; an instant the URL itself names wins over the error's. Raises NotFound, SourceProblem."""
    kind, _, value = link.target.partition(":")
    if kind == "trace":
        found = await _by_query(api, f"trace:{value}")
        if not found:
            raise NotFound(f"Sentry has no replay of the trace {value[:8]}….", "Only sampled sessions are recorded.")
    elif kind == "event":
        project, issue, id = value.split(":")
        found = await _of_event(api, await event(api, id, project=project, issue=issue))
    else:
        issue = value if kind == "issue" else text((await _short(api, value)).get("groupId"))
        found = await _of_issue(api, issue)
    own = link.offset is not None or link.at is not None
    return replay_link(
        api.base, api.org, found.session, error=found.error,
        offset=link.offset, at=link.at if own else found.at,
    )  # fmt: skip


async def event(api: Api, id: str, *, project: str = "", issue: str = "") -> dict[str, Any]:
    """A whole error event by its id (or `latest`, `oldest`, `recommended` of an issue). Raises NotFound."""
    if issue:
        return await api.object(f"issues/{issue}/events/{id}/", scope="event:read")
    if project:
        try:
            return mapping(await api.json(f"projects/{api.org}/{project}/events/{id}/", scope="project:read"))
        except NotFound:
            pass  # the project may have another name by now
    found = await api.object(f"eventids/{id}/")
    return mapping(found.get("event")) or found


def event_time(event: dict[str, Any]) -> float | None:
    """When an event of the API happened, epoch ms."""
    start = event.get("startTimestamp")
    if isinstance(start, int | float):
        return float(start) * 1000.0
    return time(event.get("dateCreated")) or time(event.get("dateReceived"))


async def _short(api: Api, name: str) -> dict[str, Any]:
    return await api.object(f"shortids/{name}/", scope="event:read")


async def _of_event(api: Api, event: dict[str, Any]) -> Link:
    found = _named(api, event)
    if found:
        return found
    id, when = hex32(text(event.get("eventID") or event.get("id"))), event_time(event)
    trace = text(mapping(mapping(event.get("contexts")).get("trace")).get("trace_id"))
    for query in (f"error_id:{id}" if id else "", f"trace:{hex32(trace)}" if hex32(trace) else ""):
        if query and (found := await _by_query(api, query)):
            return replay_link(api.base, api.org, found.session, at=_before(when), error=id)
    others = replay_pages(event)
    if others:
        name, url = others[0]
        raise NotFound("This error has no replay at Sentry.", f"Its event names a {name} session: {url}")
    raise NotFound("This error has no replay at Sentry.", "Only sampled sessions are recorded; try another event.")


async def _of_issue(api: Api, issue: str) -> Link:
    """The newest event of the issue whose replay is there."""
    parameters: Values = [("full", "true"), ("per_page", str(_EVENTS))]
    events, _ = await api.rows(f"issues/{issue}/events/", parameters, "event:read")
    stored = await _stored(api, issue)
    for one in events:
        found = _named(api, one)
        if found and (stored is None or found.session in stored):
            return found
    if stored:
        return replay_link(api.base, api.org, stored[0])
    for one in events:
        for name, url in replay_pages(one):
            raise NotFound("This issue has no replay at Sentry.", f"An event of it names a {name} session: {url}")
    raise NotFound(
        "No event of this issue has a replay that is still at Sentry.", "Replays expire after 30 or 90 days."
    )


async def _stored(api: Api, issue: str) -> list[str] | None:
    """Ids of the replays of an issue that are still there; None when Sentry does not say."""
    parameters: Values = [
        ("query", f"issue.id:[{issue}]"), ("data_source", "events"), ("returnIds", "true"), ("project", "-1"), _KEPT,
    ]  # fmt: skip
    try:
        found = await api.object("replay-count/", parameters)
    except (SourceProblem, NotFound):
        return None
    listed = found.get(issue)
    return [hex32(id) for id in listed if isinstance(id, str)] if isinstance(listed, list) else None


def _named(api: Api, event: dict[str, Any]) -> Link | None:
    """The replay an event names itself."""
    session = replay_of(event)
    if not session:
        return None
    id = hex32(text(event.get("eventID") or event.get("id")))
    return replay_link(api.base, api.org, session, at=_before(event_time(event)), error=id)


async def _by_query(api: Api, query: str) -> Link | None:
    """The newest replay that answers a query."""
    parameters: Values = [("query", query), ("per_page", "1"), ("project", "-1"), _KEPT]
    found = objects((await api.object("replays/", parameters)).get("data"))
    session = hex32(text(found[0].get("id"))) if found else ""
    return replay_link(api.base, api.org, session) if session else None


def _before(when: float | None) -> float | None:
    return None if when is None else when - LEAD_MS
