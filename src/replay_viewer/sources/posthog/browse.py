"""PostHog's recordings as lists: newest first, by a person or a question in plain words; issues; a key's scopes."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from replay_viewer.domain.errors import NotFound, SourceProblem
from replay_viewer.sources.base import Check, FoundIssue, FoundSession, Page
from replay_viewer.sources.http import Refused
from replay_viewer.sources.posthog.address import ID, recording_link
from replay_viewer.sources.posthog.api import RECORDINGS, Api, person_name, quoted
from replay_viewer.sources.shape import count, decoded_object, is_email, mapping, objects, text, time

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_CHECKS = (
    ("Events", "query:read", "query"),
    ("Persons", "person:read", "persons/?limit=1"),
    ("Project", "project:read", ""),
    ("Error tracking", "error_tracking:read", "error_tracking/issues/?limit=1"),
)


async def page(api: Api, query: str, cursor: str, limit: int) -> Page:
    """A page of recordings, newest first; a query is answered as by `find`, on one page."""
    if query.strip():
        return Page(sessions=await find(api, query, limit))
    start = int(cursor) if cursor.isdigit() else 0
    parameters = {"limit": str(limit), "offset": str(start), "date_from": "-30d"}
    rows, more = await api.recordings(parameters)
    return Page(
        sessions=[found(api, row) for row in rows if text(row.get("id"))], next=str(start + len(rows)) if more else ""
    )


async def find(api: Api, query: str, limit: int) -> list[FoundSession]:
    """Recordings of a person (e-mail, id, name), of an event or issue id, or whose errors and pages say it."""
    query = query.strip()
    if _UUID.fullmatch(query) and (known := await _one(api, query)):
        return [known]
    term, anywhere = quoted(query), quoted(f"%{_like(query)}%")
    if is_email(query):
        where = f"person.properties.email = {term} OR distinct_id = {term}"
    elif _UUID.fullmatch(query):
        where = f"uuid = {term} OR properties.$exception_issue_id = {term} OR distinct_id = {term}"
    else:
        where = (
            f"distinct_id = {term} OR person.properties.email ILIKE {anywhere} "
            f"OR person.properties.name ILIKE {anywhere} OR properties.$current_url ILIKE {anywhere} "
            f"OR (event = '$exception' AND toString(properties.$exception_values) ILIKE {anywhere})"
        )
    hogql = (
        "SELECT $session_id, min(timestamp), max(timestamp), any(distinct_id), any(person.properties.email), "  # noqa: S608
        "any(properties.$current_url), countIf(event = '$exception'), "
        "minIf(timestamp, event = '$exception') FROM events "
        f"WHERE timestamp > now() - INTERVAL 30 DAY AND notEmpty($session_id) AND ({where}) "
        f"GROUP BY $session_id ORDER BY max(timestamp) DESC LIMIT {int(limit)}"
    )
    rows, _ = await api.hogql(hogql, "sessions of a question")
    sessions = [text(row[0]) for row in rows if len(row) == 8 and ID.fullmatch(text(row[0]))]
    if not sessions:
        return []
    listed, _ = await api.recordings(
        {"session_ids": msgspec.json.encode(sessions).decode(), "limit": str(len(sessions)), "date_from": "-30d"}
    )
    recorded = {text(row.get("id")): found(api, row) for row in listed}
    made: list[FoundSession] = []
    for row in rows:
        session = recorded.get(text(row[0]))
        if session is not None:
            errors = count(row[6])
            made.append(
                msgspec.structs.replace(
                    session, page=session.page or text(row[5]), user=text(row[4]) or session.user,
                    errors=errors, at=time(row[7]) if errors else None, why="user" if is_email(query) else "events",
                )
            )  # fmt: skip
    return made


async def _one(api: Api, id: str) -> FoundSession | None:
    try:
        return found(api, await api.object(f"session_recordings/{id}/"), why="its id")
    except NotFound:
        return None


async def issues(api: Api, query: str, limit: int) -> list[FoundIssue]:
    """Issues of error tracking, those seen last first."""
    asked: dict[str, Any] = {
        "kind": "ErrorTrackingQuery", "dateRange": {"date_from": "-30d"}, "orderBy": "last_seen", "limit": limit,
        "volumeResolution": 24, "status": "active",
    }  # fmt: skip
    if query.strip():
        asked["searchQuery"] = query.strip()
    answer = await api.http.get(
        f"{api.root}/query/", token=api._token, query={"query": asked}, scope="error_tracking:read"
    )
    rows = objects(decoded_object(answer.body, api.base, "PostHog").get("results"))
    made = []
    for row in rows[:limit]:
        totals = mapping(row.get("aggregations"))
        id = text(row.get("id"))
        url = f"{api.base}/project/{api.project}/error_tracking/{id}"
        trend = totals.get("volumeRange") or totals.get("volume_range")
        made.append(
            FoundIssue(
                id=id, url=url, title=text(row.get("name")), name=text(row.get("description"))[:60],
                status=text(row.get("status")), events=count(totals.get("occurrences")),
                users=count(totals.get("users")), first=time(row.get("first_seen")), last=time(row.get("last_seen")),
                trend=[count(one) for one in trend] if isinstance(trend, list) else [],
            )
        )  # fmt: skip
    return made


async def check(api: Api) -> list[Check]:
    """Ask for one thing of each scope."""
    checks: list[Check] = []
    try:
        await api.recordings({"limit": "1"})
        checks.append(Check(name="Recordings", scope=RECORDINGS))
    except NotFound as error:
        raise NotFound(
            f"PostHog has no project {api.project} for this key.", "Check the project's id in its settings."
        ) from error
    except Refused as error:
        if error.status == 401:
            raise
        checks.append(Check(name="Recordings", scope=error.scope or RECORDINGS, problem=str(error)))
    for name, scope, path in _CHECKS:
        problem = ""
        try:
            if path == "query":
                await api.hogql("SELECT 1", "test of the connection")
            else:
                await api.get(path, None, scope)
        except Refused as error:
            scope, problem = error.scope or scope, str(error)
        except (SourceProblem, NotFound) as error:
            problem = str(error)
        checks.append(Check(name=name, scope=scope, problem=problem))
    return checks


def found(api: Api, row: dict[str, Any], why: str = "") -> FoundSession:
    """A recording of the list as a found session."""
    id = text(row.get("id"))
    duration = row.get("recording_duration")
    return FoundSession(
        id=id,
        url=recording_link(api.base, api.project, id).url,
        started=time(row.get("start_time")),
        duration=float(duration) * 1000.0 if isinstance(duration, int | float) else None,
        user=person_name(row),
        page=text(row.get("start_url")),
        errors=count(row.get("console_error_count")),
        why=why,
    )


def _like(value: str) -> str:
    """A pattern of LIKE that means the text itself."""
    return value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
