"""Typing and choosing: Input events as sentences, consecutive ones of a field merged into one row.

Recorders also report values that scripts set. No row comes of what says it was not the user (`userTriggered` false),
of empty values of untouched fields, of values a field already shows while the focus is elsewhere, and of radio
buttons that lose their mark. A field emptied at once after typing (a form reset) keeps what was typed.
"""

from __future__ import annotations

import msgspec

from replay_viewer.analysis.extract.context import Context
from replay_viewer.analysis.extract.selector import selector, short
from replay_viewer.analysis.extract.words import attribute, field_label, masked, quote, text_of
from replay_viewer.domain.rows import Interaction, Row
from replay_viewer.recording.events import Incremental
from replay_viewer.recording.mirror import Mirror
from replay_viewer.recording.nodes import Node

_PAUSE_MS = 15_000.0
_MAX_SHOWN = 60
_CHOSEN_TYPES = {"date", "time", "datetime-local", "month", "week", "color", "range"}


class _Run(msgspec.Struct):
    """Consecutive Input events of one field."""

    id: int
    t: float
    n: int
    last: float
    label: str
    selector: str
    type: str
    value: str
    kept: str


def _shown(value: str) -> str:
    value = " ".join(value.split())
    return value if len(value) <= _MAX_SHOWN else value[: _MAX_SHOWN - 1] + "…"


class FieldReader:
    """Input events of one tab."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._run: _Run | None = None
        self._checked: dict[int, bool | None] = {}

    def read(self, t: float, n: int, data: Incremental, mirror: Mirror) -> list[Row]:
        """Rows of one Input event."""
        node = mirror.nodes.get(data.id)
        if node is None or data.userTriggered is False:
            return []
        kind = attribute(node, "type").lower() if node.name == "input" else node.name
        if kind in ("checkbox", "radio"):
            return self._marked(t, n, data, node, kind, mirror)
        if kind == "select":
            label = self._name(node, mirror)
            option = quote(_shown(self._option(node, data.text or "", mirror)))
            row = self._row(t, n, "select", f"Chose {option}{label}", node, data.text or "", mirror)
            return [*self.finish(), row]
        return self._typed(t, n, data, node, kind, mirror)

    def left(self, id: int) -> list[Row]:
        """The field loses the focus: its run is over."""
        return self.finish() if self._run is not None and self._run.id == id else []

    def passed(self, t: float) -> list[Row]:
        """The run is over when nothing was typed for some time."""
        return self.finish() if self._run is not None and t - self._run.last > _PAUSE_MS else []

    def finish(self) -> list[Row]:
        """The row of the run in progress."""
        run, self._run = self._run, None
        if run is None:
            return []
        where = f" in “{run.label}”" if run.label else f" in {short(run.selector)}" if run.selector else ""
        value = run.value or run.kept
        if not value:
            words = f"Cleared{where.replace(' in', '', 1) or ' a field'}"
        elif masked(value) or run.type == "password":
            length = f"{len(value)} characters"
            words = f"Typed {length} (masked){where}" if masked(value) else f"Typed a password{where}"
        elif run.type in _CHOSEN_TYPES:
            words = f"Set “{_shown(value)}”{where}"
        elif run.type == "file":
            words = f"Picked a file{where}"
        else:
            words = f"Typed “{_shown(value)}”{where}"
        return [
            Interaction(
                t=run.t, tab=self.context.tab, event=run.n, action="input", words=words, node=run.id,
                selector=run.selector, value=value,
            )
        ]  # fmt: skip

    # -- inside -----------------------------------------------------------------------------------------------------

    def _typed(self, t: float, n: int, data: Incremental, node: Node, kind: str, mirror: Mirror) -> list[Row]:
        value = data.text or ""
        run = self._run
        rows: list[Row] = []
        if run is not None and (run.id != node.id or t - run.last > _PAUSE_MS):
            rows = self.finish()
            run = None
        if run is None:
            known = attribute(node, "value")
            if (not value and not known) or (value == known and mirror.focus != node.id):
                return rows  # As the page made it: nobody typed.
            path = selector(node, mirror.nodes)
            label = field_label(node, mirror.nodes)
            self._run = _Run(node.id, t, n, t, "" if masked(label) else label, path, kind, value, value)
            return rows
        if not value and len(run.value) > 1:
            # From a whole text to nothing at once: a form that was sent empties itself.
            run.kept = run.value
            return rows + self.finish()
        run.kept = value or ("" if len(run.value) <= 1 else run.kept)
        run.value, run.last = value, t
        return rows

    def _marked(self, t: float, n: int, data: Incremental, node: Node, kind: str, mirror: Mirror) -> list[Row]:
        on = bool(data.isChecked)
        before = self._checked.get(node.id, "checked" in node.attrs and node.attrs["checked"] is not False)
        self._checked[node.id] = on
        if kind == "radio" and not on:
            return []
        if before == on and kind == "checkbox":
            return []
        label = field_label(node, mirror.nodes)
        name = quote(label) if label else f"{kind} {short(selector(node, mirror.nodes))}"
        verb = "Chose" if kind == "radio" else "Checked" if on else "Unchecked"
        value = "checked" if on else "unchecked"
        return [*self.finish(), self._row(t, n, "input", f"{verb} {name}", node, value, mirror)]

    def _row(self, t: float, n: int, action: str, words: str, node: Node, value: str, mirror: Mirror) -> Interaction:
        return Interaction(
            t=t, tab=self.context.tab, event=n, action=action, words=words, node=node.id,
            selector=selector(node, mirror.nodes), value=value,
        )  # fmt: skip

    def _name(self, node: Node, mirror: Mirror) -> str:
        label = field_label(node, mirror.nodes)
        return f" in {quote(label)}" if label else ""

    def _option(self, node: Node, value: str, mirror: Mirror) -> str:
        stack = list(node.children)
        for _ in range(2000):
            if not stack:
                break
            child = mirror.nodes.get(stack.pop(0))
            if child is None:
                continue
            if child.name == "option":
                text = text_of(child, mirror.nodes)
                if attribute(child, "value") == value or ("value" not in child.attrs and text == value):
                    return text or value
            stack = [*child.children, *stack]
        return value
