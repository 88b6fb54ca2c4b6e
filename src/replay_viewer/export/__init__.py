"""Exports of incident notes: a registry of formats, and the one seam all of them pass.

`export(note, format, redactor)` redacts, then renders. Exporters accept only what came through it (`base.Clean`).
A third party adds a format by an entry point of the group `replay_viewer.export` that names an `Exporter`.
"""

from __future__ import annotations

from importlib.metadata import entry_points

from replay_viewer.domain.errors import BadInput
from replay_viewer.export import base, html, jsonfile, markdown, plaintext
from replay_viewer.export.base import Exporter, File, Settings
from replay_viewer.export.incident import RESPONSE, IncidentNote
from replay_viewer.export.redact import redacted
from replay_viewer.redaction import Redactor

__all__ = ["RESPONSE", "Exporter", "File", "IncidentNote", "Settings", "export", "exporter", "formats", "redacted"]

_OWN = (markdown.EXPORTER, html.EXPORTER, html.PDF, jsonfile.EXPORTER, plaintext.EXPORTER)


def formats() -> dict[str, Exporter]:
    """Name → exporter: ours first, then those of installed packages (which cannot replace ours)."""
    found = {exporter.name: exporter for exporter in _OWN}
    for point in entry_points(group="replay_viewer.export"):
        loaded = point.load()
        if isinstance(loaded, Exporter):
            found.setdefault(loaded.name, loaded)
    return found


def exporter(format: str) -> Exporter:
    """The exporter of a format. Raises BadInput."""
    found = formats()
    if format not in found:
        raise BadInput(f"There is no incident note in the format “{format}”.", f"Use one of: {', '.join(found)}.")
    return found[format]


def export(note: IncidentNote, format: str, redactor: Redactor, settings: Settings | None = None) -> list[File]:
    """The files of an incident note, the main one first. Everything in them went through `redactor`.

    For a `printed` format the main file is HTML, to be given to a printer. Raises BadInput.
    """
    chosen = exporter(format)
    return chosen.render(base._seal(redacted(note, redactor)), settings or Settings())
