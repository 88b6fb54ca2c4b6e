"""The `replay:` scheme: two files of the page on host `app`, the line on host `data`, nothing else."""

from __future__ import annotations

import logging
from pathlib import Path

from PySide6.QtCore import QByteArray, QObject
from PySide6.QtWebEngineCore import QWebEngineUrlRequestJob, QWebEngineUrlSchemeHandler

from replay_viewer.domain.errors import StorageProblem
from replay_viewer.qt.player.line import Line, reply

log = logging.getLogger(__name__)

ORIGIN = "replay://app"
PAGE = f"{ORIGIN}/player.html"

#: What the page may do. Recorded documents inherit it: no scripts but ours, nothing loaded but data: and blob:.
POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src replay://app/player.js",
        "style-src 'unsafe-inline'",
        "img-src data: blob:",
        "font-src data:",
        "media-src data: blob:",
        "connect-src replay://data",
        "frame-src 'none'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "worker-src 'none'",
    ]
)

_HEADERS = {
    QByteArray(b"Content-Security-Policy"): QByteArray(POLICY.encode()),
    QByteArray(b"Referrer-Policy"): QByteArray(b"no-referrer"),
    QByteArray(b"X-DNS-Prefetch-Control"): QByteArray(b"off"),
    QByteArray(b"X-Content-Type-Options"): QByteArray(b"nosniff"),
    QByteArray(b"Cache-Control"): QByteArray(b"no-store"),
}


class PlayerScheme(QWebEngineUrlSchemeHandler):
    """Serves the page from `folder`. Paths are looked up in a table, never joined to a folder."""

    def __init__(self, folder: Path, line: Line, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._line = line
        self.refused = 0
        try:
            self._files = {
                "/player.html": (b"text/html; charset=utf-8", (folder / "player.html").read_bytes()),
                "/player.js": (b"text/javascript; charset=utf-8", (folder / "player.js").read_bytes()),
            }
        except FileNotFoundError as error:
            raise StorageProblem(
                "The page that paints recordings has not been built.",
                "Run `npm ci` and `npm run build` in resources/player, or install Replay Viewer again.",
            ) from error

    def requestStarted(self, job: QWebEngineUrlRequestJob) -> None:
        """Answer one request; whatever is not foreseen is a failed request."""
        url = job.requestUrl()
        method = bytes(job.requestMethod().data())
        if url.host() == "app" and method == b"GET" and not url.hasQuery():
            found = self._files.get(url.path())
            if found is not None and (url.path() == "/player.html" or self._is_ours(job)):
                reply(job, found[0], found[1], _HEADERS)
                return
        elif (
            url.host() == "data"
            and method == b"POST"
            and self._is_ours(job)
            and self._line.handle(job, url.path().split("/")[1:])
        ):
            return
        self.refused += 1
        log.debug("refused %s %s", method, url.toString()[:200])
        job.fail(QWebEngineUrlRequestJob.Error.RequestDenied)

    @staticmethod
    def _is_ours(job: QWebEngineUrlRequestJob) -> bool:
        return job.initiator().toString().rstrip("/") == ORIGIN
