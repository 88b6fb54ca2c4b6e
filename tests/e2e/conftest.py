"""Chromium wants its flags before the application exists."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest

from replay_viewer.qt import chromium


@pytest.fixture(scope="session", autouse=True)
def _prepared() -> None:
    chromium.prepare()


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    return ["replay-viewer-tests"]
