"""What a mirror holds of a page besides its nodes: plain values, also in keyframes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from replay_viewer.recording.nodes import ELEMENT

if TYPE_CHECKING:
    from replay_viewer.recording.tree import Tree

Font = dict[str, Any]
#: (value, checked) of a control as last reported; None: not said.
Input = tuple[str | None, bool | None]
#: One operation on the rules of a style sheet (recording/sheets.py).
Op = list[Any]

#: What `checked` is stored as. The recorder writes true for a box that is checked when it is serialised; text there
#: is the attribute of a box that is not. The attribute of a mutation checks a box.
CHECKED, UNCHECKED = "checked", ""


class Pointer(msgspec.Struct, array_like=True, frozen=True):
    """Pointer position in the coordinates of the document of node `id`; kind 0 mouse, 1 touch."""

    x: float
    y: float
    kind: int
    id: int


class Scrolling(msgspec.Struct, array_like=True, frozen=True):
    """A scroll under way, last heard of at `t` (epoch ms): from `base` to `now`, of the elements `ids`.

    Recorders throttle the scroll events of all elements together (rrweb: one in 100 ms), so of two elements that a
    page scrolls alike each is heard of only now and then, and the last position of one of them never. An element
    that was where this one began, and is heard of at the same place or one equal step further, is scrolled along.
    """

    t: float
    base: tuple[float, float]
    now: tuple[float, float]
    ids: list[int]
    step: float

    def takes(self, id: int, to: tuple[float, float], tree: Tree) -> bool:
        """Whether this is the scroll that `id` is part of when it is heard of at `to`; notes it if so."""
        if id in self.ids:
            return True
        node = tree.nodes.get(id)
        gone = to[1] - self.now[1]
        alike = to[0] == self.now[0] == self.base[0] and (gone == 0 or abs(gone - self.step) <= 2)
        # A document scrolls along when a script brings something into view; that is another scroll.
        if alike and self.step and node and node.kind == ELEMENT and tree.scrolls.get(id, (0.0, 0.0)) == self.base:
            self.ids.append(id)
            return True
        return False


class Media(msgspec.Struct, frozen=True):
    """State of a media element: position `at` seconds at instant `t` (epoch ms)."""

    playing: bool
    at: float
    t: float
    rate: float = 1.0
    volume: float = 1.0
    muted: bool = False
    loop: bool = False
