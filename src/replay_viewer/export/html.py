"""HTML in one file, pictures inside, without scripts; and the same laid out for A4, which a printer makes a PDF."""

from __future__ import annotations

from replay_viewer.export.base import Exporter, File, Settings, opened
from replay_viewer.export.templates import render


def write(content: object, settings: Settings) -> list[File]:
    """One self-contained file."""
    return [
        File("", render("incident.html.j2", opened(content), settings.templates, escape=True, paged=False).encode())
    ]


def paged(content: object, settings: Settings) -> list[File]:
    """The page for the printer."""
    return [
        File("", render("incident.html.j2", opened(content), settings.templates, escape=True, paged=True).encode())
    ]


EXPORTER = Exporter(name="html", title="HTML", suffix=".html", media="text/html", render=write)
PDF = Exporter(name="pdf", title="PDF", suffix=".pdf", media="application/pdf", render=paged, printed=True)
