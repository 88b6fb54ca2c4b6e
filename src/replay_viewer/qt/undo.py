"""One history of what can be taken back in a window: notes, ranges, filters. Seeks have their own way back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QUndoCommand, QUndoStack
from PySide6.QtWidgets import QWidget

from replay_viewer.qt.clock import Playhead
from replay_viewer.qt.widgets import ChipRow, FilterField, MenuChip


class Change(QUndoCommand):
    """From before to after. Pushing it does it, unless it is `done` already."""

    def __init__(
        self, text: str, undo: Callable[[], object], redo: Callable[[], object], *, done: bool = False
    ) -> None:
        super().__init__(text)
        self._undo, self._redo, self._done = undo, redo, done

    def redo(self) -> None:
        """Do it."""
        if not self._done:
            self._redo()
        self._done = False

    def undo(self) -> None:
        """Take it back."""
        self._undo()


class Watch(QObject):
    """Puts every change of a picked range or a filter onto the stack, whatever part of the window made it."""

    def __init__(self, stack: QUndoStack, playhead: Playhead, window: QWidget) -> None:
        super().__init__(window)
        self._stack = stack
        self._playhead = playhead
        self._path = playhead.range_path
        self._texts: dict[FilterField, str] = {}
        self._choices: dict[QWidget, list[str]] = {}
        self._replaying = False
        playhead.range_changed.connect(self._range)
        for field in window.findChildren(FilterField):
            self._texts[field] = field.text().strip()
            field.changed.connect(partial(self._text, field))
        for row in window.findChildren(ChipRow):
            self._choices[row] = row.on()
            row.changed.connect(partial(self._choice, row))
        for chip in window.findChildren(MenuChip):
            self._choices[chip] = chip.on()
            chip.changed.connect(partial(self._choice, chip))

    def _range(self) -> None:
        before, after = self._path, self._playhead.range_path
        self._path = after
        if before != after:
            self._push("Range", self._playhead.restore_ranges, before, after)

    def _text(self, field: FilterField, text: str) -> None:
        before, self._texts[field] = self._texts[field], text
        if before != text:
            self._push(field.accessibleName(), field.setText, before, text)

    def _choice(self, widget: ChipRow | MenuChip, names: list[str]) -> None:
        before, self._choices[widget] = self._choices[widget], list(names)
        if before != names:
            self._push("Filter", widget.set_on, before, list(names))

    def _push(self, text: str, apply: Callable[[Any], object], before: Any, after: Any) -> None:
        if self._replaying:
            return
        self._stack.push(
            Change(text, partial(self._replay, apply, before), partial(self._replay, apply, after), done=True)
        )

    def _replay(self, apply: Callable[[Any], object], value: Any) -> None:
        """Apply a value from the stack; the signals it causes are no new change."""
        self._replaying = True
        try:
            apply(value)
            if isinstance(field := getattr(apply, "__self__", None), FilterField):
                field.flush()
        finally:
            self._replaying = False
