"""An open session as the interface holds it: columns of every row kind, activity, idle stretches, the merged list.

Loaded off the interface thread by `load`; rows themselves stay in the library and are fetched by window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from replay_viewer.domain.pulled import Attached, Pulled
from replay_viewer.domain.rows import KINDS, AnyRow, Vital
from replay_viewer.domain.session import Note, Session
from replay_viewer.services.inactivity import Trails, read_trails, threshold

if TYPE_CHECKING:
    from replay_viewer.library import Library

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: More vitals than this are not looked at when a session opens.
_SAMPLES = 50_000

#: Kinds of the merged list, in the order their code numbers follow.
MERGED = tuple(KINDS)


@dataclass(frozen=True)
class Columns:
    """What lanes and tables need of all rows of a kind, aligned and in time order (epoch ms)."""

    t: Floats
    end: Floats
    severity: NDArray[np.uint8]
    tab: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.t)

    def take(self, numbers: Ints) -> Columns:
        """Only some rows, in the order of their numbers."""
        return Columns(self.t[numbers], self.end[numbers], self.severity[numbers], self.tab[numbers])

    @property
    def failed(self) -> int:
        """Number of failed rows."""
        return int(np.count_nonzero(self.severity >= 2))


def moved(before: Columns | None, after: Columns | None, n: int) -> int:
    """The number a row has after rows of its kind came, also before it; -1 when it is not there any more."""
    if before is None or after is None or not 0 <= n < len(before):
        return -1

    def alike(columns: Columns) -> Ints:
        near = slice(*np.searchsorted(columns.t, (before.t[n], np.nextafter(before.t[n], np.inf))))
        same = (columns.end[near] == before.end[n]) & (columns.tab[near] == before.tab[n])
        same &= columns.severity[near] == before.severity[n]
        found: Ints = np.flatnonzero(same) + near.start
        return found

    was, now = alike(before), alike(after)
    place = int(np.searchsorted(was, n))
    return int(now[place]) if place < len(now) else -1


def empty_columns() -> Columns:
    """Columns of a kind without rows."""
    return Columns(np.empty(0), np.empty(0), np.empty(0, np.uint8), np.empty(0, np.int32))


@dataclass(frozen=True)
class Merged:
    """All rows of all kinds in time order: the code number of the kind (see `MERGED`) and the row's number in it."""

    kind: NDArray[np.uint8]
    n: Ints
    t: Floats
    severity: NDArray[np.uint8]


def merge(columns: dict[str, Columns], told: dict[str, Ints] | None = None) -> Merged:
    """The merged list of `columns`; rows of one instant keep the order of `MERGED`.

    `told`: for kinds of which only some rows are worth a line, their numbers.
    """
    kinds, numbers, times, severities = [], [], [], []
    for code, kind in enumerate(MERGED):
        part = columns.get(kind)
        if part is None or not len(part):
            continue
        own = (told or {}).get(kind, np.arange(len(part), dtype=np.int64))
        part = part.take(own)
        kinds.append(np.full(len(part), code, np.uint8))
        numbers.append(own)
        times.append(part.t)
        severities.append(part.severity)
    if not times:
        return Merged(np.empty(0, np.uint8), np.empty(0, np.int64), np.empty(0), np.empty(0, np.uint8))
    t = np.concatenate(times)
    order = np.argsort(t, kind="stable")
    return Merged(
        np.concatenate(kinds)[order], np.concatenate(numbers)[order], t[order], np.concatenate(severities)[order]
    )


@dataclass
class Opened:
    """A session that is open. `notes` is kept up to date by the notes panel.

    `told`: of kinds with a lot of samples (memory every second) the numbers of the rows worth a mark and a line.
    """

    library: Library
    session: Session
    columns: dict[str, Columns]
    merged: Merged
    activity: tuple[float, float, Ints]
    idle: list[tuple[float, float]]
    notes: list[Note] = field(default_factory=list)
    told: dict[str, Ints] = field(default_factory=dict)
    attached: list[Attached] = field(default_factory=list)
    pulled: Pulled | None = None
    trails: Trails = field(default_factory=lambda: Trails(0.0, 0.0, {}, [], {}))

    @property
    def id(self) -> str:
        """The session's id."""
        return self.session.id

    def fetch(self, kind: str, numbers: Sequence[int]) -> list[AnyRow]:
        """Rows of a kind by number, in the order asked."""
        return cast("list[AnyRow]", self.library.fetch(self.session.id, kind, numbers))

    def fetch_merged(self, keys: Sequence[int]) -> dict[int, AnyRow]:
        """Rows of the merged list by their place in it; one read per kind."""
        wanted = np.asarray(keys, np.int64)
        codes = self.merged.kind[wanted]
        found: dict[int, AnyRow] = {}
        for code in np.unique(codes):
            mine = wanted[codes == code]
            rows = self.fetch(MERGED[code], self.merged.n[mine].tolist())
            found.update(zip(mine.tolist(), rows, strict=True))
        return found

    def row(self, kind: str, n: int) -> AnyRow:
        """One row."""
        return self.fetch(kind, [n])[0]

    def error_times(self) -> Floats:
        """Instants of the errors, in order."""
        return self.columns["errors"].t


def load(library: Library, session_id: str) -> Opened:
    """Read what the interface needs of a session. Runs on a worker. Raises NotFound, StorageProblem."""
    session = library.session(session_id)
    columns: dict[str, Columns] = {}
    for kind in KINDS:
        found = library.columns(session.id, kind)
        columns[kind] = Columns(
            np.asarray(found.t, np.float64),
            np.asarray(found.end, np.float64),
            np.asarray(found.severity, np.uint8),
            np.asarray(found.tab, np.int32),
        )
    first, bucket, counts = library.activity(session.id)
    trails = read_trails(library, session)
    told = {"vitals": _web_vitals(library, session.id, len(columns["vitals"]))}
    return Opened(
        library,
        session,
        columns,
        merge(columns, told),
        (first, bucket, np.asarray(counts, np.int64)),
        trails.idle(threshold(library)),
        list(library.notes(session.id)),
        told,
        library.extras.attached(session.id),
        library.extras.pulled(session.id),
        trails,
    )


def _web_vitals(library: Library, session_id: str, count: int) -> Ints:
    """Numbers of the vitals that are no mere samples: web vitals and long tasks, not memory or frame rates.

    Only of the first `count`: rows may have come since these were counted.
    """
    rows = library.rows(session_id, "vitals", limit=min(count, _SAMPLES)) if count else []
    told = (n for n, row in rows if isinstance(row, Vital) and row.name not in ("memory", "fps"))
    return np.array([n for n in told if n < count], np.int64)
