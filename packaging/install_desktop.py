#!/usr/bin/env python3
"""Make the desktop know Replay Viewer: menu entry, icon, `replay-viewer:` links and `.replay` files. For one user.

    python3 packaging/install_desktop.py [--program PATH] [--remove]

Standard library only, so that the system's Python runs it; in a frozen folder it lies beside the program as
`install_desktop.py`. Writes below XDG_DATA_HOME (usually ~/.local/share), and `--remove` takes exactly that away.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
NAME = "replay-viewer"

#: Where the files of this script lie: in a frozen folder, else in the repository.
_FROZEN = HERE / "share"
TEMPLATES = _FROZEN if _FROZEN.is_dir() else HERE / "desktop"
ICON = TEMPLATES / f"{NAME}.svg" if _FROZEN.is_dir() else HERE.parent / "resources" / "icons" / f"{NAME}.svg"


def main(arguments: list[str]) -> int:
    """Install or remove; returns the exit status."""
    parser = argparse.ArgumentParser(description="Menu entry, icon, links and .replay files for this user.")
    parser.add_argument("--program", type=Path, help="the program to start (default: the one beside this script)")
    parser.add_argument("--remove", action="store_true", help="take everything away again")
    options = parser.parse_args(arguments)
    data = data_home(os.environ)
    if options.remove:
        removed = remove(data)
        print(f"Removed {removed} files from {data}." if removed else "Nothing was installed.")
        return 0
    program = options.program or find_program()
    if program is None or not os.access(program, os.X_OK):
        print("The program was not found. Set it up first, or name it with --program PATH.", file=sys.stderr)
        return 1
    entry = desktop_entry(program)
    if problem := invalid(entry):
        print(f"The desktop entry is not valid: {problem}", file=sys.stderr)
        return 1
    for path in install(data, entry):
        print(path)
    return 0


def data_home(environment: Mapping[str, str]) -> Path:
    """XDG_DATA_HOME, or its default; what is not absolute there counts as not set, as the specification says."""
    named = environment.get("XDG_DATA_HOME", "")
    return Path(named) if named.startswith("/") else Path.home() / ".local" / "share"


def find_program() -> Path | None:
    """The program of this folder or checkout, else the one on PATH."""
    for path in (HERE / NAME, HERE.parent / ".venv" / "bin" / NAME):
        if path.is_file():
            return path
    found = shutil.which(NAME)
    return Path(found) if found else None


def desktop_entry(program: Path) -> str:
    """The desktop entry that starts `program`."""
    path = os.path.abspath(program)
    if any(ord(character) < 32 for character in path):
        raise SystemExit("A program whose path has a control character cannot be named in a desktop entry.")
    text = (TEMPLATES / f"{NAME}.desktop").read_text(encoding="utf-8")
    text = text.replace("@TRY_PROGRAM@", path.replace("\\", "\\\\"))
    return text.replace("@PROGRAM@", quoted(path))


def quoted(argument: str) -> str:
    """One argument of an Exec key: quoted, then escaped as every string value is, and no % a field code."""
    inside = "".join("\\" + character if character in '"`$\\' else character for character in argument)
    return f'"{inside}"'.replace("\\", "\\\\").replace("%", "%%")


def invalid(entry: str) -> str:
    """What desktop-file-validate has against an entry; '' when nothing, or when it is not installed."""
    checker = shutil.which("desktop-file-validate")
    if checker is None:
        return ""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{NAME}.desktop"
        path.write_text(entry, encoding="utf-8")
        ran = subprocess.run([checker, "--no-hints", str(path)], capture_output=True, text=True)
    return (ran.stdout + ran.stderr).strip() if ran.returncode else ""


def targets(data: Path) -> Iterator[tuple[Path, Path | None]]:
    """Files to be installed and what each is copied from (None: the desktop entry, which is made)."""
    yield data / "applications" / f"{NAME}.desktop", None
    yield data / "mime" / "packages" / f"{NAME}.xml", TEMPLATES / f"{NAME}.xml"
    yield data / "icons" / "hicolor" / "scalable" / "apps" / f"{NAME}.svg", ICON
    for size in SIZES:
        # Rendered when a frozen folder is built; the SVG alone does on most desktops.
        rendered = TEMPLATES / f"{NAME}-{size}.png"
        yield data / "icons" / "hicolor" / f"{size}x{size}" / "apps" / f"{NAME}.png", rendered


SIZES = (16, 32, 48, 64, 128, 256)


def install(data: Path, entry: str) -> list[Path]:
    """Write everything and tell the desktop; the files written."""
    written = []
    for target, source in targets(data):
        if source is not None and not source.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if source is None:
            target.write_text(entry, encoding="utf-8")
        else:
            shutil.copyfile(source, target)
        written.append(target)
    announce(data)
    return written


def remove(data: Path) -> int:
    """Take away what `install` writes; how many files there were."""
    there = [target for target, _ in targets(data) if target.exists()]
    for target in there:
        target.unlink()
    if there:
        announce(data)
    return len(there)


def announce(data: Path) -> None:
    """Let the desktop's caches be renewed, by whichever of its tools are installed."""
    for command in (
        ["update-mime-database", str(data / "mime")],
        ["update-desktop-database", "-q", str(data / "applications")],
        ["gtk-update-icon-cache", "-q", "-t", str(data / "icons" / "hicolor")],
    ):
        if shutil.which(command[0]):
            subprocess.run(command, capture_output=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
