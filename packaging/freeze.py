#!/usr/bin/env python3
"""Build the frozen Linux folder `dist/replay-viewer`, and let it test itself: `python3 packaging/freeze.py`.

Needs what `packaging/run.py` needs, and sets up the same `.venv`; PyInstaller comes into it as locked in
`requirements-package.lock`. The folder runs without Python on systems whose C library is not older than this one's.
Prints what it weighs and what the self-test says; the exit status is the self-test's. Standard library only.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import run
from install_desktop import SIZES

ROOT = run.ROOT
FOLDER = ROOT / "dist" / "replay-viewer"
LOCK = ROOT / "requirements-package.lock"

_ICONS = """
import sys
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer
app = QGuiApplication([""])
drawing = QSvgRenderer(sys.argv[1])
for size in map(int, sys.argv[3:]):
    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    drawing.render(painter)
    painter.end()
    assert image.save(f"{sys.argv[2]}/replay-viewer-{size}.png")
"""


def main() -> int:
    """Set up, freeze, add what the desktop needs, test; returns the exit status."""
    if not run.install_system(run.SYSTEM):
        return 1
    run.install_python()
    install_pyinstaller()
    began = time.monotonic()
    subprocess.run(
        [
            *(str(run.BIN / "pyinstaller"), "--noconfirm", "--log-level", "WARN"),
            *("--distpath", str(FOLDER.parent), "--workpath", str(ROOT / "build" / "freeze")),
            str(ROOT / "packaging" / "replay-viewer.spec"),
        ],
        cwd=ROOT,
        check=True,
    )
    add_desktop_files(FOLDER)
    print(f"{FOLDER}: {weight(FOLDER) / 1e6:.0f} MB in {time.monotonic() - began:.0f} s", flush=True)
    picture = ROOT / "build" / "self-test.png"
    # Away from the checkout, with nothing of its environment: as on another machine.
    return subprocess.call([str(FOLDER / "replay-viewer"), "self-test", "-o", str(picture)], cwd="/", env=bare())


def install_pyinstaller() -> None:
    """PyInstaller, as locked, into `.venv`, unless that version is there."""
    wanted = next(line.split()[0] for line in LOCK.read_text().splitlines() if line.startswith("pyinstaller=="))
    program = run.BIN / "pyinstaller"
    if program.exists():
        asked = subprocess.run([str(program), "--version"], capture_output=True, text=True)
        if f"pyinstaller=={asked.stdout.strip()}" == wanted:
            return
    command = [str(run.BIN / "uv"), "pip", "install", "-q", "--python", str(run.BIN / "python"), "--require-hashes"]
    subprocess.run([*command, "-r", str(LOCK)], check=True)


def add_desktop_files(folder: Path) -> None:
    """What `install_desktop.py` needs beside the program: itself, templates, the icon as SVG and as pictures."""
    share = folder / "share"
    shutil.rmtree(share, ignore_errors=True)
    shutil.copytree(ROOT / "packaging" / "desktop", share)
    icon = ROOT / "resources" / "icons" / "replay-viewer.svg"
    shutil.copy(icon, share)
    shutil.copy(ROOT / "packaging" / "install_desktop.py", folder)
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    command = [str(run.BIN / "python"), "-c", _ICONS, str(icon), str(share), *map(str, SIZES)]
    subprocess.run(command, check=True, env=environment)


def weight(folder: Path) -> int:
    """Bytes of all files of a folder; links count nothing."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def bare() -> dict[str, str]:
    """An environment in which nothing points at this checkout."""
    return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(ROOT / "build")}


if __name__ == "__main__":
    sys.exit(main())
