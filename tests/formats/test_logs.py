"""Saved consoles and logs: Chrome's text, JSON lines, arrays, CSV; with and without times."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.rows import ConsoleEntry, ErrorEvent
from replay_viewer.formats import Linked, Skipped, read_paths

T0 = 1_700_000_000_000


def read(path: Path, text: str) -> tuple[list[Any], list[Skipped]]:
    path.write_text(text)
    found = list(read_paths([path]))
    rows = [row for piece in found if isinstance(piece, Linked) for row in piece.rows]
    return rows, [piece for piece in found if isinstance(piece, Skipped)]


CHROME = """\
22:13:19.250 main.js:4 loading {total: 3}
22:13:19.500 main.js:9  GET https://shop.test/api/items 502 (Bad Gateway)
load @ main.js:9
22:13:19.900 main.js:12 Uncaught TypeError: Cannot read properties of undefined (reading 'total')
    at pay (https://shop.test/main.js:12:7)
    at https://shop.test/main.js:20:3
22:13:20.000 said in
two lines
"""


def test_a_saved_console_with_times(tmp_path: Path) -> None:
    rows, said = read(tmp_path / f"shop.test-{T0 + 5000}.log", CHROME)
    lines = [row for row in rows if isinstance(row, ConsoleEntry)]
    assert [(row.t - T0, row.level) for row in lines] == [(-750, "log"), (-500, "error"), (-100, "error"), (0, "log")]
    assert lines[0].message == "loading {total: 3}"
    assert lines[3].message == "said in\ntwo lines"
    [error] = [row for row in rows if isinstance(row, ErrorEvent)]
    assert error.exceptions[0].type == "TypeError"
    assert [frame.line for frame in error.exceptions[0].frames] == [20, 12]
    assert "read as UTC" in said[0].message


def test_a_saved_console_without_times(tmp_path: Path) -> None:
    rows, said = read(tmp_path / f"shop.test-{T0}.log", "main.js:4 one\nmain.js:5 two\n")
    assert [(row.t - T0, row.message) for row in rows] == [(-1, "one"), (0, "two")]
    assert "no times" in said[0].message


def test_json_lines(tmp_path: Path) -> None:
    """pino's numbers, seconds, words, an error with its stack, a line cut off."""
    stack = "TypeError: x\n    at pay (https://shop.test/main.js:12:7)"
    lines = [
        {"level": 30, "time": T0, "msg": "hello", "order": 7},
        {"severity": "WARNING", "timestamp": "2023-11-14T22:13:21Z", "message": "slow"},
        {"level": "error", "ts": T0 / 1000 + 2, "message": "TypeError: x", "stack": stack},
    ]
    rows, said = read(tmp_path / "app.jsonl", "\n".join(map(json.dumps, lines)) + '\n{"level": 30, "ti')
    console = [row for row in rows if isinstance(row, ConsoleEntry)]
    assert [(row.t - T0, row.level, row.message) for row in console] == [
        (0, "info", "hello"),
        (1000, "warn", "slow"),
        (2000, "error", "TypeError: x"),
    ]
    assert console[0].arguments == [{"order": 7}]
    assert [row.title for row in rows if isinstance(row, ErrorEvent)] == ["TypeError: x"]
    assert [piece.count for piece in said if piece.code == "undated"] == [1]
    again, _ = read(tmp_path / "app.json", json.dumps(lines))
    assert again == rows


def test_tables(tmp_path: Path) -> None:
    rows, _ = read(tmp_path / "log.csv", f'Timestamp;Level;Message\n{T0};error;"a; b"\n2023-11-14 22:13:21;info;c\n')
    assert [(row.t - T0, row.level, row.message) for row in rows] == [(0, "error", "a; b"), (1000, "info", "c")]


@pytest.mark.parametrize(
    ("name", "text"),
    [("notes.txt", "Dear all,\nplease find attached what we said.\n"), ("a.csv", "name,price\nx,1\n"), ("b.log", "")],
)
def test_what_is_no_log(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(BadInput):
        read(tmp_path / name, text)
