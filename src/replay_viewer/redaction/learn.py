"""What a session itself says is sensitive: values typed into sensitive inputs, values of secret fields.

Read everything once with `Learner`, then redact: a password typed at the end may stand in a URL before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from replay_viewer.domain.rows import Interaction, Navigation, NetworkRequest, Row, StateChange
from replay_viewer.redaction.elements import Hidden, Matcher
from replay_viewer.redaction.fields import field_rule, input_label
from replay_viewer.redaction.known import Known
from replay_viewer.redaction.patterns import find
from replay_viewer.redaction.rows import sensitive_input
from replay_viewer.redaction.strings import Strings

_decode = msgspec.json.Decoder().decode
#: Events that can hold an input or a value typed: the rest is not decoded.
_INPUT_EVENT = re.compile(rb'"source"\s*:\s*5\b|"tagName"\s*:\s*"(?:input|textarea|INPUT|TEXTAREA)"')
_MASK = frozenset("*•·● ")
_ELEMENT = 4  #: Shortest text of a picked element that is looked for elsewhere (of digits alone: _HARVEST).
_HARVEST = 6  #: Shortest value of a secret field that is looked for elsewhere.


class Learner:
    """Collects known values into a `Strings`."""

    def __init__(self, strings: Strings, matchers: Sequence[Matcher] = ()) -> None:
        self._strings = strings
        self._matchers = matchers
        self._hidden: dict[int, Hidden] = {}
        self._inputs: dict[int, dict[int, str]] = {}
        self._typed: dict[tuple[int, int], str] = {}

    def event(self, raw: bytes, tab: int = 0) -> None:
        """Learn from one raw event, in order."""
        if not self._strings.active or not (self._matchers or _INPUT_EVENT.search(raw)):
            return
        try:
            event = _decode(raw)
        except (msgspec.DecodeError, RecursionError):
            return
        if self._matchers:
            self._element(tab, raw, event)
        data = event.get("data") if isinstance(event, dict) else None
        if not isinstance(data, dict):
            return
        inputs = self._inputs.setdefault(tab, {})
        if event.get("type") == 2:
            self.finish(tab)
            inputs.clear()
            self._nodes([data.get("node")], inputs)
        elif data.get("source") == 0 and isinstance(data.get("adds"), list):
            self._nodes([add.get("node") for add in data["adds"] if isinstance(add, dict)], inputs)
        elif data.get("source") == 5 and isinstance(data.get("text"), str):
            self._input(tab, data, inputs)

    def _element(self, tab: int, raw: bytes, event: Any) -> None:
        """What stands in picked elements goes wherever else it turns up; short texts only where they stand."""
        hidden = self._hidden.setdefault(tab, Hidden(self._matchers))
        hidden.apply(raw, event)
        data = event.get("data") if isinstance(event, dict) else None
        if not isinstance(data, dict) or not (event.get("type") == 2 or data.get("source") in (0, 5)):
            return
        for text in hidden.texts():
            value = " ".join(text.split())
            if len(value) >= _HARVEST or (len(value) >= _ELEMENT and not value.isdigit()):
                self._strings.known.add(Known(value=value, rule="element", label="element"))

    def _input(self, tab: int, data: dict[str, Any], inputs: dict[int, str]) -> None:
        node, text = data.get("id", -1), data["text"]
        label = inputs.get(node)
        if label is None:
            return
        before = self._typed.get((tab, node), "")
        # Only what a value grew to is kept; when it is cleared or begun anew, what stood there before counts.
        if before and not text.startswith(before) and not before.startswith(text):
            self.typed(before, label)
        if not before.startswith(text) or not before:
            self._typed[tab, node] = text
        elif before and len(text) < len(before):
            self.typed(before, label)
            self._typed[tab, node] = text

    def finish(self, tab: int | None = None) -> None:
        """Take what was typed last. Called by itself at each new document; call it at the end."""
        for (of, node), text in list(self._typed.items()):
            if tab is None or of == tab:
                self.typed(text, self._inputs.get(of, {}).get(node, "typed"))
                del self._typed[of, node]

    def typed(self, value: str, label: str, prefixes: bool = True) -> None:
        """A value typed into a sensitive input, or standing there from the start (then not by its beginnings)."""
        if value and set(value) - _MASK and not _dull(value):
            label = _telling(value, self._strings.active) or label
            self._strings.known.add(Known(value=value, rule="typed", label=label, prefixes=prefixes))

    def _nodes(self, roots: list[Any], inputs: dict[int, str]) -> None:
        stack = list(roots)
        while stack:
            node = stack.pop()
            if not isinstance(node, dict):
                continue
            stack += node.get("childNodes") or ()
            attributes = node.get("attributes")
            if not isinstance(attributes, dict) or not attributes:
                continue
            label = input_label(str(node.get("tagName") or ""), attributes)
            if label is None:
                continue
            inputs[int(node.get("id") or -1)] = label
            name = attributes.get("name")
            if label in ("secret", "card", "typed") and isinstance(name, str) and name and field_rule(name) is None:
                self._strings.names.setdefault(name, "secret")
            if isinstance(value := attributes.get("value"), str):
                self.typed(value, label, prefixes=False)

    def row(self, row: Row) -> None:
        """Learn from a row: what was typed into a sensitive input, values of secret fields in URLs, bodies, state."""
        if not self._strings.active:
            return
        match row:
            case Interaction():
                label = sensitive_input(row) if row.value else None
                if label is not None:
                    self.typed(row.value, label)
            case NetworkRequest():
                self._url(row.url)
                for body in (row.request_body.text, row.response_body.text):
                    self._body(body or "")
                for message in row.messages:
                    if not message.binary:
                        self._body(message.text)
            case Navigation():
                self._url(row.url)
            case StateChange():
                self._harvest(row.payload)
                self._harvest(row.state)
            case _:
                pass

    def _url(self, url: str) -> None:
        try:
            query = urlsplit(url).query
        except ValueError:
            return
        if query:
            self._pairs(parse_qsl(query))

    def _body(self, body: str) -> None:
        if body[:1] in ("{", "["):
            try:
                self._harvest(_decode(body))
            except (msgspec.DecodeError, RecursionError):
                return
        elif "=" in body and len(body) < 20_000 and " " not in body:
            self._pairs(parse_qsl(body))

    def _pairs(self, pairs: list[tuple[str, str]]) -> None:
        for name, value in pairs:
            self._value(name, value)

    def _harvest(self, value: Any) -> None:
        for name, text in _fields(value):
            self._value(name, text)

    def _value(self, name: str, value: str) -> None:
        found = self._strings.field(name, pair=True)
        if found is None or found[0] != "secret-field" or not _HARVEST <= len(value) <= 512:
            return
        prose = (value.isalpha() and value.islower()) or value.startswith("[") or _dull(value)
        if set(value) - _MASK and not prose:
            label = _telling(value, self._strings.active) or found[1]
            self._strings.known.add(Known(value=value, rule="typed", label=label))


def _fields(value: Any) -> Iterator[tuple[str, str]]:
    """All (name, string) pairs below a JSON value."""
    stack = [value]
    seen = 0
    while stack and seen < 100_000:
        seen += 1
        item = stack.pop()
        if isinstance(item, dict):
            for key, inner in item.items():
                if isinstance(inner, str):
                    yield str(key), inner
                else:
                    stack.append(inner)
        elif isinstance(item, list):
            stack += item


_DULL = frozenset(
    (
        "on",
        "off",
        "true",
        "false",
        "yes",
        "no",
        "none",
        "null",
        "undefined",
        "checked",
        "unchecked",
        "not checked",
        "",
    )
)


def _dull(value: str) -> bool:
    """Whether a value says nothing: `on`, `true`, a placeholder of the recorder."""
    return value.strip().lower() in _DULL


def _telling(value: str, active: frozenset[str]) -> str:
    """The label word of the detector that takes the whole value, else ''."""
    for span in find(value, active):
        if span.start == 0 and span.end == len(value) and span.rule not in ("secret-field", "personal-field"):
            return span.label
    return ""
