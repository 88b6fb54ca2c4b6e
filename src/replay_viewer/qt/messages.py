"""The message bar: one sentence, what to do about it, Retry; and the bar of what runs, with Cancel."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QSizePolicy, QWidget

from replay_viewer.qt.theme import pixmap, theme
from replay_viewer.qt.widgets import Elided, IconButton, label, named_button

_LOOK = {"failed": ("errors", "failed"), "warning": ("warning", "warning"), "info": ("info", "accent")}
_INFO_MS = 6_000


class MessageBar(QWidget):
    """Says one thing at a time. `info` goes by itself, the others stay until closed or retried."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("messageBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._kind = "failed"
        self._again: Callable[[], None] | None = None
        self._picture = QLabel()
        self.text = Elided("title")
        self.text.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.advice = Elided()
        self.text.setAccessibleName("Message")
        self.advice.setAccessibleName("What to do about it")
        self.retry_button = named_button("Retry", "retry")
        self.close_button = IconButton("close", "Close this message")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 5, 8, 5)
        layout.setSpacing(8)
        layout.addWidget(self._picture)
        layout.addWidget(self.text)
        layout.addWidget(self.advice, 1)
        layout.addWidget(self.retry_button)
        layout.addWidget(self.close_button)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        self.retry_button.clicked.connect(self._retry)
        self.close_button.clicked.connect(self.hide)
        theme().changed.connect(self._tint)
        self.hide()

    def say(
        self,
        message: str,
        advice: str = "",
        kind: str = "failed",
        again: Callable[[], None] | None = None,
        again_text: str = "Retry",
    ) -> None:
        """Show a message; `again` is what the button does, `again_text` what it says."""
        self._kind = kind if kind in _LOOK else "failed"
        self._again = again
        self.text.setText(message)
        self.advice.setText(advice)
        self.retry_button.setVisible(again is not None)
        self.retry_button.setText(f" {again_text}")
        self.retry_button.setAccessibleName(again_text)
        self.setProperty("kind", self._kind)
        self.style().unpolish(self)
        self.style().polish(self)
        self.setAccessibleName(f"Message: {message}")
        self._tint()
        self.show()
        if self._kind == "info":
            self._timer.start(_INFO_MS)
        else:
            self._timer.stop()

    def _retry(self) -> None:
        again, self._again = self._again, None
        self.hide()
        if again is not None:
            again()

    def _tint(self) -> None:
        name, role = _LOOK[self._kind]
        self._picture.setPixmap(pixmap(name, role, 16, 2.0))


class ProgressRow(QWidget):
    """What runs, how far it is, and Cancel."""

    cancelled = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("messageBar")
        self.setProperty("kind", "info")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.text = label("")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(220)
        self.bar.setAccessibleName("Progress")
        self.cancel_button = named_button("Cancel", "close")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 5, 8, 5)
        layout.setSpacing(10)
        layout.addWidget(self.text)
        layout.addWidget(self.bar)
        layout.addStretch(1)
        layout.addWidget(self.cancel_button)
        self.cancel_button.clicked.connect(self.cancelled)
        self.hide()

    def begin(self, text: str, *, cancel: bool = True) -> None:
        """Something runs; how far is not known yet. `cancel`: whether it can be stopped."""
        self.text.setText(text)
        self.cancel_button.setVisible(cancel)
        self.bar.setRange(0, 0)
        self.show()

    def set_progress(self, done: int, total: int, text: str = "") -> None:
        """It is this far (any unit)."""
        if total > 0:
            self.bar.setRange(0, 1000)
            self.bar.setValue(min(1000, int(done / total * 1000)))
        if text:
            self.text.setText(text)

    def end(self) -> None:
        """It is over."""
        self.hide()
