"""PostHog, cloud and self-hosted: recordings by its snapshot API, handed on as the bodies its SDK sends.

Shapes: posthog.com `session-replay/snapshot-api`, PostHog/posthog `products/replay`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from replay_viewer.domain.errors import NotFound, SourceProblem
from replay_viewer.sources.base import Link, Plan, Segment
from replay_viewer.sources.http import Http, Parameters

_REPLAY = re.compile(
    r"(?P<prefix>/.*?)?/project/(?P<project>@current|[\w-]+)/(?:replay|recordings)(?:/(?P<rest>.*))?"
)
_LEGACY = re.compile(r"(?P<prefix>)/(?:replay|recordings)(?:/(?P<rest>.*))?")
_ID = re.compile(r"[\w-]{8,128}", re.ASCII)
_PLACES = {"home", "recent", "playlists", "file-playback", "settings", "templates"}
_KEYS = 20
_ROWS = 10_000
_EVENTS = 1_000_000


class PostHogSource:
    """Session recordings of PostHog."""

    name = "posthog"

    def recognise(self, url: str) -> Link | None:
        """See `Source`. `t`: seconds from the start; `timestamp`: epoch ms."""
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").lower()
        if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
            return None
        cloud = host == "posthog.com" or host.endswith(".posthog.com")
        match = _REPLAY.fullmatch(parts.path) or (_LEGACY.fullmatch(parts.path) if cloud else None)
        if not match:
            return None
        query = parse_qs(parts.query) | parse_qs(parts.fragment.lstrip("?"))
        first = (match["rest"] or "").split("/")[0]
        session = query.get("sessionRecordingId", [""])[0] or ("" if first in _PLACES else first)
        if not _ID.fullmatch(session):
            return None
        project = match.groupdict().get("project") or "@current"
        netloc = "us.posthog.com" if host == "app.posthog.com" else parts.netloc.lower()
        base = f"{parts.scheme}://{netloc}{match['prefix'] or ''}"
        offset, at = (_number(query.get(name, [""])[0]) for name in ("t", "timestamp"))
        return Link(
            source=self.name,
            url=f"{base}/project/{project}/replay/{session}",
            base=base,
            session=session,
            account=project,
            offset=None if offset is None else offset * 1000.0,
            at=at if offset is None else None,
        )

    async def plan(self, http: Http, link: Link, token: str) -> Plan:
        """See `Source`: segment 0 is the person, 1… are groups of snapshot keys, then the events."""
        project = await self._project(http, link, token)
        root = f"{link.base}/api/projects/{project}"
        one = f"{root}/session_recordings/{link.session}"
        try:
            recording = await _json(http, one + "/", token, None, "session_recording:read")
            listed = await _json(http, f"{one}/snapshots", token, {"blob_v2": "true"}, "session_recording:read")
        except NotFound as error:
            raise NotFound(
                f"PostHog has no recording {link.session[:8]}… in this project.",
                "It may have expired there, or the token is of another project.",
            ) from error
        groups = _groups([one for one in _list(listed.get("sources")) if isinstance(one, dict)])
        segments = {0: _digest(recording)} if groups else {}
        segments |= {n: "" if group[0].get("source") == "realtime" else _digest(group) for n, group in groups.items()}
        if groups:
            segments[_EVENTS] = ""
        return Plan(segments=segments, bytes=0, facts={"root": root, "recording": recording, "groups": groups})

    async def _project(self, http: Http, link: Link, token: str) -> str:
        """The project's id; the SDK's own links hold its token instead."""
        if not link.account.startswith("phc_"):
            return link.account
        offset = 0
        while True:
            parameters = {"limit": "100", "offset": str(offset)}
            page = await _json(http, f"{link.base}/api/projects/", token, parameters, "project:read")
            found = _list(page.get("results"))
            for project in found:
                if isinstance(project, dict) and project.get("api_token") == link.account:
                    return str(project.get("id"))
            offset += len(found)
            if not found or not page.get("next"):
                raise NotFound(
                    "None of your PostHog projects has this link's project token.", "Use a key that sees it."
                )

    async def pull(
        self, http: Http, link: Link, token: str, plan: Plan, have: Mapping[int, str]
    ) -> AsyncIterator[Segment]:
        """See `Source`. One request after another: PostHog allows 120 a minute."""
        root, recording = str(plan.facts["root"]), plan.facts["recording"]
        if have.get(0) != plan.segments[0]:
            yield Segment(n=0, body=_person(recording), headers={}, url="/flags/", etag=plan.segments[0])
        for n, group in plan.facts["groups"].items():
            etag = plan.segments[n]
            if etag and have.get(n) == etag:
                continue
            answer = await http.get(
                f"{root}/session_recordings/{link.session}/snapshots",
                token=token, parameters=_asked(group), scope="session_recording:read",
            )  # fmt: skip
            yield Segment(n=n, body=_captured(answer.body, link), headers={}, url="/s/", etag=etag)
        yield await self._events(http, root, link, token)

    async def _events(self, http: Http, root: str, link: Link, token: str) -> Segment:
        """Everything the SDK sent besides the recording; a finding when the key may not ask."""
        batch: list[dict[str, Any]] = []
        try:
            while True:
                # The id consists of word characters and dashes (see `recognise`).
                text = (
                    "SELECT uuid, event, timestamp, distinct_id, properties FROM events "  # noqa: S608
                    f"WHERE $session_id = '{link.session}' ORDER BY timestamp ASC, uuid ASC "
                    f"LIMIT {_ROWS} OFFSET {len(batch)}"
                )
                query = {"query": {"kind": "HogQLQuery", "query": text}, "name": "replay viewer: events of a session"}
                answer = await http.get(f"{root}/query/", token=token, query=query, scope="query:read")
                page = _object(answer.body, root)
                rows = [row for row in _list(page.get("results")) if isinstance(row, list) and len(row) == 5]
                batch += [_event(row, link) for row in rows]
                if not rows or not page.get("hasMore"):
                    break
        except (SourceProblem, NotFound) as error:
            value = msgspec.json.encode({"code": "linked-missing", "message": f"Events could not be had: {error}"})
            head = msgspec.json.encode({"type": "replay_viewer_finding", "length": len(value)})
            return Segment(n=_EVENTS, body=b"{}\n" + head + b"\n" + value + b"\n", headers={}, url="/api/0/envelope/")
        return Segment(n=_EVENTS, body=msgspec.json.encode({"batch": batch}), headers={}, url="/e/")

    async def list(self, http: Http, base: str, token: str, query: str, limit: int) -> list[Mapping[str, Any]]:
        """See `Source`; `base` ends with `/project/ID`, `query` is a person's uuid or ''."""
        root, _, project = base.rpartition("/project/")
        found: list[Mapping[str, Any]] = []
        while len(found) < limit:
            parameters = {"limit": str(min(50, limit - len(found))), "offset": str(len(found))}
            if query:
                parameters["person_uuid"] = query
            url = f"{root}/api/projects/{project.strip('/')}/session_recordings/"
            page = await _json(http, url, token, parameters, "session_recording:read")
            rows = _list(page.get("results"))
            found += rows
            if not rows or not (page.get("has_next") or page.get("next")):
                break
        return found


def _groups(sources: list[dict[str, Any]]) -> dict[int, list[dict[str, Any]]]:
    """What each request asks for: blob_v2 alone when there is any, its plain keys by twenty."""
    newest = [one for one in sources if one.get("source") == "blob_v2"]
    groups: list[list[dict[str, Any]]] = []
    for one in newest or sources:
        key = str(one.get("blob_key") or "")
        follows = bool(groups) and key.isdigit() and len(groups[-1]) < _KEYS
        last = str(groups[-1][-1].get("blob_key") or "") if groups else ""
        if newest and follows and last.isdigit() and int(key) == int(last) + 1:
            groups[-1].append(one)
        else:
            groups.append([one])
    return dict(enumerate(groups, 1))


def _asked(group: list[dict[str, Any]]) -> Parameters:
    first, last = (str(one.get("blob_key") or "") for one in (group[0], group[-1]))
    source = str(group[0].get("source") or "blob")
    if len(group) > 1:
        return {"source": source, "start_blob_key": first, "end_blob_key": last}
    return {"source": source, "blob_key": first} if first else {"source": source}


class _Line(msgspec.Struct):
    data: list[msgspec.Raw]
    window_id: str | None = None
    windowId: str | None = None  # noqa: N815  the wire's name


def _captured(body: bytes, link: Link) -> bytes:
    """Lines of snapshots as the body the SDK sends, so that each piece names its session and window."""
    windows: dict[str, list[msgspec.Raw]] = {}
    seen: set[bytes] = set()
    for line in body.split(b"\n"):
        if not line.strip() or line in seen:
            continue
        seen.add(line)
        try:
            if line.lstrip().startswith(b"["):
                window, event = msgspec.json.decode(line, type=tuple[str, msgspec.Raw])
                windows.setdefault(window, []).append(event)
            else:
                found = msgspec.json.decode(line, type=_Line)
                windows.setdefault(found.window_id or found.windowId or "", []).extend(found.data)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise _odd(link.base) from error
    events = [
        {
            "event": "$snapshot",
            "properties": {"$session_id": link.session, "$window_id": window, "$snapshot_data": data},
        }
        for window, data in windows.items()
    ]
    return msgspec.json.encode(events)


def _person(recording: Mapping[str, Any]) -> bytes:
    person = recording.get("person")
    inner = person if isinstance(person, dict) else {}
    properties = inner.get("properties")
    return msgspec.json.encode(
        {
            "token": "",
            "distinct_id": recording.get("distinct_id") or "",
            "person_properties": {"name": inner.get("name"), **(properties if isinstance(properties, dict) else {})},
        }
    )


def _event(row: list[Any], link: Link) -> dict[str, Any]:
    uuid, name, timestamp, distinct, given = row
    try:
        properties = msgspec.json.decode(given) if isinstance(given, str) else given
    except msgspec.MsgspecError:
        properties = {}
    own = {**(properties if isinstance(properties, dict) else {}), "$session_id": link.session}
    return {"uuid": uuid, "event": name, "timestamp": timestamp, "distinct_id": distinct, "properties": own}


async def _json(http: Http, url: str, token: str, parameters: Parameters | None, scope: str) -> dict[str, Any]:
    return _object((await http.get(url, token=token, parameters=parameters, scope=scope)).body, url)


def _object(body: bytes, base: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _odd(base) from error
    if not isinstance(found, dict):
        raise _odd(base)
    return found


def _odd(base: str) -> SourceProblem:
    return SourceProblem(f"{urlsplit(base).netloc} does not answer as PostHog does.", "Check the address.")


def _digest(value: Any) -> str:
    return hashlib.sha256(msgspec.json.encode(value)).hexdigest()[:32]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < 1e15 else None
