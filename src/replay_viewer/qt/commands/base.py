"""What every group of commands stands on: the window, its clock, the panels it speaks of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from replay_viewer.qt.actions import PANEL_IDS
from replay_viewer.qt.panels.dom import DomPanel
from replay_viewer.qt.panels.notes import NotesPanel

if TYPE_CHECKING:
    from replay_viewer.qt.window import Window


class CommandBase(QObject):
    """Shared by the groups of commands of one window."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.window = window
        self.context = window.context
        self.playhead = window.context.playhead
        for at, name in enumerate(PANEL_IDS, 1):
            setattr(self, f"panel_{at}", lambda name=name: self._panel(name))

    @property
    def notes(self) -> NotesPanel:
        """The notes panel."""
        panel = self.window.panels.panels["notes"]
        assert isinstance(panel, NotesPanel)
        return panel

    def _panel(self, name: str) -> None:
        self.window.panel_dock.show()
        self.window.panels.show_panel(name)

    @property
    def dom(self) -> DomPanel:
        """The DOM panel."""
        panel = self.window.panels.panels["dom"]
        assert isinstance(panel, DomPanel)
        return panel

    def _folder(self) -> str:
        return str(self.window.settings.value("folder", str(Path.home())))

    def _remember_folder(self, folder: Path) -> None:
        self.window.settings.setValue("folder", str(folder))

    def allows(self, when: str) -> bool:
        """Whether a condition of the table holds."""
        opened = self.context.opened
        match when:
            case "always":
                return True
            case "undo":
                return self.notes.undo_stack.canUndo()
            case "redo":
                return self.notes.undo_stack.canRedo()
            case "errors":
                return opened is not None and len(opened.error_times()) > 0
            case "row":
                return opened is not None and self.context.selected is not None
            case "source":
                return self.window.opener.can_refresh
            case "origin":
                return opened is not None and opened.session.origin.startswith(("http://", "https://"))
            case "range":
                return opened is not None and self.playhead.range is not None
            case "tabs":
                return opened is not None and len(opened.session.tabs) > 1
            case "found":
                return opened is not None and self.window.find_bar.isVisible()
            case "gap":
                return opened is not None and self.playhead.has_gap
            case "back":
                return opened is not None and self.playhead.can_go_back
            case _:
                return opened is not None

    def _at_source(self) -> str:
        """Where the session came from, at this instant; '' for one that came from a file."""
        opened = self.context.opened
        if opened is None:
            return ""
        from replay_viewer.services import evidence  # brings the exports, which no window needs at its start

        found = evidence.links(opened.session, self.playhead.t)
        return next((link.url for link in found if link.label == "Recording"), "")
