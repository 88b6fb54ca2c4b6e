"""What is attached to the open session, with its clock: a line each in Health; changed undoably."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QUndoCommand
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from replay_viewer.domain.errors import UserError
from replay_viewer.domain.pulled import Attached
from replay_viewer.qt.widgets import label, named_button
from replay_viewer.qt.wording import plural
from replay_viewer.services.attach import offset_of


class OffsetChange(QUndoCommand):
    """From one clock of an attachment to another; `apply(name, offset in ms)` carries it out."""

    def __init__(self, apply: Callable[[str, float], None], one: Attached, offset: float) -> None:
        super().__init__(f"Set the clock of {one.name}")
        self._apply, self._name, self._old, self._new = apply, one.name, one.offset, offset

    def redo(self) -> None:
        """Do it."""
        self._apply(self._name, self._new)

    def undo(self) -> None:
        """Take it back."""
        self._apply(self._name, self._old)


class AttachedRow(QWidget):
    """One attachment: its name, its clock to be typed (`250`, `-1.5s`), and a way to take it away.

    `changed(Attached, offset)` and `removed(Attached)` are called when the person does so, `refused(UserError)` when
    what was typed is no offset.
    """

    def __init__(
        self,
        one: Attached,
        changed: Callable[[Attached, float], None],
        removed: Callable[[Attached], None],
        refused: Callable[[UserError], None],
    ) -> None:
        super().__init__()
        self.one, self._changed, self._refused = one, changed, refused
        self.field = QLineEdit(f"{one.offset:+,.0f} ms".replace(",", ""))
        self.field.setAccessibleName(f"Clock offset of {one.name}")
        self.field.setToolTip("How much later its rows lie: 250, -1.5s, 2m. Enter sets it, Ctrl Z takes it back")
        self.field.setMaximumWidth(110)
        self.field.returnPressed.connect(self._set)
        remove = named_button("Detach", "close", flat=True)
        remove.setToolTip(f"Take the rows of {one.name} off this timeline")
        remove.clicked.connect(lambda: removed(one))
        box = QHBoxLayout(self)
        box.setContentsMargins(26, 2, 0, 2)
        box.setSpacing(10)
        box.addWidget(label(f"{one.name} · {plural(one.rows, 'row')} · clock", ""))
        box.addWidget(self.field)
        box.addWidget(remove)
        box.addStretch(1)

    def _set(self) -> None:
        try:
            offset = offset_of(self.field.text())
        except UserError as error:
            self._refused(error)
            return
        if offset != self.one.offset:
            self._changed(self.one, offset)
