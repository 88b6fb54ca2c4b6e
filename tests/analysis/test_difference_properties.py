"""Random pages that change at random: the difference said, done to the page before, gives the page after; and the
history of each node, done to nothing, gives what the node is."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_viewer.analysis.difference import Difference, compare, inline_style
from replay_viewer.analysis.history import Watcher
from replay_viewer.recording.events import Kind, decode_event
from replay_viewer.recording.mirror import Mirror
from replay_viewer.recording.nodes import ELEMENT, TEXT
from tests.recording.test_mirror import T0, element, mirror_of, mutation, raw, snapshot, text

_WORDS = ("one", "two", "three", "four")


class _Page:
    """A page that is changed at random, and the events a recorder would tell of it. Ids count up and never come
    again, but for nodes that are put back."""

    def __init__(self, choice: random.Random) -> None:
        self.choice = choice
        self.next = 10
        self.t = T0
        self.out: list[int] = []
        self.events = [snapshot(*(self._made(0) for _ in range(4)))]
        self.mirror = mirror_of(*self.events)

    def _made(self, depth: int) -> dict[str, Any]:
        id, self.next = self.next, self.next + 1
        kind = self.choice.random()
        if kind < 0.35 or depth > 2:
            return text(id, self.choice.choice(_WORDS))
        if kind < 0.45:
            return element(id, "input", value=self.choice.choice(_WORDS))
        children = [self._made(depth + 1) for _ in range(self.choice.randint(0, 3))]
        return element(id, self.choice.choice(("div", "p", "ul")), children, title=self.choice.choice(_WORDS))

    def _elements(self) -> list[int]:
        return [n.id for n in self.mirror.nodes.values() if n.kind == ELEMENT and n.id >= 10 and n.name != "input"]

    def _some(self, kind: int) -> int | None:
        there = [node.id for node in self.mirror.nodes.values() if node.kind == kind and node.id >= 10]
        return self.choice.choice(there) if there else None

    def step(self) -> None:
        """One more event."""
        event = self._change()
        if event is not None:
            self.t += 10
            plain = orjson.loads(event)
            self.events.append(orjson.dumps({**plain, "timestamp": self.t}))
            self.mirror.apply(decode_event(self.events[-1]))

    def _change(self) -> bytes | None:
        choice, nodes = self.choice, self.mirror.nodes
        kind = choice.randrange(7)
        one = self._some(TEXT if kind == 0 else ELEMENT)
        if one is None:
            return None
        if kind == 0:
            return mutation(texts=[{"id": one, "value": choice.choice(_WORDS)}])
        if kind == 1:
            value: Any = choice.choice((None, *_WORDS))
            return mutation(attributes=[{"id": one, "attributes": {choice.choice(("title", "class")): value}}])
        if kind == 2:
            return mutation(attributes=[{"id": one, "attributes": {"style": {"color": choice.choice(_WORDS)}}}])
        if kind == 3:
            fields = [node.id for node in nodes.values() if node.name == "input"]
            if not fields:
                return None
            said = {"source": 5, "id": choice.choice(fields), "text": choice.choice(_WORDS), "isChecked": False}
            return raw(3, said)
        if kind == 4:
            return raw(3, {"source": 3, "id": one, "x": 0, "y": choice.randint(0, 3)})
        parent = choice.choice([4, *self._elements()])
        before = choice.choice([None, *nodes[parent].children])
        if kind == 5:
            made = self._made(1)
            return mutation(adds=[{"parentId": parent, "nextId": before, "node": made}])
        inside = {one}
        stack = [one]
        while stack:
            for child in nodes[stack.pop()].children:
                inside.add(child)
                stack.append(child)
        gone = {"parentId": nodes[one].parent, "id": one}
        if parent in inside or before in inside or choice.random() < 0.4:
            return mutation(removes=[gone])
        return mutation(removes=[gone], adds=[{"parentId": parent, "nextId": before, "node": self._again(one)}])

    def _again(self, id: int) -> dict[str, Any]:
        node = self.mirror.nodes[id]
        if node.kind == TEXT:
            return text(id, node.text or "")
        return element(id, node.name, [self._again(child) for child in node.children], **node.attrs)


def _state(mirror: Mirror) -> dict[int, dict[str, Any]]:
    """What a person could say of each node."""
    return {
        node.id: {
            "parent": node.parent,
            "text": node.text,
            "attributes": {k: v for k, v in node.attrs.items() if k != "style"},
            "style": inline_style(node) if node.kind == ELEMENT else {},
            "input": mirror.effective_input(node.id) if node.name == "input" else None,
            "scroll": mirror.scrolls.get(node.id, (0.0, 0.0)),
        }
        for node in mirror.nodes.values()
    }


def _inside(mirror: Mirror, id: int) -> list[int]:
    found = [id]
    for one in found:
        found += mirror.nodes[one].children
    return found


def _done(before: Mirror, after: Mirror, said: Difference) -> dict[int, dict[str, Any]]:
    """The state before with the difference done to it; of what was added, it is what the page after has."""
    state = _state(before)
    moved = {one.node.id: one.after.id for one in said.moved if one.after is not None}
    for one in said.removed:
        assert one.node.id in before.nodes
        for id in _inside(before, one.node.id):
            if id not in after.nodes:
                state.pop(id, None)
    for one in said.added:
        whole = _state(after)
        for id in _inside(after, one.node.id):
            if id not in before.nodes:
                state[id] = whole[id]
    for id, parent in moved.items():
        state[id]["parent"] = parent
    for change in said.texts:
        assert state[change.node.id]["text"] == change.before
        state[change.node.id]["text"] = change.after
    for changes, where in ((said.attributes, "attributes"), (said.styles, "style")):
        for change in changes:
            values = state[change.node.id][where]
            assert values.get(change.name) == change.before
            values.pop(change.name, None)
            if change.after is not None:
                values[change.name] = change.after
    for change in said.inputs:
        value, checked = state[change.node.id]["input"]
        state[change.node.id]["input"] = (change.after, checked) if change.name == "value" else (value, change.after)
    for change in said.scrolls:
        state[change.node.id]["scroll"] = tuple(change.after)
    return state


@settings(max_examples=500, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 25))
def test_the_difference_leads_from_one_state_to_the_other(seed: int, steps: int) -> None:
    page = _Page(random.Random(seed))
    for _ in range(5):
        page.step()
    before = mirror_of(*page.events)
    for _ in range(steps):
        page.step()
    after = page.mirror
    said = compare(before, after, same_document=True)
    expected, reached = _state(after), _done(before, after, said)
    # Texts that moved alone are not told of: what stands where is said by the elements.
    for state in (expected, reached):
        for id, one in state.items():
            node = after.nodes.get(id)
            if node is not None and node.kind == TEXT:
                one.pop("parent")
    assert reached == expected
    # What is not said to have moved stands in the order it stood in.
    told = {one.node.id for one in (*said.moved, *said.added)}
    for node in after.nodes.values():
        was = before.nodes.get(node.id)
        if was is not None:
            stayed = {
                id
                for id in was.children
                if id in node.children and id not in told and after.nodes[id].kind == ELEMENT
            }
            assert [id for id in was.children if id in stayed] == [id for id in node.children if id in stayed]
    if before.nodes == after.nodes and before.scrolls == after.scrolls and before.inputs == after.inputs:
        assert said.empty


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32))
def test_histories_tell_all_that_happened(seed: int) -> None:
    page = _Page(random.Random(seed))
    for _ in range(40):
        page.step()
    mirror = Mirror()
    watchers = {id: Watcher(id) for id in range(10, page.next)}
    lives: dict[int, list[bool]] = {id: [] for id in watchers}
    for n, one in enumerate(page.events):
        event = decode_event(one)
        if event.type == Kind.FULL_SNAPSHOT:
            for watcher in watchers.values():
                watcher.before_snapshot(mirror)
        mirror.before = touched = {}
        mirror.apply(event)
        mirror.before = None
        for id, watcher in watchers.items():
            watcher.read(event, n, mirror, touched)
            there = id in mirror.nodes
            if there != bool(lives[id] and lives[id][-1]):
                lives[id].append(there)
    for id, watcher in watchers.items():
        entries = watcher.entries
        assert [one.t for one in entries] == sorted(one.t for one in entries)
        # it came and went as often as it was there and was not, in turn
        assert [one.what == "added" for one in entries if one.what in ("added", "removed")] == lives[id]
        node = mirror.nodes.get(id)
        if node is None:
            continue
        last = max((n for n, one in enumerate(entries) if one.what == "added"), default=-1)
        for name in ("title", "class"):
            said = [one for one in entries[last + 1 :] if one.what == "attribute" and one.name == name]
            if said:
                assert said[-1].after == node.attrs.get(name)
            for one, other in pairwise(said):
                assert one.after == other.before
        if node.kind == ELEMENT:
            styles = [one for one in entries[last + 1 :] if one.what == "style"]
            if styles:
                assert styles[-1].after == inline_style(node).get(styles[-1].name)
        if node.kind == TEXT:
            words = [one for one in entries[last + 1 :] if one.what == "text"]
            if words:
                assert words[-1].after == node.text
        if node.name == "input":
            typed = [one for one in entries[last + 1 :] if one.what == "input"]
            if typed:
                assert typed[-1].after == mirror.effective_input(id)[0]
