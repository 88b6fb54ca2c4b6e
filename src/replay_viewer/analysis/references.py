"""The files a recording refers to, over all of its events: what the page loaded to look as it did.

Elements and attributes by the HTML standard's list of what loads images and style sheets. References are read from
the events, not from states, so that what stood on the page only for a moment is found as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from replay_viewer.analysis.cssrefs import Kind, absolute, references
from replay_viewer.recording.addresses import moved_to
from replay_viewer.recording.events import (
    AttributeChange,
    Custom,
    Event,
    FullSnapshot,
    Incremental,
    Meta,
    Mutation,
    Sn,
    Source,
)
from replay_viewer.recording.nodes import ELEMENT, TEXT

#: Events without any of this load nothing and name no element that later does; looking is cheaper than decoding.
_WORTH = re.compile(
    rb'(?i)"(?:src|srcset|href|xlink:href|poster|background|_cssText|imagesrcset)"|url\(|@import|image-set\('
    rb'|"tagName":"(?:link|style|img|source|input|video|image|feimage|use)"|"href":'
)
#: Attributes that load an image, by tag (lower case, without a prefix).
_IMAGES: dict[str, tuple[str, ...]] = {
    "img": ("src",),
    "input": ("src",),
    "video": ("poster",),
    "image": ("href", "xlink:href"),
    "feimage": ("href", "xlink:href"),
    "use": ("href", "xlink:href"),
}
_SETS = ("img", "source")
#: Events of these types and sources may hold references (chunks know both without decoding).
TYPES = (2, 4, 5)
SOURCES = (
    Source.MUTATION,
    Source.STYLE_SHEET_RULE,
    Source.FONT,
    Source.STYLE_DECLARATION,
    Source.ADOPTED_STYLE_SHEET,
)


def worth(raw: bytes) -> bool:
    """Whether the JSON of an event may hold a reference."""
    return _WORTH.search(raw) is not None


def candidates(srcset: str) -> Iterator[str]:
    """The URLs of a srcset attribute (the HTML standard's splitting: URLs may hold commas, not at their end)."""
    rest = srcset
    while rest := rest.lstrip(" \t\r\n\f,"):
        found = re.match(r"\S+", rest)
        assert found is not None
        url = found[0]
        rest = rest[found.end() :]
        if url.endswith(","):
            yield url.rstrip(",")
            continue
        yield url
        # descriptors, up to the next comma outside parentheses
        rest = re.sub(r"^(?:[^,(]|\([^)]*\)?)*", "", rest, count=1)


class Collector:
    """Reads the events of one tab in order. `found`: absolute URL to what it was loaded as, as they appeared."""

    def __init__(self, found: dict[str, Kind] | None = None) -> None:
        self.found: dict[str, Kind] = {} if found is None else found
        self.page = ""
        self._tags: dict[int, tuple[str, dict[str, Any]]] = {}
        self._style_texts: set[int] = set()

    def read(self, event: Event) -> None:
        """Note what an event refers to."""
        data = event.data
        if isinstance(data, Meta):
            self.page = data.href or self.page
        elif isinstance(data, Custom):
            self.page = moved_to(data, self.page) or self.page
        elif isinstance(data, FullSnapshot):
            self._tags.clear()
            self._style_texts.clear()
            self._node(data.node, False)
        elif isinstance(data, Mutation):
            for add in data.adds or ():
                parent = self._tags.get(add.parentId)
                self._node(add.node, parent is not None and parent[0] == "style")
            for text in data.texts or ():
                if text.value and text.id in self._style_texts:
                    self._css(text.value)
            for change in data.attributes or ():
                self._change(change)
        elif isinstance(data, Incremental):
            self._rules(data)

    def _node(self, top: Sn, in_style: bool) -> None:
        stack = [(top, in_style)]
        while stack:
            node, inside = stack.pop()
            if node.type == TEXT:
                if inside or node.isStyle:
                    self._style_texts.add(node.id)
                    self._css(node.textContent or "")
                continue
            tag = node.tagName.rpartition(":")[2].lower()
            if node.type == ELEMENT:
                if tag in _IMAGES or tag in ("link", "style", "source"):
                    self._tags[node.id] = (tag, dict(node.attributes))
                if node.attributes:
                    self._element(tag, node.attributes, node.attributes)
            stack += [(child, tag == "style") for child in reversed(node.childNodes)]

    def _change(self, change: AttributeChange) -> None:
        tag, attrs = self._tags.get(change.id, ("", {}))
        attrs.update(change.attributes)
        self._element(tag, change.attributes, attrs)

    def _element(self, tag: str, changed: Mapping[str, Any], attrs: Mapping[str, Any]) -> None:
        for name, value in changed.items():
            if name == "style" and isinstance(value, dict):
                for setting in value.values():
                    text = setting[0] if isinstance(setting, list) and setting else setting
                    if isinstance(text, str):
                        self._css(text)
                continue
            if not isinstance(value, str) or not value:
                continue
            if tag == "use" and absolute(value, self.page) in ("", absolute(self.page, self.page)):
                continue  # a part of the page itself
            if name in _IMAGES.get(tag, ()):
                if not (isinstance(attrs.get("rr_dataURL"), str) and tag == "img"):
                    self._add(value, "image")
            elif name == "srcset" and tag in _SETS:
                for url in candidates(value):
                    self._add(url, "image")
            elif name == "background":
                self._add(value, "image")
            elif name in ("style", "_cssText") or "url(" in value:
                # presentation attributes of SVG (fill, mask, …) may load as well
                self._css(value)
        if tag == "link" and isinstance(attrs.get("href"), str) and "_cssText" not in attrs:
            rel = str(attrs.get("rel") or "").lower().split()
            if "stylesheet" in rel and "alternate" not in rel:
                self._add(attrs["href"], "css")

    def _rules(self, data: Incremental) -> None:
        for entry in [*(data.adds or ()), *(data.styles or ())]:
            if not isinstance(entry, dict):
                continue
            for rule in [entry, *(entry.get("rules") or ())]:
                if isinstance(rule, dict) and isinstance(rule.get("rule"), str):
                    self._css(rule["rule"])
        for text in (data.replace, data.replaceSync):
            if text:
                self._css(text)
        if isinstance(data.set, dict) and isinstance(data.set.get("value"), str):
            self._css(data.set["value"])
        if data.source == Source.FONT and data.fontSource and not data.buffer:
            self._css(data.fontSource)

    def _css(self, text: str) -> None:
        for url, kind in references(text, self.page):
            self._note(url, kind)

    def _add(self, url: str, kind: Kind) -> None:
        if full := absolute(url, self.page):
            self._note(full, kind)

    def _note(self, url: str, kind: Kind) -> None:
        known = self.found.setdefault(url, kind)
        if known != kind and known != "any":
            # asked for as an image here and as a sheet there: whatever comes is looked at
            self.found[url] = "any"
