"""Capture the files a recording refers to (style sheets, fonts, images) while they still exist.

The recording stays as it is: what comes is kept beside it by URL, and the painter maps it. What could not be had is
kept with the reason. Captured style sheets refer to further files, which are captured as well.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec

from replay_viewer.analysis import cssrefs
from replay_viewer.analysis.cssrefs import Kind
from replay_viewer.analysis.references import SOURCES, TYPES, Collector, worth
from replay_viewer.domain.errors import BadInput, Cancelled
from replay_viewer.domain.pulled import Asset
from replay_viewer.library import Library
from replay_viewer.recording.chunk import Chunk
from replay_viewer.services import addresses, asset_health, map_fetch
from replay_viewer.services.asking import ask
from replay_viewer.services.shelf import FONTS, IMAGES, SHEET
from replay_viewer.sources import recognise
from replay_viewer.sources.fetching import Fetched, Fetcher, NotFetched, Resolve, resolve

#: Bytes of one file, and of all files of a session; files of a session; sheets within sheets.
LARGEST, TOTAL, MOST, DEEPEST = 10_000_000, 200_000_000, 5_000, 8
#: Bytes of a script or a source map.
LARGEST_MAP = 50_000_000

_WORKERS = 24
_ACCEPT: dict[Kind, str] = {
    "css": "text/css,*/*;q=0.1",
    "image": "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.1",
    "any": "*/*",
}
_CHARSET = re.compile(r"charset=[\"']?([\w.:-]{1,40})", re.IGNORECASE)


class AssetProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a capture is: `done`/`total` are events in stage "look", files in "fetch", scripts whose source maps
    are looked for in "maps"; `bytes` that came."""

    stage: str
    done: int
    total: int
    bytes: int = 0

    @property
    def words(self) -> str:
        """It as a person reads it."""
        if self.stage == "look":
            return f"looking through the recording {self.done / self.total:.0%}" if self.total else "looking"
        if self.stage == "maps":
            return f"source maps: {self.done:,} of {self.total:,} scripts"
        return f"{self.done:,} of {self.total:,} files · {self.bytes / 1e6:,.1f} MB"


class Captured(msgspec.Struct, frozen=True, kw_only=True):
    """What a capture brought. `had`: files that are here now; `fetched` of those by this run; `missing`: not had.

    `maps`: what became of the source maps of scripts that the session's stacks name, in words.
    """

    session: str
    had: int
    fetched: int
    missing: int
    bytes: int
    maps: str = ""

    @property
    def words(self) -> str:
        """It in words."""
        return " ".join(text for text in (self._files, self.maps) if text)

    @property
    def _files(self) -> str:
        if not self.had and not self.missing:
            return "" if self.maps else "The recording refers to no files on the web."
        came = f"{self.fetched:,} file{'s' if self.fetched != 1 else ''} captured ({self.bytes / 1e6:,.1f} MB)"
        kept = f", {self.had - self.fetched:,} were here already" if self.had > self.fetched else ""
        lost = f", {self.missing:,} could not be had: Health says why" if self.missing else ""
        return f"{came}{kept}{lost}."


OnProgress = Callable[[AssetProgress], None]


def capture(
    home: Path,
    id: str,
    *,
    progress: OnProgress | None = None,
    cancelled: Callable[[], bool] | None = None,
    allow_private: bool = False,
    resolve: Resolve = resolve,
    largest: int = LARGEST,
    total: int = TOTAL,
    patience: float = 120.0,
    proxy: str | None = None,
) -> Captured:
    """Capture what session `id` refers to and is not here yet, and the source maps of the scripts its stacks name.

    What came stays when it is cancelled.

    `allow_private`: hosts in private networks may be asked too. `resolve`: addresses of a name. `patience`: s for one
    file. `proxy`: by which they are asked (default: that of the connection the session was pulled by). Raises
    NotFound, StorageProblem, Cancelled.
    """
    with Library.open(home) as library:
        session = library.session(id).id
        proxy = _proxy(library, session) if proxy is None else proxy
        found = look(library, session, progress, cancelled)
        one = _Capture(library, session, found, progress, cancelled, largest, total)
        fetching = partial(Fetcher, allow_private=allow_private, resolve=resolve, whole=patience, proxy=proxy)
        fetcher = fetching(largest=largest)
        try:
            ask(one.run(fetcher), cancelled)
        finally:
            asset_health.after(library, session)
        # by the same rules, but for the size: the map of a large application is larger than any picture
        fetcher = fetching(largest=LARGEST_MAP)
        brought = ask(map_fetch.from_web(library, session, fetcher, one.report_maps), cancelled)
        return msgspec.structs.replace(one.result(), maps=brought.words)


def _proxy(library: Library, session: str) -> str:
    """The proxy of the connection a session was pulled by; '' for none."""
    pulled = library.extras.pulled(session)
    if pulled is None:
        return ""
    try:
        return addresses.access(library.home, recognise(pulled.url)[1]).proxy
    except BadInput:  # an address that is no longer recognised
        return ""


def look(
    library: Library,
    id: str,
    progress: OnProgress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> dict[str, Kind]:
    """Every URL the recording of a session refers to, and what as; captured sheets are not looked into."""
    session = library.session(id)
    found: dict[str, Kind] = {}
    refs = [(tab.index, ref) for tab in session.tabs for ref in library.chunks(id, tab.index)]
    total, done = sum(ref.events for _, ref in refs), 0
    collectors: dict[int, Collector] = {}
    for tab, ref in refs:
        if cancelled is not None and cancelled():
            raise Cancelled
        collector = collectors.setdefault(tab, Collector(found))
        chunk = Chunk(library.blob(ref.blob))
        for n in range(len(chunk)):
            if (chunk.types[n] in TYPES or chunk.sources[n] in SOURCES) and worth(chunk.raw(n)):
                collector.read(chunk.event(n))
        done += ref.events
        if progress is not None:
            progress(AssetProgress(stage="look", done=done, total=total))
    return found


def listing(library: Library, id: str) -> list[Asset]:
    """All files session `id` refers to: those captured, those that could not be, those never asked for."""
    known = {asset.url: asset for asset in library.extras.assets(id)}
    for url in look(library, id):
        known.setdefault(url, Asset(url=url, why="not captured yet"))
    return sorted(known.values(), key=lambda asset: asset.url)


class _Capture:
    """One run: a queue of URLs that grows with the sheets that come."""

    def __init__(
        self,
        library: Library,
        session: str,
        found: dict[str, Kind],
        progress: OnProgress | None,
        cancelled: Callable[[], bool] | None,
        largest: int,
        total: int,
    ) -> None:
        self._library, self._session, self._cancelled = library, session, cancelled
        self._ended = False
        self._progress, self._largest, self._most_bytes = progress, largest, total
        known = library.extras.assets(session)
        self._had = {asset.url: asset for asset in known if asset.digest}
        self._bytes = sum(asset.size for asset in self._had.values())
        self._came_bytes = self._fetched = self._done = 0
        self._seen: set[str] = set()
        self._queue: asyncio.Queue[tuple[str, Kind, int]] = asyncio.Queue()
        self._missing: set[str] = set()
        # sheets first: what they refer to is wanted as well
        for url, kind in sorted(found.items(), key=lambda item: item[1] != "css"):
            self._want(url, kind, 0)

    def _want(self, url: str, kind: Kind, depth: int) -> None:
        if url in self._seen or depth > DEEPEST:
            return
        self._seen.add(url)
        had = self._had.get(url)
        if had is None:
            if len(self._seen) > MOST:
                self._lost(url, f"the session refers to more than {MOST:,} files")
            else:
                self._queue.put_nowait((url, kind, depth))
        elif had.type.startswith(SHEET):
            self._look_into(url, self._library.blob(had.digest), had.type, depth)

    def _look_into(self, url: str, body: bytes, type: str, depth: int) -> None:
        for inner, kind in cssrefs.references(cssrefs.decoded(body, type), url):
            self._want(inner, kind, depth + 1)

    async def run(self, fetcher: Fetcher) -> None:
        """Fetch what is wanted until nothing is."""
        async with fetcher:
            workers = [asyncio.create_task(self._work(fetcher)) for _ in range(_WORKERS)]
            try:
                finished = asyncio.create_task(self._queue.join())
                await asyncio.wait([finished, *workers], return_when=asyncio.FIRST_COMPLETED)
                for worker in workers:
                    if worker.done():
                        worker.result()  # a worker never ends by itself: this raises why it did
            finally:
                self._ended = True
                finished.cancel()
                for worker in workers:
                    worker.cancel()
                await asyncio.gather(finished, *workers, return_exceptions=True)

    async def _work(self, fetcher: Fetcher) -> None:
        # A fetch may answer its own cancelling with a reason; the worker must end all the same.
        while not self._ended:
            url, kind, depth = await self._queue.get()
            try:
                if self._bytes >= self._most_bytes:
                    raise NotFetched(self._full())
                came = await fetcher.get(url, _ACCEPT[kind])
                type = judged(kind, came)
                if self._bytes + len(came.body) > self._most_bytes:
                    raise NotFetched(self._full())
                body = came.body
                if type.startswith(SHEET) and came.url != url:
                    # its references are relative to where it was in the end, and what is kept is its first URL
                    text = cssrefs.rewritten(cssrefs.decoded(body, type), came.url, lambda to, _sheet: to)
                    type, body = SHEET, text.encode("utf-8", "replace")
                self._keep(url, type, body)
                if type.startswith(SHEET):
                    self._look_into(url, body, type, depth)
            except NotFetched as error:
                self._lost(url, str(error))
            self._done += 1
            self._queue.task_done()
            if self._progress is not None:
                total = self._done + self._queue.qsize()
                self._progress(AssetProgress(stage="fetch", done=self._done, total=total, bytes=self._came_bytes))
            if self._cancelled is not None and self._cancelled():
                raise Cancelled

    def _full(self) -> str:
        return f"the files of a session may be {self._most_bytes / 1e6:,.0f} MB together, and are"

    def _keep(self, url: str, type: str, body: bytes) -> None:
        self._library.extras.put_asset(self._session, Asset(url=url, type=type), body)
        self._had[url] = Asset(url=url, type=type, size=len(body))
        self._bytes += len(body)
        self._came_bytes += len(body)
        self._fetched += 1

    def _lost(self, url: str, why: str) -> None:
        self._missing.add(url)
        self._library.extras.put_asset(self._session, Asset(url=url, why=why))

    def report_maps(self, done: int, total: int) -> None:
        """How far the search for source maps is."""
        if self._progress is not None:
            self._progress(AssetProgress(stage="maps", done=done, total=total))

    def result(self) -> Captured:
        """What it brought."""
        return Captured(
            session=self._session,
            had=len(self._seen & self._had.keys()),
            fetched=self._fetched,
            missing=len(self._missing),
            bytes=self._came_bytes,
        )


_MAGIC: Sequence[tuple[int, bytes, str]] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypavis", "image/avif"),
    (0, b"BM", "image/bmp"),
    (0, b"\0\0\1\0", "image/x-icon"),
    (0, b"wOF2", "font/woff2"),
    (0, b"wOFF", "font/woff"),
    (0, b"\0\1\0\0", "font/ttf"),
    (0, b"true", "font/ttf"),
    (0, b"OTTO", "font/otf"),
    (0, b"ttcf", "font/collection"),
)
#: Types that say themselves that they are no file of a page's look, whatever the bytes begin with.
_NEVER = re.compile(r"html|javascript|ecmascript|json|^(multipart|message)/", re.IGNORECASE)


def judged(kind: Kind, came: Fetched) -> str:
    """The media type a file is stored with, by its content and what its server says. Raises NotFetched.

    Images and fonts are known by their first bytes; an SVG and a style sheet by their Content-Type, as browsers do.
    """
    said = came.type.partition(";")[0].strip().lower()
    if not came.body:
        raise NotFetched("it is empty")
    if _NEVER.search(said):
        raise NotFetched(f"it came as {said}")
    if kind == "css":
        if said not in (SHEET, ""):
            raise NotFetched(f"it came as {said}, not as a style sheet")
        charset = _CHARSET.search(came.type)
        return f"{SHEET}; charset={charset[1].lower()}" if charset else SHEET
    if said == "image/svg+xml":
        type = said
    else:
        type = next((type for at, magic, type in _MAGIC if came.body[at : at + len(magic)] == magic), "")
    if type in IMAGES or (kind == "any" and type in FONTS):
        return type
    raise NotFetched(f"it is no {'image' if kind == 'image' else 'image or font'}" + (f" ({said})" if said else ""))
