"""Stories through the real window: open, land, seek by everything, filter, range, notes, keys, failures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLabel, QLineEdit, QPlainTextEdit, QWidget
from pytestqt.qtbot import QtBot

from replay_viewer.domain.errors import BadInput, UserError
from replay_viewer.domain.session import Note
from replay_viewer.library import Library
from replay_viewer.qt.actions import ACTIONS, MENUS, tip
from replay_viewer.qt.keysheet import KeySheet
from replay_viewer.qt.panels.base import ListPanel
from replay_viewer.qt.window import Window
from tests import factories
from tests.qt.conftest import make_window
from tests.qt.stand_in import FakeJob

START = factories.START
CHECKOUT = "5e55104a0000000000000001"


def panel(window: Window, name: str) -> Any:
    return window.panels.panels[name]


def shown(list_panel: ListPanel) -> list[str]:
    model = list_panel.model
    return [model.index(row, model.columnCount() - 1).data() for row in range(model.rowCount())]


def test_lands_three_seconds_before_the_error_with_its_verdict(session_window: Window) -> None:
    window = session_window
    assert window.context.playhead.t == pytest.approx(START + 30_000)
    assert not window.context.playhead.playing
    assert window.panels.current_id == "errors"
    assert panel(window, "errors").table.selected() == [0]
    assert window.stage.verdict.isVisible()
    assert "TypeError: Cannot read properties" in window.stage.verdict.text.text()
    assert window.stage.address.text() == "https://shop.acme.test/shop/checkout"
    assert window.transport.time.text() == "0:30.0"
    assert "release 4.2.0" in window.status.who.text()
    assert window.lanes.accessibleDescription().startswith("Interactions 45")


def test_opens_at_the_instant_given(window: Window, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.opener.loaded):
        window.open_targets([CHECKOUT], "1:20.5")
    assert window.context.playhead.t == START + 80_500
    assert window.stage.tab == 1, "the customer was in the second tab then"


def test_the_player_gets_what_is_asked(session_window: Window) -> None:
    player = session_window.stage.player
    player.calls.clear()
    playhead = session_window.context.playhead
    playhead.seek(START + 12_500)
    playhead.set_speed(2.0)
    playhead.play()
    playhead.pause()
    assert player.calls == [("seek", 0, START + 12_500), ("speed", 2.0), ("speed", 2.0), ("play",), ("pause",)]


def test_a_click_on_a_row_seeks_and_selects_everywhere(session_window: Window, qtbot: QtBot) -> None:
    window = session_window
    window.panels.show_panel("network")
    network = panel(window, "network")
    failed = int(np.flatnonzero(window.context.opened.columns["network"].severity >= 2)[-1])  # type: ignore[union-attr]
    network.reveal(failed)
    at = network.table.currentIndex()
    qtbot.mouseClick(network.table.viewport(), Qt.MouseButton.LeftButton, pos=network.table.visualRect(at).center())
    assert window.context.playhead.t == START + 31_800
    assert window.context.selected == ("network", failed)
    assert "bad gateway" in network.box.response.toPlainText()
    activity = window.activity.table.currentIndex()
    assert "POST /api/charge" in activity.siblingAtColumn(1).data()


def test_an_error_shows_the_last_picture_before_it(session_window: Window) -> None:
    session_window.commands.next_error()
    assert session_window.context.playhead.t == START + 32_999
    session_window.commands.next_error()
    assert session_window.context.selected == ("errors", 1)
    session_window.commands.previous_error()
    assert session_window.context.selected == ("errors", 0)


def test_enter_on_a_row_plays_from_two_seconds_before(session_window: Window, qtbot: QtBot) -> None:
    table = panel(session_window, "errors").table
    table.select(2)
    qtbot.keyClick(table, Qt.Key.Key_Return)
    assert session_window.context.playhead.playing
    assert session_window.context.playhead.t == START + 93_000
    session_window.context.playhead.pause()


def test_click_on_a_mark_seeks_and_on_nothing_too(session_window: Window, qtbot: QtBot) -> None:
    lanes = session_window.lanes
    where = lanes.visible_lanes().index("errors")
    y = 24 + where * lanes.lane + lanes.lane // 2
    x = round(lanes.x_of(START + 95_000)) + 1
    qtbot.mouseClick(lanes, Qt.MouseButton.LeftButton, pos=QPoint(x, y))
    assert session_window.context.selected == ("errors", 2)
    assert session_window.context.playhead.t == START + 94_999
    qtbot.mouseClick(lanes, Qt.MouseButton.LeftButton, pos=QPoint(round(lanes.x_of(START + 60_000)), y))
    assert session_window.context.playhead.t == pytest.approx(START + 60_000, abs=150)


def test_dragged_range_filters_every_panel_and_is_left_by_escape(session_window: Window, qtbot: QtBot) -> None:
    window, lanes = session_window, session_window.lanes
    y = 24 + lanes.lane
    left, right = (QPoint(round(lanes.x_of(START + second * 1000)), y) for second in (31, 34))
    QTest.mousePress(lanes, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, left)
    QTest.mouseMove(lanes, right)
    QTest.mouseRelease(lanes, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, right)
    assert window.context.playhead.range == pytest.approx((START + 31_000, START + 34_000), abs=150)
    assert panel(window, "errors").model.rowCount() == 2
    assert window.transport.range.isVisible()
    assert window.activity.model.rowCount() < 40
    window.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert window.context.playhead.range is None
    assert panel(window, "errors").model.rowCount() == 3


def test_wheel_zooms_and_shift_drag_pans(session_window: Window) -> None:
    lanes = session_window.lanes
    whole = lanes.high - lanes.low
    lanes.zoom(4, START + 30_000)
    assert lanes.high - lanes.low == pytest.approx(whole / 4)
    low = lanes.low
    QTest.mousePress(lanes, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, QPoint(600, 60))
    QTest.mouseMove(lanes, QPoint(500, 60))
    QTest.mouseRelease(lanes, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, QPoint(500, 60))
    assert lanes.low > low
    lanes.show_all()
    assert lanes.high - lanes.low == pytest.approx(whole)


def test_text_filter_asks_the_library(session_window: Window, qtbot: QtBot) -> None:
    console = panel(session_window, "console")
    session_window.panels.show_panel("console")
    qtbot.keyClicks(console.filter, "coupon")
    qtbot.waitUntil(lambda: console.model.rowCount() == 1)
    assert shown(console) == ["Coupon expired, using list price"]
    console.filter.clear()
    qtbot.waitUntil(lambda: console.counter.text() == "52")
    console.levels.set_on(["error"])
    assert console.model.rowCount() == 1
    assert "Arguments" in console.tabs.tabText(1)


def test_activity_chips_and_filter(session_window: Window, qtbot: QtBot) -> None:
    activity = session_window.activity
    everything = activity.model.rowCount()
    activity.chips["errors"].click()
    assert activity.model.rowCount() == 3
    activity.chips["state"].click()
    assert activity.model.rowCount() == 6
    activity.all_chip.click()
    assert activity.model.rowCount() == everything
    qtbot.keyClicks(activity.filter, "charge")
    qtbot.waitUntil(lambda: activity.model.rowCount() < 6)
    assert "POST /api/charge" in [
        activity.model.index(row, 1).data()[:16] for row in range(activity.model.rowCount())
    ]


def test_lists_follow_until_somebody_scrolls(session_window: Window) -> None:
    table = session_window.activity.table
    session_window.context.playhead.seek(START + 100_000)
    assert table.rowViewportPosition(table.present) < table.viewport().height()
    table.set_following(False)
    place = table.verticalScrollBar().value()
    session_window.context.playhead.seek(START + 1_000)
    assert table.verticalScrollBar().value() == place
    session_window.activity.follow.click()
    assert table.verticalScrollBar().value() != place


def test_sort_by_duration_worst_first(session_window: Window) -> None:
    network = panel(session_window, "network")
    network._sort([column.title for column in network.model.columns].index("Duration"))
    assert network.model.index(0, 2).data() == "/api/charge"


def test_state_shows_what_changed(session_window: Window) -> None:
    state = panel(session_window, "state")
    state.show_row(session_window.context.opened.row("state", 1), 1)  # type: ignore[union-attr]
    model = state.diff.json
    assert [model.index(row, 0).data() for row in range(model.rowCount())] == ["cart.coupon", "cart.total"]


def test_vitals_charts_are_drawn_when_looked_at(session_window: Window, qtbot: QtBot) -> None:
    vitals = panel(session_window, "vitals")
    assert not vitals._charts
    session_window.panels.show_panel("vitals")
    qtbot.waitUntil(lambda: bool(vitals._charts))
    assert vitals.table.rowCount() == 2
    assert vitals.table.item(0, 3).text() == "▲ 612 ms"


def test_notes_are_added_edited_deleted_and_undone(session_window: Window, filled: Library, qtbot: QtBot) -> None:
    window = session_window
    notes = panel(window, "notes")
    window.commands.bookmark()
    window.commands.add_evidence()
    assert [note.kind for note in filled.notes(CHECKOUT)] == ["", "errors"]
    window.commands.comment()
    assert window.panels.current_id == "notes"
    qtbot.keyClicks(notes.editor, "m is only a letter here")
    qtbot.keyClick(notes.editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert "m is only a letter here" in [note.text for note in filled.notes(CHECKOUT)]  # two of one instant
    assert window.panels.tabs["notes"].count == 3
    assert "notes" in window.lanes.visible_lanes()
    notes.list.setCurrentRow(0)
    notes.remove_current()
    assert len(filled.notes(CHECKOUT)) == 2
    window.commands.undo()
    assert len(filled.notes(CHECKOUT)) == 3
    for _ in range(3):
        window.commands.undo()
    assert filled.notes(CHECKOUT) == []
    window.commands.redo()
    assert len(filled.notes(CHECKOUT)) == 1


def test_a_note_that_cannot_be_kept_is_said_and_not_lost(
    session_window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = session_window

    def refuse(_note: Note) -> None:
        raise UserError("The disk is full.", "Make room.")

    monkeypatch.setattr(window.context.library, "put_note", refuse)
    window.commands.bookmark()
    assert "disk is full" in window.messages.text.text() or "Bookmarked" in window.messages.text.text()
    assert window.context.opened is not None
    assert window.context.opened.notes == []


@pytest.mark.parametrize(
    ("key", "modifier", "moved"),
    [
        (Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier, 5_000),
        (Qt.Key.Key_Left, Qt.KeyboardModifier.NoModifier, -5_000),
        (Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier, 1_000),
        (Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier, -1_000),
    ],
)
def test_keys_step_wherever_the_focus_is(
    session_window: Window, qtbot: QtBot, key: Any, modifier: Any, moved: int
) -> None:
    window = session_window
    for focus in (window, window.lanes, window.activity.table, window.queue.view, panel(window, "errors").table):
        focus.setFocus()
        before = window.context.playhead.target
        qtbot.keyClick(focus, key, modifier)
        assert window.context.playhead.target == before + moved


def test_letters_are_letters_in_text_fields(session_window: Window, qtbot: QtBot) -> None:
    window = session_window
    window.top.box.setFocus()
    qtbot.keyClicks(window.top.box, "nmpe[] ?1s")
    assert window.top.box.text() == "nmpe[] ?1s"
    assert window.context.opened is not None
    assert window.context.opened.notes == []
    before = window.context.playhead.target
    qtbot.keyClick(window.top.box, Qt.Key.Key_Left)
    assert window.context.playhead.target == before


def test_keys_for_play_speed_panels_range_and_sheet(session_window: Window, qtbot: QtBot) -> None:
    window = session_window
    window.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert window.context.playhead.playing
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert not window.context.playhead.playing
    qtbot.keyClick(window, Qt.Key.Key_Period)
    assert window.context.playhead.speed == 2.0
    qtbot.keyClick(window, Qt.Key.Key_2)
    assert window.panels.current_id == "network"
    qtbot.keyClick(window, Qt.Key.Key_BracketLeft)
    assert window.context.playhead.range is not None
    qtbot.keyClick(window, Qt.Key.Key_Slash)
    assert QApplication.focusWidget() is window.top.box
    window.setFocus()
    window.commands.show_keys()
    sheet = window.findChild(KeySheet)
    assert sheet is not None
    sheet.close()


def test_w_a_s_d_belong_to_the_lanes_only_with_focus(session_window: Window, qtbot: QtBot) -> None:
    window, lanes = session_window, session_window.lanes
    whole = lanes.high - lanes.low
    lanes.setFocus()
    qtbot.keyClick(lanes, Qt.Key.Key_W)
    assert lanes.high - lanes.low < whole
    qtbot.keyClick(lanes, Qt.Key.Key_S)
    assert lanes.high - lanes.low == pytest.approx(whole)
    assert not window.messages.isVisible(), "no screenshot was taken"
    window.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_S)
    assert "Screenshot" in window.messages.text.text()
    assert list((window.context.library.home / "screenshots").glob("*.png"))


def test_back_and_sessions_by_key(session_window: Window, qtbot: QtBot) -> None:
    window = session_window
    window.context.playhead.seek(START + 90_000)
    window.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_Backspace, Qt.KeyboardModifier.AltModifier)
    assert window.context.playhead.t == START + 30_000
    with qtbot.waitSignal(window.opener.loaded):
        qtbot.keyClick(window, Qt.Key.Key_J)
    assert window.context.opened is not None
    assert window.context.opened.session.facts.user.id == "u-2041"
    with qtbot.waitSignal(window.opener.loaded):
        qtbot.keyClick(window, Qt.Key.Key_K)
    assert window.context.opened.id == CHECKOUT


def test_every_action_has_a_method_a_menu_or_a_key(window: Window) -> None:
    ids = [action.id for action in ACTIONS]
    assert len(ids) == len(set(ids))
    keys = [(action.scope, key) for action in ACTIONS for key in action.keys]
    assert len(keys) == len(set(keys))
    for action in ACTIONS:
        assert callable(getattr(window.commands, action.handler))
        assert action.menu in MENUS or action.keys
        assert tip(action.id)


def test_nothing_needs_a_session_to_be_harmless(window: Window) -> None:
    for action in ACTIONS:
        if action.when != "always":
            assert not window.actions_table.run(action.id)


def test_every_control_has_a_name(session_window: Window, qtbot: QtBot) -> None:
    session_window.panels.show_panel("vitals")
    kinds = (QAbstractButton, QLineEdit, QComboBox, QPlainTextEdit)
    for control in session_window.findChildren(QWidget):
        if isinstance(control, kinds) and not control.objectName().startswith("qt_"):
            named = control.accessibleName() or (isinstance(control, QAbstractButton) and control.text())
            assert named, f"{control!r} in {control.parent()!r}"


def test_texts_of_a_recording_are_never_markup(session_window: Window) -> None:
    for label in session_window.findChildren(QLabel):
        if label.text():
            assert label.textFormat() == Qt.TextFormat.PlainText, label.text()


def test_queue_filter_and_its_empty_states(window: Window, qtbot: QtBot) -> None:
    qtbot.keyClicks(window.queue.filter, "lovelace")
    qtbot.waitUntil(lambda: window.queue.model.rowCount() == 1)
    qtbot.keyClicks(window.queue.filter, " nobody")
    qtbot.waitUntil(lambda: window.queue.empty.isVisible())
    assert window.queue.empty.title.text() == "No session matches"


def test_empty_library_says_what_to_do(
    styled: QApplication, qtbot: QtBot, library: Library, jobs: list[FakeJob], tmp_path: Path
) -> None:
    window = make_window(library, jobs, tmp_path)
    window.show()
    qtbot.waitUntil(lambda: window.queue.empty.title.text() == "No sessions yet")
    assert window.queue.open_button.isVisible()
    assert panel(window, "console").empty.title.text() == "No session is open"
    window.close()
    window.deleteLater()


def test_import_opens_what_it_brought(window: Window, jobs: list[FakeJob], qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[]")
    jobs.append(FakeJob([CHECKOUT]))
    with qtbot.waitSignal(window.opener.loaded):
        window.enter(str(tmp_path / "a.json"))
    assert window.context.opened is not None
    assert not window.progress.isVisible()


def test_failed_import_says_so_and_offers_retry(
    window: Window, jobs: list[FakeJob], qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "a.json").write_text("x")
    jobs.append(FakeJob(error=BadInput("a.json is no recording.", "Give a JSON array of rrweb events.")))
    with qtbot.waitSignal(window.opener.failed):
        window.open_targets([str(tmp_path / "a.json")])
    assert window.messages.text.text() == "a.json is no recording."
    jobs.append(FakeJob([CHECKOUT]))
    with qtbot.waitSignal(window.opener.loaded):
        window.messages.retry_button.click()


def test_import_can_be_cancelled(window: Window, jobs: list[FakeJob], qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("x")
    job = FakeJob()
    job.finish_on_poll = False
    jobs.append(job)
    window.open_targets([str(tmp_path / "a.json")])
    assert window.progress.isVisible()
    window.progress.cancel_button.click()
    assert job.cancelled
    qtbot.waitUntil(lambda: not window.progress.isVisible())


def test_dropped_files_are_opened(window: Window, jobs: list[FakeJob], qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("x")
    jobs.append(FakeJob([CHECKOUT]))
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / "a.json"))])
    drop = QDropEvent(
        QPointF(10, 10), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    with qtbot.waitSignal(window.opener.loaded):
        window.dropEvent(drop)


def test_unknown_session_is_one_sentence(window: Window, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.opener.failed):
        window.open_targets(["nosuchsession"])
    assert window.messages.isVisible()
    assert "Traceback" not in window.messages.text.text() + window.messages.advice.text()
    assert window.messages.text.text()


def test_link_to_an_instant_comes_back(session_window: Window, qtbot: QtBot) -> None:
    session_window.context.playhead.seek(START + 12_300)
    session_window.commands.copy_link()
    link = QApplication.clipboard().text()
    session_window.context.playhead.seek(START)
    with qtbot.waitSignal(session_window.opener.loaded):
        session_window.enter(link)
    assert session_window.context.playhead.t == pytest.approx(START + 12_300)


def test_dead_page_loses_nothing_and_retry_brings_it_back(session_window: Window) -> None:
    window = session_window
    window.context.playhead.seek(START + 50_000)
    window.stage.player.failed.emit("The page keeps crashing at this moment. Seek elsewhere, then press Retry.")
    assert not window.stage.shows_page
    assert window.stage.empty.title.text() == "The page keeps crashing at this moment."
    assert window.context.playhead.t == START + 50_000
    window.context.playhead.seek(START + 60_000)
    assert window.context.playhead.t == START + 60_000, "lanes and lists work without a page"
    window.stage.retry_button.click()
    assert window.stage.shows_page
    assert ("retry",) in window.stage.player.calls
    assert window.stage.player.calls[-1] == ("seek", 1 if window.stage.tab else 0, START + 60_000)


def test_layout_is_remembered_and_reset(
    styled: QApplication, qtbot: QtBot, filled: Library, jobs: list[FakeJob], tmp_path: Path
) -> None:
    first = make_window(filled, jobs, tmp_path)
    first.show()
    first.queue_dock.hide()
    first.close()
    first.deleteLater()
    second = make_window(filled, jobs, tmp_path)
    second.show()
    assert not second.queue_dock.isVisible()
    second.reset_layout()
    assert second.queue_dock.isVisible()
    second.close()
    second.deleteLater()


def test_closing_a_session_leaves_a_welcome(session_window: Window) -> None:
    session_window.close_session()
    assert not session_window.stage.shows_page
    assert session_window.activity.model.rowCount() == 0
    assert session_window.transport.time.text() == "–"
    assert not session_window.top.note_button.isEnabled()


def test_marks_on_the_page_can_be_put_away_and_stay_away(window: Window) -> None:
    player = window.stage.player
    assert window.actions_table.action("marks").isChecked()
    window.actions_table.run("marks")
    assert player.calls[-1] == ("marks", False)
    assert not window.actions_table.action("marks").isChecked()
    player.ready.emit()
    assert ("marks", False) in player.calls[-2:]
    window.actions_table.run("marks")
    assert player.calls[-1] == ("marks", True)


def test_deleting_goes_on_beside_the_window_and_can_be_tried_again(
    session_window: Window, filled: Library, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = session_window
    delete = Library.delete

    def refuse(_library: Library, _id: str) -> None:
        raise UserError("The library is busy.", "Try again.")

    monkeypatch.setattr(Library, "delete", refuse)
    window.commands.remove_session(CHECKOUT)
    assert window.progress.isVisible()
    assert not window.progress.cancel_button.isVisible()
    qtbot.waitUntil(lambda: window.messages.text.text() == "The library is busy.")
    assert not window.progress.isVisible()
    monkeypatch.setattr(Library, "delete", delete)
    window.messages.retry_button.click()
    qtbot.waitUntil(lambda: window.queue.model.row_of(CHECKOUT) < 0)
    assert window.context.opened is None
    assert not window.progress.isVisible()
