"""Watched marks and tags: kept by the session's id, found by the query language."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay_viewer.cli.main import main
from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.session import Marks
from replay_viewer.library import Library
from tests import factories


@pytest.fixture
def library(tmp_path: Path) -> Library:
    made = Library.open(tmp_path / "home")
    for name in ("one", "two", "three"):
        factories.add_session(made, [], id=name)
    return made


def ids(library: Library, query: str) -> set[str]:
    return {session.id for session in library.sessions(query)}


def test_marks_are_kept_and_found(library: Library) -> None:
    assert library.marks.of(["one", "two"]) == {}
    assert library.marks.change("one", watched=5.0, add=["Checkout", "vip"]) == Marks(
        watched=5.0, tags=["checkout", "vip"]
    )
    library.marks.change("two", add=["check"])
    assert ids(library, "tag:checkout") == {"one"}
    assert ids(library, "tag:check") == {"two"}, "a tag is looked for as a whole"
    assert ids(library, "tag:100%") == set()
    assert ids(library, "is:watched") == {"one"}
    assert ids(library, "is:unwatched") == {"two", "three"}
    assert library.count("is:unwatched tag:check") == 1
    assert library.marks.tags() == {"check": 1, "checkout": 1, "vip": 1}


def test_marks_are_taken_back(library: Library) -> None:
    library.marks.change("one", watched=5.0, add=["vip"])
    assert library.marks.change("one", watched=0.0, remove=["VIP", "none"]) == Marks()
    assert library.marks.of(["one"]) == {}


def test_marks_go_with_the_session_and_outlive_a_new_import(library: Library) -> None:
    library.marks.change("one", add=["vip"])
    factories.add_session(library, [], id="one")
    assert ids(library, "tag:vip") == {"one"}
    library.delete("one")
    assert library.marks.tags() == {}


@pytest.mark.parametrize("text", ["", "two words", "a" * 41, "%"])
def test_what_is_no_tag(library: Library, text: str) -> None:
    with pytest.raises(BadInput, match="is no tag"):
        library.marks.change("one", add=[text])


def test_by_command(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    home = ["--home", str(library.home)]
    assert main(["mark", *home]) == 0
    assert "No session is tagged" in capsys.readouterr().out
    assert main(["mark", "one", "two", *home, "--tag", "vip", "--watched"]) == 0
    out = capsys.readouterr().out
    assert out.count("vip") == 2
    assert "not watched" not in out
    assert main(["list", "tag:vip", *home]) == 0
    assert "one" in capsys.readouterr().out
    assert main(["mark", "one", *home, "--unwatched", "--untag", "vip", "--json"]) == 0
    capsys.readouterr()
    assert main(["mark", *home]) == 0
    assert "vip" in capsys.readouterr().out
    assert main(["list", "is:other", *home]) == 1
    assert "watched" in capsys.readouterr().err
