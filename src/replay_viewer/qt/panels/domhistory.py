"""The life of one node: every change of it with its instant; a click seeks."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from replay_viewer.analysis.history import Entry
from replay_viewer.qt.context import Context
from replay_viewer.qt.panels.inspecting import Inspector
from replay_viewer.qt.panels.listing import Line, LineTable
from replay_viewer.qt.widgets import label, named_button
from replay_viewer.qt.wording import one_line, plural
from replay_viewer.services.inspector import Reply

#: More entries than this are not listed (a ticker changes a hundred thousand times).
_MOST = 5_000
_ROLE = {"added": "good", "removed": "failed", "left": "failed", "moved": "warning"}


def printed(value: object) -> str:
    """A value of a change on one line; nothing for none."""
    if value is None:
        return ""
    return one_line(value if isinstance(value, str) else str(value), 300)


class HistoryView(QWidget):
    """The table, and progress with a way out while the recording is gone through."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self._asked: tuple[int, int, float] | None = None
        self._entries: list[Entry] = []
        self.inspector = Inspector(self)
        self.inspector.answered.connect(self._answered)
        self.inspector.progressed.connect(self._progressed)
        self.inspector.failed.connect(lambda message, advice: self._end(f"{message} {advice}".strip()))
        self.table = LineTable("Changes of the node", ("Time", "What", "Name", "Before", "After"), (78, 74, 80, 0, 0))
        self.table.seek_asked.connect(context.playhead.seek)
        self.hint = label("Select a node to see what happened to it.", "muted", wrap=True)
        self.cancel = named_button("Cancel", flat=True)
        self.cancel.clicked.connect(self._cancelled)
        self.cancel.hide()
        foot = QHBoxLayout()
        foot.setContentsMargins(10, 2, 6, 4)
        foot.addWidget(self.hint, 1)
        foot.addWidget(self.cancel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.table, 1)
        layout.addLayout(foot)
        context.playhead.style_changed.connect(self._fill)

    def use(self, home: Path | str, session: str) -> None:
        """Another session."""
        if session:
            self.inspector.use(Path(home), session)
        else:
            self.inspector.close()
        self._asked, self._entries = None, []
        self._fill()
        self._end("Select a node to see what happened to it.")

    def ask(self, tab: int, node: int, t: float) -> None:
        """The life of a node of the document at `t`."""
        if self._asked is not None and self._asked[:2] == (tab, node) and (self.inspector.busy or self._entries):
            return
        self._asked = (tab, node, t)
        self._entries = []
        self._fill()
        self.hint.setText("Going through the recording…")
        self.cancel.show()
        self.inspector.history(tab, str(node), t)

    def close_down(self) -> None:
        """End the process."""
        self.inspector.close()

    def _progressed(self, done: int, total: int) -> None:
        self.hint.setText(f"Going through the recording: {done:,} of {total:,} events")

    def _cancelled(self) -> None:
        self.inspector.cancel()
        self._asked = None
        self._end("Cancelled.")

    def _answered(self, reply: Reply) -> None:
        if reply.history is None:
            return
        self._entries = reply.history.entries
        self._fill()
        many = f", the first {_MOST:,} are listed" if len(self._entries) > _MOST else ""
        node = reply.history.node
        self._end(f"{plural(len(self._entries), 'change')} of {one_line(node.selector or node.tag, 80)}{many}.")

    def _end(self, text: str) -> None:
        self.hint.setText(text)
        self.cancel.hide()

    def _fill(self) -> None:
        playhead = self.context.playhead
        self.table.show_lines([
            Line(
                (playhead.text(entry.t), entry.what, entry.name, printed(entry.before), printed(entry.after)),
                ("muted", _ROLE.get(entry.what, "text"), "muted", "muted", "text"), entry.t, entry,
            )
            for entry in self._entries[:_MOST]
        ])  # fmt: skip
