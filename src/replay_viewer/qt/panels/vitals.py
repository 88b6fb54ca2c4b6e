"""Vitals: Web Vitals per page view in a table, and on the session's axis as charts with their threshold bands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QScrollArea,
    QStackedLayout,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from replay_viewer.analysis.absent import absent
from replay_viewer.analysis.vitals import THRESHOLDS, PageView, page_views, rate
from replay_viewer.domain.rows import Navigation, Vital
from replay_viewer.library import Library
from replay_viewer.qt.context import Context
from replay_viewer.qt.panels.base import Panel
from replay_viewer.qt.rowtext import vital_value
from replay_viewer.qt.theme import ROW_HEIGHT, data_font, theme
from replay_viewer.qt.widgets import EmptyState
from replay_viewer.qt.wording import path

if TYPE_CHECKING:
    from replay_viewer.qt.panels.charts import Chart

NAMES = ("LCP", "INP", "CLS", "FCP", "TTFB", "FID")
_ROLE = {"good": "good", "needs-improvement": "warning", "poor": "failed", "": "muted"}
_WORDS = {"good": "good", "needs-improvement": "needs improvement", "poor": "poor", "": ""}
#: More rows of one measure than this are not read at once (memory every second of a day is 86,400).
_MOST = 100_000


def read(library: Library, session: str, end: float) -> tuple[list[PageView], list[Vital]]:
    """Page views with their measures, and all measures. Runs on a worker."""
    navigations = [row for _, row in library.rows(session, "navigation", limit=_MOST) if isinstance(row, Navigation)]
    vitals = [row for _, row in library.rows(session, "vitals", limit=_MOST) if isinstance(row, Vital)]
    return page_views(navigations, [row for row in vitals if row.name in THRESHOLDS], end), vitals


class VitalsPanel(Panel):
    """Web Vitals, memory and long tasks of the session."""

    id = "vitals"
    title = "Vitals"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._views: list[PageView] = []
        self._vitals: list[Vital] = []
        self._charts: list[Chart] = []
        self._stale = True
        self.empty = EmptyState("vitals")
        self.table = QTableWidget()
        self._dress_table()
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._page = QWidget()
        self._page.setObjectName("page")
        self._column = QVBoxLayout(self._page)
        self._column.setContentsMargins(0, 4, 0, 4)
        self._column.setSpacing(2)
        self._area.setWidget(self._page)
        full = QWidget()
        row = QHBoxLayout(full)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.table, 11)
        row.addWidget(self._area, 9)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(full)
        context.playhead.moved.connect(self._moved)
        context.playhead.range_changed.connect(self._aim)
        context.playhead.style_changed.connect(self._fill)
        theme().changed.connect(self._fill)
        self.session_changed()

    def session_changed(self) -> None:
        """Read the measures of the session when somebody looks."""
        self._stale = True
        self.badge_changed.emit()
        if self.isVisible() or self.opened is None:
            self._load()

    def showEvent(self, event: Any) -> None:
        """Catch up."""
        super().showEvent(event)
        if self._stale:
            self._load()
        self._moved(self.context.playhead.t)

    def badge(self) -> tuple[int, str]:
        """Number of poor measures, else of all."""
        part = self.opened.columns.get("vitals") if self.opened else None
        if part is None:
            return 0, "muted"
        return (part.failed, "failed") if part.failed else (len(part), "muted")

    def _load(self) -> None:
        self._stale = False
        if self.opened is None:
            self.empty.say("No session is open", "Pick one in the queue, or open a file.")
            self._stack.setCurrentIndex(0)
            return
        session, end = self.opened.id, self.opened.session.end

        def done(found: tuple[list[PageView], list[Vital]]) -> None:
            if self.opened is not None and self.opened.id == session:
                self._views, self._vitals = found
                self._fill()

        self.context.tasks.read(
            lambda library: read(library, session, end),
            done,
            lambda error: self.context.said.emit(error.message, error.advice, "failed"),
            key="vitals",
        )

    def _dress_table(self) -> None:
        self.table.setAccessibleName("Web Vitals per page view")
        self.table.setColumnCount(len(NAMES) + 2)
        self.table.setHorizontalHeaderLabels(["Time", "Page view", *NAMES])
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setShowGrid(False)
        self.table.setFont(data_font())
        self.table.verticalHeader().setVisible(False)
        self.table.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        header = self.table.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(40)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for at in range(2, len(NAMES) + 2):
            if (item := self.table.horizontalHeaderItem(at)) is not None:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        for at in range(2, len(NAMES) + 2):
            header.resizeSection(at, 60)
        header.resizeSection(0, 76)
        self.table.cellClicked.connect(self._clicked)

    def _fill(self) -> None:
        if self.opened is None:
            return
        if not self._vitals:
            self.empty.say(*absent("vitals", self.opened.session))
            self._stack.setCurrentIndex(0)
            self._draw([])
            return
        self.table.setRowCount(len(self._views))
        for row, view in enumerate(self._views):
            self._put(row, 0, self.context.playhead.text(view.t), "muted")
            self._put(row, 1, path(view.url), "text")
            for at, name in enumerate(NAMES, 2):
                vital = view.vitals.get(name)
                rating = (vital.rating or rate(name, vital.value)) if vital else ""
                item = self._put(row, at, vital_value(vital) if vital else "–", _ROLE[rating], right=True)
                if vital is not None:
                    item.setToolTip(f"{name} {vital_value(vital)}: {_WORDS[rating] or 'no rating'}")
        self._draw([*NAMES, "memory", "longtask", "fps"])
        self._stack.setCurrentIndex(1)

    def _put(self, row: int, column: int, text: str, role: str, *, right: bool = False) -> QTableWidgetItem:
        item = QTableWidgetItem(text)
        item.setForeground(theme().colour(role))
        side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
        self.table.setItem(row, column, item)
        return item

    def _draw(self, names: Sequence[str]) -> None:
        from replay_viewer.qt.panels.charts import (
            Chart,
        )  # pyqtgraph takes a third of a second, only this panel needs it

        for chart in self._charts:
            chart.drop()
        self._charts.clear()
        while self._column.count():
            self._column.takeAt(0)
        for name in names:
            rows = [row for row in self._vitals if row.name == name]
            if rows:
                chart = Chart(name, rows, THRESHOLDS.get(name), self.context.playhead)
                self._charts.append(chart)
                self._column.addWidget(chart)
        self._column.addStretch(1)
        self._aim()

    def _aim(self) -> None:
        for chart in self._charts:
            chart.aim()

    def _moved(self, t: float) -> None:
        if self.isVisible():
            for chart in self._charts:
                chart.set_now(t)

    def _clicked(self, row: int, _column: int) -> None:
        self.context.playhead.seek(self._views[row].t)
