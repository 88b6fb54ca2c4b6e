"""Drawing commands of canvases: a log per canvas that stays short.

A log is what has to be run on an empty canvas to see its picture. It begins with `getContext`; when a second entry is
`reset`, the picture the recorder serialised with the element is painted over, else the log goes on top of it.
Commands are those of rrweb: `{"property", "args", "setter"}`.

What a whole clear, a new size or a whole picture paints over is dropped, and only what it left behind stays: styles,
transformation, clips, the path begun, open `save`s. Of WebGL the clear colour and whether something was drawn is
kept: shaders of a recording are never run (docs/decisions/0007). A log that grows past `MAX_COMMANDS` or `MAX_SIZE`
loses the older half of what it drew.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, sin
from typing import Any

Command = dict[str, Any]
Matrix = tuple[float, float, float, float, float, float]

#: A log holds at most so many commands, and so many characters of arguments: what runs within about 100 ms.
MAX_COMMANDS = 20_000
MAX_SIZE = 8_000_000

_CONTEXTS = {0: "2d", 1: "webgl", 2: "webgl2"}
_UNIT: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_PATHS = "moveTo lineTo quadraticCurveTo bezierCurveTo arc arcTo ellipse rect roundRect closePath"
_PATH = frozenset(_PATHS.split())
_MOVES = frozenset(("setTransform", "resetTransform", "transform", "translate", "scale", "rotate"))
_COLOR_BIT = 0x4000
RESET: Command = {"property": "reset", "args": []}


def context(kind: int | None) -> Command:
    """The first command of a log: the context of rrweb's type 0, 1 or 2."""
    return {"property": "getContext", "args": [_CONTEXTS.get(kind or 0, "2d")]}


def is_picture(commands: Sequence[Command]) -> bool:
    """Whether these commands show a whole picture, as rrweb does when it samples canvases."""
    return any(c.get("property") == "drawImage" and "ImageBitmap" in str(c.get("args"))[:40] for c in commands[:4])


def extended(log: list[Command] | None, commands: list[Any], kind: int | None, size: tuple[float, float]
             ) -> tuple[list[Command], int]:  # fmt: skip
    """A log after further commands on a canvas of `size`, and how many drawing commands it lost for being too long.

    The same list, grown, when the old one only goes on; a new list when it begins anew.
    """
    known = [c for c in commands if isinstance(c, dict) and isinstance(c.get("property"), str)]
    begin = context(kind)
    if begin["args"][0] != "2d":
        return _webgl(log, known, begin), 0
    if is_picture(known):
        return [begin, RESET, *known], 0
    if log is None or log[0] != begin:
        log = [begin]
    start = 0
    for n, command in enumerate(known):
        name = command["property"]
        if name == "reset" or (name == "clearRect" and _wide(command, size)):
            log.extend(known[start:n])
            start = n
            if name == "reset":
                log, start = [begin, RESET], n + 1
                continue
            state = _State()
            state.run(log[1:])
            if state.covers(command, size):
                log = [begin, RESET, *state.commands()]
                start = n + 1
    before = len(log)
    log.extend(known[start:])
    # Looking at all arguments costs time, so it is done now and then, and when large ones come.
    heavy = before // 256 != len(log) // 256 or _size(known[start:]) > 50_000
    if len(log) > MAX_COMMANDS or (heavy and _size(log) > MAX_SIZE):
        return _shortened(log)
    return log, 0


def emptied(log: list[Command] | None) -> list[Command]:
    """The log of a canvas whose width or height was set: empty, all state as at first."""
    begin = log[0] if log else context(0)
    return [begin, RESET]


def _webgl(log: list[Command] | None, commands: list[Command], begin: Command) -> list[Command]:
    """Clear colour, the last clear, and one command that drew."""
    kept: dict[str, Command] = {} if log is None or log[0] != begin else {c["property"]: c for c in log[1:]}
    for command in commands:
        name, args = command["property"], command.get("args")
        mask = args[0] if isinstance(args, list) and args else 0
        if name == "clearColor":
            kept["clearColor"] = command
        elif name == "clear" and isinstance(mask, int) and mask & _COLOR_BIT:
            kept = {"clearColor": kept["clearColor"]} if "clearColor" in kept else {}
            kept["clear"] = command
        elif name.startswith("draw"):
            kept["drawArrays"] = {"property": "drawArrays", "args": []}
    return [begin, *kept.values()]


def _shortened(log: list[Command]) -> tuple[list[Command], int]:
    """A log without what its older half drew; how many commands that were."""
    half = max(1, len(log) // 2)
    begin = log[:2] if log[1] == RESET else log[:1]
    state = _State()
    state.run(log[1:half])
    short = [*begin, *state.commands(), *log[half:]]
    if len(short) > MAX_COMMANDS or _size(short) > MAX_SIZE:
        # One enormous command, or nothing but saves and paths: no page draws like that.
        return begin, len(log)
    return short, state.drawn


def _size(log: list[Command]) -> int:
    """Characters of the text in the arguments; numbers are taken to be short."""
    size = 0
    stack: list[Any] = [c.get("args") for c in log]
    while stack:
        value = stack.pop()
        if isinstance(value, str):
            size += len(value)
        elif isinstance(value, list):
            size += 8 * len(value)
            stack.extend(v for v in value if isinstance(v, str | list | dict))
        elif isinstance(value, dict):
            stack.extend(value.values())
    return size


def _numbers(command: Command, count: int) -> list[float] | None:
    args = command.get("args")
    if not isinstance(args, list) or len(args) < count:
        return None
    values = args[:count]
    return [float(v) for v in values] if all(isinstance(v, int | float) for v in values) else None


def _wide(command: Command, size: tuple[float, float]) -> bool:
    """Whether a rectangle may be the whole canvas: most are not, and need no further look."""
    box = _numbers(command, 4)
    return box is not None and abs(box[2]) * 8 >= size[0] and abs(box[3]) * 8 >= size[1]


def _product(m: Matrix, n: Matrix) -> Matrix:
    return (
        m[0] * n[0] + m[2] * n[1],
        m[1] * n[0] + m[3] * n[1],
        m[0] * n[2] + m[2] * n[3],
        m[1] * n[2] + m[3] * n[3],
        m[0] * n[4] + m[2] * n[5] + m[4],
        m[1] * n[4] + m[3] * n[5] + m[5],
    )


def _moved(m: Matrix, command: Command) -> Matrix:
    """A transformation after one more command."""
    match command["property"]:
        case "resetTransform":
            return _UNIT
        case "setTransform" | "transform":
            six = _numbers(command, 6)
            if six is None:
                return _UNIT if command["property"] == "setTransform" else m
            other: Matrix = (six[0], six[1], six[2], six[3], six[4], six[5])
            return other if command["property"] == "setTransform" else _product(m, other)
        case "translate":
            at = _numbers(command, 2)
            return m if at is None else _product(m, (1.0, 0.0, 0.0, 1.0, at[0], at[1]))
        case "scale":
            by = _numbers(command, 2)
            return m if by is None else _product(m, (by[0], 0.0, 0.0, by[1], 0.0, 0.0))
        case _:
            angle = _numbers(command, 1)
            if angle is None:
                return m
            c, s = cos(angle[0]), sin(angle[0])
            return _product(m, (c, s, -s, c, 0.0, 0.0))


class _Level:
    """What one `save` keeps: styles set since, clips, the transformation."""

    __slots__ = ("clips", "matrix", "setters")

    def __init__(self, matrix: Matrix) -> None:
        self.setters: dict[str, Command] = {}
        self.clips: list[tuple[list[tuple[Matrix, Command]], Command]] = []
        self.matrix = matrix


class _State:
    """The state of a 2D context after commands, without what they drew."""

    def __init__(self) -> None:
        self.levels = [_Level(_UNIT)]
        self.path: list[tuple[Matrix, Command]] = []
        self.drawn = 0

    def run(self, commands: Sequence[Command]) -> None:
        """Follow these commands."""
        levels = self.levels
        for command in commands:
            name = command["property"]
            level = levels[-1]
            if command.get("setter") or name == "setLineDash":
                level.setters[name] = command
            elif name in _PATH:
                self.path.append((level.matrix, command))
            elif name == "beginPath":
                self.path = [(level.matrix, command)]
            elif name == "save":
                levels.append(_Level(level.matrix))
            elif name == "restore":
                if len(levels) > 1:
                    levels.pop()
            elif name in _MOVES:
                level.matrix = _moved(level.matrix, command)
            elif name == "clip":
                level.clips.append((list(self.path), command))
            elif name == "reset":
                self.levels = levels = [_Level(_UNIT)]
                self.path = []
            else:
                self.drawn += 1

    def covers(self, command: Command, size: tuple[float, float]) -> bool:
        """Whether a rectangle, as transformed and clipped now, is all of the canvas."""
        box = _numbers(command, 4)
        a, b, c, d, e, f = self.levels[-1].matrix
        if box is None or b or c or any(level.clips for level in self.levels):
            return False
        x0, x1 = sorted((a * box[0] + e, a * (box[0] + box[2]) + e))
        y0, y1 = sorted((d * box[1] + f, d * (box[1] + box[3]) + f))
        return x0 <= 0.5 and y0 <= 0.5 and x1 >= size[0] - 0.5 and y1 >= size[1] - 0.5

    def commands(self) -> list[Command]:
        """Commands that bring an empty context into this state."""
        made: list[Command] = []
        current = _UNIT

        def move(matrix: Matrix) -> None:
            nonlocal current
            if matrix != current:
                made.append({"property": "setTransform", "args": list(matrix)})
                current = matrix

        def trace(path: list[tuple[Matrix, Command]]) -> None:
            for matrix, command in path:
                move(matrix)
                made.append(command)

        for n, level in enumerate(self.levels):
            if n:
                made.append({"property": "save", "args": []})
            for path, clip in level.clips:
                trace(path)
                made.append(clip)
            made.extend(level.setters.values())
            move(level.matrix)
        if self.path:
            trace(self.path)
            move(self.levels[-1].matrix)
        return made
