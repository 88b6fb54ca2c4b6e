"""Colour roles, fonts, palette, style sheet and tinted icons; follows the system's light or dark.

The roles are those of the drawing this interface was built from. One accent colour marks the playhead, the selection,
the primary action and links; red means something failed. `tests/qt/test_theme.py` holds every pair of text and ground
to a contrast of 4.5 to 1 (WCAG 2.2, level AA).
"""

from __future__ import annotations

from functools import lru_cache
from string import Template
from typing import Literal

from PySide6.QtCore import QByteArray, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from replay_viewer.domain.resources import resource

Scheme = Literal["light", "dark"]

LIGHT: dict[str, str] = {
    "background": "#F4F6F9",
    "surface": "#FFFFFF",
    "raised": "#FFFFFF",
    "line": "#DCE1E8",
    "hairline": "#EBEEF3",
    "text": "#1B2330",
    "muted": "#5A6675",
    "accent": "#2F5BEA",
    "accent-hover": "#2149CE",
    "on-accent": "#FFFFFF",
    "selection": "#E9EEFF",
    "hover": "#F0F3F8",
    "failed": "#C6283B",
    "failed-tint": "#FCEBED",
    "warning": "#8A5800",
    "warning-tint": "#FFF4DF",
    "good": "#1A7746",
    "navigation": "#6B4FD8",
    "network": "#0D747B",
    "state": "#A1488A",
    "idle": "#9AA6B6",
}

DARK: dict[str, str] = {
    "background": "#12151A",
    "surface": "#1A1E25",
    "raised": "#212732",
    "line": "#303845",
    "hairline": "#252B35",
    "text": "#E6EAF0",
    "muted": "#9AA6B6",
    "accent": "#7C9BFF",
    "accent-hover": "#97B0FF",
    "on-accent": "#12151A",
    "selection": "#26304D",
    "hover": "#232A36",
    "failed": "#FF7A88",
    "failed-tint": "#3A2128",
    "warning": "#F0B65A",
    "warning-tint": "#382C18",
    "good": "#5CCB95",
    "navigation": "#B39DFF",
    "network": "#4FC3CE",
    "state": "#E08BC8",
    "idle": "#5A6675",
}

ROLES: dict[Scheme, dict[str, str]] = {"light": LIGHT, "dark": DARK}

#: Role that colours the marks and dots of a row kind.
KIND_ROLE = {
    "interactions": "accent",
    "navigation": "navigation",
    "console": "warning",
    "network": "network",
    "errors": "failed",
    "vitals": "good",
    "state": "state",
    "custom": "muted",
    "notes": "warning",
    "activity": "idle",
}

UI_PIXELS = 13
DATA_PIXELS = 12
ROW_HEIGHT = 24


class Theme(QObject):
    """The scheme in force. `changed` fires after the application was restyled."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.scheme: Scheme = "light"
        self.forced: Scheme | None = None

    def attach(self, app: QApplication, forced: Scheme | None = None) -> None:
        """Style `app` now and whenever the system changes between light and dark. `forced` pins one scheme."""
        self.forced = forced
        app.setStyle("Fusion")
        app.styleHints().colorSchemeChanged.connect(self._follow, Qt.ConnectionType.UniqueConnection)
        self._follow()

    def force(self, scheme: Scheme | None) -> None:
        """Pin one scheme, or follow the system again with None."""
        self.forced = scheme
        self._follow()

    def colour(self, role: str, alpha: float = 1.0) -> QColor:
        """The colour of a role in the scheme in force, with `alpha` 0..1."""
        colour = QColor(ROLES[self.scheme][role])
        if alpha < 1.0:
            colour.setAlphaF(alpha)
        return colour

    def _follow(self) -> None:
        app = QApplication.instance()
        if not isinstance(app, QApplication):
            return
        dark = app.styleHints().colorScheme() == Qt.ColorScheme.Dark
        self.scheme = self.forced or ("dark" if dark else "light")
        app.setFont(ui_font())
        app.setPalette(palette(self.scheme))
        app.setStyleSheet(style_sheet(self.scheme))
        self.changed.emit()


_theme: Theme | None = None


def theme() -> Theme:
    """The one theme of this process."""
    global _theme
    if _theme is None:
        _theme = Theme()
    return _theme


def ui_font(*, bold: bool = False, pixels: int = UI_PIXELS) -> QFont:
    """The interface font."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
    font.setPixelSize(pixels)
    font.setBold(bold)
    return font


def data_font(*, bold: bool = False) -> QFont:
    """The fixed-width font of times, numbers and code."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPixelSize(DATA_PIXELS)
    font.setBold(bold)
    return font


def palette(scheme: Scheme) -> QPalette:
    """A palette from the roles, so that unstyled widgets fit in too."""
    role = {name: QColor(value) for name, value in ROLES[scheme].items()}
    result = QPalette()
    kinds = QPalette.ColorRole
    for kind, name in (
        (kinds.Window, "background"),
        (kinds.WindowText, "text"),
        (kinds.Base, "surface"),
        (kinds.AlternateBase, "background"),
        (kinds.Text, "text"),
        (kinds.Button, "raised"),
        (kinds.ButtonText, "text"),
        (kinds.BrightText, "failed"),
        (kinds.Highlight, "selection"),
        (kinds.HighlightedText, "text"),
        (kinds.Link, "accent"),
        (kinds.LinkVisited, "navigation"),
        (kinds.ToolTipBase, "raised"),
        (kinds.ToolTipText, "text"),
        (kinds.PlaceholderText, "muted"),
        (kinds.Mid, "line"),
        (kinds.Dark, "line"),
        (kinds.Shadow, "line"),
        (kinds.Light, "raised"),
        (kinds.Midlight, "hairline"),
        (kinds.Accent, "accent"),
    ):
        result.setColor(kind, role[name])
    for kind in (kinds.WindowText, kinds.Text, kinds.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, kind, role["muted"])
    return result


def style_sheet(scheme: Scheme) -> str:
    """The style sheet of the application, roles filled in."""
    roles = {name.replace("-", "_"): value for name, value in ROLES[scheme].items()}
    source = resource("themes", "application.qss").read_text(encoding="utf-8")
    return Template(source).substitute(roles, icons=resource("icons").as_posix())


@lru_cache(maxsize=64)
def _svg(name: str) -> str:
    return resource("icons", f"{name}.svg").read_text(encoding="utf-8")


def pixmap(name: str, role: str = "text", size: int = 16, ratio: float = 1.0) -> QPixmap:
    """Icon `name` drawn at `size` logical pixels in a role's colour, at a device pixel `ratio`."""
    source = _svg(name).replace("currentColor", theme().colour(role).name())
    image = QPixmap(QSize(round(size * ratio), round(size * ratio)))
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    QSvgRenderer(QByteArray(source.encode())).render(painter, QRectF(image.rect()))
    painter.end()
    image.setDevicePixelRatio(ratio)
    return image


def icon(name: str, role: str = "text", off: str | None = None) -> QIcon:
    """Icon tinted by `role`; muted when disabled, sharp at 1× and 2×. `off`: another role when not checked."""
    result = QIcon()
    for ratio in (1.0, 2.0):
        result.addPixmap(pixmap(name, role, ratio=ratio), QIcon.Mode.Normal, QIcon.State.On)
        result.addPixmap(pixmap(name, off or role, ratio=ratio), QIcon.Mode.Normal, QIcon.State.Off)
        result.addPixmap(pixmap(name, "idle", ratio=ratio), QIcon.Mode.Disabled)
    return result


def luminance(colour: str) -> float:
    """Relative luminance of `#RRGGBB` as WCAG defines it."""

    def linear(value: int) -> float:
        part = value / 255.0
        return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)

    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
