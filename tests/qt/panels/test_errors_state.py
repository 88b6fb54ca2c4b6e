"""Errors and state through the real window: category, breadcrumbs that seek, feedback, maps of a zip, two actions."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from replay_viewer.domain.rows import CustomEvent, ErrorEvent, Frame, Raised, Row, StateChange
from replay_viewer.domain.session import Session, Tab
from replay_viewer.library import Library
from replay_viewer.qt.panels.crumbs import instant
from replay_viewer.qt.panels.stack import StackView
from replay_viewer.qt.window import Window
from tests.data_dir import SHARED, needs_shared
from tests.qt.conftest import make_window

START = 1_784_060_310_000.0


def rows() -> list[Row]:
    crumbs = [
        {"timestamp": START / 1000 + 2, "category": "ui.click", "message": "button#pay"},
        {"timestamp": "2026-07-14T20:18:33+00:00", "category": "fetch", "level": "error",
         "data": {"method": "POST", "url": "/api/pay", "status_code": 502}},
        {"category": "note"},
    ]  # fmt: skip
    frames = [Frame(function="r", file="http://127.0.0.1:4100/shop/app.min.js", line=1, column=1_000)]
    raised = Raised(type="TypeError", value="Cannot read properties of undefined", frames=frames)
    return [
        ErrorEvent(t=START + 4_000, tab=0, id="ab-12", title="TypeError: x", exceptions=[raised], breadcrumbs=crumbs),
        CustomEvent(t=START + 8_000, name="It broke", data={"associated_event_id": "ab12"}, category="feedback"),
        StateChange(t=START + 1_000, tab=0, action="cart/add", state={"cart": [1], "user": "ada"}),
        StateChange(t=START + 2_000, tab=0, action="cart/add", state={"cart": [1, 2], "user": "ada"}),
        StateChange(t=START + 3_000, tab=0, action="cart/clear", state={"cart": [], "user": "ada"}),
        StateChange(t=START + 5_000, tab=0, action="ui/open", diff=[{"op": "add", "path": "/open", "value": True}]),
    ]


@pytest.fixture
def window(styled: QApplication, qtbot: QtBot, tmp_path: Path) -> Iterator[Window]:
    with Library.open(tmp_path / "home") as library:
        with library.writer("s1", "test") as writer:
            writer.rows(rows())
            end = START + 10_000
            writer.finish(
                Session(
                    id="s1", start=START, end=end, tabs=[Tab(index=0, start=START, end=end)],
                    counts={"errors": 1, "state": 4, "custom": 1},
                )
            )  # fmt: skip
        made = make_window(library, [], tmp_path)
        made.resize(1440, 900)
        with qtbot.waitExposed(made):
            made.show()
        with qtbot.waitSignal(made.opener.loaded):
            made.opener.open_session("s1", "")
        yield made
        made.close()
        made.deleteLater()


@pytest.fixture
def errors(window: Window) -> Any:
    window.panels.show_panel("errors")
    panel: Any = window.panels.panels["errors"]
    panel.reveal(0)
    return panel


def test_severity_category_and_what_the_person_said(errors: Any, qtbot: QtBot) -> None:
    assert [errors.model.index(0, at).data() for at in (1, 2)] == ["error", "type"]
    tree = errors.about.json
    qtbot.waitUntil(lambda: tree.index(0, 0).data() == "feedback on this error")
    assert tree.index(0, 0, tree.index(0, 0)).siblingAtColumn(1).data() == "“It broke”"


def test_breadcrumbs_seek(errors: Any, window: Window, qtbot: QtBot) -> None:
    table = errors.crumbs
    assert [line.cells[1:] for line in table.line_model.lines] == [
        ("ui.click", "button#pay"), ("fetch", "POST /api/pay 502"), ("note", ""),
    ]  # fmt: skip
    errors.tabs.setCurrentWidget(table)
    where = table.visualRect(table.line_model.index(0, 2)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert window.context.playhead.t == START + 2_000


def test_instants_of_breadcrumbs() -> None:
    assert instant(START / 1000) == START
    assert instant(START) == START
    assert instant("2026-07-14T20:18:30") == START
    assert [instant(value) for value in (None, "soon", True, -1)] == [None] * 4


@needs_shared
def test_maps_of_a_zip_show_the_source(errors: Any, qtbot: QtBot, tmp_path: Path) -> None:
    assert SHARED is not None
    target = tmp_path / "maps.zip"
    with zipfile.ZipFile(target, "w") as made:
        for path in (SHARED / "sourcemaps" / "shop").rglob("*"):
            if path.is_file():
                made.write(path, path.name)
    assert errors.choose.menu().actions()[1].text() == "Zip, map or bundle…"
    errors.use_maps(str(target))
    qtbot.waitUntil(lambda: errors.hint.text().startswith("Original files"), timeout=20_000)


def test_two_actions_are_compared(window: Window) -> None:
    window.panels.show_panel("state")
    state: Any = window.panels.panels["state"]
    model, selection = state.model, state.table.selectionModel()
    rows = QItemSelectionModel.SelectionFlag.Rows
    selection.select(model.index(0, 0), QItemSelectionModel.SelectionFlag.ClearAndSelect | rows)
    selection.select(model.index(2, 0), QItemSelectionModel.SelectionFlag.Select | rows)
    assert state.hint.text() == "1 place changed from cart/add (0:01.0) to cart/clear (0:03.0)."
    assert state.diff.json.index(0, 0).data() == "cart[0]"


def test_the_state_at_the_playhead(window: Window) -> None:
    window.panels.show_panel("state")
    state: Any = window.panels.panels["state"]
    state.tabs.setCurrentWidget(state.now)
    window.context.playhead.seek(START + 2_500)
    tree = state.now.json
    assert tree.index(0, 1).data() == "“cart/add”"
    cart = tree.index(0, 0, tree.index(1, 0))
    assert (cart.data(), cart.siblingAtColumn(1).data()) == ("cart", "[ 2 ]")
    window.context.playhead.seek(START + 500)
    assert "nothing was recorded" in tree.index(0, 1).data()


def test_a_recorded_patch_is_shown_when_there_is_no_state(window: Window) -> None:
    state: Any = window.panels.panels["state"]
    state.reveal(3)
    assert state.diff.json.index(0, 0).data() == "add /open"
    assert "as the store told it" in state.hint.text()


def test_code_of_own_frames_opens_by_itself_and_of_others_by_a_click(styled: QApplication, qtbot: QtBot) -> None:
    code = [(9, "before"), (10, "charge(order)")]
    frames = [
        Frame(function="run", file="vendor.js", line=10, in_app=False, context=code),
        Frame(function="pay", file="app.js", line=10, context=code),
        Frame(function="call", file="vendor.js", line=10, in_app=False, context=code),
    ]
    view = StackView("Stack")
    qtbot.addWidget(view)
    view.resize(600, 400)
    view.show_sections([("TypeError: x", frames)])
    view.show()
    head = view.model().index(0, 0)
    newest, own, oldest = (view.model().index(at, 0, head) for at in range(3))
    assert [view.isExpanded(one) for one in (newest, own, oldest)] == [False, True, False]
    for now in (True, False):
        place = view.visualRect(newest).center()
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
        assert view.isExpanded(newest) is now
