"""A small HTTP server whose every answer a test writes down, faults included."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Faulty:
    """`answer(path, headers, n)` gives the raw bytes to write back; None hangs up.

    `seen`: paths and headers; `bodies`: what was posted.
    """

    answer: Callable[[str, dict[str, str], int], bytes | None]
    url: str = ""
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    busy: int = 0
    most: int = 0


def answer(status: int, body: bytes = b"{}", length: int | None = None, **headers: str) -> bytes:
    """A whole HTTP answer; `length` may lie."""
    lines = [
        f"HTTP/1.1 {status} X",
        f"Content-Length: {len(body) if length is None else length}",
        "Connection: close",
    ]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@contextmanager
def serving(
    reply: Callable[[str, dict[str, str], int], bytes | None], tls: ssl.SSLContext | None = None
) -> Iterator[Faulty]:
    """The server on a free loopback port, until the block ends; with `tls` it speaks https."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    made = Faulty(reply, f"http{'s' if tls else ''}://127.0.0.1:{listener.getsockname()[1]}")
    lock = threading.Lock()
    stopped = threading.Event()
    threads: list[threading.Thread] = []

    def talk(connection: socket.socket) -> None:
        if tls is not None:
            connection.settimeout(10)
            try:
                connection = tls.wrap_socket(connection, server_side=True)
            except OSError:
                connection.close()
                return
        with connection, lock_busy():
            data = b""
            connection.settimeout(10)
            try:
                while b"\r\n\r\n" not in data:
                    part = connection.recv(65536)
                    if not part:
                        return
                    data += part
                first, *lines = data.split(b"\r\n\r\n")[0].decode().split("\r\n")
                headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
                path = first.split()[1]
                body = data.partition(b"\r\n\r\n")[2]
                while len(body) < int(headers.get("content-length", "0")):
                    body += connection.recv(65536)
                with lock:
                    if body:
                        made.bodies.append(body)
                    n = sum(seen == path for seen, _ in made.seen)
                    made.seen.append((path, headers))
                if (raw := reply(path, headers, n)) is not None:
                    connection.sendall(raw)
            except OSError:
                return

    @contextmanager
    def lock_busy() -> Iterator[None]:
        with lock:
            made.busy += 1
            made.most = max(made.most, made.busy)
        try:
            yield
        finally:
            with lock:
                made.busy -= 1

    def accept() -> None:
        while not stopped.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=talk, args=(connection,))
            threads.append(thread)
            thread.start()

    acceptor = threading.Thread(target=accept)
    acceptor.start()
    try:
        yield made
    finally:
        stopped.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join()
        for thread in threads:
            thread.join()
