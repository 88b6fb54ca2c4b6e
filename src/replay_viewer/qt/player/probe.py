"""The start-up probe: a loopback listener of our own that the page must not be able to reach."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtNetwork import QHostAddress, QTcpServer


class Probe(QObject):
    """Listens on loopback and counts. `urls` are what the page tries, by name and by number."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.connections = 0
        self._server = QTcpServer(self)
        self._server.newConnection.connect(self._arrived)
        self.listening = self._server.listen(QHostAddress(QHostAddress.SpecialAddress.LocalHost), 0)

    @property
    def urls(self) -> list[str]:
        """Addresses of the listener."""
        port = self._server.serverPort()
        return [f"http://127.0.0.1:{port}/", f"http://localhost:{port}/"]

    def _arrived(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            self.connections += 1
            socket.abort()

    def finish(self) -> int:
        """Stop listening; the number of connections that were made."""
        self._arrived()
        self._server.close()
        return self.connections
