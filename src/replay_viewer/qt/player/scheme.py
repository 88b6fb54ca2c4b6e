"""The `replay:` scheme: two files of the page on host `app`, the line on host `data`, captured files of the session
on host `asset`, nothing else."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QByteArray, QObject
from PySide6.QtWebEngineCore import QWebEngineUrlRequestJob, QWebEngineUrlSchemeHandler

from replay_viewer.domain.errors import StorageProblem
from replay_viewer.qt.player.line import Line, reply

log = logging.getLogger(__name__)

ORIGIN = "replay://app"
PAGE = f"{ORIGIN}/player.html"

#: What the page may do. Recorded documents inherit it: no scripts but ours, nothing loaded but data: and blob:,
#: and files the application captured itself.
POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src replay://app/player.js",
        "style-src 'unsafe-inline' replay://asset",
        "img-src data: blob: replay://asset",
        "font-src data: replay://asset",
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

#: Of captured files: nothing of them runs or loads anything, whatever they are opened as.
_ASSET_POLICY = b"default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; sandbox"
_ASSET_HEADERS = {
    QByteArray(b"Content-Security-Policy"): QByteArray(_ASSET_POLICY),
    QByteArray(b"X-Content-Type-Options"): QByteArray(b"nosniff"),
    QByteArray(b"Access-Control-Allow-Origin"): QByteArray(ORIGIN.encode()),
    QByteArray(b"Cache-Control"): QByteArray(b"no-store"),
}
_KEY = re.compile(r"/[cfi][0-9a-f]{32}")
#: What may be handed out, by the first letter of the key.
_TYPES = {"c": "text/css", "f": "font/", "i": "image/"}

#: Asks for a captured file by its key; the answer is its media type and content, '' when there is none.
AskAsset = Callable[[str, Callable[[str, bytes], None]], None]


class PlayerScheme(QWebEngineUrlSchemeHandler):
    """Serves the page from `folder`. Paths are looked up in a table, never joined to a folder."""

    def __init__(self, folder: Path, line: Line, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._line = line
        self.ask_asset: AskAsset | None = None
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
        """Answer one request; whatever is not foreseen is a failed request.

        Nothing is raised: an error of Qt's own that leaves an override ends the process (PySide6 6.11 crashes while
        it words it). One comes when the window closes while the page still reports: what heard reports is gone.
        """
        try:
            self._answer(job)
        except RuntimeError as error:
            log.debug("a request came too late: %s", error)
            with contextlib.suppress(RuntimeError):
                self._refuse(job)

    def _answer(self, job: QWebEngineUrlRequestJob) -> None:
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
        elif (
            url.host() == "asset"
            and method == b"GET"
            and not url.hasQuery()
            and _KEY.fullmatch(url.path())
            and self._is_ours(job)
            and self.ask_asset is not None
        ):
            self._hand_out(job, url.path()[1:], self.ask_asset)
            return
        self._refuse(job)

    def _refuse(self, job: QWebEngineUrlRequestJob) -> None:
        self.refused += 1
        log.debug("refused %s", job.requestUrl().toString()[:200])
        job.fail(QWebEngineUrlRequestJob.Error.RequestDenied)

    def _hand_out(self, job: QWebEngineUrlRequestJob, key: str, ask: AskAsset) -> None:
        """Answer with a captured file as soon as the engine has it. A page that left meanwhile is past caring."""
        gone: list[bool] = []
        job.destroyed.connect(lambda *_: gone.append(True))

        def done(type: str, body: bytes) -> None:
            if gone:
                return
            if type.startswith(_TYPES[key[0]]):
                reply(job, type.encode(), body, _ASSET_HEADERS)
            else:
                self._refuse(job)

        ask(key, done)

    @staticmethod
    def _is_ours(job: QWebEngineUrlRequestJob) -> bool:
        return job.initiator().toString().rstrip("/") == ORIGIN
