"""A look at what redaction would remove from something before it leaves: the same work, nothing written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from replay_viewer.export import export
from replay_viewer.export.incident import IncidentNote
from replay_viewer.export.sessions import FORMATS, export_session
from replay_viewer.library import Library
from replay_viewer.redaction import HitLog, OwnRules, Redactor
from replay_viewer.services import content, redacting
from replay_viewer.services.transform import OnProgress, Steps, all_rows, learn_all, raw_events


@dataclass(frozen=True, kw_only=True)
class Leaving:
    """What is about to leave: a format of `services.outputs`, of a session or a range (epoch ms) of it, or a note."""

    session: str
    format: str
    title: str = ""
    range: tuple[float | None, float | None] = (None, None)
    tab: int | None = None
    note: IncidentNote | None = None


def review(
    library: Library,
    leaving: Leaving,
    profile: str,
    own: OwnRules,
    *,
    progress: OnProgress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[HitLog, Redactor]:
    """Every removal `profile` would make, and a redactor for the real thing. Raises Cancelled, NotFound, BadInput."""
    log = HitLog()
    redactor = redacting.redactor_for(library, leaving.session, profile, own=own, on_hit=log)
    if not redactor.strict:
        return log, redactor
    if leaving.note is not None:
        export(leaving.note, "json", redactor)
    elif leaving.format in FORMATS:
        found = content.gather(
            library, leaving.session, range=leaving.range, tab=leaving.tab, script=leaving.format == "playwright",
            redactor=Redactor("none"),
        )  # fmt: skip
        export_session(found, leaving.format, redactor)
    else:
        _whole(library, leaving.session, redactor, progress, cancelled)
    return log, redacting.redactor_for(library, leaving.session, profile, own=own)


def _whole(
    library: Library,
    session_id: str,
    redactor: Redactor,
    progress: OnProgress | None,
    cancelled: Callable[[], bool] | None,
) -> None:
    session = library.session(session_id)
    chunks = sum(len(library.chunks(session.id, tab.index)) for tab in session.tabs)
    steps = Steps(2 * chunks, progress, cancelled)
    learn_all(library, session, redactor, steps)
    redactor.session(session)
    for note in library.notes(session.id):
        redactor.note(note)
    for tab in session.tabs:
        for raw in raw_events(library, session.id, tab.index, steps):
            redactor.event(raw, tab.index)
    for kind in session.counts:
        for row in all_rows(library, session.id, kind):
            redactor.row(row)
