"""How commands print: aligned text for people, JSON for programs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import msgspec


def to_plain(value: Any) -> Any:
    """A value made of what JSON knows; structs keep all their fields, defaults included."""
    if isinstance(value, msgspec.Struct):
        return {name: to_plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    return value


def print_json(value: Any) -> None:
    """Print one JSON document, indented."""
    print(msgspec.json.format(msgspec.json.encode(to_plain(value)), indent=2).decode())


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print columns aligned; numbers (cells that start with a digit) to the right."""
    table = [list(head), *(list(row) for row in rows)]
    widths = [max(len(row[n]) for row in table) for n in range(len(head))]
    for number, row in enumerate(table):
        cells = [
            cell.rjust(widths[n]) if number and cell[:1].isdigit() and n else cell.ljust(widths[n])
            for n, cell in enumerate(row)
        ]
        print("  ".join(cells).rstrip())


def note(text: str) -> None:
    """Tell a person something that is not the result: on stderr, so that pipes stay clean."""
    print(text, file=sys.stderr)


class ProgressLine:
    """A line on stderr that is rewritten while something runs; silent when stderr is not a terminal."""

    def __init__(self) -> None:
        self._shown = False
        self._on = sys.stderr.isatty()

    def show(self, text: str) -> None:
        """Replace the line."""
        if self._on:
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
            self._shown = True

    def clear(self) -> None:
        """Remove the line."""
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._shown = False
