"""Clicks, taps, double and rage clicks, swipes: MouseInteraction and TouchMove events as sentences.

Labels and selectors come from the mirror at the click: an element its handler removes is still there, since the
removal is a later event. A click on a checkbox, a radio button, a list box or their label is told by the change of
the field that follows (fields.py), so it waits for that.
"""

from __future__ import annotations

from collections import deque

import msgspec

from replay_viewer.analysis.extract.context import Context
from replay_viewer.analysis.extract.selector import selector
from replay_viewer.analysis.extract.words import control, describe, is_field, labelled_field, role_of
from replay_viewer.domain.rows import Interaction, Row
from replay_viewer.recording.events import Incremental
from replay_viewer.recording.mirror import Mirror
from replay_viewer.recording.nodes import Node

#: MouseInteraction types of rrweb.
CLICK, CONTEXT_MENU, DOUBLE_CLICK, BLUR, TOUCH_START, TOUCH_END, TOUCH_CANCEL = 2, 3, 4, 6, 7, 9, 10
INTERESTING = frozenset((CLICK, CONTEXT_MENU, DOUBLE_CLICK, BLUR, TOUCH_START, TOUCH_END, TOUCH_CANCEL))

_TOUCH = 2
_RAGE_MS, _RAGE_PX, _RAGE_COUNT = 1000.0, 30.0, 3
_SWIPE_PX, _TAP_WAIT_MS, _HOLD_MS = 30.0, 700.0, 600.0
_CRUMB_MS = 2000.0


class _Touch(msgspec.Struct):
    t: float
    n: int
    id: int
    x: float
    y: float
    last_x: float
    last_y: float
    scrolled: bool = False


class ClickReader:
    """Clicks and touches of one tab."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._held: tuple[Interaction, int] | None = None
        self._tap: Interaction | None = None
        self._touch: _Touch | None = None
        self._burst: list[Interaction] = []
        self._clicks: deque[tuple[float, int]] = deque(maxlen=64)
        self._crumbs: list[Interaction] = []

    # -- rrweb events -------------------------------------------------------------------------------------------

    def read(self, t: float, n: int, data: Incremental, mirror: Mirror) -> list[Row]:
        """Rows of one MouseInteraction event (of an interesting type)."""
        rows = self.passed(t)
        kind = data.type
        if kind == CLICK:
            rows += self._click(t, n, data, mirror)
        elif kind in (DOUBLE_CLICK, CONTEXT_MENU):
            verb, action = (
                ("Double-clicked", "dblclick") if kind == DOUBLE_CLICK else ("Right-clicked", "contextmenu")
            )
            rows.append(self._row(t, n, action, verb, data, mirror))
        elif kind == TOUCH_START:
            rows += self._end_touch()
            x, y = data.x or 0.0, data.y or 0.0
            self._touch = _Touch(t, n, data.id, x, y, x, y)
        elif kind == TOUCH_END:
            touch = self._touch
            if touch is not None and data.x is not None and data.y is not None:
                touch.last_x, touch.last_y = data.x, data.y
            swiped = self._end_touch()
            rows += swiped
            if not swiped and not (touch and touch.scrolled):
                self._tap = self._row(t, n, "touch", "Tapped", data, mirror)
        elif kind == TOUCH_CANCEL:
            rows += self._end_touch()
        return rows

    def moved(self, data: Incremental) -> None:
        """A TouchMove: where the finger is now. (Mouse moves inside frames come as touch moves too.)"""
        if self._touch is not None and data.positions:
            last = data.positions[-1]
            self._touch.last_x, self._touch.last_y = last.x, last.y

    def scrolled(self) -> None:
        """A scroll event: a touch in progress is a scroll, which has a row of its own."""
        if self._touch is not None:
            self._touch.scrolled = True

    def field_changed(self, id: int, t: float) -> bool:
        """A field reports its new value: the click that waited for it is told by that. Returns whether one was."""
        if self._held is not None and self._held[1] == id and t - self._held[0].t <= _HOLD_MS:
            self._held = None
            return True
        return False

    # -- Sentry's click breadcrumbs ---------------------------------------------------------------------------------

    def crumb(self, row: Interaction) -> None:
        """A `ui.click` breadcrumb: a row of its own only if rrweb recorded no such click."""
        self._crumbs.append(row)

    # -- time passing -----------------------------------------------------------------------------------------------

    def passed(self, t: float, everything: bool = False) -> list[Row]:
        """Rows that waited long enough by instant `t`."""
        rows: list[Row] = []
        if self._held is not None and (everything or t - self._held[0].t > _HOLD_MS):
            rows.append(self._held[0])
            self._held = None
        if self._tap is not None and (everything or t - self._tap.t > _TAP_WAIT_MS):
            rows.append(self._tap)
            self._tap = None
        if self._burst and (everything or t - self._burst[-1].t > _RAGE_MS):
            rows += self._end_burst()
        if self._crumbs and (everything or t - self._crumbs[0].t > _CRUMB_MS):
            ready = self._crumbs if everything else [row for row in self._crumbs if t - row.t > _CRUMB_MS]
            self._crumbs = [] if everything else [row for row in self._crumbs if t - row.t <= _CRUMB_MS]
            rows += [row for row in ready if not self._known(row)]
        return rows

    def finish(self) -> list[Row]:
        """What still waits, at the end of the recording or of the page."""
        return self._end_touch() + self.passed(0.0, everything=True)

    # -- inside -----------------------------------------------------------------------------------------------------

    def _known(self, row: Interaction) -> bool:
        return any(
            abs(t - row.t) <= 100 or (id == row.node and abs(t - row.t) <= 1000) for t, id in self._clicks
        )  # fmt: skip

    def _row(self, t: float, n: int, action: str, verb: str, data: Incremental, mirror: Mirror) -> Interaction:
        node = mirror.nodes.get(data.id)
        x, y = (data.x if data.x is not None else -1.0), (data.y if data.y is not None else -1.0)
        path, words = "", f"{verb} at {x:.0f}, {y:.0f}" if x >= 0 else f"{verb} somewhere"
        if node is not None:
            path = selector(control(node, mirror.nodes) or node, mirror.nodes)
            words = f"{verb} {describe(node, mirror.nodes, path)}"
        return Interaction(
            t=t, tab=self.context.tab, event=n, action=action, words=words, node=data.id, selector=path, x=x, y=y
        )

    def _click(self, t: float, n: int, data: Incremental, mirror: Mirror) -> list[Row]:
        tapped = data.pointerType == _TOUCH or self._tap is not None
        self._tap = None
        row = self._row(t, n, "click", "Tapped" if tapped else "Clicked", data, mirror)
        self._clicks.append((t, data.id))
        rows: list[Row] = []
        field = self._field(mirror.nodes.get(data.id), mirror)
        if self._held is not None:
            if field is not None and field.id == self._held[1]:
                return []  # The click a label passes on to its field.
            rows.append(self._held[0])
            self._held = None
        if field is not None:
            self._held = (row, field.id)
        else:
            rows.append(row)
        if self._burst and not self._near(self._burst[-1], row):
            rows += self._end_burst()
        self._burst.append(row)
        return rows

    def _near(self, last: Interaction, row: Interaction) -> bool:
        close = abs(last.x - row.x) <= _RAGE_PX and abs(last.y - row.y) <= _RAGE_PX
        return row.t - last.t <= _RAGE_MS and close

    def _end_burst(self) -> list[Row]:
        burst, self._burst = self._burst, []
        best = next(
            (i for i in range(len(burst) - _RAGE_COUNT + 1) if burst[i + _RAGE_COUNT - 1].t - burst[i].t <= _RAGE_MS),
            -1,
        )
        if best < 0:
            return []
        first, count, seconds = burst[best], len(burst) - best, (burst[-1].t - burst[best].t) / 1000
        words = f"{first.words} {count} times in {seconds:.1f} s"
        return [msgspec.structs.replace(first, action="rage-click", words=words, value=str(count))]

    def _field(self, node: Node | None, mirror: Mirror) -> Node | None:
        """The checkbox, radio button or list box a click on `node` changes, if any."""
        if node is None:
            return None
        found = control(node, mirror.nodes)
        if found is not None and found.name == "label":
            found = labelled_field(found, mirror.nodes)
        elif found is not None and found.name == "option":
            found = mirror.nodes.get(found.parent)
        if found is None or not is_field(found):
            return None
        return found if found.name == "select" or role_of(found) in ("checkbox", "radio button", "switch") else None

    def _end_touch(self) -> list[Row]:
        touch, self._touch = self._touch, None
        if touch is None or touch.scrolled:
            return []
        dx, dy = touch.last_x - touch.x, touch.last_y - touch.y
        if max(abs(dx), abs(dy)) <= _SWIPE_PX:
            return []
        way = ("right" if dx > 0 else "left") if abs(dx) > abs(dy) else ("down" if dy > 0 else "up")
        return [
            Interaction(
                t=touch.t, tab=self.context.tab, event=touch.n, action="touch", words=f"Swiped {way}", node=touch.id,
                x=touch.x, y=touch.y,
            )
        ]  # fmt: skip
