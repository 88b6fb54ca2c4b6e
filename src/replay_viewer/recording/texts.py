"""Text over time: what a tab's page showed, from when to when.

A reader applies the events of a tab to a mirror of its own and notes when each text comes and goes: text nodes,
the document's title, placeholders, tooltips, alternative texts, labels, captions of buttons, what stands in fields,
and (`passages`) what several text nodes of one block say together. Left out is what no person reads: scripts, styles,
hidden elements (the `hidden` attribute, inline `display: none`, closed dialogs), passwords. What a style sheet hides
cannot be told without a layout and counts as shown.

Kept small on purpose: equal texts share one entry; a text that is rendered anew within `MERGE_MS`, at whatever node,
goes on; a text that grows at its end (or rolls: loses its head as well) is kept as what was appended, so that a log
resent whole 20,000 times costs its length once; what a person types counts once it stands still for `TYPING_MS`.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from replay_viewer.recording.events import AttributeChange, Event, Incremental, Kind, Mutation, Source
from replay_viewer.recording.mirror import Mirror
from replay_viewer.recording.nodes import ELEMENT, SVG, TEXT, Node
from replay_viewer.recording.passages import UNREAD, Passages

#: Kinds of texts, in the words of a person. Append only: the library stores them.
KINDS = ("text", "title", "placeholder", "tooltip", "alt", "label", "button", "input", "passage")

MERGE_MS = 50.0
TYPING_MS = 1_000.0
#: What stood for less than a frame at 60 Hz is left out: nobody saw it, and counters make thousands of it.
FRAME_MS = 16.0
#: Texts of this many characters and more may grow by what is appended; shorter ones are simply others.
LONG = 256
#: A longer text is kept in pieces of about this many characters, cut between lines or words.
PIECE = 1_000

_SKIPPED = UNREAD
_FIELDS = frozenset(("input", "textarea", "select"))
_CAPTIONS = frozenset(("button", "submit", "reset"))
#: Types of input whose value is no text a person sees, or (passwords) none anybody should find.
_NO_TEXT = frozenset(("checkbox", "radio", "hidden", "file", "color", "range", "image", "password"))
_ATTRIBUTES = (("placeholder", "placeholder"), ("title", "tooltip"), ("alt", "alt"), ("aria-label", "label"))
_DISPLAY_NONE = re.compile(r"(?:^|;)\s*display\s*:\s*none\b", re.I)

#: A text that grew is not looked for among more than this many that ended lately.
_SCAN = 500
_STARS = frozenset("*•█▪")
_TELLING = frozenset(name for name, _ in _ATTRIBUTES)
_HIDING = frozenset(("hidden", "style", "open"))
_SOURCES = (Source.MUTATION, Source.INPUT)

_Texts = Sequence[tuple[str, str]]
#: (kind, text) → start, end (epoch ms; -1: to the end of the recording) and node of each interval, flat.
Found = dict[tuple[str, str], list[float]]


def is_masked(text: str) -> bool:
    """Whether the recorder replaced most of the text by asterisks or the like."""
    if _STARS.isdisjoint(text):
        return False
    stars = sum(map(text.count, _STARS))
    return stars > 2 and stars * 2 >= len(text) - text.count(" ")


def is_hidden(node: Node) -> bool:
    """Whether an element says of itself that it and what is inside it is not shown."""
    attrs = node.attrs
    if attrs.get("hidden", False) not in (None, False, "until-found"):
        return True
    if node.name == "dialog" and attrs.get("open") in (None, False) and attrs.get("aria-modal") != "true":
        # (applications that say aria-modal show their dialogs by a style sheet, without `open`)
        return True
    if node.style is not None and "display" in node.style:
        setting = node.style["display"]
        return bool((setting[0] if isinstance(setting, list) and setting else setting) == "none")
    style = attrs.get("style")
    return isinstance(style, str) and "none" in style and _DISPLAY_NONE.search(style) is not None


class _Shown:
    """One text while it is (or just was) on the page. `pieces`: (start, from, to, node) of one that grew, in places
    counted from its first character ever, of which `shift` are gone."""

    __slots__ = ("end", "kind", "node", "pieces", "raw", "shift", "start")

    def __init__(self, kind: str, raw: str, node: int, start: float) -> None:
        self.kind = kind
        self.raw = raw
        self.node = node
        self.start = start
        self.end = 0.0
        self.pieces: deque[tuple[float, int, int, int]] | None = None
        self.shift = 0


class _TouchedMirror(Mirror):
    """A mirror that says which nodes an event touched, without keeping what they were."""

    watched = True

    def __init__(self) -> None:
        super().__init__()
        self.touched: dict[int, None] = {}

    def touch(self, id: int) -> None:
        self.touched[id] = None


class TextReader:
    """Reads one tab. `found` collects finished intervals until somebody takes them; `size` is about its bytes."""

    def __init__(self) -> None:
        self.mirror = _TouchedMirror()
        self.found: Found = {}
        self.size = 0
        self._live: dict[int, list[_Shown]] = {}
        self._visible: dict[int, bool] = {}
        # What ended lately, by kind and text: two generations, so that each waits at least MERGE_MS to go on.
        self._recent: dict[tuple[str, str], list[_Shown]] = {}
        self._older: dict[tuple[str, str], list[_Shown]] = {}
        self._turned = 0.0
        self._passages = Passages(self.mirror, is_hidden, self._is_visible, partial(self._add, "passage"))

    @staticmethod
    def wants(kind: int, source: int) -> bool:
        """Whether an event of this type and source (-1: none) can change a text; others need not be decoded."""
        return kind == Kind.FULL_SNAPSHOT or (kind == Kind.INCREMENTAL and source in _SOURCES)

    def apply(self, event: Event) -> None:
        """Apply the next event and read what it changed."""
        mirror = self.mirror
        data = event.data
        # before the event: what stood still is read as it stood
        self._passages.settle(event.timestamp)
        if isinstance(data, Mutation):
            hidden = self._hidden(data.attributes) if data.attributes else ()
            touched = mirror.touched = {}
            mirror.apply(event)
            if data.removes and data.adds:
                self._forget_moved([one.id for one in data.removes])
            if hidden:
                self._toggle(dict(hidden), touched)
        elif isinstance(data, Incremental):
            mirror.apply(event)
            touched = {data.id: None} if data.source == Source.INPUT else {}
        else:
            touched = mirror.touched = dict.fromkeys(mirror.nodes)
            mirror.apply(event)
            self._visible.clear()
        if touched:
            self._update(touched, event.timestamp)
            self._passages.touch(touched, event.timestamp)

    def take(self) -> Found:
        """What was found since the last time."""
        found, self.found, self.size = self.found, {}, 0
        return found

    def finish(self) -> None:
        """The recording is over: what is still there stays to the end."""
        self._turn()
        self._turn()
        self._passages.finish()
        for spans in self._live.values():
            for span in spans:
                self._emit(span, -1.0)
        self._live = {}

    # -- changes -------------------------------------------------------------------------------------------------

    def _forget_moved(self, removed: list[int]) -> None:
        """What was taken out and is there again may stand somewhere hidden now, with all that is in it."""
        nodes, visible = self.mirror.nodes, self._visible
        stack = [id for id in removed if id in nodes]
        while stack:
            node = nodes.get(stack.pop())
            if node is not None:
                visible.pop(node.id, None)
                stack += node.children
                stack += node.shadow or ()

    def _hidden(self, changes: list[AttributeChange]) -> list[tuple[int, bool]]:
        """(id, whether hidden before the change) of elements that may be hidden or shown by it."""
        nodes = self.mirror.nodes
        return [
            (change.id, is_hidden(nodes[change.id]))
            for change in changes
            if not _HIDING.isdisjoint(change.attributes) and change.id in nodes
        ]

    def _toggle(self, before: dict[int, bool], touched: dict[int, None]) -> None:
        """Add to the nodes touched all inside an element that was hidden or shown."""
        nodes = self.mirror.nodes
        stack = [id for id, hidden in before.items() if id in nodes and is_hidden(nodes[id]) != hidden]
        if stack:
            self._visible.clear()
        while stack:
            node = nodes.get(stack.pop())
            if node is not None:
                touched[node.id] = None
                stack += node.children
                stack += node.shadow or ()

    def _update(self, todo: Iterable[int], t: float) -> None:
        """Look at these nodes anew."""
        if t - self._turned > MERGE_MS:
            self._turned = t
            self._turn()
        nodes, live, visible = self.mirror.nodes, self._live, self._visible
        opened: list[tuple[int, str, str]] = []
        for id in todo:
            if id not in nodes:
                visible.pop(id, None)
                if id in live:
                    for span in live.pop(id):
                        self._close(span, t)
                continue
            node = nodes[id]
            if node.kind == TEXT:
                texts = self._of_text(node)
            elif node.kind == ELEMENT and (node.name in _FIELDS or not _TELLING.isdisjoint(node.attrs)):
                texts = self._of_element(node)
            else:
                texts = ()
            spans = live.get(id)
            if spans is None:
                for kind, raw in texts:
                    opened.append((id, kind, raw))
            elif not self._keep(id, spans, texts, opened, t):
                del live[id]
        # After everything that went: what comes back at another node goes on.
        for id, kind, raw in opened:
            span = self._reopen(kind, raw, id, t) or _Shown(kind, raw, id, t)
            if id in live:
                live[id].append(span)
            else:
                live[id] = [span]

    def _keep(
        self, id: int, spans: list[_Shown], texts: _Texts, opened: list[tuple[int, str, str]], t: float
    ) -> bool:
        """Compare what a node showed with what it shows; False when nothing is left of it."""
        now = dict(texts)
        kept: list[_Shown] = []
        for span in spans:
            raw = now.pop(span.kind, None)
            if raw is None:
                self._close(span, t)
            elif raw == span.raw or self._grow(span, raw, id, t):
                kept.append(span)
            else:
                if span.kind != "input" or t - span.start >= TYPING_MS:
                    self._close(span, t)
                opened.append((id, span.kind, raw))
        opened += [(id, kind, raw) for kind, raw in now.items()]
        spans[:] = kept
        return bool(kept)

    def _of_text(self, node: Node) -> _Texts:
        """(kind, text as it stands) of a text node."""
        raw = node.text
        if not raw or raw.isspace():
            return ()
        parent = self.mirror.nodes.get(node.parent)
        if parent is None or parent.name in _SKIPPED:
            return ()
        visible = self._visible.get(parent.id)
        if not (self._is_visible(parent) if visible is None else visible):
            return ()
        return (("title" if parent.name == "title" and not parent.flags & SVG else "text", raw),)

    def _of_element(self, node: Node) -> _Texts:
        """(kind, text as it stands) of an element's attributes and value."""
        attrs = node.attrs
        texts = [
            (kind, value)
            for name, kind in _ATTRIBUTES
            if name in attrs and isinstance(value := attrs[name], str) and value and not value.isspace()
        ]
        if node.name in _FIELDS:
            sort = str(attrs.get("type", "")).lower() if node.name == "input" else ""
            if sort not in _NO_TEXT:
                value = self.mirror.effective_input(node.id)[0]
                if value and not value.isspace():
                    texts.append(("button" if sort in _CAPTIONS else "input", value))
        return texts if texts and self._is_visible(node) else ()

    def _is_visible(self, node: Node) -> bool:
        """Whether neither the element nor one around it says that it is hidden."""
        visible, nodes = self._visible, self.mirror.nodes
        path: list[int] = []
        current: Node | None = node
        answer = True
        while current is not None:
            known = visible.get(current.id)
            if known is not None:
                answer = known
                break
            path.append(current.id)
            if current.kind == ELEMENT and is_hidden(current):
                answer = False
                break
            current = nodes.get(current.parent)
        for id in path:
            visible[id] = answer
        return answer

    # -- intervals -----------------------------------------------------------------------------------------------

    def _close(self, span: _Shown, t: float) -> None:
        span.end = t
        key = (span.kind, span.raw)
        same = self._recent.get(key)
        if same is None:
            self._recent[key] = [span]
        else:
            same.append(span)

    def _reopen(self, kind: str, raw: str, node: int, t: float) -> _Shown | None:
        """The interval that just ended and goes on with this text, or None."""
        for recent in (self._recent, self._older):
            same = recent.get((kind, raw))
            if same and same[-1].end >= t - MERGE_MS:
                span = same.pop()
                if not same:
                    del recent[kind, raw]
                return span
        if len(raw) < LONG:
            return None
        for recent in (self._recent, self._older):
            if len(recent) > _SCAN:
                continue
            for (other, shorter), spans in recent.items():
                if (
                    len(shorter) >= LONG
                    and other == kind
                    and raw.startswith(shorter)
                    and spans[-1].end >= t - MERGE_MS
                ):
                    span = spans.pop()
                    if not spans:
                        del recent[other, shorter]
                    self._grow(span, raw, node, t)
                    return span
        return None

    def _turn(self) -> None:
        """What ended before the generation at hand ended for good."""
        for spans in self._older.values():
            for span in spans:
                if span.end - span.start >= FRAME_MS or span.pieces is not None:
                    self._emit(span, span.end)
        self._older, self._recent = self._recent, {}

    def _grow(self, span: _Shown, raw: str, node: int, t: float) -> bool:
        """Take `raw` as the span's text with more at its end (and less at its start); False when it is another."""
        gone = _rolled(span.raw, raw)
        if gone < 0:
            return False
        old = span.raw
        pieces = span.pieces
        if pieces is None:
            pieces = span.pieces = deque([(span.start, 0, len(old), span.node)])
        if gone:
            span.shift += gone
            while pieces and pieces[0][1] < span.shift:
                start, low, high, at = pieces.popleft()
                cut = min(high, span.shift)
                self._add(span.kind, _slice(old, low - span.shift + gone, cut - span.shift + gone), start, t, at)
                if high > span.shift:
                    pieces.appendleft((start, span.shift, high, at))
        kept = len(old) - gone
        # from the start of the line (or word) that goes on, so that it is found whole
        line = max(raw.rfind("\n", max(0, kept - 500), kept), raw.rfind(" ", max(0, kept - 50), kept)) + 1
        if len(raw) > kept:
            pieces.append((t, span.shift + (line or kept), span.shift + len(raw), node))
        span.raw = raw
        return True

    def _emit(self, span: _Shown, end: float) -> None:
        if span.pieces is None:
            self._add(span.kind, span.raw, span.start, end, span.node)
            return
        for start, low, high, node in span.pieces:
            self._add(span.kind, _slice(span.raw, low - span.shift, high - span.shift), start, end, node)

    def _add(self, kind: str, raw: str, start: float, end: float, node: int) -> None:
        if 0 <= end < start + FRAME_MS:
            return
        for text in _cut(raw):
            entry = self.found.get((kind, text))
            if entry is None:
                entry = self.found[kind, text] = []
                self.size += len(text) + 200
            entry += (start, end, node)
            self.size += 80


def _slice(raw: str, low: int, high: int) -> str:
    return raw[max(0, low) : max(0, high)]


def _rolled(old: str, new: str) -> int:
    """How many characters of `old` are gone at the start of `new`, which goes on with the rest of it; -1: no such."""
    if len(old) < LONG:
        return -1
    if len(new) > len(old) and new.startswith(old):
        return 0
    if len(new) < LONG:
        return -1
    at = old.find(new[:64], 1)
    return at if at > 0 and new.startswith(old[at:]) else -1


def _cut(raw: str) -> Iterator[str]:
    """The text with its blanks made single, in pieces of about `PIECE` characters."""
    text = " ".join(raw.split())
    start, end = 0, len(text)
    # by places, not by what is left: that would copy a text of 30 MB as often as it has pieces
    while end - start > PIECE:
        at = text.rfind(" ", start + PIECE // 2, start + PIECE)
        if at < 0:
            yield text[start : start + PIECE]
            start += PIECE
        else:
            yield text[start:at]
            start = at + 1
    if start < end:
        yield text[start:]
