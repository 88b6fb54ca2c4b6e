"""Copying rows of any list: Ctrl+C, and an entry of its menu."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QApplication, QLabel

from replay_viewer.qt.plaintable import TEXT


def line_of(index: QModelIndex) -> str:
    """The cells of a row that have a text, apart by tabs."""
    model = index.model()
    cells = (
        index.siblingAtColumn(at).data(Qt.ItemDataRole.DisplayRole)
        for at in range(model.columnCount(index.parent()) if model is not None else 0)
    )
    return "\t".join(str(cell) for cell in cells if cell not in (None, ""))


def copyable(view: QAbstractItemView, text: Callable[[QModelIndex], str] = line_of) -> QAction:
    """Let the selected rows of `view` be copied; `text` says what of one.

    Where the view has a menu of its own, whoever makes that adds the action, which is answered.
    """

    def copy() -> None:
        chosen = {index.siblingAtColumn(0) for index in view.selectionModel().selectedIndexes()} or {
            view.currentIndex()
        }
        lines = [text(index) for index in sorted(chosen) if index.isValid()]
        if lines:
            QApplication.clipboard().setText("\n".join(lines))

    action = QAction(TEXT, view)
    action.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
    action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
    action.triggered.connect(copy)
    view.addAction(action)
    if view.contextMenuPolicy() == Qt.ContextMenuPolicy.DefaultContextMenu:
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
    return action


def copyable_text(line: QLabel) -> None:
    """Give a line that shows a cut text a menu that copies all of it."""
    action = QAction(TEXT, line)
    action.triggered.connect(lambda: QApplication.clipboard().setText(line.text()))
    line.addAction(action)
    line.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
