"""What changed on a page between two states, as plain data.

Within one document nodes are told apart by their recorded ids. States of two documents (the page was left or
reloaded between them) share no ids: then elements are paired by id attribute and place in the tree, which is a best
effort and says so (`same_document` false).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

import msgspec

from replay_viewer.analysis.extract.selector import selector
from replay_viewer.analysis.extract.words import text_of
from replay_viewer.recording.mirror import Mirror
from replay_viewer.recording.nodes import CDATA, COMMENT, DOCTYPE, DOCUMENT, ELEMENT, SHADOW, TEXT, Node

_UNREAD = frozenset(("script", "style", "noscript"))
_FIELDS = frozenset(("input", "textarea", "select", "option"))
#: One declaration of an inline style; what is quoted or in parentheses may hold semicolons.
_DECLARATION = re.compile(r"""\s*([\w-]+)\s*:\s*((?:[^;"'(]|"[^"]*"|'[^']*'|\([^)]*\))*)""")


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A node in words: its mirror id, tag (`#text` for a text), selector (of a text: its element's), text inside."""

    id: int
    tag: str
    selector: str
    text: str = ""


class Subtree(msgspec.Struct, frozen=True, kw_only=True):
    """Something added or removed with all in it; `nodes`: how many those are."""

    node: Place
    parent: Place | None
    nodes: int


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """A node that stands elsewhere: below another parent, or (`before` is `after`) in another order there."""

    node: Place
    before: Place | None
    after: Place | None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A value of a node: `name` of the attribute, style property or input property; None when not there."""

    node: Place
    name: str
    before: Any
    after: Any


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What changed. `page`: url and viewport; `texts`: of text nodes; `styles`: inline, by property; `inputs`: value
    and checked as the person saw them; `scrolls`: [x, y]; `sheets`: rules changed, in operations so far."""

    same_document: bool
    page: list[Change]
    added: list[Subtree]
    removed: list[Subtree]
    moved: list[Move]
    attributes: list[Change]
    texts: list[Change]
    styles: list[Change]
    inputs: list[Change]
    scrolls: list[Change]
    sheets: list[Change]

    @property
    def empty(self) -> bool:
        """Whether nothing changed."""
        return not any(getattr(self, name) for name in self.__struct_fields__ if name != "same_document")


def likeness(before: Mapping[int, tuple[int, str, int]], after: Mapping[int, Node]) -> float:
    """How much two states look like one document: share of ids with the same kind, name and parent (0 to 1).

    `before` is an `outline`, because a mirror moves on.
    """
    same = sum(1 for id, node in after.items() if before.get(id) == (node.kind, node.name, node.parent))
    return same / max(len(before), len(after), 1)


def outline(nodes: Mapping[int, Node]) -> dict[int, tuple[int, str, int]]:
    """What `likeness` compares of a state."""
    return {id: (node.kind, node.name, node.parent) for id, node in nodes.items()}


def compare(before: Mirror, after: Mirror, *, same_document: bool) -> Difference:
    """The difference of two states (of two mirrors that are not changed meanwhile)."""
    if same_document:
        pairs = {id: id for id, node in before.nodes.items() if id in after.nodes and _alike(node, after.nodes[id])}
    else:
        pairs = _paired(before, after)
    return _Comparison(before, after, pairs).difference(same_document)


def place(node: Node, nodes: Mapping[int, Node]) -> Place:
    """A node in words."""
    tag = {TEXT: "#text", DOCUMENT: "#document", COMMENT: "#comment", CDATA: "#text", DOCTYPE: "#doctype"}
    text = "" if node.kind not in (ELEMENT, TEXT) or node.name in _UNREAD else text_of(node, nodes, 120)
    return Place(id=node.id, tag=tag.get(node.kind, node.name), selector=selector(node, nodes), text=text[:120])


def _alike(one: Node, other: Node) -> bool:
    return one.kind == other.kind and one.name == other.name


class _Comparison:
    def __init__(self, before: Mirror, after: Mirror, pairs: dict[int, int]) -> None:
        self.old, self.new = before, after
        self.pairs = pairs
        self.back = {new: old for old, new in pairs.items()}

    def difference(self, same_document: bool) -> Difference:
        old, new = self.old, self.new
        attributes: list[Change] = []
        texts: list[Change] = []
        styles: list[Change] = []
        inputs: list[Change] = []
        for id, other in self.pairs.items():
            one, two = old.nodes[id], new.nodes[other]
            if one.kind == TEXT:
                if one.text != two.text and not self._unread(two):
                    texts.append(self._change(two, "text", one.text or "", two.text or ""))
            elif one.kind == ELEMENT:
                attributes += self._attributes(one, two)
                if one.style != two.style or one.attrs.get("style") != two.attrs.get("style"):
                    styles += self._values(two, inline_style(one), inline_style(two))
                if one.name in _FIELDS:
                    inputs += self._values(two, _entered(old, id), _entered(new, other))
        page = [
            Change(node=self._root(), name=name, before=a, after=b)
            for name, a, b in (("url", old.url, new.url), ("viewport", list(old.viewport), list(new.viewport)))
            if a != b
        ]
        return Difference(
            same_document=same_document,
            page=page,
            added=_tops(new, (id for id in new.nodes if id not in self.back)),
            removed=_tops(old, (id for id in old.nodes if id not in self.pairs)),
            moved=self._moved(),
            attributes=attributes,
            texts=texts,
            styles=styles,
            inputs=inputs,
            scrolls=self._scrolls(),
            sheets=self._sheets(),
        )

    def _root(self) -> Place:
        return Place(id=self.new.root or 0, tag="#document", selector="")

    def _unread(self, node: Node) -> bool:
        parent = self.new.nodes.get(node.parent)
        return parent is not None and parent.name in _UNREAD

    def _change(self, node: Node, name: str, before: Any, after: Any) -> Change:
        return Change(node=place(node, self.new.nodes), name=name, before=before, after=after)

    def _values(self, node: Node, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
        names = [name for name in dict.fromkeys((*before, *after)) if before.get(name) != after.get(name)]
        return [self._change(node, name, before.get(name), after.get(name)) for name in names]

    def _attributes(self, one: Node, two: Node) -> list[Change]:
        if one.attrs == two.attrs:
            return []
        # rr_… and _cssText are the recorder's own; style is compared by property
        return self._values(two, _own_attributes(one), _own_attributes(two))

    def _moved(self) -> list[Move]:
        old, new = self.old.nodes, self.new.nodes
        moves = []
        for id, other in self.pairs.items():
            one, two = old[id], new[other]
            parent = self.pairs.get(one.parent)
            if parent != two.parent and (one.parent in old or two.parent in new) and two.kind == ELEMENT:
                moves.append(self._move(two, old.get(one.parent), new.get(two.parent)))
            for mine, theirs in ((one.children, two.children), (one.shadow or [], two.shadow or [])):
                if mine != theirs:
                    stayed = [self.pairs[c] for c in mine if c in self.pairs]
                    now = {c: n for n, c in enumerate(theirs)}
                    for child in out_of_order([now[c] for c in stayed if c in now]):
                        node = new[theirs[child]]
                        if node.kind == ELEMENT:
                            moves.append(self._move(node, one, two))
        return moves

    def _move(self, node: Node, before: Node | None, after: Node | None) -> Move:
        return Move(
            node=place(node, self.new.nodes),
            before=None if before is None else place(before, self.old.nodes),
            after=None if after is None else place(after, self.new.nodes),
        )

    def _scrolls(self) -> list[Change]:
        changes = []
        for id, other in self.pairs.items():
            before, after = self.old.scrolls.get(id, (0.0, 0.0)), self.new.scrolls.get(other, (0.0, 0.0))
            if before != after:
                changes.append(self._change(self.new.nodes[other], "scroll", list(before), list(after)))
        return changes

    def _sheets(self) -> list[Change]:
        changes = []
        for id, other in self.pairs.items():
            one, two = self.old.nodes[id], self.new.nodes[other]
            before, after = self.old.sheets.get(id) or [], self.new.sheets.get(other) or []
            if before != after:
                changes.append(self._change(two, "rules", len(before), len(after)))
            if one.attrs.get("_cssText") != two.attrs.get("_cssText"):
                changes.append(self._change(two, "css", one.attrs.get("_cssText"), two.attrs.get("_cssText")))
            old, new = self.old.adopted.get(id) or [], self.new.adopted.get(other) or []
            if old != new:
                changes.append(self._change(two, "adopted", old, new))
        return changes


def _entered(mirror: Mirror, id: int) -> dict[str, Any]:
    value, checked = mirror.effective_input(id)
    return {"value": value, "checked": checked}


def _own_attributes(node: Node) -> dict[str, Any]:
    return {
        name: value
        for name, value in node.attrs.items()
        if name != "style" and name != "_cssText" and not name.startswith("rr_")
    }


def _tops(mirror: Mirror, ids: Iterable[int]) -> list[Subtree]:
    """The topmost of nodes, each with the number of those inside it."""
    nodes = mirror.nodes
    chosen = set(ids)
    tops: Counter[int] = Counter()
    top_of: dict[int, int] = {}
    for id in chosen:
        path, current = [], id
        while current not in top_of:
            path.append(current)
            above = nodes[current].parent
            if above not in chosen:
                top_of[current] = current
                break
            current = above
        for step in path:
            top_of[step] = top_of[current]
        tops[top_of[id]] += 1
    found = []
    for id, count in sorted(tops.items()):
        node = nodes[id]
        parent = nodes.get(node.parent)
        if node.kind == COMMENT or (node.kind == TEXT and not (node.text or "").strip()):
            continue
        if parent is not None and parent.name in _UNREAD:
            continue
        found.append(
            Subtree(node=place(node, nodes), parent=None if parent is None else place(parent, nodes), nodes=count)
        )
    return found


def out_of_order(places: list[int]) -> list[int]:
    """The fewest of different numbers that must be taken out for the rest to rise."""
    tails: list[int] = []
    at: list[int] = []
    previous = [-1] * len(places)
    for n, value in enumerate(places):
        length = bisect_left(tails, value)
        previous[n] = at[length - 1] if length else -1
        tails[length : length + 1] = [value]
        at[length : length + 1] = [n]
    kept: set[int] = set()
    n = at[-1] if at else -1
    while n >= 0:
        kept.add(places[n])
        n = previous[n]
    return [value for value in places if value not in kept]


def inline_style(node: Node) -> dict[str, str]:
    """Property → value of an element's inline style, changes by script included."""
    style: dict[str, str] = {}
    text = node.attrs.get("style")
    if isinstance(text, str):
        for part in _DECLARATION.finditer(text):
            style[part[1].lower()] = part[2].strip()
    for name, setting in (node.style or {}).items():
        style.pop(name, None)
        if isinstance(setting, list) and setting:
            style[name] = f"{setting[0]} !important" if len(setting) > 1 and setting[1] else str(setting[0])
        elif setting not in (False, None):
            style[name] = str(setting)
    return style


def _paired(before: Mirror, after: Mirror) -> dict[int, int]:
    """Nodes of two documents that stand at the same place: by id attribute, else by parent and number."""
    olds = _signatures(before)
    news = _signatures(after)
    return {id: news[signature] for signature, id in olds.items() if signature in news}


def _signatures(mirror: Mirror) -> dict[str, int]:
    """Digest of the place in the tree → node id."""
    nodes = mirror.nodes
    names = (node.attrs.get("id") for node in nodes.values() if node.kind == ELEMENT)
    ids = Counter(name for name in names if isinstance(name, str))
    found: dict[str, int] = {}
    stack = [(mirror.root, "root")] if mirror.root is not None and mirror.root in nodes else []
    while stack:
        id, signature = stack.pop()
        found[signature] = id
        node = nodes[id]
        seen: Counter[str] = Counter()
        for child_id in (*node.children, *(node.shadow or ())):
            child = nodes.get(child_id)
            if child is None:
                continue
            own = child.attrs.get("id") if child.kind == ELEMENT else None
            if isinstance(own, str) and ids[own] == 1:
                stack.append((child_id, f"{child.name}#{own}"))
                continue
            sort = f"{child.kind} {child.name} {child.flags & SHADOW}"
            seen[sort] += 1
            # a digest, because a path would be as long as the tree is deep
            path = f"{signature}/{sort} {seen[sort]}".encode("utf-8", "replace")
            stack.append((child_id, blake2b(path, digest_size=12).hexdigest()))
    return found
