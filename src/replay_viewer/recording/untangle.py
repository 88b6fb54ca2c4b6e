"""Two pages in one stream: which event belongs to which, when nothing in the events says so.

Recorders number the nodes of a page 1, 2, 3 … . When two tabs write into one file without window ids, the same
numbers mean different nodes. What tells them apart: a change fits the page it was made on (its nodes are there, of
the right kind, under the right parent; a new node gets the next number) and mostly contradicts any other.

A page here is what one load showed: from its full snapshot on, checkouts of it included. Pages one after the other
are one tab; only pages of which the older is *proved* to go on after the newer began are two.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from urllib.parse import urlsplit

from replay_viewer.recording.events import Event, FullSnapshot, Kind, Meta, Mutation, Sn, Source
from replay_viewer.recording.fit import Fit, fit
from replay_viewer.recording.mirror import Mirror

#: Pages that are looked at for each event; of more, the one that lived shortest is given up.
_OPEN = 12
#: An older page is taken to go on after a newer began with so many proofs, the last of them so many ms later.
_PROOFS, _PROVED_AFTER = 2, 500.0
#: Load events and Meta belong to the full snapshot that follows within so many ms.
_LOADING = 10_000.0
#: A page of the same site within so many ms of somebody's doing something on another is what that led to.
_LEADS = 2_000.0
#: A snapshot whose nodes stand for so large a share where they stood is the same page recorded anew.
_ALIKE = 0.8

#: What a person did is settled when so much more speaks for one page than for any other.
_MUCH = 2

_USER = frozenset(
    {
        *(Source.MOUSE_MOVE, Source.TOUCH_MOVE, Source.DRAG, Source.MOUSE_INTERACTION),
        *(Source.INPUT, Source.SCROLL, Source.SELECTION),
    }
)

#: What was found of an event: nothing that could be; a page among several that fit; the only page that fits.
_NOTHING, _LIKELY, _PROVED = 0, 1, 2


@dataclass
class _Page:
    """One load of a page.

    `last`: highest node id so far. `proofs`: instants of events that fit no other page. `acts`: instants at which
    somebody did something on it, as far as can be told while reading. `habits`: attributes (node, name) that
    changed, and (0, name) of all it has.
    """

    number: int
    start: float
    href: str
    mirror: Mirror = field(default_factory=Mirror)
    last: int = 0
    loaded: bool = False
    seen: float = 0.0
    proofs: list[float] = field(default_factory=list)
    acts: list[float] = field(default_factory=list)
    habits: set[tuple[int, str]] = field(default_factory=set)

    def goes_on_after(self, t: float) -> bool:
        """Whether something is proved to have happened on this page after instant `t`."""
        later = self.proofs[bisect_right(self.proofs, t) :]
        return len(later) >= _PROOFS and later[-1] - t > _PROVED_AFTER


@dataclass(frozen=True)
class Untangled:
    """`tabs[n]`: tab (0, 1 …, in order of their first page) of the n-th event. `unsure`: events put to the tab
    that was active around them, because they name no node or fit several pages. `count`: tabs found."""

    tabs: array[int]
    count: int
    unsure: int


class Untangler:
    """Takes the events of a stream in order of time; `result` says which tab each belongs to."""

    def __init__(self) -> None:
        self._pages: list[_Page] = []
        self._open: list[_Page] = []
        self._times = array("d")
        self._page = array("l")
        self._found = bytearray()
        self._user = bytearray()
        self._fits: dict[int, list[tuple[int, int]]] = {}
        self._waiting: list[int] = []
        self._metas: list[tuple[int, Meta]] = []
        self._lately: dict[bool, _Page] = {}

    def add(self, event: Event) -> None:
        """The next event. Events come in order of time."""
        n = len(self._times)
        self._times.append(event.timestamp)
        self._page.append(-1)
        self._found.append(_NOTHING)
        self._user.append(event.source in _USER)
        data = event.data
        if isinstance(data, Meta):
            self._metas.append((n, data))
        elif isinstance(data, FullSnapshot):
            self._snapshot(n, event, data)
        elif event.type in (Kind.DOM_CONTENT_LOADED, Kind.LOAD):
            self._load(n, event.type)
        elif event.type == Kind.INCREMENTAL and self._open:
            self._incremental(n, event)

    # -- pages -----------------------------------------------------------------------------------------------

    def _load(self, n: int, kind: int) -> None:
        newest = self._pages[-1] if self._pages else None
        if kind == Kind.LOAD and newest is not None and not newest.loaded and not self._waiting:
            newest.loaded = True
            self._page[n] = newest.number
        else:
            self._waiting.append(n)

    def _snapshot(self, n: int, event: Event, data: FullSnapshot) -> None:
        meta_at, meta = self._metas.pop(0) if self._metas else (n, Meta())
        page = self._same_page(data.node)
        if page is None:
            page = _Page(len(self._pages), event.timestamp, meta.href)
            self._pages.append(page)
            self._open.append(page)
            if len(self._open) > _OPEN:
                self._open.remove(min(self._open[:-1], key=lambda other: other.seen - other.start))
            page.loaded = not self._waiting
            for waiting in self._waiting:
                if event.timestamp - self._times[waiting] <= _LOADING:
                    self._page[waiting] = page.number
                    page.loaded = True
            self._waiting.clear()
            self._lately = {True: page, False: page}
        page.href = meta.href or page.href
        page.mirror.apply(event)
        page.last = max(page.last, max(page.mirror.nodes, default=0))
        page.habits.update((0, name) for node in page.mirror.nodes.values() for name in node.attrs)
        page.seen = event.timestamp
        for at in (meta_at, n):
            self._page[at] = page.number
            self._found[at] = _PROVED

    def _same_page(self, root: Sn) -> _Page | None:
        """The page this is a checkout of; None: a page loaded anew, whose nodes are numbered as they stand."""
        ids = _numbered(root)
        if ids[0][0] == 1 and all(a[0] < b[0] for a, b in pairwise(ids)):
            return None
        best: tuple[float, _Page] | None = None
        for page in self._open:
            nodes = page.mirror.nodes
            alike = sum((node := nodes.get(id)) is not None and node.name == name for id, name in ids)
            share = alike / max(len(ids), len(nodes))
            if share >= _ALIKE and (best is None or share >= best[0]):
                best = (share, page)
        if best is None:
            # The same document written anew goes on counting where it was.
            best = next(((1.0, page) for page in self._open if ids[0][0] == page.last + 1), None)
        return best[1] if best else None

    # -- events ----------------------------------------------------------------------------------------------

    def _incremental(self, n: int, event: Event) -> None:
        by_user = bool(self._user[n])
        lately = self._lately[by_user]
        fits = [(page, fit(event, page.mirror, page.last, page.habits)) for page in self._open]
        fitting = [(page, found) for page, found in fits if not found.wrong]
        says_nothing = not any(found.right or found.wrong for _, found in fits)
        if says_nothing:
            # It names no node: whoever was active around it, seen at the end.
            if event.source == Source.ADOPTED_STYLE_SHEET:
                lately.mirror.apply(event)
            return
        if not fitting:
            chosen = max(fits, key=lambda pair: (pair[1].right - pair[1].wrong, pair[0] is lately))[0]
        elif len(fitting) == 1:
            chosen = fitting[0][0]
            self._found[n] = _PROVED
            if len(fits) > 1:
                chosen.proofs.append(event.timestamp)
        else:
            chosen = self._choose(n, event.timestamp, fitting, lately)
        self._page[n] = chosen.number
        chosen.seen = event.timestamp
        if by_user:
            chosen.acts.append(event.timestamp)
        if self._found[n] == _LIKELY or by_user:
            self._fits[n] = [(page.number, found.right - found.against) for page, found in fitting]
        if self._found[n] == _PROVED:
            self._lately[by_user] = chosen
        chosen.mirror.apply(event)
        if isinstance(event.data, Mutation):
            for add in event.data.adds or ():
                chosen.last = max(chosen.last, *(id for id, _ in _numbered(add.node)))
            for change in event.data.attributes or ():
                chosen.habits.update((change.id, name) for name in change.attributes)
                chosen.habits.update((0, name) for name in change.attributes)

    def _choose(self, n: int, t: float, fitting: list[tuple[_Page, Fit]], lately: _Page) -> _Page:
        """One of several pages an event fits: where a new node gets the next number, else where more agrees."""
        following = [page for page, found in fitting if found.follows]
        if len(following) == 1:
            self._found[n] = _PROVED
            following[0].proofs.append(t)
            return following[0]
        self._found[n] = _LIKELY
        best = max(found.right - found.against for _, found in fitting)
        good = [page for page, found in fitting if found.right - found.against == best]
        return lately if lately in good else max(good, key=lambda page: page.seen)

    # -- the result ------------------------------------------------------------------------------------------

    def result(self) -> Untangled:
        """Which tab each event belongs to."""
        tabs = self._tabs()
        count = max(tabs, default=0) + 1
        size = len(self._times)
        if count == 1:
            return Untangled(array("l", [0]) * size, 1, 0)
        lives = self._lives(tabs)
        self._foreground(lives)
        of = array("l", [tabs[page] if page >= 0 else -1 for page in self._page])
        unsure = of.count(-1) + sum(
            len({tabs[page] for page in self._possible(n, lives)}) != 1 for n in self._fits if of[n] >= 0
        )
        self._fill(of)
        return Untangled(of, count, unsure)

    def _tabs(self) -> list[int]:
        """Tab of each page: one that fell silent before it began, of the same site if there is one.

        There are as many tabs as pages that go on at once; a page of another site, or to which nothing led, begins
        one as long as there are fewer.
        """
        at_once = max(
            (sum(other.goes_on_after(page.start) for other in self._pages[: page.number]) for page in self._pages),
            default=0,
        )
        tabs: list[int] = []
        ends: list[_Page] = []
        for page in self._pages:
            free = [n for n, last in enumerate(ends) if not last.goes_on_after(page.start)]
            alike = {n: _alike(ends[n].href, page.href) for n in free}
            # Another part of the site, and nobody had just done something that leads there.
            led = [n for n in free if alike[n] > 1 or page.start - self._acted(ends[n], page.start) < _LEADS]
            if not any(alike[n] for n in led) and len(ends) <= at_once:
                free = []
            if free:
                best = max(free, key=lambda n: (alike[n], self._acted(ends[n], page.start)))
                ends[best] = page
                tabs.append(best)
            else:
                tabs.append(len(ends))
                ends.append(page)
        return tabs

    @staticmethod
    def _acted(page: _Page, before: float) -> float:
        """When somebody last did something on a page, before an instant."""
        at = bisect_right(page.acts, before)
        return page.acts[at - 1] if at else page.start

    def _lives(self, tabs: list[int]) -> list[tuple[float, float]]:
        """From when to when each page was its tab's page."""
        ends = [float("inf")] * len(tabs)
        following: dict[int, float] = {}
        for page in reversed(self._pages):
            ends[page.number] = following.get(tabs[page.number], float("inf"))
            following[tabs[page.number]] = page.start
        return [(page.start, ends[page.number]) for page in self._pages]

    def _foreground(self, lives: list[tuple[float, float]]) -> None:
        """People use one tab at a time: what they do is settled by what is proved before and after it.

        Between a proof for one tab and the next for another, the change is put at the longest pause.
        """
        run: list[int] = []
        before: int | None = None
        for n in range(len(self._times)):
            if not self._user[n]:
                continue
            possible = self._possible(n, lives)
            if len(possible) == 1:
                self._page[n] = possible[0]
                self._found[n] = _PROVED
                self._settle(run, before, n, lives)
                run, before = [], n
            else:
                run.append(n)
        self._settle(run, before, None, lives)

    def _possible(self, n: int, lives: list[tuple[float, float]]) -> list[int]:
        """Pages alive at an event that it fits; one alone when much more speaks for it than for the others."""
        t = self._times[n]
        alive = [(right, p) for p, right in self._fits.get(n, ()) if lives[p][0] <= t < lives[p][1]]
        alive.sort(reverse=True)
        if len(alive) > 1 and alive[0][0] - alive[1][0] >= _MUCH:
            return [alive[0][1]]
        return [p for _, p in alive]

    def _settle(
        self, run: list[int], before: int | None, after: int | None, lives: list[tuple[float, float]]
    ) -> None:
        if not run:
            return
        known = [*([before] if before is not None else []), *run, *([after] if after is not None else [])]
        cut = len(run)
        if before is None:
            cut = 0
        elif after is not None and self._page[before] != self._page[after]:
            gaps = [self._times[b] - self._times[a] for a, b in pairwise(known)]
            cut = gaps.index(max(gaps))
        for k, n in enumerate(run):
            side = before if k < cut else after
            possible = self._possible(n, lives)
            if side is not None and self._page[side] in possible:
                self._page[n] = self._page[side]

    def _fill(self, of: array[int]) -> None:
        """What names no node belongs to the tab of the nearest event that does."""
        times = self._times
        following = [-1] * len(of)
        last = -1
        for n in range(len(of) - 1, -1, -1):
            if of[n] >= 0 and self._found[n]:
                last = n
            following[n] = last
        last = -1
        for n in range(len(of)):
            if of[n] >= 0:
                if self._found[n]:
                    last = n
                continue
            after = following[n]
            if last < 0 or (after >= 0 and times[after] - times[n] < times[n] - times[last]):
                of[n] = of[after] if after >= 0 else 0
            else:
                of[n] = of[last]


def untangle(events: Iterable[Event]) -> Untangled:
    """Which tab each of `events` (in order of time) belongs to."""
    untangler = Untangler()
    for event in events:
        untangler.add(event)
    return untangler.result()


def _numbered(root: Sn) -> list[tuple[int, str]]:
    """(id, name) of a serialised node and all inside it, in order."""
    found: list[tuple[int, str]] = []
    stack = [root]
    while stack:
        node = stack.pop()
        found.append((node.id, node.tagName or node.name))
        stack.extend(reversed(node.childNodes))
    return found


def _alike(one: str, other: str) -> int:
    """How much two addresses have in common: 1 the host, 2 the first folder as well."""
    try:
        first, second = urlsplit(one), urlsplit(other)
    except ValueError:
        return 0
    if first.netloc != second.netloc:
        return 0
    return 1 + (first.path.split("/")[1:2] == second.path.split("/")[1:2])
