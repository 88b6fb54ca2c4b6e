"""The tree of a mirror: nodes by id with what hangs on them, how they come and how they go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from replay_viewer.recording.events import Sn
from replay_viewer.recording.held import CHECKED, UNCHECKED, Font, Input, Media, Op, Pointer, Scrolling
from replay_viewer.recording.nodes import (
    BLOCKED,
    CUSTOM,
    DOCTYPE,
    DOCUMENT,
    ELEMENT,
    SHADOW,
    SHADOW_HOST,
    SVG,
    TEXT,
    Node,
)

#: The recorder's mark between the parts of `_cssText` that belong to the text nodes of one <style>.
_SPLIT = "/* rr_split */"


class Tree:
    """Applies events one after the other; `before` collects what changed nodes were, when a base is wanted.

    nodes: id → Node. root: id of the document, None before the first full snapshot. generation: full snapshots so
    far; page: the one at which the present page began (0: not known), which is recorded anew by checkouts. inputs: id
    → (value, checked) as last reported. scrolls: id → (x, y). sheets / constructed: node id / style id → rule
    operations, append-only lists replaced as a whole on a reset. adopted: host id → style ids, of hosts that left the
    page too, because the recorder does not say it again when they come back. fonts, media, canvas: by id. `caret`:
    the editable element last focused. `time`: epoch ms of the last event applied. `unknown`: references to nodes that
    are not there, so far. `clashes`: nodes that came where another with their id was, or went from a parent they did
    not stand in, so far. `canvas_cut`: drawing commands given up because their canvas' log was too long
    (recording/canvas.py), so far.
    """

    #: Whether somebody overrides `touch` and wants to hear of nodes that come and go as well.
    watched = False

    def __init__(self) -> None:
        self.nodes: dict[int, Node] = {}
        self.root: int | None = None
        self.generation = 0
        self.page = 0
        self.inputs: dict[int, Input] = {}
        self.scrolls: dict[int, tuple[float, float]] = {}
        self.sheets: dict[int, list[Op]] = {}
        self.constructed: dict[int, list[Op]] = {}
        self.adopted: dict[int, list[int]] = {}
        self.fonts: list[Font] = []
        self.media: dict[int, Media] = {}
        self.canvas: dict[int, list[Any]] = {}
        self.frames: set[int] = set()
        self.scrolling: Scrolling | None = None
        self.viewport: tuple[float, float] = (0.0, 0.0)
        self.url = ""
        self.pointer: Pointer | None = None
        self.down = False
        self.focus: int | None = None
        self.caret: int | None = None
        self.selection: list[list[int]] = []
        self.time = 0.0
        self.unknown = 0
        self.clashes = 0
        self.canvas_cut = 0
        self.before: dict[int, Node | None] | None = None
        self.encoded: dict[int, bytes] = {}
        self.waiting_documents: dict[int, Sn] = {}
        self.aside: dict[int, tuple[str, Input]] = {}

    def touch(self, id: int, /) -> None:
        """Before a node changes, keep what it was (for patches) and drop its encoding (for keyframes)."""
        self.encoded.pop(id, None)
        before = self.before
        if before is not None and id not in before:
            node = self.nodes.get(id)
            before[id] = None if node is None else _copy(node)

    def detach(self, node: Node) -> None:
        parent = self.nodes.get(node.parent)
        if parent is None:
            return
        self.touch(parent.id)
        if node.kind == TEXT and parent.name == "style":
            self.own_texts(parent)
            self.sheets.pop(parent.id, None)
        elif node.kind == DOCUMENT:
            self.frames.discard(parent.id)
        siblings = parent.shadow if node.flags & SHADOW else parent.children
        if siblings is not None and node.id in siblings:
            siblings.remove(node.id)

    def take_out(self, node: Node) -> None:
        """Detach a node and remove it, with what is inside it, from the mirror."""
        parent = self.nodes.get(node.parent)
        if parent is None or node.kind != TEXT or node.children or node.shadow or parent.name == "style":
            self.detach(node)
            self.forget(node)
            return
        # Most of what goes is a text: the same in one step.
        id = node.id
        self.touch(parent.id)
        siblings = parent.shadow if node.flags & SHADOW else parent.children
        if siblings is not None and id in siblings:
            siblings.remove(id)
        if self.watched or self.before is not None:
            self.touch(id)
        else:
            self.encoded.pop(id, None)
        del self.nodes[id]

    def own_texts(self, style: Node) -> None:
        """Before a text of a style changes: give each its part of `_cssText`, which says what they were together."""
        css = style.attrs.get("_cssText")
        if not isinstance(css, str):
            return
        self.touch(style.id)
        del style.attrs["_cssText"]
        texts = [node for id in style.children if (node := self.nodes[id]).kind == TEXT]
        parts = css.split(_SPLIT)
        if len(parts) > len(texts) > 0:
            parts[len(texts) - 1 :] = ["".join(parts[len(texts) - 1 :])]
        for node, part in zip(texts, parts, strict=False):
            if part and not node.text:
                self.touch(node.id)
                node.text = part

    def forget(self, node: Node) -> None:
        """Remove a detached node and what is inside it from the mirror."""
        nodes, encoded, noting = self.nodes, self.encoded, self.watched or self.before is not None
        stack = [node]
        while stack:
            current = stack.pop()
            id = current.id
            if noting:
                self.touch(id)
            else:
                encoded.pop(id, None)
            nodes.pop(id, None)
            if current.kind == TEXT and not current.children and not current.shadow:
                # Nothing hangs on a text.
                continue
            if id in self.inputs:
                # Moving is removing and adding: a control keeps what was put into it.
                self.aside[id] = (current.name, self.inputs.pop(id))
            for aux in (self.scrolls, self.sheets, self.media, self.canvas):
                if aux:
                    aux.pop(id, None)
            if self.frames:
                self.frames.discard(id)
            if current.children:
                stack.extend([nodes[c] for c in current.children if c in nodes])
            if current.shadow:
                stack.extend([nodes[c] for c in current.shadow if c in nodes])

    def insert(self, sn: Sn, parent: int) -> Node:
        """Register a serialised node and all inside it; an id met twice keeps its first place."""
        top = self.register(sn, parent)
        if not sn.childNodes:
            return top
        stack = [(sn, top)]
        while stack:
            current, node = stack.pop()
            for child_sn in current.childNodes:
                if child_sn.id in self.nodes:
                    self.unknown += 1
                    continue
                child = self.register(child_sn, node.id)
                if child.flags & SHADOW:
                    if node.shadow is None:
                        node.shadow = []
                    node.shadow.append(child.id)
                else:
                    node.children.append(child.id)
                    if child.kind == DOCUMENT:
                        self.frames.add(node.id)
                if child_sn.childNodes:
                    stack.append((child_sn, child))
        return top

    def register(self, sn: Sn, parent: int) -> Node:
        if self.watched or self.before is not None:
            self.touch(sn.id)
        if sn.type == TEXT:
            # Most of what comes is a text: nothing hangs on it.
            flags = SHADOW if sn.isShadow else 0
            node = Node(sn.id, TEXT, parent, sn.tagName, sn.attributes, [], None, sn.textContent, flags, None, None)
            self.nodes[sn.id] = node
            return node
        flags = SHADOW if sn.isShadow else 0
        extra = None
        name = sn.tagName
        if sn.type == ELEMENT:
            flags |= (
                (SVG if sn.isSVG else 0)
                | (SHADOW_HOST if sn.isShadowHost else 0)
                | (CUSTOM if sn.isCustom else 0)
                | (BLOCKED if sn.needBlock else 0)
            )
        elif sn.type == DOCTYPE:
            name, extra = sn.name, [sn.publicId, sn.systemId]
        elif sn.type == DOCUMENT:
            extra = [sn.compatMode]
        shadow: list[int] | None = [] if sn.isShadowHost else None
        text = sn.textContent if sn.type > ELEMENT else None
        # The decoded structure is ours alone, so its attributes need no copy.
        attributes = sn.attributes or {}
        node = Node(sn.id, sn.type, parent, name, attributes, [], shadow, text, flags, None, extra)
        self.nodes[sn.id] = node
        if attributes:
            self._recorded(node, name, attributes)
        if self.aside and sn.id in self.aside:
            tag, reported = self.aside[sn.id]
            if tag == name:
                self.inputs[sn.id] = reported
        if self.waiting_documents and sn.id in self.waiting_documents:
            document = self.waiting_documents.pop(sn.id)
            self.encoded.pop(document.id, None)
            inner = self.insert(document, sn.id)
            node.children.append(inner.id)
            self.frames.add(sn.id)
        return node

    def _recorded(self, node: Node, name: str, attributes: dict[str, Any]) -> None:
        """What a new node's attributes say besides themselves."""
        style = attributes.get("style")
        if isinstance(style, dict):
            node.style = attributes.pop("style")
        if name == "input" and isinstance(attributes.get("checked"), str):
            # The recorder takes lower-case types only for boxes; of others it says nothing but the attribute.
            attributes["checked"] = UNCHECKED if attributes.get("type") in ("checkbox", "radio") else CHECKED
        if "rr_scrollLeft" in attributes or "rr_scrollTop" in attributes:
            self.recorded_scroll(node)
        media = attributes.get("rr_mediaState")
        if media is not None:
            self.recorded_media(node, media)

    def recorded_scroll(self, node: Node) -> None:
        x, y = node.attrs.get("rr_scrollLeft", 0), node.attrs.get("rr_scrollTop", 0)
        if isinstance(x, int | float) and isinstance(y, int | float) and (x or y):
            self.scrolls[node.id] = (float(x), float(y))

    def recorded_media(self, node: Node, state: object) -> None:
        def number(name: str, default: float) -> float:
            value = node.attrs.get(name, default)
            return float(value) if isinstance(value, int | float) else default

        self.media[node.id] = Media(
            state == "played",
            number("rr_mediaCurrentTime", 0.0),
            self.time,
            number("rr_mediaPlaybackRate", 1.0),
            number("rr_mediaVolume", 1.0),
            bool(node.attrs.get("rr_mediaMuted")),
            bool(node.attrs.get("rr_mediaLoop")),
        )

    def options_of(self, select: Node) -> Iterator[Node]:
        """The options of a select, in order."""
        stack = list(reversed(select.children))
        while stack:
            node = self.nodes.get(stack.pop())
            if node is None:
                continue
            if node.name == "option":
                yield node
            else:
                stack.extend(reversed(node.children))

    def text_of(self, id: int, limit: int = 2000) -> str:
        """The text inside a node (light tree, scripts and styles left out), at most `limit` characters."""
        parts: list[str] = []
        size = 0
        stack = [id]
        while stack and size < limit:
            node = self.nodes.get(stack.pop())
            if node is None or node.name in ("script", "style", "noscript"):
                continue
            if node.kind == TEXT and node.text:
                parts.append(node.text)
                size += len(node.text)
            stack.extend(reversed(node.children))
        return "".join(parts)[:limit]


def _copy(node: Node) -> Node:
    return Node(
        node.id,
        node.kind,
        node.parent,
        node.name,
        node.attrs.copy(),
        node.children.copy(),
        None if node.shadow is None else node.shadow.copy(),
        node.text,
        node.flags,
        node.style,
        node.extra,
    )
