"""Finding recorded elements by a small part of CSS: `form#checkout .msg`, `[data-testid="pay"]`, `ul > li`.

Known are tags, `*`, `#id`, `.class`, `[name]`, `[name=value]` (quoted or not), descent by blank and `>`, and lists by
comma. A blank crosses shadow roots and frames, as in the selectors this application prints; their `:nth-of-type(n)`
is known too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from replay_viewer.domain.errors import BadInput
from replay_viewer.recording.nodes import ELEMENT, SHADOW, Node

_TOKEN = re.compile(
    r"""(?P<tag>\*|[A-Za-z][\w-]*)|\#(?P<id>(?:[\w-]|\\.)+)|\.(?P<cls>(?:[\w-]|\\.)+)"""
    r"""|:nth-of-type\((?P<nth>\d+)\)"""
    r"""|\[\s*(?P<name>[\w:-]+)\s*(?:=\s*(?:"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>[^']*)'|(?P<bare>[^\]\s"']+))\s*)?\]"""
)
_JOIN = re.compile(r"\s*([>,])\s*|\s+")


class _Compound(NamedTuple):
    """What one element must be: `nth` 0 any place; attributes of value None need only be there."""

    tag: str = ""
    id: str = ""
    classes: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str | None], ...] = ()
    nth: int = 0


class Selector:
    """A selector, parsed. `text` is what it was made of."""

    def __init__(self, text: str) -> None:
        """Parse. Raises BadInput for what is not understood."""
        self.text = text.strip()
        self._choices = _parse(self.text)

    def matches(self, node: Node, nodes: Mapping[int, Node]) -> bool:
        """Whether an element fits."""
        return any(_fits(steps, len(steps) - 1, node, nodes) for steps in self._choices)

    def find(self, nodes: Mapping[int, Node]) -> Iterator[Node]:
        """All elements that fit, by id."""
        return (node for _, node in sorted(nodes.items()) if node.kind == ELEMENT and self.matches(node, nodes))


#: Compounds from left to right, each with whether it must be the direct parent of the next.
_Steps = list[tuple[_Compound, bool]]


def _parse(text: str) -> list[_Steps]:
    choices: list[_Steps] = []
    steps: _Steps = []
    at, direct = 0, False
    while at < len(text):
        start, compound = at, _Compound()
        while match := _TOKEN.match(text, at):
            if match["tag"] and at > start:
                break
            compound = _with(compound, match)
            at = match.end()
        if at == start:
            raise _odd(text)
        join = _JOIN.match(text, at)
        if join is None and at < len(text):
            raise _odd(text)
        sign = join[1] if join else None
        at = join.end() if join else at
        if sign and at == len(text):
            raise _odd(text)
        direct = sign == ">"
        steps.append((compound, direct))
        if sign == "," or at == len(text):
            choices.append(steps)
            steps = []
    if not choices:
        raise _odd(text)
    return choices


def _odd(text: str) -> BadInput:
    return BadInput(
        f"“{text}” is not a node.", "Give a node's number, or a selector such as #total, form .error, [name=email]."
    )


def _with(compound: _Compound, match: re.Match[str]) -> _Compound:
    if match["tag"]:
        return compound._replace(tag="" if match["tag"] == "*" else match["tag"].lower())
    if match["id"]:
        return compound._replace(id=_plain(match["id"]))
    if match["cls"]:
        return compound._replace(classes=(*compound.classes, _plain(match["cls"])))
    if match["nth"]:
        return compound._replace(nth=int(match["nth"]))
    values = [match[name] for name in ("double", "single", "bare") if match[name] is not None]
    return compound._replace(
        attributes=(*compound.attributes, (match["name"], _plain(values[0]) if values else None))
    )


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _fits(steps: _Steps, last: int, node: Node, nodes: Mapping[int, Node]) -> bool:
    if node.kind != ELEMENT or not _is(steps[last][0], node, nodes):
        return False
    if not last:
        return True
    parent = nodes.get(node.parent)
    if steps[last - 1][1]:
        return parent is not None and not node.flags & SHADOW and _fits(steps, last - 1, parent, nodes)
    while parent is not None:
        if _fits(steps, last - 1, parent, nodes):
            return True
        parent = nodes.get(parent.parent)
    return False


def _is(wanted: _Compound, node: Node, nodes: Mapping[int, Node]) -> bool:
    attrs = node.attrs
    if wanted.tag and wanted.tag != node.name.lower():
        return False
    if wanted.id and attrs.get("id") != wanted.id:
        return False
    if wanted.classes and not set(wanted.classes) <= set(str(attrs.get("class") or "").split()):
        return False
    for name, value in wanted.attributes:
        if attrs.get(name) is None or (value is not None and str(attrs[name]) != value):
            return False
    return not wanted.nth or _place(node, nodes) == wanted.nth


def _place(node: Node, nodes: Mapping[int, Node]) -> int:
    parent = nodes.get(node.parent)
    if parent is None:
        return 1
    siblings = (parent.shadow or []) if node.flags & SHADOW else parent.children
    same = [id for id in siblings if (other := nodes.get(id)) is not None and other.name == node.name]
    return same.index(node.id) + 1 if node.id in same else 0
