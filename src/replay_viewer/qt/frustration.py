"""Frustration in the window: signals found on a worker, and the dialog for their thresholds."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from replay_viewer.analysis import frustration
from replay_viewer.analysis.frustration import DEFAULTS, Thresholds
from replay_viewer.qt.context import Context
from replay_viewer.qt.numbersdialog import Number, NumbersDialog
from replay_viewer.services import frustration as finding

LABELS = {
    "rage_clicks": "Rage click: clicks, at least",
    "rage_window": "Rage click: within (ms)",
    "rage_distance": "Rage click: no further apart than (px)",
    "dead_wait": "Dead click: nothing changes for (ms)",
    "error_wait": "Error click: an error within (ms)",
    "thrash_turns": "Thrashed cursor: turns, at least",
    "thrash_window": "Thrashed cursor: within (ms)",
    "thrash_distance": "Thrashed cursor: each way at least (px)",
    "quick_back": "Quick back: away for no longer than (ms)",
}


class Finder(QObject):
    """Looks for the signals of the open session. `changed`: `signals` holds those of this session now."""

    changed = Signal()

    def __init__(self, context: Context, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self.signals: list[frustration.Signal] = []
        self._of = ""
        context.opened_changed.connect(self._opened)

    def look(self) -> None:
        """Look anew, with the thresholds of now."""
        opened = self.context.opened
        if opened is None or opened.session.state != "ready":
            return
        session = opened.session

        def done(found: list[frustration.Signal]) -> None:
            if self.context.opened is opened:
                self.signals = found
                self.changed.emit()

        self.context.tasks.read(
            lambda library: finding.find(library, session),
            done,
            lambda error: self.context.said.emit(error.message, error.advice, "warning"),
            key="frustration",
        )

    def _opened(self) -> None:
        self.signals = []
        self.look()


class ThresholdDialog(NumbersDialog):
    """Every threshold with its number; what is accepted is kept in the library."""

    def __init__(self, now: Thresholds, parent: QWidget | None = None) -> None:
        usual = msgspec.structs.asdict(DEFAULTS)
        numbers = [
            Number(name=name, words=LABELS[name], value=float(value), usual=float(usual[name]))
            for name, value in msgspec.structs.asdict(now).items()
        ]
        why = "Signals are computed when a session is looked at: nothing is imported anew."
        super().__init__("Frustration thresholds", why, numbers, parent)

    def thresholds(self) -> Thresholds:
        """What the fields say."""
        usual = msgspec.structs.asdict(DEFAULTS)
        return Thresholds(**{name: type(usual[name])(value) for name, value in self.values().items()})
