"""Ratings, budgets, page views."""

from __future__ import annotations

import pytest

from replay_viewer.analysis.vitals import page_views, rate, within_budget
from replay_viewer.domain.rows import Navigation, Vital
from tests.analysis.recordings import recorded
from tests.data_dir import needs_shared


@pytest.mark.parametrize(
    ("name", "value", "rating"),
    [
        ("LCP", 2500, "good"), ("LCP", 2501, "needs-improvement"), ("LCP", 4000, "needs-improvement"),
        ("LCP", 4001, "poor"), ("CLS", 0.1, "good"), ("CLS", 0.26, "poor"), ("INP", 500, "needs-improvement"),
        ("TTFB", 1801, "poor"), ("FID", 100, "good"), ("FCP", 1800, "good"), ("memory", 1e9, ""),
    ],
)  # fmt: skip
def test_equal_is_the_better_side(name: str, value: float, rating: str) -> None:
    assert rate(name, value) == rating


def test_budgets() -> None:
    assert within_budget("FCP", 1500) is True
    assert within_budget("FCP", 1501) is False
    assert within_budget("memory", 1) is None


def test_the_last_report_of_a_page_view_counts() -> None:
    moves = [
        Navigation(t=0, tab=0, url="https://a/"),
        Navigation(t=5000, tab=0, url="https://a/x", how="push"),
        Navigation(t=9000, tab=0, url="https://a/b"),
    ]
    vitals = [
        Vital(t=100, tab=0, name="CLS", value=0.01, page="https://a/"),
        Vital(t=6000, tab=0, name="CLS", value=0.3, page="https://a/x"),
        Vital(t=9100, tab=0, name="LCP", value=9000, page="https://a/"),
        Vital(t=9200, tab=0, name="LCP", value=800, page="https://a/b"),
    ]
    first, second = page_views(moves, vitals, 20_000)
    assert (first.t, first.end, second.end) == (0, 9000, 20_000)
    assert first.vitals["CLS"].value == 0.3
    assert first.vitals["LCP"].value == 9000, "reported late, but of the page before"
    assert first.over_budget == ["CLS", "LCP"]
    assert second.vitals["LCP"].value == 800
    assert second.over_budget == []


def test_one_that_names_no_tab_belongs_to_the_page_it_names() -> None:
    """PostHog's events: two tabs at the same time, and none that shows the page."""
    moves = [
        Navigation(t=0, tab=0, url="https://a/"),
        Navigation(t=1000, tab=1, url="https://a/help"),
        Navigation(t=60_000, tab=0, url="https://a/late"),
    ]
    vitals = [
        Vital(t=9000, name="LCP", value=700, page="https://a/"),
        Vital(t=9000, name="INP", value=70, page="https://a/help"),
        Vital(t=9000, name="CLS", value=0.0, page="https://a/unknown"),
    ]
    first, second, late = page_views(moves, vitals, 90_000)
    assert set(first.vitals) == {"LCP"}
    assert set(second.vitals) == {"INP", "CLS"}, "what nobody names goes to the page opened last"
    assert not late.vitals


@needs_shared
def test_page_views_of_a_recording() -> None:
    rows = recorded("shop_redux_rrweb")
    moves = [row for row in rows if isinstance(row, Navigation)]
    views = page_views(moves, [row for row in rows if isinstance(row, Vital)], rows[-1].t)
    assert len(views) == 4
    assert {"TTFB", "FCP", "LCP", "CLS", "INP"} == set(views[0].vitals)
    assert all(vital.page.startswith("http://127.0.0.1:4100/help") for vital in views[1].vitals.values())
