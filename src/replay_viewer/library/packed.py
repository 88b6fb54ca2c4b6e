"""The rows of one kind as two packed blobs: columns (read when a session opens) and texts (read when one filters).

Columns, version 1, little-endian: 8 bytes magic `RVCOL\\0\\0` + version, uint64 number of rows N, then the arrays
t, end (float64), event (int64), order (uint32), tab (int32), severity (int8), each N long, in time order. `order`
gives each row's number of arrival, which is what the row's id is made of.

Texts, version 1: 8 bytes magic `RVTXT\\0\\0` + version, then the case-folded texts in UTF-8, in order of arrival,
each followed by one line feed (line feeds inside are blanks).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from replay_viewer.domain.errors import NewerVersion, StorageProblem
from replay_viewer.library.records import RowColumns

VERSION = 1
_COLUMNS = b"RVCOL\0\0"
_TEXTS = b"RVTXT\0\0"
_LAYOUT: tuple[tuple[str, str], ...] = (
    ("t", "<f8"),
    ("end", "<f8"),
    ("event", "<i8"),
    ("order", "<u4"),
    ("tab", "<i4"),
    ("severity", "<i1"),
)
#: With an occurrence in so many bytes, or fewer, the text is split at them; where they are denser NumPy finds them.
_FREQUENT_EVERY = 64

Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.uint8]


class Columns(RowColumns):
    """RowColumns with each row's number of arrival."""

    __slots__ = ("order",)

    def __init__(self, arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        a: dict[str, npt.NDArray[np.generic]] = arrays
        super().__init__(a["t"], a["end"], a["tab"], a["event"], a["severity"])  # type: ignore[arg-type]
        self.order: npt.NDArray[np.uint32] = a["order"]  # type: ignore[assignment]


def sort_columns(
    t: npt.ArrayLike, end: npt.ArrayLike, tab: npt.ArrayLike, event: npt.ArrayLike, severity: npt.ArrayLike
) -> Columns:
    """Columns in time order from columns in order of arrival; equal times keep their order."""
    order = np.argsort(np.asarray(t, dtype="<f8"), kind="stable").astype("<u4")
    given = {"t": t, "end": end, "tab": tab, "event": event, "severity": severity}
    kinds = dict(_LAYOUT)
    arrays: dict[str, npt.NDArray[np.generic]] = {
        name: np.asarray(values, dtype=kinds[name])[order] for name, values in given.items()
    }
    return Columns({**arrays, "order": order})


def extended(columns: Columns, added: Sequence[Sequence[Any]]) -> Columns:
    """Columns with rows (t, end, tab, event, severity) that arrived after theirs."""
    arrival = np.argsort(columns.order)  # where in time order each stands that arrived
    whole = [
        np.concatenate([getattr(columns, name)[arrival], np.array(more, dtype=dict(_LAYOUT)[name])])
        for name, more in zip(("t", "end", "tab", "event", "severity"), zip(*added, strict=True), strict=True)
    ]
    return sort_columns(*whole)


def pack_columns(columns: Columns) -> bytes:
    """The blob of `columns`."""
    head = _COLUMNS + bytes([VERSION]) + len(columns).to_bytes(8, "little")
    return head + b"".join(getattr(columns, name).astype(kind).tobytes() for name, kind in _LAYOUT)


def unpack_columns(blob: bytes) -> Columns:
    """The columns of a blob, as views into it. Raises NewerVersion, StorageProblem."""
    _check(blob, _COLUMNS)
    count = int.from_bytes(blob[8:16], "little")
    if len(blob) != 16 + count * sum(np.dtype(kind).itemsize for _, kind in _LAYOUT):
        raise StorageProblem("The row columns of this session are damaged.", "Import or pull the session again.")
    arrays: dict[str, npt.NDArray[np.generic]] = {}
    at = 16
    for name, kind in _LAYOUT:
        arrays[name] = np.frombuffer(blob, kind, count, at)
        at += count * np.dtype(kind).itemsize
    return Columns(arrays)


def fold(texts: list[str]) -> bytes:
    """Texts as one piece of a texts blob: case-folded, one line each."""
    if not texts:
        return b""
    lines = "\n".join(texts)
    if lines.count("\n") != len(texts) - 1:
        lines = "\n".join([text.replace("\n", " ") for text in texts])
    return (lines.casefold() + "\n").encode("utf-8", "surrogatepass")


def pack_texts(pieces: list[bytes]) -> bytes:
    """The texts blob of pieces made by `fold`."""
    return _TEXTS + bytes([VERSION]) + b"".join(pieces)


class Texts:
    """The texts of one kind, ready to be searched. Answers are masks in order of arrival.

    They are held in pieces of whole lines, made while the first question is answered: reading a blob of a million
    texts and looking through it go on side by side.
    """

    def __init__(self, blob: bytes | Iterable[bytes], expected: int | None = None) -> None:
        """`blob`: whole, or in parts cut anywhere. Raises NewerVersion and StorageProblem; the latter also later,
        when parts that are read on the way turn out to be damaged or there are not `expected` texts."""
        self._parts = iter([blob] if isinstance(blob, bytes) else blob)
        head = next(self._parts, b"")
        _check(head, _TEXTS)
        self._rest = head[8:]
        self._expected = expected
        self._pieces: list[_Piece] = []
        self._complete = False

    def __len__(self) -> int:
        return sum(map(len, self._all()))

    def _all(self) -> Iterator[_Piece]:
        """The pieces; those not made yet are made."""
        yield from self._pieces
        while not self._complete:
            part = next(self._parts, None)
            self._complete = part is None
            text = self._rest + part if part is not None else self._rest
            cut = text.rfind(b"\n") + 1
            self._rest = text[cut:]
            if cut:
                self._pieces.append(_Piece(text[:cut] if self._rest else text))
                yield self._pieces[-1]
        if self._expected is not None and sum(map(len, self._pieces)) != self._expected:
            raise StorageProblem("The row texts of this session are damaged.", "Import the session again.")

    def containing(self, text: str) -> Mask:
        """Which texts contain `text`, whatever its case."""
        needle = fold([text])[:-1]
        return _joined([piece.containing(needle) for piece in self._all()], bool)

    def matching(self, pattern: re.Pattern[str]) -> Mask:
        """Which texts the pattern is found in. The texts are case-folded."""
        return _joined([piece.matching(pattern) for piece in self._all()], bool)

    def endings(self, words: Sequence[str]) -> Codes:
        """With which of `words` each text ends, counted from 1; 0 with none of them. In order of arrival."""
        needles = [fold([word])[:-1] for word in words]
        return _joined([piece.endings(needles) for piece in self._all()], np.uint8)

    def repeats(self, order: npt.NDArray[np.uint32]) -> Mask:
        """For texts in this order: whether each is the same as the one before it."""
        whole = _Piece(b"".join(piece.blob for piece in self._all()))
        return whole.repeats(order)


def _joined(parts: Sequence[npt.NDArray[Any]], kind: type) -> npt.NDArray[Any]:
    return np.concatenate(parts) if parts else np.zeros(0, kind)


class _Piece:
    """Some texts in a row."""

    def __init__(self, blob: bytes) -> None:
        self.blob = blob
        self._bytes: npt.NDArray[np.uint8] = np.frombuffer(blob, np.uint8)
        ends = np.flatnonzero(self._bytes == 10)
        #: where each text starts; one more for the end of the last
        self._starts: Numbers = np.concatenate([np.zeros(1, np.int64), ends + 1])

    def __len__(self) -> int:
        return len(self._starts) - 1

    def containing(self, needle: bytes) -> Mask:
        if not needle:
            return np.ones(len(self), bool)
        positions = self._positions(needle)
        if len(positions) * 4 < len(self):
            mask = np.zeros(len(self), bool)
            mask[np.searchsorted(self._starts, positions, "right") - 1] = True
            return mask
        # between the starts of two texts lies a position, or none: cheaper than a lookup of every position
        before = np.searchsorted(positions, self._starts)
        return np.asarray(before[1:] > before[:-1])

    def matching(self, pattern: re.Pattern[str]) -> Mask:
        search = pattern.search
        lines = self.blob.decode("utf-8", "surrogatepass").split("\n")[:-1]
        return np.fromiter((search(line) is not None for line in lines), bool, len(lines))

    def endings(self, needles: Sequence[bytes]) -> Codes:
        codes = np.zeros(len(self), np.uint8)
        ends = self._starts[1:] - 1
        for number, needle in enumerate(needles, 1):
            fits = ends - self._starts[:-1] >= len(needle)
            for back, byte in enumerate(reversed(needle), 1):
                fits &= self._bytes[np.maximum(ends - back, 0)] == byte
            codes[fits] = number
        return codes

    def repeats(self, order: npt.NDArray[np.uint32]) -> Mask:
        starts, lengths = self._starts[:-1][order], np.diff(self._starts)[order]
        same = np.zeros(len(order), bool)
        blob = memoryview(self.blob)
        for n in (np.flatnonzero(lengths[1:] == lengths[:-1]) + 1).tolist():
            one, other, length = starts[n - 1], starts[n], lengths[n]
            same[n] = blob[one : one + length] == blob[other : other + length]
        return same

    def _positions(self, needle: bytes) -> Numbers:
        """Where a needle occurs, in order. What occurs inside an occurrence may be left out."""
        sample = self.blob[: 1 << 18]
        if sample.count(needle) * _FREQUENT_EVERY < max(len(sample), 1):
            # The pieces between occurrences tell where they are; Python finds these faster than anything here could.
            lengths = np.fromiter(map(len, self.blob.split(needle)), np.int64)
            return np.asarray(np.cumsum(lengths + len(needle))[:-1] - len(needle))
        return self._dense_positions(needle, sample[: 1 << 16])

    def _dense_positions(self, needle: bytes, sample: bytes) -> Numbers:
        """Where a frequent needle occurs: candidates of its rarest byte, thinned out byte by byte."""
        by_rarity = sorted(range(len(needle)), key=lambda i: sample.count(needle[i : i + 1]))
        first = by_rarity[0]
        candidates: Numbers = np.flatnonzero(self._bytes == needle[first]) - first
        candidates = candidates[(candidates >= 0) & (candidates <= len(self._bytes) - len(needle))]
        for i in by_rarity[1:]:
            candidates = candidates[self._bytes[candidates + i] == needle[i]]
        return candidates


def _check(blob: bytes, magic: bytes) -> None:
    if blob[:7] != magic:
        raise StorageProblem("The row columns of this session are damaged.", "Import or pull the session again.")
    if blob[7] > VERSION:
        raise NewerVersion(
            "The rows of this session were written by a newer Replay Viewer than this one.", "Update Replay Viewer."
        )
