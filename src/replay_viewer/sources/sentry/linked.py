"""What belongs to a replay besides its recording: errors with their issues and state, feedback, trace, logs.

Each comes as items of an envelope, the form SDKs send and the importer knows; what cannot be had is a finding.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from replay_viewer.domain.errors import NotFound, SourceProblem
from replay_viewer.formats.sentry.events import STATE_FILE
from replay_viewer.sources.sentry.api import Api, Values
from replay_viewer.sources.sentry.resolve import event_time
from replay_viewer.sources.shape import count, hex32, items, mapping, objects, text

Item = tuple[dict[str, Any], bytes]
_LARGEST_STATE = 20 << 20
_ISSUE_FIELDS = (
    "shortId", "title", "status", "substatus", "level", "priority", "count", "userCount", "firstSeen", "lastSeen",
    "lifetime", "stats", "permalink", "assignedTo", "isUnhandled", "numComments",
)  # fmt: skip


def finding(code: str, message: str) -> Item:
    """A line for the health report."""
    return {"type": "replay_viewer_finding"}, msgspec.json.encode({"code": code, "message": message})


async def error_ids(api: Api, link_id: str, replay: Mapping[str, Any]) -> tuple[list[str], str]:
    """Ids of the events linked to a replay (errors, feedback, performance issues), and why they may not be all."""
    ids = [hex32(text(value)) for value in items(replay.get("error_ids"))]
    problem = ""
    fields: Values = [("field", "id"), ("field", "timestamp")]
    asked: list[tuple[str, Values]] = [
        ("events/", [("dataset", "errors"), *fields, ("query", f"replayId:{link_id}")]),
        ("replays-events-meta/", [("dataset", "issuePlatform"), ("query", f"replayId:[{link_id}]")]),
    ]  # fmt: skip
    for path, parameters in asked:
        parameters += [("project", "-1"), ("per_page", "100"), *_span(replay)]
        try:
            async for rows in api.pages(path, parameters):
                ids += [hex32(text(row.get("id"))) for row in rows]
        except NotFound:
            if path == "events/":
                problem = "Sentry does not list them."
        except SourceProblem as error:
            if path == "events/":  # the other is what Sentry's own page asks, and older servers do not know it
                problem = str(error)
    return [id for id in dict.fromkeys(ids) if id], problem


class Events:
    """The linked events of one pull; each issue is asked for once."""

    def __init__(self, api: Api, replay: Mapping[str, Any]) -> None:
        self._api = api
        self._project = quote(text(replay.get("project_id")), safe="")
        self._issues: dict[str, asyncio.Task[dict[str, Any]]] = {}

    async def event(self, id: str) -> list[Item]:
        """The items of one event; a finding when Sentry does not hand it out."""
        org, why = self._api.org, ""
        for path in (f"projects/{org}/{self._project}/events/{id}/", f"organizations/{org}/eventids/{id}/"):
            try:
                found = mapping(await self._api.json(path, scope="project:read"))
                event = mapping(found.get("event")) or found
                if event:
                    return await self._items(event)
            except NotFound:
                why = "Sentry no longer has it."
            except SourceProblem as error:
                why = str(error)
        return [finding("linked-missing", f"The error {id[:8]}… could not be had: {why}")]

    async def _items(self, event: dict[str, Any]) -> list[Item]:
        contexts = mapping(event.get("contexts"))
        stamp = {"timestamp": (event_time(event) or 0.0) / 1000.0}
        if feedback := mapping(contexts.get("feedback")):
            return [({"type": "feedback"}, msgspec.json.encode({**stamp, "contexts": {"feedback": feedback}}))]
        if group := text(event.get("groupID")):
            event = {**event, "contexts": {**contexts, "issue": await self._issue(group)}}
        made: list[Item] = [({"type": "event"}, msgspec.json.encode(event))]
        if contexts.get("state"):
            made += await self._state(event)
        if report := mapping(event.get("userReport")):
            said = {name: report.get(name) for name in ("name", "email", "comments")}
            made.append(({"type": "user_report"}, msgspec.json.encode({**stamp, **said})))
        return made

    async def _issue(self, group: str) -> dict[str, Any]:
        """What Sentry says of the issue an error belongs to: users affected, counts, status."""
        if group not in self._issues:
            self._issues[group] = asyncio.create_task(self._asked_issue(group))
        return await self._issues[group]

    async def _asked_issue(self, group: str) -> dict[str, Any]:
        try:
            found = await self._api.object(f"issues/{quote(group, safe='')}/", scope="event:read")
        except (SourceProblem, NotFound) as error:
            return {"id": group, "missing": str(error)}
        known = {name: found[name] for name in _ISSUE_FIELDS if found.get(name) not in (None, "", [], {})}
        return {"id": group, **known, "count": count(found.get("count"))}

    async def _state(self, event: dict[str, Any]) -> list[Item]:
        """The state container's content at the error, which the Redux integration attaches."""
        id = text(event.get("eventID") or event.get("id"))
        path = f"projects/{self._api.org}/{self._project}/events/{id}/attachments/"
        try:
            listed = objects(await self._api.json(path, scope="project:read"))
            for one in listed:
                if one.get("name") == STATE_FILE and count(one.get("size")) <= _LARGEST_STATE:
                    where = f"{path}{quote(text(one.get('id')), safe='')}/"
                    answer = await self._api.get(where, [("download", "1")], "project:read")
                    return [({"type": "attachment", "filename": STATE_FILE}, answer.body)]
        except (SourceProblem, NotFound) as error:
            return [finding("linked-missing", f"The state at the error {id[:8]}… could not be had: {error}")]
        return []

    def close(self) -> None:
        """Give up what is still being asked for."""
        for task in self._issues.values():
            task.cancel()


async def logs(api: Api, link_id: str, replay: Mapping[str, Any]) -> list[Item]:
    """Structured logs of the session as one container item."""
    found: list[dict[str, Any]] = []
    fields: Values = [("field", name) for name in ("timestamp", "severity", "message", "trace")]
    for key in ("replay_id", "sentry.replay_id"):
        parameters = [("dataset", "logs"), *fields, ("query", f"{key}:{link_id}"), ("sort", "timestamp")]
        parameters += [("project", "-1"), ("per_page", "100"), *_span(replay)]
        try:
            async for rows in api.pages("events/", parameters):
                found += rows
        except (SourceProblem, NotFound) as error:
            if getattr(error, "status", 0) == 400 and key == "replay_id":
                continue  # which of the two names it goes by differs between versions
            if getattr(error, "status", 0) in (400, 404):
                return []  # this Sentry has no logs
            return [finding("linked-missing", f"Logs could not be had: {error}")]
        break
    if not found:
        return []
    entries = [
        {
            "timestamp": row.get("timestamp"),
            "level": row.get("severity"),
            "body": row.get("message"),
            "attributes": {"sentry.replay_id": link_id, "trace": row.get("trace")},
        }
        for row in found
    ]
    return [({"type": "log"}, msgspec.json.encode({"items": entries}))]


async def trace(api: Api, id: str) -> list[Item]:
    """The transactions of a trace, each with its spans: what the servers did meanwhile."""
    try:
        roots = objects(await api.own(f"trace/{id}/", [("statsPeriod", "90d"), ("project", "-1")]))
    except NotFound:
        return []
    except SourceProblem as error:
        return [finding("linked-missing", f"The trace {id[:8]}… could not be had: {error}")]
    made: list[Item] = []
    waiting = roots
    while waiting:
        node = waiting.pop(0)
        waiting = objects(node.get("children")) + waiting
        if node.get("is_transaction") is True:
            made.append(({"type": "transaction"}, msgspec.json.encode(_transaction(id, node))))
    return made


def _transaction(trace_id: str, node: dict[str, Any]) -> dict[str, Any]:
    spans: list[dict[str, Any]] = []
    waiting = objects(node.get("children"))
    while waiting:
        child = waiting.pop(0)
        if child.get("is_transaction") is True:
            continue  # a row of its own
        spans.append(
            {
                "span_id": child.get("event_id"),
                "op": child.get("op"),
                "description": child.get("description"),
                "start_timestamp": child.get("start_timestamp"),
                "timestamp": child.get("end_timestamp"),
            }
        )
        waiting = objects(child.get("children")) + waiting
    return {
        "transaction": text(node.get("transaction")) or text(node.get("description")) or text(node.get("op")),
        "op": node.get("op"),
        "project": node.get("project_slug"),
        "start_timestamp": node.get("start_timestamp"),
        "timestamp": node.get("end_timestamp"),
        "duration": node.get("duration"),
        "contexts": {"trace": {"trace_id": trace_id, "span_id": node.get("event_id"), "op": node.get("op")}},
        "measurements": mapping(node.get("measurements")),
        "spans": spans,
    }


def _span(replay: Mapping[str, Any]) -> Values:
    """The replay's time as parameters, when it says it."""
    started, finished = replay.get("started_at"), replay.get("finished_at")
    if started and finished:
        return [("start", str(started)), ("end", str(finished))]
    return [("statsPeriod", "90d")]
