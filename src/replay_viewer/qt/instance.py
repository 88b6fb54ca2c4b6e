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


class _Talk:
    """One connection: reads lines and has them answered. The socket goes with the server it belongs to."""

    def __init__(self, socket: QLocalSocket, instance: Instance) -> None:
        self._instance = instance
        self._buffer = b""
        self.socket = socket
        socket.readyRead.connect(self.read)

    def read(self) -> None:
        """Something came."""
        self._buffer += bytes(self.socket.readAll().data())
        if len(self._buffer) > _LIMIT:
            self.socket.abort()
            return
        line, newline, self._buffer = self._buffer.partition(b"\n")
        if not newline:
            self._buffer = line
            return
        self.socket.write(json.dumps(self._instance.answer(line)).encode() + b"\n")
        self.socket.flush()


class Instance(QObject):
    """Listens for second starts. `asked(targets, at)`: open these, absolute paths already."""

    asked = Signal(list, str)

    def __init__(self, home: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._talks: list[_Talk] = []
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._connected)
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
        for talk in self._talks:
            talk.socket.readyRead.disconnect(talk.read)
        self._talks.clear()
        self._server.close()

    def _connected(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            self._talks.append(_Talk(socket, self))

    def answer(self, line: bytes) -> dict[str, Any]:
        """What a line is answered; asks for what it wants opened."""
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
