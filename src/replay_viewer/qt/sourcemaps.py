"""The source maps that apply to the open session of a window: the folder a person chose, then those kept with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from replay_viewer.analysis.mapset import MapSet
from replay_viewer.domain.errors import UserError
from replay_viewer.library import Library
from replay_viewer.services import maps

if TYPE_CHECKING:
    from replay_viewer.qt.context import Context


class SourceMaps(QObject):
    """`maps` is what stacks are shown by; nothing in it is read before a frame needs it. Then not on this thread.

    `changed`: other maps apply.
    """

    changed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._context = context
        self.maps = MapSet()
        self._chosen: MapSet | None = None
        self._of: Any = None
        context.opened_changed.connect(self.load)
        context.maps_changed.connect(self._choose)

    @property
    def chosen(self) -> Path | None:
        """The folder, zip or file that is in use."""
        return self._context.maps if self._chosen is not None else None

    @property
    def can_ask(self) -> bool:
        """Whether the open session came from a backend, which may keep maps."""
        opened = self._context.opened
        return opened is not None and opened.session.origin.startswith(("http://", "https://"))

    def load(self) -> None:
        """Bring `maps` up to what is kept with the open session."""
        opened, chosen = self._context.opened, self._chosen
        if opened is None:
            return
        session = opened.id
        if self._of is not None and self._of[0] != session:
            self._of, self.maps = None, chosen or MapSet()

        def work(library: Library) -> tuple[Any, MapSet]:
            of = (session, chosen, [(one.name, one.digest) for one in library.extras.maps(session)])
            return of, maps.of_session(library, session, chosen)

        def done(found: tuple[Any, MapSet]) -> None:
            # the same maps as before stay, with what was decoded of them
            if found[0] != self._of:
                self._of, self.maps = found
                self.changed.emit()

        self._context.tasks.read(work, done, self._failed, key="maps")

    def keep(self) -> None:
        """Keep those of the chosen maps with the open session that its stacks need."""
        opened, chosen = self._context.opened, self._chosen
        if opened is None or chosen is None:
            return
        session = opened.id

        def done(kept: int) -> None:
            if kept:
                said = f"{kept:,} source map{'s are' if kept > 1 else ' is'} kept with the session."
                self._context.said.emit(said, "A bundle can take them along.", "info")
            else:
                self._context.said.emit("None of these maps fits a stack of this session.", "", "info")
            self.load()

        self._context.tasks.read(
            lambda library: sum(not one.why for one in maps.keep_chosen(library, session, chosen)), done, self._failed
        )

    def _choose(self) -> None:
        path = self._context.maps
        if path is None:
            self._chosen = None
            self.load()
            return

        def done(chosen: MapSet) -> None:
            self._chosen = chosen
            self.load()

        self._context.tasks.run(lambda: MapSet.open(path), done, self._failed, key="maps-chosen")

    def _failed(self, error: UserError) -> None:
        self._context.said.emit(error.message, error.advice, "failed")
