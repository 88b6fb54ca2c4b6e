"""The life of one node: when it came, what happened to it, when it went.

A watcher is told of every event after it was applied. It follows the node by its recorded id, and (in what a page
holds, not the page itself) the text inside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from replay_viewer.analysis.difference import inline_style, likeness, outline
from replay_viewer.analysis.extract.selector import selector
from replay_viewer.analysis.extract.words import describe, text_of
from replay_viewer.recording.events import Event, FullSnapshot, Incremental, Mutation, Source
from replay_viewer.recording.mirror import Mirror
from replay_viewer.recording.nodes import ELEMENT, TEXT, Node

#: A subtree of more nodes is not followed inside: what changes on half a page is no history of a node.
MAX_INSIDE = 500
#: Characters of text kept before and after a change.
MAX_TEXT = 500
#: States less alike than this are of two documents (see `difference.likeness`).
SAME_DOCUMENT = 0.9
#: MouseInteraction types (rrweb) that a person did to a node.
_DONE = {1: "pressed", 2: "clicked", 3: "context menu", 4: "double-clicked", 5: "focused", 6: "left", 7: "touched"}
_MEDIA = {0: "played", 1: "paused", 2: "sought", 3: "volume", 4: "speed"}


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened: at `t` (epoch ms), by event number `event` of the tab.

    `what`: added, moved, removed, left (the page was), attribute, style, text, input, checked, scrolled, clicked, …
    `name`: of the attribute or property. `before` and `after`: values; of added and removed the words for the node,
    of moved the selectors of its place. `document` counts the documents of the tab.
    """

    t: float
    event: int
    what: str
    name: str = ""
    before: Any = None
    after: Any = None
    node: int = -1
    document: int = 0


class Watcher:
    """Follows node `id`. `entries` grows; `document` counts the documents met so far."""

    def __init__(self, id: int) -> None:
        self.id = id
        self.entries: list[Entry] = []
        self.document = 0
        self._node: Node | None = None
        self._inside: set[int] = set()
        self._large = False
        self._text = ""
        self._place: tuple[int, int, str] = (0, 0, "")
        self._attrs: dict[str, Any] = {}
        self._style: dict[str, str] = {}
        self._value: tuple[str | None, bool | None] = (None, None)
        self._outline: dict[int, tuple[int, str, int]] | None = None
        self._at = (0.0, 0)

    def before_snapshot(self, mirror: Mirror) -> None:
        """To be called before a full snapshot is applied."""
        self._outline = outline(mirror.nodes) if mirror.nodes else None

    def read(self, event: Event, n: int, mirror: Mirror, touched: Iterable[int]) -> None:
        """Look at event number `n`, which was just applied and touched these nodes."""
        self._at = (event.timestamp, n)
        data = event.data
        if isinstance(data, FullSnapshot):
            if self._outline is not None and likeness(self._outline, mirror.nodes) < SAME_DOCUMENT:
                if self._node is not None:
                    self._say("left", before=self._words(self._node, None))
                self._node = None
                self.document += 1
            self._outline = None
            self._look(mirror)
        elif isinstance(data, Mutation):
            if self.id in touched or not self._inside.isdisjoint(touched):
                self._look(mirror)
        elif isinstance(data, Incremental) and self._node is not None:
            self._incremental(data, mirror)

    def _say(self, what: str, name: str = "", before: Any = None, after: Any = None, node: int = -1) -> None:
        t, n = self._at
        self.entries.append(
            Entry(t=t, event=n, what=what, name=name, before=before, after=after, node=node, document=self.document)
        )

    def _words(self, node: Node, mirror: Mirror | None) -> str:
        if mirror is None:
            return self._text[:120] or f"<{node.name or 'text'}>"
        return describe(node, mirror.nodes, selector(node, mirror.nodes))

    def _look(self, mirror: Mirror) -> None:
        """Compare what the node was with what it is."""
        node = mirror.nodes.get(self.id)
        if node is None:
            if self._node is not None:
                self._say("removed", before=self._words(self._node, None))
                self._node, self._inside = None, set()
            return
        fresh = self._node is None
        where = _where(node, mirror)
        text = self._text
        self._follow(node, mirror)
        attrs = {
            name: value
            for name, value in node.attrs.items()
            if name not in ("style", "_cssText") and not name.startswith("rr_")
        }
        style = inline_style(node) if node.kind == ELEMENT else {}
        value = mirror.effective_input(node.id) if node.kind == ELEMENT else (None, None)
        if fresh:
            self._say("added", after=self._words(node, mirror))
        else:
            if where[0] != self._place[0] or _passed(self._place[1], node, mirror):
                self._say("moved", before=self._place[2], after=where[2])
            self._changes("attribute", self._attrs, attrs)
            self._changes("style", self._style, style)
            if text != self._text:
                self._say("text", before=text, after=self._text)
            if value != self._value:
                self._input(value)
        self._node, self._place, self._attrs, self._style, self._value = node, where, attrs, style, value

    def _follow(self, node: Node, mirror: Mirror) -> None:
        """The nodes inside and the text they make."""
        inside: set[int] = set()
        stack = [node]
        while stack and len(inside) <= MAX_INSIDE:
            current = stack.pop()
            for id in (*current.children, *(current.shadow or ())):
                child = mirror.nodes.get(id)
                if child is not None:
                    inside.add(id)
                    stack.append(child)
        self._large = len(inside) > MAX_INSIDE
        self._inside = set() if self._large else inside
        if node.kind == TEXT:
            self._text = " ".join((node.text or "").split())[:MAX_TEXT]
        else:
            self._text = "" if self._large else text_of(node, mirror.nodes, MAX_TEXT)[:MAX_TEXT]

    def _changes(self, what: str, before: dict[str, Any], after: dict[str, Any]) -> None:
        for name in dict.fromkeys((*before, *after)):
            if before.get(name) != after.get(name):
                self._say(what, name, before.get(name), after.get(name))

    def _input(self, value: tuple[str | None, bool | None]) -> None:
        old, self._value = self._value, value
        if old[0] != value[0]:
            self._say("input", before=old[0], after=value[0])
        if old[1] != value[1]:
            self._say("checked", before=old[1], after=value[1])

    def _incremental(self, data: Incremental, mirror: Mirror) -> None:
        if data.id != self.id and data.id not in self._inside:
            return
        inside = -1 if data.id == self.id else data.id
        source = data.source
        if source == Source.MOUSE_INTERACTION:
            if data.type in _DONE:
                self._say(_DONE[data.type], node=inside)
        elif source == Source.MEDIA_INTERACTION and inside < 0:
            if data.type in _MEDIA:
                self._say(_MEDIA[data.type], after=data.currentTime)
        elif source == Source.SCROLL and inside < 0:
            self._say("scrolled", after=[data.x or 0.0, data.y or 0.0])
        elif source == Source.INPUT:
            if inside < 0:
                self._input(mirror.effective_input(self.id))
            else:
                self._say("input", after=data.text, node=inside)


def _where(node: Node, mirror: Mirror) -> tuple[int, int, str]:
    """Parent, the sibling before it (0: none), and the parent's selector."""
    parent = mirror.nodes.get(node.parent)
    if parent is None:
        return node.parent, 0, ""
    at = parent.children.index(node.id) if node.id in parent.children else 0
    return parent.id, parent.children[at - 1] if at else 0, selector(parent, mirror.nodes)


def _passed(neighbour: int, node: Node, mirror: Mirror) -> bool:
    """Whether the node went before its former neighbour: one that only got or lost a neighbour did not move."""
    parent = mirror.nodes.get(node.parent)
    siblings = parent.children if parent is not None else []
    return neighbour in siblings and node.id in siblings and siblings.index(neighbour) > siblings.index(node.id)
