"""Shows an HTML export as a browser shows it: no scripts, nothing loaded but the file itself, no link followed."""

from __future__ import annotations

import tempfile
from pathlib import Path

import shiboken6
from PySide6.QtCore import QUrl
from PySide6.QtWebEngineCore import (
    QWebEnginePage,
    QWebEngineProfile,
    QWebEngineSettings,
    QWebEngineUrlRequestInfo,
    QWebEngineUrlRequestInterceptor,
)
from PySide6.QtWebEngineWidgets import QWebEngineView
from PySide6.QtWidgets import QVBoxLayout, QWidget

_OFF = (
    QWebEngineSettings.WebAttribute.JavascriptEnabled,
    QWebEngineSettings.WebAttribute.PluginsEnabled,
    QWebEngineSettings.WebAttribute.LocalContentCanAccessRemoteUrls,
    QWebEngineSettings.WebAttribute.LocalContentCanAccessFileUrls,
)


class _OnlyThisFile(QWebEngineUrlRequestInterceptor):
    """Lets the file through and what it carries inside."""

    allowed = QUrl()

    def interceptRequest(self, info: QWebEngineUrlRequestInfo) -> None:
        """Qt's hook: called for every request."""
        url = info.requestUrl()
        own = url.isLocalFile() and url.path() == self.allowed.path()
        info.block(not own and url.scheme() != "data")


class _StillPage(QWebEnginePage):
    """A page that only ever shows our file."""

    def acceptNavigationRequest(self, url: QUrl | str, kind: QWebEnginePage.NavigationType, _main: bool) -> bool:
        """Typed is what we load ourselves; links stay where they are."""
        return (
            kind
            in (
                QWebEnginePage.NavigationType.NavigationTypeTyped,
                QWebEnginePage.NavigationType.NavigationTypeReload,
                QWebEnginePage.NavigationType.NavigationTypeOther,
            )
            and QUrl(url).isLocalFile()
        )


class HtmlPreview(QWidget):
    """`show_html` replaces what is shown and keeps the place one has scrolled to."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._folder = tempfile.TemporaryDirectory(prefix="replay-viewer-note-")
        self._file = Path(self._folder.name) / "note.html"
        self._profile = QWebEngineProfile()  # no name: off the record
        self._filter = _OnlyThisFile()
        self._filter.allowed = QUrl.fromLocalFile(str(self._file))
        self._profile.setUrlRequestInterceptor(self._filter)
        self._page = _StillPage(self._profile)
        for attribute in _OFF:
            self._page.settings().setAttribute(attribute, False)
        self._view = QWebEngineView(self)
        self._view.setPage(self._page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._view)

    def show_html(self, text: str) -> None:
        """Show an export."""
        self._file.write_text(text, encoding="utf-8")
        self._page.load(self._filter.allowed)

    def shutdown(self) -> None:
        """The page goes before its profile, or Chromium complains."""
        self._view.hide()
        shiboken6.delete(self._page)
        shiboken6.delete(self._profile)
        self._folder.cleanup()
