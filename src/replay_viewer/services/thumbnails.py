"""Small pictures along a session's timeline: at which instants, and for which tab."""

from __future__ import annotations

from collections.abc import Sequence

from replay_viewer.services.inactivity import Trails

#: Pictures of a session, at most; the steps between them grow with its length.
MOST = 120
#: And never closer together than this, ms.
LEAST = 1_000.0
#: Width of a picture, pixels.
WIDTH = 160


def instants(trails: Trails, step: float | None = None, most: int = MOST) -> list[tuple[int, float]]:
    """(tab, epoch ms) of the pictures of a session, in the order in which they are worth most: coarse to fine.

    `step`: ms between them; else what makes `most` of them. In idle time only its beginning has one: nothing changes.
    The tab is the one in use.
    """
    length = trails.end - trails.start
    if length <= 0:
        return [(trails.tab_at(trails.start), trails.start)]
    wide = step or max(LEAST, length / most)
    idle = trails.idle(max(5.0, 2 * wide / 1000.0))
    count = int(length // wide) + 1
    times = [trails.start + n * wide for n in range(count)]
    kept = [t for t in times if not any(low + wide < t < high for low, high in idle)]
    return [(trails.tab_at(t), t) for t in (kept if step else coarse_to_fine(kept))]


def coarse_to_fine(times: Sequence[float]) -> list[float]:
    """The same instants so that every beginning of the list is spread over all of it: first, last, middle, …"""
    ordered: list[float] = []
    seen: set[int] = set()
    stride = max(1, len(times))
    while stride >= 1:
        for at in range(0, len(times), stride):
            if at not in seen:
                seen.add(at)
                ordered.append(times[at])
        if stride == 1:
            break
        stride = (stride + 1) // 2
    return ordered
