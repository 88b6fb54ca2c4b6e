"""A state as data and as HTML, for the command line, the panels and the tests."""

from __future__ import annotations

import html
from typing import Any

import msgspec

from replay_viewer.analysis.domtree import detail, find, in_order
from replay_viewer.analysis.selectors import Selector
from replay_viewer.domain.errors import NotFound
from replay_viewer.recording.mirror import Mirror
from replay_viewer.recording.nodes import CDATA, COMMENT, DOCTYPE, DOCUMENT, ELEMENT, TEXT, Node

_VOID = frozenset(
    [
        *("area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input"),
        *("keygen", "link", "meta", "param", "source", "track", "wbr"),
    ]
)
_RAW_TEXT = frozenset(("script", "style", "xmp", "iframe", "noembed", "noframes", "plaintext"))


def describe(mirror: Mirror) -> dict[str, Any]:
    """`{url, viewport, time, html, inputs, scroll, focus, nodes}` of a state.

    inputs: `[{id, tag, type, name, value, checked}]` of every form control; scroll: `[{id, x, y}]`, non-zero ones.
    """
    inputs = []
    for node in mirror.nodes.values():
        if node.name not in ("input", "textarea", "select"):
            continue
        value, checked = mirror.effective_input(node.id)
        inputs.append(
            {
                "id": node.id,
                "tag": node.name,
                "type": str(node.attrs.get("type", "")),
                "name": str(node.attrs.get("name", "")),
                "value": value,
                "checked": checked,
            }
        )
    return {
        "url": mirror.url,
        "viewport": list(mirror.viewport),
        "time": mirror.time,
        "html": to_html(mirror),
        "inputs": inputs,
        "scroll": [{"id": id, "x": x, "y": y} for id, (x, y) in mirror.scrolls.items() if x or y],
        "focus": mirror.focus,
        "nodes": len(mirror.nodes),
    }


def nodes_of(mirror: Mirror, selector: str = "", node: int | None = None, text: str = "") -> list[dict[str, Any]]:
    """What is known of single nodes: those that fit a selector, one by its id, or those that hold a text.

    `[{key, tag, selector, text, attributes, style, value, checked, scroll, focused, html}]`, at most 1,000. Raises
    BadInput for what is no selector, NotFound when nothing on the page fits.
    """
    if node is not None:
        keys = [node] if node in mirror.nodes else []
        sought = f"node {node}"
    elif selector:
        wanted = Selector(selector)
        keys = [one.id for one in in_order(mirror) if one.kind == ELEMENT and wanted.matches(one, mirror.nodes)]
        sought = selector
    else:
        keys = find(text, mirror)
        sought = f"“{text}”"
    if not keys:
        raise NotFound(f"Nothing on the page is {sought} at that instant.", "`state` alone shows the whole page.")
    found = []
    for key in keys[:1_000]:
        known = detail(key, mirror)
        if known is not None:
            found.append({**msgspec.to_builtins(known), "html": to_html(mirror, abs(key))})
    return found


def to_html(mirror: Mirror, top: int | None = None) -> str:
    """HTML of a document (default: the page's), shadow roots as declarative templates, frames as `srcdoc`-less."""
    parts: list[str] = []
    root = mirror.root if top is None else top
    if root is None:
        return ""
    nodes = mirror.nodes
    stack: list[Node | str] = [nodes[root]]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            parts.append(node)
        elif node.kind == DOCUMENT:
            stack.extend(nodes[id] for id in reversed(node.children))
        elif node.kind == DOCTYPE:
            parts.append(f"<!DOCTYPE {node.name or 'html'}>")
        elif node.kind == ELEMENT:
            parts.append(_open_tag(node))
            if node.name not in _VOID:
                stack.append(f"</{node.name}>")
            if node.name not in ("iframe", "frame"):
                stack.extend(nodes[id] for id in reversed(node.children))
            if node.shadow:
                stack.append("</template>")
                stack.extend(nodes[id] for id in reversed(node.shadow))
                stack.append('<template shadowrootmode="open">')
        elif node.kind == TEXT:
            parent = nodes.get(node.parent)
            raw = parent is not None and parent.name in _RAW_TEXT
            parts.append((node.text or "") if raw else html.escape(node.text or "", quote=False))
        elif node.kind == COMMENT:
            parts.append(f"<!--{(node.text or '').replace('--', '- -')}-->")
        elif node.kind == CDATA:
            parts.append(html.escape(node.text or "", quote=False))
    return "".join(parts)


def _open_tag(node: Node) -> str:
    attributes = []
    for name, value in node.attrs.items():
        if name.startswith("rr_") or name == "_cssText" or value is None or value is False:
            continue
        attributes.append(f" {name}" if value is True else f' {name}="{html.escape(str(value))}"')
    if node.style:
        overrides = "; ".join(
            f"{prop}: {setting[0] if isinstance(setting, list) else setting}"
            for prop, setting in node.style.items()
            if setting is not False
        )
        attributes.append(f' data-style-overrides="{html.escape(overrides)}"')
    return f"<{node.name}{''.join(attributes)}>"
