"""Redaction for good: nothing of it left on the disk, the rest as it was, and nothing changed when it fails."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import zstandard

from replay_viewer.cli import main
from replay_viewer.domain.errors import BadInput, Cancelled
from replay_viewer.domain.pulled import Asset, Attached, KeptMap, Pulled
from replay_viewer.domain.resources import resource
from replay_viewer.domain.rows import KINDS
from replay_viewer.domain.session import Note
from replay_viewer.library import Library
from replay_viewer.recording import keyframe
from replay_viewer.services import redacting
from replay_viewer.services.importer import import_paths
from replay_viewer.services.rewrite import redact_for_good
from replay_viewer.services.states import TabStates
from replay_viewer.services.transform import raw_events

SECRETS = (b"ada.marlow@example.com", b"Ada Marlow")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    import_paths(home, [resource("samples", "checkout-502")])
    return home


def _session(home: Path) -> str:
    with Library.open(home) as library:
        return library.sessions()[0].id


def left_on_disk(home: Path) -> list[str]:
    """Files below the library in which a secret stands, zstd blobs unpacked."""
    found = []
    for path in sorted(home.rglob("*")):
        if not path.is_file():
            continue
        data = path.read_bytes()
        if data[:4] == b"\x28\xb5\x2f\xfd":
            data = zstandard.ZstdDecompressor().decompress(data)
        # The search index keeps words apart, in lower case.
        words = (b"ada.marlow", b"marlow") if path.name.startswith("library.db") else ()
        found += [f"{path.name}: {secret!r}" for secret in (*SECRETS, *words) if secret in data]
    return found


def test_nothing_is_left_on_the_disk(home: Path) -> None:
    id = _session(home)
    pictures = home / "screenshots"
    pictures.mkdir()
    (pictures / f"{id[:12]}-20260101-000000.png").write_bytes(b"png")
    with Library.open(home) as library:
        library.tidy()  # pages read, so that their texts are in the index
        before = library.session(id)
        library.put_note(Note(id="n", session=id, t=before.start, text="mail Ada.Marlow@example.com"))
        library.extras.put_asset(id, Asset(url="https://x.test/face.png", type="image/png"), b"png of Ada Marlow")
        library.extras.put_asset(id, Asset(url="https://x.test/shop.css", type="text/css"), b"p { color: red }")
        for name in ("js/app.js", "u/Ada.Marlow@example.com/app.js"):
            library.extras.put_map(id, KeptMap(name=name, source="web"), b"{}")
        library.extras.put_attached(id, Attached(name="sentry", origin="x"), list(library.fetch(id, "errors", [0])))
        library.extras.put_pulled(id, Pulled(url="https://x.test/?mail=ada.marlow@example.com", source="s", at=1.0))
        positions = [len(list(raw_events(library, id, tab.index))) for tab in before.tabs]
        rows = {kind: len(library.columns(id, kind)) for kind in KINDS}
    assert left_on_disk(home)

    assert main(["redact", id, "--home", str(home), "--yes"]) == 0

    assert left_on_disk(home) == []
    assert list(pictures.iterdir()) == []
    with Library.open(home) as library:
        after = library.session(id)
        assert [len(list(raw_events(library, id, tab.index))) for tab in after.tabs] == positions
        assert {kind: len(library.columns(id, kind)) for kind in KINDS} == rows
        assert library.notes(id)[0].text == "mail [e-mail 1]"
        assert after.health[0].code == "redacted"
        assert [asset.url for asset in library.extras.assets(id)] == ["https://x.test/shop.css"]
        assert [one.name for one in library.extras.maps(id)] == ["js/app.js"]
        assert library.extras.attached(id) == []
        assert library.extras.pulled(id) is None
        assert (after.start, after.end, after.origin) == (before.start, before.end, before.origin)
        assert library.search("marlow") == []
        library.read_pages()
        assert library.search_pages("marlow") == []
        # What is stored as keyframes is what the events lead to.
        states = TabStates(library, id, 0)
        for ref in library.keyframes(id, 0):
            assert keyframe.encode(states.go(ref.event)) == library.blob(ref.blob)
    assert main(["redact", id, "--home", str(home), "--yes"]) == 0  # a second time changes nothing more


def test_it_is_asked_for(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["redact", _session(home), "--home", str(home)]) == 1
    assert "--yes" in capsys.readouterr().err
    assert left_on_disk(home)


def test_broken_off_it_is_as_it_was(home: Path) -> None:
    id = _session(home)
    with Library.open(home) as library:
        before = msgspec.json.encode(library.session(id))
        redactor = redacting.redactor_for(library, id)
        calls = iter((False, True))
        with pytest.raises(Cancelled):
            redact_for_good(library, id, redactor, cancelled=lambda: next(calls, True))
        assert msgspec.json.encode(library.session(id)) == before
        with pytest.raises(BadInput):
            redact_for_good(library, id, redacting.redactor_for(library, id, "none"))


def test_own_rules_and_preview_on_the_command_line(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    id, at = _session(home), ["--home", str(home)]
    assert main(["redaction", "add", "--text", "Lumen & Oak", "--element", ".msg", *at]) == 0
    assert main(["redaction", "allow", "--rule", "ip", "--profile", "vendor", *at]) == 0
    assert main(["redaction", "add", "--element", "a:hover", *at]) == 1
    assert "a:hover" in capsys.readouterr().err
    assert main(["redaction", *at]) == 0
    assert "Lumen & Oak" in capsys.readouterr().out
    out = tmp_path / "note.md"
    export = ["export", id, *at, "--format", "md", "--no-pictures"]
    assert main([*export, "--preview", "--json"]) == 0
    hits = msgspec.json.decode(capsys.readouterr().out)["hits"]
    assert any(hit["before"] == "ada.marlow@example.com" for hit in hits)
    assert not out.exists()
    assert main([*export, "--redact", "vendor", "-o", str(out)]) == 0
    assert "vendor" in out.read_text()
    assert main([*export]) == 1
    assert main([*export, "--redact", "nobody", "-o", str(out)]) == 1
    assert "vendor" in capsys.readouterr().err
    assert main(["redaction", "remove", "--text", "Lumen & Oak", *at]) == 0
    assert main(["redaction", "remove", "--text", "Lumen & Oak", *at]) == 1
