"""Sessions and issues as connected backends list them: choose a source, ask in its language, open by Enter."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QStackedLayout,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from replay_viewer.domain.errors import UserError
from replay_viewer.domain.time import offset
from replay_viewer.qt.copying import copyable, line_of
from replay_viewer.qt.tasks import Tasks
from replay_viewer.qt.widgets import ChipRow, EmptyState, fit, foot, label, named_button
from replay_viewer.qt.wording import plural, when
from replay_viewer.services import connections

if TYPE_CHECKING:
    from replay_viewer.sources import FoundIssue, FoundSession, Page

_KEY = "browse"
_HEADS = {
    "sessions": ("Started", "Length", "User", "Errors", "Page"),
    "issues": ("Last seen", "Events", "Users", "Issue", "Title"),
}
_WIDTHS = (170, 80, 190, 90)
_QUERIES = {
    "sentry": "Sentry's query language, such as user.email:ada@example.com count_errors:>0",
    "posthog": "A person, an id, or words of pages and errors",
    "collector": "Words of user, page, release or error",
}
_URL = int(Qt.ItemDataRole.UserRole)


class SourcesDialog(QDialog):
    """Lists what a source has. `open_asked(url)`: pull that and show it. `connections_asked`: add one first.

    `source_answered(address, UserError or None)`: a backend was asked.
    """

    open_asked = Signal(str)
    connections_asked = Signal()
    source_answered = Signal(str, object)

    def __init__(self, home: Path, network: Tasks, parent: QWidget | None = None, name: str = "") -> None:
        super().__init__(parent)
        self._home, self._network = home, network
        self._cursor = ""
        self._addresses: dict[str, str] = {}
        self._stop = threading.Event()
        self.setWindowTitle("Sessions at sources")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        fit(self, 980, 560)
        self.source = QComboBox()
        self.source.setAccessibleName("Source")
        self.source.setMinimumWidth(180)
        self.what = ChipRow((("sessions", "Sessions"), ("issues", "Issues")), on=("sessions",), exclusive=True)
        self.query = QLineEdit()
        self.query.setAccessibleName("Query")
        self.query.setClearButtonEnabled(True)
        self.rows = QTreeWidget()
        self.rows.setAccessibleName("Sessions at the source")
        copyable(self.rows, lambda index: f"{line_of(index)}\t{index.siblingAtColumn(0).data(_URL)}")
        self.rows.setRootIsDecorated(False)
        self.rows.setUniformRowHeights(True)
        self.rows.setAlternatingRowColors(False)
        self.empty = EmptyState("globe")
        self.connect_button = named_button("Connections…", "link")
        self.retry_button = named_button("Retry", "retry")
        self.empty.buttons.insertWidget(1, self.connect_button)
        self.empty.buttons.insertWidget(2, self.retry_button)
        self.count = label("", "muted")
        self.more_button = named_button("More", "chevron-down")
        self.open_button = named_button("Open", primary=True)
        self.close_button = named_button("Close")
        self._build()
        self.source.currentIndexChanged.connect(lambda _at: self.reload())
        self.what.changed.connect(lambda _on: self.reload())
        self.query.returnPressed.connect(self.reload)
        self.rows.itemActivated.connect(lambda *_: self.open_current())
        self.rows.currentItemChanged.connect(lambda now, _before: self.open_button.setEnabled(now is not None))
        self.more_button.clicked.connect(self._more)
        self.open_button.clicked.connect(self.open_current)
        self.close_button.clicked.connect(self.close)
        self.retry_button.clicked.connect(self.reload)
        self.connect_button.clicked.connect(self._connect)
        self._fill(name)

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(16, 12, 16, 8)
        head.setSpacing(8)
        head.addWidget(self.source)
        head.addWidget(self.what)
        head.addWidget(self.query, 1)
        body = QWidget()
        self._stack = QStackedLayout(body)
        self._stack.addWidget(self.rows)
        self._stack.addWidget(self.empty)
        # Enter in the query asks; it must not press a button.
        for button in (self.close_button, self.open_button, self.more_button, self.retry_button, self.connect_button):
            button.setAutoDefault(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(body, 1)
        layout.addLayout(foot(self.count, self.more_button, buttons=(self.close_button, self.open_button)))

    def _fill(self, name: str) -> None:
        try:
            known = connections.connections(self._home)
        except UserError as error:
            self._say(error.message, error.advice, "warning")
            return
        self.source.blockSignals(True)
        self._addresses = {one.name: one.url for one in known}
        for one in known:
            self.source.addItem(one.name, one.kind)
        self.source.setCurrentIndex(max(0, self.source.findText(name)) if known else -1)
        self.source.blockSignals(False)
        for widget in (self.source, self.what, self.query):
            widget.setEnabled(bool(known))
        if known:
            self.reload()
        else:
            why = "Connect Sentry, PostHog or a collector, and its sessions are listed here."
            self._say("No source is connected", why, "globe", connects=True)

    # asking

    @property
    def _kind(self) -> str:
        return "issues" if "issues" in self.what.on() else "sessions"

    def reload(self) -> None:
        """Ask again from the top."""
        self._stop.set()
        self._cursor = ""
        self.rows.clear()
        self.rows.setHeaderLabels(_HEADS[self._kind])
        header = self.rows.header()
        for at, width in enumerate(_WIDTHS):
            header.resizeSection(at, width)
        header.setSectionResizeMode(len(_WIDTHS), QHeaderView.ResizeMode.Stretch)
        self.query.setPlaceholderText(_QUERIES.get(str(self.source.currentData()), "Query"))
        self._say(f"Asking {self.source.currentText()}…", "", "globe")
        self._ask()

    def _more(self) -> None:
        self.more_button.setEnabled(False)
        self._ask()

    def _ask(self) -> None:
        home, name, query = self._home, self.source.currentText(), self.query.text().strip()
        cursor, stop = self._cursor, threading.Event()
        address = self._addresses.get(name, "")
        self._stop = stop

        def failed(error: UserError) -> None:
            self.source_answered.emit(address, error)
            if not self.rows.topLevelItemCount():
                self._say(error.message, error.advice, "warning", retries=True)
            else:
                self.count.setText(str(error))
                self.more_button.setEnabled(True)

        def issues_came(found: Sequence[FoundIssue]) -> None:
            self.source_answered.emit(address, None)
            self._show_issues(found)

        def sessions_came(page: Page) -> None:
            self.source_answered.emit(address, None)
            self._show_page(page)

        if self._kind == "issues":

            def ask_issues() -> Sequence[FoundIssue]:
                from replay_viewer.services.search_sources import issues

                return issues(home, name, query, cancelled=stop.is_set)

            self._network.run(ask_issues, issues_came, failed, key=_KEY)
        else:

            def ask_sessions() -> Page:
                from replay_viewer.services.search_sources import browse

                return browse(home, name, query, cursor, cancelled=stop.is_set)

            self._network.run(ask_sessions, sessions_came, failed, key=_KEY)

    def _show_page(self, page: Page) -> None:
        self._cursor = page.next
        for session in page.sessions:
            self._add(_cells(session), session.url)
        self._shown("session")

    def _show_issues(self, found: Sequence[FoundIssue]) -> None:
        self._cursor = ""
        for one in found:
            last = "" if one.last is None else when(one.last)
            self._add((last, f"{one.events:,}", f"{one.users:,}", one.name, one.title), one.url)
        self._shown("issue")

    def _add(self, cells: Sequence[str], url: str) -> None:
        item = QTreeWidgetItem(list(cells))
        item.setData(0, _URL, url)
        item.setToolTip(len(cells) - 1, url)
        for at in (1, 3):
            if cells[at][:1].isdigit():
                item.setTextAlignment(at, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.rows.addTopLevelItem(item)

    def _shown(self, what: str) -> None:
        total = self.rows.topLevelItemCount()
        if not total:
            why = "Try other words." if self.query.text().strip() else "Nothing was recorded in the last weeks."
            self._say(f"No {what} matches" if self.query.text().strip() else f"It has no {what}s", why, "globe")
            return
        self._stack.setCurrentWidget(self.rows)
        self.count.setText(plural(total, what) + (" and more" if self._cursor else ""))
        self.more_button.setVisible(bool(self._cursor))
        self.more_button.setEnabled(True)
        first = self.rows.topLevelItem(0)
        if self.rows.currentItem() is None and first is not None:
            self.rows.setCurrentItem(first)
        self.open_button.setEnabled(True)

    def _say(self, title: str, why: str, icon: str, *, connects: bool = False, retries: bool = False) -> None:
        self.empty.say(title, why, icon)
        self.connect_button.setVisible(connects or retries)
        self.retry_button.setVisible(retries)
        self._stack.setCurrentWidget(self.empty)
        self.count.setText("")
        self.more_button.hide()
        self.open_button.setEnabled(False)

    # leaving

    def open_current(self) -> None:
        """Pull the selected session, or the newest one of the selected issue, and show it."""
        item = self.rows.currentItem()
        if item is not None:
            url = str(item.data(0, _URL))
            self.close()
            self.open_asked.emit(url)

    def _connect(self) -> None:
        self.close()
        self.connections_asked.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Nothing that still runs is heard any more."""
        self._stop.set()
        self._network.drop(_KEY)
        super().closeEvent(event)


def _cells(session: FoundSession) -> tuple[str, ...]:
    return (
        "" if session.started is None else when(session.started),
        "" if session.duration is None else offset(session.duration, tenths=False),
        session.user or "anonymous",
        "" if session.errors < 0 else f"{session.errors:,}",
        session.page,
    )
