"""Loopback listeners that count: whatever a recording manages to send arrives here."""

from __future__ import annotations

import socket
import threading
from types import TracebackType


class Listeners:
    """One TCP and one UDP socket on the same loopback port, read by a thread. `tcp` and `udp` count arrivals."""

    def __init__(self) -> None:
        self.tcp = 0
        self.udp = 0
        self.lines: list[bytes] = []
        self._tcp = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._tcp.getsockname()[1]
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        self._tcp.settimeout(0.1)
        self._udp.settimeout(0.1)
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._accept), threading.Thread(target=self._receive)]

    def __enter__(self) -> Listeners:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._tcp.close()
        self._udp.close()

    @property
    def total(self) -> int:
        """All arrivals."""
        return self.tcp + self.udp

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                connection, _ = self._tcp.accept()
            except TimeoutError:
                continue
            self.tcp += 1
            connection.settimeout(0.2)
            try:
                self.lines.append(connection.recv(200))
                connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            except OSError:
                self.lines.append(b"(opened, nothing sent)")
            connection.close()

    def _receive(self) -> None:
        while not self._stop.is_set():
            try:
                data, _ = self._udp.recvfrom(2048)
            except TimeoutError:
                continue
            self.udp += 1
            self.lines.append(data[:40])
