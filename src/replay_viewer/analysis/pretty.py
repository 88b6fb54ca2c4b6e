"""Bodies made readable: JSON, XML and HTML indented, forms one field a line. Never raises; what is not understood
stays as it is."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

import msgspec

#: Longer markup is not indented: it would take seconds and nobody reads it.
_MOST = 4_000_000
_TAG = re.compile(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<[^<>]+>", re.DOTALL)
_NAME = re.compile(r"</?\s*([A-Za-z_][\w:.-]*)")
_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
)
_RAW = frozenset(("script", "style", "pre", "textarea"))
_DEEPEST = 60


def kind_of(text: str, content_type: str = "") -> str:
    """`json`, `html`, `xml`, `form` or '' for a body, by its content type, else by how it begins."""
    told = content_type.lower().partition(";")[0].strip()
    start = text[:200].lstrip("\ufeff \t\r\n").lower()
    if "json" in told or (start[:1] in ("{", "[") and "html" not in told):
        return "json"
    if "html" in told or start.startswith(("<!doctype html", "<html")):
        return "html"
    if "xml" in told or start.startswith("<?xml"):
        return "xml"
    return "form" if told == "application/x-www-form-urlencoded" else ""


def pretty(text: str, content_type: str = "") -> str:
    """A body made readable by its kind."""
    kind = kind_of(text, content_type)
    if kind == "json":
        try:
            return msgspec.json.format(text.lstrip("\ufeff").encode("utf-8"), indent=2).decode("utf-8")
        except (msgspec.DecodeError, UnicodeError):
            return text
    if kind in ("html", "xml") and len(text) <= _MOST:
        return markup(text, html=kind == "html")
    if kind == "form":
        pairs = parse_qsl(text, keep_blank_values=True)
        return "\n".join(f"{name} = {value}" for name, value in pairs) or text
    return text


def markup(text: str, *, html: bool) -> str:
    """Tags on lines of their own, indented by depth; an element that holds only text stays on one line.

    `html`: void elements have no end, and what scripts, styles and `pre` hold is left as it is.
    """
    lines: list[str] = []
    depth, at, raw = 0, 0, ""
    opened = -1  # the line of the tag that was opened last, while nothing but text came after it
    for match in _TAG.finditer(text):
        tag, between = match.group(), text[at : match.start()]
        found = _NAME.match(tag)
        name = (found[1].lower() if html else found[1]) if found else ""
        closing = tag.startswith("</")
        if raw and not (closing and name == raw):
            continue
        at = match.end()
        content = between.strip("\n") if raw else " ".join(between.split())
        if closing:
            depth = max(0, depth - 1)
            if opened >= 0 and (raw or "\n" not in content):
                lines[opened] += content + tag
            else:
                lines += _indented(content, depth + 1) if content.strip() else []
                lines.append("  " * min(depth, _DEEPEST) + tag)
            opened, raw = -1, ""
            continue
        if content:
            lines += _indented(content, depth)
        lines.append("  " * min(depth, _DEEPEST) + " ".join(tag.split()) if not tag.startswith("<!--") else tag)
        ends = tag.endswith("/>") or tag[1] in "!?" or (html and name in _VOID)
        opened = -1 if ends else len(lines) - 1
        depth += not ends
        raw = name if html and not ends and name in _RAW else ""
    rest = text[at:].strip()
    return "\n".join([*lines, rest] if rest else lines)


def _indented(text: str, depth: int) -> list[str]:
    pad = "  " * min(depth, _DEEPEST)
    return [pad + line for line in text.split("\n")]
