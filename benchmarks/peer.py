"""rrweb's Replayer in the same QtWebEngine: the peer of the benchmarks, and the oracle where there is no truth.

Bundled from the development dependencies of resources/player; product code never touches it.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import orjson
from PySide6.QtCore import QEventLoop, Qt, QTimer, QUrl
from PySide6.QtWebEngineCore import (
    QWebEnginePage,
    QWebEngineProfile,
    QWebEngineSettings,
    QWebEngineUrlRequestJob,
    QWebEngineUrlSchemeHandler,
)
from PySide6.QtWebEngineWidgets import QWebEngineView

from replay_viewer.qt import chromium
from replay_viewer.qt.headless import application
from replay_viewer.qt.player.line import reply

HERE = Path(__file__).parent / "replayer"
PLAYER = Path(__file__).parents[1] / "resources" / "player"
#: A Replayer applies style sheets and frames a moment after `pause`; its picture is read after this wait, ms.
WAIT = 350


def bundle() -> Path:
    """The peer's script, built when missing or older than its source."""
    out = HERE / "dist" / "peer.js"
    source = HERE / "peer.js"
    if not out.exists() or out.stat().st_mtime < source.stat().st_mtime:
        out.parent.mkdir(exist_ok=True)
        subprocess.run(
            [
                str(PLAYER / "node_modules" / ".bin" / "esbuild"),
                str(source),
                "--bundle",
                f"--outfile={out}",
                "--format=iife",
                "--log-level=error",
            ],
            cwd=PLAYER,
            env={"NODE_PATH": str(PLAYER / "node_modules"), "PATH": "/usr/bin:/bin"},
            check=True,
        )
    return out


class _Scheme(QWebEngineUrlSchemeHandler):
    def __init__(self, events: bytes) -> None:
        super().__init__()
        self._files = {
            "/peer.html": (b"text/html", (HERE / "peer.html").read_bytes()),
            "/peer.js": (b"text/javascript", bundle().read_bytes()),
            "/events.json": (b"application/json", events),
        }

    def requestStarted(self, job: QWebEngineUrlRequestJob) -> None:  # noqa: N802
        found = self._files.get(job.requestUrl().path())
        if found is None:
            job.fail(QWebEngineUrlRequestJob.Error.UrlNotFound)
        else:
            reply(job, *found)


class _QuietPage(QWebEnginePage):
    def javaScriptConsoleMessage(self, *arguments: Any) -> None:  # noqa: N802
        """The Replayer warns a lot."""


class Peer:
    """A Replayer over `raws` (raw JSON of events in order)."""

    def __init__(self, raws: list[bytes]) -> None:
        application()
        self._profile = QWebEngineProfile()
        self._scheme = _Scheme(b"[" + b",".join(raws) + b"]")
        self._profile.installUrlSchemeHandler(chromium.SCHEME, self._scheme)
        self._profile.settings().setAttribute(QWebEngineSettings.WebAttribute.ShowScrollBars, False)
        self._page = _QuietPage(self._profile)
        self._view = QWebEngineView()
        self._view.setPage(self._page)
        self._view.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        self._view.resize(1400, 900)
        self._view.show()
        loop = QEventLoop()
        self._page.loadFinished.connect(loop.quit)
        self._page.load(QUrl("replay://app/peer.html"))
        loop.exec()
        self._run("window.loaded = -1; peer.load().then(n => { window.loaded = n; })")
        while self._run("window.loaded") == -1:
            self.wait(20)

    @staticmethod
    def wait(ms: int) -> None:
        """Let the page run."""
        loop = QEventLoop()
        QTimer.singleShot(ms, loop.quit)
        loop.exec()

    def _run(self, script: str) -> Any:
        loop = QEventLoop()
        answer: list[Any] = []

        def got(value: Any) -> None:
            answer.append(value)
            loop.quit()

        self._page.runJavaScript(script, got)
        if not answer:
            loop.exec()
        return answer[0]

    def fresh(self) -> float:
        """Make a new Replayer; ms it took."""
        return float(self._run("peer.fresh()") or 0.0)

    def seek(self, t: float) -> float:
        """`pause(t)`; ms it took, or nan when it threw."""
        value = self._run(f"(() => {{ try {{ return peer.seek({t}) }} catch (e) {{ return null }} }})()")
        return float("nan") if value is None else float(value)

    def read(self) -> dict[str, Any]:
        """Text, inputs and scrolls as painted."""
        self.wait(WAIT)
        text = self._run("(() => { try { return JSON.stringify(peer.read()) } catch (e) { return null } })()")
        return orjson.loads(text) if text else {"text": "", "inputs": [], "scrolls": {}}

    def close(self) -> None:
        """Take the page down before its profile."""
        self._view.setPage(None)  # type: ignore[arg-type]
        self._page.deleteLater()
        self._view.deleteLater()
        self.wait(50)
        self._profile.deleteLater()
