"""The axis of the lanes: which part of the session they show."""

from __future__ import annotations

from replay_viewer.qt.clock import Playhead

GUTTER = 128
_MIN_SPAN = 5.0


class Axis:
    """From `low` to `high` (epoch ms) on `width` pixels right of the gutter. Methods that move it return nothing."""

    def __init__(self, playhead: Playhead) -> None:
        self.playhead = playhead
        self.low, self.high = 0.0, 1.0
        self.width = 1.0

    def x_of(self, t: float) -> float:
        """Pixel of an instant."""
        return GUTTER + (t - self.low) / (self.high - self.low) * self.width

    def t_of(self, x: float) -> float:
        """Instant of a pixel."""
        return self.low + (x - GUTTER) / self.width * (self.high - self.low)

    @property
    def span(self) -> float:
        """Milliseconds that are visible."""
        return self.high - self.low

    def show_all(self) -> None:
        """The whole session."""
        first, last = self._ends()
        self.low, self.high = first, last

    def zoom(self, factor: float, at: float | None = None) -> None:
        """Zoom by `factor` (above 1: closer) around instant `at` (the playhead when it is visible)."""
        if at is None:
            at = self.playhead.t if self.low <= self.playhead.t <= self.high else (self.low + self.high) / 2
        first, last = self._ends()
        wide = min(max(self.span / factor, _MIN_SPAN), max(last - first, _MIN_SPAN))
        self.look(at - (at - self.low) / self.span * wide, wide)

    def look(self, low: float, wide: float) -> None:
        """Show `wide` ms from `low` on, as far as there is a session."""
        first, last = self._ends()
        wide = min(wide, last - first)
        self.low = min(max(low, first), last - wide)
        self.high = self.low + wide

    def _ends(self) -> tuple[float, float]:
        start, end = self.playhead.start, self.playhead.end
        pad = max((end - start) * 0.006, 20.0)
        return start - pad, max(end, start + 1000.0) + pad
