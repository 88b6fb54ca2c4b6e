"""What the run command installs and builds is there in its tests, or they fail: nothing is skipped in silence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_TESTS = """
import pytest
@pytest.mark.skipif(True, reason="tests/e2e/sdks is not built")
def test_built(): ...
@pytest.mark.skipif(True, reason="../shared/data is not there")
def test_data(): ...
def test_late():
    pytest.skip("chromium is not installed")
@pytest.mark.xfail(raises=AssertionError, reason="the page is not built")
def test_expected():
    assert False
"""


def _run(folder: Path, whole: bool) -> str:
    (folder / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    (folder / "test_some.py").write_text(_TESTS)
    (folder / "test_file.py").write_text("import pytest\npytest.importorskip('chromium_that_is_not_there')\n")
    environment = {name: value for name, value in os.environ.items() if name != "REPLAY_VIEWER_WHOLE"}
    environment |= {"PYTHONPATH": str(ROOT)} | ({"REPLAY_VIEWER_WHOLE": "1"} if whole else {})
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--continue-on-collection-errors"]
    done = subprocess.run([*command, str(folder)], cwd=folder, env=environment, capture_output=True, text=True)
    return done.stdout


@pytest.mark.parametrize("whole", [False, True])
def test_skips_for_want_of_what_is_promised_fail_there(tmp_path: Path, whole: bool) -> None:
    said = _run(tmp_path, whole)
    if whole:
        assert "1 failed, 1 skipped, 1 xfailed, 2 errors" in said
        assert "tests/e2e/sdks is not built: packaging/run.py test promises it" in said
    else:
        assert "4 skipped, 1 xfailed" in said
