"""A small table for what is no row of the session: the life of a node, differences, breadcrumbs, frames of a socket.

All of it is in memory (at most a few thousand lines). Lines with an instant are sought by a click and by Enter.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QMenu, QTableView

from replay_viewer.qt.theme import ROW_HEIGHT, data_font, theme

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Line:
    """One line: its texts, the roles that colour them, its instant (epoch ms, None: none), and what it stands for."""

    cells: tuple[str, ...]
    roles: tuple[str, ...] = ()
    t: float | None = None
    data: Any = field(default=None, compare=False)


class LineModel(QAbstractTableModel):
    """Lines under titles."""

    def __init__(self, titles: Sequence[str]) -> None:
        super().__init__()
        self.titles = list(titles)
        self.lines: list[Line] = []

    def show(self, lines: Sequence[Line]) -> None:
        """Show other lines."""
        self.beginResetModel()
        self.lines = list(lines)
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Number of lines."""
        return 0 if parent.isValid() else len(self.lines)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Number of titles."""
        return 0 if parent.isValid() else len(self.titles)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text, colour, and the whole text as a tooltip."""
        if not index.isValid():
            return None
        line = self.lines[index.row()]
        text = line.cells[index.column()] if index.column() < len(line.cells) else ""
        if role == Qt.ItemDataRole.DisplayRole:
            return text
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"<p>{html.escape(text[:2000])}</p>" if text else None
        if role == Qt.ItemDataRole.ForegroundRole:
            return theme().colour(line.roles[index.column()] if index.column() < len(line.roles) else "text")
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Titles."""
        if orientation == Qt.Orientation.Horizontal and 0 <= section < len(self.titles):
            if role == Qt.ItemDataRole.DisplayRole:
                return self.titles[section]
            if role == Qt.ItemDataRole.TextAlignmentRole:
                return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return None


class LineTable(QTableView):
    """The table. `seek_asked(t)`: a click or Enter on a line with an instant; `picked(Line)`: any line."""

    seek_asked = Signal(float)
    picked = Signal(object)

    def __init__(self, name: str, titles: Sequence[str], widths: Sequence[int]) -> None:
        """`widths` in pixels; 0: takes the rest."""
        super().__init__()
        self.line_model = LineModel(titles)
        self.setModel(self.line_model)
        self.setAccessibleName(name)
        self.setFont(data_font())
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)
        vertical = self.verticalHeader()
        vertical.setVisible(False)
        vertical.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        vertical.setDefaultSectionSize(ROW_HEIGHT)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(36)
        for at, width in enumerate(widths):
            mode = QHeaderView.ResizeMode.Interactive if width else QHeaderView.ResizeMode.Stretch
            header.setSectionResizeMode(at, mode)
            if width:
                self.setColumnWidth(at, width)
        theme().changed.connect(self.viewport().update)

    def show_lines(self, lines: Sequence[Line]) -> None:
        """Show other lines, from the top."""
        self.line_model.show(lines)
        self.scrollToTop()

    def line(self) -> Line | None:
        """The current line."""
        index = self.currentIndex()
        return self.line_model.lines[index.row()] if index.isValid() else None

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A plain click picks and seeks."""
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and self.indexAt(event.position().toPoint()).isValid():
            self._pick()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter picks and seeks, Ctrl+C copies."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._pick()
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)

    def copy(self) -> None:
        """The selected lines as text, cells apart by tabs."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        QApplication.clipboard().setText("\n".join("\t".join(self.line_model.lines[row].cells) for row in rows))

    def _pick(self) -> None:
        line = self.line()
        if line is not None:
            self.picked.emit(line)
            if line.t is not None:
                self.seek_asked.emit(line.t)

    def _menu(self, where: QPoint) -> None:
        if not self.indexAt(where).isValid():
            return
        menu = QMenu(self)
        menu.addAction("Copy as text", self.copy)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.viewport().mapToGlobal(where))
