"""The table of commands and the modules they are in; instants and ranges as arguments."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import subprocess
import sys

import pytest

from replay_viewer import cli
from replay_viewer.cli.main import COMMANDS
from replay_viewer.cli.places import instant, parse_range
from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.session import Session


def test_every_module_says_its_commands() -> None:
    found = {}
    for module in pkgutil.iter_modules(cli.__path__):
        add = getattr(importlib.import_module(f"replay_viewer.cli.{module.name}"), "add_commands", None)
        if add is not None:
            some = argparse.ArgumentParser().add_subparsers()
            add(some, argparse.ArgumentParser(add_help=False))
            found[module.name] = tuple(some.choices)
    assert found == COMMANDS


def test_as_a_module_and_only_what_is_needed() -> None:
    asked = subprocess.run([sys.executable, "-m", "replay_viewer", "--version"], capture_output=True, text=True)
    assert asked.returncode == 0
    assert asked.stdout.startswith("replay-viewer ")
    code = "import sys; from replay_viewer.cli.main import parser; parser('rows'); print('uvicorn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


def test_instants_outside_of_the_session(capsys: pytest.CaptureFixture[str]) -> None:
    session = Session(id="s", start=1_000_000_000_000.0, end=1_000_000_065_000.0)
    assert instant("12.5", session) == session.start + 12_500
    assert capsys.readouterr().err == ""
    assert instant("1:30", session) == session.end
    assert capsys.readouterr().err == ("The session is 1:05.0 long; 1:30 is after its end, which is taken instead.\n")
    assert instant("-5", session) == session.start
    assert "before its start" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["5..3", "1:30", "99:99:99..", "..0:60"])
def test_what_is_no_range(text: str) -> None:
    with pytest.raises(BadInput):
        parse_range(text, Session(id="s", start=1_000_000_000_000.0, end=1_000_000_065_000.0))
