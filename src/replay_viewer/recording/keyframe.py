"""Keyframes: the full state of a tab at one instant, and where to put them.

Layout, version 1 (MessagePack): an array of three, `[version, state, nodes]`; `state` is `_State` as a map, `nodes`
the array of node records of `nodes.py`. A node's encoding is kept until the node changes, so a keyframe costs what
changed since the last one, plus one join.
"""

from __future__ import annotations

from typing import Any

import msgspec

from replay_viewer.domain.errors import NewerVersion, StorageProblem
from replay_viewer.recording.held import Media, Pointer, Scrolling
from replay_viewer.recording.mirror import Mirror
from replay_viewer.recording.nodes import Node

VERSION = 1


class _State(msgspec.Struct, omit_defaults=True):
    """What a mirror holds besides its nodes."""

    root: int | None
    generation: int
    url: str
    time: float
    viewport: tuple[float, float]
    inputs: dict[int, tuple[str | None, bool | None]] = {}
    scrolls: dict[int, tuple[float, float]] = {}
    sheets: dict[int, list[list[Any]]] = {}
    constructed: dict[int, list[list[Any]]] = {}
    adopted: dict[int, list[int]] = {}
    fonts: list[dict[str, Any]] = []
    media: dict[int, Media] = {}
    canvas: dict[int, list[Any]] = {}
    frames: list[int] = []
    pointer: Pointer | None = None
    down: bool = False
    focus: int | None = None
    caret: int | None = None
    scrolling: Scrolling | None = None
    selection: list[list[int]] = []
    page: int = 0


_encoder = msgspec.msgpack.Encoder()
_state_decoder = msgspec.msgpack.Decoder(tuple[int, _State, list[Node]])
_page_decoder = msgspec.msgpack.Decoder(tuple[int, _State, msgspec.Raw])
_version_decoder = msgspec.msgpack.Decoder(tuple[int, msgspec.Raw, msgspec.Raw])


def encode(mirror: Mirror) -> bytes:
    """The state of a mirror as bytes (not compressed)."""
    encoded = mirror.encoded
    pieces: list[bytes] = []
    for id, node in mirror.nodes.items():
        piece = encoded.get(id)
        if piece is None:
            piece = encoded[id] = _encoder.encode(node)
        pieces.append(piece)
    state = _State(
        root=mirror.root,
        generation=mirror.generation,
        url=mirror.url,
        time=mirror.time,
        viewport=mirror.viewport,
        inputs=mirror.inputs,
        scrolls=mirror.scrolls,
        sheets=mirror.sheets,
        constructed=mirror.constructed,
        adopted=mirror.adopted,
        fonts=mirror.fonts,
        media=mirror.media,
        canvas=mirror.canvas,
        frames=sorted(mirror.frames),
        pointer=mirror.pointer,
        down=mirror.down,
        focus=mirror.focus,
        caret=mirror.caret,
        scrolling=mirror.scrolling,
        selection=mirror.selection,
        page=mirror.page,
    )
    head = b"\x93" + _encoder.encode(VERSION) + _encoder.encode(state)
    return b"".join([head, b"\xdd" + len(pieces).to_bytes(4, "big"), *pieces])


def decode(data: bytes) -> Mirror:
    """The mirror a keyframe holds. Raises NewerVersion, or StorageProblem when the bytes are damaged."""
    try:
        version = _version_decoder.decode(data)[0]
        if version > VERSION:
            raise NewerVersion(
                f"This session's keyframes are of version {version}, newer than this program knows ({VERSION}).",
                "Update Replay Viewer.",
            )
        _, state, nodes = _state_decoder.decode(data)
    except msgspec.DecodeError as error:
        raise StorageProblem("A keyframe of this session is damaged.", "Import the session again.") from error
    mirror = Mirror()
    mirror.nodes = {node.id: node for node in nodes}
    mirror.root = state.root
    mirror.generation = state.generation
    mirror.url = state.url
    mirror.time = state.time
    mirror.viewport = state.viewport
    mirror.inputs = state.inputs
    mirror.scrolls = state.scrolls
    mirror.sheets = state.sheets
    mirror.constructed = state.constructed
    mirror.adopted = state.adopted
    mirror.fonts = state.fonts
    mirror.media = state.media
    mirror.canvas = state.canvas
    mirror.frames = set(state.frames)
    mirror.pointer = state.pointer
    mirror.down = state.down
    mirror.focus = state.focus
    mirror.caret = state.caret
    mirror.scrolling = state.scrolling
    mirror.selection = state.selection
    mirror.page = state.page
    return mirror


def page_of(data: bytes) -> int:
    """The page (Mirror.page) a keyframe is of, without its nodes; 0 when that is not known, or it cannot be read."""
    try:
        version, state, _ = _page_decoder.decode(data)
    except msgspec.DecodeError:
        return 0
    return state.page if version == VERSION else 0


class Placement:
    """Decides when the next keyframe is due: when replaying from the last one costs more than loading one.

    Costs are in microseconds on the reference machine: per event, per byte of event, per node of a keyframe. The
    floor keeps small pages from getting a keyframe every few events.
    """

    #: A seek replays at most about this long (or as long as loading a keyframe takes, when that is more).
    FLOOR = 7_000.0
    PER_EVENT = 4.0
    PER_BYTE = 0.006
    PER_NODE = 1.3

    def __init__(self) -> None:
        self._cost = 0.0

    def add(self, size: int) -> bool:
        """Count one event of `size` bytes; whether a keyframe may be due."""
        self._cost += self.PER_EVENT + self.PER_BYTE * size
        return self._cost > self.FLOOR

    def due(self, mirror: Mirror) -> bool:
        """Whether a keyframe of the mirror as it is now is worth its price."""
        return self._cost > self.FLOOR and self._cost > self.PER_NODE * len(mirror.nodes)

    def placed(self) -> None:
        """A keyframe has been written."""
        self._cost = 0.0
