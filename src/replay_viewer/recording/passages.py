"""Passages: what several text nodes of one block say together, over time ("Payment <b>failed</b>").

The single texts are read as they come; a passage is read once its block stands still for `SETTLED_MS`. A counter in
a line costs nothing that way, and what changed faster is found by its parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from replay_viewer.recording.mirror import Mirror
from replay_viewer.recording.nodes import ELEMENT, SVG, TEXT, Node

#: Elements whose texts no person reads as such.
UNREAD = frozenset(("script", "style", "noscript", "template", "textarea"))
#: A block of more text nodes, or of more characters, is no passage: its nodes are found one by one.
MAX_NODES = 64
MAX_CHARACTERS = 2_000
SETTLED_MS = 250.0
#: A block that said so many different things is a counter or a ticker: what it says from then on is no passage.
MAX_OF_BLOCK = 20
#: A passage that is there again within this time, at whatever node, was there all along.
_MERGE_MS = 50.0
#: Elements that stand within a line unless a style sheet says otherwise; what is in `_GAPS` parts words.
_INLINE = frozenset(
    [
        "a",
        "abbr",
        "acronym",
        "b",
        "bdi",
        "bdo",
        "big",
        "cite",
        "code",
        "data",
        "del",
        "dfn",
        "em",
        "font",
        "i",
        "ins",
        "kbd",
        "label",
        "mark",
        "q",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "time",
        "tt",
        "u",
        "var",
        "wbr",
    ]
)
_GAPS = frozenset(
    [
        "br",
        "img",
        "svg",
        "input",
        "button",
        "select",
        "textarea",
        "video",
        "audio",
        "canvas",
        "picture",
        "object",
        "iframe",
    ]
)
_WIDE = 4 * MAX_NODES

#: text, from, to (epoch ms; -1: to the end), node.
Found = Callable[[str, float, float, int], None]


class _Shown:
    __slots__ = ("end", "node", "start", "text")

    def __init__(self, text: str, node: int, start: float) -> None:
        self.text = text
        self.node = node
        self.start = start
        self.end = 0.0


class Passages:
    """The passages of one tab. `found` is told of each that ended; `hidden` and `visible` judge elements."""

    def __init__(
        self, mirror: Mirror, hidden: Callable[[Node], bool], visible: Callable[[Node], bool], found: Found
    ) -> None:
        self._mirror = mirror
        self._hidden = hidden
        self._visible = visible
        self._found = found
        self._live: dict[int, _Shown] = {}
        # Blocks that changed: when first and when last since they were read; the longest still one first.
        self._restless: dict[int, tuple[float, float]] = {}
        self._ended: dict[str, _Shown] = {}
        self._look = 0.0
        self._said_by: dict[int, int] = {}

    def touch(self, touched: Iterable[int], t: float) -> None:
        """These nodes changed at `t` (epoch ms)."""
        nodes, live, restless, said_by = self._mirror.nodes, self._live, self._restless, self._said_by
        for id in touched:
            if id in live:
                # whatever happened to it, gone included
                first = restless.pop(id, None)
                restless[id] = (t if first is None else first[0], t)
            node = nodes.get(id)
            if node is None:
                continue
            if node.kind == TEXT:
                node = nodes.get(node.parent)
                if node is None or (len(node.children) == 1 and node.name not in _INLINE):
                    continue
            elif (len(node.children) < 2 or node.kind != ELEMENT) and node.name not in _INLINE:
                continue
            while node is not None and node.name in _INLINE:
                node = nodes.get(node.parent)
            if node is None or node.kind != ELEMENT or said_by.get(node.id, 0) > MAX_OF_BLOCK:
                continue
            if len(node.children) > 1 or node.id in live:
                first = restless.pop(node.id, None)
                restless[node.id] = (t if first is None else first[0], t)

    def settle(self, t: float) -> None:
        """Read the blocks that stood still up to `t`. To be called before the next change is applied."""
        restless = self._restless
        while restless:
            id = next(iter(restless))
            first, last = restless[id]
            if last > t - SETTLED_MS:
                break
            del restless[id]
            self._read(id, first, last)
        # Often enough: what ended and comes again is held against the time it ended at.
        if self._ended and t >= self._look:
            self._look = t + SETTLED_MS
            for text in [text for text, span in self._ended.items() if span.end < t - 2 * SETTLED_MS]:
                self._tell(self._ended.pop(text))

    def finish(self) -> None:
        """The recording is over: what is there stays to the end."""
        for id, (first, last) in self._restless.items():
            self._read(id, first, last)
        self._restless = {}
        for span in (*self._ended.values(), *self._live.values()):
            self._tell(span)
        self._ended, self._live = {}, {}

    def _read(self, id: int, first: float, last: float) -> None:
        node = self._mirror.nodes.get(id)
        text = self._said(node) if node is not None else ""
        span = self._live.get(id)
        if span is not None:
            if span.text == text:
                return
            del self._live[id]
            span.end = first
            before = self._ended.pop(span.text, None)
            if before is not None:
                self._tell(before)
            self._ended[span.text] = span
        if not text:
            if node is None:
                self._said_by.pop(id, None)
            return
        count = self._said_by[id] = self._said_by.get(id, 0) + 1
        if count > MAX_OF_BLOCK:
            return
        before = self._ended.get(text)
        if before is not None and last - before.end <= _MERGE_MS:
            del self._ended[text]
            before.end = 0.0
            self._live[id] = before
        else:
            self._live[id] = _Shown(text, id, last)

    def _tell(self, span: _Shown) -> None:
        if not span.end:
            self._found(span.text, span.start, -1.0, span.node)
        elif span.end - span.start >= SETTLED_MS:
            self._found(span.text, span.start, span.end, span.node)

    def _said(self, block: Node) -> str:
        """What the text nodes in the lines of a block say together, '' when no line has two of them."""
        nodes = self._mirror.nodes
        if block.name in UNREAD or not 1 < len(block.children) <= _WIDE:
            return ""
        lines: list[list[str]] = [[]]
        said = [0]
        count = size = 0
        stack = block.children[::-1]
        while stack:
            node = nodes.get(stack.pop())
            if node is None:
                continue
            if node.kind == TEXT:
                raw = node.text or ""
                lines[-1].append(raw)
                if raw and not raw.isspace():
                    said[-1] += 1
                    count += 1
                    size += len(raw)
                    if count > MAX_NODES or size > MAX_CHARACTERS:
                        return ""
            elif node.kind != ELEMENT or node.name in UNREAD:
                continue
            elif node.name in _INLINE and not node.flags & SVG:
                if len(node.children) > _WIDE:
                    return ""
                if not self._hidden(node):
                    stack += node.children[::-1]
            elif node.name in _GAPS:
                lines[-1].append(" ")
            else:
                lines.append([])
                said.append(0)
        whole = [" ".join("".join(line).split()) for line, n in zip(lines, said, strict=True) if n > 1]
        return " / ".join(whole) if whole and self._visible(block) else ""
