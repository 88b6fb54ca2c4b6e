"""What the lanes show: which lanes there are, in which order, and the columns they are drawn from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from replay_viewer.analysis.tabs import unseen
from replay_viewer.domain.session import Note
from replay_viewer.qt.opened import Columns, Ints, Opened
from replay_viewer.qt.raster import LaneData

Span = tuple[float, float]

#: Lanes that are there even when nothing is in them; the others show only with content.
ALWAYS = ("activity", "interactions", "console", "network", "errors")
ORDER = (
    "activity",
    "interactions",
    "navigation",
    "console",
    "network",
    "errors",
    "vitals",
    "state",
    "custom",
    "notes",
)
TITLES = {name: name.capitalize() for name in ORDER}


@dataclass(frozen=True)
class Arrangement:
    """The order of the lanes, and which of them somebody does not want to see. Immutable; changes give another."""

    order: tuple[str, ...] = ORDER
    hidden: frozenset[str] = frozenset()

    @classmethod
    def of(cls, order: Iterable[object], hidden: Iterable[object]) -> Arrangement:
        """From what was remembered: unknown names are left out, new lanes come at their usual place."""
        known = [str(name) for name in dict.fromkeys(order) if name in ORDER]
        for at, name in enumerate(ORDER):
            if name not in known:
                known.insert(min(at, len(known)), name)
        away = frozenset(str(name) for name in hidden if name in ORDER)
        return cls(tuple(known), away if len(away) < len(ORDER) else frozenset())

    def moved(self, name: str, before: str) -> Arrangement:
        """`name` put in the place of `before` ('': last)."""
        if name == before:
            return self
        rest = [one for one in self.order if one != name]
        rest.insert(rest.index(before) if before in rest else len(rest), name)
        return Arrangement(tuple(rest), self.hidden)

    def shown(self, name: str, show: bool) -> Arrangement:
        """`name` shown or hidden; the last one that shows stays."""
        hidden = self.hidden - {name} if show else self.hidden | {name}
        return self if len(hidden) == len(self.order) else Arrangement(self.order, hidden)


@dataclass
class View:
    """What a lane widget draws: lanes by kind, the histogram, idle and hidden stretches, notes."""

    lanes: dict[str, LaneData] = field(default_factory=dict)
    numbers: dict[str, Ints] = field(default_factory=dict)  #: row numbers of lanes that leave rows out
    columns: dict[str, Columns] = field(default_factory=dict)
    activity: tuple[float, float, np.ndarray] | None = None
    idle: list[Span] = field(default_factory=list)
    hidden: list[Span] = field(default_factory=list)  #: nobody saw the page
    notes: list[Note] = field(default_factory=list)
    lost: list[Span] = field(default_factory=list)  #: segments the backend does not hand out


def view_of(opened: Opened) -> View:
    """The lanes of an open session."""
    columns, numbers = dict(opened.columns), {}
    if (told := opened.told.get("vitals")) is not None:
        numbers["vitals"] = told
        columns["vitals"] = opened.columns["vitals"].take(told)
    away = unseen(opened.trails.hidden, [tab.index for tab in opened.session.tabs])
    lost = [(one.t, one.end) for one in opened.session.health if one.code == "lost-segment" and one.end > one.t > 0]
    lanes = {kind: LaneData.of(kind, part.t, part.end, part.severity) for kind, part in columns.items() if len(part)}
    return View(lanes, numbers, columns, opened.activity, opened.idle, away, opened.notes, lost)
