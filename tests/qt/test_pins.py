"""Spots of notes: numbered on the page at their instant, and on the pictures of the incident note."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from replay_viewer.cli.main import main
from replay_viewer.domain.resources import resource
from replay_viewer.domain.session import Note, Spot, spots_at
from replay_viewer.library import Library
from replay_viewer.qt.drawing import with_pins
from replay_viewer.qt.headless import png
from replay_viewer.qt.window import Window
from replay_viewer.services.importer import import_paths


def test_at_its_instant_or_through_its_range() -> None:
    at = Note(id="a", session="s", t=10_000, x=5, y=6)
    through = msgspec.structs.replace(at, id="b", end=20_000, x=7)
    plain = Note(id="c", session="s", t=10_000)
    elsewhere = msgspec.structs.replace(at, tab=1)
    notes = [plain, at, through, elsewhere]
    assert spots_at(notes, 0, 10_500) == [Spot(2, 5, 6), Spot(3, 7, 6)]
    assert spots_at(notes, 0, 15_000) == [Spot(3, 7, 6)]
    assert spots_at(notes, 1, 10_000) == [Spot(4, 5, 6)]
    assert spots_at(notes, 0, 30_000) == []


def test_on_the_page_while_its_instant_is_shown(session_window: Window, qtbot: QtBot) -> None:
    player, playhead = session_window.stage.player, session_window.context.playhead

    def pinned() -> list[list[Spot]]:
        return [call[1] for call in player.calls if call[0] == "pin"]

    t = playhead.start + 3_000
    session_window.context.opened.notes.append(Note(id="n", session="s", t=t, x=40, y=50))
    session_window.context.notes_changed.emit()
    playhead.seek(t)
    qtbot.waitUntil(lambda: bool(pinned()) and pinned()[-1] == [Spot(1, 40, 50)])
    playhead.seek(t + 4_000)
    qtbot.waitUntil(lambda: pinned()[-1] == [])


def red(image: QImage, x: int, y: int) -> bool:
    """Whether the pin's colour stands somewhere around a spot (its number is white)."""
    near = [image.pixelColor(x + dx, y + dy) for dx in (-8, 0, 8) for dy in (-8, 0, 8) if dx or dy]
    return QColor("#c6283b") in near


def test_on_a_picture(qtbot: QtBot) -> None:
    plain = QImage(200, 100, QImage.Format.Format_RGB32)
    plain.fill(QColor("white"))
    made = QImage.fromData(with_pins(png(plain), [Spot(1, 100, 50), Spot(2, 500, 50)]))
    assert red(made, 100, 50)
    assert red(made, 189, 50), "outside the picture it stands at the edge"
    assert not red(made, 30, 50)


@pytest.mark.webengine
def test_on_the_pictures_of_a_note_by_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qapp: object) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    [session] = import_paths(tmp_path / "home", [resource("samples", "checkout-502")])
    home = ["--home", str(tmp_path / "home")]
    assert main(["note", session, *home, "add", "Here", "--at", "10", "--spot", "300,200"]) == 0
    out = tmp_path / "note.md"
    assert main(["export", session, *home, "--format", "md", "-o", str(out)]) == 0
    assert "pin 1, at 300, 200 on the page" in out.read_text()
    assert red(QImage(str(tmp_path / "note-1.png")), 300, 200)
    with Library.open(tmp_path / "home") as library:
        assert library.notes(session)[0].x == 300
