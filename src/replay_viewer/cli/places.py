"""Instants, ranges and tabs as arguments."""

from __future__ import annotations

from replay_viewer.cli.output import note
from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.session import Session
from replay_viewer.domain.time import offset, parse_instant


def instant(text: str, session: Session) -> float:
    """Epoch ms of T; one outside of the session becomes its start or end, which is said. Raises BadInput."""
    t = parse_instant(text, session.start)
    inside = min(max(t, session.start), session.end)
    if abs(inside - t) > 1.0:
        place = "before its start" if t < inside else "after its end"
        note(f"The session is {offset(session.end - session.start)} long; {text} is {place}, which is taken instead.")
    return inside


def parse_range(text: str | None, session: Session) -> tuple[float | None, float | None]:
    """(start, end) in epoch ms of `A..B`; an empty side is open. Raises BadInput."""
    if not text:
        return None, None
    first, dots, last = text.partition("..")
    if not dots:
        raise BadInput(f"“{text}” is not a range.", "Write A..B, for example 10..25.")
    start = parse_instant(first, session.start) if first else None
    end = parse_instant(last, session.start) if last else None
    if start is not None and end is not None and end < start:
        raise BadInput("The range ends before it begins.", "Write A..B with A before B.")
    return start, end


def check_tab(session: Session, tab: int) -> None:
    """Raise BadInput when the session has no such tab."""
    if tab not in {one.index for one in session.tabs}:
        count = len(session.tabs)
        raise BadInput(f"The session has no tab {tab}.", f"It has {count}, numbered from 0.")
