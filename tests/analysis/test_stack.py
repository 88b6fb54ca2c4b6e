"""Stacks of three browsers, and titles."""

from __future__ import annotations

import pytest

from replay_viewer.analysis.stack import parse_line, parse_stack, split_title


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("    at onClick (http://a.test/app.js:14:13404)", ("onClick", "http://a.test/app.js", 14, 13404)),
        ("at http://a.test/app.js:8:144657", ("", "http://a.test/app.js", 8, 144657)),
        ("onClick (http://a.test/app.js:14:13404)", ("onClick", "http://a.test/app.js", 14, 13404)),
        ("http://a.test/app.js:8:1", ("", "http://a.test/app.js", 8, 1)),
        ("at async T0 (http://a.test/app.js:11:5)", ("T0", "http://a.test/app.js", 11, 5)),
        ("at new Foo (webpack://x/./src/a.js:1:2)", ("new Foo", "webpack://x/./src/a.js", 1, 2)),
        ("at Object.<anonymous> (file:///C:/a (1)/b.js:3:4)", ("Object.<anonymous>", "file:///C:/a (1)/b.js", 3, 4)),
        ("pay@https://a.test/@scope/app.js:10:20", ("pay", "https://a.test/@scope/app.js", 10, 20)),
        ("global code@https://a.test/app.js:10:20", ("", "https://a.test/app.js", 10, 20)),
        ("at Array.map (<anonymous>)", ("Array.map", "<anonymous>", 0, 0)),
        ("map@[native code]", ("map", "native code", 0, 0)),
        ("f (:191:1068)", ("f", "", 191, 1068)),
        ("at eval (eval at run (http://a.test/x.js:1:2), <anonymous>:3:4)", ("eval", "<anonymous>", 3, 4)),
    ],
)
def test_a_line_of_any_browser(line: str, expected: tuple[str, str, int, int]) -> None:
    frame = parse_line(line)
    assert frame is not None
    assert (frame.function, frame.file, frame.line, frame.column) == expected


@pytest.mark.parametrize("line", ["", "TypeError: x is null", "at ", "(", "@", "x" * 10_000, "a:b"])
def test_what_is_no_frame(line: str) -> None:
    assert parse_line(line) is None


def test_frames_come_oldest_first_without_the_message() -> None:
    stack = "TypeError: x\n    at inner (http://a.test/a.js:1:2)\n    at outer (http://a.test/node_modules/b.js:3:4)"
    frames = parse_stack(stack)
    assert [frame.function for frame in frames] == ["outer", "inner"]
    assert [frame.in_app for frame in frames] == [False, True]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Uncaught TypeError: x is null", ("TypeError", "x is null")),
        ("Uncaught (in promise) PaymentError: charge failed", ("PaymentError", "charge failed")),
        ("Uncaught (in promise) just a string", ("", "just a string")),
        ("Failed to load: 404", ("", "Failed to load: 404")),
        ("Failed: 404", ("", "Failed: 404")),
        ("RangeError", ("RangeError", "")),
        ("", ("", "")),
    ],
)
def test_type_and_message(title: str, expected: tuple[str, str]) -> None:
    assert split_title(title) == expected
