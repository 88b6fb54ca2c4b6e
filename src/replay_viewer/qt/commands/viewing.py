"""Commands about what is shown: panels, the DOM, the look, the palette, the keys."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog, QMessageBox

from replay_viewer.domain.errors import UserError
from replay_viewer.library import Library
from replay_viewer.qt.actions import ACTIONS, PANEL_IDS, pretty
from replay_viewer.qt.commands.base import CommandBase
from replay_viewer.qt.keysheet import KeySheet
from replay_viewer.qt.palette import Entry, Palette
from replay_viewer.qt.theme import theme
from replay_viewer.qt.wording import one_line, session_line

if TYPE_CHECKING:
    pass


class ViewCommands(CommandBase):
    """Panels and looks."""

    def pick_element(self) -> None:
        """Pick an element of the page with the mouse; once more leaves it."""
        picking = self.dom.pick.isChecked()
        self._panel("dom")
        self.dom.set_picking(not picking)

    def toggle_marks(self) -> None:
        """Mark on the page what is not in the recording (images, frames, masked text…), or not."""
        self.window.stage.show_marks(not self.window.stage.marks)
        self.window.actions_table.action("marks").setChecked(self.window.stage.marks)

    def mark_a(self) -> None:
        """Compare the page from this instant."""
        self._mark("A")

    def mark_b(self) -> None:
        """Compare the page with this instant."""
        self._mark("B")

    def _mark(self, name: str) -> None:
        self.playhead.pause()
        self._panel("dom")
        self.dom.tabs.setCurrentWidget(self.dom.compare)
        self.dom.compare.mark(name)

    def full_screen(self) -> None:
        """Full screen, or back."""
        self.window.setWindowState(self.window.windowState() ^ self.window.full_screen_state)

    def switch_theme(self) -> None:
        """Dark when light, light when dark."""
        theme().force("light" if theme().scheme == "dark" else "dark")

    def choose_maps(self) -> None:
        """Ask for the folder with source maps."""
        name = QFileDialog.getExistingDirectory(self.window, "Folder with source maps", self._folder())
        if name:
            self.context.maps = Path(name)
            self.context.maps_changed.emit()

    def reset_layout(self) -> None:
        """The docks as they were at first."""
        self.window.reset_layout()

    def show_palette(self) -> None:
        """Everything that can be done now, sessions and rows, by a few letters."""
        table = self.window.actions_table
        entries = [
            Entry(
                action.text.rstrip("…"), partial(table.run, action.id), pretty(action.keys[0]) if action.keys else ""
            )
            for action in ACTIONS
            if action.id != "palette" and self.allows(action.when)
        ]
        Palette(entries, self.window, self._find).show()

    def _find(self, text: str, give: Callable[[list[Entry]], None]) -> None:
        """Sessions and rows of the library that hold a text."""

        def look(library: Library) -> list[tuple[str, str, str, int, float]]:
            found = [(one.id, f"{one.facts.user.label} · {session_line(one)}", "", -1, 0.0)
                     for one in library.sessions(text, limit=8)]  # fmt: skip
            for hit in library.search(text, limit=20):
                t = library.row(hit.session, hit.kind, hit.n).t
                found.append((hit.session, one_line(hit.text, 90), hit.kind, hit.n, t))
            return found

        def done(found: list[tuple[str, str, str, int, float]]) -> None:
            give([
                Entry(line, partial(self.open_found, session, kind, n, t), f"{kind or 'session'} {session[:8]}")
                for session, line, kind, n, t in found
            ])  # fmt: skip

        # What is typed on the way to a query may be none yet: nothing is found then.
        self.context.tasks.read(look, done, lambda _error: give([]), key="palette")

    def open_found(self, session: str, kind: str, n: int, t: float) -> None:
        """Open a session, or go to a row of it."""
        opened = self.context.opened
        if kind and opened is not None and opened.id == session:
            if kind in PANEL_IDS:
                self._panel(kind)
            self.context.select(kind, n)
            self.context.seek_row(kind, t)
        else:
            self.window.opener.open_session(session, f"{t:.0f}" if kind else "")

    def show_keys(self) -> None:
        """The sheet of keys."""
        KeySheet(self.window).show()

    def delete_session(self, session_id: str) -> None:
        """Ask, then remove a session from the library."""
        box = QMessageBox(self.window)
        box.setTextFormat(box.textFormat().PlainText)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setText("Delete this session from the library?")
        box.setInformativeText("Its recording and its notes are removed from this machine.")
        box.setStandardButtons(QMessageBox.StandardButton.Cancel)
        delete = box.addButton("Delete", QMessageBox.ButtonRole.DestructiveRole)
        box.exec()
        if box.clickedButton() is not delete:
            return
        self.remove_session(session_id)

    def remove_session(self, session_id: str) -> None:
        """Remove a session from the library, beside the window: a million rows take seconds."""
        if self.context.opened is not None and self.context.opened.id == session_id:
            self.window.close_session()

        def work(library: Library) -> None:
            from replay_viewer.services.segments import forget  # the sources' HTTP client: not needed to start

            forget(library, session_id)
            library.delete(session_id)

        def ended() -> None:
            if not self.window.opener.importing:
                self.window.progress.end()
            self.window.queue.reload()

        def failed(error: UserError) -> None:
            ended()
            self.window.messages.say(error.message, error.advice, "failed", partial(self.remove_session, session_id))

        if not self.window.opener.importing:
            self.window.progress.begin("Deleting the session", cancel=False)  # gone at once, or not at all
        self.window.opener.network.read(work, lambda _done: ended(), failed, key=f"delete-{session_id}")
