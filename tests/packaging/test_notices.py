"""Licence notices: every package that is passed on, with its terms; none without."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.packaging import ROOT, script

notices = script("notices")


def project(folder: Path, packages: dict[str, tuple[dict[str, Any], dict[str, str]]]) -> Path:
    """An npm project with these packages: name to (entry of the lock, files)."""
    entries: dict[str, Any] = {"": {"name": "page"}}
    for name, (entry, files) in packages.items():
        entries[f"node_modules/{name}"] = entry
        inside = folder / "node_modules" / name
        inside.mkdir(parents=True)
        about = {"name": name, "version": "1.0.0", "license": "MIT"}
        for file, text in {"package.json": json.dumps(about), **files}.items():
            (inside / file).write_text(text)
    (folder / "package-lock.json").write_text(json.dumps({"packages": entries}))
    return folder


def test_production_packages_with_their_terms(tmp_path: Path) -> None:
    folder = project(
        tmp_path,
        {
            "one": ({}, {"LICENSE": "Terms of one."}),
            "@a/two": ({}, {"licence.md": "Terms of two.", "NOTICE": "And this."}),
            "tool": ({"dev": True}, {"LICENSE": "Terms of a tool."}),
        },
    )
    text = notices.notices(folder)
    for expected in ("one 1.0.0, MIT", "Terms of one.", "@a/two 1.0.0, MIT", "Terms of two.", "And this."):
        assert expected in text
    assert "tool" not in text


def test_a_package_without_its_licence_file(tmp_path: Path) -> None:
    about = {
        "name": "rrweb-x",
        "version": "2.0.0",
        "license": "MIT",
        "repository": {"url": "git+https://github.com/rrweb-io/rrweb.git"},
    }
    folder = project(tmp_path / "known", {"rrweb-x": ({}, {"package.json": json.dumps(about)})})
    assert "SmartX" in notices.notices(folder)
    unknown = project(tmp_path / "unknown", {"other": ({}, {})})
    with pytest.raises(notices.LicenceUnknown, match="other"):
        notices.notices(unknown)


@pytest.mark.parametrize("page", ["player", "demo"])
def test_of_our_pages(page: str) -> None:
    """What the lock files name today has terms, where the packages are installed."""
    folder = ROOT / "resources" / page
    if not (folder / "node_modules").is_dir():
        pytest.skip("the npm packages are installed when the pages are built")
    text = notices.notices(folder)
    assert "rrweb-snapshot" in text
    assert "Permission is hereby granted" in text
