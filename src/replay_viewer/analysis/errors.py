"""Errors once each, in groups: event items of SDKs, the page's own reports and the console's lines are one error.

The richest report wins and is completed by the others; an uncaught error that only the console knows becomes one.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import msgspec

from replay_viewer.analysis.stack import split_title
from replay_viewer.domain.rows import ConsoleEntry, ErrorEvent, Frame, Raised

#: How far apart two reports of one error may be stamped (ms): SDKs report after the fact, and in batches.
_SAME_ERROR_MS = 2_000.0
_UNCAUGHT = re.compile(r"^Uncaught\b|^Unhandled (Promise )?[Rr]ejection", re.IGNORECASE)
_VARIABLE = (
    (re.compile(r"https?://\S+"), "<url>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE), "<id>"),
    (re.compile(r"\b0x[0-9a-f]+\b|\b[0-9a-f]{16,}\b", re.IGNORECASE), "<id>"),
    (re.compile(r"\S+@\S+\.\w+"), "<mail>"),
    (re.compile(r"\d+"), "<n>"),
)
_NO_REASON = ("", "[object Object]", "undefined", "null")
_PREFIXES = (
    "Non-Error promise rejection captured with value: ",
    "Object captured as promise rejection with keys: ",
    "Object captured as exception with keys: ",
    "Non-Error exception captured with keys: ",
)
_REJECTIONS = ("UnhandledRejection", "Unhandled rejection", "Error", "")


def fingerprint(error: ErrorEvent) -> str:
    """What groups errors: type, message without its variable parts, and the top frame of the application."""
    last = error.exceptions[-1] if error.exceptions else None
    type_, value = (last.type, last.value) if last is not None else split_title(error.title)
    if type_ in ("UnhandledRejection", "Unhandled rejection"):
        type_, value = "Unhandled rejection", _unprefixed(value)
    value = value.partition("\n")[0][:300]
    for pattern, word in _VARIABLE:
        value = pattern.sub(word, value)
    top = top_frame(error)
    where = ""
    if top is not None and top.in_app:
        file = re.sub(r"[.-][0-9a-f]{8,}(?=\.)", "", top.file.partition("?")[0].rpartition("/")[2])
        where = f"{file}|{top.function}"
    return hashlib.sha256(f"{type_}|{value}|{where}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


def top_frame(error: ErrorEvent) -> Frame | None:
    """The newest frame of the application's own code of the error shown last; of any code when there is none."""
    for raised in reversed(error.exceptions):
        own = [frame for frame in raised.frames if frame.in_app]
        if own:
            return own[-1]
        if raised.frames:
            return raised.frames[-1]
    return None


def merge_errors(errors: Sequence[ErrorEvent], consoles: Sequence[ConsoleEntry]) -> list[ErrorEvent]:
    """Each error once, with its group; uncaught errors only the console knows become errors (source `console`)."""
    kept: list[ErrorEvent] = []
    for error in sorted(errors, key=lambda row: row.t):
        twin = _twin(error, kept)
        if twin < 0:
            kept.append(error)
        else:
            kept[twin] = _richest(kept[twin], error)
    kept.sort(key=lambda row: row.t)
    times = [row.t for row in kept]
    used: set[int] = set()
    new: list[ErrorEvent] = []
    for entry in consoles:
        if entry.level != "error" or not _UNCAUGHT.match(entry.message):
            continue
        candidate = _from_console(entry)
        match = _match(candidate, kept, times, used)
        if match >= 0:
            used.add(match)
            kept[match] = _told_by_console(kept[match], candidate)
        else:
            new.append(candidate)
    kept += new
    grouped = [row if row.group else msgspec.structs.replace(row, group=fingerprint(row)) for row in kept]
    return sorted(grouped, key=lambda row: row.t)


def _twin(error: ErrorEvent, kept: list[ErrorEvent]) -> int:
    """Place of the report of the same error by another source (or of the same event), -1 when there is none."""
    for index in range(len(kept) - 1, -1, -1):
        other = kept[index]
        if error.t - other.t > _SAME_ERROR_MS:
            return -1
        # What the console alone knows was matched with its line already.
        reports = other.source != error.source and "console" not in (other.source, error.source)
        if (error.id and other.id == error.id) or (reports and _same(other, error)):
            return index
    return -1


def _match(candidate: ErrorEvent, kept: list[ErrorEvent], times: list[float], used: set[int]) -> int:
    """Place of the nearest error the console's line may be about, -1 when there is none. `times`: as sorted."""
    first = bisect_left(times, candidate.t - _SAME_ERROR_MS)
    last = bisect_right(times, candidate.t + _SAME_ERROR_MS)
    near = [
        (abs(times[index] - candidate.t), index)
        for index in range(first, last)
        if index not in used
        and (kept[index].source != "console" or times[index] == candidate.t)
        and _same(kept[index], candidate)
    ]
    return min(near)[1] if near else -1


def _last(error: ErrorEvent) -> Raised:
    if error.exceptions:
        return error.exceptions[-1]
    type_, value = split_title(error.title)
    return Raised(type=type_, value=value)


def _unprefixed(value: str) -> str:
    value = value.strip()
    for prefix in _PREFIXES:
        value = value.removeprefix(prefix)
    return value


def _reason(raised: Raised) -> str:
    return _unprefixed(raised.value)


def _same(left: ErrorEvent, right: ErrorEvent) -> bool:
    """Whether two reports close in time are of one error."""
    if left.tab >= 0 and right.tab >= 0 and left.tab != right.tab:
        return False
    if left.id and right.id:
        return left.id == right.id
    a, b = _last(left), _last(right)
    reason_a, reason_b = _reason(a), _reason(b)
    if reason_a == reason_b:
        return a.type == b.type or a.type in _REJECTIONS or b.type in _REJECTIONS
    rejected = a.type in _REJECTIONS and b.type in _REJECTIONS
    # An object as the reason: one SDK says [object Object], another its keys, the console its JSON.
    return rejected and (reason_a in _NO_REASON or reason_b in _NO_REASON or _keys(reason_a) == _keys(reason_b))


def _vague(raised: Raised) -> bool:
    """Whether a report does not say the reason itself, only that there was one or what keys it has."""
    return _reason(raised) in _NO_REASON or " with keys: " in raised.value


def _keys(reason: str) -> frozenset[str]:
    if reason.startswith("{"):
        try:
            return frozenset(msgspec.json.decode(reason))
        except (msgspec.DecodeError, TypeError, RecursionError):
            return frozenset((reason,))
    return frozenset(part.strip() for part in reason.split(","))


def _richness(error: ErrorEvent) -> tuple[int, int, int, int]:
    frames = sum(len(raised.frames) for raised in error.exceptions)
    return (bool(error.id), len(error.exceptions), frames, len(error.contexts) + len(error.breadcrumbs))


def _richest(left: ErrorEvent, right: ErrorEvent) -> ErrorEvent:
    """The richer of two reports of one error, completed by the other: place in the recording, earliest time, URL."""
    best, other = (left, right) if _richness(left) >= _richness(right) else (right, left)
    changes: dict[str, object] = {}
    if best.event < 0 <= other.event:
        changes |= {"event": other.event, "tab": other.tab, "t": other.t}
    if not best.url and other.url:
        changes["url"] = other.url
    if _vague(_last(best)) and not _vague(_last(other)):
        changes |= {"title": other.title, "exceptions": other.exceptions}
    return msgspec.structs.replace(best, **changes) if changes else best


def _from_console(entry: ConsoleEntry) -> ErrorEvent:
    rejected = "(in promise)" in entry.message[:60]
    type_, value = split_title(entry.message.partition("\n")[0])
    if not type_:
        type_ = "Unhandled rejection" if rejected else "Error"
    mechanism = "onunhandledrejection" if rejected else "onerror"
    raised = Raised(type=type_, value=value, frames=entry.stack, handled=False, mechanism=mechanism)
    title = f"{type_}: {value}" if value else type_
    return ErrorEvent(t=entry.t, tab=entry.tab, event=entry.event, title=title, exceptions=[raised], source="console")


def _told_by_console(error: ErrorEvent, console: ErrorEvent) -> ErrorEvent:
    """The error with what only the console knew: the reason of a rejection, a stack."""
    last, said = _last(error), _last(console)
    changes: dict[str, object] = {}
    if _vague(last) and said.value:
        changes["value"] = said.value
    if not any(frame.in_app for frame in last.frames) and any(frame.in_app for frame in said.frames):
        changes["frames"] = said.frames
    place: dict[str, object] = {}
    if error.event < 0:
        place = {"event": console.event, "tab": console.tab, "t": console.t}
    if not changes and not place:
        return error
    raised = msgspec.structs.replace(last, **changes)
    title = f"{raised.type}: {raised.value}" if "value" in changes else error.title
    return msgspec.structs.replace(error, title=title, exceptions=[*error.exceptions[:-1], raised], **place)
