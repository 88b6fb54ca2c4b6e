"""Sites unlike the shared recordings, under the real recorder: painted, each says what the recorded page said."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e import varied
from tests.e2e.dom_programs import RECORDER
from tests.qt.player.conftest import Bench, bench

chromium = pytest.importorskip("chromium")

__all__ = ["bench"]

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.webengine,
    pytest.mark.skipif(chromium.executable() is None, reason="chromium is not installed"),
    pytest.mark.skipif(not RECORDER.is_file(), reason="the recorder is not installed (npm ci in resources/player)"),
]

SITES = [name for name in varied.names() if name not in varied.BY_HAND]


@pytest.fixture(scope="module")
def visits() -> dict[str, varied.Visit]:
    with chromium.Chromium(pace=0.1) as browser:
        return {visit.name: visit for visit in varied.record(browser, SITES)}


@pytest.mark.parametrize("name", SITES)
def test_painted_as_recorded(visits: dict[str, varied.Visit], bench: Bench, name: str) -> None:
    visit = visits[name]
    bench.use(visit.events)

    def asked(script: str) -> Any:
        got: list[Any] = []
        bench.view.page.runJavaScript(script, got.append)
        bench.qtbot.waitUntil(lambda: bool(got), timeout=10_000)
        return got[0]

    wrong = []
    # Forward, then every other step backward: what one step leaves must not show in another.
    for step, t, said, _ in [*visit.steps, *visit.steps[::-2]]:
        bench.seek_to(t)
        bench.settle()
        wrong += [f"{step}: {line}" for line in varied.differences(said, varied.painted(asked))]
    assert wrong == []
