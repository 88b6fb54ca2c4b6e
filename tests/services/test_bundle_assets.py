"""Captured files in bundles: all of them as recorded, only styles and fonts when redacted."""

from __future__ import annotations

from pathlib import Path

from replay_viewer.domain.pulled import Asset
from replay_viewer.domain.resources import resource
from replay_viewer.library import Library
from replay_viewer.services import redacting
from replay_viewer.services.bundle import import_bundle, write_bundle
from replay_viewer.services.importer import import_paths

FILES = [
    (Asset(url="https://x.test/face.png", type="image/png"), b"\x89PNG of a face"),
    (Asset(url="https://x.test/shop.css", type="text/css"), b"p { color: red }"),
    (Asset(url="https://x.test/u/ada.marlow@example.com/own.css", type="text/css"), b"b { color: blue }"),
]


def test_out_and_in_again(tmp_path: Path) -> None:
    [id] = import_paths(tmp_path / "home", [resource("samples", "checkout-502")])
    with Library.open(tmp_path / "home") as library, Library.open(tmp_path / "other") as other:
        for asset, data in FILES:
            library.extras.put_asset(id, asset, data)
        library.extras.put_asset(id, Asset(url="https://x.test/gone.png", why="404"))
        write_bundle(library, id, tmp_path / "plain.replay")
        write_bundle(library, id, tmp_path / "again.replay")
        assert (tmp_path / "plain.replay").read_bytes() == (tmp_path / "again.replay").read_bytes()
        assert import_bundle(other, tmp_path / "plain.replay") == id
        assert {(one.url, one.type): other.blob(one.digest) for one in other.extras.assets(id)} == {
            (asset.url, asset.type): data for asset, data in FILES
        }
        redactor = redacting.redactor_for(library, id)
        write_bundle(library, id, tmp_path / "strict.replay", transform=redactor)
        assert import_bundle(other, tmp_path / "strict.replay") == f"{id}-redacted"
        assert [one.url for one in other.extras.assets(f"{id}-redacted")] == ["https://x.test/shop.css"]
