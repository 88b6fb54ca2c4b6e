"""What a person reads first of an error: what failed, when, on which page, after which click."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from replay_viewer.domain.rows import (
    ConsoleEntry,
    ErrorEvent,
    Interaction,
    Navigation,
    NetworkRequest,
    Row,
    StateChange,
)
from replay_viewer.domain.time import offset

#: How long before an error its lead-up begins (ms).
LEAD_MS = 5_000.0
_ACTS = ("click", "dblclick", "contextmenu", "touch", "input", "select", "key", "drag")
_CAUSE_MS = 10_000.0
_MAX_TITLE = 160


def lead_up(error: Row) -> tuple[float, float]:
    """The window that is marked in every panel when an error is selected: the five seconds before it."""
    return error.t - LEAD_MS, error.t


def before(error: Row, rows: Sequence[Row]) -> list[Row]:
    """Clicks, requests, state changes, console entries, page changes of the lead-up in its tab, in time order."""
    start, end = lead_up(error)
    kinds = Interaction | NetworkRequest | StateChange | ConsoleEntry | Navigation
    return sorted(
        (row for row in rows if isinstance(row, kinds) and _same_tab(row, error) and _touches(row, start, end)),
        key=lambda row: row.t,
    )


def _touches(row: Row, start: float, end: float) -> bool:
    last = row.end if isinstance(row, NetworkRequest) else row.t
    return row.t <= end and last >= start


def _same_tab(row: Row, error: Row) -> bool:
    return row.tab == error.tab or -1 in (row.tab, error.tab)


def page(url: str) -> str:
    """A URL as a person names the page: path and host, without query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return parts.path or parts.netloc or url if parts.netloc else url.partition("?")[0]


def page_at(t: float, tab: int, rows: Sequence[Row]) -> str:
    """URL of the page of a tab at an instant, '' when the recording does not say."""
    found = ""
    best = float("-inf")
    for row in rows:
        if isinstance(row, Navigation) and row.t <= t and row.t >= best and (row.tab == tab or -1 in (row.tab, tab)):
            found, best = row.url, row.t
    return found


def last_act(t: float, tab: int, rows: Sequence[Row], within: float = _CAUSE_MS) -> Interaction | None:
    """The last thing the person did on a tab before `t`, within `within` ms."""
    best: Interaction | None = None
    for row in rows:
        if isinstance(row, Interaction) and row.action in _ACTS and (row.tab == tab or -1 in (row.tab, tab)):
            in_reach = t - within <= row.t <= t
            best = row if in_reach and (best is None or row.t >= best.t) else best
    return best


def verdict(error: ErrorEvent, rows: Sequence[Row], start: float | None = None) -> str:
    """One line: what failed, when (from `start`, or the first row), on which page, after which click and request."""
    title = error.title.partition("\n")[0].strip() or "An error without a message"
    if len(title) > _MAX_TITLE:
        title = title[: _MAX_TITLE - 1] + "…"
    began = min((row.t for row in rows), default=error.t) if start is None else start
    parts = [title, f"at {offset(error.t - began)}"]
    url = page_at(error.t, error.tab, rows) or error.url
    if url:
        parts.append(f"on {page(url)}")
    act = last_act(error.t, error.tab, rows)
    if act is not None:
        parts.append(f"{_ago(error.t - act.t)} after {_doing(act.words)}")
    failed = [
        row for row in before(error, rows)
        if isinstance(row, NetworkRequest) and row.failed and row.end <= error.t + 50
        and (act is None or row.t >= act.t - 50)
    ]  # fmt: skip
    if failed:
        last = max(failed, key=lambda row: row.end)
        status = str(last.status) if last.status > 0 else "no answer"
        parts.append(f"after {last.method} {page(last.url)} → {status}")
    return ", ".join(parts) + "."


_DOING = {
    "Clicked": "clicking", "Tapped": "tapping", "Double-clicked": "double-clicking", "Typed": "typing",
    "Right-clicked": "right-clicking", "Chose": "choosing", "Checked": "checking", "Unchecked": "unchecking",
    "Cleared": "clearing", "Set": "setting", "Picked": "picking", "Pressed": "pressing", "Swiped": "swiping",
    "Dragged": "dragging",
}  # fmt: skip


def _doing(words: str) -> str:
    verb, _, rest = words.partition(" ")
    return f"{_DOING[verb]} {rest}" if verb in _DOING else f"“{words}”"


def _ago(ms: float) -> str:
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.1f} s"
