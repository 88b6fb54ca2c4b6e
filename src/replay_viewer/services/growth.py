"""A session that is followed: what comes is added to what is there, at the price of what comes.

The first import is of everything, and what it was made of is kept: the state of each tab, its rows, what was read of
each body. A step takes back what only the end had brought (rows that were still waiting, the last, unfinished chunk),
takes the new events, and ends anew. So the session is at every step what importing everything at once makes of it.

Where that does not hold (events older than what was taken, a body that comes late or changed, two tabs in one stream,
rows attached from elsewhere), everything is imported anew, and the log says why.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from replay_viewer.domain.errors import NotFound
from replay_viewer.domain.session import Finding
from replay_viewer.formats import Captures, Reordered
from replay_viewer.library import Library
from replay_viewer.library.extras import OWN
from replay_viewer.library.growing import Changed, SessionGrower
from replay_viewer.services import asset_health, maps
from replay_viewer.services.assembly import Assembly, Made
from replay_viewer.services.importer import OnProgress, import_captures, own
from replay_viewer.services.recorder import NotGrown, OutOfOrder, TabRecorder, Tangled
from replay_viewer.services.segments import Spool

log = logging.getLogger(__name__)


class _Steps:
    """Where tabs write while they grow: their chunks and keyframes, with numbers that go on."""

    def __init__(self, grower: SessionGrower, assembly: Assembly) -> None:
        self._grower = grower
        self._tabs = assembly.tabs
        #: First event and events of the last chunk of a tab.
        self._last: dict[int, tuple[int, int]] = {}

    def _tab(self, index: int) -> TabRecorder:
        return next(tab for tab in self._tabs.values() if tab.index == index)

    def chunk(self, tab: int, first: int, events: int, t0: float, t1: float, data: bytes) -> None:
        if self._last.get(tab) != (first, events):
            self._grower.chunk(tab, self._tab(tab).chunks, first, events, t0, t1, data)
        self._last[tab] = first, events

    def keyframe(self, tab: int, event: int, t: float, nodes: int, data: bytes) -> None:
        self._grower.keyframe(tab, self._tab(tab).keyframes, event, t, nodes, data)

    def back(self, tab: int, chunks: int, keyframes: int) -> None:
        self._last.pop(tab, None)
        self._grower.back(tab, chunks, keyframes)


class Growth:
    """The session of a spool in the library at `home`. Used from one thread."""

    def __init__(self, home: Path, spool: Spool, origin: str) -> None:
        self._home, self._spool, self._origin = home, spool, origin
        self._captures = Captures()
        #: What was read: number of each segment to the digest of its body.
        self._taken: dict[int, str] = {}
        self._library: Library | None = None
        self._assembly: Assembly | None = None
        self._grower: SessionGrower | None = None
        self._steps: _Steps | None = None

    def bring_up(
        self,
        findings: Sequence[Finding],
        progress: OnProgress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> str:
        """Let the session be all that is in the spool; its id. Raises as an import does.

        `findings`: what whoever brought the segments knows of them.
        """
        if self._assembly is not None:
            try:
                return self._grow(self._assembly, findings)
            except (NotGrown, Reordered, OutOfOrder, Tangled, Changed, NotFound) as why:
                log.info("%s is imported anew: %s", self._assembly.id, str(why) or type(why).__name__)
                self._forget()
        return self._whole(findings, progress, cancelled)

    def close(self) -> None:
        """No more comes: what is made of all rows is made once more."""
        if self._grower is not None:
            self._grower.close()
        self._forget()

    def _forget(self) -> None:
        self._assembly = self._grower = self._steps = None
        self._captures.restart()
        if self._library is not None:
            self._library.close()
            self._library = None

    def _whole(
        self,
        findings: Sequence[Finding],
        progress: OnProgress | None,
        cancelled: Callable[[], bool] | None,
    ) -> str:
        self._taken = dict(self._spool.digests)
        made = import_captures(
            self._home, self._captures, self._spool.documents(),
            origin=self._origin, findings=findings, progress=progress, cancelled=cancelled,
        )  # fmt: skip
        first = made[0]
        if len(made) == 1 and first.keep and first.tabs:
            self._assembly = first
        else:
            why = "rows only" if not first.tabs else "several sessions" if len(made) > 1 else "tabs in one stream"
            log.info("%s is imported anew at the next look: it is %s", first.id, why)
        return first.id

    def _grow(self, assembly: Assembly, findings: Sequence[Finding]) -> str:
        if self._library is None:
            self._library = Library.open(self._home)
        library = self._library
        if library.extras.attached_rows(assembly.id, OWN) is not None:
            raise NotGrown("rows of another source are attached to it")
        if self._grower is None or self._steps is None:
            self._grower = SessionGrower(library, assembly.id, assembly.made.rows if assembly.made else {})
            self._steps = _Steps(self._grower, assembly)
        made = self._next(assembly, self._steps, findings)
        health = asset_health.completed(made.session.health, library.extras.assets(assembly.id))
        health = maps.completed(health, library.extras.maps(assembly.id))
        health = maps.completed(health, library.extras.maps(assembly.id))
        session = msgspec.structs.replace(made.session, health=health)
        self._grower.step(session, made.rows, made.activity, made.quiet)
        return assembly.id

    def _next(self, assembly: Assembly, steps: _Steps, findings: Sequence[Finding]) -> Made:
        """Everything read once more, as far as it is not events that were taken."""
        now = self._spool.digests
        self._captures.forget(self._spool.name(n) for n, digest in self._taken.items() if now.get(n) != digest)
        self._taken = dict(now)
        assembly.resume(steps)
        imports = {assembly.key: assembly}
        assembly.skipped += findings
        for piece in self._captures.pieces(self._spool.documents()):
            if piece.session not in imports:
                if piece.session:
                    raise NotGrown("it names another session")
                imports[""] = Assembly(assembly.library, "", self._origin, patient=False, apart=False)
                imports[""].skipped += findings
            imports[piece.session].add(piece)
        own(imports, len(findings))
        if len(imports) > 1:
            raise NotGrown("events came that say no session")
        return assembly.end()
