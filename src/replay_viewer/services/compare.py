"""Two instants of a tab compared, and the life of one node, from what the library holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import numpy as np

from replay_viewer.analysis.difference import Difference, Place, compare, likeness, outline, place
from replay_viewer.analysis.history import SAME_DOCUMENT, Entry, Watcher
from replay_viewer.analysis.selectors import Selector
from replay_viewer.domain.errors import NotFound
from replay_viewer.library import Library
from replay_viewer.recording.chunk import Chunk
from replay_viewer.recording.events import Event, Kind, Source
from replay_viewer.recording.mirror import Mirror
from replay_viewer.services.states import TabStates

#: Sources that say nothing of a node's life.
_IDLE = (Source.MOUSE_MOVE, Source.TOUCH_MOVE, Source.DRAG, Source.CANVAS_MUTATION, Source.FONT, Source.LOG)


def difference(library: Library, session: str, tab: int, start: float, end: float) -> Difference:
    """What changed in a tab from `start` to `end` (epoch ms). Raises NotFound, StorageProblem."""
    first, last = TabStates(library, session, tab), TabStates(library, session, tab)
    begin, stop = first.position_at(start), last.position_at(end)
    same = all(_goes_on(library, session, tab, last, n) for n in _snapshots(library, session, tab, begin, stop))
    return compare(first.go(begin), last.go(stop), same_document=same)


def _snapshots(library: Library, session: str, tab: int, begin: int, stop: int) -> list[int]:
    """Numbers of the full snapshots among the events `begin` up to, not including, `stop` (any order)."""
    begin, stop = min(begin, stop), max(begin, stop)
    found: list[int] = []
    for ref in library.chunks(session, tab):
        if ref.first + ref.events > begin and ref.first < stop:
            there = np.flatnonzero(Chunk(library.blob(ref.blob)).types == Kind.FULL_SNAPSHOT) + ref.first
            found += [n for n in there.tolist() if begin <= n < stop]
    return found


def _goes_on(library: Library, session: str, tab: int, states: TabStates, n: int) -> bool:
    """Whether the full snapshot of event `n` shows the document that was there before it."""
    before = states.go(n)
    if before.root is None:
        return False
    was = outline(before.nodes)
    return likeness(was, states.go(n + 1).nodes) >= SAME_DOCUMENT


class History(msgspec.Struct, frozen=True, kw_only=True):
    """The life of a node. `node`: as it was when first met (`t`); `entries` in order of time."""

    session: str
    tab: int
    node: Place
    t: float
    entries: list[Entry]


def history(
    library: Library,
    session: str,
    tab: int,
    wanted: str,
    at: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> History:
    """The life of node `wanted`: a mirror id, or a selector for its first match (at `at`, epoch ms, if given).

    The recording is gone through once; `progress` is told events done and in all. Ids count anew in each document:
    meant is the document at `at`, else the first that has such a node. Raises NotFound, BadInput, StorageProblem.
    """
    target: int | Selector = int(wanted) if wanted.isdigit() else Selector(wanted)
    if at is not None:
        target = _at(library, session, tab, target, at)
    watcher = Watcher(target) if isinstance(target, int) else None
    mirror = Mirror()
    met: tuple[Place, float, int] | None = None
    for event, n, total in _events(library, session, tab):
        if progress is not None and n % 5_000 == 0:
            progress(n, total)
        if watcher is not None and event.type == Kind.FULL_SNAPSHOT:
            watcher.before_snapshot(mirror)
        touched: dict[int, Any] = {}
        mirror.before = touched
        mirror.apply(event)
        mirror.before = None
        if watcher is None:
            assert isinstance(target, Selector)
            found = _first(target, mirror, touched)
            if found is None:
                continue
            watcher = Watcher(found)
        watcher.read(event, n, mirror, touched)
        here = mirror.nodes.get(watcher.id)
        if here is not None and (
            met is None or (at is not None and event.timestamp <= at and met[2] != watcher.document)
        ):
            met = (place(here, mirror.nodes), event.timestamp, watcher.document)
        if met is not None and watcher.document > met[2] and (at is None or event.timestamp > at):
            break
    if watcher is None or met is None:
        raise NotFound(f"No node of this tab is {wanted}.", "Look it up with `state` at an instant, or give --at.")
    entries = [entry for entry in watcher.entries if entry.document == met[2]]
    return History(session=session, tab=tab, node=met[0], t=met[1], entries=entries)


def _at(library: Library, session: str, tab: int, target: int | Selector, at: float) -> int:
    """The node's id at an instant. Raises NotFound."""
    states = TabStates(library, session, tab)
    nodes = states.go(states.position_at(at)).nodes
    if isinstance(target, int):
        if target in nodes:
            return target
        raise NotFound(
            f"There is no node {target} at that instant.", "`state` shows the page; leave --at out for any."
        )
    for node in target.find(nodes):
        return node.id
    raise NotFound(
        f"Nothing on the page is {target.text} at that instant.", "Leave --at out for its first appearance."
    )


def _first(target: Selector, mirror: Mirror, touched: dict[int, Any]) -> int | None:
    """The first of the touched nodes that fits, in order of ids."""
    for id in sorted(touched):
        node = mirror.nodes.get(id)
        if node is not None and target.matches(node, mirror.nodes):
            return id
    return None


def _events(library: Library, session: str, tab: int) -> Iterator[tuple[Event, int, int]]:
    """(event, number, number of all) of those that can matter to a node."""
    refs = library.chunks(session, tab)
    if not refs:
        raise NotFound("This tab has no recording.", "Choose another tab of the session.")
    total = refs[-1].first + refs[-1].events
    for ref in refs:
        chunk = Chunk(library.blob(ref.blob))
        idle = (chunk.types == Kind.INCREMENTAL) & np.isin(chunk.sources, _IDLE)
        wanted = ~idle & np.isin(chunk.types, (Kind.INCREMENTAL, Kind.FULL_SNAPSHOT))
        for n in np.flatnonzero(wanted).tolist():
            yield chunk.event(n), ref.first + n, total
