"""What lists share: widths and shares are remembered, rows can be copied."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractItemView, QApplication, QSplitter
from pytestqt.qtbot import QtBot

from replay_viewer.library import Library
from replay_viewer.qt.flow import Row, packed
from replay_viewer.qt.plaintable import TEXT
from replay_viewer.qt.window import Window
from tests.qt.conftest import make_window
from tests.qt.stand_in import FakeJob


def test_columns_and_details_are_as_they_were_left(
    styled: QApplication, qtbot: QtBot, filled: Library, jobs: list[FakeJob], tmp_path: Path
) -> None:
    first = make_window(filled, jobs, tmp_path)
    first.show()
    table = first.panels.panels["network"].table  # type: ignore[attr-defined]
    usual = table.columnWidth(3)
    table.setColumnWidth(3, usual + 60)
    splitter = first.findChild(QSplitter, "errors-panel")
    assert splitter is not None
    splitter.setSizes([300, 500])
    splitter.splitterMoved.emit(300, 1)
    kept = splitter.sizes()
    first.close()
    first.deleteLater()
    second = make_window(filled, jobs, tmp_path)
    second.show()
    table = second.panels.panels["network"].table  # type: ignore[attr-defined]
    assert table.columnWidth(3) == usual + 60
    again = second.findChild(QSplitter, "errors-panel")
    assert again is not None
    assert again.property("share") == kept
    second.reset_layout()
    assert table.columnWidth(3) == usual
    second.close()
    second.deleteLater()
    third = make_window(filled, jobs, tmp_path)
    assert third.panels.panels["network"].table.columnWidth(3) == usual  # type: ignore[attr-defined]
    third.close()
    third.deleteLater()


def test_what_was_kept_may_be_nonsense(
    styled: QApplication, filled: Library, jobs: list[FakeJob], tmp_path: Path
) -> None:
    settings = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    settings.setValue("columns/Network list", "12,abc")
    settings.setValue("splitters/errors-panel", "7")
    settings.sync()
    window = make_window(filled, jobs, tmp_path)
    assert window.panels.panels["network"].table.columnWidth(3) > 36  # type: ignore[attr-defined]
    window.close()
    window.deleteLater()


def test_rows_of_other_lists_are_copied_too(session_window: Window, qtbot: QtBot) -> None:
    window = session_window
    window.commands.bookmark()
    notes = window.panels.panels["notes"]
    window.panels.show_panel("notes")
    view: QAbstractItemView = notes.list  # type: ignore[attr-defined]
    notes.list.setCurrentRow(0)  # type: ignore[attr-defined]
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().text() == "0:30.0\tBookmark"
    window.panels.show_panel("vitals")
    vitals = window.panels.panels["vitals"]
    qtbot.waitUntil(lambda: vitals.table.rowCount() == 2)  # type: ignore[attr-defined]
    vitals.table.selectRow(0)  # type: ignore[attr-defined]
    (copy,) = [one for one in vitals.table.findChildren(QAction) if one.text() == TEXT]  # type: ignore[attr-defined]
    copy.trigger()
    assert QApplication.clipboard().text().startswith("0:00.0\t/shop\t▲ 2.81 s")


def test_chips_without_room_are_in_the_menu() -> None:
    assert packed([40, 40, 40], 200, 2, 30) == [Row(0, 0, 3)]
    assert packed([40, 40, 40], 90, 2, 30) == [Row(0, 0, 2), Row(1, 2, 3)]
    assert packed([40] * 6, 90, 2, 30) == [Row(0, 0, 2), Row(1, 2, 3)], "the menu takes the room of one"
    assert packed([400], 90, 2, 30) == [Row(0, 0, 1)], "one that is too wide has a row to itself"


def test_more_says_what_of_it_is_on(session_window: Window) -> None:
    row = session_window.activity.row
    row.resize(244, 60)
    hidden = [chip for chip in session_window.activity.chips.values() if chip.isHidden()]
    assert hidden
    assert row.more.text() == "More ▾"
    hidden[0].click()
    assert row.more.text() == f"{hidden[0].text()} ▾"
    assert row.more.property("picked")
    row.more.menu().aboutToShow.emit()
    assert next(action.isChecked() for action in row.more.menu().actions())


def test_a_session_is_copied_with_a_link_to_it(session_window: Window) -> None:
    view = session_window.queue.view
    row = session_window.queue.model.row_of("5e55104a0000000000000001")
    view.setCurrentIndex(session_window.queue.model.index(row))
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    text = QApplication.clipboard().text()
    assert text.startswith("ada.lovelace@acme.test · ")
    assert text.endswith(" · replay-viewer://session/5e55104a0000000000000001")
