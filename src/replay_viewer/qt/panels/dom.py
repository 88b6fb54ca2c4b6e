"""DOM: the page's tree at the playhead, the node picked in it or in the page, its life, and two instants compared."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import QApplication, QHBoxLayout, QSplitter, QStackedLayout, QTabWidget, QVBoxLayout, QWidget

from replay_viewer.analysis.domtree import PAGE, Detail, Key
from replay_viewer.analysis.extract.selector import short
from replay_viewer.qt.actions import pretty, tip
from replay_viewer.qt.context import Context
from replay_viewer.qt.jsontree import JsonTree
from replay_viewer.qt.panels.base import Panel
from replay_viewer.qt.panels.domcompare import CompareView
from replay_viewer.qt.panels.domhistory import HistoryView
from replay_viewer.qt.panels.domtree import DomTree
from replay_viewer.qt.panels.inspecting import Inspector
from replay_viewer.qt.widgets import EmptyState, FilterField, IconButton, label, padded
from replay_viewer.qt.wording import one_line
from replay_viewer.services.inspector import Reply, TreeQuestion

#: While playing, the tree is brought up to date this often (ms); a state costs the inspector up to 100 ms.
_BEAT_MS = 300


class DomPanel(Panel):
    """The DOM inspector of the recorded page."""

    id = "dom"
    title = "DOM"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._selected: Key = 0
        self._path = ""
        self._limits: dict[Key, int] = {}
        self._reveal: Key = 0
        self._find = ""
        self._step = 0
        self._tab = 0
        self.inspector = Inspector(self)
        self.inspector.answered.connect(self._answered)
        self.inspector.failed.connect(self._failed)
        self._beat = QTimer(self)
        self._beat.setSingleShot(True)
        self._beat.setInterval(_BEAT_MS)
        self._beat.timeout.connect(self._ask)
        self.tree = DomTree()
        self.tree.asked.connect(self._ask)
        self.tree.chosen.connect(self._chosen)
        self.tree.pointed.connect(self._pointed)
        self.tree.more_asked.connect(self._more)
        self.tree.customContextMenuRequested.connect(self._menu)
        self.search = FilterField("Text or selector in the page")
        self.search.setMaximumWidth(280)
        self.search.changed.connect(lambda text: self._search(text, 0))
        self.search.returnPressed.connect(self._search_on)
        self.hits = label("", "muted")
        self.pick = IconButton("pick", tip("pick"), on_role="accent")
        self.pick.clicked.connect(self.set_picking)
        self.selector = label("", "muted", selectable=True)
        self.selector.setAccessibleName("Selector of the node")
        self.copy = IconButton("copy", "Copy the selector")
        self.copy.clicked.connect(self._copy_selector)
        self.empty = EmptyState("dom")
        self._build()
        context.playhead.moved.connect(self._moved)
        context.tab_changed.connect(lambda _tab: self._moved(0.0))
        context.node_picked.connect(self._picked)
        self.session_changed()

    def _build(self) -> None:
        row = QWidget()
        row.setObjectName("filterRow")
        row.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        bar = QHBoxLayout(row)
        bar.setContentsMargins(8, 3, 8, 3)
        bar.setSpacing(8)
        bar.addWidget(self.pick)
        bar.addWidget(self.search, 4)
        bar.addWidget(self.hits)
        bar.addStretch(1)
        bar.addWidget(self.selector)
        bar.addWidget(self.copy)
        self.search.setMinimumWidth(150)
        self.selector.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(row)
        body, self.wait = QWidget(), EmptyState("dom")
        self._body = QStackedLayout(body)
        self._body.addWidget(self.wait)
        self._body.addWidget(self.tree)
        column.addWidget(body, 1)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.node, self.about = JsonTree("Node"), label("", "muted", wrap=True)
        one = QWidget()
        stacked = QVBoxLayout(one)
        stacked.setContentsMargins(0, 0, 0, 0)
        stacked.setSpacing(0)
        stacked.addLayout(padded(self.about))
        stacked.addWidget(self.node, 1)
        self.history = HistoryView(self.context)
        self.compare = CompareView(self.context)
        self.compare.node_asked.connect(self.reveal)
        for name, widget in (("Node", one), ("History", self.history), ("Compare", self.compare)):
            self.tabs.addTab(widget, name)
        self.tabs.currentChanged.connect(self._tab_changed)
        box = QWidget()
        box.setObjectName("detail")
        box.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        inside = QVBoxLayout(box)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(self.tabs)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setObjectName("dom-panel")
        splitter.addWidget(left)
        splitter.addWidget(box)
        splitter.setSizes([560, 440])
        splitter.setChildrenCollapsible(False)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(splitter)

    def minimumSizeHint(self) -> QSize:
        """A few rows."""
        return QSize(320, 100)

    # the session and the clock

    def session_changed(self) -> None:
        """Another session, or more of it."""
        opened = self.opened
        if opened is None:
            self.set_picking(False)
            self.inspector.close()
            self.tree.clear()
            self._selected, self._limits = 0, {}
            self.history.use("", "")
            self.compare.use("", "")
            self._say("No session is open", "Pick one in the queue, or open a file.")
            return
        if not any(tab.events for tab in opened.session.tabs):
            self._say(
                "No page was recorded",
                "The session holds rows only (a HAR, envelopes of errors, an export of events). Sentry: add "
                "replayIntegration() and a sample rate; PostHog: switch session replay on; rrweb: call record().",
            )
            return
        self._stack.setCurrentIndex(1)
        self.inspector.use(opened.library.home, opened.id)
        self.history.use(opened.library.home, opened.id)
        self.compare.use(opened.library.home, opened.id)
        if opened.session.state == "importing":
            self.inspector.reload()
        self._ask()

    def _say(self, title: str, why: str) -> None:
        self.empty.say(title, why)
        self._stack.setCurrentIndex(0)

    def showEvent(self, event: Any) -> None:
        """Catch up."""
        super().showEvent(event)
        self._ask()

    def hideEvent(self, event: Any) -> None:
        """Nothing of this panel stays on the page."""
        super().hideEvent(event)
        self.set_picking(False)
        self.context.outline_asked.emit([])

    def focus_filter(self) -> bool:
        """Into the search field."""
        self.search.setFocus()
        self.search.selectAll()
        return True

    def _moved(self, _t: float) -> None:
        if not self.isVisible():
            return
        if self.context.playhead.playing:
            if not self._beat.isActive():
                self._beat.start()
        else:
            self._ask()

    # asking

    def _ask(self) -> None:
        opened = self.opened
        if opened is None or not self.isVisible() or self._stack.currentIndex() == 0:
            return
        self._tab = self.context.tab
        if not self.tree.dom.rowCount():
            self.wait.say("Reading the page…", "The first look takes a moment.")
            self._body.setCurrentWidget(self.wait)
        self.inspector.tree(
            TreeQuestion(
                tab=self._tab, t=self.context.playhead.t, expanded=self.tree.expanded_keys, selected=self._selected,
                limits=self._limits, reveal=self._reveal, find=self._find,
            )
        )  # fmt: skip

    def _answered(self, reply: Reply) -> None:
        answer = reply.tree
        if answer is None or answer.tab != self.context.tab:
            self._ask()
            return
        changed = answer.selected != self._selected
        revealed = bool(answer.reveal)
        if answer.reveal == self._reveal:
            self._reveal = 0
        if answer.find and answer.find == self._find:
            self._find = ""
            self._found(answer.find, answer.found)
        self._selected = answer.selected
        self.tree.bring(answer, reveal=revealed)
        if self.tree.dom.rowCount():
            self._body.setCurrentWidget(self.tree)
        else:
            self.wait.say("No page yet", "Nothing of the page was recorded up to this instant.")
        self._show(answer.detail)
        if (changed or revealed) and self.tabs.currentWidget() is self.history:
            self._tell_history()
        if revealed and answer.detail is not None:
            self.context.outline_asked.emit([abs(answer.selected)])

    def _failed(self, message: str, advice: str) -> None:
        self.tree.clear()
        self._say("The page's tree cannot be shown", f"{message} {advice}".strip())

    # searching

    def _search(self, text: str, step: int) -> None:
        self._find, self._step = text, step
        if text:
            self._ask()
        else:
            self.hits.setText("")

    def _search_on(self) -> None:
        back = bool(QApplication.keyboardModifiers() & Qt.KeyboardModifier.ShiftModifier)
        self._search(self.search.text().strip(), -1 if back else 1)

    def _found(self, text: str, found: list[Key]) -> None:
        if self.search.text().strip() != text:
            return
        if not found:
            self.hits.setText("none")
            return
        at = 0
        if self._step and self._selected in found:
            at = (found.index(self._selected) + self._step) % len(found)
        self.hits.setText(f"{at + 1:,} of {len(found):,}")
        self.reveal(found[at])

    # one node

    def reveal(self, key: Key) -> None:
        """Open the tree down to a node, select it and outline it on the page."""
        self._reveal = key
        self._ask()

    def _chosen(self, key: Key) -> None:
        self._selected = key
        self.context.outline_asked.emit([abs(key)])
        self._ask()
        if self.tabs.currentWidget() is self.history:
            self._tell_history()

    def _pointed(self, key: Key) -> None:
        self.context.outline_asked.emit([abs(key)] if key else [])

    def _more(self, key: Key) -> None:
        self._limits[key] = self._limits.get(key, PAGE) + PAGE
        self._ask()

    def _show(self, detail: Detail | None) -> None:
        if detail is None:
            self._path = ""
            self.selector.setText("")
            self.node.show_values([], expand=0)
            self.about.setText(
                "The selected node is not on the page at this instant."
                if self._selected
                else f"Select a node, or pick one in the page ({pretty('x')})."
            )
            self.about.show()
            return
        self.about.hide()
        self._path = detail.selector
        self.selector.setText(one_line(short(detail.selector), 60))
        self.selector.setToolTip(one_line(detail.selector, 300))
        entries: list[tuple[str, Any]] = [("selector", detail.selector), ("node", abs(detail.key))]
        entries += [
            (name, value)
            for name, value in (
                ("attributes", detail.attributes), ("style", detail.style), ("value", detail.value),
                ("checked", detail.checked), ("text", detail.text), ("focused", detail.focused or None),
                ("scrolled to", list(detail.scroll) if detail.scroll else None),
            )
            if value not in (None, "", {})
        ]  # fmt: skip
        self.node.show_values(entries, expand=1)

    def _tell_history(self) -> None:
        if self._selected:
            self.history.ask(self._tab, abs(self._selected), self.context.playhead.t)

    def _tab_changed(self, _at: int) -> None:
        if self.tabs.currentWidget() is self.history:
            self._tell_history()

    def _copy_selector(self) -> None:
        if self._path:
            QApplication.clipboard().setText(self._path)
            self.context.said.emit("Selector copied.", one_line(self._path, 200), "info")

    def _menu(self, where: Any) -> None:
        from PySide6.QtWidgets import QMenu

        index = self.tree.indexAt(where)
        if not self.tree.dom.key(index):
            return
        menu = QMenu(self)
        menu.addAction("Copy selector", self._copy_selector)
        menu.addAction("Copy row", lambda: QApplication.clipboard().setText(str(index.data())))
        menu.addAction("History of this node", lambda: self.tabs.setCurrentWidget(self.history))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.tree.viewport().mapToGlobal(where))

    # picking in the page

    def set_picking(self, on: bool) -> None:
        """Pick a node of the page with the mouse, or no more."""
        on = on and self.opened is not None
        if on:
            self.context.playhead.pause()
        self.pick.setChecked(on)
        self.context.pick_asked.emit(on)

    def _picked(self, node: int) -> None:
        if self.pick.isChecked():
            self.set_picking(False)
            self.reveal(node)
            self.tree.setFocus()

    def close_down(self) -> None:
        """End the processes of this panel."""
        self.inspector.close()
        self.history.close_down()
        self.compare.close_down()
