"""Notes: what people said about instants and ranges of this session; add, edit, delete, all of it undoable."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

import msgspec
from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QUndoCommand, QUndoStack
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from replay_viewer.domain.errors import UserError
from replay_viewer.domain.session import Note
from replay_viewer.qt.context import Context
from replay_viewer.qt.panels.base import Panel
from replay_viewer.qt.theme import icon, theme
from replay_viewer.qt.widgets import EmptyState, IconButton, label, named_button
from replay_viewer.qt.wording import one_line

_ID = Qt.ItemDataRole.UserRole


class _Change(QUndoCommand):
    """From one state of a note to another; None is no note."""

    def __init__(
        self, text: str, apply: Callable[[Note | None, Note | None], None], old: Note | None, new: Note | None
    ) -> None:
        super().__init__(text)
        self._apply, self._old, self._new = apply, old, new

    def redo(self) -> None:
        """Do it."""
        self._apply(self._old, self._new)

    def undo(self) -> None:
        """Take it back."""
        self._apply(self._new, self._old)


class NotesPanel(Panel):
    """The notes of the session. `composed`: the incident note is asked for."""

    id = "notes"
    title = "Notes"
    composed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.undo_stack = QUndoStack(self)
        self._editing: str | None = None
        self.list = QListWidget()
        self.list.setAccessibleName("Notes list")
        self.list.setWordWrap(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.currentItemChanged.connect(self._picked)
        self.list.itemClicked.connect(self._clicked)
        self.empty = EmptyState("notes")
        self.add_button = named_button("Add note", "plus")
        self.add_button.setToolTip("Comment on this instant, or on the picked range (C)")
        self.remove_button = IconButton("trash", "Delete note (Delete)")
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
        bar.addStretch(1)
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
        """Notes of another session; what was done to others cannot be undone here."""
        self.undo_stack.clear()
        self._editing = None
        self.editor.clear()
        self.refresh()

    def refresh(self) -> None:
        """List the notes."""
        kept = self.list.currentItem().data(_ID) if self.list.currentItem() else None
        self.list.blockSignals(True)
        self.list.clear()
        notes = sorted(self.opened.notes, key=lambda note: note.t) if self.opened else []
        for note in notes:
            when = self.context.playhead.text(note.t)
            if note.end > note.t:
                when += f"–{self.context.playhead.text(note.end)}"
            item = QListWidgetItem(f"{when}   {one_line(note.text) if note.text else 'Bookmark'}")
            item.setIcon(icon("plus" if note.kind else "comment" if note.text else "bookmark", "warning"))
            item.setData(_ID, note.id)
            item.setToolTip("")
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
        self.remove_button.setEnabled(self.list.currentItem() is not None)
        self._show_editor()
        self.badge_changed.emit()

    def badge(self) -> tuple[int, str]:
        """Number of notes."""
        return (len(self.opened.notes) if self.opened else 0), "muted"

    # what can be done

    def begin(self) -> None:
        """Write a new note on this instant, or on the picked range."""
        self._editing = None
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
            self.add(Note(id="", session="", t=t, end=end, text=text))
            self.begin()
            self.editor.clearFocus()
        elif old.text != text:
            self.undo_stack.push(
                _Change("Edit note", self._replace, old, msgspec.structs.replace(old, text=text, changed=_now()))
            )

    def add(self, note: Note) -> None:
        """Add a note; id, session and times are filled in here."""
        if self.opened is None:
            return
        full = msgspec.structs.replace(
            note, id=uuid.uuid4().hex, session=self.opened.id, created=_now(), changed=_now()
        )
        self.undo_stack.push(_Change("Add note", self._replace, None, full))

    def remove_current(self) -> None:
        """Delete the note that is selected."""
        item = self.list.currentItem()
        note = self._note(item.data(_ID)) if item else None
        if note is not None:
            self.undo_stack.push(_Change("Delete note", self._replace, note, None))

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
            if watched is self.list and event.key() == Qt.Key.Key_Delete:
                self.remove_current()
                return True
        return super().eventFilter(watched, event)

    def _replace(self, old: Note | None, new: Note | None) -> None:
        if self.opened is None:
            return
        try:
            if new is not None:
                self.opened.library.put_note(new)
            elif old is not None:
                self.opened.library.remove_note(old.id)
        except UserError as error:
            self.context.said.emit(error.message, error.advice, "failed")
            return
        gone = {note.id for note in (old, new) if note is not None}
        self.opened.notes[:] = [note for note in self.opened.notes if note.id not in gone] + ([new] if new else [])
        self.refresh()
        self.context.notes_changed.emit()

    def _note(self, note_id: str | None) -> Note | None:
        return next((note for note in self.opened.notes if note.id == note_id), None) if self.opened else None

    def _picked(self, item: QListWidgetItem | None) -> None:
        note = self._note(item.data(_ID)) if item else None
        self._editing = note.id if note else None
        self.editor.setPlainText(note.text if note else "")
        self.remove_button.setEnabled(note is not None)
        self._show_editor()

    def _clicked(self, item: QListWidgetItem) -> None:
        note = self._note(item.data(_ID))
        if note is not None:
            self.context.playhead.seek(note.t)

    def _show_editor(self) -> None:
        note = self._note(self._editing)
        if note is not None:
            self.head.setText(f"Note at {self.context.playhead.text(note.t)}")
        elif self.context.playhead.range is not None:
            self.head.setText("New note on the picked range")
        else:
            self.head.setText("New note on this instant")


def _now() -> float:
    return time.time() * 1000.0
