"""The wheel: everything the program reads, and nothing that only builds it."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.packaging import ROOT

#: What a build says when the machine is offline; the rest of its failures are ours.
_OFFLINE = re.compile(r"dns error|Failed to fetch|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|Network is unreachable", re.I)


def uv() -> str | None:
    beside = ROOT / ".venv" / "bin" / "uv"
    return str(beside) if beside.exists() else shutil.which("uv")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel of a copy of this tree: building replaces the pages' npm packages, which others may be using."""
    program = uv()
    if program is None:
        pytest.skip("uv is not installed")
    folder = tmp_path_factory.mktemp("wheel")
    ignored = shutil.ignore_patterns("node_modules", "__pycache__", "dist", "data", ".venv", ".git", ".*_cache")
    for part in ("src", "resources", "packaging"):
        shutil.copytree(ROOT / part, folder / part, ignore=ignored)
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, folder)
    ran = subprocess.run(
        [program, "build", "--wheel", "--out-dir", str(folder / "out")], cwd=folder, capture_output=True, text=True
    )
    said = ran.stdout + ran.stderr
    if ran.returncode and _OFFLINE.search(said):
        pytest.skip("the package registries cannot be reached")
    assert ran.returncode == 0, said[-3000:]
    (built,) = (folder / "out").glob("*.whl")
    return zipfile.ZipFile(built)


def test_holds_what_the_program_reads(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    for part in (
        "resources/player/dist/player.js",
        "resources/player/dist/player.html",
        "resources/player/dist/NOTICES.txt",
        "resources/demo/dist/index.html",
        "resources/demo/dist/NOTICES.txt",
        "resources/samples/index.json",
        "resources/samples/sourcemaps/shop.min.js.map",
        "resources/icons/replay-viewer.svg",
        "resources/themes/application.qss",
        "resources/templates/incident.html.j2",
        "collector/templates/session.html",
        "py.typed",
    ):
        assert f"replay_viewer/{part}" in names
    for tree in ("src/replay_viewer", "resources/icons", "resources/samples", "resources/templates"):
        for path in (ROOT / tree).rglob("*"):
            if path.is_file() and not any(part.startswith((".", "__pycache__")) for part in path.parts):
                place = path.relative_to(ROOT / "src") if tree.startswith("src") else path.relative_to(ROOT)
                assert str(place if tree.startswith("src") else Path("replay_viewer") / place) in names


def test_holds_nothing_else(wheel: zipfile.ZipFile) -> None:
    for name in wheel.namelist():
        assert "node_modules" not in name
        assert "__pycache__" not in name
        assert not name.endswith((".ts", "package.json", "package-lock.json", ".npmrc", ".mjs"))
        assert name.startswith(("replay_viewer/", "replay_viewer-"))
    assert sum(info.compress_size for info in wheel.infolist()) < 3_000_000


def test_entry_point_and_requirements(wheel: zipfile.ZipFile) -> None:
    (entry_points,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert "replay-viewer = replay_viewer.cli:main" in wheel.read(entry_points).decode()
    metadata = wheel.read(entry_points.replace("entry_points.txt", "METADATA")).decode()
    assert "Requires-Python: >=3.11" in metadata


def test_the_pages_hold_no_replayer(wheel: zipfile.ZipFile) -> None:
    """Recordings are painted by our own painter; rrweb's Replayer is for tests and benchmarks."""
    page = wheel.read("replay_viewer/resources/player/dist/player.js").decode()
    assert "Replayer" not in page
