"""Which session a body belongs to that names none, and what finds its session once that begins.

In this order: the trace it names, the error it speaks of, and, for pages' beacons and PostHog's events without a
session, the visitor: the user it names, or else the browser (project, page's origin and user agent; never the IP
address) when exactly one session of that visitor was heard of in the last half hour. Two visitors that look alike are
not told apart, so then the body stays without a session.
"""

from __future__ import annotations

import hashlib
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import Connection, select, update

from replay_viewer.collector.incoming import Incoming
from replay_viewer.collector.schema import errors, items, linked, sessions, strays, traces

#: How long after its last body a visitor's session still takes what names none, in ms.
VISIT = 30 * 60_000.0
#: How long a body waits for the session of its visitor to begin, in ms.
WAIT = 10 * 60_000.0
_MANY = 50


def key(body: Incoming) -> str:
    """What a body without a session is found by later: its trace, or its visitor; '' for neither."""
    if body.traces:
        return body.traces[0]
    return _visitor(body) if body.visitor else ""


def _visitor(body: Incoming) -> str:
    if body.facts.user.id:
        return _user(body.project, body.facts.user.id)
    return _browser(body.project, body.headers.get("origin", ""), body.headers.get("user-agent", ""))


def _user(project: str, id: str) -> str:
    return "u:" + hashlib.sha1(f"{project}\n{id}".encode(errors="replace"), usedforsecurity=False).hexdigest()


def _browser(project: str, origin: str, agent: str) -> str:
    if not agent or not origin:
        return ""
    text = f"{project}\n{origin}\n{agent}"
    return "b:" + hashlib.sha1(text.encode(errors="replace"), usedforsecurity=False).hexdigest()


def find(connection: Connection, body: Incoming) -> str:
    """The session of a body that names none; '' when there is none, or more than one."""
    if body.traces:
        query = select(traces.c.session).where(
            traces.c.project == body.project, traces.c.trace.in_(body.traces[:_MANY])
        )
        if found := connection.execute(query.limit(1)).scalar():
            return str(found)
    if body.about:
        query = select(errors.c.session).where(
            errors.c.project == body.project, errors.c.event_id.in_(body.about[:_MANY]), errors.c.session != ""
        )
        if found := connection.execute(query.limit(1)).scalar():
            return str(found)
    return _of_visitor(connection, body) if body.visitor else ""


def _of_visitor(connection: Connection, body: Incoming) -> str:
    user, agent, origin = body.facts.user.id, body.headers.get("user-agent", ""), body.headers.get("origin", "")
    query = select(sessions.c.id, sessions.c.urls).where(
        sessions.c.project == body.project, sessions.c.received >= body.received - VISIT
    )
    if user:
        query = query.where(sessions.c.user_id == user)
    elif agent and origin:
        query = query.where(sessions.c.user_agent == agent)
    else:
        return ""
    found = connection.execute(query.limit(_MANY)).all()
    if not user:
        found = [row for row in found if origin in _origins(row.urls)]
    return str(found[0].id) if len(found) == 1 else ""


def _origins(urls: str) -> set[str]:
    origins = set()
    for url in msgspec.json.decode(urls, type=list[str]):
        try:
            parts = urlsplit(url)
        except ValueError:
            continue
        origins.add(f"{parts.scheme}://{parts.netloc}")
    return origins


def visitors(connection: Connection, body: Incoming) -> list[str]:
    """The visitor keys a session has now, as far as no other session of the last half hour has them too."""
    row = connection.execute(
        select(sessions.c.user_id, sessions.c.user_agent, sessions.c.urls).where(sessions.c.id == body.session)
    ).first()
    if row is None:
        return []
    recent = select(sessions.c.urls).where(
        sessions.c.project == body.project,
        sessions.c.id != body.session,
        sessions.c.received >= body.received - VISIT,
    )
    keys: list[str] = []
    if row.user_id and not connection.execute(recent.where(sessions.c.user_id == row.user_id).limit(1)).first():
        keys.append(_user(body.project, row.user_id))
    others = connection.execute(recent.where(sessions.c.user_agent == row.user_agent).limit(_MANY)).all()
    taken = set().union(*(_origins(other.urls) for other in others))
    for origin in _origins(row.urls) - taken:
        if found := _browser(body.project, origin, row.user_agent):
            keys.append(found)
    return keys


def waiting(connection: Connection, body: Incoming, keys: list[str]) -> list[int]:
    """Numbers of the strays that wait under one of `keys`."""
    if not keys:
        return []
    query = select(strays.c.id).where(
        strays.c.project == body.project, strays.c.trace.in_(keys), strays.c.received >= body.received - WAIT
    )
    return list(connection.execute(query.order_by(strays.c.id)).scalars())


def move_rows(connection: Connection, project: str, key: str, session: str) -> int:
    """Give the rows that waited under `key` to `session`; answers how many errors are among them."""
    moved = 0
    for table in (errors, linked, items):
        done = connection.execute(
            update(table)
            .where(table.c.project == project, table.c.trace == key, table.c.session == "")
            .values(session=session)
        )
        if table is errors:
            moved = done.rowcount
    return moved
