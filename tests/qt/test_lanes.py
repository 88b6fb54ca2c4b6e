"""The lanes: order and visibility, hidden time, tooltips, pinch, and their twin as a table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint, QPointF, QSettings, Qt
from PySide6.QtGui import QNativeGestureEvent, QPointingDevice
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from replay_viewer.qt.lanes.content import ORDER, Arrangement
from replay_viewer.qt.lanes.table import LaneTable
from replay_viewer.qt.window import Window
from tests.factories import START


@given(st.lists(st.sampled_from([*ORDER, "nonsense", ""])), st.lists(st.sampled_from([*ORDER, "nonsense"])))
def test_whatever_was_remembered_every_lane_has_one_place(order: list[str], hidden: list[str]) -> None:
    made = Arrangement.of(order, hidden)
    assert sorted(made.order) == sorted(ORDER)
    assert len(made.hidden) < len(ORDER)
    for name in ORDER:
        moved = made.moved(name, made.order[0])
        assert sorted(moved.order) == sorted(ORDER)
        assert moved.order[0] == name
        assert made.moved(name, "").order[-1] == name


def test_lanes_are_hidden_moved_and_remembered(session_window: Window, qtbot: QtBot) -> None:
    lanes = session_window.lanes
    before = lanes.visible_lanes()
    menu = lanes.menu("network")
    next(action for action in menu.actions() if action.text() == "Hide Network").trigger()
    assert lanes.visible_lanes() == [name for name in before if name != "network"]
    # drag the title of the errors to the top
    top, height = lanes.top, lanes.lane
    at = lanes.visible_lanes().index("errors")
    start = QPoint(40, top + at * height + height // 2)
    qtbot.mousePress(lanes, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(lanes, QPoint(40, top + 2))
    assert lanes.lifted is not None
    lanes.grab()
    qtbot.mouseRelease(lanes, Qt.MouseButton.LeftButton, pos=QPoint(40, top + 2))
    assert lanes.visible_lanes()[0] == "errors"
    assert session_window.context.playhead.range is None, "no range was picked meanwhile"
    lanes.remember(QSettings(session_window.settings.fileName(), QSettings.Format.IniFormat))
    assert lanes.visible_lanes()[0] == "errors"
    assert "network" not in lanes.visible_lanes()
    next(action for action in lanes.menu().actions() if action.text() == "Reset lanes").trigger()
    assert lanes.visible_lanes() == before
    for made in (menu,):
        made.deleteLater()


def test_tooltips_read_the_instant_in_every_way(session_window: Window) -> None:
    lanes = session_window.lanes
    lanes.data.hidden.append((START + 60_000, START + 70_000))
    lanes.picture_at = lambda t: (f"https://a.test/{t - START:.0f}", b"\xff\xd8jpeg")
    tip = lanes.tip(QPointF(lanes.x_of(START + 65_000), lanes.top + 3))
    assert "Hidden for 10 s" in tip
    assert "1:05.0" in tip
    assert "20:19:35" in tip, "UTC"
    assert "05:19:35" in tip, "the customer's zone"
    assert "data:image/jpeg;base64," in tip
    assert "https://a.test/65000" in tip
    lanes.describe = lambda _kind, _n: "<img src=x onerror=alert(1)>"
    at = lanes.visible_lanes().index("errors")
    tip = lanes.tip(QPointF(lanes.x_of(START + 33_000) + 1, lanes.top + at * lanes.lane + 5))
    assert "&lt;img src=x" in tip


def test_a_pinch_zooms_at_the_pointer(session_window: Window) -> None:
    lanes = session_window.lanes
    before, at = lanes.axis.span, QPointF(lanes.width() / 2, lanes.top + 5.0)
    fixed = lanes.t_of(at.x())
    event = QNativeGestureEvent(
        Qt.NativeGestureType.ZoomNativeGesture,
        QPointingDevice.primaryPointingDevice(),
        2, at, at, lanes.mapToGlobal(at), 0.5, QPointF(),
    )  # fmt: skip
    assert event.type() == QEvent.Type.NativeGesture
    QApplication.sendEvent(lanes, event)
    assert lanes.axis.span == pytest.approx(before / 1.5)
    assert lanes.t_of(at.x()) == pytest.approx(fixed)


def test_nested_ranges_are_a_path_one_can_climb(session_window: Window) -> None:
    playhead, transport = session_window.context.playhead, session_window.transport
    playhead.set_range(START + 10_000, START + 50_000)
    playhead.set_range(START + 20_000, START + 40_000)
    assert transport.range.text() == "40 s › 20 s"
    shown = session_window.activity.model.rowCount()
    playhead.leave_range()
    assert session_window.activity.model.rowCount() >= shown
    assert transport.range.text() == "40 s"


def test_the_table_twin_has_every_mark_and_goes_to_it(session_window: Window, qtbot: QtBot) -> None:
    window = session_window
    window.actions_table.run("lanes-table")
    (table,) = window.findChildren(LaneTable)
    QAbstractItemModelTester(table.model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    lanes = window.lanes
    marks = sum(lanes.count(name)[0] for name in lanes.visible_lanes() if name != "activity")
    assert table.model.rowCount() == marks + len(lanes.data.idle) + len(lanes.data.hidden)
    words = {table.model.index(row, 0).data() for row in range(table.model.rowCount())}
    assert {"Network", "Errors", "Idle", "Interactions"} <= words
    times = list(table.model.times)
    assert times == sorted(times)
    row = next(at for at in range(table.model.rowCount()) if table.model.index(at, 0).data() == "Errors")
    table.table.setFocus()
    table.table.select(row)
    table.table.seek_asked.emit(row)
    assert window.context.playhead.t == times[row]
    qtbot.keyClick(table.table, Qt.Key.Key_Return)
    table.close()


def test_lanes_paint_in_both_schemes_with_everything_on(session_window: Window) -> None:
    lanes = session_window.lanes
    lanes.data.hidden.append((START + 60_000, START + 80_000))
    session_window.context.playhead.set_range(START + 20_000, START + 40_000)
    for _ in range(2):
        session_window.commands.switch_theme()
        lanes.invalidate()
        image = lanes.grab().toImage()
        assert len({image.pixelColor(x, y).rgb() for x in range(0, image.width(), 3) for y in (40, 80, 120)}) > 6
