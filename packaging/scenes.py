"""What `screenshots.py` pictures of an open session: every state of the panels, every dialog, every sheet.

A scene prepares the window and answers what is to be pictured: the window, or something over it. `modal` scenes run
an event loop of their own, so their picture is taken from within.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from replay_viewer.qt.composer import Composer
from replay_viewer.qt.placedialog import PlaceDialog
from replay_viewer.qt.redaction import ReviewDialog
from replay_viewer.qt.senddialog import SendDialog
from replay_viewer.qt.window import Window
from replay_viewer.services import connections

PATIENCE = 20.0


def wait(met: Callable[[], bool] = lambda: False, seconds: float = 0.7) -> bool:
    """Run the event loop until `met`, at most so long; whether it was."""
    end = time.monotonic() + seconds
    loop = QEventLoop()
    tick = QTimer()
    tick.timeout.connect(loop.quit)
    tick.start(20)
    while not (done := met()) and time.monotonic() < end:
        loop.exec()
    return done


def top(kind: type[QWidget]) -> Any:
    """The visible top-level widget of a kind, waited for."""
    found: list[QWidget] = []

    def there() -> bool:
        found[:] = [one for one in QApplication.topLevelWidgets() if isinstance(one, kind) and one.isVisible()]
        return bool(found)

    wait(there, PATIENCE)
    return found[0]


def panel(window: Window, name: str) -> Any:
    """A panel, in front."""
    window.panels.show_panel(name)
    return window.panels.panels[name]


def run(window: Window, action: str) -> None:
    """An action of the table."""
    window.setFocus()
    window.actions_table.run(action)


@dataclass(frozen=True)
class Scene:
    """`name` of the picture; `prepare(window)` answers what to picture, None for the dialog that comes up."""

    name: str
    prepare: Callable[[Window], QWidget | None]
    modal: bool = False


def _typed(window: Window, words: str) -> None:
    window.top.box.setFocus()
    window.top.box.clear()
    QTest.keyClicks(window.top.box, words)


def finder(window: Window) -> QWidget:
    """The one box with what it found."""
    _typed(window, "total")
    wait(window.finder.isVisible, PATIENCE)
    wait(seconds=0.5)
    return window


def finder_empty(window: Window) -> QWidget:
    """The one box that found nothing."""
    _typed(window, "zebra crossing")
    wait(window.finder.isVisible, PATIENCE)
    return window


def find_bar(window: Window) -> QWidget:
    """Find on the page over time, at its first line."""
    run(window, "find")
    window.find_bar.field.clear()
    QTest.keyClicks(window.find_bar.field, "checkout")
    wait(lambda: bool(window.find_bar.found), PATIENCE)
    window.find_bar.step(1)
    return window


def a_range(window: Window) -> QWidget:
    """A picked range, with its crumbs."""
    head = window.context.playhead
    head.set_range(head.start + 4_000, head.start + 24_000)
    head.set_range(head.start + 18_000, head.start + 24_000)
    return window


def typed_time(window: Window) -> QWidget:
    """A time is typed."""
    run(window, "go-to")
    return window


def nothing_matches(window: Window) -> QWidget:
    """Filters that let nothing through."""
    panel(window, "console").filter.setText("no such line")
    window.activity.filter.setText("no such row")
    wait(seconds=1.0)
    return window


def request(window: Window, tab: int) -> QWidget:
    """A failed request, with its details."""
    network = panel(window, "network")
    network.failed.setChecked(True)
    network.apply()
    network.table.select(0)
    network.box.tabs.setCurrentIndex(tab)
    return window


def console(window: Window) -> QWidget:
    """A line of the console, with its arguments."""
    one = panel(window, "console")
    one.table.select(one.model.rowCount() - 1)
    one.tabs.setCurrentIndex(1)
    return window


def state(window: Window) -> QWidget:
    """What an action changed."""
    one = panel(window, "state")
    one.table.select(one.model.rowCount() // 2)
    return window


def error_tab(window: Window, tab: int) -> QWidget:
    """An error's context, or what led to it."""
    one = panel(window, "errors")
    one.table.select(0)
    one.tabs.setCurrentIndex(tab)
    return window


def vitals(window: Window) -> QWidget:
    """Vitals with their charts, the element to blame outlined."""
    one = panel(window, "vitals")
    wait(lambda: one.table.rowCount() > 0 and bool(one._charts), PATIENCE)
    one.table.cellClicked.emit(0, 2)
    wait(seconds=1.0)
    return window


def dom(window: Window) -> QWidget:
    """A node of the tree."""
    one = panel(window, "dom")
    wait(lambda: one.tree.dom.rowCount() > 0, PATIENCE)
    one.search.setText("button")
    wait(lambda: "of" in one.hits.text(), PATIENCE)
    one.tabs.setCurrentIndex(0)
    return window


def dom_loading(window: Window) -> QWidget:
    """The tree that is being read."""
    one = panel(window, "dom")
    one.tree.clear()
    one._ask()
    return window


def dom_history(window: Window) -> QWidget:
    """The life of a node."""
    dom(window)
    one = panel(window, "dom")
    one.search.setText("form")
    wait(seconds=1.5)
    one.tabs.setCurrentWidget(one.history)
    wait(lambda: bool(one.history.table.line_model.lines), 5.0)
    return window


def dom_compare(window: Window) -> QWidget:
    """What changed between two instants."""
    head = window.context.playhead
    head.seek(head.start + 12_000)
    wait(lambda: head.t == head.target, PATIENCE)
    run(window, "mark-a")
    head.seek(head.start + 23_000)
    wait(lambda: head.t == head.target, PATIENCE)
    run(window, "mark-b")
    one = panel(window, "dom")
    wait(lambda: bool(one.compare.table.line_model.lines), PATIENCE)
    return window


def notes(window: Window) -> QWidget:
    """Notes, one of them edited."""
    window.context.select("errors", 0)
    run(window, "evidence")
    run(window, "bookmark")
    one = panel(window, "notes")
    one.begin()
    one.editor.setPlainText("The gateway answers 502, the page then reads the total of an order that is not there.")
    one.save()
    one.list.setCurrentRow(one.list.count() - 1)
    window.messages.hide()
    return window


def menu(window: Window) -> QWidget:
    """The main menu."""
    made = window.top.menu_button.menu()
    made.popup(window.mapToGlobal(window.rect().center()))
    wait(seconds=0.2)
    return made


def submenu(title: str) -> Callable[[Window], QWidget]:
    """A menu of one topic."""

    def prepare(window: Window) -> QWidget:
        for action in window.top.menu_button.menu().actions():
            sub = action.menu()
            if action.text() == title and sub is not None:
                window.actions_table.refresh()
                sub.popup(window.mapToGlobal(window.rect().center()))
                wait(seconds=0.2)
                return sub  # type: ignore[return-value]
        raise LookupError(title)

    return prepare


def lanes_menu(window: Window) -> QWidget:
    """What can be done with a lane."""
    made = window.lanes.menu("network")
    made.popup(window.mapToGlobal(window.rect().center()))
    wait(seconds=0.2)
    return made


def palette_text(window: Window) -> QWidget:
    """The palette with a text in it."""
    run(window, "palette")
    from replay_viewer.qt.palette import Palette

    sheet = top(Palette)
    sheet.field.setText("pay")
    wait(seconds=1.0)
    return sheet  # type: ignore[no-any-return]


def composer(window: Window) -> QWidget:
    """The incident note, whole."""
    window.compose()
    made = top(Composer)
    wait(lambda: "masked" in made.removed.text(), PATIENCE)
    wait(seconds=2.5)
    return made  # type: ignore[no-any-return]


def composer_loading(window: Window) -> QWidget:
    """The incident note that is being put together."""
    window.compose()
    return top(Composer)  # type: ignore[no-any-return]


def review(window: Window) -> QWidget:
    """What redaction removes."""
    composer(window).removed.click()  # type: ignore[attr-defined]
    made = top(ReviewDialog)
    wait(made.export_button.isEnabled, PATIENCE)
    return made  # type: ignore[no-any-return]


def send(window: Window) -> QWidget:
    """Where the note goes, and exactly what."""
    made = composer(window)
    made.ask_and_send(made._redactor)  # type: ignore[attr-defined]
    dialog = top(SendDialog)
    wait(lambda: bool(dialog.preview.toPlainText()), 3.0)
    return dialog  # type: ignore[no-any-return]


def send_nowhere(window: Window) -> QWidget:
    """No place to send to yet."""
    home = window.context.library.home
    for one in connections.places(home):
        connections.remove(home, one.name)
    return send(window)


def send_somewhere(window: Window) -> QWidget:
    """With a place."""
    home = window.context.library.home
    if not connections.places(home):
        connections.save(home, connections.Connection(name="ops", kind="webhook", url="https://hooks.example.com/n"))
    return send(window)


def place(window: Window) -> QWidget:
    """A place to send to."""
    dialog = PlaceDialog(window.context.library.home, window)
    dialog.open()
    return dialog


def budgets(window: Window) -> QWidget:
    """The budgets of the vitals."""
    panel(window, "vitals").change.click()
    from replay_viewer.qt.panels.budgets import BudgetDialog

    return top(BudgetDialog)  # type: ignore[no-any-return]


def connection(window: Window) -> QWidget:
    """Connections, one of them kept."""
    home = window.context.library.home
    if not connections.connections(home):
        connections.save(
            home, connections.Connection(name="acme", kind="collector", url="http://127.0.0.1:9", account="")
        )
        window.sources.reload()
    run(window, "connections")
    from replay_viewer.qt.connections import ConnectionsDialog

    return top(ConnectionsDialog)  # type: ignore[no-any-return]


def sources_failing(window: Window) -> QWidget:
    """A source that cannot be reached."""
    run(window, "sources")
    from replay_viewer.qt.remote import SourcesDialog

    made = top(SourcesDialog)
    wait(made.retry_button.isVisible, PATIENCE)
    return made  # type: ignore[no-any-return]


def messages(window: Window) -> QWidget:
    """A message, and progress under it."""
    window.messages.say("The disk is full.", "Make room, then retry.", "failed", lambda: None)
    window.progress.begin("Pulling https://replay.example.com/sessions/5e55")
    window.progress.set_progress(40, 100, "4 of 10 segments")
    return window


def by(action: str) -> Callable[[Window], QWidget | None]:
    """The dialog an action brings up."""

    def prepare(window: Window) -> None:
        run(window, action)

    return prepare


SCENES: tuple[Scene, ...] = (
    Scene("box-found", finder),
    Scene("box-nothing-found", finder_empty),
    Scene("find-bar", find_bar),
    Scene("range", a_range),
    Scene("typed-time", typed_time),
    Scene("nothing-matches", nothing_matches),
    Scene("console-arguments", console),
    *(Scene(f"request-{n}", lambda window, n=n: request(window, n)) for n in range(4)),  # type: ignore[misc]
    Scene("state-change", state),
    Scene("error-context", lambda window: error_tab(window, 1)),
    Scene("vitals-blame", vitals),
    Scene("dom-loading", dom_loading),
    Scene("dom-node", dom),
    Scene("dom-history", dom_history),
    Scene("dom-compare", dom_compare),
    Scene("notes", notes),
    Scene("messages", messages),
    Scene("menu", menu),
    *(Scene(f"menu-{title.lower()}", submenu(title)) for title in ("File", "Playback", "View", "Notes")),
    Scene("menu-of-a-lane", lanes_menu),
    Scene("palette", by("palette")),
    Scene("palette-found", palette_text),
    Scene("keys", by("keys")),
    Scene("lanes-table", by("lanes-table")),
    Scene("incident-loading", composer_loading),
    Scene("incident", composer),
    Scene("review", review),
    Scene("send-nowhere", send_nowhere),
    Scene("send", send_somewhere),
    Scene("place", place),
    Scene("clip", by("clip")),
    Scene("budgets", budgets),
    Scene("sources-none", by("sources")),
    Scene("connections-none", by("connections")),
    Scene("connections", connection),
    Scene("sources-failing", sources_failing),
    Scene("frustration", by("frustration"), modal=True),
    Scene("idle-threshold", by("idle-threshold"), modal=True),
    Scene("attach-url", by("attach-url"), modal=True),
    Scene("save-filter", lambda window: window.queue.saved.save("errors:>0"), modal=True),  # type: ignore[func-returns-value]
    Scene("delete", lambda window: window.commands.delete_session("nothing"), modal=True),  # type: ignore[func-returns-value]
)


def put_away(window: Window) -> None:
    """As the window was before a scene."""
    while (popup := QApplication.activePopupWidget()) is not None:
        popup.close()
    for _ in range(3):
        for one in QApplication.topLevelWidgets():
            if one is not window and one.isVisible():
                one.reject() if isinstance(one, QDialog) else one.close()
        wait(seconds=0.05)
    window.finder.hide()
    window.top.box.clear()
    if window.find_bar.isVisible():
        window.find_bar.leave()
    if window.stage.pinned:
        window.stage.toggle_follow()
    head = window.context.playhead
    while head.range is not None:
        head.leave_range()
    window.transport.end_typing()
    window.messages.hide()
    window.progress.end()
    for name in ("console", "network"):
        window.panels.panels[name].filter.clear()  # type: ignore[attr-defined]
    window.activity.filter.clear()
    window.panels.panels["network"].failed.setChecked(False)  # type: ignore[attr-defined]
    window.panels.show_panel("errors")
    window.context.select("errors", 0)
    window.setFocus(Qt.FocusReason.OtherFocusReason)
    wait(seconds=0.3)
