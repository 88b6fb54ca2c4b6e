"""Mutations: what one changes in the tree, as rrweb's Replayer does it."""

from __future__ import annotations

from collections.abc import Sequence, Set

from replay_viewer.recording import canvas
from replay_viewer.recording.controls import boxed
from replay_viewer.recording.events import Add, AttributeChange, Mutation, Remove, Sn, TextChange
from replay_viewer.recording.held import CHECKED
from replay_viewer.recording.nodes import DOCTYPE, DOCUMENT, ELEMENT, SHADOW, SHADOW_HOST, TEXT, Node
from replay_viewer.recording.tree import Tree

_NONE: frozenset[int] = frozenset()


def mutate(tree: Tree, data: Mutation) -> None:
    removed = _removes(tree, data.removes) if data.removes else _NONE
    if data.adds:
        _adds(tree, data.adds)
    if tree.aside:
        tree.aside = {}
    if data.texts:
        for text in data.texts:
            _text(tree, text, removed)
    if data.attributes:
        for change in data.attributes:
            _attributes(tree, change, removed)


def _removes(tree: Tree, removes: Sequence[Remove]) -> Set[int]:
    gone = set()
    nodes = tree.nodes
    for remove in removes:
        node = nodes.get(remove.id)
        if node is None:
            # What was taken out of something that went itself, or went twice, is gone already.
            tree.unknown += remove.id not in gone and remove.parentId not in gone
            gone.add(remove.id)
            continue
        gone.add(remove.id)
        if (node.parent != remove.parentId or bool(node.flags & SHADOW) != bool(remove.isShadow)) and (
            remove.parentId in nodes
        ):
            # It was moved out of a shadow root: the outer document reports its coming before the shadow root
            # reports its going. It stands where it came to.
            tree.clashes += node.parent != remove.parentId and not remove.isShadow
            continue
        tree.take_out(node)
    return gone


def _adds(tree: Tree, adds: list[Add]) -> None:
    """Add nodes; those whose neighbour or parent comes later wait, as long as there is progress."""
    nodes = tree.nodes
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
            _add(tree, add, parent)
        if len(waiting) == len(queue):
            _add_lost(tree, waiting)
            return
        queue = waiting


def _add_lost(tree: Tree, waiting: list[Add]) -> None:
    """What still waits names a neighbour or parent that never comes: place it last, or count it."""
    for add in waiting:
        parent = tree.nodes.get(add.parentId)
        if parent is not None:
            tree.unknown += add.nextId not in tree.nodes
            _add(tree, add, parent)
        elif add.node.type == DOCUMENT:
            tree.waiting_documents[add.parentId] = add.node
        else:
            tree.unknown += 1


def _add(tree: Tree, add: Add, parent: Node) -> None:
    sn, nodes = add.node, tree.nodes
    if sn.rootId and sn.rootId not in nodes:
        tree.unknown += 1
        return
    existing = nodes.get(sn.id)
    if existing is not None:
        tree.clashes += 1
        tree.detach(existing)
        tree.forget(existing)
        if parent.id not in nodes:
            # It was to stand inside itself.
            tree.unknown += 1
            return
    kind, within = sn.type, parent.name
    if kind == DOCUMENT or parent.kind == DOCUMENT or within == "textarea":
        _displace(tree, sn, parent)
    if within == "style" and sn.textContent and parent.children:
        tree.own_texts(parent)
    node = tree.insert(sn, parent.id) if sn.childNodes else tree.register(sn, parent.id)
    tree.touch(parent.id)
    if node.flags & SHADOW:
        if parent.shadow is None:
            parent.shadow = []
            parent.flags |= SHADOW_HOST
        siblings = parent.shadow
    else:
        siblings = parent.children
    _stand(siblings, sn.id, add)
    if kind == TEXT:
        if within == "style":
            tree.sheets.pop(parent.id, None)
    elif kind == DOCUMENT:
        tree.frames.add(parent.id)
    elif node.name == "option":
        _offer(tree, node)


def _stand(siblings: list[int], id: int, add: Add) -> None:
    """Put a node before its neighbour, or after the one before it, or last."""
    next_id, previous_id = add.nextId, add.previousId
    if siblings:
        try:
            if next_id is not None:
                siblings.insert(siblings.index(next_id), id)
                return
            if previous_id is not None:
                siblings.insert(siblings.index(previous_id) + 1, id)
                return
        except ValueError:
            pass
    siblings.append(id)


def _offer(tree: Tree, option: Node) -> None:
    """An option came. If the recorder saw it selected its select holds it now, whatever it held before."""
    select = tree.nodes.get(option.parent)
    if select is not None and select.name == "optgroup":
        select = tree.nodes.get(select.parent)
    if select is None or select.name != "select" or "multiple" in select.attrs:
        return
    if option.attrs.get("selected") is not True:
        if tree.inputs.get(select.id, ("-",))[0] == "":
            # Browsers choose the first option again when one comes and none was chosen.
            tree.inputs.pop(select.id)
            tree.touch(select.id)
        return
    tree.inputs.pop(select.id, None)
    tree.touch(select.id)
    select.attrs.pop("value", None)
    for other in tree.options_of(select):
        if other is not option and "selected" in other.attrs:
            tree.touch(other.id)
            del other.attrs["selected"]


def _displace(tree: Tree, sn: Sn, parent: Node) -> None:
    """A document holds one doctype and one root element, a frame one document, a text area one text."""
    if sn.type == DOCUMENT:
        rivals = list(parent.children)
    elif parent.kind == DOCUMENT and sn.type in (DOCTYPE, ELEMENT):
        rivals = [id for id in parent.children if tree.nodes[id].kind == sn.type]
    elif sn.type == TEXT and parent.name == "textarea":
        rivals = [id for id in parent.children if tree.nodes[id].kind == TEXT]
    else:
        return
    for id in rivals:
        rival = tree.nodes[id]
        tree.detach(rival)
        tree.forget(rival)


def _text(tree: Tree, change: TextChange, removed: Set[int]) -> None:
    node = tree.nodes.get(change.id)
    if node is None:
        tree.unknown += change.id not in removed
        return
    if node.kind == ELEMENT:
        # The stock player sets textContent, whatever the node: on an element that replaces its children.
        tree.unknown += 1
        return
    parent = tree.nodes.get(node.parent)
    if parent is not None and parent.name == "style":
        tree.own_texts(parent)
        tree.sheets.pop(parent.id, None)
    tree.touch(node.id)
    node.text = change.value or ""


def _another_picture(tree: Tree, node: Node) -> None:
    """The picture the recorder put into the recording is that of the address it had then."""
    parent = tree.nodes.get(node.parent)
    around = [node.id, *(parent.children if node.name == "source" and parent is not None else ())]
    for one in (tree.nodes[id] for id in around):
        if one.name == "img" and "rr_dataURL" in one.attrs:
            tree.touch(one.id)
            del one.attrs["rr_dataURL"]


def _attributes(tree: Tree, change: AttributeChange, removed: Set[int]) -> None:
    node = tree.nodes.get(change.id)
    if node is None:
        tree.unknown += change.id not in removed
        return
    tree.touch(node.id)
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
        elif name in ("src", "srcset"):
            _another_picture(tree, node)
        elif name == "type" and node.name == "input" and boxed(node.attrs.get(name)) != boxed(value):
            # What a box was said to hold is no text, nor the other way round.
            tree.inputs.pop(node.id, None)
        if value is None:
            node.attrs.pop(name, None)
            continue
        node.attrs[name] = value
        if name == "_cssText":
            tree.sheets.pop(node.id, None)
        elif node.name == "canvas" and name in ("width", "height"):
            # Setting either empties the canvas.
            tree.canvas[node.id] = canvas.emptied(tree.canvas.get(node.id))
        elif name in ("rr_scrollLeft", "rr_scrollTop"):
            tree.recorded_scroll(node)
