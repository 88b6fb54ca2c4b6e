"""Health: what is missing or doubtful in this recording, in plain words, with the place in time where it has one."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from replay_viewer.domain.errors import UserError
from replay_viewer.domain.session import Finding
from replay_viewer.qt.attached import AttachedRow
from replay_viewer.qt.context import Context
from replay_viewer.qt.elsewhere import Elsewhere, ElsewhereRow, pages
from replay_viewer.qt.panels.base import Panel
from replay_viewer.qt.theme import pixmap, theme
from replay_viewer.qt.widgets import label, named_button
from replay_viewer.qt.wording import size, span

_LOOK = {"error": ("errors", "failed"), "warning": ("warning", "warning"), "info": ("info", "muted")}
_ORDER = {"error": 0, "warning": 1, "info": 2}


class HealthPanel(Panel):
    """The health report."""

    id = "health"
    title = "Health"
    clock_asked = Signal(object, float)
    detach_asked = Signal(object)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        area = QScrollArea()
        area.setAccessibleName("Findings")
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        self._page = QWidget()
        self._page.setObjectName("page")
        self._lines = QVBoxLayout(self._page)
        self._lines.setContentsMargins(12, 10, 12, 10)
        self._lines.setSpacing(6)
        area.setWidget(self._page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(area)
        theme().changed.connect(self.session_changed)
        self.session_changed()

    def session_changed(self) -> None:
        """List the findings of the session."""
        while (item := self._lines.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        if self.opened is None:
            self._lines.addWidget(label("No session is open.", "muted"))
        else:
            session = self.opened.session
            facts = [
                f"{session.events:,} recording events",
                size(session.bytes) if session.bytes else "",
                f"{len(session.tabs)} tab" + ("s" if len(session.tabs) != 1 else ""),
                session.facts.sdk,
            ]
            self._lines.addWidget(label(" · ".join(part for part in facts if part), "muted", selectable=True))
            findings = sorted(session.health, key=lambda one: (_ORDER[one.severity], one.t))
            if not findings:
                self._lines.addWidget(
                    self._row(
                        "check", "good", "Nothing is missing: the recording is complete as far as it can be told."
                    )
                )
            for finding in findings:
                self._lines.addWidget(self._finding(finding))
            for one in self.opened.attached:
                self._lines.addWidget(AttachedRow(one, self.clock_asked.emit, self.detach_asked.emit, self._refused))
            self._ask_elsewhere(session.id)
        self._lines.addStretch(1)
        self.badge_changed.emit()

    def _ask_elsewhere(self, session: str) -> None:
        """Pages of this session at other vendors, under the findings."""

        def done(found: list[Elsewhere]) -> None:
            if self.opened is not None and self.opened.id == session:
                for old in self._page.findChildren(ElsewhereRow):
                    old.hide()
                    old.deleteLater()
                for one in found:
                    self._lines.insertWidget(self._lines.count() - 1, ElsewhereRow(one))

        self.context.tasks.read(lambda library: pages(library, session), done, self._refused, key="elsewhere")

    def _refused(self, error: UserError) -> None:
        self.context.said.emit(error.message, error.advice, "warning")

    def badge(self) -> tuple[int, str]:
        """Number of findings that are more than information."""
        if self.opened is None:
            return 0, "muted"
        bad = [finding for finding in self.opened.session.health if finding.severity != "info"]
        red = any(finding.severity == "error" for finding in bad)
        return len(bad), "failed" if red else "warning"

    def _finding(self, finding: Finding) -> QWidget:
        icon_name, role = _LOOK[finding.severity]
        count = f"  ({finding.count:,} times)" if finding.count > 1 else ""
        row = self._row(icon_name, role, finding.message + count)
        if finding.t > 0:
            text = self.context.playhead.text(finding.t)
            if finding.end > finding.t:
                text += f", for {span(finding.end - finding.t)}"
            go = named_button(text, "clock", flat=True)
            go.setToolTip("Go there")
            go.clicked.connect(lambda _checked=False, t=finding.t: self.context.playhead.seek(t))
            box = row.layout()
            assert box is not None
            box.addWidget(go)
        return row

    @staticmethod
    def _row(icon_name: str, role: str, text: str) -> QWidget:
        row = QWidget()
        box = QHBoxLayout(row)
        box.setContentsMargins(0, 2, 0, 2)
        box.setSpacing(10)
        picture = QLabel()
        picture.setPixmap(pixmap(icon_name, role, 16, 2.0))
        box.addWidget(picture, 0, Qt.AlignmentFlag.AlignVCenter)
        box.addWidget(label(text, selectable=True, wrap=True), 1)
        return row
