"""The row of a session, extended by what one more body says. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from replay_viewer.collector.incoming import Incoming, column_text

_KEPT_URLS = 50
_KEPT_WORDS = 8000


def extended(old: Mapping[str, Any] | None, body: Incoming) -> dict[str, Any]:
    """The session's row with this body counted in; `old` is None when it is the session's first.

    Segments come in any order: instants are widened, and what a body says of the user or the release holds until a
    later one says something else.
    """
    facts = body.facts
    tabs: list[str] = msgspec.json.decode(old["tabs"]) if old else []
    urls: list[str] = msgspec.json.decode(old["urls"]) if old else []
    if body.events and body.tab not in tabs:
        tabs.append(column_text(body.tab))
    for url in body.urls:
        if url and url not in urls and len(urls) < _KEPT_URLS:
            urls.append(column_text(url))
    said = {
        "user_id": facts.user.id,
        "user_email": facts.user.email,
        "user_name": facts.user.name,
        "user_role": facts.user.role,
        "release": facts.release,
        "environment": facts.environment,
        "user_agent": facts.user_agent,
        "sdk": facts.sdk,
    }
    first = [t for t in (old["started"] if old else None, body.first) if t is not None]
    last = [t for t in (old["ended"] if old else None, body.last) if t is not None]
    return {
        "id": body.session,
        "project": body.project,
        "source": old["source"] if old else body.source,
        "created": old["created"] if old else body.received,
        **{name: column_text(text) if text else (old[name] if old else "") for name, text in said.items()},
        "started": min(first) if first else None,
        "ended": max(last) if last else None,
        "received": max(body.received, old["received"] if old else 0.0),
        "events": (old["events"] if old else 0) + body.events,
        "errors": (old["errors"] if old else 0) + len(body.errors),
        "segments": (old["segments"] if old else 0) + 1,
        "bytes": (old["bytes"] if old else 0) + len(body.body),
        "tabs": msgspec.json.encode(tabs).decode(),
        "urls": msgspec.json.encode(urls).decode(),
        "words": _words(old["words"] if old else body.session, body),
    }


def _words(old: str, body: Incoming) -> str:
    """What the filter looks through, one text a line, nothing twice, bounded."""
    facts, user = body.facts, body.facts.user
    said = [user.id, user.email, user.name, facts.release, facts.environment, *body.urls]
    kept = dict.fromkeys(old.split("\n"))
    kept |= dict.fromkeys(column_text(text).lower() for text in (*said, *(row.title for row in body.errors)) if text)
    return "\n".join(kept)[:_KEPT_WORDS]
