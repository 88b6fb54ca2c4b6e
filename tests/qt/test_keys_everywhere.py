"""Keys of the table work wherever the focus is, except where somebody types; and none is taken twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from replay_viewer.qt.actions import PANEL_IDS, types_text
from replay_viewer.qt.window import Window

#: Keys without a meaning of their own for lists and trees.
KEYS = (",", ".", "n", "i", "m")


def focusable(window: Window) -> Iterator[QWidget]:
    takes = Qt.FocusPolicy.ClickFocus | Qt.FocusPolicy.TabFocus
    for widget in window.findChildren(QWidget):
        if widget.isVisible() and widget.isEnabled() and widget.focusPolicy() & takes:
            yield widget


@pytest.mark.parametrize("panel", PANEL_IDS)
def test_keys_reach_the_table_from_every_widget(
    session_window: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, panel: str
) -> None:
    window = session_window
    window.panels.show_panel(panel)
    qtbot.waitUntil(lambda: not window.context.tasks._waiting, timeout=10_000)
    asked: list[str] = []
    monkeypatch.setattr(window.actions_table, "run", lambda name: bool(asked.append(name)) or True)
    deaf = []
    tried = 0
    for widget in list(focusable(window)):
        widget.setFocus()
        if not widget.hasFocus():
            continue
        for key in KEYS:
            asked.clear()
            QTest.keyClick(widget, key)
            tried += 1
            typing = types_text(widget)
            if bool(asked) == typing or len(asked) > 1:
                deaf.append((type(widget).__name__, widget.accessibleName() or widget.objectName(), key, list(asked)))
    assert tried > 30
    assert not deaf
