"""What the list panels share: filters, range, following, the empty state, selection, copying, details beside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedLayout, QVBoxLayout, QWidget

from replay_viewer.domain.rows import AnyRow
from replay_viewer.qt import rowtext
from replay_viewer.qt.context import Context
from replay_viewer.qt.opened import Columns, Floats, Ints, Opened
from replay_viewer.qt.rowmodel import Cell, Column, RowModel
from replay_viewer.qt.rowtable import RowTable
from replay_viewer.qt.widgets import EmptyState, FilterField, IconButton, label

Mask = NDArray[np.bool_]


class Panel(QWidget):
    """A panel under the lanes. `badge_changed`: its count or colour changed."""

    id = ""
    title = ""
    badge_changed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self.setObjectName("panelBody")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(f"{self.title} panel")
        context.opened_changed.connect(self.session_changed)

    @property
    def opened(self) -> Opened | None:
        """The open session."""
        return self.context.opened

    def badge(self) -> tuple[int, str]:
        """A number for the panel's tab and the role that colours it; 0 shows none."""
        return 0, "muted"

    def session_changed(self) -> None:
        """Another session is open, or more of it is there."""

    def close_down(self) -> None:
        """The window closes: end what runs beside it."""

    def focus_filter(self) -> bool:
        """Put the focus where the panel's text filter is. False when it has none."""
        return False


class ListPanel(Panel):
    """A panel around a table of rows of one kind."""

    kind = ""
    none_title = "Nothing here"
    none_why = ""
    detail_share = (60, 40)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._text: Ints | None = None
        self._sorted: tuple[str, bool] = ("t", False)
        self.model = RowModel([*self.columns()], self._fetch)
        self.table = RowTable(self.model, context.playhead, f"{self.title} list")
        self.table.copies = self._copies
        self.table.marked = self._marked
        context.cause_changed.connect(self.table.viewport().update)
        self.filter = FilterField(f"Filter {self.title.lower()}")
        self.filter.setMaximumWidth(260)
        self.counter = label("", "muted")
        self.follow = IconButton("follow", "Follow the playhead", on_role="accent")
        self.follow.setChecked(True)
        row = QWidget()
        row.setObjectName("filterRow")
        row.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        bar = QHBoxLayout(row)
        bar.setContentsMargins(8, 3, 8, 3)
        bar.setSpacing(8)
        bar.addWidget(self.filter, 4)
        for widget in self.tools():
            bar.addWidget(widget)
        bar.addStretch(1)
        bar.addWidget(self.counter)
        bar.addWidget(self.follow)
        self.empty = EmptyState(self.id)
        body = QWidget()
        self._stack = QStackedLayout(body)
        self._stack.addWidget(self.table)
        self._stack.addWidget(self.empty)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(row)
        column.addWidget(body, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        detail = self.detail()
        if detail is None:
            layout.addWidget(left)
        else:
            detail.setObjectName("detail")
            detail.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
            self.splitter = QSplitter(Qt.Orientation.Horizontal)
            self.splitter.addWidget(left)
            self.splitter.addWidget(detail)
            self.splitter.setStretchFactor(0, self.detail_share[0])
            self.splitter.setStretchFactor(1, self.detail_share[1])
            self.splitter.setSizes([self.detail_share[0] * 10, self.detail_share[1] * 10])
            self.splitter.setChildrenCollapsible(False)
            self.splitter.splitterMoved.connect(lambda _at, _index: self.resized())
            layout.addWidget(self.splitter)
        self.filter.changed.connect(self._filter_text)
        self.follow.clicked.connect(self.table.set_following)
        self.table.follow_changed.connect(self.follow.setChecked)
        self.table.picked.connect(self._picked)
        self.table.seek_asked.connect(self._seek)
        self.table.play_asked.connect(lambda at: context.play_row(float(self.model.times[at])))
        header = self.table.horizontalHeader()
        header.setSectionsClickable(True)
        header.sectionClicked.connect(self._sort)
        context.playhead.range_changed.connect(self.apply)
        context.row_selected.connect(self._selected_elsewhere)
        self.session_changed()

    # what a panel fills in

    def columns(self) -> Sequence[Column]:
        """The columns of the table."""
        raise NotImplementedError

    def tools(self) -> Sequence[QWidget]:
        """Widgets beside the text filter."""
        return ()

    def detail(self) -> QWidget | None:
        """The widget beside the list that shows the selected row."""
        return None

    def admits(self, columns: Columns) -> Mask | None:
        """Which rows the panel's own filters let through; None: all."""
        return None

    def resized(self) -> None:
        """The list has another width."""

    def show_row(self, row: AnyRow, n: int) -> None:
        """Show a row's details."""

    def clear_detail(self) -> None:
        """Nothing is selected."""

    def time_cell(self, row: AnyRow) -> Cell:
        """The first column: when."""
        return Cell(self.context.playhead.text(row.t), "muted")

    # the list

    def part(self) -> Columns | None:
        """Columns of the panel's rows."""
        return self.opened.columns.get(self.kind) if self.opened else None

    def session_changed(self) -> None:
        """Show the rows of the session that is open now."""
        self.model.forget()
        self._text = None
        self.clear_detail()
        self.badge_changed.emit()
        if self.filter.text().strip() and self.opened:
            self._filter_text(self.filter.text().strip())
        else:
            self.apply()

    def apply(self) -> None:
        """Work out which rows show, from filters and range."""
        columns = self.part()
        if columns is None or not len(columns):
            self.model.set_rows(np.empty(0, np.int64), np.empty(0))
            self.counter.setText("")
            self.empty.say(*self.why_empty())
            self._stack.setCurrentWidget(self.empty)
            return
        keep = np.ones(len(columns), np.bool_)
        if (own := self.admits(columns)) is not None:
            keep &= own
        if (picked := self.context.playhead.range) is not None:
            keep &= (columns.t <= picked[1]) & (columns.end >= picked[0])
        if self._text is not None:
            named = np.zeros(len(columns), np.bool_)
            named[self._text[self._text < len(columns)]] = True
            keep &= named
        keys = np.flatnonzero(keep).astype(np.int64)
        by, down = self._sorted
        if by != "t" or down:
            arrays: dict[str, Floats] = {
                "t": columns.t,
                "duration": columns.end - columns.t,
                "severity": columns.severity.astype(np.float64),
            }
            values = arrays[by][keys]
            keys = keys[np.argsort(-values if down else values, kind="stable")]
        self.model.set_rows(keys, columns.t[keys], in_time_order=by == "t" and not down)
        total = len(columns)
        self.counter.setText(f"{total:,}" if len(keys) == total else f"{len(keys):,} of {total:,}")
        if len(keys):
            self._stack.setCurrentWidget(self.table)
        else:
            self.empty.say("Nothing matches", "No row passes the filters and the picked range.")
            self._stack.setCurrentWidget(self.empty)
        self.table.refresh()
        self._reselect()

    def why_empty(self) -> tuple[str, str]:
        """Title and reason when the session has no rows of this kind."""
        if self.opened is None:
            return "No session is open", "Pick one in the queue, or open a file."
        return self.none_title, self.none_why

    def focus_filter(self) -> bool:
        """Focus the text filter."""
        self.filter.setFocus()
        self.filter.selectAll()
        return True

    def reveal(self, n: int) -> bool:
        """Select row `n` and bring it into view. False when it is filtered out."""
        at = self.model.position_of(n)
        self.table.select(at)
        return at >= 0

    def _fetch(self, keys: list[int]) -> Sequence[AnyRow]:
        return self.opened.fetch(self.kind, keys) if self.opened else []

    def _marked(self, position: int) -> bool:
        """Whether a row led to the selected error."""
        cause = self.context.cause
        return cause is not None and cause.marks(self.kind, int(self.model.keys[position]))

    def _copies(self, position: int) -> dict[str, str]:
        return rowtext.copies(self.model.row_at(position))

    def _filter_text(self, text: str) -> None:
        if self.opened is None or not text:
            self._text = None
            self.apply()
            return
        session, kind = self.opened.id, self.kind

        def done(numbers: Ints) -> None:
            if self.filter.text().strip() == text:
                self._text = np.asarray(numbers, np.int64)
                self.apply()

        self.context.tasks.read(
            lambda library: library.filter(session, kind, text),
            done,
            lambda error: self.context.said.emit(error.message, error.advice, "failed"),
            key=f"filter-{kind}",
        )

    def _sort(self, section: int) -> None:
        by = self.model.columns[section].sort
        if not by:
            return
        first = by != "t"  # longest and worst first, earliest first
        self._sorted = (by, not self._sorted[1]) if self._sorted[0] == by else (by, first)
        header = self.table.horizontalHeader()
        header.setSortIndicatorShown(self._sorted != ("t", False))
        order = Qt.SortOrder.DescendingOrder if self._sorted[1] else Qt.SortOrder.AscendingOrder
        header.setSortIndicator(section, order)
        self.apply()

    def _picked(self, position: int) -> None:
        n = int(self.model.keys[position])
        self.show_row(self.model.row_at(position), n)
        if self.context.selected != (self.kind, n):
            self.context.select(self.kind, n)

    def _seek(self, position: int) -> None:
        self.context.seek_row(self.kind, float(self.model.times[position]))

    def _reselect(self) -> None:
        if self.context.selected and self.context.selected[0] == self.kind:
            self.reveal(self.context.selected[1])

    def _selected_elsewhere(self, kind: str, n: int) -> None:
        if kind == self.kind and self.table.currentIndex().row() != self.model.position_of(n):
            self.reveal(n)
