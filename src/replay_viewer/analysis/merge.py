"""One row for one happening: the same error, navigation, click or request as several recorders saw it.

Kept are the richest rows. What a console line says stays in the console; only the list of errors has each error once.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import msgspec

from replay_viewer.analysis.stack import split_title
from replay_viewer.domain.rows import (
    ConsoleEntry,
    ErrorEvent,
    Frame,
    Interaction,
    Navigation,
    NetworkRequest,
    Raised,
    Row,
    encode_row,
)

#: How far apart two reports of one error may be stamped (ms): SDKs report after the fact, and in batches.
_SAME_ERROR_MS = 2_000.0
_SAME_MOVE_MS, _ECHO_MS = 2.0, 1_000.0
_SAME_RAGE_MS = 2_500.0
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
    "Non-Error exception captured with keys: ",
)
_REJECTIONS = ("UnhandledRejection", "Unhandled rejection", "Error", "")


def merge(rows: Sequence[Row]) -> list[Row]:
    """All rows of a session, each happening once, in time order. Idempotent; rows are not changed."""
    ordered = sorted(_distinct(rows), key=lambda row: row.t)
    consoles = [row for row in ordered if isinstance(row, ConsoleEntry)]
    errors = merge_errors([row for row in ordered if isinstance(row, ErrorEvent)], consoles)
    moves = _merge_navigations([row for row in ordered if isinstance(row, Navigation)])
    rages = _merge_rages([row for row in ordered if isinstance(row, Interaction)])
    requests = _merge_requests([row for row in ordered if isinstance(row, NetworkRequest)])
    rest = [row for row in ordered if not isinstance(row, ErrorEvent | Navigation | Interaction | NetworkRequest)]
    return sorted([*rest, *errors, *moves, *rages, *requests], key=lambda row: row.t)


def fingerprint(error: ErrorEvent) -> str:
    """What groups errors: type, message without its variable parts, and the top frame of the application."""
    last = error.exceptions[-1] if error.exceptions else None
    type_, value = (last.type, last.value) if last is not None else split_title(error.title)
    value = value.partition("\n")[0][:300]
    for pattern, word in _VARIABLE:
        value = pattern.sub(word, value)
    top = top_frame(error)
    where = ""
    if top is not None:
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


def _distinct(rows: Sequence[Row]) -> list[Row]:
    """Rows without exact repeats. Repeats in the recording itself (another event number) are real."""
    seen: set[bytes] = set()
    kept = []
    for row in rows:
        key = encode_row(row)
        if len(key) > 256:
            key = hashlib.blake2b(key, digest_size=16).digest()
        if key not in seen:
            seen.add(key)
            kept.append(row)
    return kept


# -- errors ---------------------------------------------------------------------------------------------------------


def merge_errors(errors: Sequence[ErrorEvent], consoles: Sequence[ConsoleEntry]) -> list[ErrorEvent]:
    """Each error once, with its group; uncaught errors only the console knows become errors (source `console`)."""
    kept: list[ErrorEvent] = []
    for error in sorted(errors, key=lambda row: row.t):
        twin = _twin(error, kept)
        if twin < 0:
            kept.append(error)
        else:
            kept[twin] = _richest(kept[twin], error)
    used: set[int] = set()
    for entry in consoles:
        if entry.level != "error" or not _UNCAUGHT.match(entry.message):
            continue
        candidate = _from_console(entry)
        match = _match(candidate, kept, used)
        if match >= 0:
            used.add(match)
            kept[match] = _told_by_console(kept[match], candidate)
        else:
            kept.append(candidate)
            used.add(len(kept) - 1)
    grouped = [row if row.group else msgspec.structs.replace(row, group=fingerprint(row)) for row in kept]
    return sorted(grouped, key=lambda row: row.t)


def _twin(error: ErrorEvent, kept: list[ErrorEvent]) -> int:
    """Place of the report of the same error by another source (or of the same event), -1 when there is none."""
    for index in range(len(kept) - 1, -1, -1):
        other = kept[index]
        if error.t - other.t > _SAME_ERROR_MS:
            return -1
        if (error.id and other.id == error.id) or (other.source != error.source and _same(other, error)):
            return index
    return -1


def _match(candidate: ErrorEvent, kept: list[ErrorEvent], used: set[int]) -> int:
    near = [
        (abs(row.t - candidate.t), index)
        for index, row in enumerate(kept)
        if index not in used and abs(row.t - candidate.t) <= _SAME_ERROR_MS and _same(row, candidate)
    ]
    return min(near)[1] if near else -1


def _last(error: ErrorEvent) -> Raised:
    if error.exceptions:
        return error.exceptions[-1]
    type_, value = split_title(error.title)
    return Raised(type=type_, value=value)


def _reason(raised: Raised) -> str:
    value = raised.value.strip()
    for prefix in _PREFIXES:
        value = value.removeprefix(prefix)
    return value


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


def _keys(reason: str) -> frozenset[str]:
    if reason.startswith("{"):
        try:
            return frozenset(msgspec.json.decode(reason))
        except (msgspec.DecodeError, TypeError):
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
    if _reason(_last(best)) in _NO_REASON and _reason(_last(other)) not in _NO_REASON:
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
    if _reason(last) in _NO_REASON and said.value:
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


# -- navigations, clicks, requests ----------------------------------------------------------------------------------


def _merge_navigations(rows: Sequence[Navigation]) -> list[Navigation]:
    """Breadcrumb and span of one move: one row, with where it came from."""
    kept: list[Navigation] = []
    latest: dict[int, int] = {}
    for row in rows:
        index = latest.get(row.tab, -1)
        last = kept[index] if index >= 0 else None
        # A push from a URL to itself is the second report of a move whose first has already changed the URL.
        echo = row.how == "push" and row.from_url == row.url
        if last is not None and last.url == row.url and row.t - last.t <= (_ECHO_MS if echo else _SAME_MOVE_MS):
            if last.from_url in ("", last.url) and row.from_url not in ("", row.url):
                kept[index] = msgspec.structs.replace(last, from_url=row.from_url)
            continue
        latest[row.tab] = len(kept)
        kept.append(row)
    return kept


def _merge_rages(rows: Sequence[Interaction]) -> list[Interaction]:
    """Rage clicks reported by an SDK and found by ourselves: one each. The rest is kept as it is."""
    kept: list[Interaction] = []
    rages: list[int] = []
    for row in rows:
        if row.action == "rage-click":
            for index in reversed(rages):
                other = kept[index]
                if row.t - other.t > _SAME_RAGE_MS:
                    break
                nearby = (
                    other.node == row.node or other.selector == row.selector or not (other.selector and row.selector)
                )
                if nearby and (other.tab == row.tab or -1 in (other.tab, row.tab)):
                    if (row.event >= 0, len(row.words)) > (other.event >= 0, len(other.words)):
                        kept[index] = row
                    break
            else:
                rages.append(len(kept))
                kept.append(row)
            continue
        kept.append(row)
    return kept


def _merge_requests(rows: Sequence[NetworkRequest]) -> list[NetworkRequest]:
    """A request seen in the recording and again by a linked source (HAR, events): the richer one."""
    kept: list[NetworkRequest] = []
    recorded: dict[tuple[str, str], list[int]] = {}
    for row in sorted(rows, key=lambda row: row.event < 0):
        places = recorded.setdefault((row.method, row.url), [])
        if row.event < 0:
            twin = next((i for i in places if kept[i].event >= 0 and abs(kept[i].t - row.t) <= 150), -1)
            if twin >= 0:
                places.remove(twin)
                kept[twin] = _complete(kept[twin], row)
                continue
        places.append(len(kept))
        kept.append(row)
    return kept


def _complete(row: NetworkRequest, other: NetworkRequest) -> NetworkRequest:
    changes: dict[str, object] = {}
    for name in ("request_body", "response_body"):
        if getattr(row, name).text is None and getattr(other, name).text is not None:
            changes[name] = getattr(other, name)
    for name in ("request_headers", "response_headers", "phases"):
        if not getattr(row, name) and getattr(other, name):
            changes[name] = getattr(other, name)
    if row.status < 0 <= other.status:
        changes["status"] = other.status
    return msgspec.structs.replace(row, **changes) if changes else row
