"""What search and filters look at in a row: its summary and what its columns show besides."""

from __future__ import annotations

import msgspec

from replay_viewer.domain.rows import (
    ConsoleEntry,
    CustomEvent,
    ErrorEvent,
    Interaction,
    NetworkRequest,
    Row,
    StateChange,
    Vital,
    summary,
)

#: Longer texts are cut: nobody searches for what stands behind.
MAX_TEXT = 2000


def search_text(row: Row) -> str:
    """The text of a row for search, at most MAX_TEXT characters; starts with its summary."""
    text = summary(row)
    extra = _extra(row)
    return f"{text} {extra}"[:MAX_TEXT] if extra else text[:MAX_TEXT]


def _extra(row: Row) -> str:
    match row:
        case NetworkRequest():
            status = str(row.status) if row.status >= 0 else ""
            said = "".join(f" {one.text[:MAX_TEXT]}" for one in row.messages[:50] if not one.binary)
            return f"{status} {row.kind} {row.error}{said}".strip()
        case ConsoleEntry():
            return row.level
        case ErrorEvent():
            raised = " ".join(f"{one.type}: {one.value}" for one in row.exceptions)
            return f"{raised} {row.source} {row.release} {row.id}".strip()
        case Interaction():
            return f"{row.action} {row.value} {row.selector}".strip()
        case Vital():
            return f"{row.rating} {row.page}".strip()
        case StateChange():
            return row.store
        case CustomEvent():
            data = (
                "" if row.data is None else msgspec.json.encode(row.data)[: MAX_TEXT * 4].decode("utf-8", "replace")
            )
            return f"{row.category} {data}".strip()
    return ""


def storable(text: str) -> str:
    """`text` as SQLite can hold it: recordings may carry half surrogate pairs."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text
