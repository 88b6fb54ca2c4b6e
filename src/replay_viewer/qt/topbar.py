"""The bar at the top: what this is, Open, the one box, the incident note, the menu."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QFocusEvent, QIcon, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QMenu, QPushButton, QSizePolicy, QToolButton, QWidget

from replay_viewer.domain.resources import resource
from replay_viewer.qt.actions import tip
from replay_viewer.qt.theme import icon, theme
from replay_viewer.qt.widgets import IconButton, label, name_buttons, named_button


class Box(QLineEdit):
    """The one box: a URL, a path, an id, or any text.

    `entered(text)` on Enter, `stepped(±1)` on Down and Up, `left` when the keyboard went elsewhere.
    """

    entered = Signal(str)
    stepped = Signal(int)
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("box")
        self.setPlaceholderText("Paste a session URL or a path, or search sessions")
        self.setAccessibleName("Session URL, path or search")
        self.setToolTip(tip("search"))
        self.setClearButtonEnabled(True)
        self.setMinimumWidth(220)
        self.setMaximumWidth(560)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._lead = QAction("Search", self)
        self.addAction(self._lead, QLineEdit.ActionPosition.LeadingPosition)
        self._tint()
        name_buttons(self)
        theme().changed.connect(self._tint)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens or searches, Up and Down choose what was found, Esc leaves."""
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()), 0)
        if step:
            self.stepped.emit(step)
            return
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit(self.text().strip())
            return
        if event.key() == Qt.Key.Key_Escape:
            if self.text():
                self.clear()
                self.entered.emit("")
            self.clearFocus()
            return
        super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """What was found goes with the keyboard."""
        super().focusOutEvent(event)
        self.left.emit()

    def _tint(self) -> None:
        self._lead.setIcon(icon("search", "muted"))


class TopBar(QWidget):
    """The top bar. `open_asked`, `note_asked`; `box` is the one box."""

    open_asked = Signal()
    note_asked = Signal()

    def __init__(self, menu: QMenu) -> None:
        super().__init__()
        self.setObjectName("topBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        mark = QLabel()
        mark.setPixmap(QIcon(str(resource("icons", "replay-viewer.svg"))).pixmap(QSize(20, 20), 2.0))
        self.box = Box()
        self.open_button = named_button("Open", "open")
        self.open_button.setToolTip(tip("open"))
        self.open_button.clicked.connect(self.open_asked)
        self.note_button: QPushButton = named_button("Incident note", "incident", primary=True)
        self.note_button.setToolTip(tip("incident"))
        self.note_button.clicked.connect(self.note_asked)
        self.note_button.setEnabled(False)
        self.menu_button = IconButton("menu", "Menu", role="text")
        self.menu_button.setMenu(menu)
        self.menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 6, 10, 6)
        layout.setSpacing(8)
        layout.addWidget(mark)
        layout.addWidget(label("Replay Viewer", "title"))
        layout.addSpacing(4)
        layout.addWidget(self.open_button)
        layout.addStretch(1)
        layout.addWidget(self.box, 6)
        layout.addStretch(1)
        layout.addWidget(self.note_button)
        layout.addWidget(self.menu_button)
