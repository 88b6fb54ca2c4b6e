"""An engine in this process, for pictures and readings without a window; it can mask text before it is painted."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import msgspec

from replay_viewer.domain.errors import UserError
from replay_viewer.recording import keyframe, patch
from replay_viewer.recording.mirror import Mirror
from replay_viewer.recording.nodes import TEXT
from replay_viewer.services.engine import Reply, asset_reply
from replay_viewer.services.playback import Stage
from replay_viewer.services.states import Store

Redact = Callable[[str], str]

#: Attributes whose text a page shows, or speaks.
_SHOWN = ("value", "placeholder", "title", "alt", "label", "aria-label", "content", "data-content", "srcdoc")
_UNSEEN = ("style", "script")
_MEDIA = frozenset(
    ("img", "svg", "canvas", "video", "audio", "object", "embed", "iframe", "picture", "input", "textarea")
)
_BLOCK = "\u2588"


def masked(mirror: Mirror, redact: Redact) -> Mirror:
    """A copy of a state with every shown text through `redact`; ids and structure stay.

    When `redact` has a `hidden(nodes)`, the elements it names are painted over: text becomes blocks, pictures go.
    """
    copy = keyframe.decode(keyframe.encode(mirror))
    nodes = copy.nodes
    hide = getattr(redact, "hidden", None)
    if hide is not None:
        _paint_over(copy, *hide(nodes))
    for node in nodes.values():
        if node.kind == TEXT:
            parent = nodes.get(node.parent)
            if node.text and (parent is None or parent.name not in _UNSEEN):
                node.text = redact(node.text)
            continue
        for name in _SHOWN:
            value = node.attrs.get(name)
            if isinstance(value, str) and value:
                node.attrs[name] = redact(value)
    copy.inputs = {id: (redact(value) if value else value, checked) for id, (value, checked) in copy.inputs.items()}
    copy.url = redact(copy.url)
    return copy


def _paint_over(mirror: Mirror, roots: set[int], hidden: set[int]) -> None:
    for id in hidden:
        node = mirror.nodes[id]
        if node.kind == TEXT:
            node.text = _blocks(node.text or "")
            continue
        for name in _SHOWN:
            if node.attrs.get(name):
                node.attrs[name] = _blocks(str(node.attrs[name]))
        over = {"background": ["#59636e", "important"], "color": ["#59636e", "important"]}
        if node.name in _MEDIA:
            for name in ("src", "srcset", "href", "poster", "rr_dataURL"):
                node.attrs.pop(name, None)
            over["opacity"] = ["0", "important"]
        if id in roots or node.name in _MEDIA:
            node.style = {**(node.style or {}), **over}
        if id in mirror.inputs:
            value, checked = mirror.inputs[id]
            mirror.inputs[id] = (_blocks(value) if value else value, checked)


def _blocks(text: str) -> str:
    return "".join(char if char.isspace() else _BLOCK for char in text)


class _MaskedStage(Stage):
    """A stage whose states are masked before a patch is made of them."""

    def __init__(self, store: Store, session: str, redact: Redact) -> None:
        super().__init__(store, session)
        self._redact = redact

    def seek(self, tab: int, t: float, base: int | None) -> dict[str, Any]:
        made = self._make(masked(self.states(tab).seek(t), self._redact), tab, base)
        made["t"] = t
        return made


class StillEngine:
    """Answers like `EngineClient`, at once and in this process. Only seeks: nothing plays without a window."""

    def __init__(self, store: Store, session: str, redact: Redact | None = None) -> None:
        self._stage = Stage(store, session) if redact is None else _MaskedStage(store, session, redact)
        self._number = 0
        self._replies: deque[Reply] = deque()
        # A pipe only so that an event loop notices that an answer is there.
        self.connection: Connection[Any, Any]
        self.connection, self._bell = multiprocessing.Pipe(duplex=False)

    def seek(self, tab: int, t: float, base: int | None) -> int:
        """Compute the patch to `t`; its answer can be received at once."""
        self._number += 1
        try:
            made = patch.encode(self.picture(tab, t, base))
            reply = Reply(self._number, "seek", self._stage.rev, t, made)
        except UserError as error:
            reply = Reply(self._number, "error", message=str(error))
        self._replies.append(reply)
        self._bell.send_bytes(b".")
        return self._number

    def picture(self, tab: int, t: float, base: int | None) -> dict[str, Any]:
        """The patch to `t` for a page at revision `base`."""
        return self._stage.seek(tab, t, base)

    def frames(self, tab: int, t0: float, t1: float, base: int, step: float = 16.0) -> int:
        """Stills do not play: answers with the picture at `t1`."""
        return self.seek(tab, t1, base)

    def prepare(self) -> int:
        """Nobody goes anywhere else in a still: answers that there is nothing to prepare."""
        self._number += 1
        self._replies.append(Reply(self._number, "prepared", self._stage.rev))
        self._bell.send_bytes(b".")
        return self._number

    def find(self, tab: int, t: float, direction: int) -> int:
        """The next or previous event that changes what is seen."""
        self._number += 1
        found = self._stage.states(tab).neighbour(t, direction)
        self._replies.append(Reply(self._number, "neighbour", self._stage.rev, t, msgspec.json.encode(found)))
        self._bell.send_bytes(b".")
        return self._number

    def asset(self, key: str) -> int:
        """A captured file; its answer can be received at once."""
        self._number += 1
        self._replies.append(asset_reply(self._number, self._stage, key))
        self._bell.send_bytes(b".")
        return self._number

    def receive(self) -> Reply:
        """The next answer."""
        self.connection.recv_bytes()
        return self._replies.popleft()

    def poll(self, timeout: float = 0.0) -> bool:
        """Whether an answer is there."""
        return bool(self._replies)

    def close(self) -> None:
        """Close the pipe."""
        self.connection.close()
        self._bell.close()
