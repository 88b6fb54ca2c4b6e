"""The incident note of a session in a real library: what is taken unasked, what is picked, what is written."""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from replay_viewer.domain.errors import NotFound, StorageProblem, UserError
from replay_viewer.domain.rows import (
    Body,
    ConsoleEntry,
    ErrorEvent,
    Frame,
    Interaction,
    Navigation,
    NetworkRequest,
    Raised,
    Row,
    StateChange,
    Vital,
)
from replay_viewer.domain.session import Facts, Note, Session, Tab, User
from replay_viewer.library import Library
from replay_viewer.recording.chunk import pack
from replay_viewer.recording.events import decode_event
from replay_viewer.services import files, incident, redacting
from tests.export.notes import PNG

T0 = 1_795_205_600_000.0
FAILED = T0 + 60_000.0
PAGE = "https://shop.test/checkout?email=ada%40example.test"

EVENTS: list[dict[str, Any]] = [
    {"type": 2, "timestamp": T0, "data": {"initialOffset": {"left": 0, "top": 0}, "node": {
        "type": 0, "id": 1, "childNodes": [{"type": 2, "id": 2, "tagName": "input", "childNodes": [],
                                            "attributes": {"type": "password", "name": "p"}}]}}},
    *({"type": 3, "timestamp": T0 + n, "data": {"source": 5, "id": 2, "text": "rosebud-9"[:n], "isChecked": False}}
      for n in range(1, 10)),
]  # fmt: skip

ROWS: list[Row] = [
    Navigation(t=T0, tab=0, url=PAGE),
    Interaction(t=FAILED - 2_000, tab=0, action="click", words="Clicked button “Pay now”"),
    NetworkRequest(t=T0 + 1_000, end=T0 + 1_100, tab=0, url="https://shop.test/old", status=500),
    NetworkRequest(t=FAILED - 1_900, end=FAILED - 100, tab=0, method="POST", status=502, url="https://shop.test/api/pay",
                   request_headers={"authorization": "Bearer tok_live_1"},
                   request_body=Body(text='{"note": "the word is rosebud-9", "cvc": "737"}')),
    NetworkRequest(t=FAILED - 1_000, end=FAILED - 900, tab=0, url="https://shop.test/ok", status=200),
    ConsoleEntry(t=FAILED - 50, tab=0, level="error", message="pay failed for ada@example.test"),
    ConsoleEntry(t=FAILED - 40, tab=0, level="log", message="chatter"),
    ErrorEvent(t=FAILED, tab=0, title="TypeError: total is undefined", source="recording", exceptions=[
        Raised(type="TypeError", value="total is undefined", handled=False,
               frames=[Frame(function="t", file="https://shop.test/app.min.js", line=1, column=7)])]),
    ErrorEvent(t=FAILED + 5_000, tab=0, title="Error: second"),
    StateChange(t=FAILED - 60, tab=0, action="cart/fail", payload={"reason": "declined"}),
    Vital(t=T0 + 900, tab=0, name="LCP", value=900, rating="good", page=PAGE),
    Vital(t=T0 + 950, tab=0, name="LCP", value=2_600, rating="needs-improvement", page=PAGE),
]  # fmt: skip


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """A library with one session."""
    made = Library.open(tmp_path / "home")
    raws = [json.dumps(event).encode() for event in EVENTS]
    with made.writer("s-1", "https://replays.test/sessions/s-1") as writer:
        writer.chunk(0, 0, len(raws), T0, T0 + 9, pack([(decode_event(raw), raw) for raw in raws]))
        writer.rows(ROWS)
        writer.finish(
            Session(
                id="s-1",
                start=T0,
                end=T0 + 90_000,
                origin="https://replays.test/sessions/s-1",
                facts=Facts(user=User(email="ada@example.test"), zone="Asia/Tokyo"),
                tabs=[Tab(index=0, start=T0, end=T0 + 90_000, events=len(raws), chunks=1)],
                browser="Chrome 156",
            )
        )
    yield made
    made.close()


def test_evidence_nobody_picked(library: Library) -> None:
    """The first error; failed requests and console errors of the 30 s before it; the words for all of it."""
    note = incident.build(library, "s-1")
    assert note.title == "TypeError: total is undefined"
    assert (note.severity, note.response) == ("P2", "30 min")
    assert note.moment == FAILED
    assert [fault.error.title for fault in note.faults] == ["TypeError: total is undefined"]
    assert [row.url for row in note.requests] == ["https://shop.test/api/pay"]
    assert [row.message for row in note.console] == ["pay failed for ada@example.test"]
    assert note.steps[-1].endswith("Click button “Pay now”")
    assert not note.steps[0].startswith("1.")
    assert "Pay now" in note.verdict
    assert note.page == PAGE
    assert [(row.name, row.value) for row in note.vitals] == [("LCP", 2_600)]
    assert [line.kind for line in note.timeline] == ["interactions", "network", "state", "console", "errors"]
    assert [link.url for link in note.links] == [
        "https://replays.test/sessions/s-1?t=60.0",
        "replay-viewer://session/s-1?t=60.0",
    ]


def test_picked_evidence(library: Library) -> None:
    """Notes that point at rows decide; nothing is added to them."""
    notes = [
        Note(id="a", session="s-1", t=FAILED - 60, kind="state", row=0, text="why?"),
        Note(id="b", session="s-1", t=FAILED + 5_000, kind="errors", row=1),
    ]
    note = incident.build(library, "s-1", notes=notes, title="Ours", severity="P4", category="payments")
    assert (note.title, note.severity, note.category) == ("Ours", "P4", "payments")
    assert [fault.error.title for fault in note.faults] == ["Error: second"]
    assert [row.action for row in note.state] == ["cart/fail"]
    assert note.requests == []
    alone = incident.build(library, "s-1", notes=[Note(id="c", session="s-1", t=FAILED, kind="network", row=1)])
    assert alone.faults == []
    assert alone.title == "POST https://shop.test/api/pay → 502"
    library.put_note(notes[1])
    assert incident.build(library, "s-1").title == "Error: second"


def test_a_range(library: Library) -> None:
    """All errors of a range, and what failed in it."""
    note = incident.build(library, "s-1", range=(T0, T0 + 90_000))
    assert len(note.faults) == 2
    assert len(note.requests) == 2
    assert incident.build(library, "s-1", range=(T0, T0 + 2_000)).title.endswith("/old → 500")


def test_pictures_are_masked_by_the_painter(library: Library) -> None:
    """At the error and 3 s before; the painter gets the redactor, and one that never asks has masked nothing."""
    asked: list[tuple[int, list[float], str]] = []

    def shoot(tab: int, instants: Sequence[float], redact: Callable[[str], str] | None) -> list[bytes]:
        assert redact is not None
        asked.append((tab, list(instants), redact("word rosebud-9 of ada@example.test")))
        return [PNG, b""]

    def careless(tab: int, instants: Sequence[float], redact: Callable[[str], str] | None) -> list[bytes]:
        return [PNG for _ in instants]

    note = incident.build(library, "s-1", shoot=shoot)
    assert asked[0][:2] == (0, [FAILED - 3_000, FAILED])
    assert "rosebud" not in asked[0][2]
    assert "ada" not in asked[0][2]
    assert [(picture.caption, picture.redacted) for picture in note.pictures] == [("3 s before the error", True)]
    assert [picture.redacted for picture in incident.build(library, "s-1", shoot=careless).pictures] == [False, False]


@pytest.mark.parametrize("format", ["md", "html", "json", "txt"])
def test_written_without_secrets(library: Library, tmp_path: Path, format: str) -> None:
    """Typed in the recording, found in a body: gone. Nothing else is left in the folder."""
    redactor = redacting.redactor_for(library, "s-1")
    out = tmp_path / "out" / f"incident.{format}"
    written = incident.write(incident.build(library, "s-1", redactor=redactor), format, out, redactor)
    charts = [out.with_name(f"incident-{name}.svg") for name in ("requests", "vitals")] if format == "md" else []
    assert written == [out, *charts]
    # three digits may also be the milliseconds of a time
    for secret in ("rosebud", "ada@", "ada%40", "tok_live_1", r"(?<![\d.:])737(?![\dZ])"):
        assert not [path for path in written if re.search(secret, path.read_text())]
    assert "TypeError" in out.read_text()
    assert sorted(out.parent.iterdir()) == sorted(written)


def test_pictures_beside_markdown(library: Library, tmp_path: Path) -> None:
    """Named after the file."""
    redactor = redacting.redactor_for(library, "s-1", "none")
    note = incident.build(library, "s-1", shoot=lambda tab, ts, redact: [PNG for _ in ts], redactor=redactor)
    paths = incident.write(note, "md", tmp_path / "note.md", redactor)
    assert [path.name for path in paths] == [
        "note.md", "note-1.png", "note-2.png", "note-requests.svg", "note-vitals.svg",
    ]  # fmt: skip
    assert paths[1].read_bytes() == PNG


def test_a_printer_makes_the_pdf(library: Library, tmp_path: Path) -> None:
    """It gets the redacted page and a temporary path; without one a sentence says so."""
    redactor = redacting.redactor_for(library, "s-1")
    note = incident.build(library, "s-1", redactor=redactor)
    pages: list[str] = []

    def printer(html: str, path: Path) -> None:
        pages.append(html)
        path.write_bytes(b"%PDF")

    out = tmp_path / "incident.pdf"
    assert incident.write(note, "pdf", out, redactor, print_html=printer) == [out]
    assert out.read_bytes() == b"%PDF"
    assert "rosebud" not in pages[0]
    with pytest.raises(UserError, match="cannot be made here"):
        incident.write(note, "pdf", out, redactor)


def test_a_full_disk_leaves_nothing(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence; what stood there before is still there."""
    redactor = redacting.redactor_for(library, "s-1")
    note = incident.build(library, "s-1", redactor=redactor)
    out = tmp_path / "out" / "incident.txt"
    incident.write(note, "txt", out, redactor)
    before = out.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(StorageProblem, match="disk is full"):
        incident.write(note, "txt", out, redactor)
    assert out.read_bytes() == before
    assert list(out.parent.iterdir()) == [out]


def test_a_folder_that_cannot_be(library: Library, tmp_path: Path) -> None:
    """A file where a folder should be."""
    (tmp_path / "file").write_text("x")
    redactor = redacting.redactor_for(library, "s-1")
    with pytest.raises(StorageProblem):
        incident.write(incident.build(library, "s-1"), "txt", tmp_path / "file" / "incident.txt", redactor)


def test_no_such_session(library: Library) -> None:
    """As the library says it."""
    with pytest.raises(NotFound):
        incident.build(library, "nope")
