"""Notes: what people said about instants and ranges of this session; add, edit, delete, all of it undoable."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QUndoCommand
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from replay_viewer.domain.errors import UserError
from replay_viewer.domain.session import Note, in_order
from replay_viewer.qt.context import Context
from replay_viewer.qt.copying import copyable
from replay_viewer.qt.panels.base import Panel
from replay_viewer.qt.theme import icon, theme
from replay_viewer.qt.widgets import EmptyState, IconButton, label, named_button
from replay_viewer.qt.wording import one_line
from replay_viewer.services.notes import author

_ID = Qt.ItemDataRole.UserRole


class _Change(QUndoCommand):
    """From one state of a note to another; None is no note. What the library refuses leaves the history."""

    def __init__(
        self, text: str, apply: Callable[[Note | None, Note | None], bool], old: Note | None, new: Note | None
    ) -> None:
        super().__init__(text)
        self._apply, self._old, self._new = apply, old, new

    def redo(self) -> None:
        """Do it."""
        self.setObsolete(not self._apply(self._old, self._new))

    def undo(self) -> None:
        """Take it back."""
        self.setObsolete(not self._apply(self._new, self._old))


class NotesPanel(Panel):
    """The notes of the session. `composed`: the incident note is asked for."""

    id = "notes"
    title = "Notes"
    composed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.undo_stack = context.undo_stack
        self._editing: str | None = None
        self._again: Callable[[], None] | None = None
        self._spot: tuple[float, float] | None = None
        self._pinning = False
        self.list = QListWidget()
        self.list.setAccessibleName("Notes list")
        copyable(self.list, self._as_text)
        self.list.setWordWrap(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.currentItemChanged.connect(self._picked)
        self.list.itemClicked.connect(self._clicked)
        self.empty = EmptyState("notes")
        self.add_button = named_button("Add note", "plus")
        self.add_button.setToolTip("Comment on this instant, or on the picked range (C)")
        self.remove_button = IconButton("trash", "Delete note (Delete)")
        self.pin_button = IconButton("pick", "Note on a spot of the page")
        self.up_button = IconButton("chevron-up", "Move the note up (Alt Up)")
        self.down_button = IconButton("chevron-down", "Move the note down (Alt Down)")
        self.time_button = IconButton("clock", "Order the notes by time")
        self.colour = QComboBox()
        self.colour.setAccessibleName("Colour of the note")
        for text, role in (("No colour", ""), ("Blue", "accent"), ("Green", "good"), ("Amber", "warning"),
                           ("Red", "failed")):  # fmt: skip
            self.colour.addItem(text, role)
        self.head = label("", "muted")
        self.editor = QPlainTextEdit()
        self.editor.setAccessibleName("Text of the note")
        self.editor.setPlaceholderText("What happened here? Ctrl+Enter saves.")
        self.editor.installEventFilter(self)
        self.save_button = named_button("Save", primary=True)
        self.undo_button = IconButton("undo", "Undo (Ctrl Z)")
        left = QWidget()
        bar = QHBoxLayout()
        bar.setContentsMargins(8, 4, 8, 4)
        bar.addWidget(self.add_button)
        bar.addWidget(self.pin_button)
        bar.addStretch(1)
        bar.addWidget(self.up_button)
        bar.addWidget(self.down_button)
        bar.addWidget(self.time_button)
        bar.addWidget(self.undo_button)
        bar.addWidget(self.remove_button)
        body = QWidget()
        self._stack = QStackedLayout(body)
        self._stack.addWidget(self.list)
        self._stack.addWidget(self.empty)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addWidget(body, 1)
        self.right = QWidget()
        self.right.setObjectName("detail")
        self.right.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        side = QVBoxLayout(self.right)
        side.setContentsMargins(12, 8, 12, 8)
        side.addWidget(self.head)
        side.addWidget(self.editor, 1)
        foot = QHBoxLayout()
        foot.addWidget(self.colour)
        foot.addStretch(1)
        foot.addWidget(self.save_button)
        side.addLayout(foot)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(left, 5)
        layout.addWidget(self.right, 4)
        self.add_button.clicked.connect(self.begin)
        self.remove_button.clicked.connect(self.remove_current)
        self.up_button.clicked.connect(lambda: self.move_current(-1))
        self.down_button.clicked.connect(lambda: self.move_current(1))
        self.time_button.clicked.connect(self.by_time)
        self.pin_button.clicked.connect(self.pin)
        self.colour.activated.connect(self._recolour)
        context.spot_picked.connect(self._spotted)
        self.save_button.clicked.connect(self.save)
        self.undo_button.clicked.connect(self.undo_stack.undo)
        self.undo_stack.canUndoChanged.connect(self.undo_button.setEnabled)
        self.undo_button.setEnabled(False)
        self.list.installEventFilter(self)
        context.note_asked.connect(self.add)
        context.playhead.style_changed.connect(self.refresh)
        theme().changed.connect(self.refresh)
        self.session_changed()

    def session_changed(self) -> None:
        """Notes of another session."""
        self._editing = None
        self.editor.clear()
        self.refresh()

    def refresh(self) -> None:
        """List the notes."""
        kept = self.list.currentItem().data(_ID) if self.list.currentItem() else None
        self.list.blockSignals(True)
        self.list.clear()
        notes = in_order(self.opened.notes) if self.opened else []
        for note in notes:
            when = self.context.playhead.text(note.t)
            if note.end > note.t:
                when += f"–{self.context.playhead.text(note.end)}"
            item = QListWidgetItem(f"{when}   {one_line(note.text) if note.text else 'Bookmark'}")
            picture = "plus" if note.kind else "pick" if note.x >= 0 else "comment" if note.text else "bookmark"
            item.setIcon(icon(picture, note.colour or "muted"))
            item.setData(_ID, note.id)
            item.setToolTip(f"By {note.author}" if note.author else "")
            self.list.addItem(item)
            if note.id == kept:
                self.list.setCurrentItem(item)
        self.list.blockSignals(False)
        if self.opened is None:
            self.empty.say("No session is open", "Pick one in the queue, or open a file.")
        else:
            self.empty.say(
                "No notes yet", "C comments on this instant, M bookmarks it, E adds the selected row as evidence."
            )
        self._stack.setCurrentWidget(self.list if notes else self.empty)
        self.right.setVisible(self.opened is not None)
        self.add_button.setEnabled(self.opened is not None)
        self._allow()
        self.time_button.setEnabled(any(note.place >= 0 for note in notes))
        self.pin_button.setEnabled(self.opened is not None)
        self._show_editor()
        self.badge_changed.emit()

    def badge(self) -> tuple[int, str]:
        """Number of notes."""
        return (len(self.opened.notes) if self.opened else 0), "muted"

    # what can be done

    def begin(self) -> None:
        """Write a new note on this instant, or on the picked range."""
        self._editing = None
        self._spot = None
        self.list.setCurrentRow(-1)
        self.editor.clear()
        self._show_editor()
        self.editor.setFocus()

    def save(self) -> None:
        """Keep what is written: a new note, or another text of the one that is open."""
        text = self.editor.toPlainText().strip()
        if self.opened is None or not text:
            return
        old = self._note(self._editing)
        if old is None:
            picked = self.context.playhead.range
            t, end = picked or (self.context.playhead.t, -1.0)
            if self._spot is not None:
                t, end = self.context.playhead.t, -1.0
            x, y = self._spot or (-1.0, -1.0)
            colour = self.colour.currentData()
            note = Note(id="", session="", t=t, end=end, text=text, tab=self.context.tab, x=x, y=y, colour=colour)
            if self.add(note):
                self.begin()
                self.editor.clearFocus()
        elif old.text != text:
            self._push("Edit note", old, self._changed(old, text=text))

    def add(self, note: Note) -> bool:
        """Add a note; id, session and times are filled in here. Returns whether the library took it."""
        if self.opened is None:
            return False
        full = msgspec.structs.replace(
            note, id=uuid.uuid4().hex, session=self.opened.id, author=author(self.opened.library), created=_now(),
            changed=_now(),
        )  # fmt: skip
        self._push("Add note", None, full)
        return self._note(full.id) is not None

    def _push(self, text: str, old: Note | None, new: Note | None) -> None:
        self.undo_stack.push(_Change(text, self._replace, old, new))

    def remove_current(self) -> None:
        """Delete the note that is selected."""
        item = self.list.currentItem()
        note = self._note(item.data(_ID)) if item else None
        if note is not None:
            self._push("Delete note", note, None)

    def move_current(self, by: int) -> None:
        """Move the selected note up (-1) or down (1); from then on the notes stand as a person put them."""
        item = self.list.currentItem()
        notes = in_order(self.opened.notes) if self.opened else []
        at = next((n for n, note in enumerate(notes) if item is not None and note.id == item.data(_ID)), -1)
        if at < 0 or not 0 <= at + by < len(notes):
            return
        notes[at], notes[at + by] = notes[at + by], notes[at]
        self._place("Move note", {note.id: place for place, note in enumerate(notes)})

    def by_time(self) -> None:
        """The notes stand by time again."""
        if self.opened is not None:
            self._place("Order notes by time", {note.id: -1 for note in self.opened.notes})

    def _place(self, text: str, places: dict[str, int]) -> None:
        if self.opened is None:
            return
        self._again = partial(self._place, text, places)  # Retry does all of it, not only what was refused
        self.undo_stack.beginMacro(text)
        for note in list(self.opened.notes):
            place = places.get(note.id, note.place)
            if note.place != place:
                moved = msgspec.structs.replace(note, place=place)
                self._push(text, note, moved)
                if moved not in self.opened.notes:
                    break
        self.undo_stack.endMacro()
        self._again = None

    def pin(self) -> None:
        """The next click in the page says where on it a new note belongs."""
        self._pinning = True
        self.context.pick_asked.emit(True)
        self.context.said.emit("Click the spot in the page.", "The note is written here.", "info")

    def _spotted(self, x: float, y: float) -> None:
        if self._pinning:
            self._pinning = False
            self.context.pick_asked.emit(False)
            self.begin()
            self._spot = (round(x, 1), round(y, 1))
            self._show_editor()

    def _recolour(self, _at: int = 0) -> None:
        old = self._note(self._editing)
        colour = self.colour.currentData()
        if old is not None and old.colour != colour:
            self._push("Colour note", old, self._changed(old, colour=colour))

    def _changed(self, note: Note, **changes: Any) -> Note:
        """Another state of a note, signed by who changes it."""
        assert self.opened is not None
        return msgspec.structs.replace(note, author=author(self.opened.library), changed=_now(), **changes)

    def _allow(self) -> None:
        row, count = self.list.currentRow(), self.list.count()
        self.remove_button.setEnabled(row >= 0)
        self.up_button.setEnabled(row > 0)
        self.down_button.setEnabled(0 <= row < count - 1)

    def reveal(self, note_id: str) -> None:
        """Select a note and go to its instant."""
        for row in range(self.list.count()):
            if self.list.item(row).data(_ID) == note_id:
                self.list.setCurrentRow(row)
                self._clicked(self.list.item(row))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ctrl+Enter saves, Esc leaves the editor, Delete removes the selected note."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            if watched is self.editor and enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                self.save()
                return True
            if watched is self.editor and event.key() == Qt.Key.Key_Escape:
                self.list.setFocus()
                return True
            moves = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
            if watched is self.list and event.modifiers() & Qt.KeyboardModifier.AltModifier and event.key() in moves:
                self.move_current(moves[Qt.Key(event.key())])
                return True
            if watched is self.list and event.key() == Qt.Key.Key_Delete:
                self.remove_current()
                return True
        return super().eventFilter(watched, event)

    def _replace(self, old: Note | None, new: Note | None) -> bool:
        if self.opened is None:
            return False
        try:
            if new is not None:
                self.opened.library.put_note(new)
            elif old is not None:
                self.opened.library.remove_note(old.id)
        except UserError as error:
            again = self._again or partial(self._push, "Change note", old, new)
            self.context.refused.emit(error, again)
            return False
        gone = {note.id for note in (old, new) if note is not None}
        self.opened.notes[:] = [note for note in self.opened.notes if note.id not in gone] + ([new] if new else [])
        self.refresh()
        self.context.notes_changed.emit()
        return True

    def _as_text(self, index: QModelIndex) -> str:
        note = self._note(index.data(_ID))
        return f"{self.context.playhead.text(note.t)}\t{note.text or 'Bookmark'}" if note is not None else ""

    def _note(self, note_id: str | None) -> Note | None:
        return next((note for note in self.opened.notes if note.id == note_id), None) if self.opened else None

    def _picked(self, item: QListWidgetItem | None) -> None:
        note = self._note(item.data(_ID)) if item else None
        self._editing = note.id if note else None
        self.editor.setPlainText(note.text if note else "")
        self._spot = None
        self._allow()
        self._show_editor()

    def _clicked(self, item: QListWidgetItem) -> None:
        note = self._note(item.data(_ID))
        if note is not None:
            self.context.playhead.seek(note.t)

    def _show_editor(self) -> None:
        note = self._note(self._editing)
        self.colour.setCurrentIndex(max(0, self.colour.findData(note.colour if note is not None else "")))
        if note is not None:
            spot = f", at {note.x:.0f}, {note.y:.0f} on the page" if note.x >= 0 else ""
            self.head.setText(
                f"Note at {self.context.playhead.text(note.t)}{spot}{f' · {note.author}' if note.author else ''}"
            )
        elif self._spot is not None:
            self.head.setText(f"New note at {self._spot[0]:.0f}, {self._spot[1]:.0f} on the page")
        elif self.context.playhead.range is not None:
            self.head.setText("New note on the picked range")
        else:
            self.head.setText("New note on this instant")


def _now() -> float:
    return time.time() * 1000.0
