"""The table of commands, and the modules they are in."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import subprocess
import sys

from replay_viewer import cli
from replay_viewer.cli.main import COMMANDS


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
