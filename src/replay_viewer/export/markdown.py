"""Markdown: one `.md`, its pictures and charts beside it."""

from __future__ import annotations

from replay_viewer.export import charts
from replay_viewer.export.base import Exporter, File, Settings, opened
from replay_viewer.export.templates import render


def write(content: object, settings: Settings) -> list[File]:
    """`incident.md`, `incident-1.png`, …, `incident-requests.png`, …"""
    note = opened(content)
    names = [f"{settings.stem}-{number}.png" for number in range(1, len(note.pictures) + 1)]
    drawn = [charts.svg(each) for each in note.charts]
    raster, ending = settings.raster, "svg" if settings.raster is None else "png"
    shown = [f"{settings.stem}-{each.name}.{ending}" for each in note.charts]
    text = render("incident.md.j2", note, settings.templates, files=names, charts=shown)
    pictures = [File(name, picture.png) for name, picture in zip(names, note.pictures, strict=True)]
    made = [
        File(name, picture.encode() if raster is None else raster(picture))
        for name, picture in zip(shown, drawn, strict=True)
    ]
    return [File("", text.encode()), *pictures, *made]


EXPORTER = Exporter(name="md", title="Markdown", suffix=".md", media="text/markdown", render=write)
