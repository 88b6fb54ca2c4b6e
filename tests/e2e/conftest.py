"""Chromium wants its flags before the application exists."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from pathlib import Path

import pytest

from replay_viewer.qt import chromium

#: What Chromium and the offscreen platform say on a machine without a display, a bus or a graphics card.
HARMLESS = ("QRhiGles2", "Failed to create RHI", "GPUInfo not initialized", "Sandboxing disabled", "This plugin does")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The messages of a Chromium without graphics are no failures of the tests here."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.qt_log_ignore(*HARMLESS))


@pytest.fixture(scope="session", autouse=True)
def _prepared() -> None:
    chromium.prepare()


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    return ["replay-viewer-tests"]
