"""What a redaction removed, line by line, for a person on this machine to look at before anything leaves."""

from __future__ import annotations

from collections import Counter

import msgspec

from replay_viewer.redaction.labels import is_label
from replay_viewer.redaction.rules import PRECEDENCE
from replay_viewer.redaction.strings import Hit

#: Different lines kept; the counts go on.
MAX_LINES = 20_000


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One value in one place: what it was, what it became, how often."""

    rule: str
    where: str
    before: str
    after: str
    count: int


class HitLog:
    """Gathers hits: give it as `on_hit`. `counts`: rule → removals."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, str, str, str], int] = {}
        self.counts: Counter[str] = Counter()
        #: Removals of lines that were too many to keep.
        self.unlisted = 0

    def __call__(self, hit: Hit) -> None:
        """One removal."""
        self.counts[hit.rule] += 1
        key = (hit.rule, hit.where, hit.before, hit.after)
        if key in self._lines or len(self._lines) < MAX_LINES:
            self._lines[key] = self._lines.get(key, 0) + 1
        else:
            self.unlisted += 1

    @property
    def total(self) -> int:
        """Removals in all."""
        return self.counts.total()

    def lines(self) -> list[Line]:
        """In the order of the rules, then as found."""
        found = [
            Line(rule=rule, where=where, before=before, after=after, count=count)
            for (rule, where, before, after), count in self._lines.items()
            if not is_label(before)
        ]
        return sorted(found, key=lambda line: PRECEDENCE.get(line.rule, 99))
