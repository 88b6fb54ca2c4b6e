"""The source maps of a session: those a person names first, then those kept with it. Everybody asks `of_session`.

Kept maps lie in the library's blobs beside the session's other files: by content, and gone with the session. They
come from bundles, backends, the web (`map_fetch`), or from a folder that a person had kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import msgspec

from replay_viewer.analysis.mapset import MapSet, place_of
from replay_viewer.analysis.sourcemap import IndexedMap
from replay_viewer.analysis.symbols import needs_map
from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.pulled import KeptMap, WantedMap
from replay_viewer.domain.rows import Frame, Raised
from replay_viewer.domain.session import Finding
from replay_viewer.library import Library
from replay_viewer.library.blobs import BlobStore

#: Bytes of one kept map, and of all of a session; maps of a session; characters of a name.
LARGEST, TOTAL, MOST, LONGEST = 100_000_000, 300_000_000, 200, 1_000
#: Code of the Health report's lines about maps.
LOST = "map-not-had"
#: Rows of a kind whose stacks are looked at.
_MOST_ROWS = 20_000


class _Error(msgspec.Struct):
    exceptions: list[Raised] = []
    release: str = ""


class _Line(msgspec.Struct):
    stack: list[Frame] = []


def of_session(library: Library, id: str, chosen: MapSet | Path | None = None) -> MapSet:
    """The maps that apply to a session: `chosen` (a set, or a folder, zip, map or bundle) before the kept ones.

    Nothing kept is read before a frame needs it. `id` is a whole id. Raises BadInput, StorageProblem.
    """
    home, kept = library.home, MapSet()
    for one in library.extras.maps(id):
        if one.digest:
            # a store of its own, as a set is read in threads that have no library
            kept.put(one.name, partial(_blob, home, one.digest), one.debug_id)
    if chosen is None:
        return kept
    return (MapSet.open(chosen) if isinstance(chosen, Path) else chosen).over(kept)


def _blob(home: Path, digest: str) -> bytes:
    return BlobStore(home).read(digest)


def frames(library: Library, id: str) -> Iterator[tuple[Frame, str]]:
    """The frames of a session's errors, and of warnings and errors of its console; each with the error's release."""
    columns = library.columns(id, "errors")
    release = library.session(id).facts.release
    for error in library.fetch_as(id, "errors", columns.n[:_MOST_ROWS].tolist(), _Error):
        for raised in error.exceptions:
            yield from ((frame, error.release or release) for frame in raised.frames)
    said = library.columns(id, "console")
    loud = said.n[said.severity >= 1][:_MOST_ROWS].tolist()
    for line in library.fetch_as(id, "console", loud, _Line):
        yield from ((frame, release) for frame in line.stack)


def wanted(library: Library, id: str) -> list[WantedMap]:
    """The built files a session's stacks stand in, each once, whatever maps there are."""
    found: dict[str, WantedMap] = {}
    for frame, release in frames(library, id):
        name = place_of(frame.file)[-LONGEST:]
        if name and name not in found and needs_map(frame) and len(found) < MOST:
            found[name] = WantedMap(url=frame.file, name=name, debug_id=frame.debug_id, release=release)
    return list(found.values())


def missing(library: Library, id: str, chosen: MapSet | Path | None = None) -> list[WantedMap]:
    """Those of `wanted` that no map fits, by name alone: nothing is read."""
    maps = of_session(library, id, chosen)
    return [one for one in wanted(library, id) if not maps.has(one.frame)]


def keep(
    library: Library, id: str, one: WantedMap, data: bytes, source: str, why: str = "", *, unread: bool = False
) -> KeptMap:
    """Keep the map of a file with a session, or `why` there is none; what is here already is not given up for that.

    What is no map (`unread`: nobody looks), too large or too much is kept as not had, with the reason. Raises
    StorageProblem.
    """
    known = library.extras.maps(id)
    others = [other for other in known if other.name != one.name]
    why = why or _refused(data, others, unread)
    had = next((other for other in known if other.name == one.name and other.digest), None)
    if why and had is not None:
        return had
    made = KeptMap(name=one.name, source=source, debug_id=one.debug_id, size=0 if why else len(data), why=why)
    library.extras.put_map(id, made, b"" if why else data)
    return made


def _refused(data: bytes, others: list[KeptMap], unread: bool) -> str:
    if len(data) > LARGEST:
        return f"it is larger than {LARGEST / 1e6:,.0f} MB"
    if sum(other.size for other in others) + len(data) > TOTAL or len(others) >= MOST:
        return f"the maps of a session may be {MOST} and {TOTAL / 1e6:,.0f} MB together"
    try:
        if not unread:
            IndexedMap(data)
    except BadInput:
        return "it is no source map"
    return ""


def keep_chosen(library: Library, id: str, chosen: MapSet | Path) -> list[KeptMap]:
    """Keep those maps of a folder or zip that the session's stacks need; they are with it from then on."""
    maps = MapSet.open(chosen) if isinstance(chosen, Path) else chosen
    found = [(one, maps.choose(one.frame)) for one in wanted(library, id)]
    kept = [keep(library, id, one, held.data(), "folder") for one, held in found if held is not None]
    after(library, id)
    return kept


def completed(health: list[Finding], known: list[KeptMap]) -> list[Finding]:
    """A report with which maps of the session could not be had, for each reason how many and the first."""
    reasons: defaultdict[str, list[str]] = defaultdict(list)
    for one in known:
        if one.why:
            reasons[one.why].append(one.name)
    made = []
    for why, names in sorted(reasons.items(), key=lambda item: -len(item[1])):
        files = "file" if len(names) == 1 else "files"
        message = f"The source map of {len(names):,} {files} could not be had: {why} (first: {names[0][-120:]})."
        made.append(Finding(code=LOST, message=message, count=len(names)))
    return [*(one for one in health if one.code != LOST), *made]


def after(library: Library, id: str) -> None:
    """Bring the Health report up to what is known of a session's maps; also after it was imported anew."""
    session = library.session(id)
    made = completed(session.health, library.extras.maps(id))
    if made != session.health:
        library.set_health(session.id, made)
