"""JSON: the fields of `IncidentNote` as they are, with `format` and `version` in front; pictures in base64."""

from __future__ import annotations

import msgspec

from replay_viewer.export.base import Exporter, File, Settings, opened
from replay_viewer.export.incident import RESPONSE, VERSION

_encoder = msgspec.json.Encoder()


def write(content: object, settings: Settings) -> list[File]:
    """One file."""
    note = opened(content)
    head = {"format": "replay-viewer-incident", "version": VERSION, "response": RESPONSE[note.severity]}
    fields = {name: getattr(note, name) for name in note.__struct_fields__ if name != "version"}
    return [File("", msgspec.json.format(_encoder.encode({**head, **fields}), indent=2) + b"\n")]


EXPORTER = Exporter(name="json", title="JSON", suffix=".json", media="application/json", render=write)
