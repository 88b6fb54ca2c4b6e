"""keep and clean: what a person keeps stays, the rest goes by age and size, after a question."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from replay_viewer.cli.main import main
from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.pulled import Pulled
from replay_viewer.library import Library
from replay_viewer.services.cleaning import age_of, size_of
from replay_viewer.services.importer import import_paths
from tests.services.pulling import body


def test_clean_goes_by_size_and_leaves_what_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = str(tmp_path / "home")
    ids = []
    for n in range(3):
        path = tmp_path / f"{n}.json"
        path.write_bytes(body(0, f"s-{n}"))
        ids += import_paths(tmp_path / "home", [path])
    assert main(["keep", ids[0], "--home", home]) == 0
    assert capsys.readouterr().out == "s-0 is kept.\n"
    assert main(["clean", "--home", home]) == 1
    assert "--older-than or --larger-than" in capsys.readouterr().err
    assert main(["clean", "--older-than", "1d", "--yes", "--home", home]) == 0
    assert "0 sessions" in capsys.readouterr().err
    assert main(["clean", "--larger-than", "100", "--home", home]) == 1  # nobody to ask
    assert "nobody is there" in capsys.readouterr().err
    assert main(["clean", "--larger-than", "100", "--dry-run", "--json", "--home", home]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (set(said["sessions"]), said["deleted"]) == ({"s-1", "s-2"}, False)
    assert main(["clean", "--larger-than", "100", "--yes", "--home", home]) == 0
    with Library.open(tmp_path / "home") as library:
        assert [one.id for one in library.sessions()] == ["s-0"]
        library.extras.put_pulled("s-0", Pulled(url="", source="", at=0.0, expires=(time.time() + 90_000) * 1000.0))
    capsys.readouterr()
    assert main(["list", "--home", home]) == 0
    assert "kept, gone there in 1 day " in capsys.readouterr().out
    assert main(["list", "--json", "--home", home]) == 0
    [listed] = json.loads(capsys.readouterr().out)
    assert listed["kept"] is True
    assert listed["expires"] > time.time() * 1000.0
    assert main(["show", "s-0", "--home", home]) == 0
    assert "clean-up leaves it alone" in capsys.readouterr().out
    assert main(["keep", "s-0", "--off", "--home", home]) == 0
    assert main(["clean", "--larger-than", "100", "--yes", "--home", home]) == 0
    with Library.open(tmp_path / "home") as library:
        assert library.count() == 0


def test_ages_and_sizes() -> None:
    assert (age_of("2w"), age_of("12h"), size_of("1.5 GB"), size_of("800k")) == (14 * 864e5, 432e5, 1.5e9, 8e5)
    for read, text in ((age_of, "soon"), (size_of, "big")):
        with pytest.raises(BadInput):
            read(text)
