"""Which tab of a session the person was in, and when nobody saw any of them. Times are epoch ms."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence

Span = tuple[float, float]
#: From when on the person was in which tab.
Turn = tuple[float, int]


def turns(
    marks: Iterable[Turn], starts: Mapping[int, float], hidden: Mapping[int, Sequence[Span]] | None = None
) -> list[Turn]:
    """The turns of a session, in order: from each instant on the person was in that tab.

    `marks`: (t, tab) of what only somebody in that tab can do (inputs, page loads). `starts`: when each tab began.
    `hidden`: where a tab was not visible. A tab that is left gives the turn to the one used before it that is not
    hidden; when there is none it keeps it.
    """
    hidden = hidden or {}
    events = [(t, 1, tab) for t, tab in marks if tab in starts and not _inside(t, hidden.get(tab, ()))]
    events += [(t, 1, tab) for tab, t in starts.items()]
    events += [(low, 0, tab) for tab, spans in hidden.items() if tab in starts for low, _ in spans]
    found: list[Turn] = []
    used: list[int] = []  # the one used last stands last
    for t, came, tab in sorted(events):
        if came:
            if tab in used:
                used.remove(tab)
            used.append(tab)
        elif not used or used[-1] != tab:
            continue
        seen = [one for one in used if not _inside(t, hidden.get(one, ()))]
        now = seen[-1] if seen else used[-1]
        if not found or found[-1][1] != now:
            found.append((t, now))
    return found


def turn_at(found: Sequence[Turn], t: float) -> int:
    """The tab of the turn at `t`; of the first turn before there is one; 0 without turns."""
    if not found:
        return 0
    return found[max(0, bisect_right(found, (t, float("inf"))) - 1)][1]


def stretches(found: Sequence[Turn], tab: int, end: float) -> list[Span]:
    """Where the person was in `tab`, up to `end`."""
    ends = [t for t, _ in found[1:]] + [end]
    return [(t, stop) for (t, one), stop in zip(found, ends, strict=True) if one == tab and stop > t]


def unseen(hidden: Mapping[int, Sequence[Span]], tabs: Sequence[int]) -> list[Span]:
    """Where every tab was hidden."""
    if not tabs:
        return []
    common = list(hidden.get(tabs[0], ()))
    for tab in tabs[1:]:
        common = [(max(a, c), min(b, d)) for a, b in common for c, d in hidden.get(tab, ()) if min(b, d) > max(a, c)]
    return sorted(common)


def _inside(t: float, spans: Sequence[Span]) -> bool:
    return any(low <= t < high for low, high in spans)
