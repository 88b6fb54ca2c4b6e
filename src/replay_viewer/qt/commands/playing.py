"""Commands about time: play, step, tabs, ranges, lanes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QInputDialog

from replay_viewer.analysis.frustration import Thresholds
from replay_viewer.domain.errors import UserError
from replay_viewer.qt.commands.base import CommandBase
from replay_viewer.qt.frustration import ThresholdDialog
from replay_viewer.qt.lanes.table import LaneTable
from replay_viewer.qt.typedtime import typed_time
from replay_viewer.services import frustration, inactivity

if TYPE_CHECKING:
    pass


class PlayCommands(CommandBase):
    """The playhead, ranges, tabs and lanes."""

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
        """Ask for a time as people write it, where the present one stands."""
        self.window.transport.begin_typing()

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
        self.window.transport.end_typing()
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
