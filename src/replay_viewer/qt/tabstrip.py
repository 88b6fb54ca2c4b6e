"""The strip of a session's tabs: which one is shown, which one the person was in, where each was hidden."""

from __future__ import annotations

import html

from PySide6.QtCore import QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QBrush, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QTabBar, QToolButton, QWidget

from replay_viewer.analysis.tabs import stretches
from replay_viewer.domain.rows import Navigation
from replay_viewer.domain.session import Tab
from replay_viewer.qt.actions import tip
from replay_viewer.qt.clock import Playhead
from replay_viewer.qt.opened import Opened
from replay_viewer.qt.theme import icon, theme
from replay_viewer.qt.wording import one_line, path, span

_BAR = 4


def tab_title(tab: Tab, url: str = "") -> str:
    """What the strip calls a tab that shows `url`."""
    url = url or tab.url
    if tab.title and url == tab.url:
        return one_line(tab.title, 40)
    return one_line(path(url).partition("?")[0], 40) if url else f"Tab {tab.index + 1}"


class _Bar(QTabBar):
    """Tabs, each with a small line of its own: where it was open, in use, and hidden."""

    def __init__(self, playhead: Playhead) -> None:
        super().__init__()
        self.playhead = playhead
        self.opened: Opened | None = None
        self.setObjectName("sessionTabs")
        self.setAccessibleName("Tabs of the session")
        self.setDrawBase(False)
        self.setExpanding(False)
        self.setElideMode(Qt.TextElideMode.ElideRight)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The tabs, then their lines."""
        super().paintEvent(event)
        opened = self.opened
        if opened is None or self.count() < 2:
            return
        painter = QPainter(self)
        for at, tab in enumerate(opened.session.tabs[: self.count()]):
            box = self.tabRect(at).adjusted(8, 0, -8, 0)
            self._line(painter, QRectF(box.left(), box.bottom() - _BAR - 1, box.width(), _BAR), opened, tab)
        painter.end()

    def _line(self, painter: QPainter, box: QRectF, opened: Opened, tab: Tab) -> None:
        start, end = self.playhead.start, self.playhead.end
        if end <= start:
            return

        def part(low: float, high: float) -> QRectF:
            left = box.left() + (max(low, start) - start) / (end - start) * box.width()
            right = box.left() + (min(high, end) - start) / (end - start) * box.width()
            return QRectF(left, box.top(), max(right - left, 1.0), box.height())

        painter.fillRect(box, theme().colour("background"))
        painter.fillRect(part(tab.start, tab.end), theme().colour("idle", 0.45))
        for low, high in stretches(opened.trails.turns, tab.index, opened.session.end):
            painter.fillRect(part(low, high), theme().colour("accent"))
        for low, high in opened.trails.hidden.get(tab.index, ()):
            painter.fillRect(part(low, high), theme().colour("surface"))
            painter.fillRect(part(low, high), QBrush(theme().colour("text"), Qt.BrushStyle.Dense6Pattern))
        x = part(self.playhead.t, self.playhead.t).left()
        painter.fillRect(QRectF(x - 0.5, box.top() - 1, 1.5, box.height() + 2), theme().colour("text"))


class TabStrip(QWidget):
    """The strip. `picked(tab)`: somebody wants to see that tab; `follow_asked`: the one in use, from now on."""

    picked = Signal(int)
    follow_asked = Signal()

    def __init__(self, playhead: Playhead) -> None:
        super().__init__()
        self.playhead = playhead
        self.bar = _Bar(playhead)
        self.follow = QToolButton()
        self.follow.setObjectName("followTab")
        self.follow.setText("Follow")
        self.follow.setAccessibleName("Follow the tab in use")
        self.follow.setToolTip(tip("follow-tab"))
        self.follow.setCheckable(True)
        self.follow.setChecked(True)
        self.follow.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.follow.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.bar, 1)
        row.addWidget(self.follow)
        self._navigation: dict[int, list[Navigation]] = {}
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(120)
        self._wait.timeout.connect(self._tell)
        self.bar.currentChanged.connect(self._changed)
        self.bar.tabBarClicked.connect(self._changed)
        self.follow.clicked.connect(self.follow_asked)
        playhead.moved.connect(self._moved)
        theme().changed.connect(self._tint)
        self._tint()

    def fill(self, opened: Opened, navigation: list[Navigation]) -> None:
        """The tabs of a session."""
        self._navigation = {}
        only = opened.session.tabs[0].index if len(opened.session.tabs) == 1 else None
        for row in navigation:
            self._navigation.setdefault(row.tab if only is None or row.tab >= 0 else only, []).append(row)
        self.bar.opened = opened
        self.bar.blockSignals(True)
        while self.bar.count() > len(opened.session.tabs):
            self.bar.removeTab(0)
        while self.bar.count() < len(opened.session.tabs):
            self.bar.addTab("")
        for at, tab in enumerate(opened.session.tabs):
            self.bar.setTabData(at, tab.index)
        self.bar.blockSignals(False)
        self.follow.setVisible(len(opened.session.tabs) > 1)
        self._tell()

    def url(self, tab: int, t: float) -> str:
        """The address a tab was at."""
        found = next((row.url for row in reversed(self._navigation.get(tab, ())) if row.t <= t + 1), "")
        opened = self.bar.opened
        if not found and opened is not None:
            found = next((one.url for one in opened.session.tabs if one.index == tab), "")
        return found

    def show_tab(self, tab: int, *, pinned: bool) -> None:
        """Mark the tab that is shown, and whether it stays."""
        self.bar.blockSignals(True)
        for at in range(self.bar.count()):
            if self.bar.tabData(at) == tab and self.bar.currentIndex() != at:
                self.bar.setCurrentIndex(at)
        self.bar.blockSignals(False)
        if self.follow.isChecked() == pinned:
            self.follow.setChecked(not pinned)
            self._tint()

    def next_tab(self, direction: int) -> int | None:
        """The tab beside the one that is shown, around the corner; None with one tab only."""
        count = self.bar.count()
        if count < 2:
            return None
        return int(self.bar.tabData((self.bar.currentIndex() + direction) % count))

    def state(self, tab: Tab, t: float) -> str:
        """What a tab is at `t`: in use, in the background, hidden, not open yet, closed."""
        opened = self.bar.opened
        assert opened is not None
        if t < tab.start - 1:
            return "not open yet"
        if any(low <= t < high for low, high in opened.trails.hidden.get(tab.index, ())):
            return "hidden"
        if opened.trails.tab_at(t) == tab.index:
            return "in use"
        return "no more events" if t > tab.end + 1 else "in the background"

    def _changed(self, at: int) -> None:
        if at >= 0:
            self.picked.emit(int(self.bar.tabData(at)))

    def _moved(self, _t: float) -> None:
        if self.bar.opened is not None and self.bar.count() > 1:
            self.bar.update()
            if not self._wait.isActive():
                self._wait.start()

    def _tell(self) -> None:
        opened = self.bar.opened
        if opened is None:
            return
        t = self.playhead.t
        for at, tab in enumerate(opened.session.tabs[: self.bar.count()]):
            url = self.url(tab.index, t)
            title, state = tab_title(tab, url), self.state(tab, t)
            text = title if state == "in use" or self.bar.count() == 1 else f"{title} · {state}"
            if self.bar.tabText(at) != text.replace("&", "&&"):
                self.bar.setTabText(at, text.replace("&", "&&"))
            away = sum(high - low for low, high in opened.trails.hidden.get(tab.index, ()))
            lines = [url or title, f"{state}; {tab.events:,} events, {self.playhead.text(tab.start)} to "
                     f"{self.playhead.text(tab.end)}"]  # fmt: skip
            if away:
                lines.append(f"hidden for {span(away)} in all")
            self.bar.setTabToolTip(at, f"<p style='white-space:pre'>{html.escape(chr(10).join(lines))}</p>")

    def _tint(self) -> None:
        self.follow.setIcon(icon("follow", "accent" if self.follow.isChecked() else "muted"))
        self.bar.update()
