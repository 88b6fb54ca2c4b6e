"""A look at what redaction would remove from something before it leaves: the same work, nothing written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from replay_viewer.export import clips, export
from replay_viewer.export.incident import IncidentNote
from replay_viewer.export.sessions import FORMATS, export_session
from replay_viewer.library import Library
from replay_viewer.recording.nodes import TEXT, Node
from replay_viewer.redaction import Hit, HitLog, OwnRules, Redactor
from replay_viewer.redaction.redactor import SCREENSHOTS
from replay_viewer.services import content, redacting
from replay_viewer.services.states import TabStates
from replay_viewer.services.stills import masked
from replay_viewer.services.transform import OnProgress, Steps, all_rows, learn_all, raw_events


@dataclass(frozen=True, kw_only=True)
class Leaving:
    """What is about to leave: a format of `services.outputs`, of a session or a range (epoch ms) of it, or a note.

    `instants` (epoch ms): of a clip, when its pictures are taken of `tab`. `maps`: a folder of source maps, asked
    before those kept with the session.
    """

    session: str
    format: str
    title: str = ""
    range: tuple[float | None, float | None] = (None, None)
    tab: int | None = None
    instants: Sequence[float] = ()
    note: IncidentNote | None = None
    maps: Path | None = None


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
            redactor=Redactor("none"), maps=leaving.maps,
        )  # fmt: skip
        export_session(found, leaving.format, redactor)
    elif leaving.format in clips.FORMATS:
        _painted(library, leaving, redactor, log, progress, cancelled)
    else:
        _whole(library, leaving.session, redactor, progress, cancelled)
    return log, redacting.redactor_for(library, leaving.session, profile, own=own)


class _Seen:
    """The mask of a painter, each text asked for once; elements painted over are told like any other removal."""

    def __init__(self, redactor: Redactor, on_hit: Callable[[Hit], None]) -> None:
        self._redactor, self._on_hit = redactor, on_hit
        self._texts: dict[str, str] = {}
        self._elements: set[str] = set()

    def __call__(self, text: str) -> str:
        found = self._texts.get(text)
        if found is None:
            found = self._texts[text] = self._redactor.painted(text)
        return found

    def hidden(self, nodes: Mapping[int, Node]) -> tuple[set[int], set[int]]:
        roots, inside = self._redactor.hidden(nodes)
        texts = {node.text.strip() for id in inside if (node := nodes[id]).kind == TEXT and node.text}
        for text in sorted(texts - self._elements - {""}):
            self._on_hit(Hit(rule="element", where=SCREENSHOTS, before=text, after="painted over"))
        self._elements |= texts
        return roots, inside


def _painted(
    library: Library,
    leaving: Leaving,
    redactor: Redactor,
    log: HitLog,
    progress: OnProgress | None,
    cancelled: Callable[[], bool] | None,
) -> None:
    """What is masked in the pictures taken at `leaving.instants`, and in the address below them."""
    session = library.session(leaving.session)
    tab = leaving.tab if leaving.tab is not None else 0
    states = TabStates(library, session.id, tab)
    seen = _Seen(redactor, log)
    steps = Steps(len(leaving.instants), progress, cancelled)
    before = -1
    for t in leaving.instants:
        state = states.seek(t)
        if states.position != before:
            masked(state, seen)
            redactor.url(state.url, "page URL")
            before = states.position
        steps.step()


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
