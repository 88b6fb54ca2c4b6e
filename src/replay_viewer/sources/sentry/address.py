"""Sentry's addresses: replays, and what leads to one (issues, errors, traces, feedback), old paths and new.

Forms: getsentry/sentry `static/app/views/replays/pathnames.tsx`, `static/app/routes.tsx`.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from replay_viewer.sources.base import Link
from replay_viewer.sources.shape import hex32, moment, offset, parameters, web

NAME = "sentry"
SAAS = "https://sentry.io"

_ORG = re.compile(r"(?P<prefix>/.*)?/organizations/(?P<org>[\w-]+)(?P<rest>/.*)?")
#: Permalinks before organisations had pages of their own: /ORG/PROJECT/issues/1/.
_OLD = re.compile(r"/(?P<org>[\w-]+)/(?P<project>[\w-]+)(?P<rest>/(?:issues|events)/.+)")
_REPLAY = re.compile(r"/(?:explore/)?replays/(?:[\w-]+:)?(?P<id>[0-9a-fA-F-]{32,36})/?")
_EVENT = re.compile(
    r"(?:/issues/(?P<issue>\d+)|/projects/(?P<project>[\w-]+))?/events/(?P<id>[0-9a-fA-F-]{32,36})/?.*"
)
_PICKED = re.compile(r"/issues/(?P<issue>\d+)/events/(?P<id>latest|oldest|recommended)/?.*")
_ISSUE = re.compile(r"/issues/(?P<issue>\d+)(?:/.*)?")
_SHORT_PATH = re.compile(r"/issues/(?P<short>[A-Za-z][\w]*(?:-\w+)*-[0-9A-Za-z]+)(?:/.*)?")
_NAMED = re.compile(r"/(?:[\w-]+/)*(?P<project>[\w-]+):(?P<id>[0-9a-fA-F]{32})/?")
_TRACE = re.compile(r"/(?:[\w-]+/)*trace/(?P<id>[0-9a-fA-F-]{32,36})/?")
_SLUG = re.compile(r"[\w-]+:(\d+)")
#: The name of an issue people quote: the project's slug in capitals, a dash, a number in base 32.
SHORT_ID = re.compile(r"[A-Z][A-Z0-9_]*(?:-[A-Z0-9_]+)*-[0-9A-HJKMNP-TV-Z]+")
_NO_ORG = {"us", "de", "www"}


def recognise(url: str) -> Link | None:
    """The link of a Sentry URL. `t`: seconds from the start; `event_t`, `timestamp`: a time (ISO, epoch s or ms)."""
    if not (found := web(url)):
        return None
    parts, host = found
    saas = host == "sentry.io" or host.endswith(".sentry.io")
    match = _ORG.fullmatch(parts.path)
    old = None if match else _OLD.fullmatch(parts.path)
    label = host.removesuffix(".sentry.io")
    if match:
        org, rest, prefix = match["org"], match["rest"] or "/", match["prefix"] or ""
    elif old and (host in ("sentry.io", "www.sentry.io") or (not saas and "sentry" in host)):
        org, rest, prefix = old["org"], old["rest"], ""
    elif saas and label not in _NO_ORG and label != host:
        org, rest, prefix = label, parts.path, ""
    else:
        return None
    base = f"{parts.scheme}://{parts.netloc.lower()}{prefix}"
    if saas:
        base = f"https://{host}" if label in ("us", "de") else SAAS
    query = parameters(parts)
    after = offset(query.get("t", ""))
    at = moment(query.get("event_t", "")) if after is None else None
    root = f"{SAAS if saas else base}/organizations/{org}"
    if replay := _REPLAY.fullmatch(rest):
        session = hex32(replay["id"])
        return replay_link(base, org, session, offset=after, at=at) if session else None
    if not (aim := _aim(rest, query)):
        return None
    target, path = aim
    if target.startswith("trace:") and after is None and at is None:
        at = moment(query.get("timestamp", ""))
    return Link(
        source=NAME, url=f"{root}{path}", base=base, session="", account=org, target=target, offset=after, at=at
    )


def _aim(rest: str, query: dict[str, str]) -> tuple[str, str] | None:
    """(target, plain path) of what leads to a replay."""
    if rest.rstrip("/") in ("/feedback", "/issues/feedback"):
        slug = _SLUG.fullmatch(query.get("feedbackSlug", ""))
        return (f"issue:{slug[1]}", f"/issues/{slug[1]}/") if slug else None
    if match := _PICKED.fullmatch(rest):
        return f"event::{match['issue']}:{match['id']}", f"/issues/{match['issue']}/events/{match['id']}/"
    if match := _EVENT.fullmatch(rest):
        id, issue, project = hex32(match["id"]), match["issue"] or "", match["project"] or ""
        where = f"/issues/{issue}" if issue else f"/projects/{project}" if project else ""
        return (f"event:{project}:{issue}:{id}", f"{where}/events/{id}/") if id else None
    if match := _ISSUE.fullmatch(rest):
        return f"issue:{match['issue']}", f"/issues/{match['issue']}/"
    if match := _SHORT_PATH.fullmatch(rest):
        short = match["short"].upper()
        return f"short:{short}", f"/issues/{short}/"
    if rest.rstrip("/") == "/issues" and SHORT_ID.fullmatch(short := query.get("query", "").strip().upper()):
        return f"short:{short}", f"/issues/{short}/"
    if match := _TRACE.fullmatch(rest):
        id = hex32(match["id"])
        return (f"trace:{id}", f"/explore/traces/trace/{id}/") if id else None
    if match := _NAMED.fullmatch(unquote(rest)):
        project, id = match["project"], match["id"].lower()
        return f"event:{project}::{id}", f"/projects/{project}/events/{id}/"
    return None


def replay_link(
    base: str, org: str, session: str, *, offset: float | None = None, at: float | None = None, error: str = ""
) -> Link:
    """The link of a replay; SaaS regions share one address."""
    root = SAAS if base.endswith(".sentry.io") or base == SAAS else base
    url = f"{root}/organizations/{quote(org, safe='')}/explore/replays/{session}/"
    return Link(source=NAME, url=url, base=base, session=session, account=org, offset=offset, at=at, error=error)


def issue_url(base: str, org: str, id: str) -> str:
    """The address of an issue."""
    root = SAAS if base.endswith(".sentry.io") or base == SAAS else base
    return f"{root}/organizations/{quote(org, safe='')}/issues/{quote(id, safe='')}/"
