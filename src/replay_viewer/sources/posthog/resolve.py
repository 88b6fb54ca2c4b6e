"""From an error, an event or a shared page to the recording it belongs to, and the instant in it."""

from __future__ import annotations

import html
import re

from replay_viewer.domain.errors import NotFound, SourceProblem
from replay_viewer.sources.base import LEAD_MS, Link
from replay_viewer.sources.http import Http
from replay_viewer.sources.posthog.address import ID, recording_link
from replay_viewer.sources.posthog.api import Api, quoted
from replay_viewer.sources.shape import text, time

#: The shared page carries what it shows as JSON in its script (PostHog/posthog `posthog/api/sharing.py`), which the
#: template may have escaped for JavaScript.
_RECORDING = re.compile(r'"recording"\s*:\s*\{[^{}]*?"id"\s*:\s*"([\w-]{8,128})"')
_TEAM = re.compile(r'"current_team"\s*:\s*\{[^{}]*?"id"\s*:\s*(\d+)')
_ESCAPE = re.compile(r"\\u00([0-9a-fA-F]{2})")


async def resolve(http: Http, link: Link, token: str) -> Link:
    """The recording's link. Raises NotFound, SourceProblem."""
    kind, _, value = link.target.partition(":")
    if kind == "shared":
        return await _shared(http, link)
    api = await Api.open(http, link, token)
    if kind == "issue":
        where = f"event = '$exception' AND properties.$exception_issue_id = {quoted(value)}"
        what, missing = "error", "No error of this issue has a recording."
    else:
        where, what, missing = f"uuid = {quoted(value)}", "event", "This event belongs to no recording."
    query = (
        f"SELECT $session_id, timestamp, uuid FROM events WHERE {where} AND notEmpty($session_id) "  # noqa: S608
        "AND timestamp > now() - INTERVAL 90 DAY ORDER BY timestamp DESC LIMIT 50"
    )
    rows, _ = await api.hogql(query, f"session of an {what}")
    times = {text(row[0]): (time(row[1]), text(row[2])) for row in reversed(rows) if len(row) == 3}
    for session in await _recorded(api, list(times)):
        at, id = times[session]
        return recording_link(
            api.base, link.account, session, at=None if at is None else at - LEAD_MS,
            error=id if kind == "issue" else "",
        )  # fmt: skip
    raise NotFound(missing, "Only sampled sessions are recorded, and recordings expire after 30 days or more.")


async def _recorded(api: Api, sessions: list[str]) -> list[str]:
    """Those of the sessions that have a recording, the newest question first."""
    found: list[str] = []
    for session in [one for one in reversed(sessions) if ID.fullmatch(one)][:10]:
        try:
            await api.object(f"session_recordings/{session}/")
        except NotFound:
            continue
        found.append(session)
        break
    return found


async def _shared(http: Http, link: Link) -> Link:
    """What a page somebody shared shows: a recording, or something else."""
    try:
        answer = await http.get(link.url)
    except NotFound as error:
        raise NotFound("PostHog has no such shared page.", "It may have been withdrawn.") from error
    page = html.unescape(answer.body.decode("utf-8", "replace"))
    page = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), page).replace('\\"', '"')
    match = _RECORDING.search(page)
    if not match:
        locked = '"type":"unlock"' in page.replace(" ", "")
        raise SourceProblem(
            "This shared PostHog page wants a password."
            if locked
            else "This shared PostHog page shows no recording.",
            "Ask for the recording's own address.",
        )
    team = _TEAM.search(page)
    return Link(
        source=link.source, url=link.url, base=link.base, session=match[1], account=team[1] if team else "@current",
        offset=link.offset, at=link.at, share=link.share,
    )  # fmt: skip
