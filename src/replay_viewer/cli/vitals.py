"""The vitals command: what the panel Vitals shows, per page view, with ratings and budgets."""

from __future__ import annotations

import argparse
from typing import Any

from replay_viewer.analysis.vitals import THRESHOLDS, PageView, rate
from replay_viewer.cli.output import print_json, print_table
from replay_viewer.domain.rows import Vital
from replay_viewer.domain.time import offset
from replay_viewer.library import Library, home_dir
from replay_viewer.services import vitals

_WORDS = {"good": "good", "needs-improvement": "needs improvement", "poor": "poor", "": ""}


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Register vitals."""
    one = commands.add_parser(
        "vitals",
        parents=[common],
        help="Web Vitals per page view, with ratings and budgets",
        description="Web Vitals of each page view: the last value reported, its rating by web-vitals' thresholds, "
        "and an exclamation mark when it is over its budget (those of the panel Vitals). `rows ID "
        "vitals` lists every measure.",
    )
    one.add_argument("id", metavar="ID")
    one.add_argument("--over", action="store_true", help="only page views with a value over budget")
    one.set_defaults(run=_vitals)


def _vitals(options: argparse.Namespace) -> int:
    with Library.open(home_dir(options.home)) as library:
        session = library.session(options.id)
        views, _, budgets = vitals.read(library, session.id, session.end)
    views = [view for view in views if view.over_budget or not options.over]
    if options.json:
        print_json({"budgets": budgets, "page_views": [_plain(view, budgets) for view in views]})
        return 0
    names = [name for name in THRESHOLDS if any(name in view.vitals for view in views)]
    if not names:
        print("No value is over budget." if options.over else "No Web Vitals were recorded in this session.")
        return 0
    rows = [
        (offset(view.t - session.start), str(view.tab), *(_cell(view, name) for name in names), view.url)
        for view in views
    ]
    print_table(("at", "tab", *names, "page view"), rows)
    return 0


def _value(vital: Vital) -> str:
    return f"{vital.value:.3f}" if vital.name == "CLS" else f"{vital.value:,.0f} ms"


def _cell(view: PageView, name: str) -> str:
    vital = view.vitals.get(name)
    if vital is None:
        return "-"
    over = " !" if name in view.over_budget else ""
    return f"{_value(vital)} {_WORDS[vital.rating or rate(name, vital.value)]}{over}"


def _plain(view: PageView, budgets: dict[str, float]) -> dict[str, Any]:
    return {
        "t": view.t,
        "end": view.end,
        "tab": view.tab,
        "url": view.url,
        "urls": view.urls,
        "vitals": {
            name: {
                "t": vital.t,
                "value": vital.value,
                "rating": vital.rating or rate(name, vital.value),
                "budget": budgets.get(name),
                "over_budget": name in view.over_budget,
                "nodes": vital.nodes,
                "target": vital.target,
            }
            for name, vital in view.vitals.items()
        },
    }
