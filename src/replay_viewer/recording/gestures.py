"""What people do to a page, as the recorder reports it: pointer, focus, scroll, typing, selection, window size."""

from __future__ import annotations

from replay_viewer.recording.events import Incremental, Source
from replay_viewer.recording.held import Pointer, Scrolling
from replay_viewer.recording.tree import Tree

#: Scroll events so close (ms) are of one scroll.
_TOGETHER = 250.0
_EDITABLE = ("", "true", "plaintext-only")

#: MouseInteraction types (rrweb) by what they do to pointer and focus.
_DOWN, _UP, _FOCUS, _BLUR, _TOUCH_START, _TOUCH_END, _TOUCH_CANCEL = 1, 0, 5, 6, 7, 9, 10


def moves(tree: Tree, data: Incremental) -> None:
    if data.positions:
        last = data.positions[-1]
        tree.pointer = Pointer(last.x, last.y, int(data.source == Source.TOUCH_MOVE and tree.down), last.id)


def mouse(tree: Tree, data: Incremental) -> None:
    if data.id not in tree.nodes:
        tree.unknown += data.id > 0
        return
    kind = data.type
    if kind == _FOCUS:
        tree.focus = data.id
        if tree.nodes[data.id].attrs.get("contenteditable") in _EDITABLE:
            # Where the caret is nobody says, but it stays there when the focus goes elsewhere.
            tree.caret = data.id
    elif kind == _BLUR:
        if tree.focus == data.id:
            tree.focus = None
    elif kind in (_DOWN, _TOUCH_START):
        tree.down = True
    elif kind in (_UP, _TOUCH_END, _TOUCH_CANCEL):
        tree.down = False
    if data.x is not None and data.y is not None:
        touch = int(kind in (_TOUCH_START, _TOUCH_END, _TOUCH_CANCEL) or data.pointerType == 2)
        tree.pointer = Pointer(data.x, data.y, touch, data.id)


def scroll(tree: Tree, data: Incremental) -> None:
    if data.id not in tree.nodes:
        tree.unknown += data.id > 0
        return
    now = (data.x or 0.0, data.y or 0.0)
    together = tree.scrolling
    if together is None or tree.time - together.t > _TOGETHER or not together.takes(data.id, now, tree):
        base = tree.scrolls.get(data.id, (0.0, 0.0))
        together = Scrolling(tree.time, base, base, [data.id], 0.0)
    step = now[1] - together.now[1] or together.step
    tree.scrolling = Scrolling(tree.time, together.base, now, together.ids, step)
    for id in together.ids:
        if id in tree.nodes:
            tree.scrolls[id] = now


def resize(tree: Tree, data: Incremental) -> None:
    if data.width and data.height:
        tree.viewport = (data.width, data.height)


def typed(tree: Tree, data: Incremental) -> None:
    if data.id in tree.nodes:
        tree.inputs[data.id] = (data.text, data.isChecked)
    else:
        tree.unknown += data.id > 0


def selection(tree: Tree, data: Incremental) -> None:
    tree.selection = [
        [v if isinstance(v := r.get(k), int) else 0 for k in ("start", "startOffset", "end", "endOffset")]
        for r in data.ranges or ()
        if isinstance(r, dict)
    ]
