"""A table model over an index array: a million rows cost nothing until they are looked at.

The model holds row numbers in view order and their instants as NumPy arrays; rows are fetched by window from the
library and kept in a small cache together with their formatted cells. Filters and order change only the array.
"""

from __future__ import annotations

import html
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from replay_viewer.domain.rows import AnyRow

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Index = QModelIndex | QPersistentModelIndex

_WINDOW = 64
_KEPT = 4096
#: A seek by an error lands a moment before it, and that error still counts as the present row.
NOW_SLACK_MS = 2.0

ROLE_CELL = int(Qt.ItemDataRole.UserRole) + 1


class Cell(NamedTuple):
    """What a table cell shows: plain text, the role that colours it, and how."""

    text: str
    role: str = "text"
    bold: bool = False
    tail: str = ""  #: muted text after it
    bar: tuple[float, float] | None = None  #: a span to draw on the time axis of the table, epoch ms


@dataclass(frozen=True)
class Column:
    """A column: its title, its width in pixels (0: takes the rest), how a row reads in it."""

    title: str
    width: int
    cell: Callable[[AnyRow], Cell]
    mono: bool = False
    right: bool = False
    dot: bool = False  #: a coloured dot before the text
    sort: str = ""  #: what a click on the header sorts by: `t`, `duration`, `severity` or a value of the panel's own
    needs: int = 0  #: in a list narrower than this (pixels) the column goes, so that the others stay readable
    keyed: Callable[[int], Cell] | None = None  #: the cell by the row's number, when it is not the row that says it


class RowModel(QAbstractTableModel):
    """Rows of one list. `fetch(keys)` gives the rows of some keys, in that order."""

    def __init__(self, columns: Sequence[Column], fetch: Callable[[list[int]], Sequence[AnyRow]]) -> None:
        super().__init__()
        self.columns = list(columns)
        self.fetch = fetch
        self.keys: Ints = np.empty(0, np.int64)
        self.times: Floats = np.empty(0)
        self.in_time_order = True
        self.now = 0.0
        self._rows: dict[int, AnyRow] = {}
        self._cells: dict[int, list[Cell]] = {}

    # content

    def set_rows(self, keys: Ints, times: Floats, *, in_time_order: bool = True) -> None:
        """Show these keys in this order. Rows seen before stay cached."""
        self.beginResetModel()
        self.keys, self.times, self.in_time_order = keys, times, in_time_order
        self.endResetModel()

    def forget(self) -> None:
        """Drop all cached rows (another session, or rows that changed)."""
        self._rows.clear()
        self._cells.clear()

    def reformat(self) -> None:
        """Format all cells again (another reading of times, another scheme)."""
        self._cells.clear()
        if self.rowCount():
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, self.columnCount() - 1))

    def row_at(self, position: int) -> AnyRow:
        """The row at a position of the view; its neighbours are fetched along."""
        key = int(self.keys[position])
        row = self._rows.get(key)
        if row is None:
            first = max(0, position - _WINDOW // 4)
            wanted = [int(key) for key in self.keys[first : first + _WINDOW] if int(key) not in self._rows]
            if len(self._rows) > _KEPT:
                self._rows.clear()
                self._cells.clear()
            self._rows.update(zip(wanted, self.fetch(wanted), strict=True))
            row = self._rows[key]
        return row

    def cells_at(self, position: int) -> list[Cell]:
        """The formatted cells of the row at a position."""
        key = int(self.keys[position])
        cells = self._cells.get(key)
        if cells is None:
            row = self.row_at(position)
            cells = self._cells[key] = [
                column.cell(row) if column.keyed is None else column.keyed(key) for column in self.columns
            ]
        return cells

    def position_of(self, key: int) -> int:
        """Where a key stands in the view, -1 when it is filtered out."""
        found = np.flatnonzero(self.keys == key)
        return int(found[0]) if len(found) else -1

    # past, present, future

    def set_now(self, t: float) -> bool:
        """The playhead is at `t`. Returns whether the picture of the list changes by it."""
        before, self.now = self.now, t
        if not len(self.times):
            return False
        if self.in_time_order:
            return self._position(before) != self._position(t)
        return before != t

    def present(self) -> int:
        """Position of the last row that has happened, -1 when none has or the list is not in time order."""
        return self._position(self.now) if self.in_time_order else -1

    def is_future(self, position: int) -> bool:
        """Whether the row at a position has not happened yet."""
        return bool(self.times[position] > self.now + NOW_SLACK_MS)

    def _position(self, t: float) -> int:
        return bisect_right(self.times, t + NOW_SLACK_MS) - 1

    # Qt's side

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Number of rows."""
        return 0 if parent.isValid() else len(self.keys)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Number of columns."""
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Plain text for whoever asks (screen readers, tests); the delegate reads cells directly."""
        roles = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole)
        if role not in roles or not index.isValid():
            return None
        cell = self.cells_at(index.row())[index.column()]
        text = f"{cell.text} {cell.tail}".strip() if cell.tail else cell.text
        if role == Qt.ItemDataRole.ToolTipRole:  # what is cut in the list; escaped, or Qt may take it for markup
            return f"<p>{html.escape(text[:1000])}</p>" if text else None
        return text

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Titles of the columns."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if self.columns[section].right else Qt.AlignmentFlag.AlignLeft
            return int(side | Qt.AlignmentFlag.AlignVCenter)
        return None
