"""Import: files or request bodies of any format become sessions in the library."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from replay_viewer import formats
from replay_viewer.domain.errors import BadInput, Cancelled
from replay_viewer.domain.session import Finding
from replay_viewer.formats.base import Captures, Document, Piece, Skipped
from replay_viewer.library import Library
from replay_viewer.services import asset_health, attach, maps
from replay_viewer.services.assembly import Assembly
from replay_viewer.services.bundle import import_bundle
from replay_viewer.services.bundle_file import looks_like_bundle
from replay_viewer.services.recorder import OutOfOrder, Tangled

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Progress:
    """How far an import is. `session` is set as soon as something of it can be opened."""

    done: int
    total: int
    session: str = ""
    events: int = 0


OnProgress = Callable[[Progress], None]


def import_paths(
    home: Path,
    paths: Sequence[Path],
    *,
    progress: OnProgress | None = None,
    cancelled: Callable[[], bool] | None = None,
    origin: str = "",
    findings: Sequence[Finding] = (),
) -> list[str]:
    """Import files or folders into the library at `home`; returns the ids of the sessions, in order of appearance.

    `progress` is called a few times a second at most per batch; `cancelled` is asked as often. `origin`: where the
    session was pulled from (default: the first path). `findings`: what whoever brought the files knows of them; they
    stand in each session's health report. Raises BadInput, StorageProblem or Cancelled, and leaves
    nothing half-imported.
    """
    library = Library.open(home)
    try:
        bundles = [path for path in paths if path.is_file() and looks_like_bundle(path)]
        others = [path for path in paths if path not in bundles]
        found = [_bundle(library, path, origin, progress, cancelled) for path in bundles]
        return found + (
            _recordings(library, others, origin, progress, cancelled, findings) if others or not found else []
        )
    finally:
        library.close()


def import_bodies(
    home: Path, bodies: Callable[[], Iterable[tuple[bytes, Mapping[str, str], str]]], *, session: str, origin: str
) -> None:
    """Import request bodies (bytes, headers, URL) of one session, whatever session they name themselves.

    `bodies` may be asked for twice: events out of order are imported by a second reading. Raises BadInput when there
    is no recording in them, StorageProblem.
    """

    def pieces(_report: Callable[[int, int], None]) -> Iterator[Piece]:
        for body, headers, url in bodies():
            try:
                found = formats.read_body(body, headers, url)
            except BadInput as error:
                found = [Skipped(session=session, code="broken-body", message=error.message)]
            yield from (msgspec.structs.replace(piece, session=session) for piece in found)

    library = Library.open(home)
    try:
        _in_any_order(library, pieces, origin, None, None, ())
    finally:
        library.close()


def import_captures(
    home: Path,
    captures: Captures,
    documents: Sequence[Document],
    *,
    origin: str,
    findings: Sequence[Finding],
    progress: OnProgress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[Assembly]:
    """As `import_paths` of the folder these documents lie in; what it is made of is kept, to go on from there."""

    def pieces(report: Callable[[int, int], None]) -> Iterator[Piece]:
        captures.restart()
        return captures.pieces(documents, report)

    kept: list[Assembly] = []
    with Library.open(home) as library:
        _in_any_order(library, pieces, origin, progress, cancelled, findings, kept)
    return kept


def _bundle(
    library: Library,
    path: Path,
    origin: str,
    progress: OnProgress | None,
    cancelled: Callable[[], bool] | None,
) -> str:
    def report(done: int, total: int) -> None:
        if progress is not None:
            progress(Progress(done, total))

    return import_bundle(library, path, origin=origin, progress=report, cancelled=cancelled)


def _recordings(
    library: Library,
    paths: Sequence[Path],
    origin: str,
    progress: OnProgress | None,
    cancelled: Callable[[], bool] | None,
    findings: Sequence[Finding],
) -> list[str]:
    where = origin or str(paths[0].resolve())

    def pieces(report: Callable[[int, int], None]) -> Iterator[Piece]:
        return formats.read_paths(paths, report)

    return _in_any_order(library, pieces, where, progress, cancelled, findings)


def _in_any_order(
    library: Library,
    pieces: Callable[[Callable[[int, int], None]], Iterator[Piece]],
    where: str,
    progress: OnProgress | None,
    cancelled: Callable[[], bool] | None,
    findings: Sequence[Finding],
    kept: list[Assembly] | None = None,
) -> list[str]:
    """Import as the pieces come; when that does not work out, read them again, in order, then tab by tab.

    `kept`: takes what it is made of, to go on from there.
    """
    run = partial(_import, library, pieces, where, progress, cancelled, findings, kept)
    try:
        return run()
    except OutOfOrder:
        log.info("events out of order across batches: sorting the recording before importing it")
    except Tangled:
        log.info("changes that do not fit the page: looking for tabs that were recorded into one stream")
        return run(patient=True, apart=True)
    try:
        return run(patient=True)
    except Tangled:
        return run(patient=True, apart=True)


def _import(
    library: Library,
    pieces: Callable[[Callable[[int, int], None]], Iterator[Piece]],
    origin: str,
    progress: OnProgress | None,
    cancelled: Callable[[], bool] | None,
    findings: Sequence[Finding],
    kept: list[Assembly] | None,
    *,
    patient: bool = False,
    apart: bool = False,
) -> list[str]:
    imports: dict[str, Assembly] = {}
    done = total = 0

    def report(now: int, of: int) -> None:
        nonlocal done, total
        done, total = now, of

    finished: list[str] = []
    try:
        for piece in pieces(report):
            if cancelled is not None and cancelled():
                raise Cancelled
            current = imports.get(piece.session)
            if current is None:
                current = imports[piece.session] = Assembly(
                    library, piece.session, origin, patient, apart, keep=kept is not None and not apart
                )
                current.skipped += findings
            current.add(piece)
            current.maybe_commit()
            if progress is not None:
                progress(Progress(done, total, current.id if current.committed else "", current.events))
        own(imports, len(findings))
        if not imports:
            raise BadInput("There is nothing to import here.", "Give a recording, or a folder of recordings.")
        for current in imports.values():
            if cancelled is not None and cancelled():
                raise Cancelled
            finished.append(current.finish())
            attach.after_import(library, current.id)
            asset_health.after(library, current.id)
            maps.after(library, current.id)
            if progress is not None:
                progress(Progress(done, total, current.id, current.events))
        if kept is not None:
            kept[:] = imports.values()
        return finished
    except BaseException:  # Ctrl+C too: what is half written is taken back; raised again
        for current in imports.values():
            if current.id not in finished:
                current.abort()
        raise


def own(imports: dict[str, Assembly], found: int) -> None:
    """Give what does not say which session it belongs to to those it was given together with.

    `found`: so many findings at the beginning of `skipped` each of them has from elsewhere.
    """
    if len(imports) < 2 or "" not in imports or imports[""].tabs:
        return
    unowned = imports.pop("")
    for current in imports.values():
        current.skipped += unowned.skipped[found:]
        current.facts = formats.merge_facts(current.facts, unowned.facts)
        if len(imports) == 1:
            current.linked += unowned.linked
