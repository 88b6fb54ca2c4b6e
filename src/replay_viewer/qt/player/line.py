"""The line to the page: messages wait here for the page's long poll, its reports come out as dicts."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from typing import Any

import orjson
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, QUrl, Signal
from PySide6.QtWebEngineCore import QWebEngineUrlRequestJob

log = logging.getLogger(__name__)

_CORS = (QByteArray(b"Access-Control-Allow-Origin"), QByteArray(b"replay://app"))


class Line(QObject):
    """One page's line. `token` is known to that page only; whatever asks without it gets a failed request."""

    reported = Signal(dict)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.token = secrets.token_urlsafe(16)
        self._queue: list[bytes] = []
        self._poll: QWebEngineUrlRequestJob | None = None

    def send(self, kind: str, body: bytes = b"", **fields: Any) -> None:
        """Send a message: a header with `kind`, `fields` and the size of `body`, then `body` as it is."""
        header = orjson.dumps({"kind": kind, "size": len(body), **fields})
        self._queue += [header, b"\n", body]
        self._flush()

    def reset(self) -> None:
        """A new page begins: forget what the old one was not given, and the key it had."""
        self.token = secrets.token_urlsafe(16)
        self._queue.clear()
        self._poll = None

    def _flush(self) -> None:
        if self._poll is None or not self._queue:
            return
        job, self._poll = self._poll, None
        data = b"".join(self._queue)
        self._queue.clear()
        reply(job, b"application/octet-stream", data, {_CORS[0]: _CORS[1]})

    def handle(self, job: QWebEngineUrlRequestJob, path: list[str]) -> bool:
        """Answer a request to the data host, or say that it is none of ours."""
        if len(path) != 2 or not secrets.compare_digest(path[0], self.token):
            return False
        if path[1] == "next":
            self._poll = job
            job.destroyed.connect(self._poll_ended(job))
            self._flush()
            return True
        if path[1] == "report":
            # In the query, because QWebEngineUrlRequestJob.requestBody() crashes in PySide6 6.11.
            data = job.requestUrl().query(QUrl.ComponentFormattingOption.FullyDecoded)
            reply(job, b"text/plain", b"", {_CORS[0]: _CORS[1]})
            try:
                message = orjson.loads(data)
            except orjson.JSONDecodeError:
                log.warning("the page sent a report that is not JSON (%d bytes)", len(data))
                return True
            if isinstance(message, dict):
                self.reported.emit(message)
            return True
        return False

    def _poll_ended(self, job: QWebEngineUrlRequestJob) -> Callable[[], None]:
        def ended() -> None:
            if self._poll is job:
                self._poll = None

        return ended


def reply(
    job: QWebEngineUrlRequestJob,
    content_type: bytes,
    data: bytes,
    headers: dict[QByteArray, QByteArray] | None = None,
) -> None:
    """Answer a request with bytes."""
    buffer = QBuffer(job)
    buffer.setData(QByteArray(data))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    if headers:
        # A multi-map: the stub says one value, the binding wants a list of them.
        job.setAdditionalResponseHeaders({name: [value] for name, value in headers.items()})  # type: ignore[misc]
    job.reply(QByteArray(content_type), buffer)
