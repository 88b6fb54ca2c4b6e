"""A site on loopback whose files are given by the test, which sees what was asked for and how."""

from __future__ import annotations

import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

#: (status, content type, body, more headers), made for each request.
Reply = tuple[int, str, bytes] | tuple[int, str, bytes, dict[str, str]]
Page = Reply | Callable[[], Reply]


def png(width: int, height: int, colour: tuple[int, int, int]) -> bytes:
    """A picture of one colour."""

    def part(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    lines = (b"\0" + bytes(colour) * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(lines)) + part(b"IEND", b"")


@dataclass
class Site:
    """`url` without a slash at its end; `pages`: path to what it answers; `asked`: (path, headers) in order."""

    url: str
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    running: int = 0
    most_at_once: int = 0

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


@contextmanager
def site(pages: dict[str, Page] | None = None, host: str = "127.0.0.1") -> Iterator[Site]:
    """A site that answers until the block ends."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with lock:
                made.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
                made.running += 1
                made.most_at_once = max(made.most_at_once, made.running)
            page = made.pages.get(self.path.partition("?")[0], (404, "text/html", b"gone"))
            reply = page() if callable(page) else page
            self.send_response(reply[0])
            if reply[1]:
                self.send_header("Content-Type", reply[1])
            for name, value in (reply[3] if len(reply) > 3 else {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply[2])))
            self.end_headers()
            with suppress(OSError):  # the other end had enough
                self.wfile.write(reply[2])
            with lock:
                made.running -= 1

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer((host, 0), Handler)
    server.daemon_threads = True
    made = Site(f"http://{host}:{server.server_port}", dict(pages or {}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
