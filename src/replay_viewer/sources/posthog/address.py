"""PostHog's addresses: recordings in every place its application shows them, shared pages, errors and events.

Forms: PostHog/posthog `products/replay/manifest.tsx`, `frontend/src/scenes/urls.ts`; posthog-js
`get_session_replay_url`, which puts the project's token in the place of its id.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from replay_viewer.sources.base import Link
from replay_viewer.sources.shape import number, offset, parameters, web

NAME = "posthog"

_PROJECT = re.compile(r"(?P<prefix>/.*?)?/project/(?P<project>@current|[\w-]+)(?P<rest>/.*)?")
_RECORDING = re.compile(r"/(?:replay|recordings)(?:/(?P<rest>.*))?")
_SHARED = re.compile(r"(?P<prefix>/.*?)?/(?:shared|embedded)/(?P<token>[\w-]{8,200})/?")
_ISSUE = re.compile(r"/error_tracking/(?P<id>[0-9a-fA-F-]{32,36})(?:/.*)?")
_EVENT = re.compile(r"/events/(?P<id>[\w-]{8,64})(?:/(?P<time>[^/]+))?/?")
ID = re.compile(r"[\w-]{8,128}", re.ASCII)
_PLACES = {"home", "recent", "playlists", "file-playback", "settings", "templates", "kiosk"}


def recognise(url: str) -> Link | None:
    """The link of a PostHog URL. `t`: seconds from the start; `timestamp`: epoch ms."""
    if not (seen := web(url)):
        return None
    parts, host = seen
    cloud = host == "posthog.com" or host.endswith(".posthog.com")
    query = parameters(parts)
    root = f"{parts.scheme}://{'us.posthog.com' if host == 'app.posthog.com' else parts.netloc.lower()}"
    after, at = offset(query.get("t", "")), number(query.get("timestamp", ""))
    at = at if after is None else None
    if cloud and (match := _SHARED.fullmatch(parts.path)):
        token = match["token"]
        base = f"{root}{match['prefix'] or ''}"
        where = f"{base}/shared/{token}"
        return Link(source=NAME, url=where, base=base, session="", target="shared", share=token, offset=after, at=at)
    match = _PROJECT.fullmatch(parts.path)
    rest = (match["rest"] or "/") if match else parts.path
    if not match and not cloud:
        return None
    base = f"{root}{match['prefix'] or ''}" if match else root
    project = match["project"] if match else "@current"
    listed = _RECORDING.fullmatch(rest)
    first = (listed["rest"] or "").split("/")[0] if listed else ""
    session = query.get("sessionRecordingId", "") or ("" if first in _PLACES else first)
    if ID.fullmatch(session):
        return recording_link(base, project, session, offset=after, at=at)
    if issue := _ISSUE.fullmatch(rest):
        id = issue["id"].lower()
        where = f"{base}/project/{project}/error_tracking/{id}"
        return Link(source=NAME, url=where, base=base, session="", account=project, target=f"issue:{id}")
    if event := _EVENT.fullmatch(unquote(rest)):
        id = event["id"]
        where = f"{base}/project/{project}/events/{quote(id, safe='')}"
        return Link(source=NAME, url=where, base=base, session="", account=project, target=f"event:{id}")
    return None


def recording_link(
    base: str, project: str, session: str, *, offset: float | None = None, at: float | None = None, error: str = ""
) -> Link:
    """The link of a recording."""
    url = f"{base}/project/{project}/replay/{session}"
    return Link(source=NAME, url=url, base=base, session=session, account=project, offset=offset, at=at, error=error)
