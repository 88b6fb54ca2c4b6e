"""Console and network through the real window: levels, repeats, regular expressions, types, outcomes, sorting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from replay_viewer.domain.rows import Body, ConsoleEntry, Frame, NetworkRequest, Row, SocketMessage
from replay_viewer.domain.session import Facts, Session, Tab
from replay_viewer.library import Library
from replay_viewer.qt.panels.console import read as read_lines
from replay_viewer.qt.window import Window
from tests.qt.conftest import make_window

START = 1_784_060_310_000.0


def lines() -> list[Row]:
    texts = [
        ("log", "boot"),
        *[("warn", "slow frame")] * 4,
        ("debug", "cart 12"),
        ("info", "cart 13"),
        ("error", "Cart!"),
    ]
    return [
        ConsoleEntry(t=START + n * 1_000, tab=0, level=level, message=text) for n, (level, text) in enumerate(texts)
    ]  # type: ignore[arg-type]


def requests() -> list[Row]:
    query = '{"operationName":"Cart","query":"query Cart { cart { id } }","variables":{"id":7}}'
    made: list[tuple[str, str, int, str, int, dict[str, Any]]] = [
        ("GET", "/", 200, "document", 900, {}),
        ("GET", "/app.js", 200, "script", 90_000, {}),
        ("POST", "/graphql", 200, "fetch", 40, {"request_body": Body(text=query)}),
        ("GET", "/img/a.png", 404, "img", 0, {}),
        ("POST", "/api/pay", 0, "xhr", -1, {"response_body": Body(why="there was no answer")}),
        ("GET", "/old", 301, "fetch", 10, {"response_body": Body(text="x" * 300_000, size=300_000)}),
        ("GET", "/font.woff2", -1, "css", 70, {}),
    ]
    return [
        NetworkRequest(
            t=START + n * 1_000, end=START + n * 1_000 + 50, tab=0, method=method, url=f"https://shop.test{path}",
            status=status, kind=kind, size=size, **more,
        )
        for n, (method, path, status, kind, size, more) in enumerate(made)
    ]  # fmt: skip


@pytest.fixture
def window(styled: QApplication, qtbot: QtBot, tmp_path: Path) -> Iterator[Window]:
    with Library.open(tmp_path / "home") as library:
        with library.writer("s1", "test") as writer:
            writer.rows([*lines(), *requests()])
            end = START + 10_000
            writer.finish(
                Session(
                    id="s1", start=START, end=end, tabs=[Tab(index=0, start=START, end=end)],
                    facts=Facts(sdk="sentry.javascript.browser 11.12.0"), counts={"console": 8, "network": 7},
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


def column(panel: Any, title: str) -> list[str]:
    model = panel.model
    at = next(at for at, one in enumerate(model.columns) if one.title == title)
    return [str(model.index(row, at).data()) for row in range(model.rowCount())]


@pytest.fixture
def console(window: Window, qtbot: QtBot) -> Any:
    panel: Any = window.panels.panels["console"]
    window.panels.show_panel("console")
    qtbot.waitUntil(lambda: panel._lines is not None)
    return panel


@pytest.fixture
def network(window: Window, qtbot: QtBot) -> Any:
    panel: Any = window.panels.panels["network"]
    window.panels.show_panel("network")
    qtbot.waitUntil(lambda: panel._facets is not None)
    return panel


def test_equal_lines_are_one_with_their_number(console: Any, window: Window) -> None:
    assert column(console, "Message") == ["boot", "slow frame", "cart 12", "cart 13", "Cart!"]
    assert column(console, "×") == ["", "4", "", "", ""]
    assert console.counter.text() == "8", "repeats are not filtered out"
    window.context.select("console", 3)
    assert console.table.selected() == [1], "the first of a run stands for the others"
    assert window.context.selected == ("console", 3)
    console.group.click()
    assert column(console, "Message").count("slow frame") == 4


def test_levels_tell_debug_log_and_info_apart(console: Any) -> None:
    console.levels.set_on(["debug", "info"])
    assert column(console, "Message") == ["cart 12", "cart 13"]
    assert console.levels.accessibleName() == "Level: Debug, Info"
    console.levels.clear()
    assert console.model.rowCount() == 5


def test_a_regular_expression_filters_and_a_bad_one_is_one_sentence(
    console: Any, window: Window, qtbot: QtBot
) -> None:
    console.regex.click()
    console.filter.setText(r"cart \d+")
    qtbot.waitUntil(lambda: column(console, "Message") == ["cart 12", "cart 13"])
    console.filter.setText("cart (")
    qtbot.waitUntil(window.messages.isVisible)
    assert "is not a regular expression" in window.messages.text.text()
    console.regex.click()
    console.filter.setText("CART")
    qtbot.waitUntil(lambda: len(column(console, "Message")) == 3)


def test_types_and_outcomes(network: Any) -> None:
    network.types.set_on(["xhr"])
    assert column(network, "URL") == ["query Cart /graphql", "/api/pay", "/old"]
    network.statuses.set_on(["failed"])
    assert column(network, "URL") == ["/api/pay"]
    network.types.clear()
    network.statuses.set_on(["4", "3"])
    assert column(network, "Status") == ["404", "301"]
    network.statuses.set_on(["unknown"])
    assert column(network, "URL") == ["/font.woff2"]
    network.statuses.clear()
    network.failed.click()
    assert column(network, "URL") == ["/img/a.png", "/api/pay"]


@pytest.mark.parametrize(
    ("title", "first"),
    [("Size", "/app.js"), ("Method", "/"), ("URL", "/"), ("Status", "/font.woff2"), ("Type", "/font.woff2")],
)
def test_any_column_sorts(network: Any, qtbot: QtBot, title: str, first: str) -> None:
    at = next(at for at, one in enumerate(network.model.columns) if one.title == title)
    network.table.horizontalHeader().sectionClicked.emit(at)
    assert column(network, "URL")[0] == first
    network.table.horizontalHeader().sectionClicked.emit(at)
    assert column(network, "URL")[0] != first


def test_details_graphql_long_bodies_and_why_there_is_none(network: Any, qtbot: QtBot) -> None:
    network.reveal(2)
    tabs = network.box.tabs
    assert tabs.isTabVisible(tabs.indexOf(network.box.graphql))
    top = network.box.graphql.json
    assert top.index(0, 0).data() == "query Cart"
    network.reveal(4)
    assert not tabs.isTabVisible(tabs.indexOf(network.box.graphql))
    assert network.box.response.toPlainText() == "Not shown: there was no answer."
    network.reveal(5)
    response = network.box.response
    qtbot.waitUntil(lambda: response.all.text() == "Show all 300,000 characters")
    assert len(response.toPlainText()) == 200_000
    qtbot.mouseClick(response.all, Qt.MouseButton.LeftButton)
    assert len(response.toPlainText()) == 300_000


def test_messages_of_a_websocket(network: Any, window: Window, qtbot: QtBot) -> None:
    """The list with its filters, a JSON message as a tree, bytes in hexadecimal, a click that seeks."""
    box = network.box
    stack = [Frame(function="open", file="https://shop.test/app.js", line=10, column=5)]
    messages = [
        SocketMessage(t=START + 1_000, sent=True, text='{"op":"subscribe","to":["cart"]}', size=32),
        SocketMessage(t=START + 2_000, text="pong", size=4),
        SocketMessage(t=START + 3_000, text="AAEC/w==", size=4, binary=True),
        SocketMessage(t=START + 4_000, why="error: closed"),
    ]
    row = NetworkRequest(
        t=START, end=START + 4_000, url="wss://shop.test/live", status=101, kind="websocket", messages=messages,
        initiator="script", stack=stack,
    )  # fmt: skip
    network.reveal(2)
    box.show_request(row, None)
    tabs, view = box.tabs, box.messages
    assert [tabs.tabText(at) for at in range(tabs.count()) if tabs.isTabVisible(at)] == [
        "Messages", "Headers", "Timing", "Initiator",
    ]  # fmt: skip
    assert tabs.currentWidget() is view

    def shown() -> list[tuple[str, ...]]:
        return [line.cells[1:] for line in view.table.line_model.lines]

    assert shown() == [
        ("↑ sent", "32 B", '{"op":"subscribe","to":["cart"]}'),
        ("↓ received", "4 B", "pong"),
        ("↓ received", "4 B", "binary  00 01 02 ff"),
        ("✕ error", "", "error: closed"),
    ]
    view.table.selectRow(0)
    assert view.tree.json.index(0, 0).data() == "op"
    view.table.selectRow(2)
    assert view.code.toPlainText().startswith("000000  00 01 02 ff")
    with qtbot.waitSignal(window.context.playhead.sought) as sought:
        view.table.setFocus()
        qtbot.keyClick(view.table, Qt.Key.Key_Return)
    assert sought.args == [START + 3_000]
    view.sent.click()
    assert [line[0] for line in shown()] == ["↑ sent"]
    view.sent.click()
    view.filter.setText("PONG")
    view.filter.flush()
    assert [line[2] for line in shown()] == ["pong"]
    assert view.counter.text() == "1 of 4"
    box.show_request(requests()[0], None)  # type: ignore[arg-type]
    assert tabs.currentWidget() is box.response
    assert not tabs.isTabVisible(tabs.indexOf(view))


def test_an_empty_panel_says_what_to_configure(window: Window) -> None:
    state: Any = window.panels.panels["state"]
    assert "createReduxEnhancer" in state.empty.why.text()
    vitals: Any = window.panels.panels["vitals"]
    window.panels.show_panel("vitals")
    assert vitals.empty.title.text()


def test_lines_that_came_while_levels_were_read(window: Window) -> None:
    """Nothing is claimed of lines that are not those on the list; as many as there were are known."""
    library, shown = window.context.library, window.context.opened
    assert shown is not None
    severity = shown.columns["console"].severity
    assert len(read_lines(library, shown.id, severity).level) == len(severity) > 2
    assert not len(read_lines(library, shown.id, severity[:2]).level)
