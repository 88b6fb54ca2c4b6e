"""Small parts every panel uses: chips, a filter row, an empty state, plain labels, a sheet of read-only text."""

from __future__ import annotations

import html
from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from replay_viewer.qt.theme import data_font, icon, pixmap, theme

_DEBOUNCE_MS = 120
#: Pixels of height below which an empty state goes without its picture.
_LOW = 150


def label(text: str = "", role: str = "", *, selectable: bool = False, wrap: bool = False) -> QLabel:
    """A label of plain text: what a recording says is never taken for markup."""
    result = QLabel(text)
    result.setTextFormat(Qt.TextFormat.PlainText)
    if role:
        result.setProperty("role", role)
    if selectable:
        result.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        result.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    result.setWordWrap(wrap)
    return result


def set_picked(widget: QWidget, picked: bool) -> None:
    """Show that something of a menu is on, as a chip that is on shows it."""
    if widget.property("picked") != picked:
        widget.setProperty("picked", picked)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def set_role(widget: QWidget, role: str) -> None:
    """Change the role a label is styled by."""
    if widget.property("role") != role:
        widget.setProperty("role", role)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


class IconButton(QToolButton):
    """A button that is only an icon: it always has a tooltip and a name, and re-tints itself."""

    def __init__(
        self, name: str, tip: str, parent: QWidget | None = None, *, role: str = "muted", on_role: str = ""
    ) -> None:
        super().__init__(parent)
        self._icon, self._role, self._on = name, role, on_role
        self.setToolTip(tip)
        self.setAccessibleName(tip.split(" (")[0])
        self.setIconSize(QSize(16, 16))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCheckable(bool(on_role))
        self.retint()
        theme().changed.connect(self.retint)

    def set_icon(self, name: str, role: str = "") -> None:
        """Another icon (play becomes pause)."""
        self._icon, self._role = name, role or self._role
        self.retint()

    def retint(self) -> None:
        """Draw the icon in the scheme in force."""
        self.setIcon(icon(self._icon, self._on or self._role, self._role))


class NamedButton(QPushButton):
    """A button with text and perhaps an icon, which re-tints itself."""

    def __init__(self, text: str, icon_name: str, style_name: str) -> None:
        super().__init__(f" {text}" if icon_name else text)  # the style puts icon and text too close together
        self._icon, self._role = icon_name, "on-accent" if style_name == "primary" else "text"
        self.setObjectName(style_name)
        self.setAccessibleName(text.rstrip("…"))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if icon_name:
            self.retint()
            theme().changed.connect(self.retint)

    def retint(self) -> None:
        """Draw the icon in the scheme in force."""
        self.setIcon(icon(self._icon, self._role))


def named_button(text: str, icon_name: str = "", *, primary: bool = False, flat: bool = False) -> QPushButton:
    """A button with text. `primary`: the one thing to do here."""
    return NamedButton(text, icon_name, "primary" if primary else "flat" if flat else "")


class Chip(QToolButton):
    """A small toggle."""

    def __init__(self, text: str, tip: str = "", *, checked: bool = False) -> None:
        super().__init__()
        self.setObjectName("chip")
        self.setText(text)
        self.setCheckable(True)
        self.setChecked(checked)
        self.setToolTip(tip or text)
        self.setAccessibleName(tip or text)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def sizeHint(self) -> QSize:
        """Text and padding; the style reckons with a picture and an arrow that a chip has not."""
        return QSize(self.fontMetrics().horizontalAdvance(self.text()) + 18, super().sizeHint().height())


class Elided(QLabel):
    """One line of plain text that is cut with an ellipsis where there is no room; the tooltip has all of it."""

    def __init__(self, role: str = "") -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        if role:
            self.setProperty("role", role)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def setText(self, text: str) -> None:
        """Another text."""
        super().setText(text)
        self.setToolTip(f"<p>{html.escape(text)}</p>" if text else "")

    def minimumSizeHint(self) -> QSize:
        """It may be cut to a few letters."""
        return QSize(40, super().minimumSizeHint().height())

    def fitting(self, width: int) -> str:
        """What is shown at a width."""
        return self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, width)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """What fits."""
        painter = QPainter(self)
        shown = self.fitting(self.width())
        self.style().drawItemText(
            painter,
            self.rect(),
            int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter),
            self.palette(),
            self.isEnabled(),
            shown,
            self.foregroundRole(),
        )
        painter.end()


class ChipRow(QWidget):
    """Chips of which one is on (`exclusive`) or any. `changed(names of the chips that are on)`."""

    changed = Signal(list)

    def __init__(self, names: Sequence[tuple[str, str]], *, on: Sequence[str], exclusive: bool = False) -> None:
        super().__init__()
        self._exclusive = exclusive
        self.chips: dict[str, Chip] = {}
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for name, text in names:
            chip = Chip(text, f"Show {text.lower()}", checked=name in on)
            chip.clicked.connect(lambda _checked=False, name=name: self._clicked(name))
            self.chips[name] = chip
            layout.addWidget(chip)

    def on(self) -> list[str]:
        """Names of the chips that are on."""
        return [name for name, chip in self.chips.items() if chip.isChecked()]

    def set_on(self, names: Sequence[str]) -> None:
        """Switch exactly these on."""
        for name, chip in self.chips.items():
            chip.setChecked(name in names)
        self.changed.emit(self.on())

    def _clicked(self, name: str) -> None:
        if self._exclusive:
            for other, chip in self.chips.items():
                chip.setChecked(other == name)
        self.changed.emit(self.on())


class MenuChip(QToolButton):
    """A small button with a menu of choices, of which any number is on; none on lets everything through.

    `changed(names of the choices that are on)`.
    """

    changed = Signal(list)

    def __init__(self, title: str, names: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._title = title
        self.setObjectName("chip")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._menu = QMenu(self)
        self.choices: dict[str, QAction] = {}
        for name, text in names:
            choice = self._menu.addAction(text)
            choice.setCheckable(True)
            choice.toggled.connect(lambda _on: self._toggled())
            self.choices[name] = choice
        self._menu.addSeparator()
        self._menu.addAction("Show all", self.clear)
        self.setMenu(self._menu)
        self._tell()

    def on(self) -> list[str]:
        """Names of the choices that are on."""
        return [name for name, choice in self.choices.items() if choice.isChecked()]

    def set_on(self, names: Sequence[str]) -> None:
        """Switch exactly these on."""
        self.blockSignals(True)
        for name, choice in self.choices.items():
            choice.setChecked(name in names)
        self.blockSignals(False)
        self._toggled()

    def clear(self) -> None:
        """Everything passes."""
        self.set_on([])

    def _toggled(self) -> None:
        self._tell()
        self.changed.emit(self.on())

    def _tell(self) -> None:
        names = [self.choices[name].text() for name in self.on()]
        few = ", ".join(names) if len(names) <= 2 else f"{len(names)} kinds"
        self.setText(f"{self._title}: {few} ▾" if names else f"{self._title} ▾")
        said = f"{self._title}: {', '.join(names)}" if names else f"{self._title}: all"
        self.setAccessibleName(said)
        self.setToolTip(said)
        set_picked(self, bool(names))


def name_buttons(field: QLineEdit) -> None:
    """Name the little buttons inside a field for screen readers."""
    for button in field.findChildren(QToolButton):
        action = button.defaultAction()
        button.setAccessibleName(action.text() if action is not None and action.text() else "Clear")


class FilterField(QLineEdit):
    """A text filter that fires a moment after the last key. Esc empties it."""

    changed = Signal(str)

    def __init__(self, placeholder: str) -> None:
        super().__init__()
        self.setPlaceholderText(placeholder)
        self.setAccessibleName(placeholder)
        self.setClearButtonEnabled(True)
        self.setMinimumWidth(90)
        self._action = QAction("Filter", self)
        self.addAction(self._action, QLineEdit.ActionPosition.LeadingPosition)
        self._tint()
        theme().changed.connect(self._tint)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_DEBOUNCE_MS)
        name_buttons(self)
        self._timer.timeout.connect(lambda: self.changed.emit(self.text().strip()))
        self.textChanged.connect(lambda _text: self._timer.start())

    def flush(self) -> None:
        """Tell of a change now that would be told a moment later."""
        if self._timer.isActive():
            self._timer.stop()
            self.changed.emit(self.text().strip())

    def keyPressEvent(self, event) -> None:  # type: ignore[no-untyped-def]
        """Esc empties the field, then leaves it."""
        if event.key() == Qt.Key.Key_Escape:
            if self.text():
                self.clear()
            else:
                self.clearFocus()
            return
        super().keyPressEvent(event)

    def _tint(self) -> None:
        self._action.setIcon(icon("search", "muted"))


class EmptyState(QWidget):
    """Why there is nothing to see here, and what to do about it."""

    def __init__(self, icon_name: str = "info") -> None:
        super().__init__()
        self._icon = icon_name
        layout = self._column = QVBoxLayout(self)
        layout.setContentsMargins(24, 12, 24, 12)
        layout.setSpacing(6)
        layout.addStretch(1)
        self._picture = QLabel()
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.title = label("", "title")
        self.why = label("", "muted", wrap=True)
        for part in (self.title, self.why):
            part.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        for part in (self._picture, self.title, self.why):
            layout.addWidget(part)
        self.buttons = QHBoxLayout()
        self.buttons.addStretch(1)
        self.buttons.addStretch(1)
        layout.addLayout(self.buttons)
        layout.addStretch(2)
        self._tint()
        theme().changed.connect(self._tint)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a low panel the words need the room of the picture."""
        super().resizeEvent(event)
        low = self.height() < _LOW
        self._picture.setVisible(not low)
        side = 10 if low else 24
        self._column.setContentsMargins(side, 4 if low else 12, side, 4 if low else 12)

    def say(self, title: str, why: str = "", icon_name: str = "") -> None:
        """Set the two lines."""
        self.title.setText(title)
        self.why.setText(why)
        self.why.setVisible(bool(why))
        if icon_name:
            self._icon = icon_name
            self._tint()

    def _tint(self) -> None:
        self._picture.setPixmap(pixmap(self._icon, "idle", 28, 2.0))


class CodeView(QPlainTextEdit):
    """Read-only text in the fixed-width font."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName("code")
        self.setReadOnly(True)
        self.setAccessibleName(name)
        self.setFont(data_font())
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)

    def show_text(self, text: str) -> None:
        """Show a text from its top; more than 500,000 characters are cut, and said so."""
        limit = 500_000
        cut = f"\n… {len(text) - limit:,} more characters" if len(text) > limit else ""
        self.setPlainText(text[:limit] + cut)


def padded(widget: QWidget, left: int = 10, top: int = 6, right: int = 10, bottom: int = 2) -> QHBoxLayout:
    """A widget with room around it, for a panel's details."""
    row = QHBoxLayout()
    row.setContentsMargins(left, top, right, bottom)
    row.addWidget(widget, 1)
    return row


def ask_line(parent: QWidget, title: str, words: str, text: str = "") -> tuple[str, bool]:
    """Ask for one line of text in a dialog wide enough to read it. What was typed, and whether it was meant."""
    dialog = QInputDialog(parent)
    dialog.setWindowTitle(title)
    dialog.setLabelText(words)
    dialog.setTextValue(text)
    dialog.resize(460, dialog.sizeHint().height())
    meant = dialog.exec() == QInputDialog.DialogCode.Accepted
    dialog.deleteLater()
    return dialog.textValue(), meant


def fit(dialog: QWidget, width: int, height: int) -> None:
    """Give a dialog this size, or as much of it as its window or the screen has room for."""
    room = dialog.screen().availableSize()
    parent = dialog.parentWidget()
    if parent is not None:
        room = parent.window().size()
    # the frame the system draws around it needs some
    dialog.resize(min(width, room.width() - 24), min(height, room.height() - 72))


def foot(*left: QWidget, buttons: Sequence[QWidget], wide: QWidget | None = None) -> QHBoxLayout:
    """The last row of a dialog: what it says at the left (`wide`: that takes the room), its buttons at the right."""
    row = QHBoxLayout()
    row.setContentsMargins(16, 8, 16, 12)
    row.setSpacing(8)
    for widget in left:
        row.addWidget(widget, 1 if widget is wide else 0)
    if wide is None:
        row.addStretch(1)
    for button in buttons:
        row.addWidget(button)
    return row


def spacer() -> QWidget:
    """Takes the room that is left in a row."""
    result = QWidget()
    result.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    return result
