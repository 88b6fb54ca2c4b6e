"""One running program per library: a second start hands over what it was asked to open, and ends.

Protocol, version 1: one JSON object on one line, UTF-8, at most 64 kB, over a local socket only its user can reach:
`{"protocol": 1, "open": ["path, URL or session id"…], "at": "instant or ''", "cwd": "folder"}`. The answer is
`{"protocol": 1, "ok": true}` or `{"protocol": 1, "ok": false, "error": "…"}`. An unknown version is refused.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

PROTOCOL = 1
_LIMIT = 64 * 1024
_WAIT_MS = 2_000


def server_name(home: Path) -> str:
    """Name of the socket: one per user and library."""
    who = f"{getpass.getuser()}:{home.resolve()}" if os.name != "nt" else f"{os.environ.get('USERNAME', '')}:{home}"
    return f"replay-viewer-{hashlib.sha256(who.encode()).hexdigest()[:16]}"


def hand_over(home: Path, targets: list[str], at: str = "") -> bool:
    """Ask a running program to open `targets`. False when none runs (or it does not understand)."""
    socket = QLocalSocket()
    socket.connectToServer(server_name(home))
    if not socket.waitForConnected(500):
        return False
    message = {"protocol": PROTOCOL, "open": targets, "at": at, "cwd": str(Path.cwd())}
    socket.write(json.dumps(message).encode() + b"\n")
    socket.waitForBytesWritten(_WAIT_MS)
    answer = b""
    while b"\n" not in answer and socket.waitForReadyRead(_WAIT_MS):
        answer += bytes(socket.readAll().data())
    socket.disconnectFromServer()
    try:
        return bool(json.loads(answer.partition(b"\n")[0]).get("ok"))
    except (ValueError, AttributeError):
        return False


class Instance(QObject):
    """Listens for second starts. `asked(targets, at)`: open these, absolute paths already."""

    asked = Signal(list, str)

    def __init__(self, home: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._connected)
        self._buffers: dict[QLocalSocket, bytes] = {}
        name = server_name(home)
        if not self._server.listen(name):
            # Nobody answered `hand_over`, so what lies there was left by a program that died.
            QLocalServer.removeServer(name)
            self._server.listen(name)

    @property
    def listening(self) -> bool:
        """Whether second starts can reach this one."""
        return self._server.isListening()

    def close(self) -> None:
        """Stop listening."""
        for socket in list(self._buffers):
            socket.abort()
        self._server.close()

    def _connected(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            self._buffers[socket] = b""
            socket.readyRead.connect(lambda socket=socket: self._read(socket))
            socket.disconnected.connect(lambda socket=socket: self._gone(socket))

    def _gone(self, socket: QLocalSocket) -> None:
        if self._buffers.pop(socket, None) is not None:
            socket.deleteLater()

    def _read(self, socket: QLocalSocket) -> None:
        data = self._buffers.get(socket, b"") + bytes(socket.readAll().data())
        self._buffers[socket] = data
        if len(data) > _LIMIT:
            socket.abort()
            return
        if b"\n" not in data:
            return
        answer = self._answer(data.partition(b"\n")[0])
        socket.write(json.dumps(answer).encode() + b"\n")
        socket.flush()
        self._buffers[socket] = b""

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            message = json.loads(line)
            version, targets = message["protocol"], message["open"]
            at, folder = str(message.get("at", "")), str(message.get("cwd", ""))
        except (ValueError, KeyError, TypeError, AttributeError):
            return {"protocol": PROTOCOL, "ok": False, "error": "not understood"}
        if version != PROTOCOL or not isinstance(targets, list) or not all(isinstance(one, str) for one in targets):
            return {"protocol": PROTOCOL, "ok": False, "error": f"this program speaks protocol {PROTOCOL}"}
        self.asked.emit([_absolute(one, folder) for one in targets], at)
        return {"protocol": PROTOCOL, "ok": True}


def _absolute(target: str, folder: str) -> str:
    """A path as seen from the other program's folder; URLs and ids as they are."""
    path = Path(folder) / target
    return str(path) if folder and "://" not in target and path.exists() else target
