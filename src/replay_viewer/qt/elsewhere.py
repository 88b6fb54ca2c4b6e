"""Session pages of other vendors that an error event names (LogRocket's `sessionURL` …): a button for each.

The address comes from a recording and is shown before anybody goes there; only https pages of the vendors we know
(`domain/otherplaces.py`) get a button, and nothing is opened without a click.
"""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from replay_viewer.domain.otherplaces import place_of
from replay_viewer.domain.rows import CustomEvent
from replay_viewer.library import Library
from replay_viewer.qt.widgets import Elided, named_button

_MOST = 50


class Elsewhere(NamedTuple):
    """A session's page at another vendor, and when (epoch ms) an error named it."""

    vendor: str
    url: str
    t: float


def pages(library: Library, session: str) -> list[Elsewhere]:
    """The pages named in a session, each address once. Runs on a worker. Raises NotFound, StorageProblem."""
    numbers = library.filter(session, "custom", "link").tolist()[:1000]
    found: dict[str, Elsewhere] = {}
    for row in library.fetch(session, "custom", numbers):
        if isinstance(row, CustomEvent) and row.category == "link" and isinstance(row.data, dict):
            url = row.data.get("url")
            if isinstance(url, str) and url.startswith("https://") and (vendor := place_of(url)):
                found.setdefault(url, Elsewhere(vendor, url, row.t))
    return list(found.values())[:_MOST]


def open_page(url: str) -> None:
    """Show an address in the system's browser."""
    QDesktopServices.openUrl(QUrl(url))


def button(page: Elsewhere) -> QPushButton:
    """Opens the page in the system's browser."""
    made = named_button(f"Open in {page.vendor}", "globe", flat=True)
    made.setToolTip(page.url)
    made.clicked.connect(lambda: open_page(page.url))
    return made


class ElsewhereRow(QWidget):
    """The button and the address it leads to."""

    def __init__(self, page: Elsewhere) -> None:
        super().__init__()
        self.open_button = button(page)
        address = Elided("muted")
        address.setText(page.url)
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.open_button)
        box.addWidget(address, 1)


def nearest(found: list[Elsewhere], t: float) -> Elsewhere | None:
    """The page that the error at `t` named: its row stands beside the error."""
    return min(found, key=lambda one: abs(one.t - t), default=None)
