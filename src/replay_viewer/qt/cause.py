"""What led to an error, as numbers of rows: marked in every panel, in the activity list and in the lanes.

The window is the one of `analysis.verdict`, so that the verdict line and the marks never disagree.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from replay_viewer.analysis.verdict import LEAD_MS
from replay_viewer.qt.opened import Columns, Ints

#: Kinds that can lead to an error: clicks, requests, state changes, console lines, page changes.
CAUSES = ("interactions", "network", "state", "console", "navigation")


@dataclass(frozen=True)
class Cause:
    """Rows that came before one error. `start`, `end`: epoch ms; `rows`: numbers by kind, in time order."""

    error: int
    start: float
    end: float
    rows: dict[str, Ints] = field(default_factory=dict)

    def marks(self, kind: str, n: int) -> bool:
        """Whether a row is one of them."""
        numbers = self.rows.get(kind)
        if numbers is None or not len(numbers):
            return False
        at = int(np.searchsorted(numbers, n))
        return at < len(numbers) and int(numbers[at]) == n

    @property
    def count(self) -> int:
        """How many rows are marked."""
        return sum(len(numbers) for numbers in self.rows.values())


def led_to(columns: dict[str, Columns], error: int) -> Cause | None:
    """What happened in the five seconds before error number `error`, in its tab; None when there is no such error.

    A request counts when it was under way in that time, even when it began before it.
    """
    errors = columns["errors"]
    if not 0 <= error < len(errors):
        return None
    end = float(errors.t[error])
    start, tab = end - LEAD_MS, int(errors.tab[error])
    rows: dict[str, Ints] = {}
    for kind in CAUSES:
        part = columns.get(kind)
        if part is None or not len(part):
            continue
        there = (part.t <= end) & (np.maximum(part.end, part.t) >= start)
        if tab >= 0:
            there &= (part.tab == tab) | (part.tab == -1)
        if (numbers := np.flatnonzero(there).astype(np.int64)).size:
            rows[kind] = numbers
    return Cause(error, start, end, rows)
