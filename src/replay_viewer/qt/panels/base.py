"""What the list panels share: filters, range, following, the empty state, selection, copying, details beside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedLayout, QVBoxLayout, QWidget

from replay_viewer.analysis.absent import absent
from replay_viewer.domain.rows import AnyRow
from replay_viewer.library import Library
from replay_viewer.qt import rowtext
from replay_viewer.qt.context import Context
from replay_viewer.qt.opened import Columns, Ints, Opened
from replay_viewer.qt.remembered import SHARE
from replay_viewer.qt.rowmodel import Cell, Column, RowModel
from replay_viewer.qt.rowtable import RowTable
from replay_viewer.qt.widgets import Chip, EmptyState, FilterField, IconButton, label

Mask = NDArray[np.bool_]


#: A text that no row has: looking for it brings the texts into memory.
_NOTHING = "\x00"


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
    detail_share = (60, 40)
    #: The details are there only while a row is selected.
    detail_on_demand = False

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._text: Ints | None = None
        self._warm_for: tuple[str, int] = ("", 0)
        self._sorted: tuple[str, bool] = ("t", False)
        self.model = RowModel([*self.columns()], self._fetch)
        self.table = RowTable(self.model, context.playhead, f"{self.title} list")
        self.table.copies = self._copies
        self.table.marked = self._marked
        context.cause_changed.connect(self.table.viewport().update)
        self.filter = FilterField(f"Filter {self.title.lower()}")
        self.filter.setMaximumWidth(260)
        self.filter.setMinimumWidth(130)
        self.regex = Chip(".*", "Read the filter as a regular expression")
        self.regex.clicked.connect(lambda _on: self._filter_text(self.filter.text().strip()))
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
        bar.addWidget(self.regex)
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
        detail = self._detail = self.detail()
        if detail is None:
            layout.addWidget(left)
        else:
            detail.setObjectName("detail")
            detail.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
            self.splitter = QSplitter(Qt.Orientation.Horizontal)
            self.splitter.setObjectName(f"{self.id}-panel")
            self.splitter.setProperty(SHARE, list(self.detail_share))
            self.splitter.addWidget(left)
            self.splitter.addWidget(detail)
            self.splitter.setStretchFactor(0, self.detail_share[0])
            self.splitter.setStretchFactor(1, self.detail_share[1])
            self.splitter.setSizes([self.detail_share[0] * 10, self.detail_share[1] * 10])
            self.splitter.setChildrenCollapsible(False)
            layout.addWidget(self.splitter)
        self.filter.changed.connect(self._filter_text)
        self.follow.clicked.connect(self.table.set_following)
        self.table.follow_changed.connect(self.follow.setChecked)
        self.table.picked.connect(self._picked)
        self.table.resized.connect(self.resized)
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

    def sort_values(self, by: str, columns: Columns) -> NDArray[Any] | None:
        """A number per row to sort by; None when it is not known yet (the panel applies again when it is)."""
        known: dict[str, NDArray[Any]] = {
            "t": columns.t,
            "duration": columns.end - columns.t,
            "severity": columns.severity,
        }
        return known.get(by)

    def fold(self, keys: Ints) -> Ints:
        """Leave out rows that another one stands for (repeats)."""
        return keys

    def resized(self) -> None:
        """The list has another width: in a narrow one the less telling columns go."""
        room = self.table.viewport().width()
        for at, column in enumerate(self.model.columns):
            if column.needs:
                self.table.setColumnHidden(at, room < column.needs)

    def show_row(self, row: AnyRow, n: int) -> None:
        """Show a row's details."""

    def open_detail(self) -> None:
        """Show the details where they are hidden, as wide as they were left."""
        if self._detail is not None and not self._detail.isVisibleTo(self):
            self._detail.setVisible(True)
            share, room = self.splitter.property(SHARE), self.splitter.width()
            self.splitter.setSizes([room * int(part) // max(1, sum(map(int, share))) for part in share])

    def clear_detail(self) -> None:
        """Nothing is selected: details that are there on demand go."""
        if self.detail_on_demand and self._detail is not None:
            self._detail.setVisible(False)

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
        self._warm()

    def warm(self) -> Callable[[Library], Any] | None:
        """What to read of the library in the background when a session opens, so that nobody waits for it later.

        The result goes to `warmed`. Here: the texts that the filter looks through.
        """
        opened, kind = self.opened, self.kind
        if opened is None:
            return None
        session = opened.id
        return lambda library: library.filter(session, kind, _NOTHING)

    def warmed(self, found: Any) -> None:
        """What `warm` read is there."""

    def _warm(self) -> None:
        columns = self.part()
        if self.opened is None or columns is None or self.opened.session.state == "importing":
            return
        here = (self.opened.id, len(columns))
        work = self.warm()
        if here == self._warm_for or not len(columns) or work is None:
            return
        self._warm_for = here

        def done(found: Any) -> None:
            if self._warm_for == here:
                self.warmed(found)

        # A failure is said when somebody filters: nobody asked for this one.
        self.context.tasks.read(work, done, key=f"warm-{self.kind}")

    def apply(self) -> None:
        """Work out which rows show, from filters and range."""
        columns = self.part()
        if self._detail is not None and not self.detail_on_demand:
            # Where there is nothing to select, the advice has all the room.
            self._detail.setVisible(bool(columns is not None and len(columns)))
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
        passed = len(keys)
        keys = self.fold(keys)
        by, down = self._sorted
        if by != "t" or down:
            found = self.sort_values(by, columns)
            if found is not None:
                values = np.asarray(found, np.float64)[keys]
                keys = keys[np.argsort(-values if down else values, kind="stable")]
        self.model.set_rows(keys, columns.t[keys], in_time_order=by == "t" and not down)
        total = len(columns)
        self.counter.setText(f"{total:,}" if passed == total else f"{passed:,} of {total:,}")
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
        if self.opened.session.state == "importing":
            return absent(self.kind, self.opened.session)[0], "The import goes on; what comes appears here."
        return absent(self.kind, self.opened.session)

    def focus_filter(self) -> bool:
        """Focus the text filter."""
        self.filter.setFocus()
        self.filter.selectAll()
        return True

    def reveal(self, n: int) -> bool:
        """Select row `n` and bring it into view. False when it is filtered out."""
        at = self.model.position_of(self.stand_in(n))
        self.table.select(at)
        return at >= 0

    def stand_in(self, n: int) -> int:
        """The row that stands for row `n` in the list (of repeats the first)."""
        return n

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
        session, kind, regex = self.opened.id, self.kind, self.regex.isChecked()

        def done(numbers: Ints) -> None:
            if self.filter.text().strip() == text and self.regex.isChecked() == regex:
                self._text = np.asarray(numbers, np.int64)
                self.apply()

        self.context.tasks.read(
            lambda library: library.filter(session, kind, text, regex=regex),
            done,
            lambda error: self.context.said.emit(error.message, error.advice, "warning" if regex else "failed"),
            key=f"filter-{kind}",
        )

    def _sort(self, section: int) -> None:
        by = self.model.columns[section].sort
        if not by:
            return
        first = by in ("duration", "severity", "size", "count")  # longest and worst first, earliest first
        self._sorted = (by, not self._sorted[1]) if self._sorted[0] == by else (by, first)
        header = self.table.horizontalHeader()
        header.setSortIndicatorShown(self._sorted != ("t", False))
        order = Qt.SortOrder.DescendingOrder if self._sorted[1] else Qt.SortOrder.AscendingOrder
        header.setSortIndicator(section, order)
        self.apply()

    def _picked(self, position: int) -> None:
        n = int(self.model.keys[position])
        self.show_row(self.model.row_at(position), n)
        chosen = self.context.selected
        if chosen is None or chosen[0] != self.kind or self.stand_in(chosen[1]) != n:
            self.context.select(self.kind, n)

    def _seek(self, position: int) -> None:
        self.context.seek_row(self.kind, float(self.model.times[position]))

    def _reselect(self) -> None:
        if self.context.selected and self.context.selected[0] == self.kind:
            self.reveal(self.context.selected[1])

    def _selected_elsewhere(self, kind: str, n: int) -> None:
        if kind == self.kind and self.table.currentIndex().row() != self.model.position_of(self.stand_in(n)):
            self.reveal(n)
