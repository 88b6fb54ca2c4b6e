"""Runs the collector: `serve` in the foreground until a signal, `start` in a thread for the embedded demo."""

from __future__ import annotations

import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import msgspec
import uvicorn
from starlette.types import ASGIApp

from replay_viewer.collector.access import is_loopback
from replay_viewer.collector.app import Collector
from replay_viewer.collector.limits import LimitSettings
from replay_viewer.collector.logs import logging_to
from replay_viewer.collector.redact import IngestRedaction
from replay_viewer.domain.errors import BadInput, SourceProblem

#: How long a stop waits for answers under way, in seconds.
_GRACE = 10


class Front(msgspec.Struct, frozen=True, kw_only=True):
    """How a collector meets the network.

    `tls_cert`/`tls_key`: PEM files, both or none. `proxies`: addresses of reverse proxies whose X-Forwarded-For and
    X-Forwarded-Proto are believed. `log`: a form of `logs.FORMS`, written to stderr.
    """

    host: str = "127.0.0.1"
    port: int = 8040
    tls_cert: Path | None = None
    tls_key: Path | None = None
    proxies: list[str] = []
    log: str = "off"


def serve(
    home: Path,
    front: Front | None = None,
    *,
    open: bool = False,
    db: str | None = None,
    limits: LimitSettings | None = None,
    redaction: IngestRedaction | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; then finish what was acknowledged and return.

    Prints the address to stdout and, at the first start, one project key and one admin token. Raises BadInput for
    `open` beyond loopback or TLS files that are none, SourceProblem when the port is taken, StorageProblem,
    NewerVersion.
    """
    front = front or Front()
    if open and not is_loopback(front.host):
        raise BadInput(f"--open has no tokens, so it cannot listen on {front.host}.", "Leave out --open or --host.")
    if open and front.proxies:
        raise BadInput("--open is for this machine alone, so it cannot stand behind a proxy.", "Leave out --open.")
    _check_tls(front)
    collector = Collector(home, db=db, open=open, limits=limits, redaction=redaction)
    try:
        sock = _listen(front.host, front.port)
    except SourceProblem:
        collector.close()
        raise
    with sock, logging_to(front.log):
        _announce(sys.stdout, _url(sock, front.host, "https" if front.tls_cert else "http"), collector)
        server = _server(collector.app, collector.stopping, front)

        def stop(_number: int, _frame: object) -> None:
            server.should_exit = True

        # uvicorn has handlers of its own while it runs and raises the signal again afterwards: it ends here.
        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            server.run(sockets=[sock])
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            collector.close()


def _check_tls(front: Front) -> None:
    if bool(front.tls_cert) != bool(front.tls_key):
        raise BadInput("TLS needs a certificate and its key.", "Give both --tls-cert and --tls-key.")
    if front.tls_cert and front.tls_key:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(front.tls_cert, front.tls_key)
        except OSError as error:  # ssl.SSLError is one
            raise BadInput(
                "The certificate and its key cannot be used.", "Give PEM files that belong together."
            ) from error


def _announce(out: TextIO, url: str, collector: Collector) -> None:
    lines = [f"Collector at {url}"]
    if collector.access.open:
        lines.append("Open: any project key, no tokens, this machine only.")
    elif made := collector.access.first_start():
        key, token = made
        scheme, _, rest = url.partition("://")
        lines += [
            f"Project key (for your pages): {key}",
            f"Sentry DSN: {scheme}://{key}@{rest}/1",
            f"Admin token (for Replay Viewer; shown this once): {token}",
        ]
    out.write("\n".join(lines) + "\n")
    out.flush()


class RunningCollector:
    """A collector in a thread of its own. `url` has no slash at its end."""

    def __init__(self, url: str, stop: Callable[[], None], collector: Collector | None = None) -> None:
        self.url = url
        self._stop = stop
        self._collector = collector

    @property
    def waiting(self) -> int:
        """Number of readers that wait for a session to grow."""
        return self._collector.waiting if self._collector else 0

    def live(self) -> list[str]:
        """Addresses of the sessions that are being recorded and have something to show, newest first. Any thread."""
        if self._collector is None:
            return []
        return [f"{self.url}/sessions/{id}" for id in self._collector.live()]

    def stop(self) -> None:
        """Finish what was taken, then end the thread. Twice is once."""
        self._stop()

    def __enter__(self) -> RunningCollector:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start(
    home: Path,
    port: int = 0,
    open: bool = True,
    *,
    host: str = "127.0.0.1",
    db: str | None = None,
    limits: LimitSettings | None = None,
    redaction: IngestRedaction | None = None,
) -> RunningCollector:
    """Start a collector beside the caller; it answers when this returns. Port 0 takes a free one.

    Raises as `serve` does.
    """
    if open and not is_loopback(host):
        raise BadInput(f"An open collector cannot listen on {host}.", "Use 127.0.0.1.")
    collector = Collector(home, db=db, open=open, limits=limits, redaction=redaction)
    try:
        url, stop = run_in_thread(collector.app, host, port, "collector", collector.stopping)
    except SourceProblem:
        collector.close()
        raise

    def stop_all() -> None:
        stop()
        collector.close()

    return RunningCollector(url, stop_all, collector)


def run_in_thread(
    app: ASGIApp, host: str, port: int, name: str, stopping: Callable[[], None] | None = None
) -> tuple[str, Callable[[], None]]:
    """Serve `app` in a thread; answers its URL and what stops it. Raises SourceProblem when the port is taken.

    `stopping` is called when the stop begins, before answers under way are waited for.
    """
    sock = _listen(host, port)
    server = _server(app, stopping)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, name=name, daemon=True)
    thread.start()

    def stop() -> None:
        server.should_exit = True
        thread.join()
        sock.close()

    # The socket listens already: a connection made before uvicorn accepts waits in the backlog.
    return _url(sock, host), stop


class _Server(uvicorn.Server):
    """Says when a stop begins: answers that wait for something to happen are then given at once."""

    def __init__(self, config: uvicorn.Config, stopping: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._stopping = stopping

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        if self._stopping:
            self._stopping()
        await super().shutdown(sockets)


def _server(app: ASGIApp, stopping: Callable[[], None] | None = None, front: Front | None = None) -> uvicorn.Server:
    front = front or Front()
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        loop="asyncio",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_GRACE,
        # What anybody may write into a header is believed of named proxies only.
        proxy_headers=bool(front.proxies),
        forwarded_allow_ips=front.proxies,
        ssl_certfile=str(front.tls_cert) if front.tls_cert else None,
        ssl_keyfile=str(front.tls_key) if front.tls_key else None,
    )
    return _Server(config, stopping)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        # Named as TCP, so that asyncio turns Nagle's algorithm off: every answer took 40 ms longer otherwise.
        sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((host, port))
            sock.listen(512)
        except OSError:
            sock.close()
            raise
    except OSError as error:
        raise SourceProblem(
            f"The collector cannot listen on {host} port {port}: {error.strerror}.", "Choose another with --port."
        ) from error
    return sock


def _url(sock: socket.socket, host: str, scheme: str = "http") -> str:
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}:{sock.getsockname()[1]}"
