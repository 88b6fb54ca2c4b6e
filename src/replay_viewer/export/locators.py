"""Playwright locators of recorded elements: role and name, label, test id, text, else CSS; each unique in the mirror.

Roles and names are a small part of HTML-AAM and accname 1.2, over node records. Names whose spacing depends on CSS
the recording cannot tell are the risk; the order of candidates and a caller's own check of each string bound it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from replay_viewer.analysis.extract.selector import TEST_IDS, selector
from replay_viewer.analysis.extract.words import attribute, by_id, masked
from replay_viewer.recording.nodes import DOCUMENT, ELEMENT, SHADOW, TEXT, Node

Nodes = Mapping[int, Node]

_INPUT_ROLES = {"button": "button", "submit": "button", "reset": "button", "image": "button", "checkbox": "checkbox",
                "radio": "radio", "range": "slider", "number": "spinbutton", "search": "searchbox", "": "textbox",
                "text": "textbox", "email": "textbox", "tel": "textbox", "url": "textbox"}  # fmt: skip
_TAG_ROLES = {"button": "button", "textarea": "textbox", "option": "option", "summary": "", "h1": "heading",
              "h2": "heading", "h3": "heading"}  # fmt: skip
#: Roles named by what stands in them.
_NAMED_BY_CONTENT = frozenset("button link checkbox radio tab menuitem option heading switch treeitem cell".split())  # noqa: SIM905
_FIELDS = frozenset("input textarea select".split())  # noqa: SIM905
_UNSEEN = frozenset("script style noscript template head title option".split())  # noqa: SIM905
_INLINE = frozenset("a abbr b bdi bdo cite code em font i kbd label mark q s small span strong sub sup u var".split())  # noqa: SIM905
_MAX_NAME = 80


def role(node: Node) -> str:
    """ARIA role of an element, '' for none that locators use."""
    if said := attribute(node, "role").split(" ")[0].lower():
        return said
    if node.name == "input":
        return _INPUT_ROLES.get(attribute(node, "type").lower(), "")
    if node.name == "a":
        return "link" if "href" in node.attrs else ""
    if node.name == "select":
        return "listbox" if "multiple" in node.attrs else "combobox"
    return _TAG_ROLES.get(node.name, "")


def name(node: Node, nodes: Nodes) -> str:
    """Accessible name, white space collapsed."""
    if labelled := attribute(node, "aria-labelledby"):
        found = [by_id(part, nodes) for part in labelled.split()]
        if text := _joined(content(one, nodes) for one in found if one is not None):
            return text
    if said := attribute(node, "aria-label"):
        return _joined([said])
    if node.name in _FIELDS:
        kind = attribute(node, "type").lower()
        if node.name == "input" and kind in ("button", "submit", "reset", "image"):
            return _joined([attribute(node, "value") or attribute(node, "alt")])
        if labels(node, nodes):
            return label(node, nodes)  # Playwright names by a label even when it is empty, as web components have it
        return _joined([attribute(node, "title") or attribute(node, "placeholder")])
    if role(node) in _NAMED_BY_CONTENT and (text := content(node, nodes)):
        return text
    return _joined([attribute(node, "title")])


def labels(node: Node, nodes: Nodes) -> list[Node]:
    """The <label> elements of a field, within its shadow root or document."""
    wanted, scope = attribute(node, "id"), _scope(node, nodes)
    return [
        other for other in nodes.values()
        if other.name == "label" and _scope(other, nodes) == scope and (
            (wanted and other.attrs.get("for") == wanted)
            or ("for" not in other.attrs and _inside(node, other, nodes))
        )
    ]  # fmt: skip


def label(node: Node, nodes: Nodes) -> str:
    """Text of the <label> elements of a field, without what other fields in them hold."""
    return _joined(content(one, nodes) for one in labels(node, nodes))


def content(node: Node, nodes: Nodes) -> str:
    """Text of an element as a name: hidden parts and fields left out, blanks where a block begins."""
    parts: list[str] = []

    def walk(current: Node, depth: int) -> None:
        if current.kind == TEXT:
            parts.append(current.text or "")
            return
        if current.kind != ELEMENT or depth > 60:
            return
        skip = current.name in _UNSEEN or (current is not node and current.name in _FIELDS)
        if skip or "hidden" in current.attrs or attribute(current, "aria-hidden") == "true":
            return
        if current is not node and (said := attribute(current, "aria-label")):
            parts.append(f" {said} ")
            return
        gap = "" if current.name in _INLINE else " "
        parts.append(gap)
        if current.name == "img":
            parts.append(attribute(current, "alt"))
        for id in [*(current.shadow or ()), *current.children]:
            if (child := nodes.get(id)) is not None:
                walk(child, depth + 1)
        parts.append(gap)

    walk(node, 0)
    return _joined(["".join(parts)])


def _joined(parts: Iterator[str] | list[str]) -> str:
    return " ".join(" ".join(parts).split())


def _inside(node: Node, ancestor: Node, nodes: Nodes) -> bool:
    current = nodes.get(node.parent)
    for _ in range(60):
        if current is None or current is ancestor:
            return current is ancestor
        current = nodes.get(current.parent)
    return False


def _scope(node: Node, nodes: Nodes) -> int:
    """The host of the shadow root an element stands in (negative), else its document: ids count within one only."""
    current: Node | None = node
    while current is not None and current.kind != DOCUMENT:
        if current.flags & SHADOW:
            return -current.parent
        current = nodes.get(current.parent)
    return current.id if current is not None else 0


def document_of(node: Node, nodes: Nodes) -> Node | None:
    """The document node an element stands in."""
    current: Node | None = node
    while current is not None and current.kind != DOCUMENT:
        current = nodes.get(current.parent)
    return current


def within(document: Node, nodes: Nodes) -> Iterator[Node]:
    """Elements of one document in order, shadow roots with it, frames without."""
    stack = [*reversed(document.children)]
    while stack:
        node = nodes.get(stack.pop())
        if node is None or node.kind != ELEMENT:
            continue
        yield node
        stack += [*reversed(node.children), *reversed(node.shadow or ())]


def locator(node: Node, nodes: Nodes, allowed: Callable[[str], bool] = lambda _: True) -> str:
    """The expression that finds `node` and nothing else, to be written after `page.`; '' when there is none.

    `allowed` says of a string of the page whether it may leave.
    """
    document = document_of(node, nodes)
    if document is None or node.kind != ELEMENT:
        return ""
    frame = nodes.get(document.parent)
    prefix = ""
    if frame is not None and frame.name in ("iframe", "frame"):
        outer = selector(frame, nodes)
        prefix = f"frameLocator({_quoted(outer)})."
    everything = list(within(document, nodes))

    def only(matches: Callable[[Node], bool]) -> bool:
        return [other.id for other in everything if matches(other)] == [node.id]

    def usable(text: str) -> bool:
        return bool(text) and len(text) <= _MAX_NAME and not masked(text) and allowed(text)

    own_role, own_name = role(node), name(node, nodes)
    if own_role and usable(own_name):
        bare = _unspaced(own_name)
        if only(lambda other: role(other) == own_role and _unspaced(name(other, nodes)) == bare):
            said = f"name: {_quoted(own_name)}, exact: true"
            if _texts(node, nodes) > 1:
                # Whether blanks stand between the parts is up to the styles: both count.
                spelled = "\\s*".join(re.escape(word) for word in own_name.split())
                said = f"name: new RegExp({_quoted(f'^{spelled}$')}, 'i')"
            return f"{prefix}getByRole({_quoted(own_role)}, {{ {said} }})"
    own_label = label(node, nodes) if node.name in _FIELDS else ""
    if usable(own_label) and only(lambda other: other.name in _FIELDS and label(other, nodes) == own_label):
        return f"{prefix}getByLabel({_quoted(own_label)}, {{ exact: true }})"
    hint = _joined([attribute(node, "placeholder")]) if node.name in ("input", "textarea") else ""
    if usable(hint) and only(lambda other: _joined([attribute(other, "placeholder")]) == hint):
        return f"{prefix}getByPlaceholder({_quoted(hint)}, {{ exact: true }})"
    for test_id in TEST_IDS:
        value = attribute(node, test_id)
        if usable(value) and only(lambda other, key=test_id, want=value: attribute(other, key) == want):  # type: ignore[misc]
            css = f"[{test_id}={_quoted(value)}]"
            return (
                f"{prefix}getByTestId({_quoted(value)})"
                if test_id == "data-testid"
                else f"{prefix}locator({_quoted(css)})"
            )
    if found := text_locator(node, nodes, texts_of(everything, nodes), usable):
        return prefix + found
    path = selector(node, nodes)
    if not path or not allowed(path):
        return ""
    same = [other.id for other in everything if selector(other, nodes) == path]
    nth = f".nth({same.index(node.id)})" if len(same) > 1 and node.id in same else ""
    return f"{prefix}locator({_quoted(path)}){nth}"


def texts_of(elements: Iterable[Node], nodes: Nodes) -> Counter[str]:
    """How many of `elements` show each text, of those that hold a text of their own."""
    return Counter(content(one, nodes) for one in elements if _direct(one, nodes))


def text_locator(node: Node, nodes: Nodes, texts: Mapping[str, int], usable: Callable[[str], bool]) -> str:
    """`getByText` of an element whose own text stands nowhere else; ''. `texts`: the document's, by `texts_of`."""
    own = [nodes[id] for id in node.children if id in nodes]
    if not own or any(one.kind != TEXT for one in own) or node.name in _UNSEEN | _FIELDS:
        return ""
    text = _joined([one.text or "" for one in own])
    if texts.get(text) != 1 or not usable(text):
        return ""
    return f"getByText({_quoted(text)}, {{ exact: true }})"


def _direct(node: Node, nodes: Nodes) -> bool:
    return any(
        (one := nodes.get(id)) is not None and one.kind == TEXT and (one.text or "").strip() for id in node.children
    )


def _unspaced(text: str) -> str:
    return "".join(text.split()).lower()


def _texts(node: Node, nodes: Nodes) -> int:
    """How many texts an element is named by, when it is by what stands in it."""
    if node.name in _FIELDS or attribute(node, "aria-label") or attribute(node, "aria-labelledby"):
        return 1
    count, stack = 0, [node.id]
    while stack:
        current = nodes.get(stack.pop())
        if current is not None:
            count += current.kind == TEXT and bool((current.text or "").strip())
            stack += [*(current.shadow or ()), *current.children]
    return count


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
