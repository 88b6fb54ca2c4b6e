"""What every exporter is made of, and the one way to content an exporter accepts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from replay_viewer.domain.errors import BadInput
from replay_viewer.export.content import SessionContent
from replay_viewer.export.incident import IncidentNote

_KEY = object()


class Clean:
    """An incident note that went through redaction. Only `replay_viewer.export.export` makes one."""

    __slots__ = ("note",)

    def __init__(self, note: IncidentNote, key: object) -> None:
        if key is not _KEY:
            raise TypeError("an export gets its content from replay_viewer.export.export, after redaction")
        self.note = note


def _seal(note: IncidentNote) -> Clean:
    """For the seam only."""
    return Clean(note, _KEY)


def opened(content: object) -> IncidentNote:
    """The note inside; raises TypeError for content that did not pass redaction. Every exporter begins with it."""
    if not isinstance(content, Clean):
        raise TypeError("an export gets its content from replay_viewer.export.export, after redaction")
    return content.note


class CleanSession:
    """Session content that went through redaction. Only `replay_viewer.export.sessions.export_session` makes one."""

    __slots__ = ("content",)

    def __init__(self, content: SessionContent, key: object) -> None:
        if key is not _KEY:
            raise TypeError("an export gets its content from export_session, after redaction")
        self.content = content


def _seal_session(content: SessionContent) -> CleanSession:
    """For the seam only."""
    return CleanSession(content, _KEY)


def opened_session(content: object) -> SessionContent:
    """The session content inside; raises TypeError for what did not pass redaction."""
    if not isinstance(content, CleanSession):
        raise TypeError("an export gets its content from export_session, after redaction")
    return content.content


class File(msgspec.Struct, frozen=True):
    """One file of an export. `name` '' is the file asked for; others are written beside it under that name."""

    name: str
    data: bytes


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How to render. `stem`: name of the main file without ending (pictures beside it are called after it).

    `templates`: folders searched before the shipped templates. `raster`: makes a PNG of an SVG picture, for formats
    that hold pictures beside them; without it they get the SVG.
    """

    stem: str = "incident"
    templates: Sequence[Path] = ()
    raster: Callable[[str], bytes] | None = None


class Exporter(msgspec.Struct, frozen=True, kw_only=True):
    """One format. `printed`: `render` gives HTML that a printer turns into the file (PDF)."""

    name: str
    title: str
    suffix: str
    media: str
    render: Callable[[Any, Settings], list[File]]
    printed: bool = False


def stem_of(name: str) -> str:
    """A file name's stem reduced to what is safe in any file system and in a Markdown link. Raises BadInput."""
    stem = "".join(char if char.isalnum() or char in "-_." else "-" for char in name).strip(".-")
    if not stem:
        raise BadInput(f"“{name}” is no name for a file.", "Give a name with letters or digits.")
    return stem[:100]
