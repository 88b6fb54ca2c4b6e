"""Find on the page over time: a text, every time it was on the page, and where."""

from __future__ import annotations

import threading

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from replay_viewer.domain.errors import Cancelled, UserError
from replay_viewer.library import Library
from replay_viewer.qt.actions import tip
from replay_viewer.qt.context import Context
from replay_viewer.qt.copying import copyable
from replay_viewer.qt.tasks import Tasks
from replay_viewer.qt.widgets import IconButton, label, name_buttons
from replay_viewer.qt.wording import one_line
from replay_viewer.services.pagefind import MOST, Shown, shown

_PAUSE_MS = 200
_LINES = 4


class _Field(QLineEdit):
    """Enter goes on, Shift+Enter back, Up and Down choose, Esc leaves."""

    stepped = Signal(int)
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setPlaceholderText("Find on the page, at any time of this session")
        self.setAccessibleName("Find on the page over time")
        self.setClearButtonEnabled(True)
        name_buttons(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The keys of the bar; all others type."""
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.stepped.emit(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
        elif key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self.stepped.emit(1 if key == Qt.Key.Key_Down else -1)
        elif key == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)


class FindBar(QWidget):
    """The bar under the page. `place_asked(t, tab, node)`: show this instant and outline this node."""

    place_asked = Signal(float, int, int)
    left = Signal()
    _progressed = Signal(int, int, int)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.setObjectName("findBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Find on the page over time")
        self.context = context
        self.found: list[Shown] = []
        self._tasks = Tasks(context.library.home, self)
        self._stop = threading.Event()
        self._round = 0
        self._asked = ""
        self._step_after = 0
        self.field = _Field()
        self.said = label("", "muted")
        self.previous = IconButton("chevron-up", tip("find-previous"))
        self.next = IconButton("chevron-down", tip("find-next"))
        self.close_button = IconButton("close", "Close and put the outline away")
        self.list = QListWidget()
        self.list.setAccessibleName("Times this text was on the page")
        copyable(self.list)
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        row = QHBoxLayout()
        row.setContentsMargins(12, 4, 8, 4)
        row.setSpacing(6)
        row.addWidget(self.field, 1)
        row.addWidget(self.said)
        for button in (self.previous, self.next, self.close_button):
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(row)
        layout.addWidget(self.list)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE_MS)
        self._timer.timeout.connect(self.look)
        self.field.textChanged.connect(lambda _text: self._timer.start())
        self.field.stepped.connect(self.step)
        self.field.left.connect(self.leave)
        self.next.clicked.connect(lambda: self.step(1))
        self.previous.clicked.connect(lambda: self.step(-1))
        self.close_button.clicked.connect(self.leave)
        self.list.itemClicked.connect(lambda _item: self._go(self.list.currentRow()))
        self.list.itemActivated.connect(lambda _item: self._go(self.list.currentRow()))
        self._progressed.connect(self._tell)
        context.opened_changed.connect(self._opened_changed)
        self._session = ""
        self._fill([])
        self.hide()

    def begin(self) -> None:
        """Show the bar and type into it."""
        self.show()
        self.field.setFocus()
        self.field.selectAll()

    def leave(self) -> None:
        """Put bar and outline away."""
        self._halt()
        self.hide()
        self.context.outline_asked.emit([])
        self.left.emit()

    def look(self) -> None:
        """Find what stands in the field."""
        self._halt()
        text = self.field.text().strip()
        opened = self.context.opened
        self._asked = text
        if opened is None or not text:
            self._fill([])
            return
        self._round += 1
        number, session, stop = self._round, opened.id, threading.Event()
        self._stop = stop
        self.said.setText("Looking…")

        def work(library: Library) -> list[Shown] | None:
            try:
                return shown(
                    library,
                    session,
                    text,
                    lambda done, total: self._progressed.emit(number, done, total),
                    stop.is_set,
                )
            except Cancelled:
                return None

        def done(found: list[Shown] | None) -> None:
            if found is not None and number == self._round:
                self._fill(found)

        self._tasks.read(work, done, self._failed, key="find")

    def step(self, by: int) -> None:
        """To the next (1) or previous (-1) appearance; the first Enter goes to the first from the playhead on."""
        if self._timer.isActive() or self.field.text().strip() != self._asked:
            self._step_after = by
            self.look()
            return
        if not self.found:
            return
        at = self.list.currentRow()
        if at >= 0:
            at = (at + by) % len(self.found)
        else:
            now = self.context.playhead.target
            later = [n for n, one in enumerate(self.found) if one.start >= now]
            at = (later[0] if later else 0) if by > 0 else ((later[0] if later else len(self.found)) - 1)
        self._go(at % len(self.found))

    def shut_down(self) -> None:
        """The window goes."""
        self._halt()
        self._tasks.close()

    def _halt(self) -> None:
        self._stop.set()
        self._timer.stop()
        self._tasks.drop("find")

    def _failed(self, error: UserError) -> None:
        self._fill([])
        self.said.setText(str(error))

    def _tell(self, number: int, done: int, total: int) -> None:
        if number == self._round and total:
            self.said.setText(f"Reading what the pages showed, {done / total:.0%}")

    def _opened_changed(self) -> None:
        """Another session: what was found is of the one before; one that grew is looked through on the next Enter."""
        opened = self.context.opened
        session = opened.id if opened is not None else ""
        if session != self._session:
            self._session = session
            self._fill([])
            self._asked = ""
            if self.isVisible():
                if session and self.field.text().strip():
                    self.look()
                elif not session:
                    self.leave()

    def _fill(self, found: list[Shown]) -> None:
        self.found = found
        self.list.clear()
        head = self.context.playhead
        for one in found:
            until = "the end" if one.end < 0 else head.text(one.end)
            kind = "" if one.kind in ("text", "passage") else f"{one.kind}  "
            masked = "  (masked)" if one.masked else ""
            tab = f"  tab {one.tab + 1}" if one.tab else ""
            item = QListWidgetItem(f"{head.text(one.start)} – {until}   {kind}{one_line(one.text, 140)}{masked}{tab}")
            item.setToolTip(one_line(one.text, 400))
            self.list.addItem(item)
        self.list.setVisible(bool(found))
        if found:
            high = self.list.sizeHintForRow(0) * min(len(found), _LINES) + 4
            self.list.setFixedHeight(high)
        self._count()
        if self._step_after and found:
            by, self._step_after = self._step_after, 0
            self.step(by)
        self._step_after = 0

    def _count(self) -> None:
        at, many = self.list.currentRow(), len(self.found)
        for button in (self.previous, self.next):
            button.setEnabled(many > 0)
        if not many:
            self.said.setText("Never on the page" if self._asked else "")
        else:
            total = f"{many:,}" if many < MOST else f"the first {many:,}"
            self.said.setText(f"{at + 1:,} of {total}" if at >= 0 else f"{total} times")

    def _go(self, at: int) -> None:
        if 0 <= at < len(self.found):
            self.list.setCurrentRow(at)
            self._count()
            one = self.found[at]
            self.place_asked.emit(one.start, one.tab, one.node)

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(400, super().sizeHint().height())
