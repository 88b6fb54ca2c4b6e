"""What an element is called, in the words of the person who used it.

Names follow the accessible-name order (labels, aria, own text, alternatives, title) as far as the recording has them;
masked text is said to be masked rather than shown as stars.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from replay_viewer.analysis.extract.selector import shadow_host, short
from replay_viewer.recording.nodes import DOCUMENT, ELEMENT, TEXT, Node

Nodes = Mapping[int, Node]

_ROLES = {
    "button": "button",
    "link": "link",
    "tab": "tab",
    "menuitem": "menu item",
    "menuitemcheckbox": "menu item",
    "menuitemradio": "menu item",
    "option": "option",
    "checkbox": "checkbox",
    "radio": "radio button",
    "switch": "switch",
    "combobox": "field",
    "textbox": "field",
    "slider": "slider",
    "treeitem": "item",
    "gridcell": "cell",
}
_BUTTON_INPUTS = {"button", "submit", "reset", "image"}
_CONTAINERS = {
    "ul": "list",
    "ol": "list",
    "table": "table",
    "nav": "navigation",
    "dialog": "dialog",
    "form": "form",
    "aside": "side bar",
    "header": "header",
    "footer": "footer",
}
_ROLE_CONTAINERS = {
    "list": "list",
    "listbox": "list",
    "grid": "table",
    "table": "table",
    "menu": "menu",
    "tree": "tree",
    "dialog": "dialog",
    "navigation": "navigation",
    "tablist": "tabs",
    "toolbar": "toolbar",
}
_CLIMB = 8
_MAX_NAME = 60
_MAX_NODES = 400
MASK_CHARACTERS = frozenset("*•█▪·")


def attribute(node: Node, name: str) -> str:
    """A text attribute, stripped; '' when it is not there or not text."""
    value = node.attrs.get(name)
    return value.strip() if isinstance(value, str) else ""


def masked(text: str) -> bool:
    """Whether a text is what an SDK leaves of masked text."""
    letters = text.replace(" ", "").replace("\n", "")
    return bool(letters) and set(letters) <= MASK_CHARACTERS


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _MAX_NAME else text[: _MAX_NAME - 1].rstrip() + "…"


def _descendants(node: Node, nodes: Nodes) -> Iterator[Node]:
    """Nodes below, in document order; shadow before light; at most `_MAX_NODES`."""
    stack = [*reversed(node.children), *reversed(node.shadow or [])]
    for _ in range(_MAX_NODES):
        if not stack:
            return
        child = nodes.get(stack.pop())
        if child is None or child.kind == DOCUMENT:
            continue
        yield child
        stack.extend(reversed(child.children))
        stack.extend(reversed(child.shadow or ()))


def text_of(node: Node, nodes: Nodes, limit: int = 4 * _MAX_NAME) -> str:
    """Text below a node, white space collapsed, up to about `limit` characters; alternatives of images included."""
    if node.kind == TEXT:
        return " ".join((node.text or "").split())
    parts: list[str] = []
    length = 0
    for child in _descendants(node, nodes):
        if child.kind == TEXT:
            parent = nodes.get(child.parent)
            text = "" if parent is not None and parent.name in ("style", "script", "noscript") else child.text or ""
        elif child.name == "img":
            text = attribute(child, "alt")
        else:
            text = " " if child.kind == ELEMENT and child.name in ("br", "div", "p", "li", "td", "tr") else ""
        parts.append(text)
        length += len(text)
        if length > limit:
            break
    return " ".join("".join(parts).split())


def ancestors(node: Node, nodes: Nodes, limit: int = _CLIMB) -> Iterator[Node]:
    """The node (or the parent of a text) and the elements above it, across shadow roots, nearest first."""
    current: Node | None = node
    for _ in range(limit + 1):
        if current is None or current.kind == DOCUMENT:
            return
        if current.kind == ELEMENT:
            yield current
        current = nodes.get(current.parent)


def by_id(wanted: str, nodes: Nodes) -> Node | None:
    """The element with that id attribute, or None."""
    for node in nodes.values():
        if node.kind == ELEMENT and node.attrs.get("id") == wanted:
            return node
    return None


def is_field(node: Node) -> bool:
    """Whether an element takes a value: input (buttons apart), select, text area, editable."""
    if node.name == "input":
        return attribute(node, "type").lower() not in _BUTTON_INPUTS
    return node.name in ("select", "textarea") or attribute(node, "contenteditable").lower() in (
        "true",
        "plaintext-only",
    )


def field_label(node: Node, nodes: Nodes) -> str:
    """What a form field is called on the page; '' when nothing says (masked labels say nothing)."""
    return next((label for text in _labels(node, nodes) if (label := _short(text)) and not masked(label)), "")


def _labels(node: Node, nodes: Nodes) -> Iterator[str]:
    if labelled := attribute(node, "aria-labelledby"):
        found = [by_id(part, nodes) for part in labelled.split()[:3]]
        yield " ".join(text_of(part, nodes) for part in found if part is not None)
    yield attribute(node, "aria-label")
    if (id := attribute(node, "id")) and (label := _label_for(id, nodes)) is not None:
        yield text_of(label, nodes)
    for parent in ancestors(node, nodes):
        if parent.name == "label":
            yield _text_without(parent, node, nodes)
    yield attribute(node, "placeholder")
    yield attribute(node, "title")
    if attribute(node, "type").lower() in ("checkbox", "radio") or attribute(node, "role") in ("checkbox", "switch"):
        row = next((parent for parent in ancestors(node, nodes, 3) if parent.name in ("li", "tr", "p")), None)
        if row is not None:
            yield " ".join(
                text_of(child, nodes)
                for id in row.children
                if (child := nodes.get(id)) is not None and not (child.kind == ELEMENT and role_of(child) == "button")
            )
    yield attribute(node, "name")
    yield attribute(node, "id")


def _label_for(id: str, nodes: Nodes) -> Node | None:
    for node in nodes.values():
        if node.name == "label" and node.attrs.get("for") == id:
            return node
    return None


def labelled_field(label: Node, nodes: Nodes) -> Node | None:
    """The field a <label> stands for, or None."""
    if wanted := attribute(label, "for"):
        return by_id(wanted, nodes)
    return next((child for child in _descendants(label, nodes) if child.kind == ELEMENT and is_field(child)), None)


def _text_without(label: Node, field: Node, nodes: Nodes) -> str:
    """Text of a wrapping label apart from the field's own (the options of a select)."""
    parts = []
    inside: set[int] = {field.id}
    for child in _descendants(label, nodes):
        if child.parent in inside:
            inside.add(child.id)
        elif child.kind == TEXT:
            parts.append(child.text or "")
    return " ".join("".join(parts).split())


def role_of(node: Node) -> str:
    """The word for what kind of control an element is; '' when it is none."""
    role = attribute(node, "role").lower()
    if role in _ROLES:
        return _ROLES[role]
    kind = attribute(node, "type").lower()
    match node.name:
        case "button" | "summary":
            return "button"
        case "a" | "area":
            return "link" if "href" in node.attrs else ""
        case "input":
            if kind in _BUTTON_INPUTS:
                return "button"
            return {"checkbox": "checkbox", "radio": "radio button", "range": "slider"}.get(kind, "field")
        case "textarea":
            return "field"
        case "select":
            return "list box"
        case "option":
            return "option"
        case "label":
            return "label"
        case "video" | "audio":
            return node.name
    return "field" if is_field(node) else ""


def name_of(node: Node, nodes: Nodes) -> str:
    """What an element is called; '' when the recording has no name for it."""
    if is_field(node):
        return field_label(node, nodes)
    if labelled := attribute(node, "aria-labelledby"):
        found = [by_id(part, nodes) for part in labelled.split()[:3]]
        if text := _short(" ".join(text_of(part, nodes) for part in found if part is not None)):
            return text
    if text := attribute(node, "aria-label"):
        return _short(text)
    if node.name == "input" and (text := attribute(node, "value") or attribute(node, "alt")):
        return _short(text)
    text = text_of(node, nodes)
    if text:
        return _short(text)
    for name in ("title", "alt", "name"):
        if value := attribute(node, name):
            return _short(value)
    for child in _descendants(node, nodes):
        if child.kind == ELEMENT and (value := attribute(child, "aria-label") or attribute(child, "title")):
            return _short(value)
    return ""


def quote(name: str) -> str:
    """A name in typographic quotes, or the remark that it is masked."""
    return "(text masked)" if masked(name) else f"“{name}”"


def control(node: Node, nodes: Nodes) -> Node | None:
    """The control a click on `node` belongs to: the element itself or the nearest control above it."""
    for parent in ancestors(node, nodes):
        if role_of(parent):
            return parent
        if parent.name in ("body", "html", "form", "table", "main", "dialog"):
            return None
    return None


def describe(node: Node, nodes: Nodes, selector: str) -> str:
    """The object of a sentence: `button “Pay now”`, `“ACME Lamp” in list`, `image`, `the page`."""
    selector = short(selector)
    found = control(node, nodes)
    if found is not None:
        role, name = role_of(found), name_of(found, nodes)
        if not name and (host := shadow_host(found, nodes)) is not None:
            name = name_of(host, nodes)  # A custom element shows its own children in a slot.
        if not name:
            return f"{role} {selector}"
        return f"{role} {selector} (text masked)" if masked(name) else f"{role} “{name}”"
    element = next(ancestors(node, nodes), None)
    if element is None or element.name in ("html", "body"):
        return "the page"
    text = text_of(element, nodes)
    where = _container(element, nodes)
    if text and len(text) <= _MAX_NAME and not masked(text):
        return f"“{text}”{where}"
    if element.name in ("img", "svg", "canvas", "video", "picture") or element.flags & 1:
        kind = "image" if element.name != "canvas" else "canvas"
        alt = attribute(element, "alt") or attribute(element, "title") or attribute(element, "aria-label")
        return f"{kind} “{_short(alt)}”{where}" if alt else f"{kind} {selector}{where}"
    return f"{selector or element.name}{where}"


def _container(node: Node, nodes: Nodes) -> str:
    for parent in ancestors(node, nodes, 12):
        if parent is node:
            continue
        role = _ROLE_CONTAINERS.get(attribute(parent, "role").lower()) or _CONTAINERS.get(parent.name)
        if role:
            return f" in {role}"
    return ""
