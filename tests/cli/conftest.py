"""Commands run in this process, on a library of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from replay_viewer.cli import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on a library of its own; (status, stdout, stderr)."""
    monkeypatch.setenv("REPLAY_VIEWER_HOME", str(tmp_path / "home"))

    def call(*arguments: object) -> tuple[int, str, str]:
        try:
            status = main([str(a) for a in arguments])
        except SystemExit as left:
            status = int(left.code or 0)
        out, err = capsys.readouterr()
        return status, out, err

    return call
