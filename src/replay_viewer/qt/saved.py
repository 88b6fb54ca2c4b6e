"""Saved filters of the session list, and help with writing one."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QStringListModel, Qt, Signal
from PySide6.QtWidgets import (
    QApplication,
    QCompleter,
    QLineEdit,
    QListWidgetItem,
    QMenu,
)

from replay_viewer.domain.errors import UserError
from replay_viewer.library import Library
from replay_viewer.library.query import OPERATORS
from replay_viewer.qt.context import Context
from replay_viewer.qt.tails import TAIL, SideList
from replay_viewer.qt.widgets import ask_line

#: The setting they are kept under: a list of [name, query].
SETTING = "filters"
#: What somebody who never saved one starts with.
FIRST = [["With errors", "errors:>0"], ["Not watched", "is:unwatched"], ["Kept", "is:kept"]]
_QUERY = Qt.ItemDataRole.UserRole
_MOST = 30


class SavedFilters(SideList):
    """The list of saved filters. `picked(query)`."""

    picked = Signal(str)

    def __init__(self, context: Context) -> None:
        super().__init__("SAVED", "Saved filters")
        self.list.customContextMenuRequested.connect(self._menu)
        self.list.itemClicked.connect(self._run)
        self.list.itemActivated.connect(self._run)
        self.context = context
        self.saved: list[list[str]] = []

    def reload(self) -> None:
        """Read them, and how many sessions each finds."""

        def work(library: Library) -> list[tuple[str, str, int]]:
            found = library.setting(SETTING, FIRST)
            counted = []
            for name, query in found:
                try:
                    counted.append((name, query, library.count(query)))
                except UserError:
                    counted.append((name, query, -1))  # saved under a language this version does not know
            return counted

        def done(found: list[tuple[str, str, int]]) -> None:
            self.saved = [[name, query] for name, query, _ in found]
            self.list.clear()
            for name, query, count in found:
                item = QListWidgetItem(name)
                item.setData(TAIL, f"{count:,}" if count >= 0 else "?")
                item.setData(_QUERY, query)
                item.setToolTip(query)
                item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{name}, {max(count, 0)} sessions")
                self.list.addItem(item)
            rows = min(len(found), 6)
            self.list.setFixedHeight(rows * max(24, self.list.sizeHintForRow(0)) + 2 if rows else 0)
            self.setVisible(bool(found))

        self.context.tasks.read(work, done, self._failed, key="saved-filters")

    def save(self, query: str) -> None:
        """Ask for a name and keep `query` under it; the same name is replaced."""
        name, said = ask_line(self, "Save this filter", "Name", query[:40])
        if said and name.strip():
            self.put([*(one for one in self.saved if one[0] != name.strip()), [name.strip(), query]])

    def put(self, saved: list[list[str]]) -> None:
        """Keep exactly these; undo brings back the ones before."""
        before, after = self.saved, saved[-_MOST:]
        self.context.change("Saved filters", partial(self._store, before), partial(self._store, after))

    def _store(self, saved: list[list[str]]) -> None:
        self.saved = saved
        try:
            self.context.library.put_setting(SETTING, saved)
        except UserError as error:
            self.context.refused.emit(error, partial(self._store, saved))
            return
        self.reload()

    def _run(self, item: QListWidgetItem) -> None:
        self.picked.emit(item.data(_QUERY))

    def _menu(self, where: QPoint) -> None:
        item = self.list.itemAt(where)
        if item is None:
            return
        at = self.list.row(item)
        menu = QMenu(self)
        menu.addAction("Use", lambda: self._run(item))
        menu.addAction("Copy the filter", lambda: QApplication.clipboard().setText(item.data(_QUERY)))
        menu.addAction("Move up", lambda: self._move(at, -1)).setEnabled(at > 0)
        menu.addAction("Move down", lambda: self._move(at, 1)).setEnabled(at < len(self.saved) - 1)
        menu.addAction("Remove", lambda: self.put([one for n, one in enumerate(self.saved) if n != at]))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.list.viewport().mapToGlobal(where))

    def _move(self, at: int, by: int) -> None:
        order = list(self.saved)
        order.insert(at + by, order.pop(at))
        self.put(order)

    def _failed(self, error: UserError) -> None:
        self.context.said.emit(error.message, error.advice, "failed")


class QueryCompleter(QCompleter):
    """Offers the operators of the query language for the word that is being typed, each with what it does."""

    def __init__(self, field: QLineEdit) -> None:
        self._codes = list(OPERATORS)
        super().__init__(field)
        self.setModel(QStringListModel([f"{code}:   {one.help}" for code, one in OPERATORS.items()], self))
        self._field = field
        self.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.setMaxVisibleItems(len(self._codes))
        field.setCompleter(self)
        popup = self.popup()
        assert popup is not None
        popup.setAccessibleName("Operators")
        popup.setMinimumWidth(420)

    def splitPath(self, path: str) -> list[str]:
        """Only the last word is completed."""
        return [path[: self._field.cursorPosition()].split(" ")[-1]]

    def pathFromIndex(self, index: QModelIndex | QPersistentModelIndex) -> str:
        """The whole text with the word replaced by the operator."""
        text, at = self._field.text(), self._field.cursorPosition()
        begin = text[:at].rfind(" ") + 1
        return text[:begin] + self._codes[index.row()] + ":" + text[at:]
