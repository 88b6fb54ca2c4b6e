"""A small table for what is no row of the session: the life of a node, differences, breadcrumbs, frames of a socket.

All of it is in memory (at most a few thousand lines). Lines with an instant are sought by a click and by Enter.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal

from replay_viewer.qt.plaintable import TEXT, PlainTable
from replay_viewer.qt.theme import data_font, theme

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


class LineTable(PlainTable):
    """The table. `seek_asked(t)`: a click or Enter on a line with an instant; `picked(Line)`: any line."""

    seek_asked = Signal(float)
    picked = Signal(object)

    def __init__(self, name: str, titles: Sequence[str], widths: Sequence[int]) -> None:
        """`widths` in pixels; 0: takes the rest."""
        self.line_model = LineModel(titles)
        super().__init__(self.line_model, name, widths)
        self.setFont(data_font())
        theme().changed.connect(self.viewport().update)

    def show_lines(self, lines: Sequence[Line]) -> None:
        """Show other lines, from the top."""
        self.line_model.show(lines)
        self.scrollToTop()

    def line(self) -> Line | None:
        """The current line."""
        index = self.currentIndex()
        return self.line_model.lines[index.row()] if index.isValid() else None

    def forms(self, row: int) -> dict[str, str]:
        """A line as text, cells apart by tabs."""
        return {TEXT: "\t".join(self.line_model.lines[row].cells)}

    def row_clicked(self, row: int) -> None:
        """A line is picked, and sought when it has an instant."""
        line = self.line_model.lines[row]
        self.picked.emit(line)
        if line.t is not None:
            self.seek_asked.emit(line.t)

    row_entered = row_clicked
