#!/usr/bin/env python3
"""Set everything up on a fresh machine, then run: `python3 packaging/run.py demo` or `python3 packaging/run.py test`.

Needs Python 3.11 or newer and nothing else of Python's; run by the system's interpreter, so standard library only.
On Debian and its relatives the system libraries that Qt and Chromium need are installed too (as root, or by sudo);
they are named before. Everything else goes into `.venv` beside this repository's files, versions as locked in
`requirements.lock`. A second run finds all of it there and starts at once.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
STAMP = VENV / "replay-viewer.stamp"

#: What Qt, QtWebEngine and readable pictures need of a bare Debian.
SYSTEM = [
    "libegl1",
    "libgl1",
    "libopengl0",
    "libxkbcommon0",
    "libxkbcommon-x11-0",
    "libdbus-1-3",
    "libnss3",
    "libnspr4",
    "libasound2",
    "libglib2.0-0",
    "libfontconfig1",
    "libfreetype6",
    "libxcomposite1",
    "libxdamage1",
    "libxrandr2",
    "libxtst6",
    "libxkbfile1",
    "libxcb-cursor0",
    "libxcb-icccm4",
    "libxcb-image0",
    "libxcb-keysyms1",
    "libxcb-render-util0",
    "libxcb-shape0",
    "libxcb-xinerama0",
    "libgbm1",
    "fonts-dejavu-core",
    "fonts-liberation",
]
#: What only the tests need: a browser for the real SDKs, a reader for the PDF, the collector's other database.
SYSTEM_FOR_TESTS = ["chromium", "poppler-utils", "postgresql"]

#: Most tests wait for browsers, servers and processes: three at once fit two cores. A file stays with one worker.
SPREAD = ["-n", "3", "--dist", "loadfile"]

USAGE = """usage: python3 packaging/run.py demo [options of replay-viewer demo]
       python3 packaging/run.py test [options of pytest]
       python3 packaging/run.py COMMAND …   any other command of replay-viewer
       python3 packaging/run.py setup       set up only"""


def main(arguments: list[str]) -> int:
    """Set up what `arguments` need and run them; returns the exit status."""
    if sys.version_info < (3, 11):  # noqa: UP036 (this file is run by whatever Python there is)
        print(f"Replay Viewer needs Python 3.11 or newer; this is {sys.version.split()[0]}.", file=sys.stderr)
        return 1
    if not arguments or arguments[0] in ("-h", "--help"):
        print(USAGE)
        return 0 if arguments else 2
    testing = arguments[0] == "test"
    if not install_system(SYSTEM + (SYSTEM_FOR_TESTS if testing else [])):
        return 1
    install_python()
    if arguments[0] == "setup":
        return 0
    if testing:
        return run_checks(arguments[1:])
    # The program takes this one's place, so that signals and the exit status are its own.
    command = [str(BIN / "replay-viewer"), *arguments]
    return subprocess.call(command) if os.name == "nt" else os.execv(command[0], command)


def install_system(packages: list[str]) -> bool:
    """Install Debian packages that are missing; False when they are needed and cannot be installed."""
    if sys.platform != "linux" or not shutil.which("dpkg-query") or not shutil.which("apt-get"):
        return True
    have_venv = subprocess.run([sys.executable, "-c", "import ensurepip, venv"], capture_output=True).returncode == 0
    missing = [name for name in packages if not is_installed(name)]
    if not have_venv:
        missing.append("python3-venv")
    if not missing:
        return True
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends"]
    prefix = [] if os.geteuid() == 0 else ["sudo"]
    if prefix and not shutil.which("sudo"):
        print("Please install these system packages first:\n  " + " ".join(install + missing), file=sys.stderr)
        return False
    print("Installing system packages: " + " ".join(missing), flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in ("update", "install"):
        # Which name a package has is known only after the update.
        command = ["apt-get", "update", "-q"] if step == "update" else install + [current_name(p) for p in missing]
        quiet = subprocess.run(prefix + command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if quiet.returncode:
            sys.stderr.buffer.write(quiet.stdout[-4000:])
            print("Installing system packages failed: " + " ".join(prefix + command), file=sys.stderr)
            return False
    return True


def current_name(package: str) -> str:
    """The package's name on this release: some were renamed to end in `t64`."""
    asked = subprocess.run(["apt-cache", "policy", package], capture_output=True, text=True)
    there = "Candidate:" in asked.stdout and "Candidate: (none)" not in asked.stdout
    return package if there else package + "t64"


def is_installed(package: str) -> bool:
    """Whether a Debian package is installed (or is provided under a newer name, as libasound2 is)."""
    for name in (package, package + "t64"):
        asked = subprocess.run(["dpkg-query", "-W", "-f=${Status}", name], capture_output=True, text=True)
        if asked.stdout.startswith("install ok installed"):
            return True
    return False


def install_python() -> None:
    """Make `.venv` with the locked packages and this project in it, unless it is there already."""
    inputs = [ROOT / "requirements.lock", ROOT / "pyproject.toml", ROOT / "packaging" / "build_player.py"]
    for folder in ("player", "demo"):
        source = ROOT / "resources" / folder
        inputs += [p for p in (source / "package-lock.json",) if p.exists()]
        inputs += sorted(p for p in (source / "src").rglob("*") if p.is_file())
    inputs += [ROOT / "resources" / "demo" / "build.mjs"]
    inputs += [ROOT / "tests" / "e2e" / "sdks" / name for name in ("package-lock.json", "build.mjs", "sentry7.js")]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in inputs)).hexdigest()
    if STAMP.exists() and STAMP.read_text() == digest:
        return
    print("Setting up .venv (the first time this takes a minute or two)", flush=True)
    if not (BIN / "python").exists() and not (BIN / "python.exe").exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    python = str(BIN / "python")
    subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "uv>=0.9"], check=True)
    uv = [str(BIN / "uv"), "pip", "install", "-q", "--python", python]
    subprocess.run([*uv, "--require-hashes", "-r", str(ROOT / "requirements.lock")], check=True)
    subprocess.run([*uv, "--no-deps", "--reinstall-package", "replay-viewer", "-e", str(ROOT)], check=True)
    STAMP.write_text(digest)


def run_checks(options: list[str]) -> int:
    """Lint, layers, types, then the tests; the first failure ends it. pytest's own closing line comes last."""
    checks = (
        [str(BIN / "ruff"), "check", "--quiet", "."],
        [str(BIN / "ruff"), "format", "--quiet", "--check", "."],
        [str(BIN / "lint-imports"), "--no-cache"],
        [str(BIN / "mypy")],
    )
    for command in checks:
        print("$ " + " ".join([Path(command[0]).name, *command[1:]]), flush=True)
        status = subprocess.call(command, cwd=ROOT)
        if status:
            return status
    alone = any(one.startswith("-n") or one in ("-x", "--pdb", "-s") for one in options)
    spread = [] if alone else SPREAD
    # what was installed and built is promised: tests/conftest.py lets no test be skipped for want of it
    promised = {"REPLAY_VIEWER_WHOLE": "1"} if sys.platform == "linux" and shutil.which("apt-get") else {}
    command = [str(BIN / "python"), "-m", "pytest", *spread, *options]
    return subprocess.call(command, cwd=ROOT, env={**os.environ, **promised})


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except subprocess.CalledProcessError as failed:
        step = " ".join(str(part) for part in failed.cmd)
        print(f"Setting up failed at “{step}”. What it printed stands above; run the same again.", file=sys.stderr)
        sys.exit(1)
