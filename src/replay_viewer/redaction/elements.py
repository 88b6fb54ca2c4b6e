"""Elements somebody picked to be blanked: which nodes of a page stand in them, as events come and at an instant.

Who picks says so by matchers (`analysis.selectors.Selector` is one); this package knows nodes and events only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from replay_viewer.recording.events import decode_event
from replay_viewer.recording.mirror import Mirror
from replay_viewer.recording.nodes import TEXT, Node

Nodes = Mapping[int, Node]


class Matcher(Protocol):
    """Says which elements are meant."""

    def matches(self, node: Node, nodes: Nodes) -> bool:
        """Whether this element is one."""
        ...


def picked(nodes: Nodes, matchers: Sequence[Matcher], among: Iterable[int] | None = None) -> set[int]:
    """Ids of the elements the matchers mean."""
    return {
        id
        for id in (nodes if among is None else among)
        if (node := nodes.get(id)) is not None and any(matcher.matches(node, nodes) for matcher in matchers)
    }


def inside(nodes: Nodes, roots: set[int]) -> set[int]:
    """`roots` and everything in them: children, shadow trees, documents of frames."""
    known: dict[int, bool] = {}
    for id in nodes:
        path: list[int] = []
        at = id
        while at not in known and at not in roots and (node := nodes.get(at)) is not None and len(path) < 10_000:
            path.append(at)
            at = node.parent
        answer = at in roots or known.get(at, False)
        for each in path:
            known[each] = answer
        known[id] = answer
    return {id for id, answer in known.items() if answer}


class Hidden:
    """The nodes of one tab that stand in picked elements, kept while its events are applied in order."""

    def __init__(self, matchers: Sequence[Matcher]) -> None:
        self._matchers = matchers
        self._mirror = Mirror()
        self.ids: set[int] = set()

    def apply(self, raw: bytes, event: Any) -> None:
        """Take one event (its bytes, and decoded)."""
        try:
            self._mirror.apply(decode_event(raw))
        except (msgspec.DecodeError, RecursionError):
            return
        data = event.get("data") if isinstance(event, dict) else None
        if not isinstance(data, dict):
            return
        nodes = self._mirror.nodes
        if event.get("type") == 2:
            self.ids = inside(nodes, picked(nodes, self._matchers))
        elif data.get("source") == 0:
            fresh = [id for add in _dicts(data.get("adds")) for id in _ids(add.get("node"))]
            for change in _dicts(data.get("attributes")):
                if set(change.get("attributes") or ()) - {"style"}:
                    fresh += _below(nodes, change.get("id", -1))
            self._take(fresh)

    def _take(self, ids: Iterable[int]) -> None:
        nodes = self._mirror.nodes
        for id in ids:  # parents come before their children
            node = nodes.get(id)
            if node is None or id in self.ids:
                continue
            if node.parent in self.ids or any(matcher.matches(node, nodes) for matcher in self._matchers):
                self.ids.update(_below(nodes, id))

    def texts(self) -> Iterator[str]:
        """What stands in the picked elements now."""
        nodes, inputs = self._mirror.nodes, self._mirror.inputs
        for id in self.ids:
            node = nodes.get(id)
            if node is not None and node.kind == TEXT and node.text:
                yield node.text
            value = inputs.get(id, (None, None))[0]
            if value:
                yield value


def _below(nodes: Nodes, id: int) -> list[int]:
    found, stack = [], [id]
    while stack:
        node = nodes.get(stack.pop())
        if node is not None:
            found.append(node.id)
            stack += [*(node.shadow or ()), *node.children]
    return found


def _ids(node: Any) -> Iterator[int]:
    stack = [node]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            if isinstance(id := one.get("id"), int):
                yield id
            children = one.get("childNodes")
            stack += reversed(children) if isinstance(children, list) else ()


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
