"""Redaction for good from the window: looked at, asked for, done; nothing is done when somebody thinks again."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from replay_viewer.qt.redaction import ReviewDialog
from replay_viewer.qt.rewriting import Rewriting
from replay_viewer.qt.window import Window


def approve(window: Window, qtbot: QtBot) -> None:
    window.actions_table.run("redact")
    dialog = window.findChild(ReviewDialog)
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.export_button.isEnabled())
    dialog.export_button.click()


def test_redacted_from_the_window(session_window: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    library = session_window.context.library
    monkeypatch.setattr(QMessageBox, "exec", lambda _box: 0)
    answers = iter((None, "destructive"))

    def clicked(box: QMessageBox) -> object:
        wanted = next(answers)
        return next((one for one in box.buttons() if wanted and "Redact" in one.text()), None)

    monkeypatch.setattr(QMessageBox, "clickedButton", clicked)
    before = library.session("5e55104a0000000000000001")
    assert before.facts.user.email
    approve(session_window, qtbot)
    qtbot.waitUntil(lambda: session_window.findChild(Rewriting) is None)
    assert library.session(before.id) == before
    approve(session_window, qtbot)
    qtbot.waitUntil(lambda: session_window.findChild(Rewriting) is None, timeout=10_000)
    after = library.session(before.id)
    assert after.facts.user.email.startswith("[e-mail ")
    assert after.health[0].code == "redacted"
    qtbot.waitUntil(lambda: session_window.context.opened is not None)
