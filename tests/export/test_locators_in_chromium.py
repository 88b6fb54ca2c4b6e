"""Locators of real recordings, counted by real Playwright in the page as it was before each act: one, no other."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from replay_viewer.library import Library
from replay_viewer.redaction import Redactor
from replay_viewer.services import content
from replay_viewer.services.describe import describe
from replay_viewer.services.importer import import_paths
from replay_viewer.services.states import TabStates
from tests.data_dir import needs_shared, session_dir
from tests.export.test_playwright import CHROMIUM, MODULES, NODE

pytestmark = [
    needs_shared,
    pytest.mark.chromium,
    pytest.mark.skipif(CHROMIUM is None or NODE is None, reason="chromium or node is not installed"),
    pytest.mark.skipif(not (MODULES / "playwright-core").is_dir(), reason="npm ci was not run in resources/demo"),
]

#: The page is set without scripts and network; what the locator finds there is counted.
SCRIPT = """
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
const { chromium } = createRequire(process.argv[2] + "/")("playwright-core");
const cases = JSON.parse(readFileSync(process.argv[3], "utf8"));
const browser = await chromium.launch({ executablePath: process.argv[4], args: ["--no-sandbox"] });
const context = await browser.newContext({ javaScriptEnabled: true, offline: true });
const page = await context.newPage();
const said = [];
for (const { html, locator } of cases) {
  await page.setContent(html, { waitUntil: "commit" });
  const count = (expression) => new Function("page", `return page.${expression}.count()`)(page);
  // What adopted style sheets show is not shown by markup alone: hidden elements count where nothing else is found.
  said.push(await count(locator) || await count(locator.replace("{ name:", "{ includeHidden: true, name:")));
}
console.log(JSON.stringify(said));
await browser.close();
"""


@pytest.mark.parametrize("name", ["shop_sentry_unmasked", "shoelace_shadow_rrweb", "swagger_rrweb"])
def test_each_finds_one(tmp_path: Path, name: str) -> None:
    folder = session_dir(name)
    source = folder / "events.json.gz" if (folder / "events.json.gz").exists() else folder / "raw"
    [id] = import_paths(tmp_path / "home", [source])
    cases = []
    with Library.open(tmp_path / "home") as library:
        session = library.session(id)
        found = content.gather(
            library, id, range=(session.start, session.end), script=True, redactor=Redactor("none")
        )
        states = TabStates(library, id, max(0, found.tab))
        for step in found.steps:
            if step.locator and step.locator not in {case["locator"] for case in cases}:
                html = str(describe(states.go(max(0, states.position_at(step.t) - 1)))["html"])
                cases.append({"html": html, "locator": step.locator})
    assert len(cases) >= 5
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    (tmp_path / "count.mjs").write_text(SCRIPT)
    done = subprocess.run(
        [str(NODE), str(tmp_path / "count.mjs"), str(MODULES.parent), str(tmp_path / "cases.json"), str(CHROMIUM)],
        capture_output=True, text=True, timeout=100, env={**os.environ, "CI": "1"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    counts = json.loads(done.stdout)
    wrong = [(case["locator"], count) for case, count in zip(cases, counts, strict=True) if count != 1]
    assert wrong == [], f"{len(wrong)} of {len(cases)}"
