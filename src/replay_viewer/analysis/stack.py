"""Stack traces as browsers write them, as frames.

Forms read: Chromium (`at fn (url:line:col)`, `at url:line:col`, also without `at`, as rrweb's console plugin keeps
them), Firefox (`fn@url:line:col`) and Safari (`fn@url:line:col`, `url:line:col`, `fn@[native code]`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from replay_viewer.domain.rows import Frame

_LOCATION = re.compile(r"^(.*?):(\d{1,9})(?::(\d{1,9}))?$")
_TITLE = re.compile(r"^(?:Uncaught )?(?:\(in promise\) ?)?(?:([A-Za-z_$][\w$.]*)(?:: |$))?(.*)$", re.DOTALL)
_NOT_OURS = ("/node_modules/", "<anonymous>", "native", "[native code]", "-extension://", "webpack/bootstrap")

#: Longer lines and deeper stacks are hostile or useless.
_MAX_LINE, _MAX_FRAMES = 4000, 200


def in_app(file: str) -> bool:
    """Whether a frame's file looks like the application's own code (not a library, the browser or an extension)."""
    return bool(file) and not any(mark in file for mark in _NOT_OURS)


def _frame(function: str, location: str) -> Frame | None:
    function = function.strip().removeprefix("async ")
    location = location.strip()
    if location.startswith("eval at "):
        location = location.rpartition(", ")[2]
    if match := _LOCATION.match(location):
        file, line, column = match.groups()
        return Frame(function=function, file=file, line=int(line), column=int(column or 0), in_app=in_app(file))
    if location in ("<anonymous>", "native", "[native code]", "native code"):
        return Frame(function=function, file=location.strip("[]"), in_app=False)
    return None


def parse_line(line: str) -> Frame | None:
    """One line of a stack as a frame; None when it is not one."""
    line = line.strip()
    if not line or len(line) > _MAX_LINE:
        return None
    chromium = line.startswith("at ")
    if chromium:
        line = line[3:]
    if line.endswith(")") and "(" in line:
        # The first bracket of the location: names such as `Object.foo [as bar]` hold none, file names may.
        function, _, location = line[:-1].partition(" (")
        if not location and line.startswith("("):
            function, location = "", line[1:-1]
        return _frame(function, location)
    if not chromium and "@" in line:
        function, _, location = line.partition("@")
        if "://" not in function:
            return _frame("" if function in ("global code", "module code") else function, location)
    return _frame("", line.removeprefix("async "))


def parse_trace(lines: Iterable[Any]) -> list[Frame]:
    """Frames of stack lines as browsers give them (newest first), oldest first."""
    frames: list[Frame] = []
    for line in lines:
        if isinstance(line, str) and (frame := parse_line(line)) is not None:
            frames.append(frame)
            if len(frames) >= _MAX_FRAMES:
                break
    frames.reverse()
    return frames


def parse_stack(stack: str) -> list[Frame]:
    """Frames of `Error.stack`, oldest first. Lines of the message are skipped."""
    return parse_trace(stack[:200_000].splitlines())


def split_title(title: str) -> tuple[str, str]:
    """Type and message of `Uncaught TypeError: x is null`; the type is '' when the text names none."""
    match = _TITLE.match(title.strip())
    if match is None:
        return "", title.strip()
    type_, value = match.group(1) or "", match.group(2)
    # A colon alone does not make a type: "Failed: x" is a message, `TypeError: x` is not.
    if type_ and not (type_.endswith(("Error", "Exception", "Rejection", "Warning")) or type_ == "Uncaught"):
        return "", (f"{type_}: {value}" if value else type_)
    return type_, value
