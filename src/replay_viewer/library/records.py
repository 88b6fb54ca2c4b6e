"""What the library hands out besides the domain's values."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt


class ChunkRef(msgspec.Struct, frozen=True, kw_only=True):
    """One stored chunk of a tab: `first` is the number of its first event; `t0`/`t1` epoch ms of the first and last.

    `blob` is the digest for `Library.blob`, `size` the length of its content in bytes.
    """

    index: int
    first: int
    events: int
    t0: float
    t1: float
    blob: str
    size: int


class KeyframeRef(msgspec.Struct, frozen=True, kw_only=True):
    """One stored keyframe of a tab: the state after `event` events were applied, at epoch ms `t`."""

    index: int
    event: int
    t: float
    blob: str
    nodes: int


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A text found in the rows of a session: the first row (`n`) that has it and how many do."""

    session: str
    kind: str
    n: int
    count: int
    text: str


class Interval(msgspec.Struct, frozen=True, array_like=True):
    """From when to when (epoch ms; `end` -1: to the end of the recording) a text was shown, at which node."""

    start: float
    end: float
    node: int


class PageHit(msgspec.Struct, frozen=True, kw_only=True):
    """A text that a tab's page showed. `kind`: see `recording.texts.KINDS`; `count`: of its intervals, of which a
    text that came and went very often keeps the first ones."""

    session: str
    tab: int
    kind: str
    text: str
    masked: bool
    count: int
    intervals: list[Interval]


class PageRead(msgspec.Struct, frozen=True, kw_only=True):
    """What reading a session's pages found: number of texts, those masked, those dropped as too many."""

    texts: int
    masked: int
    dropped: int


class RowColumns:
    """The rows of one kind as aligned arrays in time order; read-only, do not keep beyond the session's change.

    `n` 0.. (int64), `t` and `end` epoch ms (float64), `tab` (int32), `event` (int64), `severity` (int8).
    """

    __slots__ = ("end", "event", "n", "severity", "t", "tab")

    def __init__(
        self,
        t: npt.NDArray[np.float64],
        end: npt.NDArray[np.float64],
        tab: npt.NDArray[np.int32],
        event: npt.NDArray[np.int64],
        severity: npt.NDArray[np.int8],
    ) -> None:
        self.n: npt.NDArray[np.int64] = np.arange(len(t), dtype=np.int64)
        self.t = t
        self.end = end
        self.tab = tab
        self.event = event
        self.severity = severity

    def __len__(self) -> int:
        return len(self.t)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RowColumns):
            return NotImplemented
        pairs: list[tuple[Any, Any]] = [(getattr(self, name), getattr(other, name)) for name in self.__slots__]
        return all(np.array_equal(mine, theirs) for mine, theirs in pairs)

    __hash__ = None  # type: ignore[assignment]
