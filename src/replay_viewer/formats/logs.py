"""Console output saved as a file: Chrome's “Save as…”, JSON lines, CSV; lines that say when they were written.

Chrome (DevTools `ConsoleView._saveConsole`): `checkout.js:12 message`, continued lines as they are, with a time in
front when “Show timestamps” is on. The file is named `host-1700000000000.log`: when it was saved, epoch ms.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any, Literal, cast

import msgspec

from replay_viewer.domain.rows import ConsoleEntry, ErrorEvent, Frame, Raised, Row
from replay_viewer.domain.session import Facts
from replay_viewer.formats.base import Document, Format, Linked, Malformed, Piece, Said, Skipped, TooLarge, register
from replay_viewer.formats.base.values import mapping, moment, text

MAX_FILE = 256 << 20
_DAY = 86_400_000.0
_TIMES = ("timestamp", "@timestamp", "time", "ts", "date", "datetime", "_time", "t")
_MESSAGES = ("message", "msg", "text", "log", "_msg", "event")
_LEVELS = ("level", "severity", "lvl", "loglevel", "levelname", "type")
#: pino and bunyan write numbers.
_NUMBERS = {10: "debug", 20: "debug", 30: "info", 40: "warn", 50: "error", 60: "error"}
_WORDS = {
    **dict.fromkeys(("err", "fatal", "critical", "emerg", "exception"), "error"),
    **dict.fromkeys(("trace", "verbose"), "debug"),
    **dict.fromkeys(("notice", "information"), "info"),
    "warning": "warn",
}
Level = Literal["debug", "log", "info", "warn", "error"]

_OFFSET = "Attach it to a session and set its offset."
_ZONE = f"The log tells times of day in the zone of whoever saved it; they are read as UTC. {_OFFSET}"
_SAVED = re.compile(r"-(1\d{12})\.(?:log|txt)$")
_CLOCK = re.compile(r"^(?:(\d{4}-\d\d-\d\d)[T ])?(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,6}))?(Z|[+-]\d\d:?\d\d)?\s+")
_PLACE = re.compile(r"^(?:\S+?:\d+(?::\d+)?|\(anonymous\)|VM\d+\S*)\s+")
_STACK = re.compile(r"^\s+at\s|^\s*\S+ @ \S+:\d+|^    ")
_FRAME = re.compile(r"^\s+at (?:(?P<function>.*?) \()?(?P<file>\S+?):(?P<line>\d+):(?P<column>\d+)\)?$")
_FAILS = re.compile(
    r"^(?:Uncaught\b|[A-Z]\w*Error\b|Error\b)|\b(?:GET|POST|PUT|DELETE|PATCH) \S+ (?:4|5)\d\d\b|net::ERR_"
)


def sniff(document: Document) -> bool:
    """Objects with a time and a message (a line, or an array), a table with such columns, or a saved console."""
    if _first(document.head) is not None:
        return True
    item = document.shape.item.keys
    if (
        document.shape.first == "["
        and item.get("event", document.shape).first != "{"
        and _is_line(dict.fromkeys(item, ""))
    ):
        return True
    return _table(document.head) is not None or _is_console(document)


def _is_line(value: dict[str, Any]) -> bool:
    """Whether an object is a line of a log: when, and what; not an event of a recording or a backend."""
    keys = value.keys()
    if isinstance(value.get("event"), dict):
        return False
    return (
        any(name in keys for name in _TIMES)
        and any(name in keys for name in _MESSAGES)
        and not {"data", "event_id", "properties", "events", "exception", "sessionId", "api_key"} & keys
    )


def _first(head: bytes) -> dict[str, Any] | None:
    """The object of the first line when it is a line of a log."""
    line = head.split(b"\n", 1)[0].strip()
    if not line.startswith(b"{"):
        return None
    try:
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) and _is_line(value) else None


def _table(head: bytes) -> list[str] | None:
    """The columns of a CSV that has when and what."""
    line = head.split(b"\n", 1)[0].decode("utf-8", "replace").strip()
    if line[:1] in "{[<" or not ("," in line or ";" in line or "\t" in line):
        return None
    try:
        columns = [name.strip().lower() for name in next(csv.reader([line], delimiter=_delimiter(line)), [])]
    except csv.Error:  # no text at all
        return None
    found = any(name in columns for name in _TIMES) and any(name in columns for name in _MESSAGES)
    return columns if found else None


def _delimiter(line: str) -> str:
    return max(",;\t", key=line.count)


def _is_console(document: Document) -> bool:
    """A text file called .log or .txt most of whose first lines have a time or a place in front."""
    name = document.name.lower()
    if not name.endswith((".log", ".txt")) or document.shape.first in ("{", "["):
        return False
    lines = [line for line in document.head.decode("utf-8", "replace").split("\n")[:40] if line.strip()]
    told = [line for line in lines if _CLOCK.match(line) or _PLACE.match(line) or _STACK.match(line)]
    return bool(lines) and "\0" not in lines[0] and len(told) * 2 >= len(lines)


def read(document: Document) -> Iterator[Piece]:
    """Console rows, and an error for each exception with a stack. Raises Malformed, TooLarge."""
    data = document.stream().read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise TooLarge(f"“{document.name}” is too large for a log.", "Cut out the part that matters.")
    whole = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    said = ""
    undated = 0
    if _first(document.head) is not None or document.shape.first == "[":
        rows, undated = _objects(document.name, whole)
    elif columns := _table(document.head):
        rows, undated = _lines_of_table(whole, columns)
    else:
        rows, said = _console(document.name, whole)
    if not rows:
        raise Malformed(f"No line of “{document.name}” says when it was written.", "Save the log with times.")
    yield Said("", Facts(source="log", title=document.name.rpartition("/")[2], sdk="saved log"))
    yield Linked("", rows)
    if undated:
        yield Skipped("", "undated", "Lines without a time were left out.", undated)
    if said:
        yield Skipped("", "log-times", said)


def _objects(name: str, whole: str) -> tuple[list[Row], int]:
    """(rows, lines without a time) of JSON lines or an array."""
    try:
        values = msgspec.json.decode(whole) if whole.lstrip().startswith("[") else None
    except msgspec.DecodeError as error:
        raise Malformed(f"“{name}” is not valid JSON.", "Save the log again.") from error
    if values is None:
        values = []
        for line in whole.splitlines():
            try:
                values.append(msgspec.json.decode(line) if line.strip() else None)
            except msgspec.DecodeError:
                values.append({})  # cut off, as the last line of a log may be: counted
        values = [value for value in values if value is not None]
    rows: list[Row] = []
    undated = 0
    for value in map(mapping, values):
        t = next((t for key in _TIMES if (t := moment(value.get(key)))), 0.0)
        if not t:
            undated += 1
            continue
        message = next((one for key in _MESSAGES if (one := _said(value.get(key)))), "")
        rest = {key: one for key, one in value.items() if key not in (*_TIMES, *_MESSAGES, *_LEVELS)}
        stack = text(value.get("stack")) or text(mapping(value.get("err")).get("stack"))
        rows += _rows(t, _level(next((value[key] for key in _LEVELS if key in value), "")), message, stack, rest)
    return rows, undated


def _lines_of_table(whole: str, columns: list[str]) -> tuple[list[Row], int]:
    lines = csv.reader(io.StringIO(whole), delimiter=_delimiter(whole.split("\n", 1)[0]))
    next(lines, None)
    at = {kind: next((columns.index(name) for name in names if name in columns), -1)
          for kind, names in (("t", _TIMES), ("message", _MESSAGES), ("level", _LEVELS))}  # fmt: skip
    rows: list[Row] = []
    undated = 0
    for cells in lines:
        cell = {kind: cells[n] if 0 <= n < len(cells) else "" for kind, n in at.items()}
        given = cell["t"].strip()
        t = moment(float(given) if re.fullmatch(r"\d+(?:\.\d+)?", given) else given)
        if t:
            rows += _rows(t, _level(cell["level"]), cell["message"], "", {})
        else:
            undated += bool(cells)
    return rows, undated


def _console(name: str, whole: str) -> tuple[list[Row], str]:
    """(rows, what is to be said of their times) of a saved console."""
    match = _SAVED.search(name)
    saved = float(match[1]) if match else 0.0
    found: list[tuple[float | None, str, str]] = []
    dated = False
    for line in whole.splitlines():
        clock = _CLOCK.match(line)
        rest = line[clock.end() :] if clock else line
        if clock is None and found and (_STACK.match(line) or not _PLACE.match(line)):
            t, message, stack = found[-1]
            found[-1] = (t, message, f"{stack}\n{line}" if stack else line)
            continue
        if not rest.strip():
            continue
        t = _at(clock, saved) if clock else None
        dated = dated or t is not None
        place = _PLACE.match(rest)
        found.append((t, rest[place.end() :] if place else rest, ""))
    rows: list[Row] = []
    last = next((t for t, _, _ in found if t is not None), saved - len(found) if saved else 0.0)
    for t, message, stack in found:
        last = t if t is not None else last + 1.0
        level: Level = "error" if _FAILS.search(message) else "log"
        lines = message if not stack or _FRAME.match(stack.split("\n")[0]) else f"{message}\n{stack}"
        rows += _rows(max(last, 1.0), level, lines, stack, {})
    if dated:
        days = any((clock := _CLOCK.match(line)) and clock[1] for line in whole.splitlines()[:50])
        return rows, "" if days else _ZONE
    where = "when the file was saved" if saved else "1970"
    return rows, f"The log tells no times: its lines stand a millisecond apart, at {where}. {_OFFSET}"


def _at(clock: re.Match[str], saved: float) -> float | None:
    """Epoch ms of a line's time; a time of day is of the day the file was saved, or of 1970."""
    day, hours, minutes, seconds, fraction, zone = clock.groups()
    if day:
        return moment(f"{day}T{hours}:{minutes}:{seconds}.{(fraction or '0')[:6].ljust(6, '0')}{zone or 'Z'}") or None
    part = (int(hours) * 3600 + int(minutes) * 60 + int(seconds)) * 1000.0 + float(f"0.{fraction or 0}") * 1000.0
    t = saved - saved % _DAY + part
    return t - _DAY if saved and t > saved + _DAY / 2 else t


def _rows(t: float, level: Level, message: str, stack: str, rest: dict[str, Any]) -> list[Row]:
    """A console line, and the error it tells of when it has a stack."""
    frames = [
        Frame(
            function=match["function"] or "", file=match["file"], line=int(match["line"]), column=int(match["column"])
        )
        for line in stack.splitlines()
        if (match := _FRAME.match(line if line.startswith(" ") else f" {line}"))
    ]
    rows: list[Row] = [
        ConsoleEntry(t=t, level=level, message=message, arguments=[rest] if rest else [], stack=frames)
    ]
    if level == "error" and frames:
        kind, _, value = message.removeprefix("Uncaught ").removeprefix("(in promise) ").partition(": ")
        known = re.fullmatch(r"\w*(?:Error|Exception)", kind)
        raised = Raised(
            type=kind if known else "Error", value=value if known else message, frames=list(reversed(frames))
        )
        title = message.split("\n")[0].removeprefix("Uncaught ")
        rows.append(ErrorEvent(t=t, title=title, exceptions=[raised], source="log"))
    return rows


def _said(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode() if value not in (None, "") else ""


def _level(value: Any) -> Level:
    if isinstance(value, int) and not isinstance(value, bool):
        return cast(Level, _NUMBERS.get(value - value % 10, "log"))
    word = text(value).strip().lower()
    if word.isdigit():
        return _level(int(word))
    word = _WORDS.get(word, word)
    return cast(Level, word) if word in ("debug", "log", "info", "warn", "error") else "log"


FORMAT = register(Format("log", sniff, read, rank=60, linked=True))
