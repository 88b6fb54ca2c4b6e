"""The transport under the page: play, errors back and forth, the time in every reading, speed, idle, range."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QActionGroup, QFocusEvent, QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QMenu, QToolButton, QWidget

from replay_viewer.qt.actions import tip
from replay_viewer.qt.clock import SPEEDS, Playhead
from replay_viewer.qt.theme import data_font, icon, theme
from replay_viewer.qt.typedtime import ADVICE
from replay_viewer.qt.widgets import IconButton, label
from replay_viewer.qt.wording import TimeStyle, span, zone_label

_STYLES: tuple[tuple[TimeStyle, str], ...] = (
    ("offset", "Offset from the start"),
    ("utc", "UTC"),
    ("customer", "The customer’s zone"),
    ("mine", "My zone"),
)

#: How long the transport says what was skipped.
_SHOWN_MS = 8_000


def _speed_text(speed: float) -> str:
    return f"{speed:g}×"


class _Now(QLabel):
    """The present time; a click on it types another."""

    clicked = Signal()

    def __init__(self) -> None:
        super().__init__("0:00.0")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(data_font(bold=True))
        self.setAccessibleName("Current time")
        self.setToolTip(tip("go-to"))
        self.setCursor(Qt.CursorShape.IBeamCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit()


class _Typed(QLineEdit):
    """Where a time is typed. Esc and a click elsewhere put it away."""

    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setFont(data_font())
        self.setFixedWidth(132)
        self.setPlaceholderText("14:17, 83.5, -5s")
        self.setAccessibleName("Go to a time")
        self.setToolTip(f"<p>{ADVICE}</p>")
        self.hide()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc leaves."""
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Whoever goes elsewhere has done with it."""
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.left.emit()


class Transport(QWidget):
    """The row of controls. `action_asked(id)` for what the table of actions does; `time_typed(text)`; `left`: the
    field of typed times was put away, the focus goes elsewhere.
    """

    action_asked = Signal(str)
    time_typed = Signal(str)
    left = Signal()

    def __init__(self, playhead: Playhead) -> None:
        super().__init__()
        self.playhead = playhead
        self.setObjectName("transport")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.play = QToolButton()
        self.play.setObjectName("play")
        self.play.setFixedSize(28, 28)
        self.play.setIconSize(QSize(16, 16))
        self.play.setToolTip(tip("play"))
        self.play.setAccessibleName("Play")
        self.play.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.previous = IconButton("previous-error", tip("previous-error"), role="text")
        self.next = IconButton("next-error", tip("next-error"), role="text")
        self.back = IconButton("back", tip("back"), role="text")
        self.time = _Now()
        self.typed = _Typed()
        self.total = label("", "muted")
        self.total.setFont(data_font())
        self.other = label("", "muted")
        self.other.setFont(data_font())
        self.clock = IconButton("clock", "How times are read")
        self.clock.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.speed = QToolButton()
        self.speed.setToolTip("Speed (, slower  . faster)")
        self.speed.setAccessibleName("Speed")
        self.speed.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.speed.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.skip = QToolButton()
        self.skip.setText("Skip idle")
        self.skip.setToolTip(tip("skip-idle"))
        self.skip.setCheckable(True)
        self.skip.setChecked(playhead.skip_idle)
        self.skip.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.skip.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.skipped = QToolButton()
        self.skipped.setObjectName("skipped")
        self.skipped.setAccessibleName("Skipped time")
        self.skipped.setToolTip(tip("look-into-gap"))
        self.skipped.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.skipped.hide()
        self._fade = QTimer(self)
        self._fade.setSingleShot(True)
        self._fade.setInterval(_SHOWN_MS)
        self._fade.timeout.connect(self._forget_skip)
        self.loop = IconButton("loop", tip("loop"), role="text", on_role="accent")
        self.loop.setCheckable(True)
        self.range = QToolButton()
        self.range.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.range.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        self.range.setToolTip(tip("range-leave"))
        self.range.setAccessibleName("Leave the range")
        self.range.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.shot = IconButton("camera", tip("screenshot"))
        self.mark = IconButton("bookmark", tip("bookmark"))
        self.say = IconButton("comment", tip("comment"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 5, 10, 5)
        layout.setSpacing(6)
        layout.setSizeConstraint(QHBoxLayout.SizeConstraint.SetNoConstraint)  # a long range must not push the docks
        self.setMinimumSize(420, 40)
        for widget in (self.play, self.previous, self.next, self.back):
            layout.addWidget(widget)
        layout.addSpacing(6)
        for shown in (self.time, self.typed, self.total, self.clock, self.other):
            layout.addWidget(shown)
        layout.addStretch(1)
        for control in (self.skipped, self.range, self.loop, self.skip, self.speed, self.mark, self.say, self.shot):
            layout.addWidget(control)
        self._menus()
        for button, action in (
            (self.play, "play"),
            (self.previous, "previous-error"),
            (self.next, "next-error"),
            (self.back, "back"),
            (self.skip, "skip-idle"),
            (self.skipped, "look-into-gap"),
            (self.loop, "loop"),
            (self.range, "range-leave"),
            (self.shot, "screenshot"),
            (self.mark, "bookmark"),
            (self.say, "comment"),
        ):
            button.clicked.connect(lambda _checked=False, action=action: self.action_asked.emit(action))
        self.time.clicked.connect(lambda: self.action_asked.emit("go-to"))
        self.typed.returnPressed.connect(lambda: self.time_typed.emit(self.typed.text()))
        self.typed.left.connect(self.end_typing)
        playhead.moved.connect(self._moved)
        playhead.span_changed.connect(self.refresh)
        playhead.style_changed.connect(self.refresh)
        playhead.range_changed.connect(self.refresh)
        playhead.playing_changed.connect(lambda _on: self.refresh())
        playhead.speed_changed.connect(lambda _speed: self.refresh())
        playhead.loop_changed.connect(self.refresh)
        playhead.idle_changed.connect(self.refresh)
        playhead.skipped.connect(self._say_skipped)
        theme().changed.connect(self.refresh)
        self.refresh()
        self.set_errors(0)

    def set_errors(self, count: int) -> None:
        """Whether there is an error to go to."""
        for button in (self.previous, self.next):
            button.setEnabled(count > 0)

    def begin_typing(self) -> None:
        """Type a time where the present one stands."""
        self.time.hide()
        self.typed.setText(self.playhead.text(self.playhead.t))
        self.typed.show()
        self.typed.setFocus()
        self.typed.selectAll()
        self._fit()

    def end_typing(self) -> None:
        """The present time again."""
        if not self.typed.isHidden():
            focused = self.typed.hasFocus()
            self.typed.hide()
            self.time.show()
            self._fit()
            if focused:
                self.left.emit()

    def refresh(self) -> None:
        """Show all of it again."""
        playhead = self.playhead
        there = playhead.end > playhead.start
        for control in (self.play, self.back, self.clock, self.speed, self.skip, self.shot, self.mark, self.say):
            control.setEnabled(there)
        self.play.setIcon(icon("pause" if playhead.playing else "play", "on-accent"))
        self.play.setAccessibleName("Pause" if playhead.playing else "Play")
        self.skip.setChecked(playhead.skip_idle)
        self.skip.setIcon(
            icon("check" if playhead.skip_idle else "skip", "accent" if playhead.skip_idle else "muted")
        )
        self.speed.setText(_speed_text(playhead.speed))
        self.range.setVisible(playhead.range is not None)
        self.loop.setVisible(playhead.range is not None)
        self.loop.setChecked(playhead.loop)
        if playhead.range is not None:
            low, high = playhead.range
            crumbs = " › ".join(span(one[1] - one[0]) for one in playhead.range_path)
            text = f"{playhead.text(low)} – {playhead.text(high)} ({span(high - low)})"
            self.range.setText(crumbs)
            self.range.setToolTip(f"{text}: {tip('range-leave')}")
            self.range.setIcon(icon("close", "muted"))
            self.range.setAccessibleName(f"Leave the range {text}")
        self.total.setText(f"/ {playhead.text(playhead.end)}" if there else "")
        if not there:
            self.time.setText("–")
            self.other.setText("")
        else:
            self._moved(playhead.t)
        self._fit()

    def _say_skipped(self, start: float, end: float) -> None:
        """Print what was jumped over; a click, or the key, looks into it."""
        text = f"skipped {span(end - start)}"
        self.skipped.setText(text)
        self.skipped.setAccessibleName(f"{text}: look into it")
        self.skipped.show()
        self._fade.start()
        self._fit()

    def _forget_skip(self) -> None:
        self.skipped.hide()
        self._fit()

    def _moved(self, t: float) -> None:
        if self.playhead.end <= self.playhead.start:
            return
        self.time.setText(self.playhead.text(t))
        self.other.setText(self.playhead.other_text(t))
        self.back.setEnabled(self.playhead.can_go_back)

    def _menus(self) -> None:
        styles = QMenu(self)
        styles.aboutToShow.connect(lambda: self._fill_styles(styles))
        self.clock.setMenu(styles)
        speeds = QMenu(self)
        for speed in SPEEDS:
            speeds.addAction(_speed_text(speed), lambda speed=speed: self.playhead.set_speed(speed))  # type: ignore[misc]
        self.speed.setMenu(speeds)

    def _fill_styles(self, menu: QMenu) -> None:
        menu.clear()
        group = QActionGroup(menu)
        for style, text in _STYLES:
            if style == "customer":
                if self.playhead.zone is None:
                    continue
                text = f"{text} ({zone_label(self.playhead.zone_name)})"
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(self.playhead.style == style)
            action.triggered.connect(lambda _checked=False, style=style: self.playhead.set_style(style))
            group.addAction(action)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """When there is too little room the other readings go first: they are in every tooltip too."""
        layout = self.layout()
        assert layout is not None
        self.other.setVisible(True)
        layout.invalidate()
        self.other.setVisible(layout.sizeHint().width() <= self.width())
