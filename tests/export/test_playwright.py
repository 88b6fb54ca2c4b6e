"""The script made of the sample session, run with real Playwright against the shop it was recorded from."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from replay_viewer.collector.demo import start_site
from replay_viewer.collector.run import start
from replay_viewer.collector.samples import FAILING, load_samples
from replay_viewer.domain.resources import resource
from replay_viewer.library import Library
from replay_viewer.services import content, redacting
from replay_viewer.services.pull import pull

MODULES = Path(__file__).resolve().parents[2] / "resources" / "demo" / "node_modules"
CHROMIUM = shutil.which("chromium")
NODE = shutil.which("node")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the script of the failing sample session, strictly redacted."""
    folder = tmp_path_factory.mktemp("reproduction")
    with start(folder / "collector") as collector:
        session = pull(folder / "home", load_samples(collector.url)[FAILING])
    library = Library.open(folder / "home")
    redactor = redacting.redactor_for(library, session)
    gathered = content.gather(library, session, script=True, redactor=redactor)
    content.write(gathered, "playwright", folder / "repro.spec.mjs", redactor)
    content.write(content.gather(library, session), "har", folder / "all.har", redactor)
    library.close()
    return folder


def test_the_script(made: Path) -> None:
    """Roles and names, marked blanks, no personal data, the recorded failure."""
    text = (made / "repro.spec.mjs").read_text()
    assert 'getByRole("button", { name: "Place order", exact: true }).click()' in text
    assert 'getByRole("textbox", { name: "Voucher", exact: true }).fill("WELCOME10")' in text
    assert '"Card number": "", // masked in the recording' in text
    assert '"E-mail": "", // redacted' in text
    assert "reading 'total'" in text
    for name in ("repro.spec.mjs", "repro.har", "all.har"):
        whole = (made / name).read_text()
        assert not any(secret in whole for secret in ("ada.marlow", "Ada Marlow", "4111111111111111"))


def test_the_har_beside_it(made: Path) -> None:
    """Only what can be answered: calls with their bodies."""
    entries = json.loads((made / "repro.har").read_text())["log"]["entries"]
    assert entries
    assert all("text" in entry["response"]["content"] for entry in entries)
    assert any(entry["response"]["status"] == 502 for entry in entries)


@pytest.mark.chromium
@pytest.mark.skipif(CHROMIUM is None or NODE is None, reason="chromium or node is not installed")
@pytest.mark.skipif(not (MODULES / "@playwright").is_dir(), reason="npm ci was not run in resources/demo")
def test_it_runs(made: Path) -> None:
    """As recorded the failure happens; with the bug fixed the script says that it did not."""
    if not (made / "node_modules").exists():
        (made / "node_modules").symlink_to(MODULES)
    launch = {"executablePath": CHROMIUM, "args": ["--no-sandbox"]}
    config = {"use": {"launchOptions": launch}, "timeout": 25000, "workers": 1, "reporter": "line"}
    (made / "playwright.config.mjs").write_text(f"export default {json.dumps(config)};\n")
    site, stop = start_site("http://127.0.0.1:9")
    try:
        status, said = _run(made, site)
        assert status == 0, said
        unfixed = (made / "repro.spec.mjs").read_text()
        bundle = resource("demo", "dist", "shop.min.js").read_text()
        # What the fix does to the page: a refused order is not confirmed.
        repaired = bundle.replace(".order.number", "?.order?.number").replace(".order)", "?.order ?? {total: 0})")
        assert repaired != bundle
        (made / "shop.fixed.js").write_text(repaired)
        path = json.dumps(str(made / "shop.fixed.js"))
        route = f'  await page.route("**/shop.min.js", (r) => r.fulfill({{ path: {path} }}));\n'
        marker = "  const seen = [];\n"
        (made / "repro.spec.mjs").write_text(unfixed.replace(marker, route + marker))
        status, said = _run(made, site)
        assert status != 0
        assert "the recorded failure did not happen" in said
        status, said = _run(made, site, REPLAY_EXPECT="fixed")
        assert status == 0, said
    finally:
        stop()


def _run(folder: Path, site: str, **more: str) -> tuple[int, str]:
    """Exit status and output of one Playwright run."""
    done = subprocess.run(
        [str(NODE), str(MODULES / "@playwright" / "test" / "cli.js"), "test", "repro.spec.mjs"],
        cwd=folder, env={**os.environ, "BASE_URL": site, "CI": "1", **more}, capture_output=True, text=True,
        timeout=60,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr
