"""Source maps of a session: which apply, which are kept, bundles with them, hostile ones refused."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest

from replay_viewer.analysis.mapset import HeldMap
from replay_viewer.analysis.symbols import symbolicate
from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.pulled import KeptMap, WantedMap
from replay_viewer.domain.rows import ErrorEvent, Frame
from replay_viewer.library import Library
from replay_viewer.redaction import Redactor
from replay_viewer.services import incident, maps, outputs
from replay_viewer.services.bundle import import_bundle, read_bundle, write_bundle
from replay_viewer.services.redacting import redactor_for
from tests.services.test_bundle import _rebuild as rebuild
from tests.sourcemaps import MAPS, SOURCE, failing, shop, small_map

APP, VENDOR = "https://shop.test/js/app.min.js", "https://shop.test/js/vendor.js"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """A library with the shop's failing session."""
    shop(tmp_path / "home")
    with Library.open(tmp_path / "home") as one:
        yield one


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "elsewhere") as one:
        yield one


def frames(library: Library, id: str) -> list[Frame]:
    """Of the first error, in the sources that the session's maps tell."""
    row = library.row(id, "errors", 0)
    assert isinstance(row, ErrorEvent)
    return symbolicate(row, maps.of_session(library, id)).exceptions[-1].frames


def test_maps_of_a_folder_are_kept_and_gone_with_the_session(library: Library) -> None:
    [session] = library.sessions()
    [wanted] = maps.missing(library, session.id)
    assert wanted.name.endswith("shop.min.js")
    assert not frames(library, session.id)[-1].context
    [kept] = maps.keep_chosen(library, session.id, MAPS)
    assert (kept.source, kept.why) == ("folder", "")
    assert frames(library, session.id)[-1].file.endswith(SOURCE)
    assert maps.missing(library, session.id) == []
    library.tidy()
    [held] = library.extras.maps(session.id)
    assert library.blobs.is_good(held.digest)
    shop(library.home)  # imported anew: they stay
    assert library.extras.maps(session.id) == [held]
    library.delete(session.id)
    assert library.extras.maps(session.id) == []
    assert not library.blobs.path(held.digest).exists()


def test_the_folder_of_a_person_comes_first(tmp_path: Path) -> None:
    id = failing(tmp_path / "home", APP)
    (tmp_path / "app.min.js.map").write_bytes(small_map("mine.ts"))
    with Library.open(tmp_path / "home") as library:
        file = WantedMap(url=APP, name="js/app.min.js")
        maps.keep(library, id, file, small_map("kept.ts"), "collector")
        assert frames(library, id)[0].file == "kept.ts"
        both = maps.of_session(library, id, tmp_path / "app.min.js.map")
        row = library.row(id, "errors", 0)
        assert isinstance(row, ErrorEvent)
        assert symbolicate(row, both).exceptions[0].frames[0].file == "mine.ts"
        (tmp_path / "app.min.js.map").write_bytes(b"{damaged")
        both = maps.of_session(library, id, tmp_path / "app.min.js.map")
        assert symbolicate(row, both).exceptions[0].frames[0].file == "kept.ts", "a damaged one hides nothing"


def test_what_cannot_be_kept_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    id = failing(tmp_path, APP, VENDOR)
    with Library.open(tmp_path) as library:
        one, other = maps.wanted(library, id)
        assert maps.keep(library, id, one, b"<html>", "web").why == "it is no source map"
        monkeypatch.setattr(maps, "LARGEST", 300)
        assert maps.keep(library, id, other, small_map(code="x" * 400), "web").why == "it is larger than 0 MB"
        maps.after(library, id)
        assert [(one.code, one.count) for one in library.session(id).health] == [("map-not-had", 1)] * 2
        assert maps.keep(library, id, one, small_map(), "web").why == ""
        assert maps.keep(library, id, one, b"", "web", "HTTP 404").digest, "what is here is not given up"
        monkeypatch.setattr(maps, "TOTAL", 200)
        assert "together" in maps.keep(library, id, other, small_map(), "web").why
        maps.after(library, id)
        assert len(library.session(id).health) == 1
        library.remove_maps(id)
        maps.after(library, id)
        assert library.session(id).health == []


def test_a_large_map_is_not_read_before_a_frame_needs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """20 MB of map lie beside the session: listing, choosing and opening a stack elsewhere read none of it."""
    id = failing(tmp_path / "home", APP, VENDOR)
    big = small_map("src/big.ts", code="x\nfail here\n" + "y" * 20_000_000)
    with Library.open(tmp_path / "home") as library:
        one, other = maps.wanted(library, id)
        maps.keep(library, id, other, small_map("src/vendor.ts"), "bundle", unread=True)
        library.extras.put_map(id, KeptMap(name=one.name, source="bundle"), big)
        read: list[str] = []
        data = HeldMap.data

        def watched(held: HeldMap) -> bytes:
            read.append(held.name)
            return data(held)

        monkeypatch.setattr(HeldMap, "data", watched)
        known = maps.of_session(library, id)
        assert maps.missing(library, id) == []
        vendor = Frame(file=VENDOR, line=1, column=1)
        assert known.find(vendor) is not None
        assert read == [other.name]
        row = library.row(id, "errors", 0)
        assert isinstance(row, ErrorEvent)
        mapped = symbolicate(row, known).exceptions[0].frames[0]
        assert (mapped.file, dict(mapped.context)[2]) == ("src/big.ts", "fail here")
        assert read == [other.name, one.name], "once, however many frames"


def test_bundle_out_and_in_shows_the_source(library: Library, elsewhere: Library, tmp_path: Path) -> None:
    [session] = library.sessions()
    bare, full, again = (tmp_path / f"{name}.replay" for name in ("bare", "full", "again"))
    known = maps.of_session(library, session.id, MAPS)
    manifest = write_bundle(library, session.id, bare)
    assert (manifest.version, manifest.maps, manifest.source_code) == (2, 0, False), (
        "as before, unless one wants them"
    )
    manifest = write_bundle(library, session.id, full, maps=known)
    assert (manifest.version, manifest.maps, manifest.source_code) == (3, 1, True)
    write_bundle(library, session.id, again, maps=known)
    assert full.read_bytes() == again.read_bytes()
    with zipfile.ZipFile(full) as archive:
        assert archive.read("maps/000000.map") == (MAPS / "shop.min.js.map").read_bytes()
        [entry] = json.loads(archive.read("maps.json"))
        assert entry["name"].endswith("shop.min.js")
        assert str(MAPS) not in archive.read("maps.json").decode()
    with read_bundle(full) as bundle:
        assert [one.member for one in bundle.maps] == ["maps/000000.map"]
    id = import_bundle(elsewhere, full)
    assert frames(elsewhere, id)[-1].file.endswith(SOURCE)
    assert any("placed.total" in code for _, code in frames(elsewhere, id)[-1].context)
    note = incident.build(elsewhere, id)
    assert note.faults[0].mapped
    incident.write(note, "md", tmp_path / "note.md", redactor_for(elsewhere, id))
    assert SOURCE in (tmp_path / "note.md").read_text()
    import_bundle(elsewhere, bare)
    assert frames(elsewhere, id)[-1].file.endswith(SOURCE), "a bundle without maps takes none away"
    write_bundle(elsewhere, id, again, maps=maps.of_session(elsewhere, id))
    with zipfile.ZipFile(full) as one, zipfile.ZipFile(again) as two:
        assert one.read("maps.json") == two.read("maps.json")


def test_a_redacted_bundle_has_its_maps_under_the_names_that_leave(tmp_path: Path) -> None:
    secret = "https://shop.test/u/ada.lovelace@acme.test/app.min.js"
    id = failing(tmp_path / "home", secret)
    (tmp_path / "app.min.js.map").write_bytes(small_map())
    with Library.open(tmp_path / "home") as library, Library.open(tmp_path / "other") as other:
        out = tmp_path / "clean.replay"
        chosen = maps.of_session(library, id, tmp_path / "app.min.js.map")
        manifest = write_bundle(library, id, out, maps=chosen, transform=Redactor("strict"))
        assert (manifest.redacted, manifest.maps) == (True, 1)
        with zipfile.ZipFile(out) as archive:
            assert not any(b"ada.lovelace" in archive.read(name) for name in archive.namelist())
        assert frames(other, import_bundle(other, out))[0].file == "src/pay.ts"


def test_only_what_the_stacks_need_goes_along(tmp_path: Path) -> None:
    id = failing(tmp_path / "home", APP, "https://shop.test/js/again/app.min.js", VENDOR)
    folder = tmp_path / "maps"
    (folder / "js").mkdir(parents=True)
    for name in ("js/app.min.js", "js/unused.js", "other.js"):
        (folder / f"{name}.map").write_bytes(small_map(code=None))
    with Library.open(tmp_path / "home") as library:
        order = outputs.Order(
            session=id, out=tmp_path / "s.replay", redactor=redactor_for(library, id), maps=folder, with_maps=True
        )
        outputs.write_output(library, "bundle", order)
    with zipfile.ZipFile(tmp_path / "s.replay") as archive:
        names = [name for name in archive.namelist() if name.startswith("maps")]
        assert names == ["maps/000000.map", "maps.json"], "one map, though two files have it"
        assert [one["name"] for one in json.loads(archive.read("maps.json"))] == [
            "js/again/app.min.js",
            "js/app.min.js",
        ]
        assert json.loads(archive.read("manifest.json"))["source_code"] is False


def _map(name: str, data: bytes) -> Callable[[dict[str, bytes]], None]:
    return lambda members: members.__setitem__(name, data)


def _listed(**entry: object) -> Callable[[dict[str, bytes]], None]:
    return _map("maps.json", orjson.dumps([{"member": "maps/000000.map", "name": "a.js", **entry}]))


@pytest.mark.parametrize(
    ("change", "sums", "says"),
    [
        (_map("maps/../../evil.map", b"{}"), True, "does not belong"),
        (_map("maps/app.map", b"{}"), True, "does not belong"),
        (_map("maps/000001.map", b"{}"), True, "index does not list its source maps"),
        (_map("maps/000000.map", b"{}"), False, "manifest says"),
        (_map("maps/000000.map", bytes(101_000_000)), True, "far more than"),
        (_listed(member="maps/000007.map"), True, "index does not list its source maps"),
        (_listed(member="session.json"), True, "index does not list its source maps"),
        (_listed(name=""), True, "no usable names"),
        (_listed(name="x" * 1001), True, "no usable names"),
        (_map("maps.json", b"[1]"), True, "not what they should be"),
        (lambda members: members.pop("maps.json"), True, "index does not list its source maps"),
        (
            _map("maps.json", orjson.dumps([{"member": "maps/000000.map", "name": str(n)} for n in range(201)])),
            True,
            "more than a session has",
        ),
    ],
)
def test_hostile_maps_are_refused(
    tmp_path: Path,
    elsewhere: Library,
    change: Callable[[dict[str, bytes]], None],
    sums: bool,
    says: str,
) -> None:
    id = failing(tmp_path / "home", APP)
    (tmp_path / "app.min.js.map").write_bytes(small_map())
    with Library.open(tmp_path / "home") as library:
        chosen = maps.of_session(library, id, tmp_path / "app.min.js.map")
        write_bundle(library, id, tmp_path / "s.replay", maps=chosen)
    with pytest.raises(BadInput, match=says) as error:
        import_bundle(elsewhere, rebuild(tmp_path / "s.replay", change, sums=sums))
    assert error.value.message.count(". ") == 0
    assert elsewhere.sessions() == []
    assert list(elsewhere.blobs.files()) == []


def test_a_map_of_a_bundle_that_is_none_harms_nothing(tmp_path: Path, elsewhere: Library) -> None:
    id = failing(tmp_path / "home", APP)
    (tmp_path / "app.min.js.map").write_bytes(small_map())
    with Library.open(tmp_path / "home") as library:
        chosen = maps.of_session(library, id, tmp_path / "app.min.js.map")
        write_bundle(library, id, tmp_path / "s.replay", maps=chosen)
    damaged = b'{"version":3,"sources":[],"names":[[[]]],"mappings":"' + b";" * 6_000_000 + b'"}'
    import_bundle(elsewhere, rebuild(tmp_path / "s.replay", _map("maps/000000.map", damaged)))
    assert frames(elsewhere, id)[0].file == APP
    [kept] = elsewhere.extras.maps(id)
    assert hashlib.sha256(damaged).hexdigest() == kept.digest


def test_a_playwright_test_says_where_it_was_thrown(library: Library, tmp_path: Path) -> None:
    [session] = library.sessions()
    for folder, thrown in ((None, False), (MAPS, True)):
        order = outputs.Order(
            session=session.id, out=tmp_path / "s.spec.mjs", redactor=redactor_for(library, session.id), maps=folder
        )
        outputs.write_output(library, "playwright", order)
        said = [line for line in (tmp_path / "s.spec.mjs").read_text().splitlines() if "// Thrown at " in line]
        assert [f"{SOURCE}:" in line for line in said] == [True] * thrown
