"""What the actions do: one method per handler name of the table, for one window."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog, QMessageBox

from replay_viewer.analysis.frustration import Thresholds
from replay_viewer.domain.errors import UserError
from replay_viewer.domain.links import SessionLink
from replay_viewer.domain.pulled import Attached
from replay_viewer.domain.rows import summary
from replay_viewer.domain.session import Note
from replay_viewer.library import Library
from replay_viewer.qt.actions import ACTIONS, PANEL_IDS, pretty
from replay_viewer.qt.attached import OffsetChange
from replay_viewer.qt.frustration import ThresholdDialog
from replay_viewer.qt.keysheet import KeySheet
from replay_viewer.qt.lanes.table import LaneTable
from replay_viewer.qt.palette import Entry, Palette
from replay_viewer.qt.panels.dom import DomPanel
from replay_viewer.qt.panels.notes import NotesPanel
from replay_viewer.qt.theme import theme
from replay_viewer.qt.typedtime import ADVICE, typed_time
from replay_viewer.qt.wording import one_line, session_line
from replay_viewer.services import attach, evidence, frustration, inactivity
from replay_viewer.services.asset_health import SETTING as ASSETS

if TYPE_CHECKING:
    from replay_viewer.qt.window import Window

_RECORDINGS = "Recordings (*.json *.jsonl *.ndjson *.gz *.zst *.replay *.bin *.txt *.har);;All files (*)"


class Commands(QObject):
    """The handler object of the table of actions."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.window = window
        self.context = window.context
        self.playhead = window.context.playhead
        for at, name in enumerate(PANEL_IDS, 1):
            setattr(self, f"panel_{at}", lambda name=name: self._panel(name))

    @property
    def notes(self) -> NotesPanel:
        """The notes panel."""
        panel = self.window.panels.panels["notes"]
        assert isinstance(panel, NotesPanel)
        return panel

    def allows(self, when: str) -> bool:
        """Whether a condition of the table holds."""
        opened = self.context.opened
        match when:
            case "always":
                return True
            case "undo":
                return self.notes.undo_stack.canUndo()
            case "redo":
                return self.notes.undo_stack.canRedo()
            case "errors":
                return opened is not None and len(opened.error_times()) > 0
            case "row":
                return opened is not None and self.context.selected is not None
            case "source":
                return self.window.opener.can_refresh
            case "origin":
                return opened is not None and self._at_source() != ""
            case "range":
                return opened is not None and self.playhead.range is not None
            case "tabs":
                return opened is not None and len(opened.session.tabs) > 1
            case "found":
                return opened is not None and self.window.find_bar.isVisible()
            case "gap":
                return opened is not None and self.playhead.has_gap
            case "back":
                return opened is not None and self.playhead.can_go_back
            case _:
                return opened is not None

    # sessions

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
        text, given = QInputDialog.getText(self.window, "Attach to this session", "URL of the session to attach")
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

    # playing

    def toggle_play(self) -> None:
        """Play or pause."""
        self.playhead.toggle()

    def forward(self) -> None:
        """5 s on."""
        self.playhead.step(5_000)

    def rewind(self) -> None:
        """5 s back."""
        self.playhead.step(-5_000)

    def forward_second(self) -> None:
        """1 s on."""
        self.playhead.step(1_000)

    def rewind_second(self) -> None:
        """1 s back."""
        self.playhead.step(-1_000)

    def next_event(self) -> None:
        """To the next event of the recording that changes what is seen."""
        self.window.stage.step_event(1)

    def previous_event(self) -> None:
        """To the event before."""
        self.window.stage.step_event(-1)

    def next_row(self) -> None:
        """To the next row of the activity list."""
        self._row(1)

    def previous_row(self) -> None:
        """To the row before."""
        self._row(-1)

    def _row(self, direction: int) -> None:
        t = self.window.activity.step(self.playhead.target, direction)
        if t is not None:
            self.playhead.pause()
            self.playhead.seek(t, remember=False)

    def next_error(self) -> None:
        """To the error after the present instant."""
        self._error(1)

    def previous_error(self) -> None:
        """To the error before the present instant."""
        self._error(-1)

    def _error(self, direction: int) -> None:
        opened = self.context.opened
        assert opened is not None
        times = opened.error_times()
        here = self.playhead.target + 1.0  # an error is shown by the picture just before it
        if direction > 0:
            at = int(np.searchsorted(times, here + 0.5, side="right"))
        else:
            at = int(np.searchsorted(times, here - 0.5, side="left")) - 1
        if not 0 <= at < len(times):
            return
        self.playhead.pause()
        self._panel("errors")
        self.context.select("errors", at)
        self.context.seek_row("errors", float(times[at]))
        self.window.lanes.reveal(float(times[at]))

    def faster(self) -> None:
        """The next speed."""
        self.playhead.change_speed(1)

    def slower(self) -> None:
        """The speed before."""
        self.playhead.change_speed(-1)

    def toggle_skip(self) -> None:
        """Skip idle time while playing, or not."""
        self.playhead.skip_idle = not self.playhead.skip_idle
        self.window.transport.refresh()

    def look_into_gap(self) -> None:
        """Play the idle time just skipped."""
        self.playhead.look_into_gap()

    def ask_threshold(self) -> None:
        """From how many seconds without input and visible change time counts as idle."""
        now = inactivity.threshold(self.context.library)
        seconds, given = QInputDialog.getDouble(
            self.window, "Idle time", "Seconds without input and visible change:", now, 2.0, 3600.0, 0
        )
        if given:
            self.set_threshold(seconds)

    def set_threshold(self, seconds: float) -> None:
        """Other stretches count as idle from now on."""
        try:
            inactivity.set_threshold(self.context.library, seconds)
        except UserError as error:
            self.window.messages.say(error.message, error.advice, "warning")
            return
        if (opened := self.context.opened) is not None:
            opened.idle = opened.trails.idle(seconds)
            self.playhead.set_idle(opened.idle)
            self.window.show_lanes()

    def next_tab(self) -> None:
        """Pin the next tab."""
        self.window.stage.step_tab(1)

    def previous_tab(self) -> None:
        """Pin the tab before."""
        self.window.stage.step_tab(-1)

    def follow_tab(self) -> None:
        """Show the tab in use, or stay."""
        self.window.stage.toggle_follow()

    def frustration_thresholds(self) -> None:
        """What counts as a rage click, a dead click and the like."""
        dialog = ThresholdDialog(frustration.thresholds(self.context.library), self.window)
        if dialog.exec() == ThresholdDialog.DialogCode.Accepted:
            self.set_frustration(dialog.thresholds())
        dialog.deleteLater()

    def set_frustration(self, limits: Thresholds) -> None:
        """Look for signals anew, with other thresholds."""
        try:
            frustration.set_thresholds(self.context.library, limits)
        except UserError as error:
            self.window.messages.say(error.message, error.advice, "warning")
            return
        self.window.activity.finder.look()

    def toggle_loop(self) -> None:
        """Play the range over and over, or not."""
        self.playhead.set_loop(not self.playhead.loop)

    def back(self) -> None:
        """To where the playhead was."""
        self.playhead.back()

    def go_to_time(self) -> None:
        """Ask for a time as people write it."""
        text, given = QInputDialog.getText(self.window, "Go to a time", ADVICE)
        if given and text.strip():
            self.go_to(text)

    def go_to(self, text: str) -> bool:
        """Go to a typed time, read as times are shown; says so when it is none. Returns whether it went."""
        playhead = self.playhead
        try:
            t = typed_time(
                text,
                start=playhead.start,
                end=playhead.end,
                now=playhead.target,
                style=playhead.style,
                zone=playhead.zone,
            )
        except UserError as error:
            self.window.messages.say(error.message, error.advice, "warning")
            return False
        playhead.pause()
        playhead.seek(t)
        self.window.lanes.reveal(t)
        return True

    def range_in(self) -> None:
        """The range begins here."""
        self.playhead.begin_range()

    def range_out(self) -> None:
        """The range ends here."""
        self.playhead.end_range()

    def leave_range(self) -> None:
        """Climb out of the range."""
        self.playhead.leave_range()

    def lanes_zoom_in(self) -> None:
        """Closer."""
        self.window.lanes.zoom(1.5)

    def lanes_zoom_out(self) -> None:
        """Further."""
        self.window.lanes.zoom(1 / 1.5)

    def lanes_left(self) -> None:
        """Earlier."""
        self.window.lanes.pan_screens(-0.2)

    def lanes_right(self) -> None:
        """Later."""
        self.window.lanes.pan_screens(0.2)

    def lanes_table(self) -> None:
        """Every mark as a row."""
        lanes = self.window.lanes
        LaneTable(self.context, lanes.data, lanes.visible_lanes(), self.window).show()

    def lanes_menu(self) -> None:
        """Which lanes show."""
        lanes = self.window.lanes
        menu = lanes.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(lanes.mapToGlobal(lanes.rect().topLeft()))

    def toggle_pointer(self) -> None:
        """Draw what the person pointed at, or not."""
        on = not self.window.stage.pointer_shown
        self.window.stage.show_pointer(on)
        self.window.settings.setValue("pointer", on)
        self.window.messages.say(f"Pointer, clicks and touches are {'drawn' if on else 'not drawn'}.", "", "info")

    def toggle_thumbnails(self) -> None:
        """Small pictures above the lanes, or not."""
        self.window.show_thumbnails(not self.window.thumbnails.on)

    def lanes_all(self) -> None:
        """The whole session."""
        self.window.lanes.show_all()

    # notes

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

    def _noted(self, note: Note) -> bool:
        """Add a note; whether the library took it (it says so itself when it does not)."""
        opened = self.context.opened
        before = len(opened.notes) if opened is not None else 0
        self.context.add_note(note)
        return opened is not None and len(opened.notes) > before

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
        QApplication.clipboard().setText(self._at_source())
        self.window.messages.say(
            "The source’s link is copied.",
            f"It opens this session there at {self.playhead.text(self.playhead.t)}.",
            "info",
        )

    def _at_source(self) -> str:
        """Where the session came from, at this instant; '' for one that came from a file."""
        opened = self.context.opened
        found = evidence.links(opened.session, self.playhead.t) if opened is not None else []
        return next((link.url for link in found if link.label == "Recording"), "")

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

    # view

    def _panel(self, name: str) -> None:
        self.window.panel_dock.show()
        self.window.panels.show_panel(name)

    @property
    def dom(self) -> DomPanel:
        """The DOM panel."""
        panel = self.window.panels.panels["dom"]
        assert isinstance(panel, DomPanel)
        return panel

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
        if self.context.opened is not None and self.context.opened.id == session_id:
            self.window.close_session()
        try:
            from replay_viewer.services.segments import forget  # the sources' HTTP client: not needed to start

            forget(self.context.library, session_id)
            self.context.library.delete(session_id)
        except UserError as error:
            self.window.messages.say(error.message, error.advice)
        self.window.queue.reload()

    def _folder(self) -> str:
        return str(self.window.settings.value("folder", str(Path.home())))

    def _remember_folder(self, folder: Path) -> None:
        self.window.settings.setValue("folder", str(folder))
