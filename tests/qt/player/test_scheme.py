"""The scheme handler when the rest of its player is gone: a failed request, never an exception."""

from __future__ import annotations

from typing import Any, cast

from PySide6.QtCore import QByteArray, QUrl
from PySide6.QtWebEngineCore import QWebEngineUrlRequestJob
from PySide6.QtWidgets import QApplication
from shiboken6 import delete

from replay_viewer.domain.resources import resource
from replay_viewer.qt.player.line import Line
from replay_viewer.qt.player.scheme import ORIGIN, PlayerScheme


class Late:
    """A request of a page that still reports while its window closes."""

    def __init__(self, url: str) -> None:
        self.url = QUrl(url)
        self.failed: list[Any] = []

    def requestUrl(self) -> QUrl:
        return self.url

    def requestMethod(self) -> QByteArray:
        return QByteArray(b"POST")

    def initiator(self) -> QUrl:
        return QUrl(ORIGIN)

    def fail(self, error: Any) -> None:
        self.failed.append(error)


def test_a_report_that_comes_after_the_end_is_refused(qapp: QApplication) -> None:
    line = Line()
    scheme = PlayerScheme(resource("player", "dist"), line)
    job = Late(f"replay://data/{line.token}/next")
    job.destroyed = line.reported  # type: ignore[attr-defined]  # a signal whose object is gone by then
    delete(line)
    scheme.requestStarted(cast(QWebEngineUrlRequestJob, job))
    assert job.failed == [QWebEngineUrlRequestJob.Error.RequestDenied]
    assert scheme.refused == 1
