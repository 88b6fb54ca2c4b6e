"""Where the files that ship with the program lie: beside the package when installed, in the repository otherwise."""

from __future__ import annotations

from pathlib import Path

_PACKAGED = Path(__file__).resolve().parents[1] / "resources"
_REPOSITORY = Path(__file__).resolve().parents[3] / "resources"


def resource(*parts: str) -> Path:
    """Path of a shipped file or folder, such as `resource("icons", "play.svg")`; it need not exist."""
    base = _PACKAGED if _PACKAGED.is_dir() else _REPOSITORY
    return base.joinpath(*parts)
