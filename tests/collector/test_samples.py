"""The samples that ship, and the demo made of them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx

from replay_viewer.analysis.mapset import MapSet
from replay_viewer.analysis.symbols import symbolicate
from replay_viewer.collector.run import start
from replay_viewer.collector.samples import FAILING, load_samples, start_demo
from replay_viewer.domain.resources import resource
from replay_viewer.library import Library
from replay_viewer.services.importer import import_paths
from tests.collector.bodies import captured, sample


def test_the_demo_opens_its_failing_session_before_the_error(tmp_path: Path) -> None:
    with start_demo(tmp_path) as demo:
        assert next(iter(demo.sessions)) == FAILING
        assert set(demo.sessions) == {"checkout-502", "happy-path", "sentry-checkout"}
        match = re.fullmatch(r"(http://127\.0\.0\.1:\d+)/sessions/([0-9a-f]{32})\?t=([\d.]+)", demo.failing)
        assert match
        base, session, t = match.groups()
        with httpx.Client(base_url=base, trust_env=False) as client:
            whole = client.get(f"/api/v1/sessions/{session}").json()
            errors = client.get("/api/v1/errors", params={"session": session}).json()["data"]
            first = min(errors, key=lambda error: error["t"])
            assert "reading 'total'" in first["title"]
            assert abs((first["t"] - whole["started"]) / 1000 - 3 - float(t)) < 0.06
            assert len(client.get("/api/v1/sessions").json()["data"]) == 3
        assert "?t=" not in demo.sessions["happy-path"]
        if demo.site:
            page = httpx.get(demo.site, trust_env=False)
            assert "Lumen" in page.text
            config = httpx.get(demo.site + "/config.js", trust_env=False).text
            assert demo.url in config


def test_loading_twice_changes_nothing(tmp_path: Path) -> None:
    with start(tmp_path) as running:
        assert load_samples(running.url) == load_samples(running.url)
        listed = httpx.get(running.url + "/api/v1/sessions", trust_env=False).json()["data"]
        counts = {session["id"]: session["segmentCount"] for session in listed}
        [map] = httpx.get(running.url + "/api/v1/maps", trust_env=False).json()["data"]
        assert (map["release"], map["name"]) == (listed[0]["release"], "shop.min.js")
    index = json.loads(resource("samples", "index.json").read_text())
    assert counts == {session: len(list(captured(sample(name)))) for name, session in index.items()}


def test_samples_are_small_and_ours() -> None:
    index = json.loads(resource("samples", "index.json").read_text())
    for name in index:
        assert sum(path.stat().st_size for path in sample(name).iterdir()) < 1_000_000
    told = json.loads(resource("samples", "sourcemaps", "shop.min.js.map").read_text())
    assert told["sources"]
    assert not any("node_modules" in source for source in told["sources"])


def test_stacks_of_the_samples_map_to_the_shops_sources(tmp_path: Path) -> None:
    maps = MapSet.open(resource("samples", "sourcemaps"))
    for name in ("checkout-502", "sentry-checkout"):
        [session] = import_paths(tmp_path, [sample(name)])
        library = Library.open(tmp_path)
        error = next(row for _, row in library.rows(session, "errors") if "reading 'total'" in row.title)
        library.close()
        frames = symbolicate(error, maps).exceptions[-1].frames
        assert frames[-1].file.endswith("shop/checkout.js")
        assert any("placed.total" in text for _, text in frames[-1].context)
