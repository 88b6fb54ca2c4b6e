"""What this machine lacks for Replay Viewer, and how to get it."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import platform
import shutil
import sys
from pathlib import Path

import msgspec

from replay_viewer import __version__
from replay_viewer.domain.resources import resource

#: Shared libraries that Qt's wheels expect of the system, with the Debian package each comes from.
_LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libnss3.so": "libnss3",
    "libasound.so.2": "libasound2",
    "libfontconfig.so.1": "libfontconfig1",
    "libXcomposite.so.1": "libxcomposite1",
    "libXdamage.so.1": "libxdamage1",
    "libXrandr.so.2": "libxrandr2",
    "libXtst.so.6": "libxtst6",
    "libxkbfile.so.1": "libxkbfile1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
}
_ROOM = 500 << 20


class Check(msgspec.Struct, frozen=True):
    """One thing looked at. `needed`: without it the program does not work."""

    name: str
    ok: bool
    found: str
    advice: str = ""
    needed: bool = True


def examine(home: Path) -> list[Check]:
    """All checks, for a library at `home`. Changes nothing."""
    return [_versions(), _libraries(), _page(), _webengine(), _display(), _root(), _disk(home), _writable(home)]


def _versions() -> Check:
    text = f"Replay Viewer {__version__}, Python {platform.python_version()} on {platform.platform(terse=True)}"
    return Check(
        "versions", sys.version_info >= (3, 11), text, "" if sys.version_info >= (3, 11) else "Use 3.11 or newer."
    )


def _libraries() -> Check:
    if sys.platform != "linux":
        return Check("system libraries", True, "come with Qt on this system")
    missing = []
    for name, package in _LIBRARIES.items():
        try:
            ctypes.CDLL(name)
        except OSError:
            missing.append(package)
    if not missing:
        return Check("system libraries", True, "all there")
    return Check(
        "system libraries", False, "without " + ", ".join(missing), "On Debian: apt-get install " + " ".join(missing)
    )


def _page() -> Check:
    there = resource("player", "dist", "index.html").exists() or any(resource("player", "dist").glob("*.js"))
    return Check(
        "player page", there, "bundled" if there else "not bundled", "" if there else "Install Replay Viewer again."
    )


def _webengine() -> Check:
    there = importlib.util.find_spec("PySide6.QtWebEngineCore") is not None
    return Check(
        "QtWebEngine",
        there,
        "installed" if there else "not installed",
        "" if there else "Install the package pyside6.",
    )


def _display() -> Check:
    there = sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return Check(
        "display",
        there,
        "there" if there else "none",
        "" if there else "Commands work without one; the application needs a desktop.",
        needed=False,
    )


def _root() -> Check:
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    return Check(
        "user",
        not root,
        "root" if root else "not root",
        "The application does not start as root: Chromium has no sandbox then. Commands do." if root else "",
        needed=False,
    )


def _disk(home: Path) -> Check:
    there = home
    while not there.exists():
        there = there.parent
    free = shutil.disk_usage(there).free
    enough = free > _ROOM
    return Check("disk", enough, f"{free / 1e9:,.1f} GB free at {there}", "" if enough else "Make room.")


def _writable(home: Path) -> Check:
    there = home
    while not there.exists():
        there = there.parent
    able = os.access(there, os.W_OK)
    return Check("library", able, str(home), "" if able else "Choose another folder by --home or REPLAY_VIEWER_HOME.")
