"""Source maps fetched for a session's stacks: from the backend it was pulled from, or from the web.

Only what the stacks need and no map is kept for is asked for. What could not be had is kept with the reason, and is
asked for again the next time. That a source simply has no map of a file is worth a line only when a person asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import msgspec

from replay_viewer.analysis.mapset import inline_map, marks_of
from replay_viewer.domain.errors import BadInput, Cancelled, NotFound, SourceProblem
from replay_viewer.domain.pulled import WantedMap
from replay_viewer.library import Library
from replay_viewer.services import addresses, maps
from replay_viewer.services.asking import ask
from replay_viewer.sources import Access, Http, Link, MapHolder, Source, recognise
from replay_viewer.sources.fetching import Fetched, Fetcher, NotFetched

#: Scripts asked for at the same time.
_AT_ONCE = 6
_ACCEPT_SCRIPT, _ACCEPT_MAP = "text/javascript, */*;q=0.1", "application/json, */*;q=0.1"


class Brought(msgspec.Struct, frozen=True, kw_only=True):
    """What asking for maps brought: how many are here now of those asked for, how many are not."""

    had: int
    missing: int

    @property
    def words(self) -> str:
        """It in words; '' when none was wanted."""
        if not self.had and not self.missing:
            return ""
        came = f"{self.had:,} source map{'s' if self.had != 1 else ''} came"
        return f"{came}, {self.missing:,} could not be had: Health says why." if self.missing else f"{came}."


def from_source(
    home: Path, id: str, *, cancelled: Callable[[], bool] | None = None, token: str | None = None
) -> Brought:
    """Ask the backend that session `id` was pulled from for the maps that are missing.

    Raises NotFound, BadInput (no such backend), SourceProblem, StorageProblem, Cancelled.
    """
    with Library.open(home) as library:
        session = library.session(id)
        pulled = library.extras.pulled(session.id)
        url = pulled.url if pulled else session.origin
        if not url.startswith(("http://", "https://")):
            raise BadInput("This session was not pulled from a source.", "Name a folder: replay-viewer maps ID add.")
        source, link = recognise(url)
        if not isinstance(source, MapHolder):
            raise BadInput(f"Source maps cannot be had from {source.name}.", "They can from Sentry and a collector.")
        reach = addresses.access(home, link) if token is None else Access(token=token)
        wanted = maps.missing(library, session.id)
        return _asked(library, session.id, source, link, reach, wanted, cancelled)


class Quest:
    """The maps that the stacks of a pulled session need, where its source keeps any; each is asked for once."""

    def __init__(self, home: Path, source: Source, link: Link, reach: Access) -> None:
        self._home, self._source, self._link, self._reach = home, source, link, reach
        self._asked: set[str] = set()
        self._looked: tuple[int, int] | None = None

    def go(self, id: str, cancelled: Callable[[], bool] | None = None) -> None:
        """After an import: ask for what is wanted since the last time. The pull is done whatever becomes of it."""
        source = self._source
        if not isinstance(source, MapHolder):
            return
        with Library.open(self._home) as library:
            session = library.session(id)
            there = session.counts.get("errors", 0), session.counts.get("console", 0)
            if there == self._looked:
                return  # a session that is followed: nothing came that has a stack
            self._looked = there
            wanted = [one for one in maps.missing(library, id) if one.name not in self._asked]
            self._asked.update(one.name for one in wanted)
            try:
                _asked(library, id, source, self._link, self._reach, wanted, cancelled, absent_too=False)
            except (SourceProblem, NotFound) as error:
                for one in wanted:
                    maps.keep(library, id, one, b"", self._link.source, str(error).rstrip("."))
                maps.after(library, id)
            except Cancelled:
                maps.after(library, id)


def _asked(
    library: Library,
    id: str,
    source: MapHolder,
    link: Link,
    reach: Access,
    wanted: Sequence[WantedMap],
    cancelled: Callable[[], bool] | None,
    *,
    absent_too: bool = True,
) -> Brought:
    """`absent_too`: what the source simply does not have is remembered, with that reason."""
    had: list[bool] = []

    async def work() -> None:
        async with Http(access=reach) as http:
            async for found in source.maps(http, link, reach.token, wanted):
                if absent_too or not found.why:
                    kept = maps.keep(library, id, found.wanted, found.data, link.source, found.why)
                    had.append(not kept.why)

    if wanted:
        ask(work(), cancelled)
        maps.after(library, id)
    return Brought(had=sum(had), missing=len(wanted) - sum(had))


async def from_web(
    library: Library, id: str, fetcher: Fetcher, progress: Callable[[int, int], None] | None = None
) -> Brought:
    """The maps that scripts on the web name, by header, comment, or in themselves. `fetcher` is the assets' own.

    Scripts are not kept. `progress` gets scripts done and in all. Raises StorageProblem.
    """
    wanted = [one for one in maps.missing(library, id) if urlsplit(one.url).scheme in ("http", "https")]
    slots, had = asyncio.Semaphore(_AT_ONCE), []

    async def one(file: WantedMap) -> None:
        async with slots:
            try:
                data, why = await _of_script(fetcher, file.url), ""
            except NotFetched as error:
                data, why = b"", str(error)
            kept = maps.keep(library, id, file, data, "web", why)
            had.append(not kept.why)
            if progress is not None:
                progress(len(had), len(wanted))

    async with fetcher:
        await asyncio.gather(*(one(file) for file in wanted))
    if wanted:
        maps.after(library, id)
    return Brought(had=sum(had), missing=len(wanted) - sum(had))


async def _of_script(fetcher: Fetcher, url: str) -> bytes:
    script = await fetcher.get(url, _ACCEPT_SCRIPT)
    said = script.map or marks_of(script.body)[1]
    if not said:
        raise NotFetched("its script names no source map")
    if said.startswith("data:"):
        inline = inline_map(said)
        if inline is None:
            raise NotFetched("the source map in its script is damaged")
        return inline
    try:
        where = urljoin(script.url, said)
    except ValueError as error:
        raise NotFetched("its script names no usable address of a source map") from error
    came: Fetched = await fetcher.get(where, _ACCEPT_MAP)
    return came.body
