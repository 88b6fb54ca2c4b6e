"""Markdown: one `.md` and its pictures beside it."""

from __future__ import annotations

from replay_viewer.export.base import Exporter, File, Settings, opened
from replay_viewer.export.templates import render


def write(content: object, settings: Settings) -> list[File]:
    """`incident.md`, `incident-1.png`, …"""
    note = opened(content)
    names = [f"{settings.stem}-{number}.png" for number in range(1, len(note.pictures) + 1)]
    text = render("incident.md.j2", note, settings.templates, files=names)
    pictures = [File(name, picture.png) for name, picture in zip(names, note.pictures, strict=True)]
    return [File("", text.encode()), *pictures]


EXPORTER = Exporter(name="md", title="Markdown", suffix=".md", media="text/markdown", render=write)
