"""The client against a server with faults, over real sockets."""

from __future__ import annotations

import asyncio
import email.utils
import logging
import socket
import threading
import time

import pytest

from replay_viewer.domain.errors import BadInput, NotFound, SourceProblem
from replay_viewer.sources.http import Answer, Http
from tests.sources.server import answer, serving

TOKEN = "rvt_very-secret"


def _get(url: str, *, token: str = "", timeout: float = 5.0) -> Answer:
    async def run() -> Answer:
        async with Http(pause=0.01, timeout=timeout) as http:
            return await http.get(url, token=token)

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (401, b"{}", SourceProblem, "does not accept the token"),
        (403, b'{"detail":"You do not have permission."}', SourceProblem, "You do not have permission"),
        (403, b'{"detail":{"code":"sso-required","message":"Sign in first"}}', SourceProblem, "Sign in first"),
        (404, b"<html>", NotFound, "no such session"),
        (410, b"", NotFound, "expired"),
        (400, b'{"detail":"no"}', SourceProblem, "HTTP 400: no"),
        (418, b"\xff\xfe", SourceProblem, "HTTP 418"),
    ],
)
def test_what_a_status_means(status: int, body: bytes, kind: type[Exception], words: str) -> None:
    with serving(lambda *_: answer(status, body)) as server:
        with pytest.raises(kind, match=words) as raised:
            _get(server.url, token=TOKEN)
        assert len(server.seen) == 1
    assert TOKEN not in str(raised.value)


def test_without_a_token() -> None:
    with serving(lambda *_: answer(401)) as server, pytest.raises(SourceProblem, match="wants a personal token"):
        _get(server.url)


@pytest.mark.parametrize(
    "fault",
    [
        answer(500),
        answer(502),
        answer(503, Retry_After="0"),
        answer(429, Retry_After="0.01"),
        answer(429, Retry_After=email.utils.formatdate(time.time() - 5)),
        answer(429, Retry_After="soon"),
        answer(200, b'{"half":', length=900),
        None,
        b"garbage\r\n\r\n",
    ],
)
def test_a_read_is_tried_again(fault: bytes | None) -> None:
    def reply(_path: str, _headers: dict[str, str], n: int) -> bytes | None:
        return answer(200, b'{"ok":1}') if n == 2 else fault

    with serving(reply) as server:
        assert _get(server.url).body == b'{"ok":1}'
        assert len(server.seen) == 3


def test_it_gives_up() -> None:
    with serving(lambda *_: answer(503)) as server:
        with pytest.raises(SourceProblem, match="HTTP 503"):
            _get(server.url)
        assert len(server.seen) == 5
    with serving(lambda *_: None) as server, pytest.raises(SourceProblem, match="broke off"):
        _get(server.url)
    with serving(lambda *_: answer(429, Retry_After="3600")) as server:
        with pytest.raises(SourceProblem, match="wait 3600 seconds"):
            _get(server.url)
        assert len(server.seen) == 1


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(SourceProblem, match="cannot be reached"):
        _get(f"http://127.0.0.1:{port}/")


def test_a_stall_ends_in_time() -> None:
    release = threading.Event()

    def reply(*_: object) -> bytes:
        release.wait(10)
        return answer(200)

    with serving(reply) as server:

        async def run() -> None:
            async with Http(attempts=1, timeout=0.2) as http:
                await http.get(server.url)

        with pytest.raises(SourceProblem, match="in time"):
            asyncio.run(run())
        release.set()


def test_at_most_eight_at_once() -> None:
    enough = threading.Barrier(8, timeout=10)

    def reply(*_: object) -> bytes:
        enough.wait()
        return answer(200)

    with serving(reply) as server:

        async def run() -> None:
            async with Http() as http:
                await asyncio.gather(*(http.get(f"{server.url}/{n}") for n in range(32)))

        asyncio.run(run())
        assert server.most == 8


def test_a_redirect_elsewhere_loses_the_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(lambda *_: answer(200)) as other:
        there = other.url.replace("127.0.0.1", "localhost")
        with serving(lambda *_: answer(302, Location=there + "/x")) as server:
            _get(server.url, token=TOKEN)
            assert server.seen[0][1]["authorization"] == f"Bearer {TOKEN}"
        assert "authorization" not in other.seen[0][1]
        assert other.seen[0][1]["user-agent"].startswith("replay-viewer/")
    assert TOKEN not in caplog.text


def test_circles_and_odd_addresses() -> None:
    with (
        serving(lambda path, *_: answer(302, Location=path)) as server,
        pytest.raises(SourceProblem, match="circles"),
    ):
        _get(server.url)
    with serving(lambda *_: answer(302, Location="file:///etc/passwd")) as server, pytest.raises(SourceProblem):
        _get(server.url)
    with pytest.raises((BadInput, SourceProblem)):
        _get("http://[::1/")
