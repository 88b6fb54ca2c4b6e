"""Web Vitals: ratings, budgets, and the values of each page view.

Thresholds are web-vitals' own (equal counts as the better side); budgets are the product's targets.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from replay_viewer.domain.rows import Navigation, Row, Vital

Rating = Literal["good", "needs-improvement", "poor", ""]

#: name → (good up to, needs improvement up to); ms, CLS without unit.
THRESHOLDS: dict[str, tuple[float, float]] = {
    "LCP": (2500, 4000),
    "INP": (200, 500),
    "CLS": (0.1, 0.25),
    "FCP": (1800, 3000),
    "TTFB": (800, 1800),
    "FID": (100, 300),
}

#: name → what we want to stay within; ms, CLS without unit.
BUDGETS: dict[str, float] = {
    "FCP": 1500,
    "LCP": 2500,
    "FID": 100,
    "INP": 200,
    "CLS": 0.1,
    "TTI": 3800,
    "TTFB": 800,
}

#: Names as SDKs spell them → ours.
NAMES: dict[str, str] = {
    "largest-contentful-paint": "LCP",
    "cumulative-layout-shift": "CLS",
    "interaction-to-next-paint": "INP",
    "first-contentful-paint": "FCP",
    "first-input-delay": "FID",
    "time-to-first-byte": "TTFB",
}


def rate(name: str, value: float) -> Rating:
    """The rating of a value (ms; CLS a score); '' for a measure that has none."""
    limits = THRESHOLDS.get(name)
    if limits is None:
        return ""
    return "good" if value <= limits[0] else "needs-improvement" if value <= limits[1] else "poor"


def rated(row: Row) -> Row:
    """A vital that came without its rating with it; every other row as it is."""
    if isinstance(row, Vital) and not row.rating and (rating := rate(row.name, row.value)):
        return msgspec.structs.replace(row, rating=rating)
    return row


def within_budget(name: str, value: float, budgets: Mapping[str, float] = BUDGETS) -> bool | None:
    """Whether a value keeps its budget; None for a measure without one."""
    budget = budgets.get(name)
    return None if budget is None else value <= budget


class PageView(msgspec.Struct, kw_only=True):
    """One page view and its vitals. `t` and `end` epoch ms; `vitals`: name → the last value reported in it.

    `url`: what was loaded; `urls`: also what the page called itself later (single-page applications).
    """

    url: str
    urls: list[str]
    tab: int
    t: float
    end: float
    vitals: dict[str, Vital]
    over_budget: list[str]


def budgets_of(kept: object) -> dict[str, float]:
    """The budgets in force: ours, with those of a stored setting in their place as far as they make sense."""
    own = kept if isinstance(kept, dict) else {}
    return {
        name: float(own[name]) if isinstance(own.get(name), int | float) and own[name] > 0 else budget
        for name, budget in BUDGETS.items()
    }


def page_views(
    navigations: Sequence[Navigation],
    vitals: Iterable[Vital],
    end: float,
    budgets: Mapping[str, float] = BUDGETS,
) -> list[PageView]:
    """Vitals grouped by the page view they belong to, in time order; `budgets`: ms, CLS without unit.

    A page view starts at a page load and lasts until the next one of its tab (`end`: of the session). SDKs report a
    metric again when it gets worse, so the last report counts; LCP of a page that is reported late still belongs to
    the view whose URL it carries when that is the one before. One that names no tab belongs to the page it names.
    """
    views: list[PageView] = []
    by_tab: dict[int, list[PageView]] = {}
    for row in sorted(navigations, key=lambda row: row.t):
        if row.how in ("load", "reload", "back_forward") or row.tab not in by_tab:
            previous = by_tab.setdefault(row.tab, [])
            if previous:
                previous[-1].end = row.t
            view = PageView(
                url=row.url, urls=[row.url], tab=row.tab, t=row.t, end=max(end, row.t), vitals={}, over_budget=[]
            )
            previous.append(view)
            views.append(view)
        else:
            by_tab[row.tab][-1].urls.append(row.url)
    starts = {tab: [view.t for view in tab_views] for tab, tab_views in by_tab.items()}
    for vital in sorted(vitals, key=lambda row: row.t):
        if vital.name not in THRESHOLDS:
            continue
        # Linked events (PostHog's) say the page but not the tab.
        tabs = [vital.tab] if vital.tab in by_tab else list(by_tab) if vital.tab < 0 else []
        fitting = [_view_at(by_tab[tab], starts[tab], vital) for tab in tabs]
        if fitting:
            best = max(fitting, key=lambda one: (_shows(one, vital.page), one.t <= vital.t + 1000, one.t))
            best.vitals[vital.name] = vital
    for view in views:
        view.over_budget = [
            name for name, vital in view.vitals.items() if within_budget(name, vital.value, budgets) is False
        ]
    return views


def _view_at(views: Sequence[PageView], starts: Sequence[float], vital: Vital) -> PageView:
    """The view of one tab a vital belongs to. Stamped at the page's time origin, it may lie a little before it."""
    index = bisect_right(starts, vital.t + 1000) - 1
    view = views[max(index, 0)]
    if index > 0 and vital.page and not _shows(view, vital.page):
        before = views[index - 1]
        view = before if _shows(before, vital.page) else view
    return view


def _shows(view: PageView, url: str) -> bool:
    return any(url.partition("#")[0] == other.partition("#")[0] for other in view.urls)
