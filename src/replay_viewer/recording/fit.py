"""How well an event fits a page: whether what it names is there and is what it takes it for."""

from __future__ import annotations

from collections.abc import Set
from typing import NamedTuple

from replay_viewer.recording.events import Event, Incremental, Mutation, Sn, Source
from replay_viewer.recording.mirror import Mirror
from replay_viewer.recording.nodes import DOCUMENT, ELEMENT, SHADOW, TEXT, Node

#: Tags that events of a source can only be about.
_TAGS = {
    Source.INPUT: ("input", "textarea", "select"),
    Source.CANVAS_MUTATION: ("canvas",),
    Source.MEDIA_INTERACTION: ("video", "audio"),
    Source.STYLE_SHEET_RULE: ("style", "link"),
    Source.STYLE_DECLARATION: ("style", "link"),
}

#: Characters of a value that are compared with what it was before.
_BEGINNING = 4
_BLUR = 6
#: Pixels a pointer moves, or a page scrolls, between two samples without surprise.
_NEAR = 120.0

#: Attributes that only some elements have.
_CONTROLS = ("input", "select", "textarea", "button", "option", "form", "output", "fieldset")
_OF_TAGS = {
    "open": ("dialog", "details"),
    "value": (*_CONTROLS, "progress", "meter", "li", "param", "data"),
    "name": (*_CONTROLS, "meta", "iframe", "map", "object", "param", "slot", "a", "details"),
    "type": (*_CONTROLS, "style", "script", "link", "source", "embed", "object", "ol", "a"),
    "disabled": (*_CONTROLS, "optgroup", "link"),
    "checked": ("input",),
    "selected": ("option",),
    "placeholder": ("input", "textarea"),
    "src": ("img", "script", "iframe", "video", "audio", "source", "embed", "input", "track"),
    "href": ("a", "link", "area", "base", "use", "image"),
}

_MOVES = (Source.MOUSE_MOVE, Source.TOUCH_MOVE, Source.DRAG)


class Fit(NamedTuple):
    """`right`: what agrees; `wrong`: what contradicts; `against`: what does not contradict, but
    speaks against it; `follows`: the first new node has the number after the page's last."""

    right: int = 0
    wrong: int = 0
    against: int = 0
    follows: bool = False


def fit(event: Event, mirror: Mirror, last: int, habits: Set[tuple[int, str]]) -> Fit:
    """How an incremental event fits the page a mirror holds, whose highest node id so far is `last`.

    `habits`: (node id, attribute) of what changed on it before, (0, attribute) of what any of its nodes has.
    """
    data = event.data
    if isinstance(data, Mutation):
        return _mutation(data, mirror, last, habits)
    if isinstance(data, Incremental):
        return _other(data, mirror)
    return Fit()


def _mutation(data: Mutation, mirror: Mirror, last: int, habits: Set[tuple[int, str]]) -> Fit:
    nodes = mirror.nodes
    right = wrong = against = 0
    gone = {remove.id for remove in data.removes or ()}
    for remove in data.removes or ():
        node = nodes.get(remove.id)
        if node is None:
            wrong += remove.parentId not in gone
        elif node.parent == remove.parentId:
            right += 1
        else:
            wrong += not (node.flags & SHADOW)
    new: dict[int, Sn] = {}
    for add in data.adds or ():
        _collect(add.node, new)
    for add in data.adds or ():
        if add.node.id in nodes and not _inside(add.node.id, gone, mirror):
            wrong += 1
        if add.parentId in nodes or add.parentId in new:
            right += 1
        else:
            wrong += 1
        if add.nextId is not None and add.nextId > 0 and add.nextId not in nodes and add.nextId not in new:
            wrong += 1
    for text in data.texts or ():
        node = nodes.get(text.id)
        if node is None:
            wrong += text.id not in new and text.id not in gone
        elif node.kind < TEXT:
            wrong += 1
        else:
            right += 1 + _akin(node.text, text.value)
            against += node.text == text.value
    for change in data.attributes or ():
        node = nodes.get(change.id)
        if node is None:
            wrong += change.id not in new and change.id not in gone
        elif node.kind != ELEMENT:
            wrong += 1
        else:
            right += 1
            for name, value in change.attributes.items():
                agrees = _attribute(node, name, value)
                right += 2 * ((node.id, name) in habits) + ((0, name) in habits)
                right += max(0, agrees)
                against -= min(0, agrees)
    first = min((id for id in new if id > last), default=0)
    return Fit(right, wrong, against, follows=first == last + 1)


def _attribute(node: Node, name: str, value: object) -> int:
    """How much speaks for an attribute of a node taking a value; negative: against."""
    before = node.attrs.get(name)
    if value is None:
        return 1 if before is not None else -1
    if before == value:
        return 2  # frameworks set what is set already
    agrees = int(before is not None or (name == "style" and node.style is not None)) + _akin(before, value)
    tags = _OF_TAGS.get(name)
    if tags is not None and "-" not in node.name:
        agrees += 1 if node.name in tags else -2
    return agrees


def _akin(before: object, now: object) -> bool:
    """Whether a text or attribute looks like the next value of what it was: they begin alike."""
    if not isinstance(before, str) or not isinstance(now, str) or before == now:
        return False
    return before[:_BEGINNING] == now[:_BEGINNING] or now[:_BEGINNING] in before


def _collect(sn: Sn, into: dict[int, Sn]) -> None:
    stack = [sn]
    while stack:
        node = stack.pop()
        into[node.id] = node
        stack.extend(node.childNodes)


def _inside(id: int, gone: set[int], mirror: Mirror) -> bool:
    """Whether a node is, or stands inside, one of those that go."""
    node = mirror.nodes.get(id)
    while node is not None:
        if node.id in gone:
            return True
        node = mirror.nodes.get(node.parent)
    return False


def _other(data: Incremental, mirror: Mirror) -> Fit:
    nodes = mirror.nodes
    if data.source in _MOVES:
        known = [nodes.get(position.id) for position in data.positions or () if position.id > 0]
        wrong = sum(node is None or node.kind not in (ELEMENT, DOCUMENT) for node in known)
        first = data.positions[0] if data.positions else None
        return Fit(len(known) - wrong + (_pointed(first.x, first.y, first.id, mirror) if first else 0), wrong)
    if data.source == Source.SELECTION:
        ends = [r.get(key) for r in data.ranges or () if isinstance(r, dict) for key in ("start", "end")]
        wrong = sum(isinstance(id, int) and id > 0 and id not in nodes for id in ends)
        return Fit(len(ends) - wrong, wrong)
    if data.source in (Source.STYLE_SHEET_RULE, Source.STYLE_DECLARATION) and data.styleId:
        known_sheet = data.styleId in mirror.constructed
        return Fit(int(known_sheet), int(not known_sheet))
    if data.source == Source.ADOPTED_STYLE_SHEET:
        again = sum(isinstance(s, dict) and s.get("styleId") in mirror.constructed for s in data.styles or ())
        if data.id <= 0:
            return Fit(0, again)
        return Fit(int(data.id in nodes), again + (data.id not in nodes))
    if data.id <= 0:
        return Fit()
    node = nodes.get(data.id)
    if node is None or node.kind not in (ELEMENT, DOCUMENT):
        return Fit(0, 1)
    tags = _TAGS.get(Source(data.source)) if data.source in _TAGS else None
    if tags is not None and node.name not in tags:
        return Fit(0, 1)
    if data.source == Source.INPUT:
        box = str(node.attrs.get("type", "")).lower() in ("checkbox", "radio")
        before, _ = mirror.effective_input(data.id)
        now = data.text or ""
        near = box or before is None or now.startswith(before) or before.startswith(now)
        return Fit(1 + near + (mirror.focus == data.id), 0)
    if data.source == Source.SCROLL:
        x, y = mirror.scrolls.get(data.id, (0.0, 0.0))
        return Fit(1 + (abs((data.x or 0.0) - x) + abs((data.y or 0.0) - y) < _NEAR), 0)
    if data.source == Source.MOUSE_INTERACTION:
        if data.type == _BLUR:
            return Fit(1 + 2 * (mirror.focus == data.id), 0)
        if data.x is not None and data.y is not None:
            return Fit(1 + _pointed(data.x, data.y, data.id, mirror), 0)
    return Fit(1, 0)


def _pointed(x: float, y: float, id: int, mirror: Mirror) -> int:
    """How much speaks for a pointer at a place, over a node, being the one last seen on a page."""
    pointer = mirror.pointer
    if pointer is None:
        return 0
    return 2 * (pointer.id == id) + (abs(pointer.x - x) + abs(pointer.y - y) < _NEAR)
