"""Commands about sessions: open, refresh, attach, keep, follow, delete."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog

from replay_viewer.domain.errors import UserError
from replay_viewer.domain.pulled import Attached
from replay_viewer.library import Library
from replay_viewer.qt.attached import OffsetChange
from replay_viewer.qt.commands.base import CommandBase
from replay_viewer.qt.widgets import ask_line
from replay_viewer.services import attach
from replay_viewer.services.asset_health import SETTING as ASSETS

if TYPE_CHECKING:
    pass

_RECORDINGS = "Recordings (*.json *.jsonl *.ndjson *.gz *.zst *.replay *.bin *.txt *.har);;All files (*)"


class SessionCommands(CommandBase):
    """Sessions of the library and of sources."""

    def open_file(self) -> None:
        """Ask for recordings; a single bundle is looked at without importing it, as a double click does."""
        names, _ = QFileDialog.getOpenFileNames(self.window, "Open recordings", self._folder(), _RECORDINGS)
        if names:
            self._remember_folder(Path(names[0]).parent)
            self.window.open_targets(names)

    def open_folder(self) -> None:
        """Ask for a folder whose pieces make one or more sessions."""
        name = QFileDialog.getExistingDirectory(self.window, "Open a folder of recordings", self._folder())
        if name:
            self._remember_folder(Path(name))
            self.window.opener.open_paths([Path(name)])

    def focus_box(self) -> None:
        """Into the one box."""
        self.window.top.box.setFocus()
        self.window.top.box.selectAll()

    def find_on_page(self) -> None:
        """Find a text on the page, at any time of the session."""
        self.window.find_bar.begin()

    def find_next(self) -> None:
        """The next time the text was on the page."""
        self.window.find_bar.step(1)

    def find_previous(self) -> None:
        """The time before."""
        self.window.find_bar.step(-1)

    def connections(self) -> None:
        """Backends and their tokens."""
        self.edit_connection(None)

    def edit_connection(self, name: str | None) -> None:
        """One of them by its name, '' for a new one, None for the first."""
        from replay_viewer.qt.connections import ConnectionsDialog  # not needed to start

        dialog = ConnectionsDialog(self.context.library.home, self.window.opener.network, self.window)
        dialog.changed.connect(self.window.sources.reload)
        dialog.open()
        if name is not None:
            dialog.show_one(name)

    def browse_sources(self, name: str = "") -> None:
        """Sessions and issues as the connected backends list them; `name`: which of them first."""
        from replay_viewer.qt.remote import SourcesDialog  # not needed to start

        dialog = SourcesDialog(self.context.library.home, self.window.opener.network, self.window, name)
        dialog.open_asked.connect(self.window.opener.open_url)
        dialog.connections_asked.connect(self.connections)
        dialog.source_answered.connect(self.window.opener.reached)
        dialog.open()

    def next_session(self) -> None:
        """The next one of the queue."""
        self._neighbour(1)

    def previous_session(self) -> None:
        """The one before."""
        self._neighbour(-1)

    def close_session(self) -> None:
        """Nothing open."""
        self.window.close_session()

    def refresh_session(self) -> None:
        """Ask the source for more."""
        self.window.opener.refresh()

    def attach_files(self) -> None:
        """Ask for files whose rows go on this session's timeline."""
        names, _ = QFileDialog.getOpenFileNames(self.window, "Attach to this session", self._folder(), _RECORDINGS)
        if names:
            self._remember_folder(Path(names[0]).parent)
            self.window.opener.attach([Path(name) for name in names])

    def attach_url(self) -> None:
        """Ask for a URL whose session's rows go on this session's timeline."""
        text, given = ask_line(self.window, "Attach to this session", "URL of the session to attach")
        if given and text.strip():
            self.window.opener.attach([], text.strip())

    def capture_assets(self) -> None:
        """Fetch the style sheets, fonts and images the page refers to, and show them."""
        self.window.opener.capture()

    def capture_private_assets(self) -> None:
        """The same, from hosts in private networks too."""
        self.window.opener.capture(private=True)

    def toggle_assets(self) -> None:
        """Capture them with every pull from now on, or no longer."""
        on = not self.context.library.setting(ASSETS, False)
        self.context.library.put_setting(ASSETS, on)
        self.window.actions_table.action("assets-always").setChecked(on)
        words = "are captured with every pull" if on else "are captured when asked for only"
        self.window.messages.say(f"Style sheets, fonts and images of the page {words}.", "", "info")

    def set_clock(self, one: Attached, offset: float) -> None:
        """Let an attachment's rows lie `offset` ms later; undone like a note."""
        self.context.undo_stack.push(OffsetChange(self._set_clock, one, offset))

    def _set_clock(self, name: str, offset: float) -> None:
        opened = self.context.opened
        assert opened is not None
        self._change(lambda library: attach.set_offset(library, opened.id, name, offset))

    def detach(self, one: Attached) -> None:
        """Take an attachment's rows off the timeline."""
        opened = self.context.opened
        assert opened is not None
        self._change(lambda library: attach.detach(library, opened.id, one.name))

    def _change(self, work: Callable[[Library], object]) -> None:
        """Change the open session in the library, then show it as it is."""
        self.context.tasks.read(
            work,
            lambda _: self.window.opener.reread(),
            lambda error: self.window.messages.say(error.message, error.advice, "failed"),
            key="attached",
        )

    def keep_session(self, session_id: str, on: bool) -> None:
        """Protect a session from clean-up, or not."""
        try:
            self.context.library.extras.keep(session_id, on)
        except UserError as error:
            self.window.messages.say(error.message, error.advice)
        self.window.queue.reload()

    def toggle_live(self) -> None:
        """Follow the session while it is recorded, or stop that."""
        self.window.opener.set_live(not self.window.opener.live)

    def quit(self) -> None:
        """Close the window."""
        self.window.close()

    def _neighbour(self, direction: int) -> None:
        target = self.window.queue.neighbour(direction)
        if target is not None:
            self.window.opener.open_session(target)
