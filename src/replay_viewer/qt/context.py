"""What the parts of a window share: the open session, the clock, the front door for work, and what can be asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from replay_viewer.domain.session import Note
from replay_viewer.library import Library
from replay_viewer.qt.cause import Cause, led_to
from replay_viewer.qt.clock import Playhead
from replay_viewer.qt.opened import Opened
from replay_viewer.qt.sourcemaps import SourceMaps
from replay_viewer.qt.tasks import Tasks
from replay_viewer.qt.undo import Change

#: The interface waits at most this long (s) for another writer of the library, then says so and offers Retry.
BUSY_S = 0.5
#: Enter on a row plays from this long before it.
LEAD_MS = 2_000.0


class Context(QObject):
    """Shared by every part of one window.

    `opened_changed`: another session (or none) is open, or an import grew it. `row_selected(kind, n)`: somebody
    selected a row anywhere. `said(message, advice, kind)`: something for the message bar. `note_asked(Note)`: a note
    to add (undoably).
    """

    opened_changed = Signal()
    notes_changed = Signal()
    row_selected = Signal(str, int)
    said = Signal(str, str, str)
    refused = Signal(object, object)  #: a UserError for the message bar, and what its Retry does
    note_asked = Signal(object)
    maps_changed = Signal()
    maps_wanted = Signal()  #: ask where the open session was pulled from for source maps
    outline_asked = Signal(list)  #: outline these nodes (mirror ids) on the page; none: put outlines away
    pick_asked = Signal(bool)  #: let the mouse pick a node of the page, or no more
    spot_picked = Signal(float, float)  #: where in the recorded viewport that was, just before `node_picked`
    node_picked = Signal(int)  #: a node of the page (mirror id) was picked
    tab_changed = Signal(int)  #: another tab of the session is shown
    cause_changed = Signal()  #: other rows are marked as what led to the selected error

    def __init__(self, library: Library, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.library = library
        library.wait_at_most(BUSY_S)
        self.playhead = Playhead(self)
        self.tasks = Tasks(library.home, self)
        self.opened: Opened | None = None
        self.selected: tuple[str, int] | None = None
        self.maps: Path | None = None
        self.cause: Cause | None = None
        self.tab = 0
        self.undo_stack = QUndoStack(self)
        self.source_maps = SourceMaps(self)

    def change(self, text: str, undo: Callable[[], object], redo: Callable[[], object]) -> None:
        """Do something that can be taken back: `redo` is called now, `undo` when it is."""
        self.undo_stack.push(Change(text, undo, redo))

    def set_tab(self, tab: int) -> None:
        """Another tab of the session is shown."""
        if tab != self.tab:
            self.tab = tab
            self.tab_changed.emit(tab)

    def set_opened(self, opened: Opened | None) -> None:
        """Another session is open; what was done in the one before cannot be taken back any more."""
        self.undo_stack.clear()
        self.opened = opened
        self.selected = None
        self._set_cause(None)
        self.opened_changed.emit()

    def select(self, kind: str, n: int) -> None:
        """A row was selected: details and evidence follow. An error also marks what led to it, until the next one."""
        self.selected = (kind, n)
        if kind == "errors" and self.opened is not None:
            self._set_cause(led_to(self.opened.columns, n))
        self.row_selected.emit(kind, n)

    def seek_row(self, kind: str, t: float) -> None:
        """Show the instant of a row; of an error the last picture before it."""
        self.playhead.seek(t - 1.0 if kind == "errors" else t)

    def play_row(self, t: float) -> None:
        """Play from shortly before a row."""
        self.playhead.seek(t - LEAD_MS)
        self.playhead.play()

    def add_note(self, note: Note) -> None:
        """Ask for a note to be added."""
        self.note_asked.emit(note)

    def _set_cause(self, cause: Cause | None) -> None:
        self.cause = cause
        self.cause_changed.emit()
