"""The desktop entry: valid, found again by the desktop's own rules, and deaf to options in links."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from replay_viewer.cli.main import parser
from tests.packaging import script

desktop = script("install_desktop")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program whose path has everything that needs quoting."""
    path: Path = tmp_path_factory.mktemp("odd") / 'a "b" $c `d` 100%u \\e'
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def entry_of(path: Path) -> configparser.SectionProxy:
    read = configparser.RawConfigParser()
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read_string(path.read_text())
    return read["Desktop Entry"]


def words(line: str) -> list[str]:
    """The arguments of an Exec value as the specification reads it: unescape the value, unquote, then field codes."""
    value = line.replace("\\\\", "\\")
    found = re.findall(r'"((?:\\.|[^"\\])*)"|(\S+)', value)
    plain = [bare or re.sub(r"\\(.)", r"\1", quoted) for quoted, bare in found]
    return [word if word == "%u" else word.replace("%%", "%") for word in plain]


def test_installs_and_removes(tmp_path: Path, program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert desktop.main(["--program", str(program)]) == 0
    entry = entry_of(tmp_path / "applications" / "replay-viewer.desktop")
    assert words(entry["Exec"]) == [str(program), "open", "--", "%u"]
    assert entry["TryExec"].replace("\\\\", "\\") == str(program)
    assert "x-scheme-handler/replay-viewer" in entry["MimeType"].split(";")
    assert (tmp_path / "icons" / "hicolor" / "scalable" / "apps" / f"{entry['Icon']}.svg").exists()
    described = ElementTree.parse(tmp_path / "mime" / "packages" / "replay-viewer.xml").getroot()
    kinds = [kind.get("type") for kind in described]
    assert set(kinds) <= set(entry["MimeType"].split(";"))
    assert desktop.main(["--remove"]) == 0
    assert desktop.remove(tmp_path) == 0
    left = [path for path in tmp_path.rglob("*") if path.is_file() and "replay-viewer" in path.name]
    assert not left


@pytest.mark.skipif(not shutil.which("desktop-file-validate"), reason="desktop-file-utils is not installed")
def test_is_valid(tmp_path: Path, program: Path) -> None:
    path = tmp_path / "replay-viewer.desktop"
    path.write_text(desktop.desktop_entry(program))
    ran = subprocess.run(["desktop-file-validate", str(path)], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (0, "")


def test_a_missing_program_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert desktop.main(["--program", str(tmp_path / "nothing")]) == 1
    assert "--program" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_data_home() -> None:
    assert desktop.data_home({"XDG_DATA_HOME": "/x"}) == Path("/x")
    assert desktop.data_home({"XDG_DATA_HOME": "x"}) == Path.home() / ".local" / "share"


@pytest.mark.parametrize(
    "handed",
    [
        "replay-viewer://session/a?t=1",
        "--home=/tmp/evil",
        "--help",
        "-h",
        "--",
        "--theme",
        "replay-viewer:--home /tmp/evil",
    ],
)
def test_what_the_desktop_hands_over_is_no_option(handed: str) -> None:
    """The words after `--`, whatever they are, are the thing to open."""
    template = (desktop.TEMPLATES / "replay-viewer.desktop").read_text()
    line = next(line for line in template.splitlines() if line.startswith("Exec="))
    arguments = [handed if word == "%u" else word for word in line.removeprefix("Exec=").split()[1:]]
    options = parser().parse_args(arguments)
    assert (options.command, options.home, options.theme) == ("open", None, None)
    assert options.what in (handed, None if handed == "--" else handed)


def test_the_menu_starts_it_with_nothing() -> None:
    assert parser().parse_args(["open", "--"]).what is None
