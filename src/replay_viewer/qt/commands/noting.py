"""Commands about evidence: notes, pictures, links, the incident note, what leaves."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from replay_viewer.domain.errors import UserError
from replay_viewer.domain.links import SessionLink
from replay_viewer.domain.rows import summary
from replay_viewer.domain.session import Note
from replay_viewer.qt.commands.base import CommandBase
from replay_viewer.qt.wording import one_line

if TYPE_CHECKING:
    pass


class NoteCommands(CommandBase):
    """Notes and evidence."""

    def add_evidence(self) -> None:
        """The selected row becomes evidence, with its instant."""
        opened, selected = self.context.opened, self.context.selected
        assert opened is not None
        assert selected is not None
        kind, n = selected
        row = opened.row(kind, n)
        if any(note.kind == kind and note.row == n for note in opened.notes):
            self.window.messages.say("This row is evidence already.", one_line(summary(row), 120), "info")
            return
        text = one_line(summary(row), 200)
        if not self._noted(Note(id="", session="", t=row.t, tab=max(row.tab, 0), kind=kind, row=n, text=text)):
            return
        self.window.messages.say("Added to the evidence.", one_line(summary(row), 120), "info")

    def bookmark(self) -> None:
        """A note without text."""
        if not self._noted(Note(id="", session="", t=self.playhead.t, tab=self.window.stage.tab)):
            return
        self.window.messages.say(f"Bookmarked {self.playhead.text(self.playhead.t)}.", "", "info")

    def comment(self) -> None:
        """Write a note on this instant, or on the picked range."""
        self.playhead.pause()
        self._panel("notes")
        self.notes.begin()

    def screenshot(self) -> None:
        """A picture of the page into the clipboard and a file of the library folder."""
        opened = self.context.opened
        assert opened is not None
        folder = opened.library.home / "screenshots"
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        target = folder / f"{opened.id[:12]}-{stamp}.png"

        def done(image: QImage) -> None:
            QApplication.clipboard().setImage(image)
            try:
                folder.mkdir(parents=True, exist_ok=True)
                saved = image.save(str(target))
            except OSError:
                saved = False
            if saved:
                self.window.messages.say("Screenshot copied.", f"Also saved as {target}", "info")
            else:
                self.window.messages.say("Screenshot copied, but it could not be saved.", str(target), "warning")

        self.window.stage.picture(done)

    def copy_link(self) -> None:
        """A link that opens this session at this instant in this program."""
        opened = self.context.opened
        assert opened is not None
        seconds = (self.playhead.t - opened.session.start) / 1000.0
        QApplication.clipboard().setText(str(SessionLink(opened.id, seconds)))
        self.window.messages.say(
            "Link copied.", f"It opens this session at {self.playhead.text(self.playhead.t)}.", "info"
        )

    def copy_source_link(self) -> None:
        """The address of this session at its source, with this instant."""
        link, opened = self._at_source(), self.context.opened
        QApplication.clipboard().setText(link)
        timed = opened is not None and link != opened.session.origin
        at = f" at {self.playhead.text(self.playhead.t)}" if timed else ", at its start"
        self.window.messages.say("The source’s link is copied.", f"It opens this session there{at}.", "info")

    def incident_note(self) -> None:
        """Compose the incident note."""
        self.window.compose()

    def send_note(self) -> None:
        """Compose the incident note and ask where to send it."""
        self.window.compose()
        if self.window.composer is not None:
            self.window.composer.send_soon()

    def redact_session(self) -> None:
        """Look at what goes, ask, then rewrite the open session without it."""
        from replay_viewer.qt.rewriting import Rewriting  # redaction and templates: not needed to start

        Rewriting(self.context, self.window).begin()

    def export_clip(self, format: str = "") -> None:
        """A clip of the range, else of what led to the first error; `format` is chosen beforehand."""
        from replay_viewer.qt.clipdialog import ClipDialog  # what renders: not needed to start

        try:
            dialog = ClipDialog(self.context, self.window.stage.tab, self.window, format=format)
        except UserError as error:
            self.window.messages.say(error.message, error.advice, "warning")
            return
        dialog.exported.connect(
            lambda path: self.window.messages.say(f"Saved {Path(path).name}.", str(Path(path).parent), "info")
        )
        dialog.show()  # the page stays within reach: what to remove is picked in it

    def undo(self) -> None:
        """Take the last change of notes back."""
        self.notes.undo_stack.undo()

    def redo(self) -> None:
        """Do it again."""
        self.notes.undo_stack.redo()

    def _noted(self, note: Note) -> bool:
        """Add a note; whether the library took it (it says so itself when it does not)."""
        opened = self.context.opened
        before = len(opened.notes) if opened is not None else 0
        self.context.add_note(note)
        return opened is not None and len(opened.notes) > before
