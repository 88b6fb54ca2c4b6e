"""An incident note without what must not leave: every text of it goes through the redactor, none is left out.

The test of this module seeds a secret into every field of `IncidentNote`, by walking its types.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from replay_viewer.domain.rows import ErrorEvent, Frame, Row
from replay_viewer.domain.session import Finding
from replay_viewer.export.incident import Chart, Fault, IncidentNote, Link, Moment, Picture
from replay_viewer.redaction import Redactor

R = TypeVar("R", bound=Row)


def redacted(note: IncidentNote, redactor: Redactor) -> IncidentNote:
    """`note` after redaction, with the manifest and the profile filled in.

    Pictures cannot be redacted here: with a strict profile those that were not masked when they were taken are
    left out, and the manifest says so.
    """
    if not redactor.strict:
        return msgspec.structs.replace(note, removed=[], profile=redactor.profile)
    _learn(note, redactor)
    mark = redactor.mark()
    text = redactor.text
    done = msgspec.structs.replace(
        note,
        title=text(note.title, "title"),
        category=text(note.category, "category"),
        verdict=text(note.verdict, "verdict"),
        summary=text(note.summary, "notes"),
        cause=text(note.cause, "notes"),
        affected=text(note.affected, "notes"),
        page=redactor.url(note.page, "page URL"),
        zone=text(note.zone, "session facts"),
        session=redactor.session(note.session),
        steps=[text(step, "steps") for step in note.steps],
        faults=[_fault(fault, redactor) for fault in note.faults],
        requests=[_row(row, redactor) for row in note.requests],
        console=[_row(row, redactor) for row in note.console],
        state=[_row(row, redactor) for row in note.state],
        notes=[redactor.note(each) for each in note.notes],
        timeline=[_moment(moment, redactor) for moment in note.timeline],
        vitals=[_row(row, redactor) for row in note.vitals],
        charts=[_chart(chart, redactor) for chart in note.charts],
        missing=_withheld_finding(len(withheld(note, redactor)))
        + [
            msgspec.structs.replace(found, message=text(found.message, "health"), code=text(found.code, "health"))
            for found in note.missing
        ],
        pictures=[
            msgspec.structs.replace(picture, caption=text(picture.caption, "captions"))
            for picture in note.pictures
            if picture.redacted
        ],
        links=[Link(label=text(link.label, "links"), url=redactor.url(link.url, "links")) for link in note.links],
    )
    return msgspec.structs.replace(done, removed=redactor.manifest(mark), profile=redactor.profile)


def withheld(note: IncidentNote, redactor: Redactor) -> list[Picture]:
    """The pictures a strict export leaves out, because they show the page as recorded."""
    return [picture for picture in note.pictures if redactor.strict and not picture.redacted]


def _withheld_finding(count: int) -> list[Finding]:
    if not count:
        return []
    message = "Pictures were left out of this note, because the text in them could not be masked."
    return [Finding(code="pictures-withheld", message=message, severity="warning", count=count)]


def _learn(note: IncidentNote, redactor: Redactor) -> None:
    rows: list[Row] = [*note.requests, *note.console, *note.state, *(fault.error for fault in note.faults)]
    for row in rows:
        redactor.learn_row(row)


def _row(row: R, redactor: Redactor) -> R:
    done = redactor.row(row)
    assert type(done) is type(row)
    return done


def _fault(fault: Fault, redactor: Redactor) -> Fault:
    error = redactor.row(fault.error)
    assert isinstance(error, ErrorEvent)
    return Fault(error=error, mapped=fault.mapped, recorded=[_frame(frame, redactor) for frame in fault.recorded])


def _frame(frame: Frame, redactor: Redactor) -> Frame:
    return msgspec.structs.replace(
        frame,
        function=redactor.text(frame.function, "errors"),
        file=redactor.url(frame.file, "errors"),
        context=[(line, redactor.text(code, "errors")) for line, code in frame.context],
    )


def _chart(chart: Chart, redactor: Redactor) -> Chart:
    marks = [
        msgspec.structs.replace(
            mark,
            label=redactor.text(mark.label, "charts"),
            url=redactor.url(mark.url, "charts") if mark.url else "",
            said=redactor.text(mark.said, "charts"),
        )
        for mark in chart.marks
    ]
    return msgspec.structs.replace(chart, marks=marks)


def _moment(moment: Moment, redactor: Redactor) -> Moment:
    return msgspec.structs.replace(moment, text=redactor.text(moment.text, "timeline"))
