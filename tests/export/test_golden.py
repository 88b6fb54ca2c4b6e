"""Exports as they were looked at once: a change of any word shows. Run as a module, this writes them anew."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec
import pytest

from replay_viewer import __version__
from replay_viewer.domain.resources import resource
from replay_viewer.library import Library
from replay_viewer.services import incident, redacting
from replay_viewer.services.importer import import_paths
from replay_viewer.services.outputs import Order, outputs, write_output
from tests.data_dir import needs_shared, session_dir

GOLDEN = Path(__file__).parent / "golden"
FORMATS = ("txt", "md", "har", "playwright")
SHARED = ("shop_crash_rrweb", "two_tabs_posthog", "tiny_rrweb")


def source(name: str) -> Path:
    if name == "checkout-502":
        return resource("samples", name)
    folder = session_dir(name)
    return folder / "events.json.gz" if (folder / "events.json.gz").exists() else folder / "raw"


def exported(name: str, folder: Path) -> dict[str, str]:
    """File name → text of every format, strictly redacted, without what differs from run to run."""
    [id] = import_paths(folder / "home", [source(name)])
    found = {}
    with Library.open(folder / "home") as library:
        for format in FORMATS:
            redactor = redacting.redactor_for(library, id)
            one = outputs()[format]
            note = None
            if one.note:
                built = incident.build(library, id, redactor=redactor)
                # What a recording lacks is worded by the health report, which has tests of its own.
                note = msgspec.structs.replace(built, created=0.0, missing=[])
            out = folder / f"{name}{one.suffix}"
            write_output(library, format, Order(session=id, out=out, redactor=redactor, note=note))
            found[out.name] = out.read_text().replace(f'"version": "{__version__}"', '"version": "…"')
    return found


def check(name: str, tmp_path: Path) -> None:
    made = exported(name, tmp_path)
    for file, text in made.items():
        assert text == (GOLDEN / file).read_text(), f"{file}: look at it, then write it anew"


def test_of_the_sample(tmp_path: Path) -> None:
    check("checkout-502", tmp_path)


@needs_shared
@pytest.mark.parametrize("name", SHARED)
def test_of_recordings(tmp_path: Path, name: str) -> None:
    check(name, tmp_path)


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for session in ("checkout-502", *SHARED):
        with tempfile.TemporaryDirectory() as scratch:
            for file_name, content in exported(session, Path(scratch)).items():
                (GOLDEN / file_name).write_text(content)
