"""The incident note of a session: picked or found evidence put together, redacted, written.

redactor = redactor_for(library, id)              # learns what this session says is sensitive
note = build(library, id, redactor=redactor)      # as recorded: for the composer's preview on this machine
write(note, "md", Path("incident.md"), redactor)  # redacted by the seam of `replay_viewer.export`, then written
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import msgspec

from replay_viewer.analysis.steps import steps
from replay_viewer.analysis.verdict import page_at, verdict
from replay_viewer.domain.errors import BadInput, UserError
from replay_viewer.domain.rows import (
    ConsoleEntry,
    ErrorEvent,
    NetworkRequest,
    Row,
    StateChange,
)
from replay_viewer.domain.session import Note, Session, Spot, spots_at
from replay_viewer.export import Settings, export, exporter
from replay_viewer.export.incident import IncidentNote, Picture, Severity
from replay_viewer.library import Library
from replay_viewer.recording.nodes import Node
from replay_viewer.redaction import Redactor
from replay_viewer.services import evidence
from replay_viewer.services import maps as source_maps
from replay_viewer.services.files import write_all
from replay_viewer.services.redacting import redactor_for

#: Takes pictures of a tab at instants (epoch ms): `shoot(tab, instants, redact)` answers as many PNGs, b"" where none
#: could be taken. `redact` maps every text of the page (text nodes, values, placeholders, titles, alternatives,
#: labels) to what may be shown: the painter calls it before it paints; its `hidden(nodes)`, where it has one, says
#: what is painted over as a whole (`services.stills` does). It is None when pictures may show everything.
Shoot = Callable[[int, Sequence[float], Callable[[str], str] | None], list[bytes]]

#: Draws numbered spots (pixels of the recorded viewport) on a PNG (`qt.drawing.with_pins`).
Pin = Callable[[bytes, Sequence[Spot]], bytes]

#: Prints a page of HTML into a PDF file (`qt.pdf.print_html`).
Printer = Callable[[str, Path], None]

BEFORE_MS = 30_000.0  #: Evidence nobody picked is looked for this long before the moment.
AFTER_MS = 2_000.0  #: And the timeline goes on this long after it.
PICTURE_BEFORE_MS = 3_000.0  #: The second picture shows the page this long before the moment.
MAX_PICTURES = 8
_BULLET = re.compile(r"^\s*(?:\d+[.)]|[-*])\s+")
_STEP_NUMBER = re.compile(r"^\d+\.\s+")


def build(
    library: Library,
    session_id: str,
    *,
    title: str | None = None,
    severity: Severity | None = None,
    category: str = "",
    range: tuple[float, float] | None = None,
    notes: Sequence[Note] | None = None,
    shoot: Shoot | None = None,
    pin: Pin | None = None,
    maps: Path | None = None,
    profile: str = "strict",
    redactor: Redactor | None = None,
) -> IncidentNote:
    """The incident note of a session, as recorded: redaction happens on the way out, in `write`.

    `range`: epoch ms the note is about (default: around the first error). `notes`: those to include (default: all
    notes of the session marked as evidence); the rows and instants they point at are the evidence, and when they
    point at none it is found: the first error, failed requests and console errors of the 30 s before it. Pictures
    are taken at the noted instants, else at the error and 3 s before, masked by `redactor` (default: one made for
    `profile`); `pin` draws the spots of notes on them, each with its note's number. `maps`: a folder or zip of source
    maps, asked before those kept with the session. Raises NotFound, StorageProblem, BadInput (no maps there).
    """
    session = library.session(session_id)
    chosen = list(notes) if notes is not None else [note for note in library.notes(session.id) if note.evidence]
    picked = [row for note in chosen if (row := _noted_row(library, session.id, note)) is not None]
    error = _first_error(library, session.id, picked, range)
    moment, tab = _moment(library, session, error, picked, chosen, range)
    start, end = range or (max(session.start, moment - BEFORE_MS), min(session.end, moment + AFTER_MS))
    around = evidence.rows_between(library, session.id, start, end)
    lead_up = evidence.rows_between(library, session.id, session.start, moment, kinds=("interactions", "navigation"))
    faults = evidence.faults(error, picked, around, source_maps.of_session(library, session.id, maps), range)
    requests = [row for row in picked if isinstance(row, NetworkRequest)]
    console = [row for row in picked if isinstance(row, ConsoleEntry)]
    if not picked:
        until = end if range else moment
        requests = [row for row in around if isinstance(row, NetworkRequest) and row.failed and row.t <= until]
        console = [row for row in around if isinstance(row, ConsoleEntry) and row.level == "error" and row.t <= until]
    url = page_at(moment, tab, lead_up) or session.facts.url
    masker = redactor
    if shoot is not None and masker is None:
        masker = redactor_for(library, session.id, profile)
    return IncidentNote(
        title=title or _title(error, requests, session),
        severity=severity or ("P2" if error is not None and _unhandled(error) else "P3"),
        category=category,
        session=session,
        verdict=verdict(error, around, session.start) if error is not None else "",
        moment=moment,
        start=start,
        end=end,
        page=url,
        zone=session.facts.zone,
        steps=[_STEP_NUMBER.sub("", step) for step in steps(lead_up, moment, tab if len(session.tabs) > 1 else None)],
        faults=faults,
        requests=requests[-evidence.MAX_EVIDENCE :],
        console=console[-evidence.MAX_EVIDENCE :],
        state=[row for row in picked if isinstance(row, StateChange)],
        notes=chosen,
        timeline=evidence.timeline(around, chosen, moment),
        vitals=evidence.vitals(library, session.id, url),
        charts=evidence.charts(library, session, start, end, moment, url),
        missing=session.health,
        pictures=_pictures(shoot, pin, masker, error, chosen, moment, tab, session),
        links=evidence.links(session, moment),
        created=time.time() * 1000.0,
    )


def changed(
    note: IncidentNote, *, steps: Sequence[str] | None = None, charts: Collection[str] | None = None
) -> IncidentNote:
    """A note with a person's own steps, and with these charts only (names; default: as built)."""
    return msgspec.structs.replace(
        note,
        steps=note.steps if steps is None else [step.strip() for step in steps if step.strip()],
        charts=[one for one in note.charts if charts is None or one.name in charts],
    )


def read_steps(path: Path) -> list[str]:
    """The steps of a text file: one a line, numbers and bullets in front left out. Raises BadInput."""
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"“{path}” cannot be read as text.", "Give a text file with a step a line.") from error
    steps = [_BULLET.sub("", line).strip() for line in lines]
    found = [step for step in steps if step]
    if not found:
        raise BadInput(f"There is no step in “{path}”.", "Write one a line.")
    return found


def write(
    note: IncidentNote,
    format: str,
    out: Path,
    redactor: Redactor,
    *,
    print_html: Printer | None = None,
    templates: Sequence[Path] = (),
    raster: Callable[[str], bytes] | None = None,
) -> list[Path]:
    """Redact, render and write a note; the paths written, `out` first (Markdown: its pictures after it).

    `templates`: folders of a team's own templates (`home / "templates"`). A PDF needs `print_html`; Markdown gets
    its charts as PNG by `raster` (`qt.drawing.png_of_svg`), else as SVG. Raises BadInput
    for an unknown format or a broken template, StorageProblem when the disk refuses.
    """
    chosen = exporter(format)
    files = export(
        note, format, redactor, Settings(stem=out.stem or "incident", templates=tuple(templates), raster=raster)
    )
    if not chosen.printed:
        return write_all(out, files)
    if print_html is None:
        raise UserError("A PDF cannot be made here.", "Export HTML, or start the application.")
    html = files[0].data.decode()
    return write_all(out, [], lambda path: print_html(html, path))


# -- what the note is about ------------------------------------------------------------------------------------------


def _noted_row(library: Library, session_id: str, note: Note) -> Row | None:
    return library.row(session_id, note.kind, note.row) if note.kind and note.row >= 0 else None


def _first_error(
    library: Library, session_id: str, picked: Sequence[Row], range: tuple[float, float] | None
) -> ErrorEvent | None:
    for row in picked:
        if isinstance(row, ErrorEvent):
            return row
    if picked:
        return None  # somebody chose what this note is about
    start, end = range or (None, None)
    found = library.rows(session_id, "errors", start=start, end=end, limit=1)
    first = found[0][1] if found else None
    return first if isinstance(first, ErrorEvent) else None


def _moment(
    library: Library,
    session: Session,
    error: ErrorEvent | None,
    picked: Sequence[Row],
    notes: Sequence[Note],
    range: tuple[float, float] | None,
) -> tuple[float, int]:
    """The instant and the tab the note is about: the error, else what was picked, else what failed first."""
    if error is not None:
        return error.t, max(0, error.tab)
    if picked:
        return picked[0].t, max(0, picked[0].tab)
    if notes:
        return notes[0].t, notes[0].tab
    if range is not None:
        return range[1], 0
    for kind in ("console", "network"):
        found = library.rows(session.id, kind, min_severity=2, limit=1)
        if found:
            return found[0][1].t, max(0, found[0][1].tab)
    return session.end, 0


def _unhandled(error: ErrorEvent) -> bool:
    return error.level == "fatal" or any(raised.handled is False for raised in error.exceptions)


def _title(error: ErrorEvent | None, requests: Sequence[NetworkRequest], session: Session) -> str:
    if error is not None and error.title.strip():
        return error.title.partition("\n")[0].strip()
    if requests:
        answer = str(requests[-1].status) if requests[-1].status > 0 else "no answer"
        return f"{requests[-1].method} {requests[-1].url} → {answer}"
    return f"Session of {session.facts.user.label}"


# -- pictures ------------------------------------------------------------------------------------------------------


def _pictures(
    shoot: Shoot | None,
    pin: Pin | None,
    redactor: Redactor | None,
    error: ErrorEvent | None,
    notes: Sequence[Note],
    moment: float,
    tab: int,
    session: Session,
) -> list[Picture]:
    if shoot is None or redactor is None:
        return []
    wanted: dict[tuple[int, float], str] = {}
    for note in notes:
        wanted.setdefault((note.tab, note.t), note.text.partition("\n")[0] or "Bookmark")
    if not wanted:
        what = "the error" if error is not None else "the moment"
        earlier = max(session.start, moment - PICTURE_BEFORE_MS)
        wanted = {(tab, earlier): f"{(moment - earlier) / 1000:.0f} s before {what}", (tab, moment): f"At {what}"}
    pictures: list[Picture] = []
    places = list(wanted.items())[:MAX_PICTURES]
    for of in sorted({place[0] for place, _ in places}):
        mine = [(place[1], caption) for place, caption in places if place[0] == of]
        mask = Mask(redactor)
        for (t, caption), png in zip(mine, shoot(of, [t for t, _ in mine], mask.redact), strict=True):
            spots = spots_at(notes, of, t)
            if png and spots and pin is not None:
                png = pin(png, spots)
            if png:
                pictures.append(Picture(t=t, caption=caption, png=png, redacted=mask.used))
    return sorted(pictures, key=lambda picture: picture.t)


class Mask:
    """The redactor as a painter gets it. A painter that never asks has masked nothing, whatever it was told."""

    def __init__(self, redactor: Redactor) -> None:
        self.used = False
        self._redactor = redactor
        self.redact = self if redactor.strict else None

    def __call__(self, text: str) -> str:
        """What may be shown of a text."""
        self.used = True
        return self._redactor.painted(text)

    def hidden(self, nodes: Mapping[int, Node]) -> tuple[set[int], set[int]]:
        """The picked elements of a page, and all that stands in them: to be painted over."""
        return self._redactor.hidden(nodes)
