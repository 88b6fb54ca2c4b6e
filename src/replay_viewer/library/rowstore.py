"""Reading rows: packed columns for what is finished, the rows themselves for what is still growing.

Arrays of the kinds looked at last are kept, so a panel can ask again at every step of a scroll.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, select

from replay_viewer.domain.errors import BadInput, NotFound, StorageProblem
from replay_viewer.domain.rows import KINDS, decode_row
from replay_viewer.library import packed, schema
from replay_viewer.library.blobs import BlobStore

_rows = schema.rows
_packed = schema.packed
_KEPT_COLUMNS = 32
_KEPT_TEXTS = 8
#: Row ids asked for in one statement.
_AT_ONCE = 500

Numbers = npt.NDArray[np.int64]


class Generation(NamedTuple):
    """Which generation of a session is visible now, and its revision (grows while it is imported)."""

    gen: int
    revision: int
    ready: bool


class _Held(NamedTuple):
    columns: packed.Columns
    first: int
    texts: str  # digest of the packed texts; '' while importing
    packed: int  # so many rows are packed; the others follow them


class _Growing:
    """Columns of a kind that is still imported, in order of arrival, as far as they were read."""

    def __init__(self, lowest: int) -> None:
        self.lowest = lowest
        self.count = 0
        self._pieces: list[list[npt.NDArray[Any]]] = []

    def add(self, found: Sequence[Sequence[Any]]) -> None:
        """Append rows (t, end, tab, event, severity)."""
        if found:
            self.count += len(found)
            self._pieces.append([np.array(column) for column in zip(*found, strict=True)])

    def columns(self) -> packed.Columns:
        """What was read so far, in time order."""
        if not self._pieces:
            return packed.sort_columns([], [], [], [], [])
        whole = [np.concatenate(column) for column in zip(*self._pieces, strict=True)]
        self._pieces = [whole]
        return packed.sort_columns(*whole)


class RowStore:
    """Rows of any generation. One instance per Library, used from one thread at a time."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs
        self._columns: OrderedDict[tuple[int, int, str], _Held] = OrderedDict()
        self._texts: OrderedDict[tuple[int, int, str], packed.Texts] = OrderedDict()
        self._growing: OrderedDict[tuple[int, str], _Growing] = OrderedDict()

    def columns(self, connection: Connection, of: Generation, kind: str) -> packed.Columns:
        """The columns of one kind in time order. Raises BadInput for an unknown kind."""
        return self._held(connection, of, kind).columns

    def fetch(
        self,
        connection: Connection,
        of: Generation,
        kind: str,
        ns: Sequence[int],
        decode: Callable[[bytes], Any] = decode_row,
    ) -> list[Any]:
        """The rows with these numbers (any order, repeats allowed). Raises NotFound, StorageProblem.

        `decode`: makes a row of its JSON, for who wants only some of its fields.
        """
        held = self._held(connection, of, kind)
        order = held.columns.order
        base = schema.row_id(of.gen, kind, held.first)
        try:
            wanted = [base + int(order[n]) for n in ns if n >= 0 or _no_row(kind, n)]
        except IndexError:
            raise NotFound(f"This session has no {kind} row {max(ns)}.") from None
        found: dict[int, bytes] = {}
        for start in range(0, len(wanted), _AT_ONCE):
            ids = sorted(set(wanted[start : start + _AT_ONCE]))
            # a run of neighbours, which is what a table shows, is read as a range
            near = ids[-1] - ids[0] < 2 * len(ids)
            where = _rows.c.id.between(ids[0], ids[-1]) if near else _rows.c.id.in_(ids)
            found.update(
                (row[0], row[1]) for row in connection.execute(select(_rows.c.id, _rows.c.data).where(where))
            )
        try:
            return [decode(found[one]) for one in wanted]
        except KeyError:
            raise NotFound("This row is not in the library any more.", "Open the session again.") from None
        except msgspec.DecodeError as error:
            raise StorageProblem("A row of this session is damaged.", "Import the session again.") from error

    def filter(
        self, connection: Connection, of: Generation, kind: str, text: str, *, regex: bool, min_severity: int
    ) -> Numbers:
        """Numbers of the rows whose search text has `text` and that are at least that severe, in time order."""
        held = self._held(connection, of, kind)
        columns = held.columns
        severe = columns.severity >= min_severity if min_severity > 0 else None
        if not text:
            return columns.n if severe is None else np.flatnonzero(severe)
        texts = self._text(connection, of, kind, held)
        if regex:
            try:
                arrived = texts.matching(re.compile(text, re.IGNORECASE))
            except re.error as error:
                raise BadInput(f"“{text}” is not a regular expression: {error}.", "Correct it.") from error
        else:
            arrived = texts.containing(text)
        chosen = arrived[columns.order]
        if severe is not None:
            chosen &= severe
        return np.flatnonzero(chosen)

    def repeats(self, connection: Connection, of: Generation, kind: str) -> npt.NDArray[np.bool_]:
        """In time order: whether a row has the text of the row before it."""
        held = self._held(connection, of, kind)
        return self._text(connection, of, kind, held).repeats(held.columns.order)

    def endings(self, connection: Connection, of: Generation, kind: str, words: Sequence[str]) -> packed.Codes:
        """In time order: with which of `words` a row's text ends, counted from 1; 0 with none of them."""
        held = self._held(connection, of, kind)
        return self._text(connection, of, kind, held).endings(words)[held.columns.order]

    def _held(self, connection: Connection, of: Generation, kind: str) -> _Held:
        if kind not in KINDS:
            raise BadInput(f"“{kind}” is not a kind of row.", f"Use one of {', '.join(KINDS)}.")
        key = (of.gen, of.revision, kind)
        if key in self._columns:
            self._columns.move_to_end(key)
            return self._columns[key]
        load = self._load_ready if of.ready else self._load_rows
        held = load(connection, of.gen, kind)
        _keep(self._columns, key, held, _KEPT_COLUMNS)
        return held

    def _load_ready(self, connection: Connection, gen: int, kind: str) -> _Held:
        """Columns of a finished session: those packed, and rows that were added since (see `growing`)."""
        base, top = schema.row_id(gen, kind, 0), schema.row_id(gen, kind, 0xFFFFFFFF)
        there = connection.execute(
            select(_packed.c.columns, _packed.c.texts, _packed.c.first, _packed.c.rows).where(
                _packed.c.gen == gen, _packed.c.kind == kind
            )
        ).one_or_none()
        digest, texts, first, count = there or ("", "", 0, 0)
        if there is None:
            lowest = connection.exec_driver_sql(
                "SELECT min(id) FROM rows WHERE id BETWEEN ? AND ?", (base, top)
            ).scalar()
            first = 0 if lowest is None else lowest - base
        added = connection.exec_driver_sql(
            "SELECT t, t1, tab, event, severity FROM rows WHERE id BETWEEN ? AND ? ORDER BY id",
            (base + first + count, top),
        ).fetchall()
        columns = packed.unpack_columns(self._blobs.read(digest)) if digest else packed.sort_columns(*([[]] * 5))
        if added:
            columns = packed.extended(columns, added)
        return _Held(columns, first, texts, count)

    def _load_rows(self, connection: Connection, gen: int, kind: str) -> _Held:
        """Columns from the rows themselves; of what was read at an earlier revision only the rest is read."""
        base = schema.row_id(gen, kind, 0)
        top = schema.row_id(gen, kind, 0xFFFFFFFF)
        growing = self._growing.get((gen, kind))
        lowest = connection.exec_driver_sql("SELECT min(id) FROM rows WHERE id BETWEEN ? AND ?", (base, top)).scalar()
        # a kind whose rows were replaced starts anew behind the old numbers
        if growing is None or lowest != growing.lowest:
            growing = _Growing(base if lowest is None else lowest)
            _keep(self._growing, (gen, kind), growing, _KEPT_COLUMNS)
        found = connection.exec_driver_sql(
            "SELECT t, t1, tab, event, severity FROM rows WHERE id BETWEEN ? AND ? ORDER BY id",
            (growing.lowest + growing.count, top),
        ).fetchall()
        growing.add(found)
        return _Held(growing.columns(), growing.lowest - base, "", 0)

    def _text(self, connection: Connection, of: Generation, kind: str, held: _Held) -> packed.Texts:
        key = (of.gen, of.revision, kind)
        if key in self._texts:
            self._texts.move_to_end(key)
            return self._texts[key]
        parts = self._blobs.parts(held.texts) if held.texts else iter([packed.pack_texts([])])
        if held.packed < len(held.columns):
            base = schema.row_id(of.gen, kind, held.first)
            found: Any = connection.exec_driver_sql(
                "SELECT text FROM rows WHERE id BETWEEN ? AND ? ORDER BY id",
                (base + held.packed, base + len(held.columns) - 1),
            ).scalars()
            parts = chain(parts, [packed.fold(list(found))])
        texts = packed.Texts(parts, len(held.columns))
        _keep(self._texts, key, texts, _KEPT_TEXTS)
        return texts


def _no_row(kind: str, n: int) -> bool:
    raise NotFound(f"This session has no {kind} row {n}.")


def _keep(cache: OrderedDict[Any, Any], key: Any, value: Any, limit: int) -> None:
    cache[key] = value
    while len(cache) > limit:
        cache.popitem(last=False)
