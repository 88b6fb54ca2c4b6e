"""The connected sources in the left dock: where sessions come from, whether a token is there, what can be done."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import (
    QListWidgetItem,
    QMenu,
)

from replay_viewer.domain.errors import UserError
from replay_viewer.qt.context import Context
from replay_viewer.qt.tails import TAIL, TAIL_ROLE, SideList
from replay_viewer.qt.tasks import Tasks
from replay_viewer.qt.theme import icon, theme
from replay_viewer.services import connections
from replay_viewer.services.connections import Connection

if TYPE_CHECKING:
    from replay_viewer.sources import Check

_KINDS = {"sentry": "Sentry", "posthog": "PostHog", "collector": "Collector"}
_RUN = Qt.ItemDataRole.UserRole
_CONNECTION = _RUN + 1
#: More entries than these scroll.
_MOST = 6


def state_of(one: Connection) -> tuple[str, str]:
    """Kind and state of a connection in words, and the role that colours them. Asks the keyring: on a worker."""
    kind = _KINDS.get(one.kind, one.kind)
    if connections.token_of(one):
        return f"{kind} · connected", "muted"
    return (f"{kind} · open", "muted") if one.kind == "collector" else (f"{kind} · no token", "warning")


class SourceList(SideList):
    """`browse_asked(name)`: its sessions; `edit_asked(name)`: the connection, '' for a new one; `files_asked`."""

    browse_asked = Signal(str)
    edit_asked = Signal(str)
    files_asked = Signal()
    source_answered = Signal(str, object)  #: a backend was asked, by its address: what it failed by, or None

    def __init__(self, context: Context, network: Tasks) -> None:
        super().__init__("SOURCES", "Sources")
        self.list.customContextMenuRequested.connect(self._menu)
        self.list.itemClicked.connect(self._run)
        self.list.itemActivated.connect(self._run)
        self.context, self._network = context, network
        theme().changed.connect(self._tint)
        self.reload()

    def reload(self) -> None:
        """Read the connections; which of them have a token is asked beside the window."""
        try:
            known = connections.connections(self.context.library.home)
        except UserError as error:
            self.context.said.emit(error.message, error.advice, "failed")
            known = []
        self.list.clear()
        for one in known:
            item = self._add(one.name, _KINDS.get(one.kind, one.kind), partial(self.browse_asked.emit, one.name))
            item.setData(_CONNECTION, one)
            item.setToolTip(f"Sessions of {one.name}: {one.url} {one.account}".strip())
        self._add("Files", "open or drop", self.files_asked.emit).setToolTip("Open a recording from a file")
        add = self._add("Add a connection…", "", partial(self.edit_asked.emit, ""))
        add.setToolTip("Sentry, PostHog or a collector: its sessions are listed, searched and pulled from here")
        self._tint()
        rows = min(self.list.count(), _MOST)
        self.list.setFixedHeight(rows * max(24, self.list.sizeHintForRow(0)) + 2)
        if known:
            self.context.tasks.run(lambda: [(one, *state_of(one)) for one in known], self._told, key="source-list")

    def _add(self, name: str, tail: str, run: Callable[[], None]) -> QListWidgetItem:
        item = QListWidgetItem(name)
        item.setData(TAIL, tail)
        item.setData(_RUN, run)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{name}, {tail}" if tail else name)
        self.list.addItem(item)
        return item

    def _told(self, found: list[tuple[Connection, str, str]]) -> None:
        states = {one: (tail, role) for one, tail, role in found}
        for at in range(self.list.count()):
            item = self.list.item(at)
            if (one := item.data(_CONNECTION)) in states:
                tail, role = states[one]
                item.setData(TAIL, tail)
                item.setData(TAIL_ROLE, role)
                item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{one.name}, {tail}")

    def _tint(self) -> None:
        add = self.list.item(self.list.count() - 1)
        if add is not None:
            add.setForeground(theme().colour("accent"))
        for at in range(self.list.count() - 1):
            name = "globe" if self.list.item(at).data(_CONNECTION) is not None else "folder"
            self.list.item(at).setIcon(icon(name, "muted"))
        if add is not None:
            add.setIcon(icon("plus", "accent"))

    def _run(self, item: QListWidgetItem) -> None:
        run: Callable[[], None] = item.data(_RUN)
        run()

    def _menu(self, where: QPoint) -> None:
        item = self.list.itemAt(where)
        one = item.data(_CONNECTION) if item is not None else None
        if isinstance(one, Connection):
            menu = self.menu_of(one)
            menu.aboutToHide.connect(menu.deleteLater)
            menu.popup(self.list.viewport().mapToGlobal(where))

    def menu_of(self, one: Connection) -> QMenu:
        """What can be done with a connection."""
        menu = QMenu(self)
        menu.addAction("Sessions…", partial(self.browse_asked.emit, one.name))
        menu.addAction("Test", partial(self.test, one))
        menu.addAction("Edit…", partial(self.edit_asked.emit, one.name))
        menu.addSeparator()
        menu.addAction("Remove, with its token", partial(self.remove, one))
        return menu

    def test(self, one: Connection) -> None:
        """Ask the backend what the token may read, and say it."""

        def work() -> tuple[list[Check], str]:
            from replay_viewer.services.search_sources import try_out, verdict  # the HTTP client: not needed to start

            checks = list(try_out(one))
            return checks, verdict(checks)

        def done(found: tuple[list[Check], str]) -> None:
            self.source_answered.emit(one.url, None)
            checks, sentence = found
            good = not any(check.problem for check in checks)
            self.context.said.emit(f"{one.name}: {sentence}", "", "info" if good else "warning")

        def failed(error: UserError) -> None:
            self.source_answered.emit(one.url, error)
            self._failed(error)

        self.context.said.emit(f"Asking {one.name}…", "", "info")
        self._network.run(work, done, failed, key="source-test")

    def remove(self, one: Connection) -> None:
        """Remove a connection and its token; its sessions in the library stay."""
        home = self.context.library.home

        def done(_: None) -> None:
            self.reload()
            self.context.said.emit(
                f"“{one.name}” and its token are removed.", "What was pulled from it stays in the library.", "info"
            )

        self._network.run(lambda: connections.remove(home, one.name), done, self._failed, key="source-remove")

    def _failed(self, error: UserError) -> None:
        self.context.said.emit(error.message, error.advice, "failed")
