"""Two instants side by side: marks A and B are set at the playhead, what changed between them stands in a table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from replay_viewer.analysis.difference import Difference, Place
from replay_viewer.qt.actions import tip
from replay_viewer.qt.context import Context
from replay_viewer.qt.panels.domhistory import printed
from replay_viewer.qt.panels.inspecting import Inspector
from replay_viewer.qt.panels.listing import Line, LineTable
from replay_viewer.qt.widgets import Elided, named_button, padded
from replay_viewer.qt.wording import one_line, plural
from replay_viewer.services.inspector import Reply

_MOST = 5_000


def _where(place: Place | None) -> str:
    return "" if place is None else one_line(place.selector or place.tag, 200)


def lines(found: Difference) -> Iterator[Line]:
    """A difference as lines: what, where, at A, at B. What a person sees comes first."""
    roles = ("muted", "accent", "text", "text")
    values = (
        ("page", found.page), ("text", found.texts), ("input", found.inputs), ("attribute", found.attributes),
        ("style", found.styles), ("scroll", found.scrolls), ("sheet", found.sheets),
    )  # fmt: skip
    for what, changes in values[:3]:
        for change in changes:
            name = change.name if what in ("page", "input") else ""
            yield Line(
                (f"{what} {name}".strip(), _where(change.node), printed(change.before), printed(change.after)),
                roles, data=change.node.id,
            )  # fmt: skip
    for what, trees in (("removed", found.removed), ("added", found.added)):
        for tree in trees:
            told = f"{one_line(tree.node.text, 160) or tree.node.tag}"
            inside = f" ({plural(tree.nodes, 'node')})" if tree.nodes > 1 else ""
            sides = (told + inside, "") if what == "removed" else ("", told + inside)
            role = "failed" if what == "removed" else "good"
            yield Line((what, _where(tree.node), *sides), (role, "accent", "text", "text"), data=tree.node.id)
    for move in found.moved:
        yield Line(("moved", _where(move.node), _where(move.before), _where(move.after)), roles, data=move.node.id)
    for what, changes in values[3:]:
        for change in changes:
            yield Line(
                (f"{what} {change.name}", _where(change.node), printed(change.before), printed(change.after)),
                roles, data=change.node.id,
            )  # fmt: skip


class CompareView(QWidget):
    """Marks, table, a line that sums up. `node_asked(id)`: a line was picked, show its node."""

    node_asked = Signal(object)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self.marks: dict[str, tuple[int, float] | None] = {"A": None, "B": None}
        self.inspector = Inspector(self)
        self.inspector.answered.connect(self._answered)
        self.inspector.failed.connect(lambda message, advice: self._end(f"{message} {advice}".strip()))
        head = QHBoxLayout()
        head.setContentsMargins(8, 3, 6, 3)
        head.setSpacing(6)
        self.buttons = {}
        for name in ("A", "B"):
            button = named_button(f"{name}: set here", flat=True)
            button.setToolTip(tip(f"mark-{name.lower()}"))
            button.clicked.connect(lambda _checked=False, name=name: self.mark(name))
            self.buttons[name] = button
            head.addWidget(button)
        self.range = named_button("From the range", flat=True)
        self.range.setToolTip("A and B are the ends of the picked range")
        self.range.clicked.connect(self._take_range)
        head.addWidget(self.range)
        head.addStretch(1)
        self.cancel = named_button("Cancel", flat=True)
        self.cancel.clicked.connect(self._cancelled)
        self.cancel.hide()
        head.addWidget(self.cancel)
        self.table = LineTable("What changed from A to B", ("What", "Where", "At A", "At B"), (96, 120, 0, 0))
        self.table.picked.connect(lambda line: self.node_asked.emit(line.data) if line.data else None)
        self.hint = Elided("muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self.table, 1)
        layout.addLayout(padded(self.hint, top=2, bottom=4))
        context.playhead.range_changed.connect(self._refresh)
        context.playhead.style_changed.connect(self._refresh)
        self._refresh()

    def use(self, home: Path | str, session: str) -> None:
        """Another session; the marks of the one before go."""
        if session:
            self.inspector.use(Path(home), session)
        else:
            self.inspector.close()
        self.marks = {"A": None, "B": None}
        self.table.show_lines([])
        self._refresh()
        self._end("Set A at one instant and B at another: what changed on the page stands here, side by side.")

    def mark(self, name: str) -> None:
        """Set a mark at the playhead."""
        self.marks[name] = (self.context.tab, self.context.playhead.t)
        self._compare()

    def close_down(self) -> None:
        """End the process."""
        self.inspector.close()

    def _take_range(self) -> None:
        if (picked := self.context.playhead.range) is not None:
            self.marks = {"A": (self.context.tab, picked[0]), "B": (self.context.tab, picked[1])}
            self._compare()

    def _refresh(self) -> None:
        for name, button in self.buttons.items():
            mark = self.marks[name]
            text = self.context.playhead.text(mark[1]) if mark else "set here"
            button.setText(f"{name}: {text}")
            button.setAccessibleName(f"Mark {name}, {text}")
        self.range.setVisible(self.context.playhead.range is not None)

    def _compare(self) -> None:
        self._refresh()
        first, last = self.marks["A"], self.marks["B"]
        if first is None or last is None:
            self._end("Now set the other mark." if first or last else "")
        elif first[0] != last[0]:
            self._end("A and B are in different tabs of the session: set both in one.")
        else:
            self.hint.setText("Comparing…")
            self.cancel.show()
            self.inspector.difference(first[0], first[1], last[1])

    def _cancelled(self) -> None:
        self.inspector.cancel()
        self._end("Cancelled.")

    def _answered(self, reply: Reply) -> None:
        if reply.difference is None:
            return
        found = list(lines(reply.difference))
        self.table.show_lines(found[:_MOST])
        text = f"{plural(len(found), 'change')} from A to B." if found else "Nothing changed from A to B."
        if len(found) > _MOST:
            text += f" The first {_MOST:,} are listed."
        if not reply.difference.same_document:
            text += " The page was left or loaded anew between them: elements are paired by their place."
        self._end(text)

    def _end(self, text: str) -> None:
        self.hint.setText(text)
        self.cancel.hide()
