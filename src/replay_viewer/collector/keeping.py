"""The rows of what a body holds beside its recording: errors, linked facts, items kept apart."""

from __future__ import annotations

import math
from typing import Any

from sqlalchemy import Table

from replay_viewer.analysis.errors import fingerprint
from replay_viewer.collector.blobs import Blobs
from replay_viewer.collector.incoming import Fact, Incoming, column_text
from replay_viewer.collector.linked import data_text
from replay_viewer.collector.schema import errors, items, linked


def rows_of(blobs: Blobs, body: Incoming, trace: str) -> dict[Table, list[dict[str, Any]]]:
    """The rows of `body` by table; the bytes of its items are appended.

    `trace`: the key under which rows wait for their session, '' once they have one.
    """
    user = {"user_id": column_text(body.facts.user.id), "user_email": column_text(body.facts.user.email)}
    found: dict[Table, list[dict[str, Any]]] = {}
    failed = [
        {
            "session": body.session,
            "project": body.project,
            "event_id": column_text(row.id)[:64],
            "t": row.t,
            "title": column_text(row.title),
            "level": row.level,
            "source": column_text(row.source)[:32],
            "url": column_text(row.url),
            "release": column_text(row.release or body.facts.release),
            "environment": column_text(row.environment or body.facts.environment),
            "trace": trace,
            "issue": fingerprint(row),
            **user,
        }
        for row in body.errors
    ]
    if failed:
        found[errors] = failed
    if body.linked:
        found[linked] = [_fact(body, fact, trace) | user for fact in body.linked]
    for item in body.items:
        blob, offset = blobs.append(body.session, item.data)
        row = {
            "project": body.project,
            "session": body.session,
            "received": body.received,
            "type": column_text(item.type)[:64],
            "event_id": column_text(item.event_id)[:64],
            "trace": trace,
            "filename": column_text(item.filename),
            "content_type": column_text(item.content_type),
            "sdk": column_text(body.facts.sdk),
            "blob": blob,
            "offset": offset,
            "bytes": len(item.data),
        }
        found.setdefault(items, []).append(row)
    return found


def _fact(body: Incoming, fact: Fact, trace: str) -> dict[str, object]:
    return {
        "project": body.project,
        "session": body.session,
        "kind": fact.kind,
        "t": fact.t or body.received,
        "received": body.received,
        "name": column_text(fact.name)[:200],
        "value": fact.value if fact.value is not None and math.isfinite(fact.value) else None,
        "level": column_text(fact.level)[:32],
        "source": column_text(fact.source or body.source)[:32],
        "page": column_text(fact.page),
        "release": column_text(body.facts.release),
        "environment": column_text(body.facts.environment),
        "event_id": column_text(fact.event_id)[:64],
        "trace": trace,
        "data": data_text(fact.data),
    }
