"""The notes panel: order, colour, a spot of the page, all of it undoable."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from replay_viewer.domain.session import Note
from replay_viewer.qt.window import Window


def texts(window: Window) -> list[str]:
    opened = window.context.opened
    assert opened is not None
    return [note.text for note in opened.library.notes(opened.id)]


def test_notes_are_arranged_coloured_and_pinned(session_window: Window, qtbot: QtBot) -> None:
    panel = session_window.commands.notes
    opened = session_window.context.opened
    assert opened is not None
    start = opened.session.start
    before = texts(session_window)
    for n, text in enumerate(("one", "two", "three")):
        panel.add(Note(id="", session="", t=start + n, text=text))
    names = texts(session_window)
    assert all(note.author for note in opened.notes if note.text in ("one", "two", "three"))
    panel.reveal(next(note.id for note in opened.notes if note.text == "two"))
    panel.up_button.click()
    at = names.index("two")
    assert texts(session_window)[at - 1] == "two"
    panel.undo_stack.undo()
    assert texts(session_window) == names
    panel.undo_stack.redo()
    panel.time_button.click()
    assert texts(session_window) == names

    panel.reveal(next(note.id for note in opened.notes if note.text == "three"))
    panel.colour.setCurrentIndex(panel.colour.findData("failed"))
    panel.colour.activated.emit(panel.colour.currentIndex())
    assert next(note for note in opened.notes if note.text == "three").colour == "failed"
    panel.undo_stack.undo()
    assert next(note for note in opened.notes if note.text == "three").colour == ""

    panel.pin_button.click()
    session_window.context.spot_picked.emit(320.25, 200.0)
    assert "320, 200" in panel.head.text()
    panel.editor.setPlainText("this button")
    panel.save_button.click()
    pinned = next(note for note in opened.notes if note.text == "this button")
    assert (pinned.x, pinned.y, pinned.end) == (320.2, 200.0, -1.0)
    assert len(texts(session_window)) == len(before) + 4
