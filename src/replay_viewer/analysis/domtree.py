"""The DOM of a state as rows of a tree: what stands below a row, what a row says, how it is found again.

A row has a key: the mirror id of its node, or the negative id of the host for a shadow root. White space between
elements is no row, and a short text that is all an element holds is told in the element's own row.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from replay_viewer.analysis.difference import inline_style
from replay_viewer.analysis.extract.selector import selector
from replay_viewer.analysis.extract.words import text_of
from replay_viewer.analysis.selectors import Selector
from replay_viewer.domain.errors import BadInput
from replay_viewer.recording.mirror import Mirror
from replay_viewer.recording.nodes import CDATA, COMMENT, DOCTYPE, DOCUMENT, ELEMENT, SHADOW, TEXT, Node

#: Rows below one row that are told at once.
PAGE = 500
#: Characters told of an attribute, of a text, and of a text inside its element's row.
_VALUE, _TEXT, _INLINE = 200, 400, 120
#: Attributes told of one element.
_ATTRIBUTES = 12
#: Elements whose text is no text of the page: they are searched by selector only.
_UNREAD = frozenset(("script", "style", "noscript"))

Key = int
#: The way to a node from the top: steps of (kind, name, id attribute, place among its like).
Address = tuple[tuple[int, str, str, int], ...]


class Branch(msgspec.Struct, frozen=True, array_like=True):
    """One row. `kind`: element, text, comment, doctype, document, shadow. `rows`: how many stand below it.

    `text`: of a text or comment, or the short text an element holds (`rows` is 0 then).
    """

    key: Key
    kind: str
    name: str = ""
    attributes: list[tuple[str, str]] = []
    text: str = ""
    rows: int = 0


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one node. `value`, `checked`: as the person saw the field; `style`: inline, by property."""

    key: Key
    tag: str
    selector: str
    text: str = ""
    attributes: dict[str, Any] = {}
    style: dict[str, str] = {}
    value: str | None = None
    checked: bool | None = None
    scroll: tuple[float, float] | None = None
    focused: bool = False


def top(mirror: Mirror) -> list[Key]:
    """Keys of the outermost rows: doctype and document element. Empty before the first snapshot."""
    root = mirror.nodes.get(mirror.root) if mirror.root is not None else None
    return [] if root is None else _told(root.children, mirror)


def below(key: Key, mirror: Mirror) -> list[Key]:
    """Keys of the rows below a row, in document order; empty for a key that is not on the page."""
    node = mirror.nodes.get(abs(key))
    if node is None:
        return []
    if key < 0:
        return _told(node.shadow or [], mirror)
    if _inline(node, mirror) is not None:
        return []
    shadow = [-node.id] if node.shadow else []
    return shadow + _told(node.children, mirror)


def branch(key: Key, mirror: Mirror) -> Branch:
    """A row in words. Raises KeyError for a key that is not on the page."""
    node = mirror.nodes[abs(key)]
    rows = len(below(key, mirror))
    if key < 0:
        return Branch(key, "shadow", "#shadow-root", rows=rows)
    if node.kind == ELEMENT:
        attributes = [(name, value[:_VALUE]) for name, value in attributes_of(node).items()][:_ATTRIBUTES]
        return Branch(key, "element", node.name, attributes, _inline(node, mirror) or "", rows)
    if node.kind == DOCUMENT:
        return Branch(key, "document", "#document", rows=rows)
    if node.kind == DOCTYPE:
        return Branch(key, "doctype", node.name or "html")
    return Branch(key, "comment" if node.kind == COMMENT else "text", text=_collapsed(node)[:_TEXT])


def above(key: Key, mirror: Mirror) -> list[Key]:
    """Keys of the rows a row stands in, outermost first."""
    nodes = mirror.nodes
    found: list[Key] = []
    if key < 0:
        found.append(-key)
    node = nodes.get(abs(key))
    while node is not None and len(found) < 10_000:
        if node.flags & SHADOW:
            found.append(-node.parent)
        node = nodes.get(node.parent)
        if node is not None and node.id != mirror.root:
            found.append(node.id)
    return found[::-1]


def row_of(key: Key, mirror: Mirror) -> Key:
    """The row that tells of a node: itself, or of a text the element that tells it. 0 when it is not on the page."""
    node = mirror.nodes.get(abs(key))
    if node is None:
        return 0
    parent = mirror.nodes.get(node.parent)
    if node.kind not in (TEXT, CDATA) or parent is None:
        return key
    return parent.id if _inline(parent, mirror) is not None or not _collapsed(node) else key


def address(key: Key, mirror: Mirror) -> Address:
    """The way to a row's node, to find it in another document. () when it is not on the page."""
    nodes = mirror.nodes
    steps: list[tuple[int, str, str, int]] = []
    node = nodes.get(abs(key))
    while node is not None and node.id != mirror.root and len(steps) < 10_000:
        parent = nodes.get(node.parent)
        if parent is None:
            return ()
        like = _like(node, parent, mirror)
        steps.append((node.kind | (node.flags & SHADOW) << 8, node.name, _id(node), like.index(node.id)))
        node = parent
    return tuple(reversed(steps))


def resolve(way: Address, mirror: Mirror) -> Key:
    """The node at the end of a way, 0 when this document has none."""
    node = mirror.nodes.get(mirror.root) if mirror.root is not None else None
    for kind, name, id, place in way:
        if node is None:
            return 0
        children = (node.shadow or []) if kind >> 8 & SHADOW else node.children
        like = [
            child
            for one in children
            if (child := mirror.nodes.get(one)) is not None and child.kind == kind & 0xFF and child.name == name
        ]
        named = [child for child in like if id and _id(child) == id]
        node = named[0] if named else like[place] if place < len(like) and not id else None
    return node.id if node is not None and way else 0


def find(query: str, mirror: Mirror, limit: int = 1_000) -> list[Key]:
    """Keys of the rows that fit a selector, or hold a text (also in an attribute); in document order.

    What reads as a selector and fits something is one; else it is a text, upper and lower case alike.
    """
    query = query.strip()
    if not query:
        return []
    try:
        wanted: Selector | None = Selector(query)
    except BadInput:
        wanted = None
    if wanted is not None:
        # A single word is a tag only when such elements exist.
        found = [node.id for node in in_order(mirror) if node.kind == ELEMENT and wanted.matches(node, mirror.nodes)]
        if found:
            return found[:limit]
    folded = " ".join(query.casefold().split())
    hits: dict[Key, None] = {}
    for node in in_order(mirror):
        if _says(node, folded, mirror):
            hits[row_of(node.id, mirror)] = None
            if len(hits) >= limit:
                break
    return list(hits)


def in_order(mirror: Mirror) -> Iterator[Node]:
    """All nodes in document order; a shadow root before the light tree; documents of frames inside their frame."""
    nodes = mirror.nodes
    stack = [mirror.root] if mirror.root is not None else []
    while stack:
        node = nodes.get(stack.pop())
        if node is None:
            continue
        yield node
        stack.extend(reversed(node.children))
        stack.extend(reversed(node.shadow or ()))


def detail(key: Key, mirror: Mirror) -> Detail | None:
    """What is known of a row's node; None when it is not on the page."""
    node = mirror.nodes.get(abs(key))
    if node is None:
        return None
    value, checked = mirror.effective_input(node.id) if node.kind == ELEMENT else (None, None)
    x, y = mirror.scrolls.get(node.id, (0.0, 0.0))
    names = {TEXT: "#text", CDATA: "#text", COMMENT: "#comment", DOCUMENT: "#document", DOCTYPE: "#doctype"}
    return Detail(
        key=key,
        tag=names.get(node.kind, node.name),
        selector=selector(node, mirror.nodes),
        text=text_of(node, mirror.nodes, 2_000)[:2_000] if node.kind != DOCTYPE else "",
        attributes=attributes_of(node) if node.kind == ELEMENT else {},
        style=inline_style(node) if node.kind == ELEMENT else {},
        value=value,
        checked=checked,
        scroll=(x, y) if x or y else None,
        focused=mirror.focus == node.id,
    )


def attributes_of(node: Node) -> dict[str, str]:
    """Attributes as the page had them, the recorder's own left out."""
    return {
        name: "" if value is True else str(value)
        for name, value in node.attrs.items()
        if not name.startswith("rr_") and name != "_cssText" and value is not None and value is not False
    }


def _told(ids: list[int], mirror: Mirror) -> list[Key]:
    nodes = mirror.nodes
    return [id for id in ids if (node := nodes.get(id)) is not None and (node.kind != TEXT or _collapsed(node))]


def _collapsed(node: Node) -> str:
    return " ".join((node.text or "")[: 4 * _TEXT].split())


def _inline(node: Node, mirror: Mirror) -> str | None:
    """The text an element holds when that is short and all it holds."""
    if node.kind != ELEMENT or node.shadow:
        return None
    told = _told(node.children, mirror)
    if len(told) != 1:
        return None
    only = mirror.nodes[told[0]]
    if only.kind != TEXT or len(only.text or "") > 4 * _TEXT:
        return None
    text = _collapsed(only)
    return text if len(text) <= _INLINE else None


def _id(node: Node) -> str:
    found = node.attrs.get("id") if node.kind == ELEMENT else None
    return found if isinstance(found, str) else ""


def _like(node: Node, parent: Node, mirror: Mirror) -> list[int]:
    """Ids of the siblings of a node's kind and name, itself included."""
    siblings = (parent.shadow or []) if node.flags & SHADOW else parent.children
    same = [
        id
        for id in siblings
        if (other := mirror.nodes.get(id)) is not None and other.kind == node.kind and other.name == node.name
    ]
    return same if node.id in same else [*same, node.id]


def _says(node: Node, folded: str, mirror: Mirror) -> bool:
    if node.kind in (TEXT, CDATA, COMMENT):
        parent = mirror.nodes.get(node.parent)
        if parent is not None and parent.name in _UNREAD:
            return False
        return folded in " ".join((node.text or "").casefold().split())
    if node.kind != ELEMENT:
        return False
    if any(folded in value.casefold() for value in attributes_of(node).values()):
        return True
    value = mirror.effective_input(node.id)[0] if node.name in ("input", "textarea", "select") else None
    return value is not None and folded in value.casefold()
