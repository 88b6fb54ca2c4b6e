"""Sentry's sessions as lists: by its query language, by a question in plain words; issues; what a token may do."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from replay_viewer.domain.errors import NotFound, SourceProblem
from replay_viewer.sources.base import Check, FoundIssue, FoundSession, Page
from replay_viewer.sources.http import Refused
from replay_viewer.sources.sentry.address import SHORT_ID, issue_url, replay_link
from replay_viewer.sources.sentry.api import Api, Values
from replay_viewer.sources.sentry.resolve import event, resolve
from replay_viewer.sources.shape import count, hex32, is_email, items, mapping, text, time

_PERIOD = ("statsPeriod", "90d")
_ALL = ("project", "-1")
#: A question that is written in Sentry's own language already.
_QUERY = re.compile(r"(^|[\s(!])[a-z][\w.]*:\S")
_ISSUES = 5


async def page(api: Api, query: str, cursor: str, limit: int) -> Page:
    """A page of replays, newest first."""
    parameters: Values = [("query", query), ("per_page", str(limit)), ("sort", "-started_at"), _ALL, _PERIOD]
    rows, following = await api.rows("replays/", parameters, cursor=cursor)
    return Page(sessions=[found(api, row) for row in rows if not row.get("is_archived")], next=following)


async def find(api: Api, query: str, limit: int) -> list[FoundSession]:
    """The replays that answer a question."""
    query = query.strip()
    if id := hex32(query):
        return await _by_id(api, id, limit)
    if SHORT_ID.fullmatch(query.upper()) and any(letter.isdigit() or letter == "-" for letter in query):
        made = await _by_short_id(api, query.upper())
        if made:
            return made
    if is_email(query):
        return [_why(one, "user") for one in (await page(api, f"user.email:{_quoted(query)}", "", limit)).sessions]
    if _QUERY.search(query):
        return (await page(api, query, "", limit)).sessions
    word = _quoted(f"*{query}*")
    people = f"user.email:{word} OR user.username:{word} OR user.id:{_quoted(query)} OR url:{word}"
    sessions = [_why(one, "user or page") for one in (await page(api, people, "", limit)).sessions]
    if len(sessions) < limit:
        sessions += await _by_issues(api, query, limit - len(sessions))
    return list({one.id: one for one in sessions}.values())


async def _by_id(api: Api, id: str, limit: int) -> list[FoundSession]:
    """A replay, or the replays of an error or a trace, by 32 hex digits."""
    try:
        return [_why(found(api, await api.replay(id)), "its id")]
    except NotFound:
        pass
    for query, why in ((f"error_id:{id}", "error"), (f"trace:{id}", "trace")):
        sessions = (await page(api, query, "", limit)).sessions
        if sessions:
            at = await _when(api, id) if why == "error" else None
            return [_why(one, why, at) for one in sessions]
    return []


async def _when(api: Api, id: str) -> float | None:
    try:
        return time((await event(api, id)).get("dateCreated"))
    except (SourceProblem, NotFound):
        return None


async def _by_short_id(api: Api, name: str) -> list[FoundSession]:
    link = msgspec.structs.replace(replay_link(api.base, api.org, ""), target=f"short:{name}")
    try:
        link = await resolve(api, link)
        session = found(api, await api.replay(link.session))
    except NotFound:
        return []
    return [_why(session, f"issue {name}", link.at)]


async def _by_issues(api: Api, query: str, limit: int) -> list[FoundSession]:
    """Replays of the issues whose text matches."""
    listed = await issues(api, query, _ISSUES)
    if not listed:
        return []
    ids = ",".join(one.id for one in listed)
    parameters: Values = [
        ("query", f"issue.id:[{ids}]"), ("data_source", "events"), ("returnIds", "true"), _ALL, _PERIOD,
    ]  # fmt: skip
    stored = await api.object("replay-count/", parameters)
    names = {hex32(text(id)): one.name for one in listed for id in items(stored.get(one.id))}
    wanted = [id for id in names if id][:limit]
    if not wanted:
        return []
    sessions = (await page(api, f"id:[{','.join(wanted)}]", "", len(wanted))).sessions
    return [_why(one, f"issue {names.get(one.id, '')}".strip()) for one in sessions]


async def issues(api: Api, query: str, limit: int) -> list[FoundIssue]:
    """Issues by Sentry's query language, those seen last first."""
    parameters: Values = [
        ("query", query), ("sort", "date"), ("limit", str(min(100, limit))), ("groupStatsPeriod", "24h"),
        ("statsPeriod", "14d"), _ALL,
    ]  # fmt: skip
    made: list[FoundIssue] = []
    async for rows in api.pages("issues/", parameters, "event:read"):
        made += [_issue(api, row) for row in rows if text(row.get("id"))]
        if len(made) >= limit:
            break
    return made[:limit]


async def check(api: Api) -> list[Check]:
    """Ask for one thing of each scope; nothing else is read."""
    checks: list[Check] = []
    replay: dict[str, Any] = {}
    try:
        rows, _ = await api.rows("replays/", [("per_page", "1"), _ALL, _PERIOD])
        replay = rows[0] if rows else {}
        checks.append(Check(name="Replays", scope="org:read"))
    except NotFound as error:
        message = f"There is no organisation “{api.org}” for this token."
        raise NotFound(message, "Check the organisation's short name.") from error
    except Refused as error:
        if error.status == 401:
            raise
        checks.append(Check(name="Replays", scope=error.scope or "org:read", problem=str(error)))
    issue_path = f"organizations/{api.org}/issues/"
    checks.append(await _tried(api, "Issues", "event:read", issue_path, [("limit", "1"), ("query", "")]))
    project = text(replay.get("project_id"))
    if not project:
        try:
            projects, _ = await api.rows("projects/", [("per_page", "1")])
            project = text(projects[0].get("slug")) if projects else ""
        except (SourceProblem, NotFound):
            project = ""
    name, scope = "Recordings and errors", "project:read"
    if not project:
        checks.append(Check(name=name, scope=scope, problem="No project could be found to try it on."))
    else:
        path = f"projects/{api.org}/{project}/events/"
        checks.append(await _tried(api, name, scope, path, [("per_page", "1")]))
    return checks


async def _tried(api: Api, name: str, scope: str, path: str, parameters: Values) -> Check:
    try:
        await api.get(path, parameters, scope)
    except Refused as error:
        return Check(name=name, scope=error.scope or scope, problem=str(error))
    except (SourceProblem, NotFound) as error:
        return Check(name=name, scope=scope, problem=str(error))
    return Check(name=name, scope=scope)


def found(api: Api, row: dict[str, Any]) -> FoundSession:
    """A replay object as a found session."""
    id = hex32(text(row.get("id")))
    user, browser = mapping(row.get("user")), mapping(row.get("browser"))
    named = next(
        (text(user.get(key)) for key in ("email", "display_name", "username", "id", "ip") if user.get(key)), ""
    )
    urls = items(row.get("urls"))
    duration = row.get("duration")
    return FoundSession(
        id=id,
        url=replay_link(api.base, api.org, id).url,
        started=time(row.get("started_at")),
        duration=float(duration) * 1000.0 if isinstance(duration, int | float) else None,
        user=named,
        page=text(urls[0]) if urls else "",
        browser=f"{text(browser.get('name'))} {text(browser.get('version'))}".strip(),
        errors=count(row.get("count_errors")),
    )


def _issue(api: Api, row: dict[str, Any]) -> FoundIssue:
    stats = items(mapping(row.get("stats")).get("24h"))
    project = text(mapping(row.get("project")).get("slug"))
    return FoundIssue(
        id=text(row.get("id")),
        url=issue_url(api.base, api.org, text(row.get("id"))),
        title=text(row.get("title")) or text(mapping(row.get("metadata")).get("title")),
        name=text(row.get("shortId")) or project,
        level=text(row.get("level")) or "error",
        status=text(row.get("status")),
        events=count(row.get("count")),
        users=count(row.get("userCount")),
        first=time(row.get("firstSeen")),
        last=time(row.get("lastSeen")),
        trend=[count(pair[1]) for pair in stats if isinstance(pair, list) and len(pair) == 2],
    )


def _why(session: FoundSession, why: str, at: float | None = None) -> FoundSession:
    return msgspec.structs.replace(session, why=why, at=at if at is not None else session.at)


def _quoted(value: str) -> str:
    """A value of Sentry's query language in quotes."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
