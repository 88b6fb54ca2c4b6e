"""Loopback servers that answer as a test says, one answer after the other: HTTP with bodies, and SMTP."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

#: (status, body, headers), `$URL` in the body being the service's own; or "reset" after the request was read.
Answer = tuple[int, bytes, dict[str, str]] | str


@dataclass
class Posted:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Service:
    """What came, in order."""

    url: str
    posted: list[Posted] = field(default_factory=list)


@contextmanager
def http(answers: Sequence[Answer]) -> Iterator[Service]:
    """A service on loopback that gives these answers in turn, the last one for ever."""
    waiting = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            service.posted.append(Posted(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            if isinstance(answer, str):
                # Closing with unread data behind it makes the other end see a reset.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                self.connection.close()
                self.close_connection = True
                return
            status, data, headers = answer
            data = data.replace(b"$URL", service.url.encode())
            self.send_response(status)
            for name, text in headers.items():
                self.send_header(name, text)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

        def finish(self) -> None:
            with suppress(OSError, ValueError):
                super().finish()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service = Service(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Post:
    """A mail server: what it took, and how it misbehaves.

    `says`: command → the answers to it in turn. `drop`: hang up after the data came. `users`: name → password, asked
    for when there are any. `tls`: offers STARTTLS with it; `always`: TLS from the start.
    """

    says: dict[str, list[str]] = field(default_factory=dict)
    drop: bool = False
    users: dict[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    always: bool = False
    port: int = 0
    mails: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    connections: int = 0
    encrypted: list[bool] = field(default_factory=list)


@contextmanager
def smtp(post: Post) -> Iterator[Post]:
    """Run `post` on loopback."""
    listener = socket.create_server(("127.0.0.1", 0))
    post.port = listener.getsockname()[1]
    threads = [threading.Thread(target=_accept, args=(listener, post))]
    threads[0].start()
    try:
        yield post
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        threads[0].join()


def _accept(listener: socket.socket, post: Post) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        connection.settimeout(10)
        post.connections += 1
        with suppress(OSError), ExitStack() as open_ones:
            _talk(open_ones.enter_context(connection), post, open_ones)


def _talk(connection: socket.socket, post: Post, open_ones: ExitStack) -> None:
    secure = post.always
    if post.always and post.tls:
        connection = open_ones.enter_context(post.tls.wrap_socket(connection, server_side=True))
    lines = open_ones.enter_context(connection.makefile("rb"))

    def say(text: str) -> None:
        connection.sendall(text.encode() + b"\r\n")

    def scripted(command: str, usual: str) -> str:
        waiting = post.says.get(command, [])
        return waiting.pop(0) if waiting else usual

    say(scripted("connect", "220 mail.test ready"))
    sender, recipients = "", list[str]()
    while line := lines.readline():
        words = line.decode().strip()
        command = words.split(" ")[0].upper()
        if command == "EHLO":
            offers = ["mail.test", "8BITMIME"]
            offers += ["STARTTLS"] if post.tls and not secure else []
            offers += ["AUTH PLAIN"] if post.users else []
            say("\r\n".join(f"250{'-' if n < len(offers) - 1 else ' '}{each}" for n, each in enumerate(offers)))
        elif command == "STARTTLS" and post.tls:
            say("220 go ahead")
            connection = open_ones.enter_context(post.tls.wrap_socket(connection, server_side=True))
            lines = open_ones.enter_context(connection.makefile("rb"))
            secure = True
        elif command == "AUTH":
            _, user, password = base64.b64decode(words.split(" ")[-1]).decode().split("\0")
            say("235 welcome" if post.users.get(user) == password else "535 5.7.8 no")
        elif command == "MAIL":
            sender = words
            say(scripted("MAIL", "250 ok"))
        elif command == "RCPT":
            recipients.append(words.partition("<")[2].partition(">")[0])
            say(scripted("RCPT", "250 ok"))
        elif command == "DATA":
            say("354 go on")
            data = b""
            while (part := lines.readline()) != b".\r\n":
                data += part[1:] if part.startswith(b"..") else part
            if post.drop:
                return
            answer = scripted("END", "250 taken")
            if answer.startswith("250"):
                post.mails.append((sender, recipients, data))
                post.encrypted.append(secure)
            say(answer)
        elif command == "QUIT":
            say("221 bye")
            return
        else:
            say("250 ok")
