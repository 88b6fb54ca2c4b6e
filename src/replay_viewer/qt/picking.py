"""An element picked in the page with the mouse, as the CSS selector that finds it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from replay_viewer.analysis.extract.selector import selector
from replay_viewer.domain.errors import UserError
from replay_viewer.library import Library
from replay_viewer.qt.context import Context
from replay_viewer.services.states import TabStates


class SelectorPicker(QObject):
    """`begin` lets the mouse pick one; then `picked(selector)` or `failed(UserError)`."""

    picked = Signal(str)
    failed = Signal(object)

    def __init__(self, context: Context, parent: QObject) -> None:
        super().__init__(parent)
        self.context = context
        self._on = False
        context.node_picked.connect(self._node)

    def begin(self) -> None:
        """The next click in the page picks."""
        self._on = True
        self.context.pick_asked.emit(True)

    def end(self) -> None:
        """No more picking."""
        if self._on:
            self._on = False
            self.context.pick_asked.emit(False)

    def _node(self, node: int) -> None:
        opened = self.context.opened
        if not self._on or opened is None:
            return
        self.end()
        session, t, tab = opened.id, self.context.playhead.t, self.context.tab

        def find(library: Library) -> str:
            nodes = TabStates(library, session, tab).seek(t).nodes
            if node in nodes and (found := selector(nodes[node], nodes)):
                return found
            raise UserError("This element cannot be named by a selector.", "Write one, such as .account .balance.")

        self.context.tasks.read(find, self.picked.emit, self.failed.emit, key="picker")
