"""The vitals command: values, ratings, budgets, as text and JSON."""

from __future__ import annotations

import json
from pathlib import Path

from replay_viewer.domain.rows import Navigation, Vital
from replay_viewer.domain.session import Session, Tab
from replay_viewer.library import Library
from replay_viewer.services.vitals import SETTING
from tests.cli.conftest import Run

START = 1_784_060_310_000.0


def made(home: Path, *vitals: Vital) -> None:
    with Library.open(home) as library, library.writer("s1", "test") as writer:
        pages = [Navigation(t=START + n * 10_000, tab=0, url=f"https://shop.test/{n}") for n in range(2)]
        writer.rows([*pages, *vitals])
        end = START + 30_000
        writer.finish(Session(id="s1", start=START, end=end, tabs=[Tab(index=0, start=START, end=end)]))


def test_page_views_with_ratings_and_budgets(run: Run, tmp_path: Path) -> None:
    made(
        tmp_path / "home",
        Vital(t=START + 900, tab=0, name="LCP", value=900.0, page="https://shop.test/0"),
        Vital(t=START + 12_000, tab=-1, name="CLS", value=0.3, page="https://shop.test/1", target="#hero"),
    )
    status, out, _ = run("vitals", "s1")
    assert status == 0
    assert out.splitlines()[0].split() == ["at", "tab", "LCP", "CLS", "page", "view"]
    first, second = out.splitlines()[-2:]
    assert "900 ms good" in first
    assert "0.300 poor !" in second
    with Library.open(tmp_path / "home") as library:
        library.put_setting(SETTING, {"LCP": 500})
    status, out, _ = run("vitals", "s1", "--json")
    found = json.loads(out)
    assert found["budgets"]["LCP"] == 500
    assert [list(view["vitals"]) for view in found["page_views"]] == [["LCP"], ["CLS"]]
    assert found["page_views"][0]["vitals"]["LCP"]["over_budget"] is True
    assert found["page_views"][1]["vitals"]["CLS"]["target"] == "#hero"


def test_nothing_to_tell(run: Run, tmp_path: Path) -> None:
    made(tmp_path / "home")
    assert run("vitals", "s1")[1] == "No Web Vitals were recorded in this session.\n"
    assert run("vitals", "s1", "--over")[1] == "No value is over budget.\n"
    assert run("vitals", "nobody")[0] == 1
