"""A page in plain Python: applies patches as docs/patch-format.md says, so that they are tested without a browser."""

from __future__ import annotations

from typing import Any

import msgspec

from replay_viewer.recording.controls import effective
from replay_viewer.recording.mirror import Mirror
from replay_viewer.recording.nodes import SHADOW, Node


class Page:
    """What a faithful painter holds. Raises AssertionError when a patch asks for what a DOM would refuse."""

    def __init__(self) -> None:
        self.rev: int | None = None
        self.picture: int | None = None
        #: What stands by, by number of the picture.
        self.standing: dict[int, dict[str, Any]] = {}
        self._begin()

    def _begin(self) -> None:
        self.nodes: dict[int, Node] = {}
        self.root: int | None = None
        self.inputs: dict[int, tuple[Any, Any]] = {}
        self.scrolls: dict[int, tuple[float, float]] = {}
        self.logs: dict[int, list[Any]] = {}
        self.constructed: dict[int, list[Any]] = {}
        self.adopted: dict[int, list[int]] = {}

    def _turn(self, patch: dict[str, Any]) -> None:
        """Lay the picture shown by, and take up the one the patch is of."""
        if patch["base"] is None:
            self.standing.clear()
            self.picture = None
        number = patch.get("picture")
        if number != self.picture or "reset" in patch:
            keys = ("nodes", "root", "inputs", "scrolls", "logs", "constructed", "adopted")
            if self.picture is not None:
                self.standing[self.picture] = {key: getattr(self, key) for key in keys}
            self._begin()
            if "reset" in patch:
                assert number not in self.standing, "a new picture has a new number"
            elif number is not None:
                for key, value in self.standing.pop(number).items():
                    setattr(self, key, value)
            self.picture = number
        for gone in patch.get("dropped", ()):
            del self.standing[gone]

    def prepare(self, encoded: bytes) -> None:
        """Build a picture aside, as the painter does."""
        patch = msgspec.json.decode(encoded)
        aside = Page()
        aside.apply(msgspec.json.encode({**patch, "base": None, "rev": 0}))
        assert patch["picture"] not in self.standing
        aside._turn({"base": 0})
        self.standing |= aside.standing

    def apply(self, encoded: bytes) -> None:
        patch = msgspec.json.decode(encoded)
        assert patch["v"] == 2
        assert patch["base"] in (None, self.rev)
        self._turn(patch)
        if patch.get("blank"):
            self.rev = patch["rev"]
            return
        self.rev = patch["rev"]
        for id in patch.get("removed", ()):
            self._remove(id)
        records = [msgspec.convert(record, Node) for record in patch.get("nodes", ())]
        new = {record.id for record in records}
        assert not new & self.nodes.keys(), "a new node is there already"
        for record in records:
            self.nodes[record.id] = record
        for record in records:
            # What is not new inside a new subtree is placed; leave a hole until then.
            record.children = [id for id in record.children if id in new]
            record.shadow = None if record.shadow is None else [id for id in record.shadow if id in new]
        if "reset" in patch:
            self.root = patch["reset"]
        for parent, id, following, shadow in patch.get("place", ()):
            self._place(parent, id, following, bool(shadow))
        for id, delta in patch.get("attrs", ()):
            for name, value in delta.items():
                if value is None:
                    self.nodes[id].attrs.pop(name, None)
                else:
                    self.nodes[id].attrs[name] = value
        for id, text, overrides in patch.get("style", ()):
            self.nodes[id].attrs.pop("style", None)
            if text is not None:
                self.nodes[id].attrs["style"] = text
            self.nodes[id].style = overrides
        for id, text in patch.get("text", ()):
            self.nodes[id].text = text
        for id, value, checked in patch.get("input", ()):
            assert id in self.nodes
            self.inputs[id] = (value, checked)
        for id, keep, ops in patch.get("sheets", ()):
            self.logs[id] = [*self.logs.get(id, [])[:keep], *ops]
        for id, _, keep, ops in patch.get("constructed", ()):
            self.constructed[id] = [*self.constructed.get(id, [])[:keep], *ops]
        for id, styles in patch.get("adopted", ()):
            self.adopted[id] = styles
        for id, x, y in patch.get("scroll", ()):
            self.scrolls[id] = (x, y)

    def _siblings(self, node: Node) -> list[int]:
        parent = self.nodes[node.parent]
        return (parent.shadow or []) if node.flags & SHADOW else parent.children

    def _remove(self, id: int) -> None:
        node = self.nodes[id]
        if node.parent in self.nodes:
            self._siblings(node).remove(id)
        stack = [id]
        while stack:
            gone = self.nodes.pop(stack.pop())
            for aux in (self.inputs, self.scrolls, self.logs, self.adopted):
                aux.pop(gone.id, None)  # type: ignore[attr-defined]
            stack += gone.children + (gone.shadow or [])

    def _place(self, parent_id: int, id: int, following: int | None, shadow: bool) -> None:
        node, parent = self.nodes[id], self.nodes[parent_id]
        ancestor: Node | None = parent
        while ancestor is not None:
            assert ancestor.id != id, "a node cannot stand inside itself"
            ancestor = self.nodes.get(ancestor.parent)
        if node.parent in self.nodes:
            siblings = self._siblings(node)
            if id in siblings:
                siblings.remove(id)
        node.parent = parent_id
        if shadow and parent.shadow is None:
            parent.shadow = []
        siblings = parent.shadow if shadow else parent.children  # type: ignore[assignment]
        siblings.insert(siblings.index(following) if following is not None else len(siblings), id)

    def check(self, mirror: Mirror) -> None:
        """Compare with the state it should show."""
        assert self.root == mirror.root
        assert self.nodes.keys() == mirror.nodes.keys()
        for id, node in mirror.nodes.items():
            mine = self.nodes[id]
            # A shadow root, once attached, stays: flags of hosts may lag.
            assert (mine.kind, mine.name, mine.parent, mine.children, mine.text or "") == (
                node.kind,
                node.name,
                node.parent,
                node.children,
                node.text or "",
            )
            assert (mine.shadow or []) == (node.shadow or [])
            assert mine.attrs == node.attrs
            assert (mine.style or {}) == (node.style or {})
            if node.name in ("input", "textarea", "select", "option"):
                shown = self.inputs.get(id) or effective(mine, None, mirror)
                expected = effective(node, mirror.inputs.get(id), mirror)
                # A select without options has no value that could be set.
                assert shown == expected or expected == (None, None), (node, shown)
            assert self.scrolls.get(id, (0, 0)) == mirror.scrolls.get(id, (0, 0))
            assert self.logs.get(id, []) == mirror.sheets.get(id, [])
            if mirror.adopted.get(id):
                assert self.adopted[id] == mirror.adopted[id]
                for style in mirror.adopted[id]:
                    assert self.constructed.get(style, []) == mirror.constructed.get(style, [])
