"""The page's own unit tests, and what it is built from."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PLAYER = ROOT / "resources" / "player"


def test_product_never_uses_the_replayer() -> None:
    """rrweb's Replayer is the peer of the benchmarks and the oracle of tests; the product paints by itself."""
    package = json.loads((PLAYER / "package.json").read_text())
    assert list(package["dependencies"]) == ["rrweb-snapshot"]
    for path in (PLAYER / "src").glob("*.ts"):
        for imported in re.findall(r'from "([^"]+)"', path.read_text()):
            assert imported == "rrweb-snapshot" or imported.startswith("./"), f"{path.name}: {imported}"
    for path in (ROOT / "src").rglob("*.py"):
        assert not re.search(r"new Replayer|rrweb\.js|rrweb/dist", path.read_text()), path
    built = PLAYER / "dist" / "player.js"
    assert built.exists(), "run `npm ci && npm run build` in resources/player"
    assert "replayer-wrapper" not in built.read_text()


def test_lock_file_names_no_registry() -> None:
    assert "resolved" not in (PLAYER / "package-lock.json").read_text()


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not on the PATH")
def test_units_of_the_page() -> None:
    done = subprocess.run(
        ["node", "test/run.mjs"], cwd=PLAYER, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
