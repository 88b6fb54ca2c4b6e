"""Notes on the command line; two people's notes that come together by bundles, nothing lost."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from replay_viewer.cli import main
from replay_viewer.domain.resources import resource
from replay_viewer.domain.session import Note, in_order
from replay_viewer.library import Library
from replay_viewer.services.bundle import import_bundle, write_bundle
from replay_viewer.services.importer import import_paths
from replay_viewer.services.notes import author, choose_author


def _library(folder: Path) -> tuple[Library, str]:
    [id] = import_paths(folder, [resource("samples", "checkout-502")])
    return Library.open(folder), id


def _note(id: str, session: str, text: str, **more: object) -> Note:
    return msgspec.structs.replace(Note(id=id, session=session, t=5.0, text=text, created=1.0, changed=1.0), **more)


def test_two_peoples_notes_merge(tmp_path: Path) -> None:
    mine, id = _library(tmp_path / "mine")
    theirs, _ = _library(tmp_path / "theirs")
    common = _note("n1", id, "button does nothing", author="ada")
    for library in (mine, theirs):
        library.put_note(common)
    mine.put_note(_note("mine", id, "my own", author="ada"))
    mine.put_note(msgspec.structs.replace(common, text="button does nothing, twice", changed=20.0))
    theirs.put_note(msgspec.structs.replace(common, text="gateway answers 502", changed=30.0, author="bo"))
    theirs.put_note(_note("theirs", id, "their own", author="bo", x=3.0, y=4.0, colour="failed", place=0))
    write_bundle(theirs, id, tmp_path / "theirs.replay")
    for _ in range(2):  # a second time brings nothing new
        assert import_bundle(mine, tmp_path / "theirs.replay") == id
        assert sorted((note.text, note.author) for note in mine.notes(id)) == [
            ("button does nothing, twice", "ada"), ("gateway answers 502", "bo"), ("my own", "ada"),
            ("their own", "bo"),
        ]  # fmt: skip
    pinned = next(note for note in mine.notes(id) if note.id == "theirs")
    assert (pinned.x, pinned.y, pinned.colour, pinned.place) == (3.0, 4.0, "failed", 0)
    # An older one does not undo a later change.
    write_bundle(mine, id, tmp_path / "mine.replay")
    theirs.put_note(msgspec.structs.replace(common, text="gateway answers 502, fixed", changed=40.0, author="bo"))
    import_bundle(theirs, tmp_path / "mine.replay")
    assert theirs.note("n1").text == "gateway answers 502, fixed"  # type: ignore[union-attr]
    mine.close()
    theirs.close()


def test_order() -> None:
    made = [_note("b", "s", "", created=1.0), _note("a", "s", "", created=2.0), _note("c", "s", "", t=1.0),
            _note("z", "s", "", t=99.0, place=0)]  # fmt: skip
    assert [note.id for note in in_order(made)] == ["z", "c", "b", "a"]


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    library, id = _library(tmp_path / "home")
    choose_author(library, "Support A")
    assert author(library) == "Support A"
    at = ["--home", str(tmp_path / "home")]
    spot = ["add", "here", "--at", "3", "--spot", "320,200", "--colour", "failed"]
    assert main(["note", id, *at, *spot]) == 0
    first = capsys.readouterr().out.strip()
    assert main(["note", id, *at, "add", "later", "--at", "9", "--author", "Bo"]) == 0
    second = capsys.readouterr().out.strip()
    assert main(["note", id, *at, "move", second, "1"]) == 0
    assert main(["note", id, *at, "edit", first, "changed", "--colour", "none"]) == 0
    assert [(one.text, one.author, one.colour, one.x) for one in library.notes(id)] == [
        ("later", "Bo", "", -1.0), ("changed", "Support A", "", 320.0),
    ]  # fmt: skip
    assert main(["note", id, *at, "move", second, "0"]) == 0
    assert [one.text for one in library.notes(id)] == ["changed", "later"]
    assert main(["note", id, *at, "add", "x", "--at", "3", "--spot", "here"]) == 1
    assert main(["note", id, *at, "edit", "nothing", "x"]) == 1
    library.close()
