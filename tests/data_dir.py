"""Where the shared recordings lie; tests that need them are skipped only in a clone without them."""

from __future__ import annotations

from pathlib import Path

import pytest

_shared = Path(__file__).resolve().parents[2] / "shared" / "data"
SHARED: Path | None = _shared if _shared.is_dir() else None

needs_shared = pytest.mark.skipif(SHARED is None, reason="../shared/data is not there")


def session_dir(name: str) -> Path:
    """Folder of one shared recording."""
    assert SHARED is not None
    return SHARED / "sessions" / name
