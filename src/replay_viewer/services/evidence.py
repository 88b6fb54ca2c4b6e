"""What goes into an incident note, gathered from the rows of a session: errors, timeline, Web Vitals, links back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from replay_viewer.analysis.mapset import MapSet
from replay_viewer.analysis.symbols import symbolicate
from replay_viewer.domain.links import SessionLink
from replay_viewer.domain.rows import (
    KIND_OF,
    ConsoleEntry,
    ErrorEvent,
    NetworkRequest,
    Row,
    Vital,
    summary,
)
from replay_viewer.domain.rows import (
    severity as severity_of,
)
from replay_viewer.domain.session import Note, Session
from replay_viewer.export.incident import Chart, Fault, Link, Mark, Moment
from replay_viewer.library import Library

MAX_EVIDENCE = 20  #: Rows of a kind a note takes by itself.
MAX_TIMELINE = 80
MAX_REQUESTS = 16  #: Requests a chart draws.
MAX_POINTS = 240  #: Points of a line a chart draws.
MAX_READ = 20_000  #: Rows of a kind a chart reads.
_WEB_VITALS = ("LCP", "INP", "CLS", "FCP", "TTFB", "FID")


def rows_between(
    library: Library,
    session_id: str,
    start: float,
    end: float,
    kinds: Sequence[str] = ("interactions", "navigation", "console", "network", "errors", "state"),
) -> list[Row]:
    """Rows of these kinds that touch `start`..`end` (epoch ms), in time order."""
    rows = [row for kind in kinds for _, row in library.rows(session_id, kind, start=start, end=end)]
    return sorted(rows, key=lambda row: row.t)


def faults(
    error: ErrorEvent | None,
    picked: Sequence[Row],
    around: Sequence[Row],
    maps: MapSet,
    range: tuple[float, float] | None,
) -> list[Fault]:
    """The errors of a note (picked, else of the range, else `error`), in original sources if mapped."""
    errors = [row for row in picked if isinstance(row, ErrorEvent)]
    if not errors and range is not None:
        errors = [row for row in around if isinstance(row, ErrorEvent)][:MAX_EVIDENCE]
    if not errors and error is not None:
        errors = [error]
    found = []
    for each in errors:
        mapped = symbolicate(each, maps)
        recorded = each.exceptions[-1].frames if each.exceptions else []
        found.append(Fault(error=mapped, mapped=mapped is not each, recorded=recorded))
    return found


_TOLD = {"errors": 3, "navigation": 2, "network": 2, "notes": 3, "interactions": 1, "console": 1, "state": 0}


def timeline(rows: Sequence[Row], notes: Sequence[Note], moment: float) -> list[Moment]:
    """Lines of the timeline. When there are too many, state changes go first, then what is far from the moment."""
    errors = [row.t for row in rows if isinstance(row, ErrorEvent)]
    from_rows = [_line(row) for row in rows if _tells(row) and not _echo(row, errors)]
    from_notes = [Moment(t=note.t, kind="notes", text=note.text or "Bookmark") for note in notes]
    lines = [*from_rows, *from_notes]
    if len(lines) > MAX_TIMELINE:
        lines.sort(key=lambda line: (-line.severity, -_TOLD.get(line.kind, 0), abs(line.t - moment)))
        lines = lines[:MAX_TIMELINE]
    return sorted(lines, key=lambda line: line.t)


def _tells(row: Row) -> bool:
    match row:
        case ConsoleEntry():
            return row.level in ("warn", "error")
        case NetworkRequest():
            return row.failed or row.kind == "document"
    return getattr(row, "action", "") not in ("focus", "blur", "scroll", "resize")


def _echo(row: Row, errors: Sequence[float]) -> bool:
    """Whether a console line is the browser's word for an error that has a line of its own."""
    said = isinstance(row, ConsoleEntry) and row.message.startswith("Uncaught")
    return said and any(abs(row.t - t) < 100 for t in errors)


def _line(row: Row) -> Moment:
    text = summary(row)
    if isinstance(row, NetworkRequest):
        text += f" → {row.status if row.status > 0 else row.error or 'no answer'} ({row.end - row.t:,.0f} ms)"
    return Moment(t=row.t, kind=KIND_OF[type(row)], text=text, severity=severity_of(row))


def vitals(library: Library, session_id: str, url: str) -> list[Vital]:
    """The last value of each Web Vital of the page at the moment; of all pages when that page has none."""
    last: dict[tuple[str, str], Vital] = {}
    for _, row in library.rows(session_id, "vitals"):
        if isinstance(row, Vital) and row.name in _WEB_VITALS:
            last[row.page, row.name] = row
    here = [row for (page, _), row in last.items() if page == url]
    chosen = here or list(last.values())
    return sorted(chosen, key=lambda row: (row.page, _WEB_VITALS.index(row.name)))[:MAX_EVIDENCE]


def charts(library: Library, session: Session, start: float, end: float, moment: float, url: str) -> list[Chart]:
    """What `start`..`end` (epoch ms) can be drawn of: requests, memory, Web Vitals of the page; those with data."""
    made = partial(Chart, start=start, end=end, zero=session.start, moment=moment)
    found = []
    rows = [row for _, row in library.rows(session.id, "network", start=start, end=end, limit=MAX_READ)]
    requests = [row for row in rows if isinstance(row, NetworkRequest) and row.t <= end]
    if requests:
        # Failures first, then what took longest; drawn in order of time.
        telling = sorted(requests, key=lambda row: (not row.failed, row.t - row.end))[:MAX_REQUESTS]
        marks = [
            Mark(t=row.t, end=row.end, label=row.method, url=row.url, said=_answer(row), severity=severity_of(row))
            for row in sorted(telling, key=lambda row: row.t)
        ]
        found.append(made(name="requests", marks=marks, of=len(requests)))
    vitals_there = [row for _, row in library.rows(session.id, "vitals", start=start, end=end, limit=MAX_READ)]
    heap = [row for row in vitals_there if isinstance(row, Vital) and row.name == "memory"]
    if len(heap) > 1:
        step = -(-len(heap) // MAX_POINTS)
        highest = [max(heap[n : n + step], key=lambda row: row.value) for n in range(0, len(heap), step)]
        found.append(made(name="memory", marks=[Mark(t=row.t, value=row.value) for row in highest]))
    of_page: dict[str, Vital] = {}
    for row in vitals(library, session.id, url):
        of_page.setdefault(row.name, row)
    if of_page:
        marks = [Mark(t=row.t, value=row.value, label=row.name) for row in of_page.values()]
        found.append(made(name="vitals", marks=marks))
    return found


def _answer(row: NetworkRequest) -> str:
    return str(row.status) if row.status > 0 else "no answer" if row.failed else ""


def links(session: Session, moment: float) -> list[Link]:
    """Back to the session at its source, and into the application, at `moment` (epoch ms)."""
    from replay_viewer.services.addresses import at  # the sources' HTTP client: not needed to start

    after = max(0.0, moment - session.start)
    found = [Link(label="Recording", url=there)] if (there := at(session.origin, after)) else []
    return [*found, Link(label="Open", url=str(SessionLink(session.id, round(after / 1000.0, 1))))]
