"""The maps command and `export --with-maps` as a person uses them."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.sourcemaps import failing, small_map

APP, VENDOR = "https://shop.test/js/app.min.js", "https://shop.test/js/vendor.js"


@pytest.fixture
def session(tmp_path: Path) -> str:
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "app.min.js.map").write_bytes(small_map())
    return failing(tmp_path / "home", VENDOR, APP)


def test_list_add_and_remove(run: Run, session: str, tmp_path: Path) -> None:
    files = json.loads(run("maps", "list", session, "--json")[1])["files"]
    assert [(one["file"], one["from"]) for one in files] == [(VENDOR, ""), (APP, "")]
    status, out, _ = run("maps", "add", session, tmp_path / "build")
    assert status == 0
    assert [line.split()[:2] for line in out.splitlines()[1:]] == [[VENDOR, "none"], [APP, "folder"]]
    note = tmp_path / "note.md"
    assert run("export", session, "--format", "md", "-o", note, "--no-pictures")[0] == 0
    assert "src/pay.ts" in note.read_text()
    status, out, _ = run("maps", "remove", session)
    assert [line.split()[:2] for line in out.splitlines()[1:]] == [[VENDOR, "none"], [APP, "none"]]
    digest = hashlib.sha256(small_map()).hexdigest()
    assert not list((tmp_path / "home" / "blobs").rglob(digest))


def test_a_bundle_takes_maps_along_when_told(run: Run, session: str, tmp_path: Path) -> None:
    out, build = tmp_path / "s.replay", tmp_path / "build"
    assert run("export", session, "--format", "bundle", "-o", out, "--maps", build)[0] == 0
    with zipfile.ZipFile(out) as archive:
        assert "maps.json" not in archive.namelist()
    assert run("export", session, "--format", "bundle", "-o", out, "--maps", build, "--with-maps")[0] == 0
    assert run("import", out, "--home", tmp_path / "theirs")[0] == 0
    printed = run("maps", "list", session, "--home", tmp_path / "theirs", "--json")[1]
    assert [one["from"] for one in json.loads(printed)["files"]] == ["", "bundle"]
    status, _, err = run("export", session, "--format", "md", "-o", tmp_path / "x.md", "--with-maps")
    assert (status, "Only a bundle" in err) == (1, True)


def test_what_cannot_be_done_is_said(run: Run, session: str, tmp_path: Path) -> None:
    for words, says in (
        (("add", session, tmp_path / "gone"), "cannot be read"),
        (("fetch", session), "not pulled from a source"),
        (("list", "nothing"), "no session"),
        (("upload", tmp_path / "build", "--to", "nowhere", "--release", "r"), "no connection"),
    ):
        status, _, err = run("maps", *words)
        assert (status, err.count("\n")) == (1, 1)
        assert says in err
