"""Redaction of raw rrweb events: text, attributes, inputs, custom and plugin payloads. Ids and structure stay.

Numbers of types and sources are rrweb's (`@rrweb/types`). Canvas commands, fonts and pictures are not looked into.
"""
# ruff: noqa: SIM905 (word lists read better as text)

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from replay_viewer.redaction.elements import Hidden, Matcher
from replay_viewer.redaction.fields import input_label
from replay_viewer.redaction.strings import Strings
from replay_viewer.redaction.tree import json_value

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode

#: Attributes full of numbers, or read by the browser only: known values and addresses are looked for, numbers not.
_DRAWING = frozenset(
    (
        "d points transform viewBox viewbox style _cssText class id for x y width height srcset sizes path "
        "gradientTransform stroke-dasharray values keyTimes keySplines integrity rr_width rr_height rr_scrollLeft "
        "rr_scrollTop "
    ).split()
)
_URLS = frozenset(
    "href src action formaction cite poster data ping xlink:href background manifest longdesc rr_src".split()
)
_BINARY = frozenset(("rr_dataURL",))
#: Attributes of a picked element that show or name what is in it; the others (`class`, `type`) stay.
_SPEAKING = frozenset("value placeholder title alt label content srcdoc name download".split())
_PICTURES = frozenset("src srcset poster href xlink:href rr_src rr_dataURL data background".split())


class EventRedactor:
    """Redacts the events of a session, in order; knows which inputs of the current document are sensitive."""

    def __init__(self, strings: Strings, matchers: Sequence[Matcher] = ()) -> None:
        self._strings = strings
        self._matchers = matchers
        self._hidden: dict[int, Hidden] = {}
        self._inputs: dict[int, dict[int, str]] = {}

    def event(self, raw: bytes, tab: int = 0) -> bytes:
        """One event's JSON, redacted; the same bytes when nothing is removed. What cannot be read loses its data.

        A full snapshot or a mutation must have been given before the inputs it brings.
        """
        strings = self._strings
        if not strings.active:
            return raw
        try:
            event = _decode(raw)
        except (msgspec.DecodeError, RecursionError):
            return _blank(raw)
        if not isinstance(event, dict):
            return _changed(raw, event, json_value(strings, event, "recording"))
        kind, data = event.get("type"), event.get("data")
        inputs = self._inputs.setdefault(tab, {})
        if not isinstance(data, dict):
            return _changed(raw, event, json_value(strings, event, "recording"))
        hidden: set[int] = set()
        if self._matchers:
            kept = self._hidden.setdefault(tab, Hidden(self._matchers))
            kept.apply(raw, event)
            hidden = kept.ids
        if kind == 2:
            inputs.clear()
            changed = _nodes(strings, [data.get("node")], inputs, hidden)
        elif kind == 3:
            changed = _incremental(strings, data, inputs, hidden)
        elif kind == 4:
            changed = _set(data, "href", strings.url(str(data.get("href", "")), "page URL"))
        else:
            where = "custom events" if kind == 5 else "plugin events"
            new = json_value(strings, data.get("payload"), where, str(data.get("tag") or ""))
            changed = new is not data.get("payload")
            if changed:
                data["payload"] = new
            for key in data:
                if key not in ("payload", "tag", "plugin"):
                    changed = _set(data, key, json_value(strings, data[key], where)) or changed
        return _encode(event) if changed else raw


class _Head(msgspec.Struct):
    type: int
    timestamp: float


def _blank(raw: bytes) -> bytes:
    """An event of the same type and time that says nothing; null when not even those can be read."""
    try:
        head = msgspec.json.decode(raw, type=_Head, strict=False)
    except (msgspec.DecodeError, RecursionError):
        return b"null"
    return _encode({"type": head.type, "data": {}, "timestamp": head.timestamp})


def _changed(raw: bytes, before: Any, after: Any) -> bytes:
    return raw if after is before else _encode(after)


def _set(holder: dict[str, Any], key: str, value: Any) -> bool:
    if key not in holder or holder[key] == value:
        return False
    holder[key] = value
    return True


def _nodes(strings: Strings, roots: list[Any], inputs: dict[int, str], hidden: set[int]) -> bool:
    """Redact serialised nodes in place; note sensitive inputs. True when something changed."""
    changed = False
    stack: list[tuple[Any, str]] = [(root, "") for root in reversed(roots)]
    while stack:
        node, inside = stack.pop()
        if not isinstance(node, dict):
            continue
        text = node.get("textContent")
        if isinstance(text, str) and text:
            if node.get("id") in hidden:
                new = _blanked(strings, text)
            elif inside == "style" or node.get("isStyle"):
                new = strings.text(text, "style sheets", numeric=False)
            elif inside.startswith("input:"):
                new = strings.replace(text, "typed", inside[6:], "inputs") if "typed" in strings.active else text
            else:
                new = strings.text(text, "page text")
            changed = _set(node, "textContent", new) or changed
        tag = str(node.get("tagName") or "")
        attributes = node.get("attributes")
        if isinstance(attributes, dict) and attributes:
            label = input_label(tag, attributes)
            if label is not None:
                inputs[int(node.get("id") or -1)] = label
                tag = f"input:{label}" if tag == "textarea" else tag
            if node.get("id") in hidden:
                changed = _blank_attributes(strings, attributes) or changed
            changed = _attributes(strings, attributes, label) or changed
        children = node.get("childNodes")
        if isinstance(children, list):
            stack += [(child, tag) for child in reversed(children)]
    return changed


def _blanked(strings: Strings, text: str) -> str:
    return strings.replace(text, "element", "element", "picked elements") if text.strip() else text


def _blank_attributes(strings: Strings, attributes: dict[str, Any]) -> bool:
    """What a picked element shows or says of itself by its attributes."""
    changed = False
    for name, value in attributes.items():
        if isinstance(value, dict):
            if any("url(" in str(part) for part in value.values()):
                attributes[name], changed = {}, True
        elif not isinstance(value, str) or not value:
            continue
        elif name in _PICTURES or (name == "style" and "url(" in value):
            attributes[name], changed = "", True
        elif name in _SPEAKING or name.startswith(("aria-", "data-")):
            attributes[name], changed = _blanked(strings, value), True
    return changed


def _attributes(strings: Strings, attributes: dict[str, Any], label: str | None) -> bool:
    changed = False
    for name, value in attributes.items():
        if isinstance(value, dict):  # style overrides
            new: Any = json_value(strings, value, "attributes")
        elif not isinstance(value, str) or not value or name in _BINARY:
            continue
        elif name == "value" and label is not None and "typed" in strings.active:
            new = value if not set(value) - set("*•·") else strings.replace(value, "typed", label, "inputs")
        elif name in _DRAWING:
            new = strings.text(value, "attributes", numeric=False)
        elif name in _URLS:
            new = strings.url(value, "links")
        elif name == "srcdoc" or name == "content":
            new = strings.text(value, "attributes")
        else:
            new = strings.leaf(value, "attributes")
        if new is not value and new != value:
            attributes[name] = new
            changed = True
    return changed


def _incremental(strings: Strings, data: dict[str, Any], inputs: dict[int, str], hidden: set[int]) -> bool:
    source = data.get("source")
    if source == 0:
        return _mutation(strings, data, inputs, hidden)
    if source == 9 and data.get("id") in hidden:  # a canvas: its commands would draw it again
        return _set(data, "commands", [])
    if source == 5:
        text = data.get("text")
        if not isinstance(text, str) or not text:
            return False
        if data.get("id") in hidden:
            return _set(data, "text", _blanked(strings, text))
        label = inputs.get(data.get("id", -1))
        if label is not None and "typed" in strings.active:
            masked = not set(text) - set("*•·")
            return False if masked else _set(data, "text", strings.replace(text, "typed", label, "inputs"))
        return _set(data, "text", strings.leaf(text, "inputs"))
    if source in (8, 13, 15):
        return _replace_values(strings, data, numeric=False)
    if source in (1, 2, 3, 4, 6, 7, 9, 10, 12, 14):
        return False
    return _replace_values(strings, data, numeric=True)


def _mutation(strings: Strings, data: dict[str, Any], inputs: dict[int, str], hidden: set[int]) -> bool:
    adds = data.get("adds")
    changed = False
    if isinstance(adds, list) and adds:
        changed = _nodes(strings, [add.get("node") for add in adds if isinstance(add, dict)], inputs, hidden)
    for entry in _dicts(data.get("texts")):
        if isinstance(value := entry.get("value"), str):
            new = _blanked(strings, value) if entry.get("id") in hidden else strings.text(value, "page text")
            changed = _set(entry, "value", new) or changed
    for entry in _dicts(data.get("attributes")):
        attributes = entry.get("attributes")
        if isinstance(attributes, dict):
            if entry.get("id") in hidden:
                changed = _blank_attributes(strings, attributes) or changed
            known = inputs.get(entry.get("id", -1))
            changed = _attributes(strings, attributes, known) or changed
    return changed


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        yield from (entry for entry in value if isinstance(entry, dict))


def _replace_values(strings: Strings, data: dict[str, Any], numeric: bool) -> bool:
    """Redact every string below `data`, in place at the top level."""
    changed = False
    for key, value in list(data.items()):
        new = json_value(strings, value, "recording") if numeric else _styles(strings, value)
        if new is not value:
            data[key] = new
            changed = True
    return changed


def _styles(strings: Strings, value: Any) -> Any:
    if isinstance(value, str):
        new = strings.text(value, "style sheets", numeric=False)
        return value if new == value else new
    if isinstance(value, list):
        items = [_styles(strings, item) for item in value]
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    if isinstance(value, dict):
        pairs = {key: _styles(strings, item) for key, item in value.items()}
        return pairs if any(pairs[key] is not value[key] for key in value) else value
    return value
