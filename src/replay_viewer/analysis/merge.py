"""One row for one happening: the same error, navigation, click or request as several recorders saw it.

Kept are the richest rows. What a console line says stays in the console; only the list of errors has each error once.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import msgspec

from replay_viewer.analysis.errors import merge_errors
from replay_viewer.domain.rows import (
    ConsoleEntry,
    ErrorEvent,
    Interaction,
    Navigation,
    NetworkRequest,
    Row,
    encode_row,
)

_SAME_MOVE_MS, _ECHO_MS = 2.0, 1_000.0
#: How far a linked event and the recording may disagree on when a page changed.
_LINKED_MS = 3_000.0
_SAME_RAGE_MS = 2_500.0
_SAME_REQUEST_MS = 150.0


def merge(rows: Sequence[Row]) -> list[Row]:
    """All rows of a session, each happening once, in time order; rows are not changed."""
    ordered = sorted(_distinct(rows), key=lambda row: row.t)
    consoles = [row for row in ordered if isinstance(row, ConsoleEntry)]
    errors = merge_errors([row for row in ordered if isinstance(row, ErrorEvent)], consoles)
    moves = _merge_navigations([row for row in ordered if isinstance(row, Navigation)])
    rages = _merge_rages([row for row in ordered if isinstance(row, Interaction)])
    requests = _merge_requests([row for row in ordered if isinstance(row, NetworkRequest)])
    rest = [row for row in ordered if not isinstance(row, ErrorEvent | Navigation | Interaction | NetworkRequest)]
    return sorted([*rest, *errors, *moves, *rages, *requests], key=lambda row: row.t)


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


# -- navigations, clicks, requests ----------------------------------------------------------------------------------


def _merge_navigations(rows: Sequence[Navigation]) -> list[Navigation]:
    """Breadcrumb and span of one move, SDK event and recorded page load: one row, with where it came from."""
    kept: list[Navigation] = []
    latest: dict[int, int] = {}
    recorded: dict[str, list[Navigation]] = {}
    for row in rows:
        if row.event >= 0:
            recorded.setdefault(row.url.partition("#")[0], []).append(row)
    for row in rows:
        if row.event < 0 and _recorded(row, recorded.get(row.url.partition("#")[0], [])):
            continue
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


def _recorded(linked: Navigation, same: Sequence[Navigation]) -> bool:
    """Whether the recording itself knows the page change that a linked event tells of (`same`: of that page)."""
    first = bisect_left(same, linked.t - _LINKED_MS, key=lambda row: row.t)
    last = bisect_right(same, linked.t + _LINKED_MS, key=lambda row: row.t)
    return any(_tabs_agree(row, linked) for row in same[first:last])


def _tabs_agree(left: Row, right: Row) -> bool:
    return left.tab == right.tab or -1 in (left.tab, right.tab)


def _merge_rages(rows: Sequence[Interaction]) -> list[Interaction]:
    """Rage clicks reported by an SDK and found by ourselves: one each. The rest is kept as it is."""
    kept: list[Interaction] = []
    rages: list[int] = []
    for row in rows:
        if row.action != "rage-click":
            kept.append(row)
            continue
        while rages and row.t - kept[rages[0]].t > _SAME_RAGE_MS:
            rages.pop(0)
        twin = next((index for index in reversed(rages) if _same_rage(kept[index], row)), -1)
        if twin < 0:
            rages.append(len(kept))
            kept.append(row)
        elif (row.event >= 0, len(row.words)) > (kept[twin].event >= 0, len(kept[twin].words)):
            kept[twin] = row
    return kept


def _same_rage(left: Interaction, right: Interaction) -> bool:
    if abs(right.t - left.t) > _SAME_RAGE_MS or not _tabs_agree(left, right):
        return False
    # Linked events name elements in their own way; two recorded ones must agree on the element.
    return min(left.event, right.event) < 0 or left.node == right.node or left.selector == right.selector


def _merge_requests(rows: Sequence[NetworkRequest]) -> list[NetworkRequest]:
    """A request reported twice by the recording, or again by a linked source (HAR, events): the richer one."""
    kept: list[NetworkRequest] = []
    seen: set[tuple[object, ...]] = set()
    for row in rows:
        if row.event < 0:
            continue
        # An SDK that starts again reports the browser's resource timings again. Equal calls may be two calls.
        key = (row.tab, row.method, row.url, round(row.t), round(row.end))
        if row.kind in ("fetch", "xhr") or key not in seen:
            kept.append(row)
        seen.add(key)
    places: dict[tuple[str, str], list[int]] = {}
    for index, row in enumerate(kept):
        places.setdefault((row.method, row.url), []).append(index)
    used: set[int] = set()
    for row in rows:
        if row.event >= 0:
            continue
        same = places.get((row.method, row.url), [])
        first = bisect_left(same, row.t - _SAME_REQUEST_MS, key=lambda index: kept[index].t)
        last = bisect_right(same, row.t + _SAME_REQUEST_MS, key=lambda index: kept[index].t)
        twin = next((index for index in same[first:last] if index not in used), -1)
        if twin >= 0:
            used.add(twin)
            kept[twin] = _complete(kept[twin], row)
        else:
            kept.append(row)
    return kept


def _complete(row: NetworkRequest, other: NetworkRequest) -> NetworkRequest:
    changes: dict[str, object] = {}
    for name in ("request_body", "response_body"):
        if getattr(row, name).text is None and getattr(other, name).text is not None:
            changes[name] = getattr(other, name)
    for name in ("request_headers", "response_headers", "phases", "initiator", "stack", "messages"):
        if not getattr(row, name) and getattr(other, name):
            changes[name] = getattr(other, name)
    if row.status < 0 <= other.status:
        changes["status"] = other.status
    if row.content_size < 0 <= other.content_size:
        changes["content_size"] = other.content_size
    return msgspec.structs.replace(row, **changes) if changes else row
