"""Where JSON values end, found by brackets and strings alone, for inputs too large or too broken to decode whole."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

#: A string (group 1 empty when it is cut off) or a bracket; possessive, so memory stays flat on huge strings.
_INSIDE = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+("?)|([\[{])|([\]}])', re.DOTALL)
#: The same at the top level, where commas separate elements.
_OUTSIDE = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+("?)|([\[{])|([\]}])|(,)', re.DOTALL)
_SPACE = re.compile(rb"[ \t\r\n]*+")
_SCALAR = re.compile(rb"[^\s,\]}\[{\"]++")


def skip_space(data: bytes, pos: int) -> int:
    """The position of the first byte at or after `pos` that is not white space."""
    match = _SPACE.match(data, pos)
    return match.end() if match else pos


def _close(data: bytes, pos: int) -> int:
    """After the bracket that closes the container whose content starts at `pos`; -1 when it is not in `data`."""
    depth = 1
    for token in _INSIDE.finditer(data, pos):
        if token.start(2) >= 0:
            depth += 1
        elif token.start(3) >= 0:
            depth -= 1
            if not depth:
                return token.end()
        elif token.start(1) == token.end(1):
            return -1
    return -1


def value_end(data: bytes, pos: int) -> int:
    """After the value that starts at `pos` (no white space before it); -1 when it does not end in `data`."""
    first = data[pos : pos + 1]
    if first in (b"{", b"["):
        return _close(data, pos + 1)
    if first == b'"':
        match = _INSIDE.match(data, pos)
        return match.end() if match and match.group(1) else -1
    match = _SCALAR.match(data, pos)
    return match.end() if match and match.end() < len(data) else -1


def split_point(data: bytes, pos: int) -> tuple[int, bool]:
    """The last place at or after `pos` where the elements of an array can be cut.

    `pos` is where an element starts. Returns (position of the closing bracket, True) when the array ends in `data`,
    else (position of the last comma between elements, False), or (-1, False) when there is none.
    """
    comma = -1
    while token := _OUTSIDE.search(data, pos):
        if token.start(4) >= 0:
            comma = token.start()
        elif token.start(3) >= 0:
            return token.start(), True
        elif token.start(2) < 0 and token.start(1) == token.end(1):
            break
        pos = token.end() if token.start(2) < 0 else _close(data, token.end())
        if pos < 0:
            break
    return comma, False


@dataclass
class Shape:
    """What the start of a JSON text looks like.

    `first`: its first byte as text. `keys`: member names seen, with the shape of their values. `items`: shapes of
    the first elements.
    """

    first: str = ""
    keys: dict[str, Shape] = field(default_factory=dict)
    items: list[Shape] = field(default_factory=list)

    def at(self, path: str) -> Shape:
        """The shape at `a.b`, or an empty one."""
        shape = self
        for key in path.split("."):
            shape = shape.keys.get(key, _NOTHING)
        return shape

    @property
    def item(self) -> Shape:
        """The first element, or an empty shape."""
        return self.items[0] if self.items else _NOTHING


_NOTHING = Shape()
_DEPTH, _WIDTH = 4, 60


def shape_of(head: bytes, pos: int = 0, depth: int = _DEPTH) -> Shape:
    """The shape of the JSON text starting at `pos`; a text cut off or broken gives what was seen before that."""
    pos = skip_space(head, pos)
    shape = Shape(head[pos : pos + 1].decode("latin-1"))
    if not depth or shape.first not in ("{", "["):
        return shape
    pos = skip_space(head, pos + 1)
    for _ in range(_WIDTH):
        if shape.first == "{":
            after = value_end(head, pos) if head[pos : pos + 1] == b'"' else -1
            colon = skip_space(head, after) if after > 0 else -1
            if colon < 0 or head[colon : colon + 1] != b":":
                break
            key = head[pos + 1 : after - 1].decode("utf-8", "replace")
            pos = skip_space(head, colon + 1)
            shape.keys[key] = shape_of(head, pos, depth - 1)
        else:
            if head[pos : pos + 1] in (b"]", b""):
                break
            if len(shape.items) < 3:
                shape.items.append(shape_of(head, pos, depth - 1))
            else:
                break
        end = value_end(head, pos)
        end = skip_space(head, end) if end > 0 else -1
        if end < 0 or head[end : end + 1] != b",":
            break
        pos = skip_space(head, end + 1)
    return shape
