"""Every way of going to an instant, through the real window: the playhead lands there and the page paints it.

The page of this session says which instant it is of: a counter that changes every quarter of a second. So what is
painted is compared with what the instant that was clicked on asks for, in words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QBuffer, QIODevice, QPoint, QPointF, QSettings, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QTableView, QWidget
from pytestqt.qtbot import QtBot

from replay_viewer.domain.links import SessionLink
from replay_viewer.domain.rows import (
    ConsoleEntry,
    CustomEvent,
    Interaction,
    NetworkRequest,
    Row,
    SocketMessage,
    StateChange,
    Vital,
)
from replay_viewer.domain.session import Facts, Finding, Note, Session, Tab
from replay_viewer.library import Library
from replay_viewer.qt import app
from replay_viewer.qt.lanes.drawing import RULER
from replay_viewer.qt.lanes.table import LaneTable
from replay_viewer.qt.opened import load
from replay_viewer.qt.palette import Palette
from replay_viewer.qt.panels.charts import Chart
from replay_viewer.qt.window import Window
from replay_viewer.services import engine, inspector
from replay_viewer.services.recorder import TabRecorder
from replay_viewer.services.thumbnails import instants
from tests import factories
from tests.qt.player.engines import START, Recording

pytestmark = pytest.mark.webengine

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
ID = "5ee5"
TICK = 250
LENGTH = 60_000
#: When the second tab is there.
SECOND = (20_000, 40_000)


def at(seconds: float) -> float:
    """Epoch ms of an offset."""
    return START + seconds * 1000.0


def ticking(name: str, low: int, high: int) -> list[bytes]:
    """A tab whose page says its name and how many quarters of a second have gone by since the session's start."""
    r = Recording(f"http://shop.test/{name}/")
    line = r.el("p", {"id": "clock"}, f"{name} {low // TICK}")
    r.page(low, r.el("h1", {}, f"Tab {name}"), line)
    text = line["childNodes"][0]["id"]
    for t in range(low + TICK, high + 1, TICK):
        said = f"{name} {t // TICK}" + (" Payment refused" if 30_000 <= t < 31_000 and name == "one" else "")
        r.change(t, texts=[{"id": text, "value": said}])
    return r.raws


def rows() -> list[Row]:
    """One of every kind, each at an instant of its own."""
    crumb = {"timestamp": at(7.1) / 1000.0, "category": "ui.click", "message": "Pay"}
    frames = [SocketMessage(t=at(13.1), sent=True, text="ping"), SocketMessage(t=at(14.6), sent=False, text="pong")]
    return [
        Interaction(t=at(4.1), tab=0, action="click", words="Clicked button “Pay”", selector="button"),
        ConsoleEntry(t=at(5.6), tab=0, level="warn", message="Slow answer", arguments=["Slow answer"]),
        factories.request(t=at(6.3), end=at(7.4), url="http://shop.test/api/pay"),
        NetworkRequest(t=at(12.6), end=at(15.0), tab=0, url="ws://shop.test/live", kind="ws", messages=frames),
        factories.error(t=at(8.0), breadcrumbs=[crumb]),
        factories.error(t=at(52.0), id="e2", title="Error: late", breadcrumbs=[]),
        StateChange(t=at(9.1), tab=0, action="cart/paid", payload=1, state={"paid": 1}),
        Vital(t=at(2.1), tab=0, name="LCP", value=2810, rating="needs-improvement", page="http://shop.test/one/"),
        Vital(t=at(44.6), tab=0, name="INP", value=612, rating="poor", page="http://shop.test/one/"),
        CustomEvent(t=at(10.1), tab=0, name="coupon", data={"code": "SPRING"}),
    ]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with that session: two tabs, all rows, a note, a finding with an instant, small pictures."""
    folder = tmp_path_factory.mktemp("home")
    spans = {0: ("one", 0, LENGTH), 1: ("two", *SECOND)}
    with Library.open(folder) as library:
        made = Session(
            id=ID, start=START, end=START + LENGTH, events=2, facts=Facts(session=ID, zone="Asia/Tokyo"),
            tabs=[Tab(index=n, key=f"w{n}", start=START + low, end=START + high, events=1)
                  for n, (_, low, high) in spans.items()],
            health=[Finding(code="gap", message="2 s are missing.", severity="warning", t=at(41.1), end=at(43.1))],
        )  # fmt: skip
        with library.writer(ID, "test") as writer:
            found = rows()
            for n, span in spans.items():
                tab = TabRecorder(writer, n, f"w{n}", patient=False)
                tab.add(ticking(*span))
                tab.finish()
                found += tab.rows
            writer.rows(found)
            writer.activity(START, 150.0, np.ones(400, np.int64))
            writer.finish(made)
        library.put_note(Note(id="n1", session=ID, t=at(46.1), text="here"))
        picture = QImage(160, 100, QImage.Format.Format_RGB888)
        picture.fill(Qt.GlobalColor.blue)
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        picture.save(buffer, "JPEG")  # type: ignore[call-overload]
        for tab, t in instants(load(library, ID).trails):  # all of them: none is made meanwhile
            library.put_thumbnail(ID, tab, t, bytes(buffer.data().data()))
    return folder


@pytest.fixture
def window(home: Path, qapp: QApplication, qtbot: QtBot, tmp_path: Path) -> Iterator[Window]:
    """The whole application on it."""
    app.application("light")
    with Library.open(home) as library:
        made = app.window(library, QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat))
        made.show_thumbnails(True)
        made.show()
        with qtbot.waitSignal(made.opener.loaded):
            made.opener.open_session(ID)
        qtbot.waitUntil(lambda: bool(made.stage.size_label.text()), timeout=20_000)
        yield made
        app._take_down(made)
        engine.end_spares()
        inspector.end_spares()


class Visitor:
    """Goes to instants by hand and checks what is there then."""

    def __init__(self, window: Window, qtbot: QtBot) -> None:
        self.window, self.qtbot = window, qtbot
        self.head = window.context.playhead
        self.done: list[str] = []

    def painted(self) -> str:
        """What the page says."""
        got: list[dict[str, Any]] = []
        self.window.stage.player.read_page(got.append)
        self.qtbot.waitUntil(lambda: bool(got), timeout=20_000)
        return " ".join(str(got[0]["text"]).split())

    def lands(
        self, what: str, do: Callable[[], object], t: float, *, tab: int | None = None, within: float = 0.5
    ) -> None:
        """`do` leads to `t`: asked for, shown, painted, and every list that is visible knows it."""
        self.head.seek(at(57.1))  # from elsewhere, each time
        self.qtbot.waitUntil(lambda: self.head.t == at(57.1), timeout=20_000)
        do()
        self.qtbot.waitUntil(lambda: abs(self.head.target - t) <= within, timeout=20_000)
        self.head.pause()
        self.qtbot.waitUntil(lambda: self.head.t == self.head.target, timeout=20_000)
        opened = self.window.context.opened
        assert opened is not None
        shown = opened.trails.tab_at(self.head.t) if tab is None else tab
        counter = min(int(self.head.t - START), LENGTH if shown == 0 else SECOND[1]) // TICK
        name = ("one", "two")[shown]
        expected = f"Tab {name} {name} {counter}"
        seen = ""
        for _ in range(40):  # the picture of a tab that was just changed to comes with the next report
            if (seen := self.painted()).startswith(expected):
                break
            self.qtbot.wait(50)
        assert seen.startswith(expected), what
        assert self.window.transport.time.text() == self.head.text(self.head.t), what
        if (table := self.window.activity.table).isVisible():  # with rows in the picked range
            assert table.rows.now == self.head.t, what
        self.done.append(what)

    def click(self, view: QTableView, row: int, column: int = 0) -> Callable[[], None]:
        """A click on a cell."""

        def do() -> None:
            nonlocal column
            if view.isColumnHidden(column):  # narrow
                column = 0
            view.scrollTo(view.model().index(row, column))
            self.qtbot.waitUntil(lambda: view.visualRect(view.model().index(row, column)).height() > 0)
            where = view.visualRect(view.model().index(row, column)).center()
            QTest.mouseClick(view.viewport(), LEFT, NONE, where)

        return do

    def point(self, widget: QWidget, x: float, y: float) -> Callable[[], None]:
        """A click at a place."""
        return lambda: QTest.mouseClick(widget, LEFT, NONE, QPoint(round(x), round(y)))

    def panel(self, name: str) -> Any:
        """A panel, in front."""
        self.window.panels.show_panel(name)
        return self.window.panels.panels[name]

    def press(self, widget: QWidget, key: Qt.Key, modifiers: Qt.KeyboardModifier = NONE) -> Callable[[], None]:
        """A key for a widget that has the focus."""

        def do() -> None:
            widget.setFocus()
            QTest.keyClick(widget, key, modifiers)

        return do


@pytest.fixture
def visitor(window: Window, qtbot: QtBot) -> Visitor:
    return Visitor(window, qtbot)


def chosen(list: Any, words: str) -> int:
    """Number of the line of a list that says something."""
    texts = [str(list.item(n).data(Qt.ItemDataRole.AccessibleTextRole) or list.item(n).text())
             for n in range(list.count())]  # fmt: skip
    return next(n for n, text in enumerate(texts) if words in text)


def test_the_lanes(visitor: Visitor, qtbot: QtBot) -> None:
    """Ruler, small pictures, histogram, marks of every lane, an empty place, a range, keys, the table twin."""
    window, lanes, head = visitor.window, visitor.window.lanes, visitor.head
    qtbot.waitUntil(lambda: len(lanes.pictures()) > 2 and lanes.top > RULER, timeout=20_000)
    pixel = (lanes.high - lanes.low) / lanes.axis.width  # ms

    def middle(name: str) -> float:
        return lanes.top + (lanes.visible_lanes().index(name) + 0.5) * lanes.lane

    def spot(t: float, y: float) -> Callable[[], None]:
        return visitor.point(lanes, lanes.x_of(t), y)

    visitor.lands("ruler", spot(at(11.1), RULER / 2), at(11.1), within=pixel)
    visitor.lands("small picture", spot(at(25.2), RULER + 20), at(25.2), within=pixel)
    visitor.lands("histogram", spot(at(17.3), middle("activity")), at(17.3), within=pixel)
    visitor.lands("empty place of a lane", spot(at(48.2), middle("console")), at(48.2), within=pixel)
    for name, t in (("interactions", 4.1), ("console", 5.6), ("vitals", 44.6), ("state", 9.1), ("custom", 10.1)):
        visitor.lands(f"mark: {name}", spot(at(t), middle(name)), at(t))
        if name != "custom":
            assert window.context.selected is not None
            assert window.context.selected[0] == name
    visitor.lands("mark: navigation", spot(at(0), middle("navigation")), at(0))
    visitor.lands("mark: a request, at its start", spot(at(7.0), middle("network")), at(6.3))
    visitor.lands("mark: an error, the last picture before it", spot(at(8.0), middle("errors")), at(8.0) - 1)
    visitor.lands("mark: a note", spot(at(46.1), middle("notes")), at(46.1))

    def scrub() -> None:
        begin, end = (QPoint(round(lanes.x_of(at(s))), 8) for s in (50.0, 33.3))
        QTest.mousePress(lanes, LEFT, NONE, begin)
        for step in range(1, 6):
            QTest.mouseMove(lanes, begin + (end - begin) * step / 5)
        QTest.mouseRelease(lanes, LEFT, NONE, end)

    visitor.lands("ruler, dragged", scrub, at(33.3), within=pixel)
    visitor.lands("Home", visitor.press(lanes, Qt.Key.Key_Home), at(0))
    visitor.lands("End", visitor.press(lanes, Qt.Key.Key_End), at(60))

    before = head.t
    begin, end = (QPoint(round(lanes.x_of(at(s))), round(middle("console"))) for s in (21.0, 27.0))
    QTest.mousePress(lanes, LEFT, NONE, begin)
    QTest.mouseMove(lanes, begin + (end - begin) / 2)
    QTest.mouseMove(lanes, end)
    QTest.mouseRelease(lanes, LEFT, NONE, end)
    assert head.range is not None
    assert head.range == pytest.approx((at(21.0), at(27.0)), abs=pixel)
    assert head.t == before, "a range filters; it takes nobody away"
    low = head.range[0]
    visitor.lands("a loop begins where the range does", window.transport.loop.click, low)
    window.actions_table.run("range-leave")

    assert window.actions_table.run("lanes-table")
    (table,) = window.findChildren(LaneTable)
    row = next(n for n, t in enumerate(table.model.times) if t == at(9.1))
    visitor.lands("the lanes' table", visitor.click(table.table, row), at(9.1))
    visitor.lands("the lanes' table, Enter", visitor.press(table.table, Qt.Key.Key_Return), at(9.1))


def test_lists_and_panels(visitor: Visitor, qtbot: QtBot) -> None:
    """Activity, console, network (and its waterfall), state, errors, vitals, DOM, notes, health."""
    window = visitor.window
    activity = window.activity.table
    row = next(n for n, t in enumerate(activity.rows.times) if t == at(4.1))
    visitor.lands("activity row", visitor.click(activity, row, 1), at(4.1))
    panel = visitor.panel("console")
    visitor.lands("console row", visitor.click(panel.table, 0, 3), at(5.6))
    panel = visitor.panel("network")
    waterfall = panel.model.columnCount() - 1
    assert panel.model.columns[waterfall].title == "Waterfall"
    visitor.lands("request, its bar in the waterfall", visitor.click(panel.table, 0, waterfall), at(6.3))
    visitor.lands("request", visitor.click(panel.table, 1, 2), at(12.6))
    sockets = panel.box.messages
    panel.box.tabs.setCurrentWidget(sockets)
    visitor.lands("WebSocket message", visitor.click(sockets.table, 1, 3), at(14.6))
    panel = visitor.panel("state")
    visitor.lands("state action", visitor.click(panel.table, 0, 1), at(9.1))
    panel = visitor.panel("errors")
    visitor.lands("error: the last picture before it", visitor.click(panel.table, 0, 1), at(8.0) - 1)
    panel.tabs.setCurrentWidget(panel.crumbs)
    visitor.lands("breadcrumb", visitor.click(panel.crumbs, 0, 2), at(7.1))
    visitor.lands("breadcrumb, Enter", visitor.press(panel.crumbs, Qt.Key.Key_Return), at(7.1))

    panel = visitor.panel("vitals")
    qtbot.waitUntil(lambda: panel.table.rowCount() > 0 and bool(panel._charts), timeout=20_000)
    visitor.lands("page view", visitor.click(panel.table, 0, 1), at(0))
    visitor.lands("LCP of a page view", visitor.click(panel.table, 0, 2), at(2.1))
    chart: Chart = panel._charts[0]
    box = chart.getPlotItem().vb

    def pixel(t: float, value: float) -> QPoint:
        return chart.mapFromScene(box.mapViewToScene(QPointF((t - START) / 1000.0, value)))

    where = pixel(at(2.1), 2810)
    visitor.lands("point of a chart", visitor.point(chart.viewport(), where.x() + 3, where.y() + 2), at(2.1))
    where = pixel(at(30.0), 300)
    second = 1000.0 * box.viewPixelSize()[0]
    visitor.lands(
        "a place in a chart", visitor.point(chart.viewport(), where.x(), where.y()), at(30.0), within=second
    )

    panel = visitor.panel("dom")
    visitor.head.seek(at(3.0))
    qtbot.waitUntil(lambda: panel.tree.model().rowCount() > 0, timeout=20_000)
    panel.search.setText("#clock")
    qtbot.waitUntil(lambda: panel.hits.text() == "1 of 1", timeout=20_000)
    panel.tabs.setCurrentWidget(panel.history)
    history = panel.history.table
    qtbot.waitUntil(lambda: len(history.line_model.lines) > 20 and not panel.history.inspector.busy, timeout=30_000)
    found = history.line_model.lines[20].t
    assert found is not None
    visitor.lands("change in a node's history", visitor.click(history, 20, 1), found)

    notes = visitor.panel("notes")
    item = notes.list.item(0)
    spot = notes.list.visualItemRect(item).center()
    visitor.lands("note", visitor.point(notes.list.viewport(), spot.x(), spot.y()), at(46.1))
    health = visitor.panel("health")
    (go,) = [one for one in health.findChildren(QPushButton) if one.toolTip() == "Go there"]
    visitor.lands("finding", go.click, at(41.1))


def test_searches_times_links_and_tabs(visitor: Visitor, qtbot: QtBot) -> None:
    """Find bar, the one box, the palette, typed times, links, the strip of tabs, keys, the way back."""
    window, head = visitor.window, visitor.head
    assert window.actions_table.run("find")
    bar = window.find_bar
    qtbot.keyClicks(bar.field, "payment refused")
    qtbot.waitUntil(lambda: bar.list.count() > 0, timeout=20_000)
    first = bar.found[0].start
    assert first == at(30.0)
    where = bar.list.visualItemRect(bar.list.item(0)).center()
    visitor.lands("line of the find bar", visitor.point(bar.list.viewport(), where.x(), where.y()), first, tab=0)
    assert window.stage.pinned
    assert "Payment refused" in visitor.painted()
    visitor.lands("find bar, next", lambda: window.actions_table.press("F3"), bar.found[1].start, tab=0)
    back = visitor.press(bar.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    visitor.lands("find bar, Enter backwards", back, first, tab=0)
    window.actions_table.run("follow-tab")
    bar.leave()

    box, finder = window.top.box, window.finder

    def look(words: str, line: str) -> Callable[[], None]:
        def do() -> None:
            box.setFocus()
            box.clear()
            qtbot.keyClicks(box, words)
            qtbot.waitUntil(lambda: finder.isVisible() and any(
                line in str(finder.list.item(n).data(Qt.ItemDataRole.AccessibleTextRole))
                for n in range(finder.list.count())
            ), timeout=20_000)  # fmt: skip
            spot = finder.list.visualItemRect(finder.list.item(chosen(finder.list, line))).center()
            QTest.mouseClick(finder.list.viewport(), LEFT, NONE, spot)

        return do

    visitor.lands("text of the page, from the one box", look("payment refused", "one 121"), at(30.25), tab=0)
    window.actions_table.run("follow-tab")
    visitor.lands("row, from the one box", look("slow answer", "console:"), at(5.6))

    def palette() -> None:
        assert window.actions_table.run("palette")
        (sheet,) = [one for one in window.findChildren(Palette) if one.isVisible()]
        qtbot.keyClicks(sheet.field, "slow answer")
        qtbot.waitUntil(lambda: bool(sheet._found), timeout=20_000)
        sheet.list.setCurrentRow(chosen(sheet.list, "Slow answer"))
        QTest.keyClick(sheet.field, Qt.Key.Key_Return)

    visitor.lands("row, from the palette", palette, at(5.6))

    def typed(text: str) -> Callable[[], None]:
        def do() -> None:
            window.setFocus()
            window.actions_table.press("t")
            field = window.transport.typed
            qtbot.waitUntil(field.isVisible)
            field.clear()
            qtbot.keyClicks(field, text)
            QTest.keyClick(field, Qt.Key.Key_Return)

        return do

    clock = datetime.fromtimestamp(at(16.0) / 1000.0, UTC)
    visitor.lands("typed offset", typed("0:12.5"), at(12.5))
    visitor.lands("typed seconds", typed("49.7"), at(49.7))
    visitor.lands("typed step", typed("-5s"), at(52.1))
    visitor.lands("typed time of day", typed(f"{clock:%H:%M:%S} utc"), at(16.0))

    def link(text: str) -> Callable[[], None]:
        def do() -> None:
            box.setFocus()
            box.setText(text)
            QTest.keyClick(box, Qt.Key.Key_Return)

        return do

    visitor.lands("link in the one box", link(str(SessionLink(ID, 35.2))), at(35.2))
    visitor.lands("link by another start", lambda: window.open_targets([ID], "0:18.4"), at(18.4))
    window.setFocus()

    def tab(index: int) -> Callable[[], None]:
        def do() -> None:
            head.seek(at(28.3))
            strip = window.stage.tabs.bar
            QTest.mouseClick(strip, LEFT, NONE, strip.tabRect(index).center())

        return do

    visitor.lands("tab strip: the same instant in the other tab", tab(1), at(28.3), tab=1)
    visitor.lands("tab strip: and back", tab(0), at(28.3), tab=0)
    late = at(57.1)
    press = window.actions_table.press
    visitor.lands("5 s back", lambda: press("Left"), late - 5_000, tab=0)
    visitor.lands("1 s back", lambda: press("Shift+Left"), late - 1_000, tab=0)
    visitor.lands("one event back", lambda: press("Alt+Left"), at(57.0), tab=0)
    visitor.lands("one event on", lambda: press("Alt+Right"), at(57.25), tab=0)
    visitor.lands("one row back", lambda: press("Alt+Up"), at(52.0), tab=0)
    window.actions_table.run("follow-tab")
    visitor.lands("error before", window.transport.previous.click, at(52.0) - 1)
    line = window.stage.verdict.text
    visitor.lands("error named on top", visitor.point(line, 40, line.height() / 2), at(8.0) - 1)

    def there_and_back() -> None:
        head.seek(at(10.0))
        qtbot.waitUntil(lambda: head.t == at(10.0), timeout=20_000)
        window.transport.back.click()

    visitor.lands("back to where it was", there_and_back, late)
