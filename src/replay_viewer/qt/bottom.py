"""The panels under the lanes: a strip of tabs with counts, red when something failed, and the panel in front."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from replay_viewer.qt.actions import tip
from replay_viewer.qt.context import Context
from replay_viewer.qt.panels.base import Panel
from replay_viewer.qt.panels.console import ConsolePanel
from replay_viewer.qt.panels.dom import DomPanel
from replay_viewer.qt.panels.errors import ErrorsPanel
from replay_viewer.qt.panels.health import HealthPanel
from replay_viewer.qt.panels.network import NetworkPanel
from replay_viewer.qt.panels.notes import NotesPanel
from replay_viewer.qt.panels.state import StatePanel
from replay_viewer.qt.panels.vitals import VitalsPanel
from replay_viewer.qt.theme import theme, ui_font

_PANELS: tuple[type[Panel], ...] = (
    ConsolePanel,
    NetworkPanel,
    ErrorsPanel,
    VitalsPanel,
    StatePanel,
    DomPanel,
    NotesPanel,
    HealthPanel,
)


class PanelTab(QToolButton):
    """A tab with a count."""

    def __init__(self, panel: Panel) -> None:
        super().__init__()
        self.title = panel.title
        self.count, self.role = 0, "muted"
        self.setCheckable(True)
        self.setToolTip(tip(f"panel-{panel.id}"))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set_badge(0, "muted")

    def set_badge(self, count: int, role: str) -> None:
        """The number beside the title."""
        self.count, self.role = count, role
        what = {"failed": "failed", "warning": "warnings"}.get(role, "rows")
        self.setAccessibleName(f"{self.title} panel, {count:,} {what}" if count else f"{self.title} panel")
        self.updateGeometry()
        self.update()

    @property
    def badge(self) -> str:
        """The number as printed."""
        return "" if not self.count else f"{self.count:,}" if self.count < 10_000 else f"{self.count // 1000:,}k"

    def sizeHint(self) -> QSize:
        """Title and number."""
        metrics = self.fontMetrics()
        badge = metrics.horizontalAdvance(self.badge) + 8 if self.count else 0
        return QSize(metrics.horizontalAdvance(self.title) + badge + 24, 30)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Title, number, and the accent under the tab in front."""
        painter = QPainter(self)
        colours = theme()
        metrics = self.fontMetrics()
        painter.setFont(ui_font())
        painter.setPen(colours.colour("text" if self.isChecked() or self.underMouse() else "muted"))
        box = self.rect().adjusted(12, 0, -8, 0)
        painter.drawText(box, int(Qt.AlignmentFlag.AlignVCenter), self.title)
        if self.count:
            painter.setFont(ui_font(bold=self.role != "muted", pixels=11))
            painter.setPen(colours.colour(self.role))
            rest = box.adjusted(metrics.horizontalAdvance(self.title) + 7, 0, 0, 0)
            painter.drawText(rest, int(Qt.AlignmentFlag.AlignVCenter), self.badge)
        if self.isChecked():
            painter.fillRect(self.rect().adjusted(6, self.height() - 2, -6, 0), colours.colour("accent"))
        if self.hasFocus():
            painter.setPen(QPen(colours.colour("accent"), 1))
            painter.drawRoundedRect(self.rect().adjusted(2, 3, -3, -4), 4, 4)
        painter.end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down are the list's, not the tab's."""
        event.ignore() if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down) else super().keyPressEvent(event)


class Panels(QWidget):
    """All panels of a window. `changed(panel id)`: another one came to the front."""

    changed = Signal(str)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.panels: dict[str, Panel] = {}
        self.tabs: dict[str, PanelTab] = {}
        self.stack = QStackedWidget()
        self.header = QWidget()
        self.header.setObjectName("panelHeader")
        self.header.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(self.header)
        row.setContentsMargins(6, 0, 6, 0)
        row.setSpacing(0)
        for make in _PANELS:
            panel = make(context)
            tab = PanelTab(panel)
            tab.clicked.connect(partial(self.show_panel, panel.id))
            panel.badge_changed.connect(partial(self._badge, panel.id))
            self.panels[panel.id], self.tabs[panel.id] = panel, tab
            self.stack.addWidget(panel)
            row.addWidget(tab)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(self.stack, 1)
        theme().changed.connect(self.update)
        self.show_panel("console")

    @property
    def current(self) -> Panel:
        """The panel in front."""
        return self.panels[self.current_id]

    @property
    def current_id(self) -> str:
        """Its id."""
        return next(name for name, tab in self.tabs.items() if tab.isChecked())

    def show_panel(self, name: str, _checked: bool = False) -> None:
        """Bring a panel to the front."""
        for other, tab in self.tabs.items():
            tab.setChecked(other == name)
        self.stack.setCurrentWidget(self.panels[name])
        self.changed.emit(name)

    def shutdown(self) -> None:
        """Take down what panels run beside the window."""
        for panel in self.panels.values():
            panel.close_down()

    def minimumSizeHint(self) -> QSize:
        """The strip and a few rows."""
        return QSize(360, 120)

    def _badge(self, name: str) -> None:
        self.tabs[name].set_badge(*self.panels[name].badge())
