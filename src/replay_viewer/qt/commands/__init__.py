"""What the actions do: one method per handler name of the table, for one window."""

from __future__ import annotations

from replay_viewer.qt.commands.noting import NoteCommands
from replay_viewer.qt.commands.playing import PlayCommands
from replay_viewer.qt.commands.sessions import SessionCommands
from replay_viewer.qt.commands.viewing import ViewCommands


class Commands(SessionCommands, PlayCommands, NoteCommands, ViewCommands):
    """The handler object of the table of actions."""
