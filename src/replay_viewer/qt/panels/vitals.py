"""Vitals: Web Vitals per page view in a table, and on the session's axis as charts with their threshold bands."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
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
from replay_viewer.analysis.extract.selector import short
from replay_viewer.analysis.selectors import Selector
from replay_viewer.analysis.vitals import BUDGETS, THRESHOLDS, PageView, rate
from replay_viewer.domain.errors import BadInput, UserError
from replay_viewer.domain.rows import Vital
from replay_viewer.library import Library
from replay_viewer.qt.context import Context
from replay_viewer.qt.copying import copyable
from replay_viewer.qt.panels.base import Panel
from replay_viewer.qt.panels.budgets import BudgetDialog
from replay_viewer.qt.rowtext import vital_value
from replay_viewer.qt.theme import ROW_HEIGHT, data_font, theme
from replay_viewer.qt.widgets import Elided, EmptyState, named_button
from replay_viewer.qt.wording import one_line, path, plural
from replay_viewer.services.states import TabStates
from replay_viewer.services.vitals import SETTING, read

if TYPE_CHECKING:
    from replay_viewer.qt.panels.charts import Chart

NAMES = ("LCP", "INP", "CLS", "FCP", "TTFB", "FID")
_ROLE = {"good": "good", "needs-improvement": "warning", "poor": "failed", "": "muted"}
_WORDS = {"good": "good", "needs-improvement": "needs improvement", "poor": "poor", "": ""}


def guilty(library: Library, session: str, vital: Vital) -> list[int]:
    """Mirror ids of the elements a measure blames: as recorded, else what its selector finds at that instant.

    Raises NotFound, StorageProblem.
    """
    if vital.nodes:
        return vital.nodes
    if not vital.target:
        return []
    try:
        wanted = Selector(vital.target)
    except BadInput:
        return []
    states = TabStates(library, session, max(vital.tab, 0))
    found = list(wanted.find(states.seek(vital.t).nodes))
    # Such a selector fits all cards of a list; of pictures the address tells which one it was.
    address = vital.detail.get("url")
    named = [
        node for node in found if isinstance(address, str) and address.endswith(str(node.attrs.get("src") or " "))
    ]
    return [node.id for node in named or found][:3]


class VitalsPanel(Panel):
    """Web Vitals, memory and long tasks of the session."""

    id = "vitals"
    title = "Vitals"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._views: list[PageView] = []
        self._vitals: list[Vital] = []
        self._budgets = dict(BUDGETS)
        self._charts: list[Chart] = []
        self._stale = True
        self.empty = EmptyState("vitals")
        self.table = QTableWidget()
        self._dress_table()
        self._area = QScrollArea()
        self._area.setAccessibleName("Charts over the session")
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
        left = QVBoxLayout()
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(0)
        left.addWidget(self.table, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(10, 1, 6, 3)
        self.hint = Elided("muted")
        self.change = named_button("Budgets…", flat=True)
        self.change.clicked.connect(self._change_budgets)
        foot.addWidget(self.hint, 1)
        foot.addWidget(self.change)
        left.addLayout(foot)
        row.addLayout(left, 13)
        row.addWidget(self._area, 7)
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

        def done(found: tuple[list[PageView], list[Vital], dict[str, float]]) -> None:
            if self.opened is not None and self.opened.id == session:
                self._views, self._vitals, self._budgets = found
                self._fill()

        self.context.tasks.read(
            lambda library: read(library, session, end),
            done,
            lambda error: self.context.said.emit(error.message, error.advice, "failed"),
            key="vitals",
        )

    def _dress_table(self) -> None:
        self.table.setAccessibleName("Web Vitals per page view")
        copyable(self.table)
        self.table.setColumnCount(len(NAMES) + 2)
        self.table.setHorizontalHeaderLabels(["Time", "Page view", *NAMES])
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)  # a path would be cut at its first slash
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
            header.resizeSection(at, 72)
        header.resizeSection(0, 66)
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
        self.table.setColumnHidden(NAMES.index("FID") + 2, not any("FID" in view.vitals for view in self._views))
        for row, view in enumerate(self._views):
            self._put(row, 0, self.context.playhead.text(view.t), "muted")
            self._put(row, 1, path(view.url), "text")
            for at, name in enumerate(NAMES, 2):
                vital = view.vitals.get(name)
                rating = (vital.rating or rate(name, vital.value)) if vital else ""
                over = name in view.over_budget
                text = f"{'▲ ' if over else ''}{vital_value(vital)}" if vital else "–"
                item = self._put(row, at, text, _ROLE[rating], right=True)
                if vital is not None:
                    item.setToolTip(f"<p>{html.escape(self._told(name, vital, rating, over))}</p>")
        broken = sum(len(view.over_budget) for view in self._views)
        self.hint.setText(
            f"▲ {plural(broken, 'value')} over budget. A click outlines the element that is to blame."
            if broken
            else "All within budget. A click outlines the element that is to blame."
            if any(view.vitals for view in self._views)
            else "No Web Vitals of these page views were recorded."
        )
        self._draw([*NAMES, "memory", "longtask", "fps", "bundle", "resource"])
        self._stack.setCurrentIndex(1)

    def _told(self, name: str, vital: Vital, rating: str, over: bool) -> str:
        """A value in words: rating, budget, who is to blame."""
        budget = vital_value(msgspec.structs.replace(vital, value=self._budgets[name]))
        parts = [f"{name} {vital_value(vital)}: {_WORDS[rating] or 'no rating'}"]
        parts.append(f"{'over' if over else 'within'} the budget of {budget}")
        parts += [f"element {vital.target}"] if vital.target else []
        return ", ".join(parts)

    def _change_budgets(self) -> None:
        dialog = BudgetDialog(self._budgets, self)
        dialog.accepted.connect(lambda: self.set_budgets(dialog.budgets()))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def set_budgets(self, budgets: dict[str, float]) -> None:
        """Other budgets, kept in the library for all sessions."""
        try:
            self.context.library.put_setting(SETTING, budgets)
        except UserError as error:
            self.context.said.emit(error.message, error.advice, "failed")
            return
        self._load()

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
                chart = Chart(name, rows, THRESHOLDS.get(name), self.context.playhead, self._budgets.get(name))
                chart.picked.connect(self._blame)
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

    def _clicked(self, row: int, column: int) -> None:
        view = self._views[row]
        vital = view.vitals.get(NAMES[column - 2]) if column >= 2 else None
        if vital is None:
            self.context.outline_asked.emit([])
            self.context.playhead.seek(view.t)
            return
        # Stamped at the page's start, a measure may lie before anything was painted.
        self.context.playhead.seek(max(vital.t, view.t))
        self._blame(vital)

    def _blame(self, vital: Vital) -> None:
        """Outline the elements a measure blames on the page."""
        if self.opened is None:
            return
        session = self.opened.id

        def done(nodes: list[int]) -> None:
            self.context.outline_asked.emit(nodes)
            if not nodes and vital.name in THRESHOLDS:
                self.hint.setText(f"The SDK names no element for this {vital.name}, or it is not on the page now.")
            elif nodes:
                who = short(vital.target.replace(">", " > ")) if vital.target else "the element"
                one = "is" if len(nodes) == 1 else "and others like it may be"
                self.hint.setText(one_line(f"Outlined: {who} {one} to blame for {vital.name}.", 120))

        self.context.tasks.read(
            lambda library: guilty(library, session, vital),
            done,
            lambda error: self.context.said.emit(error.message, error.advice, "failed"),
            key="guilty",
        )

    def hideEvent(self, event: Any) -> None:
        """Nothing of this panel stays on the page."""
        super().hideEvent(event)
        self.context.outline_asked.emit([])
