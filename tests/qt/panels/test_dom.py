"""The DOM panel through the real window and a real inspector process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from replay_viewer.analysis.domtree import Branch
from replay_viewer.library import Library
from replay_viewer.qt.panels.dom import DomPanel
from replay_viewer.qt.panels.domtree import DomModel
from replay_viewer.qt.panels.listing import Line, LineModel
from replay_viewer.qt.window import Window
from replay_viewer.services.inspector import TreeAnswer, end_spares
from tests.qt.conftest import make_window
from tests.qt.player.engines import START
from tests.services.test_inspector import shop
from tests.sessions import store_session


@pytest.fixture
def shop_window(styled: QApplication, qtbot: QtBot, tmp_path: Path) -> Iterator[Window]:
    store_session(tmp_path / "home", shop().raws)
    with Library.open(tmp_path / "home") as library:
        window = make_window(library, [], tmp_path)
        window.resize(1440, 900)
        with qtbot.waitExposed(window):
            window.show()
        with qtbot.waitSignal(window.opener.loaded):
            window.opener.open_session("s1", "1.5")
        yield window
        window.close()
        window.deleteLater()
    end_spares()


@pytest.fixture
def dom(shop_window: Window, qtbot: QtBot) -> DomPanel:
    shop_window.panels.show_panel("dom")
    panel = shop_window.commands.dom
    qtbot.waitUntil(lambda: panel.tree.dom.rowCount() > 0, timeout=20_000)
    return panel


def row(panel: DomPanel) -> str:
    return str(panel.tree.currentIndex().data())


def search(panel: DomPanel, qtbot: QtBot, text: str) -> None:
    panel.search.setText(text)
    qtbot.waitUntil(lambda: bool(panel.hits.text()), timeout=20_000)


def test_search_opens_the_tree_and_outlines_on_the_page(dom: DomPanel, shop_window: Window, qtbot: QtBot) -> None:
    search(dom, qtbot, "eggs")
    qtbot.waitUntil(lambda: row(dom) == '<li class="c">eggs</li>')
    assert dom.hits.text() == "1 of 1"
    outlines = [call[1] for call in shop_window.stage.player.calls if call[0] == "outline"]
    qtbot.waitUntil(lambda: bool(outlines and outlines[-1]))
    dom.copy.click()
    assert QApplication.clipboard().text().endswith("ul#items > li.c")


def test_enter_goes_round_the_hits(dom: DomPanel, qtbot: QtBot) -> None:
    search(dom, qtbot, "li")
    assert dom.hits.text() == "1 of 3"
    qtbot.keyClick(dom.search, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: dom.hits.text() == "2 of 3")
    qtbot.waitUntil(lambda: "bread" in row(dom))


def test_the_tree_follows_the_playhead(dom: DomPanel, shop_window: Window, qtbot: QtBot) -> None:
    search(dom, qtbot, "eggs")
    qtbot.waitUntil(lambda: "eggs" in row(dom))
    shop_window.context.playhead.seek(START + 2_500)
    qtbot.waitUntil(lambda: "c late" in row(dom))
    shop_window.context.playhead.seek(START + 4_000)
    qtbot.waitUntil(lambda: not dom.tree.currentIndex().isValid())
    shop_window.context.playhead.seek(START + 1_500)
    qtbot.waitUntil(lambda: row(dom) == '<li class="c">eggs</li>')


def test_picking_in_the_page_selects_in_the_tree(dom: DomPanel, shop_window: Window, qtbot: QtBot) -> None:
    search(dom, qtbot, "bread")
    qtbot.waitUntil(lambda: "bread" in row(dom))
    wanted = abs(dom.tree.dom.key(dom.tree.currentIndex()))
    search(dom, qtbot, "h1")
    qtbot.waitUntil(lambda: "Shop" in row(dom))
    player = shop_window.stage.player
    qtbot.keyClick(shop_window, Qt.Key.Key_X)
    assert ("picking", True) in player.calls
    player.picked.emit(wanted)
    qtbot.waitUntil(lambda: "bread" in row(dom))
    assert not dom.pick.isChecked()
    assert player.calls.count(("picking", False)) >= 1


def test_history_of_the_node_and_a_click_seeks(dom: DomPanel, shop_window: Window, qtbot: QtBot) -> None:
    search(dom, qtbot, "eggs")
    qtbot.waitUntil(lambda: "eggs" in row(dom))
    dom.tabs.setCurrentWidget(dom.history)
    table = dom.history.table
    qtbot.waitUntil(lambda: table.line_model.rowCount() == 3, timeout=20_000)
    where = table.visualRect(table.line_model.index(1, 1)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert shop_window.context.playhead.t == START + 2_000
    assert dom.history.hint.text().startswith("3 changes of ")


def test_two_instants_stand_side_by_side(dom: DomPanel, shop_window: Window, qtbot: QtBot) -> None:
    shop_window.context.playhead.seek(START + 500)
    shop_window.actions_table.run("mark-a")
    shop_window.context.playhead.seek(START + 2_500)
    shop_window.actions_table.run("mark-b")
    table = dom.compare.table
    qtbot.waitUntil(lambda: table.line_model.rowCount() == 1, timeout=20_000)
    assert table.line_model.lines[0].cells == ("added", "ul#items > li.c.late", "", "eggs (2 nodes)")
    assert dom.compare.hint.text() == "1 change from A to B."
    assert dom.compare.buttons["A"].text() == "A: 0:00.5"


def test_closing_the_session_ends_the_process(dom: DomPanel, shop_window: Window) -> None:
    shop_window.close_session()
    assert dom.tree.dom.rowCount() == 0
    assert dom.empty.title.text() == "No session is open"


def test_a_session_without_a_page_says_so(session_window: Window, qtbot: QtBot) -> None:
    session_window.panels.show_panel("dom")
    panel = session_window.commands.dom
    qtbot.waitUntil(panel.empty.isVisible, timeout=20_000)
    assert "no recording" in panel.empty.why.text(), "its tabs hold rows, but no events"
    opened = session_window.context.opened
    assert opened is not None
    tabs = [msgspec.structs.replace(tab, events=0) for tab in opened.session.tabs]
    opened.session = msgspec.structs.replace(opened.session, tabs=tabs)
    panel.session_changed()
    assert panel.empty.title.text() == "No page was recorded"
    assert "replayIntegration()" in panel.empty.why.text()


def answer(*items: int, late: bool = False) -> TreeAnswer:
    """A list of items below a list below the page."""
    rows = [Branch(n, "element", "li", [], f"item {n}") for n in items]
    return TreeAnswer(
        tab=0, t=1.0, url="", nodes=9, expanded=[1, 2], selected=0,
        below={0: ([Branch(1, "element", "ul", [], "", 1)], 1), 1: ([Branch(2, "shadow", "#shadow-root", rows=3)], 1),
               2: (rows, 900 if late else len(rows))},
    )  # fmt: skip


def test_the_dom_model_keeps_qts_rules(qtmodeltester: ModelTester, qapp: QApplication) -> None:
    model = DomModel()
    qtmodeltester.check(model)
    for state in (answer(10, 11, 12), answer(11, 12), answer(9, 11, 13, 12), answer(9, late=True), answer()):
        model.update(state)
        qtmodeltester.check(model)
    model.update(answer(10, 11))
    kept = model.find(11)
    model.update(answer(11, 12))
    assert model.find(11).internalId() == kept.internalId(), "what stays keeps its index"
    model.close(2)
    assert model.rowCount(model.find(2)) == 0
    assert model.hasChildren(model.find(2))


def test_a_long_list_is_told_in_pages(qapp: QApplication) -> None:
    model = DomModel()
    model.update(answer(5, 6, late=True))
    last = model.index(2, 0, model.find(2))
    assert last.data() == "… 898 more, show 500"


def test_the_line_model_keeps_qts_rules(qtmodeltester: ModelTester, qapp: QApplication) -> None:
    model = LineModel(("What", "Where"))
    model.show([Line(("a", "b")), Line(("short",))])
    qtmodeltester.check(model)
