"""HTML to PDF on A4, by Chromium, without a window. Page numbers come from the page's own `@page` rules.

The page is written to a temporary file and loaded from there: `setHtml` fails above 2 MB, and a note with pictures
is soon larger. Scripts are off, and nothing outside the file is loaded.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import shiboken6
from PySide6.QtCore import QEventLoop, QMarginsF, QTimer, QUrl
from PySide6.QtGui import QPageLayout, QPageSize
from PySide6.QtWebEngineCore import (
    QWebEnginePage,
    QWebEngineProfile,
    QWebEngineSettings,
    QWebEngineUrlRequestInfo,
    QWebEngineUrlRequestInterceptor,
)
from PySide6.QtWidgets import QApplication

from replay_viewer.domain.errors import StorageProblem, UserError
from replay_viewer.qt import chromium

if TYPE_CHECKING:
    from PySide6.QtCore import QObject

_PATIENCE_MS = 60_000
_OFF = (
    QWebEngineSettings.WebAttribute.JavascriptEnabled,
    QWebEngineSettings.WebAttribute.PluginsEnabled,
    QWebEngineSettings.WebAttribute.LocalContentCanAccessRemoteUrls,
    QWebEngineSettings.WebAttribute.LocalContentCanAccessFileUrls,
    QWebEngineSettings.WebAttribute.PdfViewerEnabled,
)


class _OnlyThisFile(QWebEngineUrlRequestInterceptor):
    """Lets the page itself through and what it carries in data URIs; nothing else."""

    def __init__(self, url: QUrl, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._url = url

    def interceptRequest(self, info: QWebEngineUrlRequestInfo) -> None:
        """Qt's hook: called for every request."""
        asked = info.requestUrl()
        info.block(asked != self._url and asked.scheme() != "data")


def application() -> QApplication:
    """The running application, or one made for printing (command line): Chromium has to be prepared before it."""
    running = QApplication.instance()
    if isinstance(running, QApplication):
        return running
    chromium.prepare()
    return QApplication(sys.argv[:1])


def print_html(html: str, out: Path) -> None:
    """Print a page of HTML into the PDF file `out` (A4, margins by the page). Runs an event loop until it is done.

    Raises UserError when Chromium cannot do it, StorageProblem when the file cannot be written.
    """
    app = application()
    with tempfile.TemporaryDirectory(prefix="replay-viewer-pdf-") as folder:
        page_file = Path(folder) / "page.html"
        try:
            page_file.write_text(html, encoding="utf-8")
        except OSError as error:
            raise StorageProblem(
                f"The PDF could not be prepared: {error.strerror}.", "Make room on the disk."
            ) from error
        data = _print(QUrl.fromLocalFile(str(page_file)))
    app.processEvents()
    if not data.startswith(b"%PDF"):
        raise UserError("Chromium did not make a PDF of this note.", "Export HTML instead and print that.")
    try:
        out.write_bytes(data)
    except OSError as error:
        raise StorageProblem(
            f"“{out.name}” could not be written: {error.strerror}.", "Choose another folder."
        ) from error


def _print(url: QUrl) -> bytes:
    """The PDF of a local page; b"" when it did not come about in time."""
    profile = QWebEngineProfile()  # no name: off the record
    profile.setUrlRequestInterceptor(_OnlyThisFile(url, profile))
    page = QWebEnginePage(profile)
    for attribute in _OFF:
        page.settings().setAttribute(attribute, False)
    page.settings().setAttribute(QWebEngineSettings.WebAttribute.PrintElementBackgrounds, True)
    loop = QEventLoop()
    result: list[bytes] = []

    def printed(data: object) -> None:
        result.append(bytes(data.data()) if hasattr(data, "data") else bytes(data))  # type: ignore[call-overload]
        loop.quit()

    def loaded(ok: bool) -> None:
        if not ok:
            loop.quit()
            return
        layout = QPageLayout(
            QPageSize(QPageSize.PageSizeId.A4), QPageLayout.Orientation.Portrait, QMarginsF(16, 17, 16, 18),
            QPageLayout.Unit.Millimeter,
        )  # fmt: skip
        page.printToPdf(printed, layout)

    page.loadFinished.connect(loaded)
    timer = QTimer()
    timer.setSingleShot(True)
    timer.timeout.connect(loop.quit)
    timer.start(_PATIENCE_MS)
    page.load(url)
    loop.exec()
    timer.stop()
    # The page has to be gone before its profile, or Chromium complains.
    shiboken6.delete(page)
    shiboken6.delete(profile)
    return result[0] if result else b""
