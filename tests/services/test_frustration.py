"""Signals of real recordings against what their SDKs said themselves, and the thresholds of a library."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay_viewer.analysis.frustration import DEFAULTS, Signal, adjusted
from replay_viewer.cli import main
from replay_viewer.library import Library
from replay_viewer.services import frustration
from replay_viewer.services.importer import import_paths
from tests.data_dir import needs_shared, session_dir


def _found(home: Path, name: str) -> list[Signal]:
    (id,) = import_paths(home, [session_dir(name)])
    with Library.open(home) as library:
        return frustration.find(library, library.session(id))


@needs_shared
@pytest.mark.parametrize("name", ["shop_posthog", "shop_sentry_unmasked"])
def test_signals_of_a_real_recording_are_told_once(tmp_path: Path, name: str) -> None:
    found = _found(tmp_path, name)
    kinds = {one.kind for one in found}
    assert {"rage-click", "dead-click", "error-click"} <= kinds
    assert any(one.said_by for one in found), "what the SDK said is there"
    thrown = [one for one in found if one.kind == "error-click" and "Throw TypeError" in one.words]
    assert len(thrown) == 1
    assert [part.kind for part in thrown[0].evidence][:2] == ["interactions", "errors"]
    for one in found:
        twins = [other for other in found if other.kind == one.kind and abs(other.t - one.t) < 300]
        assert len({other.said_by for other in twins}) == 1, f"{one.words} is told by us and by the SDK"


@needs_shared
def test_thresholds_are_kept_and_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (id,) = import_paths(tmp_path, [session_dir("shop_idle_rrweb")])
    assert main(["rows", id, "frustration", "--home", str(tmp_path)]) == 0
    assert "dead-click" in capsys.readouterr().out
    arguments = ["rows", id, "frustration", "--home", str(tmp_path), "--threshold", "dead_wait=100000"]
    assert main(arguments) == 0
    assert "dead-click" not in capsys.readouterr().out
    assert main([*arguments[:-1], "nonsense=1"]) == 1
    with Library.open(tmp_path) as library:
        assert frustration.thresholds(library) == DEFAULTS
        frustration.set_thresholds(library, adjusted(["rage_clicks=9"]))
        assert frustration.thresholds(library).rage_clicks == 9
        frustration.set_thresholds(library, DEFAULTS)
        assert library.setting(frustration.SETTING) is None
