"""The mirror: our model of a tab's DOM while its events are applied.

It follows what rrweb's Replayer does with each event (read from rrweb 2.2.2), but keeps values only, in plain Python,
so that a state costs no browser. References to nodes it does not know are counted, never fatal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urljoin

import msgspec

from replay_viewer.recording import canvas, sheets
from replay_viewer.recording.events import (
    Add,
    AttributeChange,
    Custom,
    Event,
    FullSnapshot,
    Incremental,
    Kind,
    Meta,
    Mutation,
    Remove,
    Sn,
    Source,
    TextChange,
)
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


class Pointer(msgspec.Struct, array_like=True, frozen=True):
    """Pointer position in the coordinates of the document of node `id`; kind 0 mouse, 1 touch."""

    x: float
    y: float
    kind: int
    id: int


class Scrolling(msgspec.Struct, array_like=True, frozen=True):
    """A scroll under way, last heard of at `t` (epoch ms): from `base` to `now`, of the elements `ids`.

    Recorders throttle the scroll events of all elements together (rrweb: one in 100 ms), so of two elements that a
    page scrolls alike each is heard of only now and then, and the last position of one of them never. An element
    that was where this one began, and is heard of at the same place or one equal step further, is scrolled along.
    """

    t: float
    base: tuple[float, float]
    now: tuple[float, float]
    ids: list[int]
    step: float

    def takes(self, id: int, to: tuple[float, float], mirror: Mirror) -> bool:
        """Whether this is the scroll that `id` is part of when it is heard of at `to`; notes it if so."""
        if id in self.ids:
            return True
        node = mirror.nodes.get(id)
        gone = to[1] - self.now[1]
        alike = to[0] == self.now[0] == self.base[0] and (gone == 0 or abs(gone - self.step) <= 2)
        # A document scrolls along when a script brings something into view; that is another scroll.
        if alike and self.step and node and node.kind == ELEMENT and mirror.scrolls.get(id, (0.0, 0.0)) == self.base:
            self.ids.append(id)
            return True
        return False


class Media(msgspec.Struct, frozen=True):
    """State of a media element: position `at` seconds at instant `t` (epoch ms)."""

    playing: bool
    at: float
    t: float
    rate: float = 1.0
    volume: float = 1.0
    muted: bool = False
    loop: bool = False


Font = dict[str, Any]
Input = tuple[str | None, bool | None]
Op = list[Any]

#: What `checked` is stored as. The recorder writes true for a box that is checked when it is serialised; text there
#: is the attribute of a box that is not. The attribute of a mutation checks a box.
CHECKED, UNCHECKED = "checked", ""

#: The recorder's mark between the parts of `_cssText` that belong to the text nodes of one <style>.
_SPLIT = "/* rr_split */"

#: Scroll events so close (ms) are of one scroll.
_TOGETHER = 250.0
_EDITABLE = ("", "true", "plaintext-only")

#: MouseInteraction types (rrweb) by what they do to pointer and focus.
_DOWN, _UP, _FOCUS, _BLUR, _TOUCH_START, _TOUCH_END, _TOUCH_CANCEL = 1, 0, 5, 6, 7, 9, 10


class Mirror:
    """Applies events one after the other; `before` collects what changed nodes were, when a base is wanted.

    nodes: id → Node. root: id of the document, None before the first full snapshot. inputs: id → (value, checked)
    as last reported. scrolls: id → (x, y). sheets / constructed: node id / style id → rule operations, append-only
    lists replaced as a whole on a reset. adopted: host id → style ids, of hosts that left the page too, because the
    recorder does not say it again when they come back. fonts, media, canvas: by id. `caret`: the
    editable element last focused. `time`: epoch ms
    of the last event applied. `unknown`: references to nodes that are not there, so far. `clashes`: nodes that came
    where another with their id was, or went from a parent they did not stand in, so far. `canvas_cut`: drawing
    commands given up because their canvas' log was too long (recording/canvas.py), so far.
    """

    def __init__(self) -> None:
        self.nodes: dict[int, Node] = {}
        self.root: int | None = None
        self.generation = 0
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
        self._waiting_documents: dict[int, Sn] = {}
        self._aside: dict[int, tuple[str, Input]] = {}

    # -- events ----------------------------------------------------------------------------------------------

    def apply(self, event: Event) -> None:
        """Apply one event. Never raises for odd content."""
        self.time = event.timestamp
        data = event.data
        if isinstance(data, Mutation):
            self._mutation(data)
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
            for id in self.nodes:
                self._touch(id)
        focused = self.nodes.get(self.focus or 0)
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
        self._waiting_documents = {}
        self._insert(data.node, 0)
        if self.root != data.node.id:
            self.selection = []
        self.root = data.node.id
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

    def _mutation(self, data: Mutation) -> None:
        removed = self._removes(data.removes or ())
        if data.adds:
            self._adds(data.adds)
        if self._aside:
            self._aside = {}
        for text in data.texts or ():
            self._text(text, removed)
        for change in data.attributes or ():
            self._attributes(change, removed)

    def _removes(self, removes: Sequence[Remove]) -> set[int]:
        gone = set()
        for remove in removes:
            node = self.nodes.get(remove.id)
            if node is None:
                # What was taken out of something that went itself, or went twice, is gone already.
                self.unknown += remove.id not in gone and remove.parentId not in gone
                gone.add(remove.id)
                continue
            gone.add(remove.id)
            if remove.parentId in self.nodes and (
                node.parent != remove.parentId or bool(node.flags & SHADOW) != bool(remove.isShadow)
            ):
                # It was moved out of a shadow root: the outer document reports its coming before the shadow root
                # reports its going. It stands where it came to.
                self.clashes += node.parent != remove.parentId and not remove.isShadow
                continue
            self._detach(node)
            self._forget(node)
        return gone

    def _adds(self, adds: list[Add]) -> None:
        """Add nodes; those whose neighbour or parent comes later wait, as long as there is progress."""
        nodes = self.nodes
        queue = adds
        while queue:
            waiting: list[Add] = []
            for add in queue:
                parent = nodes.get(add.parentId)
                if parent is None:
                    waiting.append(add)
                    continue
                next_id = add.nextId
                if next_id is not None and next_id > 0 and next_id not in nodes:
                    waiting.append(add)
                    continue
                self._add(add, parent)
            if len(waiting) == len(queue):
                self._add_lost(waiting)
                return
            queue = waiting

    def _add_lost(self, waiting: list[Add]) -> None:
        """What still waits names a neighbour or parent that never comes: place it last, or count it."""
        for add in waiting:
            parent = self.nodes.get(add.parentId)
            if parent is not None:
                self.unknown += add.nextId not in self.nodes
                self._add(add, parent)
            elif add.node.type == DOCUMENT:
                self._waiting_documents[add.parentId] = add.node
            else:
                self.unknown += 1

    def _add(self, add: Add, parent: Node) -> None:
        sn = add.node
        if sn.rootId and sn.rootId not in self.nodes:
            self.unknown += 1
            return
        existing = self.nodes.get(sn.id)
        if existing is not None:
            self.clashes += 1
            self._detach(existing)
            self._forget(existing)
            if parent.id not in self.nodes:
                # It was to stand inside itself.
                self.unknown += 1
                return
        self._displace(sn, parent)
        if parent.name == "style" and sn.textContent and parent.children:
            self._own_texts(parent)
        node = self._insert(sn, parent.id)
        self._touch(parent.id)
        if node.flags & SHADOW:
            if parent.shadow is None:
                parent.shadow = []
                parent.flags |= SHADOW_HOST
            siblings = parent.shadow
        else:
            siblings = parent.children
        next_id, previous_id = add.nextId, add.previousId
        if next_id is not None and next_id in self.nodes and next_id in siblings:
            siblings.insert(siblings.index(next_id), sn.id)
        elif next_id is None and previous_id is not None and previous_id in siblings:
            siblings.insert(siblings.index(previous_id) + 1, sn.id)
        else:
            siblings.append(sn.id)
        if parent.name == "style" and node.kind == TEXT:
            self.sheets.pop(parent.id, None)
        elif sn.type == DOCUMENT:
            self.frames.add(parent.id)
        elif node.name == "option" and node.attrs.get("selected") is True:
            self._choose(node)

    def _choose(self, option: Node) -> None:
        """An option came that the recorder saw selected: whatever its select held before, it holds this now."""
        select = self.nodes.get(option.parent)
        if select is not None and select.name == "optgroup":
            select = self.nodes.get(select.parent)
        if select is None or select.name != "select" or "multiple" in select.attrs:
            return
        self.inputs.pop(select.id, None)
        self._touch(select.id)
        select.attrs.pop("value", None)
        for other in self.options_of(select):
            if other is not option and "selected" in other.attrs:
                self._touch(other.id)
                del other.attrs["selected"]

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

    def _displace(self, sn: Sn, parent: Node) -> None:
        """A document holds one doctype and one root element, a frame one document, a text area one text."""
        if sn.type == DOCUMENT:
            rivals = list(parent.children)
        elif parent.kind == DOCUMENT and sn.type in (DOCTYPE, ELEMENT):
            rivals = [id for id in parent.children if self.nodes[id].kind == sn.type]
        elif sn.type == TEXT and parent.name == "textarea":
            rivals = [id for id in parent.children if self.nodes[id].kind == TEXT]
        else:
            return
        for id in rivals:
            rival = self.nodes[id]
            self._detach(rival)
            self._forget(rival)

    def _text(self, change: TextChange, removed: set[int]) -> None:
        node = self.nodes.get(change.id)
        if node is None:
            self.unknown += change.id not in removed
            return
        if node.kind == ELEMENT:
            # The stock player sets textContent, whatever the node: on an element that replaces its children.
            self.unknown += 1
            return
        parent = self.nodes.get(node.parent)
        if parent is not None and parent.name == "style":
            self._own_texts(parent)
            self.sheets.pop(parent.id, None)
        self._touch(node.id)
        node.text = change.value or ""

    def _attributes(self, change: AttributeChange, removed: set[int]) -> None:
        node = self.nodes.get(change.id)
        if node is None:
            self.unknown += change.id not in removed
            return
        self._touch(node.id)
        for name, value in change.attributes.items():
            if name == "style" and isinstance(value, dict):
                style = dict(node.style or ())
                for prop, setting in value.items():
                    # Removed and set anew goes last: the order of declarations decides among shorthands.
                    style.pop(prop, None)
                    style[prop] = setting
                node.style = style
                continue
            if name == "style":
                node.style = None
            elif name == "checked" and isinstance(value, str):
                value = CHECKED
            elif name == "type" and node.name == "input" and _boxed(node.attrs.get(name)) != _boxed(value):
                # What a box was said to hold is no text, nor the other way round.
                self.inputs.pop(node.id, None)
            if value is None:
                node.attrs.pop(name, None)
                continue
            node.attrs[name] = value
            if name == "_cssText":
                self.sheets.pop(node.id, None)
            elif node.name == "canvas" and name in ("width", "height"):
                # Setting either empties the canvas.
                self.canvas[node.id] = canvas.emptied(self.canvas.get(node.id))
            elif name in ("rr_scrollLeft", "rr_scrollTop"):
                self._recorded_scroll(node)

    # -- pointer, input, scroll ------------------------------------------------------------------------------

    def _moves(self, data: Incremental) -> None:
        if data.positions:
            last = data.positions[-1]
            self.pointer = Pointer(last.x, last.y, int(data.source == Source.TOUCH_MOVE and self.down), last.id)

    def _mouse(self, data: Incremental) -> None:
        if data.id not in self.nodes:
            self.unknown += data.id > 0
            return
        kind = data.type
        if kind == _FOCUS:
            self.focus = data.id
            if self.nodes[data.id].attrs.get("contenteditable") in _EDITABLE:
                # Where the caret is nobody says, but it stays there when the focus goes elsewhere.
                self.caret = data.id
        elif kind == _BLUR:
            if self.focus == data.id:
                self.focus = None
        elif kind in (_DOWN, _TOUCH_START):
            self.down = True
        elif kind in (_UP, _TOUCH_END, _TOUCH_CANCEL):
            self.down = False
        if data.x is not None and data.y is not None:
            touch = int(kind in (_TOUCH_START, _TOUCH_END, _TOUCH_CANCEL) or data.pointerType == 2)
            self.pointer = Pointer(data.x, data.y, touch, data.id)

    def _scroll(self, data: Incremental) -> None:
        if data.id not in self.nodes:
            self.unknown += data.id > 0
            return
        now = (data.x or 0.0, data.y or 0.0)
        together = self.scrolling
        if together is None or self.time - together.t > _TOGETHER or not together.takes(data.id, now, self):
            base = self.scrolls.get(data.id, (0.0, 0.0))
            together = Scrolling(self.time, base, base, [data.id], 0.0)
        step = now[1] - together.now[1] or together.step
        self.scrolling = Scrolling(self.time, together.base, now, together.ids, step)
        for id in together.ids:
            if id in self.nodes:
                self.scrolls[id] = now

    def _resize(self, data: Incremental) -> None:
        if data.width and data.height:
            self.viewport = (data.width, data.height)

    def _input(self, data: Incremental) -> None:
        if data.id in self.nodes:
            self.inputs[data.id] = (data.text, data.isChecked)
        else:
            self.unknown += data.id > 0

    def _selection(self, data: Incremental) -> None:
        self.selection = [
            [v if isinstance(v := r.get(k), int) else 0 for k in ("start", "startOffset", "end", "endOffset")]
            for r in data.ranges or ()
            if isinstance(r, dict)
        ]

    # -- sheets, fonts, media, canvas ------------------------------------------------------------------------

    def _rules(self, data: Incremental) -> None:
        ops = sheets.operations(data)
        if not ops:
            return
        if data.styleId:
            log = self.constructed.setdefault(data.styleId, [])
        elif data.id in self.nodes:
            log = self.sheets.setdefault(data.id, [])
        else:
            self.unknown += 1
            return
        if ops[0][0] == "r":
            # Replacing makes what came before pointless; a new list tells a diff that the log began anew.
            ops = ops[max(n for n, op in enumerate(ops) if op[0] == "r") :]
            if data.styleId:
                self.constructed[data.styleId] = ops
            else:
                self.sheets[data.id] = ops
        else:
            log.extend(ops)

    def _adopted(self, data: Incremental) -> None:
        for style in data.styles or ():
            if isinstance(style, dict) and isinstance(style.get("styleId"), int):
                self.constructed[style["styleId"]] = sheets.inserts(style.get("rules"))
        if data.id in self.nodes or data.id in self.adopted:
            self.adopted[data.id] = [i for i in data.styleIds or () if isinstance(i, int)]
        elif data.id > 0:
            self.unknown += 1

    def _font(self, data: Incremental) -> None:
        self.fonts = [
            *self.fonts,
            {
                "family": data.family or "",
                "source": data.fontSource or "",
                "buffer": bool(data.buffer),
                "descriptors": data.descriptors,
            },
        ]

    def _media(self, data: Incremental) -> None:
        if data.id not in self.nodes:
            self.unknown += data.id > 0
            return
        old = self.media.get(data.id) or Media(False, 0.0, self.time)
        playing = {0: True, 1: False}.get(-1 if data.type is None else data.type, old.playing)
        at = data.currentTime
        if at is None:
            at = old.at + (self.time - old.t) / 1000.0 * old.rate * old.playing
        self.media[data.id] = Media(
            playing,
            at,
            self.time,
            old.rate if data.playbackRate is None else data.playbackRate,
            old.volume if data.volume is None else data.volume,
            old.muted if data.muted is None else data.muted,
            old.loop if data.loop is None else data.loop,
        )

    def _canvas(self, data: Incremental) -> None:
        if data.id not in self.nodes:
            self.unknown += data.id > 0
            return
        commands = data.commands or [{"property": data.property, "args": data.args, "setter": data.setter}]
        log, cut = canvas.extended(self.canvas.get(data.id), commands, data.type, _canvas_size(self.nodes[data.id]))
        self.canvas[data.id] = log
        self.canvas_cut += cut

    # -- the tree --------------------------------------------------------------------------------------------

    def _touch(self, id: int) -> None:
        """Before a node changes, keep what it was (for patches) and drop its encoding (for keyframes)."""
        self.encoded.pop(id, None)
        before = self.before
        if before is not None and id not in before:
            node = self.nodes.get(id)
            before[id] = None if node is None else _copy(node)

    def _detach(self, node: Node) -> None:
        parent = self.nodes.get(node.parent)
        if parent is None:
            return
        self._touch(parent.id)
        if node.kind == TEXT and parent.name == "style":
            self._own_texts(parent)
            self.sheets.pop(parent.id, None)
        elif node.kind == DOCUMENT:
            self.frames.discard(parent.id)
        siblings = parent.shadow if node.flags & SHADOW else parent.children
        if siblings is not None and node.id in siblings:
            siblings.remove(node.id)

    def _own_texts(self, style: Node) -> None:
        """Before a text of a style changes: give each its part of `_cssText`, which says what they were together."""
        css = style.attrs.get("_cssText")
        if not isinstance(css, str):
            return
        self._touch(style.id)
        del style.attrs["_cssText"]
        texts = [node for id in style.children if (node := self.nodes[id]).kind == TEXT]
        parts = css.split(_SPLIT)
        if len(parts) > len(texts) > 0:
            parts[len(texts) - 1 :] = ["".join(parts[len(texts) - 1 :])]
        for node, part in zip(texts, parts, strict=False):
            if part and not node.text:
                self._touch(node.id)
                node.text = part

    def _forget(self, node: Node) -> None:
        """Remove a detached node and what is inside it from the mirror."""
        stack = [node]
        nodes = self.nodes
        while stack:
            current = stack.pop()
            id = current.id
            self._touch(id)
            nodes.pop(id, None)
            if id in self.inputs:
                # Moving is removing and adding: a control keeps what was put into it.
                self._aside[id] = (current.name, self.inputs.pop(id))
            for aux in (self.scrolls, self.sheets, self.media, self.canvas):
                if aux:
                    aux.pop(id, None)
            self.frames.discard(id)
            if current.children:
                stack.extend(nodes[c] for c in current.children if c in nodes)
            if current.shadow:
                stack.extend(nodes[c] for c in current.shadow if c in nodes)

    def _insert(self, sn: Sn, parent: int) -> Node:
        """Register a serialised node and all inside it; an id met twice keeps its first place."""
        top = self._register(sn, parent)
        stack = [(sn, top)] if sn.childNodes else []
        while stack:
            current, node = stack.pop()
            for child_sn in current.childNodes:
                if child_sn.id in self.nodes:
                    self.unknown += 1
                    continue
                child = self._register(child_sn, node.id)
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

    def _register(self, sn: Sn, parent: int) -> Node:
        self._touch(sn.id)
        flags = (
            (SVG if sn.isSVG else 0)
            | (SHADOW_HOST if sn.isShadowHost else 0)
            | (SHADOW if sn.isShadow else 0)
            | (CUSTOM if sn.isCustom else 0)
            | (BLOCKED if sn.needBlock else 0)
        )
        extra = None
        name = sn.tagName
        if sn.type == DOCTYPE:
            name, extra = sn.name, [sn.publicId, sn.systemId]
        elif sn.type == DOCUMENT:
            extra = [sn.compatMode]
        shadow: list[int] | None = [] if sn.isShadowHost else None
        text = sn.textContent if sn.type > ELEMENT else None
        # The decoded structure is ours alone, so its attributes need no copy.
        attributes = sn.attributes or {}
        node = Node(sn.id, sn.type, parent, name, attributes, [], shadow, text, flags, None, extra)
        style = attributes.get("style")
        if isinstance(style, dict):
            node.style = attributes.pop("style")
        self.nodes[sn.id] = node
        if name == "input" and isinstance(attributes.get("checked"), str):
            # The recorder takes lower-case types only for boxes; of others it says nothing but the attribute.
            attributes["checked"] = UNCHECKED if attributes.get("type") in ("checkbox", "radio") else CHECKED
        if "rr_scrollLeft" in attributes or "rr_scrollTop" in attributes:
            self._recorded_scroll(node)
        media = attributes.get("rr_mediaState")
        if media is not None:
            self._recorded_media(node, media)
        if self._aside and sn.id in self._aside:
            tag, reported = self._aside[sn.id]
            if tag == name:
                self.inputs[sn.id] = reported
        if self._waiting_documents and sn.id in self._waiting_documents:
            document = self._waiting_documents.pop(sn.id)
            inner = self._insert(document, sn.id)
            node.children.append(inner.id)
            self.frames.add(sn.id)
        return node

    def _recorded_scroll(self, node: Node) -> None:
        x, y = node.attrs.get("rr_scrollLeft", 0), node.attrs.get("rr_scrollTop", 0)
        if isinstance(x, int | float) and isinstance(y, int | float) and (x or y):
            self.scrolls[node.id] = (float(x), float(y))

    def _recorded_media(self, node: Node, state: object) -> None:
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

    # -- questions -------------------------------------------------------------------------------------------

    def effective_input(self, id: int) -> Input:
        """(value, checked) as the person sees them: what was reported last, else what was serialised."""
        return effective(self.nodes[id], self.inputs.get(id), self)

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


def effective(node: Node, reported: Input | None, mirror: Mirror) -> Input:
    """(value, checked) of a node given what was reported of it; None where the element has no such property."""
    checked: bool | None = None
    value: str | None = None
    attrs = node.attrs
    raw = attrs.get("value")
    if node.name == "input":
        if _boxed(attrs.get("type")):
            checked = attrs.get("checked") not in (None, False, UNCHECKED)
        value = "" if raw is None else str(raw)
    elif node.name == "textarea":
        value = str(raw) if raw is not None else mirror.text_of(node.id)
    elif node.name == "select":
        wanted = reported[0] if reported is not None and reported[0] is not None else raw
        return _chosen(node, mirror, None if wanted is None else str(wanted), reported=reported is not None), None
    elif node.name == "option":
        checked = attrs.get("selected") not in (None, False)
    if reported is None:
        return value, checked
    text, is_checked = reported
    return (value if text is None else text), (is_checked if checked is not None else None)


def _boxed(kind: Any) -> bool:
    """Whether an input of this type is a box to check."""
    return isinstance(kind, str) and kind.lower() in ("checkbox", "radio")


def _chosen(select: Node, mirror: Mirror, wanted: str | None, *, reported: bool) -> str | None:
    """Value of a select: the wanted one if there is such an option, else that of its selected or first option.

    `reported`: the options were serialised before something else was chosen.
    """
    if wanted and not wanted.strip("*"):
        # Masked: no option is as good as another.
        return wanted
    chosen: Node | None = None
    first: Node | None = None
    for option in mirror.options_of(select):
        if wanted is not None and option_value(option, mirror) == wanted:
            return wanted
        if chosen is None and not reported and option.attrs.get("selected") not in (None, False):
            chosen = option
        if first is None and option.attrs.get("disabled") is None:
            first = option
    found = chosen or first
    return None if found is None else option_value(found, mirror)


def option_value(option: Node, mirror: Mirror) -> str:
    """The value of an option: its attribute, else its text with white space collapsed."""
    value = option.attrs.get("value")
    return " ".join(mirror.text_of(option.id).split()) if value is None else str(value)


#: Custom events of SDKs that say the page's URL changed without a load.
_URL_TAGS = ("$pageview", "$url_changed")


def moved_to(data: Custom, url: str) -> str:
    """The URL a page at `url` moved to by script, as PostHog's and Sentry's SDKs record it; empty: nothing said."""
    payload = data.payload
    if not isinstance(payload, dict):
        return ""
    target: object = None
    if data.tag in _URL_TAGS:
        target = payload.get("href")
    elif data.tag == "performanceSpan" and payload.get("op") == "navigation.push":
        target = payload.get("description")
    elif data.tag == "breadcrumb" and payload.get("category") == "navigation":
        moved = payload.get("data")
        target = moved.get("to") if isinstance(moved, dict) else None
    if not isinstance(target, str) or not target:
        return ""
    try:
        return urljoin(url, target)
    except ValueError:
        return ""


def _canvas_size(node: Node) -> tuple[float, float]:
    """Width and height of a canvas' bitmap in its pixels."""

    def side(name: str, default: float) -> float:
        value = str(node.attrs.get(name, ""))
        return float(value) if value.isascii() and value.isdigit() else default

    return side("width", 300.0), side("height", 150.0)


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


_HANDLERS: dict[int, Callable[[Mirror, Incremental], None]] = {
    Source.MOUSE_MOVE: Mirror._moves,
    Source.TOUCH_MOVE: Mirror._moves,
    Source.DRAG: Mirror._moves,
    Source.MOUSE_INTERACTION: Mirror._mouse,
    Source.SCROLL: Mirror._scroll,
    Source.VIEWPORT_RESIZE: Mirror._resize,
    Source.INPUT: Mirror._input,
    Source.MEDIA_INTERACTION: Mirror._media,
    Source.STYLE_SHEET_RULE: Mirror._rules,
    Source.STYLE_DECLARATION: Mirror._rules,
    Source.CANVAS_MUTATION: Mirror._canvas,
    Source.FONT: Mirror._font,
    Source.SELECTION: Mirror._selection,
    Source.ADOPTED_STYLE_SHEET: Mirror._adopted,
}

#: Event kinds and sources that change a state, hence the order that matters.
STATEFUL_KINDS = frozenset({Kind.FULL_SNAPSHOT, Kind.INCREMENTAL, Kind.META})
