"""Incident notes for the tests of exports."""

from __future__ import annotations

import base64

from replay_viewer.domain.rows import (
    Body,
    ConsoleEntry,
    ErrorEvent,
    Frame,
    NetworkRequest,
    Raised,
    StateChange,
    Vital,
)
from replay_viewer.domain.session import Facts, Finding, Note, Session, Tab, User
from replay_viewer.export.incident import Chart, Fault, IncidentNote, Link, Mark, Moment, Picture

T = 1_795_205_662_358.0
#: One blue pixel.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPj/HwADBwIAMCbHYQAAAABJRU5ErkJggg=="
)


def note(text: str = "plain", *, masked: bool = True) -> IncidentNote:
    """A note with `text` in every place where something recorded stands."""
    frames = [
        Frame(function=text, file=f"https://shop.test/{text}", line=3, column=5),
        Frame(function="pay", file="src/pay.js", line=2, column=1, context=[(1, "a"), (2, text), (3, "c")]),
    ]
    session = Session(
        id="s-1", start=T - 60_000, end=T + 10_000, browser="Chrome 156", os="Linux", origin="https://r.test/s-1",
        facts=Facts(user=User(id="u-7781", email="ada@example.test", name="Ada Lovelace"), release="4.2.0",
                    environment="production", zone="Asia/Tokyo", url=f"https://shop.test/?q={text}", title=text),
        tabs=[Tab(index=0, title=text, url=f"https://shop.test/?q={text}")],
        health=[Finding(code="gap", message=text, count=2)],
    )  # fmt: skip
    return IncidentNote(
        title=text, severity="P1", session=session, category=text, verdict=text, summary=text,
        cause=text, affected=text, moment=T, start=T - 9,
        end=T, zone="Asia/Tokyo", page=f"https://shop.test/?q={text}", steps=[f"Click {text}", "Wait"],
        faults=[Fault(error=ErrorEvent(t=T, title=text, url=text, source="recording", exceptions=[
            Raised(type="Error", value=text, frames=frames), Raised(type="TypeError", value=text, frames=frames)]),
            mapped=True, recorded=frames)],
        requests=[NetworkRequest(t=T - 5, end=T, method="POST", url=f"https://shop.test/api?q={text}", status=502,
                                 error=text, request_body=Body(text=text), response_body=Body(text=text))],
        console=[ConsoleEntry(t=T, level="error", message=text, arguments=[text])],
        state=[StateChange(t=T, action=text, payload={"a": text})],
        notes=[Note(id="n", session="s-1", t=T, text=text, author=text)],
        timeline=[Moment(t=T, kind="errors", text=text, severity=2), Moment(t=T, kind="console", text="x")],
        vitals=[Vital(t=T, name="LCP", value=752, rating="good", page=f"https://shop.test/{text}", target=text)],
        charts=[
            Chart(name="requests", start=T - 9, end=T, zero=T - 60_000, moment=T, of=9, marks=[
                Mark(t=T - 5, end=T, label="POST", url=f"https://shop.test/{text}", said=text, severity=2)]),
            Chart(name="memory", start=T - 9, end=T, zero=T - 60_000, moment=T, marks=[
                Mark(t=T - 8, value=31e6), Mark(t=T - 1, value=48e6)]),
            Chart(name="vitals", start=T - 9, end=T, zero=T - 60_000, moment=T, marks=[
                Mark(t=T - 8, value=2600, label="LCP"), Mark(t=T - 8, value=1, label=text)]),
        ],
        missing=[Finding(code="gap", message=text, count=2)],
        pictures=[Picture(t=T, caption=text, png=PNG, redacted=masked)],
        links=[Link(label="Recording", url="https://r.test/s-1?t=60.0"), Link(label="Bad", url=f"javascript:{text}")],
        created=T,
    )  # fmt: skip
