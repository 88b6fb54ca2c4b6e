"""Web Vitals of a session in the library: page views with ratings and budgets, all measures, what requests weigh."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

from replay_viewer.analysis.requests import type_of
from replay_viewer.analysis.vitals import THRESHOLDS, PageView, budgets_of, page_views
from replay_viewer.domain.rows import Navigation, Vital
from replay_viewer.library import Library

#: Name of the setting that keeps budgets, in the library.
SETTING = "vitals.budgets"
#: More rows of one measure than this are not read at once (memory every second of a day is 86,400).
_MOST = 100_000


def read(library: Library, session: str, end: float) -> tuple[list[PageView], list[Vital], dict[str, float]]:
    """Page views with their measures, all measures (with what requests weigh), budgets. Runs on a worker."""
    navigations = [row for _, row in library.rows(session, "navigation", limit=_MOST) if isinstance(row, Navigation)]
    vitals = [row for _, row in library.rows(session, "vitals", limit=_MOST) if isinstance(row, Vital)]
    budgets = budgets_of(library.setting(SETTING))
    views = page_views(navigations, [row for row in vitals if row.name in THRESHOLDS], end, budgets)
    return views, vitals + weights(library, session), budgets


class _Weighed(msgspec.Struct):
    """The fields looked at of a request."""

    t: float
    url: str = ""
    kind: str = "other"
    size: int = -1


def weights(library: Library, session: str) -> list[Vital]:
    """What requests weigh, as measures: `resource` each with a known size, `bundle` scripts and style sheets."""
    count = min(len(library.columns(session, "network")), _MOST)
    found: list[Vital] = []
    for first in range(0, count, 4_000):
        for row in library.fetch_as(session, "network", range(first, min(first + 4_000, count)), _Weighed):
            if row.size > 0:
                found.append(Vital(t=row.t, name="resource", value=row.size, target=_path(row.url)))
                if type_of(row.kind, row.url) in ("js", "css"):
                    found.append(Vital(t=row.t, name="bundle", value=row.size, target=_path(row.url)))
    return found


def _path(url: str) -> str:
    """Path and query of an address; the whole of what is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return f"{parts.path or '/'}?{parts.query}".removesuffix("?") if parts.netloc else url
