"""Attaching to a session: what a URL or files hold, brought in apart and put on its timeline."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from replay_viewer.domain.pulled import Attached
from replay_viewer.domain.rows import KINDS, Row
from replay_viewer.library import Library
from replay_viewer.services import attach, importer
from replay_viewer.services.pull import OnProgress, pull


def attach_url(
    home: Path,
    id: str,
    url: str,
    *,
    offset: float = 0.0,
    progress: OnProgress | None = None,
    cancelled: Callable[[], bool] | None = None,
    token: str | None = None,
) -> Attached:
    """Pull the session behind `url` and put its rows on the timeline of session `id`, `offset` ms later.

    Its recording, if it has one, is not kept. Raises as `pull`, and NotFound for `id`.
    """
    _known(home, id)
    with tempfile.TemporaryDirectory(prefix="replay-viewer-") as folder:
        # connections are those of the person's library, what is pulled lies apart
        scratch = Path(folder)
        session = pull(home, url, progress=progress, cancelled=cancelled, token=token, into=scratch)
        name = urlsplit(url).hostname or "pulled"
        return _attach(home, id, scratch, [session], name, url, offset)


def attach_files(
    home: Path,
    id: str,
    paths: Sequence[Path],
    *,
    offset: float = 0.0,
    progress: importer.OnProgress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Attached:
    """Put the rows of files on the timeline of session `id`, `offset` ms later. Raises as an import, and NotFound."""
    _known(home, id)
    with tempfile.TemporaryDirectory(prefix="replay-viewer-") as folder:
        scratch = Path(folder)
        sessions = importer.import_paths(scratch, paths, progress=progress, cancelled=cancelled)
        return _attach(home, id, scratch, sessions, paths[0].name, str(paths[0].resolve()), offset)


def _known(home: Path, id: str) -> None:
    with Library.open(home) as library:
        library.session(id)


def _attach(
    home: Path, id: str, scratch: Path, sessions: list[str], name: str, origin: str, offset: float
) -> Attached:
    rows: list[Row] = []
    with Library.open(scratch) as other:
        for session in sessions:
            rows += [row for kind in KINDS for _, row in other.rows(session, kind)]
    with Library.open(home) as library:
        return attach.attach(library, id, rows, name=name, origin=origin, offset=offset)
