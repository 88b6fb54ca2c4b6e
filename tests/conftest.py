"""What tests of several layers share."""

from __future__ import annotations

import os
import re
from collections.abc import Generator

import pytest

from tests.postgres import postgres

__all__ = ["postgres"]

#: Set by `packaging/run.py test`, which installs and builds all that tests drive. A test that finds something of it
#: missing is skipped elsewhere; there the skip would hide a hole, and fails.
_WHOLE = "REPLAY_VIEWER_WHOLE"
_PROMISED = re.compile(
    r"is not built|(chromium|recorder|uv) is not installed|npm ci|npm packages are|"
    r"could not import '(chromium|demo_|av)"
)


def _broken(reason: str) -> str:
    """What is said of a skip that must not be; '' for one that may."""
    if not os.environ.get(_WHOLE) or not _PROMISED.search(reason):
        return ""
    return f"{reason}: packaging/run.py test promises it. Remove .venv/replay-viewer.stamp to set up anew."


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that is skipped for want of what the run command promises fails."""
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple) and (said := _broken(report.longrepr[2])):
        report.outcome, report.longrepr = "failed", said
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """So does a whole file."""
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple) and (said := _broken(report.longrepr[2])):
        report.outcome, report.longrepr = "failed", said
    return report


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a case that is bytes by its argument and number, not by its content.

    Packed bytes hold the time of packing (gzip's header does), so an identifier made of them differs from process
    to process, and the workers that share a run refuse it because they no longer see the same tests.
    """
    return argname if isinstance(val, bytes) else None
