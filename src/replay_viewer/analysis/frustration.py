"""Signals of frustration, computed from a session's rows when somebody looks: pure functions over plain data.

Definitions follow what session replay tools agree on (names as Sentry, PostHog, FullStory and LogRocket use them);
all numbers are thresholds one can change:

- rage click: many clicks close together in time and place;
- dead click: a click after which nothing visible changes, no request starts and no page loads;
- error click: an error right after a click;
- thrashed cursor: the pointer turns back and forth many times without a click;
- quick back: a page is left for the one before it after a moment.

What the SDK has said itself (PostHog's `$rageclick`, `$dead_click`, Sentry's slow and dead clicks) is taken as a
signal of that kind, and the same finding of ours is not told again. Times are epoch ms.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.rows import Interaction, Navigation

Floats = NDArray[np.float64]

KINDS = ("rage-click", "dead-click", "error-click", "thrashed-cursor", "quick-back")


class Thresholds(msgspec.Struct, frozen=True, kw_only=True):
    """What counts as what. Times in ms, distances in pixels of the page."""

    rage_clicks: int = 3
    rage_window: float = 1_000.0
    rage_distance: float = 30.0
    dead_wait: float = 2_500.0
    error_wait: float = 1_000.0
    thrash_turns: int = 6
    thrash_window: float = 2_000.0
    thrash_distance: float = 100.0
    quick_back: float = 5_000.0


DEFAULTS = Thresholds()


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was counted: `kind` and number of a row (-1: not a row), its instant, and what it was."""

    kind: str
    n: int
    t: float
    text: str


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """One signal: from when to when, in words, and what it was counted from. `said_by`: `import` when the
    recording or its import has said so as a row of its own."""

    kind: str
    t: float
    end: float
    tab: int
    words: str
    evidence: list[Evidence]
    said_by: str = ""


class Pointer(msgspec.Struct, frozen=True):
    """Samples of the pointer of a tab in order of time."""

    t: Floats
    x: Floats
    y: Floats


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the signals are computed from, each in time order. `interactions`, `navigation`: (number, row);
    `errors`, `requests`: their instants; `changes`: per tab the instants at which something visible changed;
    `pointers`: per tab."""

    interactions: Sequence[tuple[int, Interaction]]
    navigation: Sequence[tuple[int, Navigation]]
    errors: Sequence[tuple[int, float, str]]
    requests: Floats
    changes: Mapping[int, Floats]
    pointers: Mapping[int, Pointer]
    end: float


def adjusted(changes: Sequence[str], base: Thresholds = DEFAULTS) -> Thresholds:
    """`base` with each `name=value` put in. Raises BadInput for what is none."""
    values: dict[str, Any] = msgspec.structs.asdict(base)
    for change in changes:
        name, _, text = change.partition("=")
        name = name.strip().replace("-", "_")
        if name not in values:
            raise BadInput(f"“{name}” is no threshold.", f"There are: {', '.join(values)}.")
        try:
            value = float(text)
        except ValueError:
            raise BadInput(f"“{text}” is no number.", f"Write {name}=NUMBER.") from None
        if not 0 < value < 1e9:
            raise BadInput(f"{text} makes no sense for {name}.", "Give a number above 0.")
        values[name] = int(value) if isinstance(values[name], int) else value
    return Thresholds(**values)


def signals(facts: Facts, limits: Thresholds = DEFAULTS) -> list[Signal]:
    """Every signal of a session, in time order, each told once."""
    said = _said(facts)
    found = [*_rage(facts, limits), *_dead(facts, limits), *_error_clicks(facts, limits)]
    found += [*_thrashed(facts, limits), *_quick_backs(facts, limits)]
    told = said + [one for one in found if not any(_same(one, other) for other in said)]
    # clicks of a rage are not each a dead click besides
    rage = [one for one in (*said, *found) if one.kind == "rage-click"]

    def in_rage(one: Signal) -> bool:
        return any(other.tab in (one.tab, -1) and other.t <= one.t <= other.end for other in rage)

    told = [one for one in told if one.kind != "dead-click" or one.said_by or not in_rage(one)]
    return sorted(told, key=lambda one: (one.t, KINDS.index(one.kind)))


def _clicks(facts: Facts) -> list[tuple[int, Interaction]]:
    return [(n, row) for n, row in facts.interactions if row.action in ("click", "touch")]


_SAID = {"rage-click": "rage-click", "dead-click": "dead-click", "slow-click": "dead-click"}


def _said(facts: Facts) -> list[Signal]:
    found = []
    for n, row in facts.interactions:
        kind = _SAID.get(row.action)
        if kind is None:
            continue
        one = Evidence(kind="interactions", n=n, t=row.t, text=row.words)
        found.append(
            Signal(kind=kind, t=row.t, end=row.t, tab=row.tab, words=row.words, evidence=[one], said_by="import")
        )
    return found


#: What the SDK says of a rage or a dead click it says up to this long after it (Sentry waits 7 s for a change).
_SAID_LATE = 10_000.0


def _same(ours: Signal, said: Signal) -> bool:
    """Whether the SDK has said what we found: the same kind at about the same time, of the same tab if it knew."""
    return (
        ours.kind == said.kind
        and (said.tab < 0 or ours.tab < 0 or ours.tab == said.tab)
        and ours.t - 1_000.0 <= said.t <= ours.end + _SAID_LATE
    )


def _rage(facts: Facts, limits: Thresholds) -> list[Signal]:
    found: list[Signal] = []
    by_tab: dict[int, list[tuple[int, Interaction]]] = {}
    for n, row in _clicks(facts):
        by_tab.setdefault(row.tab, []).append((n, row))
    for tab, clicks in by_tab.items():
        start = 0
        while start < len(clicks):
            group = [clicks[start]]
            for n, row in clicks[start + 1 :]:
                last = group[-1][1]
                if row.t - last.t > limits.rage_window or _apart(group[0][1], row) > limits.rage_distance:
                    break
                group.append((n, row))
            quick = any(
                group[at + limits.rage_clicks - 1][1].t - group[at][1].t <= limits.rage_window
                for at in range(len(group) - limits.rage_clicks + 1)
            )
            if quick:
                first, last = group[0][1], group[-1][1]
                words = f"{len(group)} clicks in {(last.t - first.t) / 1000:.1f} s: {first.words}"
                evidence = [Evidence(kind="interactions", n=n, t=row.t, text=row.words) for n, row in group]
                found.append(
                    Signal(kind="rage-click", t=first.t, end=last.t, tab=tab, words=words, evidence=evidence)
                )
            start += len(group) if quick else 1
    return found


def _apart(a: Interaction, b: Interaction) -> float:
    if a.x < 0 or b.x < 0:
        return 0.0 if a.node == b.node and a.selector == b.selector else float("inf")
    return float(np.hypot(a.x - b.x, a.y - b.y))


def _dead(facts: Facts, limits: Thresholds) -> list[Signal]:
    pages = np.asarray([row.t for _, row in facts.navigation], np.float64)
    typed = np.asarray(
        [row.t for _, row in facts.interactions if row.action in ("input", "select", "scroll", "focus", "blur")]
    )
    found: list[Signal] = []
    for n, row in _clicks(facts):
        until = row.t + limits.dead_wait
        if until > facts.end or _is_field(row):
            continue  # the recording ends before anybody could know; a field only takes the focus
        changed = facts.changes.get(row.tab)
        answers = [part for part in (changed, facts.requests, pages, typed) if part is not None]
        if any(_any_in(part, row.t, until) for part in answers):
            continue
        words = f"Nothing changed for {limits.dead_wait / 1000:g} s: {row.words}"
        one = Evidence(kind="interactions", n=n, t=row.t, text=row.words)
        found.append(Signal(kind="dead-click", t=row.t, end=until, tab=row.tab, words=words, evidence=[one]))
    return found


def _is_field(row: Interaction) -> bool:
    return " field " in f" {row.words} " or row.words.startswith("Clicked the page")


def _any_in(times: Floats, low: float, high: float) -> bool:
    """Whether one of `times` lies after `low`, up to `high`."""
    return bool(np.searchsorted(times, high, side="right") > np.searchsorted(times, low, side="right"))


def _error_clicks(facts: Facts, limits: Thresholds) -> list[Signal]:
    clicks = _clicks(facts)
    times = [row.t for _, row in clicks]
    found: dict[int, Signal] = {}
    for n, t, title in facts.errors:
        at = bisect_right(times, t) - 1
        if at < 0 or t - times[at] > limits.error_wait:
            continue
        number, row = clicks[at]
        error = Evidence(kind="errors", n=n, t=t, text=title)
        if number in found:
            before = found[number]
            found[number] = msgspec.structs.replace(before, end=t, evidence=[*before.evidence, error])
            continue
        click = Evidence(kind="interactions", n=number, t=row.t, text=row.words)
        words = f"An error {t - row.t:.0f} ms after: {row.words}"
        found[number] = Signal(kind="error-click", t=row.t, end=t, tab=row.tab, words=words, evidence=[click, error])
    return list(found.values())


def _thrashed(facts: Facts, limits: Thresholds) -> list[Signal]:
    found: list[Signal] = []
    clicks = [row.t for _, row in _clicks(facts)]
    for tab, pointer in facts.pointers.items():
        turns = _turns(pointer, limits.thrash_distance)
        at = 0
        while at + limits.thrash_turns <= len(turns):
            group = turns[at : at + limits.thrash_turns]
            low, high = group[0], group[-1]
            if high - low > limits.thrash_window or bisect_left(clicks, low) < bisect_right(clicks, high):
                at += 1
                continue
            stop = at + limits.thrash_turns
            while stop < len(turns) and turns[stop] - turns[stop - 1] <= limits.thrash_window / limits.thrash_turns:
                stop += 1
            group = turns[at:stop]
            words = f"The pointer turned {len(group)} times in {(group[-1] - group[0]) / 1000:.1f} s"
            evidence = [Evidence(kind="pointer", n=-1, t=t, text="turned") for t in group]
            found.append(
                Signal(kind="thrashed-cursor", t=group[0], end=group[-1], tab=tab, words=words, evidence=evidence)
            )
            at = stop
    return found


def _turns(pointer: Pointer, distance: float) -> list[float]:
    """Instants at which the pointer turned back after at least `distance` pixels one way, on either axis."""
    found: list[float] = []
    for values in (pointer.x, pointer.y):
        way, peak, since = 0, float(values[0]) if len(values) else 0.0, 0
        for at in range(1, len(values)):
            value = float(values[at])
            moved = value - peak
            if way == 0:
                if abs(moved) >= distance:
                    way, peak, since = (1 if moved > 0 else -1), value, at
            elif moved * way > 0:
                peak, since = value, at
            elif -moved * way >= distance:
                found.append(float(pointer.t[since]))
                way, peak, since = -way, value, at
    return sorted(set(found))


def _quick_backs(facts: Facts, limits: Thresholds) -> list[Signal]:
    found: list[Signal] = []
    last: dict[int, list[tuple[int, Navigation]]] = {}
    for n, row in facts.navigation:
        seen = last.setdefault(row.tab, [])
        if seen and seen[-1][1].url == row.url:
            continue
        seen.append((n, row))
        if len(seen) < 3 or seen[-3][1].url != row.url:
            continue
        (_, there), stay = seen[-2], row.t - seen[-2][1].t
        if stay <= limits.quick_back:
            evidence = [Evidence(kind="navigation", n=k, t=one.t, text=one.url) for k, one in seen[-3:]]
            words = f"Back after {stay / 1000:.1f} s from {there.url}"
            found.append(Signal(kind="quick-back", t=there.t, end=row.t, tab=row.tab, words=words, evidence=evidence))
    return found
