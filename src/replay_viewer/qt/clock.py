"""The one clock: the playhead everything observes, the picked range, the way back.

Two instants are told apart. `target` is what was asked for last; `t` is what is shown. They differ while the player
works on a seek, and the time label follows `t`, so it never claims an instant that is not on the screen.

playhead = anchor + (monotonic − anchor) × speed. A player drives the clock by `report`; without one (none yet, or it
died) the playhead runs by itself, so that lanes and lists stay usable.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from datetime import UTC, tzinfo

from PySide6.QtCore import QObject, QTimer, Signal

from replay_viewer.domain.time import offset
from replay_viewer.qt.wording import TimeStyle, is_utc, wall, zone_label, zone_named

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
_TICK_MS = 33
_BACK_LIMIT = 200


class Playhead(QObject):
    """The current instant of the open session. Times are epoch ms."""

    moved = Signal(float)  #: the instant shown changed
    reported = Signal()  #: the player has shown a picture
    sought = Signal(float)  #: somebody asked for an instant; the player answers by `report`
    playing_changed = Signal(bool)
    speed_changed = Signal(float)
    span_changed = Signal()  #: start or end changed (another session, or an import that grows)
    range_changed = Signal()
    style_changed = Signal()  #: offset, UTC, the customer's zone or mine
    skipped = Signal(float, float)  #: idle time jumped over: from, to
    loop_changed = Signal()
    idle_changed = Signal()  #: other stretches count as idle

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.start = self.end = self.t = self.target = 0.0
        self.playing = False
        self.speed = 1.0
        self.skip_idle = True
        self.idle: list[tuple[float, float]] = []
        self.loop = False
        self.last_skip: tuple[float, float] | None = None  #: the gap jumped over last: where it begins, where it ends
        self._looking: tuple[float, float] | None = None  #: a gap somebody wants to see
        self._jump: float | None = None  #: where a skip is on its way to
        self._rewind: float | None = None  #: play went back: reports from here on are of before
        self.range: tuple[float, float] | None = None
        self.style: TimeStyle = "offset"
        self.zone_name = ""
        self.driven = False
        self._ranges: list[tuple[float, float]] = []
        self._back: list[float] = []
        self._anchor = (0.0, 0.0)
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)

    # the session

    def load(self, start: float, end: float, idle: list[tuple[float, float]], zone_name: str = "") -> None:
        """Begin a session that lasts from `start` to `end`; the playhead stands at the start, paused."""
        self.pause()
        self.start, self.end = start, max(start, end)
        self.idle = idle
        self.zone_name = zone_name
        if self.style == "customer" and zone_named(zone_name) is None:
            self.style = "offset"
        self.t = self.target = start
        self._back.clear()
        self._ranges.clear()
        self.range = None
        self.loop = False
        self.last_skip = self._looking = self._jump = self._rewind = None
        self.span_changed.emit()
        self.range_changed.emit()
        self.moved.emit(self.t)

    def grow(self, end: float, idle: list[tuple[float, float]]) -> None:
        """An import went on: the session now ends at `end`."""
        self.end = max(self.end, end)
        self.idle = idle
        self.span_changed.emit()

    # seeking

    def seek(self, t: float, *, remember: bool = True) -> None:
        """Go to `t` (clamped to the session). `remember` puts the present place on the way back."""
        t = min(max(t, self.start), self.end)
        self._jump = self._rewind = None
        if self._looking is not None and not self._looking[0] <= t < self._looking[1]:
            self._looking = None
        if remember and abs(t - self.t) > 500:
            self._back.append(self.t)
            del self._back[:-_BACK_LIMIT]
        self.target = t
        self._anchor = (time.monotonic(), t)
        self.sought.emit(t)
        if not self.driven:
            self._show(t)

    def step(self, ms: float) -> None:
        """Move by `ms` from what was asked for last, so that ten presses of a key are ten steps."""
        self.seek(self.target + ms, remember=False)

    def back(self) -> bool:
        """Return to where the playhead was before the last jump. False when there is nowhere to go."""
        if not self._back:
            return False
        self.seek(self._back.pop(), remember=False)
        return True

    @property
    def can_go_back(self) -> bool:
        """Whether `back` has somewhere to go."""
        return bool(self._back)

    def report(self, t: float) -> None:
        """The player shows `t` now."""
        self.reported.emit()
        if self.playing:
            if self._jump is not None:
                if t < self._jump - 1.0 and self.driven:
                    return  # still from before the gap
                self._jump = None
            if self._rewind is not None:
                if t >= self._rewind - 1.0 and self.driven:
                    return
                self._rewind = None
            if self._looking is not None and t >= self._looking[1]:
                self._looking = None
            self.target = t
            if gap := self._gap_at(t):
                self._skip(gap)
                return
            if t >= self.stop:
                self._show(t)
                self.reach_end()
                return
        self._show(t)

    @property
    def looping(self) -> tuple[float, float] | None:
        """The range that is played over and over, when the playhead is in it."""
        if not self.loop or self.range is None:
            return None
        return self.range if self.range[0] - 1.0 <= self.target <= self.range[1] + 1.0 else None

    @property
    def stop(self) -> float:
        """Where play ends or begins again."""
        return self.looping[1] if self.looping else self.end

    def reach_end(self) -> None:
        """What is played has come to its end: begin the loop again, else pause."""
        looped = self.looping
        if not self.playing or looped is None:
            self.pause()
            return
        self.seek(looped[0], remember=False)
        self._rewind = looped[1]
        self.playing_changed.emit(True)  # the player has stopped by itself

    def set_loop(self, loop: bool) -> None:
        """Play the picked range over and over, or not; switched on it begins at the range's start."""
        if loop == self.loop:
            return
        self.loop = loop
        if loop and self.range is not None and not self.range[0] <= self.target < self.range[1]:
            self.seek(self.range[0])
        self.loop_changed.emit()

    # idle time

    def set_idle(self, idle: list[tuple[float, float]]) -> None:
        """Other stretches count as idle from now on."""
        self.idle = idle
        self.idle_changed.emit()

    @property
    def has_gap(self) -> bool:
        """Whether there is an idle stretch to look into: here, or skipped before."""
        return self.last_skip is not None or self._gap_at(self.target, always=True) is not None

    def look_into_gap(self) -> bool:
        """Play the idle stretch the playhead stands in, or the one skipped last, from its start, without skipping.

        False when there is none.
        """
        here = self._gap_at(self.target, always=True)
        gap = here
        if gap is None and self.last_skip is not None:
            gap = self._gap_at(self.last_skip[0], always=True)
        if gap is None:
            return False
        self._looking = gap
        self.seek(gap[0])
        self._rewind = gap[1]
        self.play()
        return True

    # playing

    def play(self) -> None:
        """Run from the present instant; from the start when it stands at the end."""
        if self.playing or self.end <= self.start:
            return
        if self.t >= self.end - 1:
            self.seek(self.start, remember=False)
        self.playing = True
        self._anchor = (time.monotonic(), self.target)
        if not self.driven:
            self._timer.start()
        self.playing_changed.emit(True)

    def pause(self) -> None:
        """Stop at the instant shown."""
        if not self.playing:
            return
        self.playing = False
        self._timer.stop()
        self.playing_changed.emit(False)

    def toggle(self) -> None:
        """Play when paused, pause when playing."""
        if self.playing:
            self.pause()
        else:
            self.play()

    def set_speed(self, speed: float) -> None:
        """Play `speed` times as fast as it happened."""
        if speed == self.speed:
            return
        self._anchor = (time.monotonic(), self.t)
        self.speed = speed
        self.speed_changed.emit(speed)

    def change_speed(self, steps: int) -> None:
        """The next faster (1) or slower (-1) speed."""
        at = max(0, bisect_right(SPEEDS, self.speed) - 1)
        self.set_speed(SPEEDS[min(max(at + steps, 0), len(SPEEDS) - 1)])

    def set_driven(self, driven: bool) -> None:
        """Whether a player reports instants; without one the playhead runs by itself."""
        if driven == self.driven:
            return
        self.driven = driven
        self._anchor = (time.monotonic(), self.t)
        if driven:
            self._timer.stop()
        else:
            if self.target != self.t:
                self._show(self.target)
            if self.playing:
                self._timer.start()

    # the range

    def set_range(self, start: float, end: float) -> None:
        """Pick a range (in either order, clamped); the one before becomes a step to climb back to."""
        low, high = sorted((min(max(start, self.start), self.end), min(max(end, self.start), self.end)))
        if high - low < 1.0 or self.range == (low, high):
            return
        if self.range is not None:
            self._ranges.append(self.range)
        self.range = (low, high)
        self.range_changed.emit()

    def begin_range(self) -> None:
        """The range begins at the playhead (key `[`)."""
        end = self.range[1] if self.range and self.range[1] > self.t else self.end
        self.set_range(self.t, end)

    def end_range(self) -> None:
        """The range ends at the playhead (key `]`)."""
        start = self.range[0] if self.range and self.range[0] < self.t else self.start
        self.set_range(start, self.t)

    @property
    def range_path(self) -> list[tuple[float, float]]:
        """The ranges that lead to the one picked, the widest first."""
        return [*self._ranges, self.range] if self.range is not None else []

    def restore_ranges(self, path: list[tuple[float, float]]) -> None:
        """Pick the last of these ranges, the others being the steps to climb back to; none leaves all of them."""
        self._ranges, self.range = list(path[:-1]), (path[-1] if path else None)
        if self.range is None:
            self.set_loop(False)
        self.range_changed.emit()

    def leave_range(self) -> None:
        """Climb out: to the range before this one, at last to the whole session."""
        if self.range is None:
            return
        self.range = self._ranges.pop() if self._ranges else None
        if self.range is None:
            self.set_loop(False)
        self.range_changed.emit()

    # reading times

    def set_style(self, style: TimeStyle) -> None:
        """How times are read from now on."""
        if style == "customer" and self.zone is None:
            style = "utc"
        self.style = style
        self.style_changed.emit()

    @property
    def zone(self) -> tzinfo | None:
        """The customer's time zone, when the recording says it."""
        return zone_named(self.zone_name)

    def text(self, t: float) -> str:
        """`t` in the style picked, with tenths: `0:33.0` or `20:19:40.5`."""
        match self.style:
            case "utc":
                return wall(t, UTC)
            case "customer":
                return wall(t, self.zone or UTC)
            case "mine":
                return wall(t, None)
            case _:
                return offset(t - self.start)

    def other_text(self, t: float) -> str:
        """The same instant in the other readings: `20:19:40.5 UTC · 05:19:40.5 Tokyo`."""
        parts = [f"{wall(t, UTC)} UTC"]
        if self.zone is not None and not is_utc(self.zone_name):
            parts.append(f"{wall(t, self.zone)} {zone_label(self.zone_name)}")
        if self.style != "offset":
            parts.insert(0, offset(t - self.start))
        return " · ".join(parts)

    def _show(self, t: float) -> None:
        if t != self.t:
            self.t = t
            self.moved.emit(t)

    def _gap_at(self, t: float, *, always: bool = False) -> tuple[float, float] | None:
        """The idle stretch that `t` lies in and that is to be skipped (`always`: that there is)."""
        if not self.skip_idle and not always:
            return None
        at = bisect_right(self.idle, (t, float("inf"))) - 1
        if at < 0:
            return None
        start, end = self.idle[at]
        if not start <= t < end - 500 or (not always and self._looking == (start, end)):
            return None
        return start, end

    def _skip(self, gap: tuple[float, float]) -> None:
        begin, end = max(gap[0], self.t if gap[0] <= self.t <= gap[1] else gap[0]), gap[1]
        if (looped := self.looping) is not None and end >= looped[1]:
            self.reach_end()
            return
        self.last_skip = (begin, end)
        self._looking = None
        self.seek(end, remember=False)
        self._jump = end
        self.skipped.emit(begin, end)

    def _tick(self) -> None:
        since, anchor = self._anchor
        t = min(anchor + (time.monotonic() - since) * 1000.0 * self.speed, self.stop)
        self.report(t)
