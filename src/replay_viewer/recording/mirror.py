"""The mirror: our model of a tab's DOM while its events are applied.

It follows what rrweb's Replayer does with each event (read from rrweb 2.2.2), but keeps values only, in plain Python,
so that a state costs no browser. References to nodes it does not know are counted, never fatal. The tree and all that
hangs on it is in `tree.py`; what the kinds of events do to it in `mutations.py`, `gestures.py` and `resources.py`.
"""

from __future__ import annotations

from collections.abc import Callable

from replay_viewer.recording import gestures, resources
from replay_viewer.recording.addresses import moved_to
from replay_viewer.recording.controls import boxed, effective
from replay_viewer.recording.events import Custom, Event, FullSnapshot, Incremental, Kind, Meta, Mutation, Source
from replay_viewer.recording.held import Input, Scrolling
from replay_viewer.recording.mutations import mutate
from replay_viewer.recording.nodes import Node
from replay_viewer.recording.tree import Tree

#: A full snapshot of which so large a share stands where it stood is the same page recorded anew. Only what the
#: recorder could not report has changed.
_ANEW = 0.9


class Mirror(Tree):
    """The state of a tab, and `apply`, which takes it one event further."""

    def apply(self, event: Event) -> None:
        """Apply one event. Never raises for odd content."""
        self.time = event.timestamp
        data = event.data
        if isinstance(data, Mutation):
            mutate(self, data)
        elif isinstance(data, Incremental):
            handler = _HANDLERS.get(data.source)
            if handler is not None:
                handler(self, data)
        elif isinstance(data, FullSnapshot):
            self._full_snapshot(data)
        elif isinstance(data, Meta):
            self.url = data.href or self.url
            if data.width and data.height:
                self.viewport = (data.width, data.height)
        elif isinstance(data, Custom):
            self.url = moved_to(data, self.url) or self.url
        elif event.type in (Kind.DOM_CONTENT_LOADED, Kind.LOAD):
            # A new page, as far as anybody knows: nothing has the focus.
            self.focus = self.caret = None
            self.selection = []

    def _full_snapshot(self, data: FullSnapshot) -> None:
        if self.before is not None:
            # The nodes go as they are, without copies: whatever comes is made anew.
            for id, node in self.nodes.items():
                self.before.setdefault(id, node)
        focused = self.nodes.get(self.focus or 0)
        former, typed, adopted = self.nodes.copy(), self.inputs, self.adopted
        self.nodes.clear()
        self.encoded.clear()
        self.generation += 1
        self.inputs = {}
        self.scrolls = {}
        self.sheets = {}
        self.adopted = {}
        self.fonts = []
        self.media = {}
        self.canvas = {}
        self.frames = set()
        self.waiting_documents = {}
        self.insert(data.node, 0)
        if self.root != data.node.id:
            self.selection = []
        self.root = data.node.id
        if not self._recorded_anew(former):
            self.page = self.generation
        else:
            self._keep(typed, adopted)
        # The same page recorded anew keeps its ids, and the recorder does not say again what has the focus.
        again = self.nodes.get(self.focus or 0)
        if focused is None or again is None or again.name != focused.name:
            self.focus = self.caret = None
        left, top = data.initialOffset.get("left", 0.0), data.initialOffset.get("top", 0.0)
        if left or top:
            self.scrolls[data.node.id] = (left, top)
        if self.scrolling is not None:
            now = self.scrolling.now
            ids = [id for id in self.scrolling.ids if self.scrolls.get(id) == now]
            self.scrolling = Scrolling(self.scrolling.t, now, now, ids, self.scrolling.step) if ids else None

    def _keep(self, typed: dict[int, Input], adopted: dict[int, list[int]]) -> None:
        """Of a page recorded anew: what its controls were given stays theirs, whatever their attributes become, and
        the sheets its hosts adopted are theirs until the recorder says them again, a moment later."""
        for id, (text, checked) in typed.items():
            node = self.nodes.get(id)
            if node is None or boxed(node.attrs.get("type")):
                continue
            value = node.attrs.get("value")
            if text == "" or (value is None and node.name in ("input", "textarea")):
                self.inputs[id] = (text, checked)
            elif node.name in ("input", "textarea"):
                self.inputs[id] = (str(value), checked)
        self.adopted = {id: styles for id, styles in adopted.items() if id in self.nodes}

    def _recorded_anew(self, former: dict[int, Node]) -> bool:
        """Whether the nodes are those of the page before, so that its full snapshot was a checkout."""
        alike = 0
        for id, node in self.nodes.items():
            old = former.get(id)
            alike += old is not None and old.name == node.name and old.parent == node.parent
        return alike >= _ANEW * max(len(former), len(self.nodes))

    def effective_input(self, id: int) -> Input:
        """(value, checked) as the person sees them: what was reported last, else what was serialised."""
        return effective(self.nodes[id], self.inputs.get(id), self)


_HANDLERS: dict[int, Callable[[Tree, Incremental], None]] = {
    Source.MOUSE_MOVE: gestures.moves,
    Source.TOUCH_MOVE: gestures.moves,
    Source.DRAG: gestures.moves,
    Source.MOUSE_INTERACTION: gestures.mouse,
    Source.SCROLL: gestures.scroll,
    Source.VIEWPORT_RESIZE: gestures.resize,
    Source.INPUT: gestures.typed,
    Source.SELECTION: gestures.selection,
    Source.MEDIA_INTERACTION: resources.media,
    Source.STYLE_SHEET_RULE: resources.rules,
    Source.STYLE_DECLARATION: resources.rules,
    Source.CANVAS_MUTATION: resources.drawn,
    Source.FONT: resources.font,
    Source.ADOPTED_STYLE_SHEET: resources.adopted,
    Source.CUSTOM_ELEMENT: resources.defined,
}

#: Event kinds and sources that change a state, hence the order that matters.
STATEFUL_KINDS = frozenset({Kind.FULL_SNAPSHOT, Kind.INCREMENTAL, Kind.META})
