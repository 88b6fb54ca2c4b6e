"""Scrolls, resizes, drags and media: streams of events as one row per gesture."""

from __future__ import annotations

import msgspec

from replay_viewer.analysis.extract.context import Context
from replay_viewer.analysis.extract.selector import selector, short
from replay_viewer.analysis.extract.words import describe
from replay_viewer.domain.rows import Interaction, Row
from replay_viewer.recording.events import Incremental
from replay_viewer.recording.mirror import Mirror
from replay_viewer.recording.nodes import DOCUMENT

_SCROLL_PAUSE_MS, _RESIZE_PAUSE_MS, _DRAG_PAUSE_MS = 800.0, 1000.0, 1000.0
_MEDIA = {0: "started playing", 1: "paused"}


class _Gesture(msgspec.Struct):
    t: float
    n: int
    last: float
    id: int
    words: str
    selector: str
    x0: float
    y0: float
    x: float
    y: float


class GestureReader:
    """Scrolls, resizes, drags and media interactions of one tab."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._scroll: _Gesture | None = None
        self._resize: _Gesture | None = None
        self._drag: _Gesture | None = None
        self._at: dict[int, tuple[float, float]] = {}
        self._viewport = (0.0, 0.0)

    def page(self, width: float, height: float) -> None:
        """A new document (or a checkout): scroll positions start anew, the viewport is said."""
        self._at = {}
        if width and height:
            self._viewport = (width, height)

    def passed(self, t: float, everything: bool = False) -> list[Row]:
        """Rows of gestures that are over by instant `t`."""
        rows: list[Row] = []
        if self._scroll is not None and (everything or t - self._scroll.last > _SCROLL_PAUSE_MS):
            rows += self._end_scroll()
        if self._resize is not None and (everything or t - self._resize.last > _RESIZE_PAUSE_MS):
            rows += self._end_resize()
        if self._drag is not None and (everything or t - self._drag.last > _DRAG_PAUSE_MS):
            rows.append(self._row(self._drag, "drag", self._drag.words))
            self._drag = None
        return rows

    def finish(self) -> list[Row]:
        """What is in progress at the end."""
        return self.passed(0.0, everything=True)

    def scroll(self, t: float, n: int, data: Incremental, mirror: Mirror) -> list[Row]:
        """One Scroll event."""
        rows = self.passed(t)
        x, y = data.x or 0.0, data.y or 0.0
        gesture = self._scroll
        if gesture is not None and gesture.id != data.id:
            rows += self._end_scroll()
            gesture = None
        if gesture is None:
            node = mirror.nodes.get(data.id)
            if node is None or node.name == "input":
                return rows  # Text fields scroll with the caret.
            path = "" if node.kind == DOCUMENT else selector(node, mirror.nodes)
            words = "the page" if node.kind == DOCUMENT or node.name in ("html", "body") else short(path) or node.name
            x0, y0 = self._at.get(data.id, (0.0, 0.0))
            self._scroll = _Gesture(t, n, t, data.id, words, path, x0, y0, x, y)
        else:
            gesture.last, gesture.x, gesture.y = t, x, y
        self._at[data.id] = (x, y)
        return rows

    def resize(self, t: float, n: int, data: Incremental) -> list[Row]:
        """One ViewportResize event."""
        rows = self.passed(t)
        width, height = data.width or 0.0, data.height or 0.0
        if self._resize is None:
            self._resize = _Gesture(t, n, t, -1, "", "", *self._viewport, width, height)
        else:
            self._resize.last, self._resize.x, self._resize.y = t, width, height
        return rows

    def drag(self, t: float, n: int, data: Incremental, mirror: Mirror) -> list[Row]:
        """One Drag event: sampled positions while something is dragged."""
        rows = self.passed(t)
        if not data.positions:
            return rows
        first, last = data.positions[0], data.positions[-1]
        if self._drag is None:
            node = mirror.nodes.get(first.id)
            path = selector(node, mirror.nodes) if node is not None else ""
            what = describe(node, mirror.nodes, path) if node is not None else "something"
            start = t + min(0.0, first.timeOffset)
            self._drag = _Gesture(
                start, n, t, first.id, f"Dragged over {what}", path, first.x, first.y, last.x, last.y
            )
        else:
            self._drag.last, self._drag.x, self._drag.y = t, last.x, last.y
        return rows

    def media(self, t: float, n: int, data: Incremental, mirror: Mirror) -> list[Row]:
        """One MediaInteraction event: play and pause are rows, the rest is not."""
        node = mirror.nodes.get(data.id)
        if node is None or data.type not in _MEDIA:
            return []
        path = selector(node, mirror.nodes)
        name = (node.name or "media").capitalize()
        return [
            Interaction(
                t=t, tab=self.context.tab, event=n, action="media", words=f"{name} {_MEDIA[data.type]}", node=data.id,
                selector=path,
            )
        ]  # fmt: skip

    def _row(self, gesture: _Gesture, action: str, words: str, value: str = "") -> Interaction:
        return Interaction(
            t=gesture.t, tab=self.context.tab, event=gesture.n, action=action, words=words, node=gesture.id,
            selector=gesture.selector, value=value, x=gesture.x, y=gesture.y,
        )  # fmt: skip

    def _end_scroll(self) -> list[Row]:
        gesture, self._scroll = self._scroll, None
        if gesture is None:
            return []
        dx, dy = gesture.x - gesture.x0, gesture.y - gesture.y0
        if dx == 0 and dy == 0:
            return []
        vertical = abs(dy) >= abs(dx)
        if vertical:
            words = "Scrolled down" if dy > 0 else "Scrolled up" if gesture.y > 0 else "Scrolled to the top of"
        else:
            words = f"Scrolled {'right' if dx > 0 else 'left'}"
        between = " in " if gesture.words != "the page" and not words.endswith(" of") else " "
        return [self._row(gesture, "scroll", words + between + gesture.words, f"{gesture.x:.0f},{gesture.y:.0f}")]

    def _end_resize(self) -> list[Row]:
        gesture, self._resize = self._resize, None
        if gesture is None or (gesture.x, gesture.y) == (gesture.x0, gesture.y0):
            return []
        self._viewport = (gesture.x, gesture.y)
        size = f"{gesture.x:.0f} × {gesture.y:.0f}"
        turned = (gesture.x0 > gesture.y0) != (gesture.x > gesture.y) and min(gesture.x, gesture.y) < 600
        words = f"Turned the device to {'landscape' if gesture.x > gesture.y else 'portrait'} ({size})"
        return [self._row(gesture, "resize", words if turned else f"Resized the window to {size}", size)]
