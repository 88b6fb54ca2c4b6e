"""Colours reach WCAG AA in both schemes; icons follow them."""

from __future__ import annotations

import re

import pytest
from PySide6.QtWidgets import QApplication

from replay_viewer.domain.resources import resource
from replay_viewer.qt.theme import KIND_ROLE, ROLES, Scheme, contrast, icon, pixmap, style_sheet, theme

_TEXT = ("text", "muted", "accent", "failed", "warning", "good", "navigation", "network", "state")
_GROUND = ("background", "surface", "raised", "hover")
_SCHEMES: tuple[Scheme, ...] = ("light", "dark")


@pytest.mark.parametrize("scheme", _SCHEMES)
@pytest.mark.parametrize("ground", _GROUND)
@pytest.mark.parametrize("text", _TEXT)
def test_text_reads_on_every_ground(scheme: Scheme, ground: str, text: str) -> None:
    assert contrast(ROLES[scheme][text], ROLES[scheme][ground]) >= 4.5


@pytest.mark.parametrize("scheme", _SCHEMES)
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("text", "selection"),
        ("muted", "selection"),
        ("failed", "selection"),
        ("warning", "selection"),
        ("good", "selection"),
        ("text", "failed-tint"),
        ("failed", "failed-tint"),
        ("muted", "failed-tint"),
        ("text", "warning-tint"),
        ("warning", "warning-tint"),
        ("on-accent", "accent"),
        ("on-accent", "accent-hover"),
    ],
)
def test_text_reads_on_tints(scheme: Scheme, text: str, ground: str) -> None:
    assert contrast(ROLES[scheme][text], ROLES[scheme][ground]) >= 4.5


def test_both_schemes_have_the_same_roles() -> None:
    assert ROLES["light"].keys() == ROLES["dark"].keys()
    assert set(KIND_ROLE.values()) <= ROLES["light"].keys()


@pytest.mark.parametrize("scheme", _SCHEMES)
def test_style_sheet_has_every_role_filled_in(scheme: Scheme) -> None:
    assert "$" not in style_sheet(scheme)


def test_contrast_of_black_on_white() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21.0)


def test_icons_are_of_one_set() -> None:
    names = sorted(resource("icons").glob("*.svg"))
    assert len(names) > 40
    for path in names:
        text = path.read_text(encoding="utf-8")
        if path.stem not in ("replay-viewer", "arrow-neutral", "arrow-neutral-up"):
            assert 'viewBox="0 0 16 16"' in text
            assert "currentColor" in text
            assert not re.search(r"#[0-9A-Fa-f]{3,6}", text)


def test_icon_takes_the_colour_of_its_role(styled: QApplication) -> None:
    image = pixmap("play", "failed", 32).toImage()
    colours = {
        image.pixelColor(x, y).name() for x in range(32) for y in range(32) if image.pixelColor(x, y).alpha() == 255
    }
    assert colours == {theme().colour("failed").name()}
    assert not icon("play").isNull()


def test_scheme_follows_what_is_forced(styled: QApplication) -> None:
    theme().force("dark")
    assert theme().colour("surface").name().upper() == ROLES["dark"]["surface"]
    theme().force("light")
    assert theme().colour("surface").name().upper() == ROLES["light"]["surface"]
