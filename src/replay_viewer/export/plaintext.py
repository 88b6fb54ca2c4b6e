"""Plain text, for tickets that take nothing else. Pictures stay out; their captions say what they showed."""

from __future__ import annotations

from replay_viewer.export.base import Exporter, File, Settings, opened
from replay_viewer.export.templates import render


def write(content: object, settings: Settings) -> list[File]:
    """One file."""
    return [File("", render("incident.txt.j2", opened(content), settings.templates).encode())]


EXPORTER = Exporter(name="txt", title="Plain text", suffix=".txt", media="text/plain", render=write)
