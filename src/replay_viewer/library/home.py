"""Where the library lies on this machine."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def home_dir(override: str | None = None) -> Path:
    """The library's folder: `override` (--home), else REPLAY_VIEWER_HOME, else the platform's user data folder.

    Nothing is created.
    """
    chosen = override or os.environ.get("REPLAY_VIEWER_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    return platformdirs.user_data_path("replay-viewer", appauthor=False)
