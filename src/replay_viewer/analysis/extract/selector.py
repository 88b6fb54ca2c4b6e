"""A short CSS selector of a recorded element, as a person (or Playwright) would write it.

It starts at the nearest id or test id and names tag, name and classes on the way down; `:nth-of-type` only where
siblings would be confused. Inside a shadow root the host's selector is joined with a blank, as Playwright pierces it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from replay_viewer.recording.nodes import ELEMENT, SHADOW, Node

TEST_IDS = ("data-testid", "data-test-id", "data-test", "data-cy", "data-qa")
_MAX_DEPTH = 6
_IDENTIFIER = re.compile(r"^-?[A-Za-z_][\w-]*$")
#: Ids and classes that a build or a framework made up: they differ next time.
_GENERATED = re.compile(r"(^:r|^radix-|^headlessui-|\d{4,}|^css-[a-z0-9]{5,}$|^sc-[a-zA-Z]{5,}$|__[a-zA-Z0-9]{5}$)")


def _stable(name: str) -> bool:
    return bool(_IDENTIFIER.match(name)) and len(name) <= 60 and not _GENERATED.search(name)


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _anchor(node: Node) -> str:
    """Selector that needs no ancestor, or ''."""
    id = node.attrs.get("id")
    if isinstance(id, str) and _stable(id):
        return f"{node.name}#{id}"
    for name in TEST_IDS:
        value = node.attrs.get(name)
        if isinstance(value, str) and value and len(value) <= 80:
            return f"[{name}={_quoted(value)}]"
    return ""


def _step(node: Node, nodes: Mapping[int, Node]) -> str:
    step = node.name or "*"
    name = node.attrs.get("name")
    classes = node.attrs.get("class")
    if isinstance(name, str) and name and len(name) <= 60:
        step += f"[name={_quoted(name)}]"
    used = [] if "[" in step or not isinstance(classes, str) else [c for c in classes.split() if _stable(c)][:2]
    step += "".join(f".{cls}" for cls in used)
    parent = nodes.get(node.parent)
    if parent is not None:
        siblings = (parent.shadow or []) if node.flags & SHADOW else parent.children
        same = [other for id in siblings if (other := nodes.get(id)) is not None and other.name == node.name]
        rivals = [other for other in same if _matches(other, name, used)]
        if len(rivals) > 1 and node in same:
            step += f":nth-of-type({[other.id for other in same].index(node.id) + 1})"
    return step


def _matches(node: Node, name: object, classes: list[str]) -> bool:
    if isinstance(name, str) and name and node.attrs.get("name") != name:
        return False
    own = node.attrs.get("class")
    return not classes or (isinstance(own, str) and set(classes) <= set(own.split()))


def selector(node: Node, nodes: Mapping[int, Node]) -> str:
    """The selector of an element (of a text: its parent's). '' when the node is not part of a document."""
    current: Node | None = node if node.kind == ELEMENT else nodes.get(node.parent)
    parts: list[str] = []
    joins: list[str] = []
    while current is not None and current.kind == ELEMENT and len(parts) < _MAX_DEPTH:
        if anchor := _anchor(current):
            parts.append(anchor)
            host = shadow_host(current, nodes)
            if host is None:
                break
            # Ids are unique within their shadow root only.
            joins.append(" ")
            current = host
            continue
        parts.append(_step(current, nodes))
        if current.name in ("body", "html"):
            break
        joins.append(" " if current.flags & SHADOW else " > ")
        current = nodes.get(current.parent)
    if not parts:
        return ""
    text = parts[-1]
    for index in range(len(parts) - 2, -1, -1):
        text += joins[index] + parts[index]
    return text


def shadow_host(node: Node, nodes: Mapping[int, Node]) -> Node | None:
    """The host of the shadow root a node stands in, or None."""
    current: Node | None = node
    for _ in range(1000):
        if current is None or current.kind != ELEMENT:
            return None
        parent = nodes.get(current.parent)
        if current.flags & SHADOW:
            return parent
        current = parent
    return None


def short(path: str) -> str:
    """The last two steps of a selector: enough for a person to recognise the element."""
    return " > ".join(path.split(" > ")[-2:])
