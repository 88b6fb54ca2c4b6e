"""The log file: everything a person is not shown. Tokens never reach it, because nothing logs them."""

from __future__ import annotations

import contextlib
import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

from replay_viewer.library import home_dir


def log_path(home: str | None = None) -> Path:
    """Where the log lies."""
    return home_dir(home) / "replay-viewer.log"


def log_to_file(home: str | None = None) -> None:
    """Send records of level INFO and above to the log file; a disk that refuses costs the log, not the command."""
    root = logging.getLogger("replay_viewer")
    if any(isinstance(handler, RotatingFileHandler) for handler in root.handlers):
        return
    with contextlib.suppress(OSError):
        path = log_path(home)
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=2 << 20, backupCount=2, encoding="utf-8", delay=True)
        handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"))
        root.addHandler(handler)
        root.setLevel(logging.INFO)
        root.propagate = False
