"""The engine process of an open session: it computes states and patches, so that no window ever waits for Python.

Requests and replies cross a pipe as MessagePack. The newest seek wins: older ones still in the pipe are dropped
without an answer. Patch bytes go to the page unparsed.
"""

from __future__ import annotations

import contextlib
import logging
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

import msgspec

from replay_viewer.domain.errors import SourceProblem, UserError
from replay_viewer.library import Library
from replay_viewer.recording import patch
from replay_viewer.services import describe
from replay_viewer.services.playback import Stage
from replay_viewer.services.processes import Spares, start_worker

log = logging.getLogger(__name__)

RequestKind = Literal["open", "seek", "frames", "state", "neighbour", "asset", "reload", "prepare"]
ReplyKind = Literal["opened", "seek", "frames", "state", "neighbour", "asset", "reloaded", "prepared", "error"]


class Request(msgspec.Struct, array_like=True):
    """One question to the engine. `t`, `t1` epoch ms; `base` the page's revision; `step` ms between frames."""

    number: int
    kind: RequestKind
    tab: int = 0
    t: float = 0.0
    t1: float = 0.0
    base: int | None = None
    step: float = 16.0
    home: str = ""
    session: str = ""
    key: str = ""


class Reply(msgspec.Struct, array_like=True):
    """One answer. `request`: number of the request; `rev`: revision after `body` is applied; `t`: its instant.

    Of a captured file `message` is its media type, '' when there is none of that key. Of a reload it is
    "looks" when captured files came, so that the page looks otherwise at the same instant.
    """

    request: int
    kind: ReplyKind
    rev: int = 0
    t: float = 0.0
    body: bytes = b""
    message: str = ""


_request_decoder = msgspec.msgpack.Decoder(Request)
_reply_decoder = msgspec.msgpack.Decoder(Reply)
_encode = msgspec.msgpack.Encoder().encode


def _newest(requests: list[Request]) -> list[Request]:
    """Requests in order, without the seeks, read-aheads and preparations that a later seek makes pointless."""
    last_seek = max((n for n, request in enumerate(requests) if request.kind == "seek"), default=-1)
    return [r for n, r in enumerate(requests) if r.kind not in ("seek", "frames", "prepare") or n >= last_seek]


def _answer(request: Request, stage: Stage | None) -> Reply:
    assert stage is not None, "open comes first"
    match request.kind:
        case "seek":
            made = stage.seek(request.tab, request.t, request.base)
            return Reply(request.number, "seek", stage.rev, request.t, patch.encode(made))
        case "frames":
            made = stage.frames(request.tab, request.t, request.t1, request.step)
            return Reply(request.number, "frames", stage.rev, request.t1, patch.encode(made))
        case "state":
            state = describe.describe(stage.fresh_state(request.tab, request.t))
            return Reply(request.number, "state", stage.rev, request.t, msgspec.json.encode(state))
        case "neighbour":
            found = stage.states(request.tab).neighbour(request.t, int(request.step))
            return Reply(request.number, "neighbour", stage.rev, request.t, msgspec.json.encode(found))
        case "prepare":
            prepared = stage.prepare()
            return Reply(request.number, "prepared", stage.rev, body=patch.encode(prepared) if prepared else b"")
        case "asset":
            return asset_reply(request.number, stage, request.key)
        case _:
            looks = stage.reload()
            return Reply(request.number, "reloaded", stage.rev, message="looks" if looks else "")


def asset_reply(number: int, stage: Stage, key: str) -> Reply:
    """The captured file of a key."""
    found = stage.shelf.read(key)
    return Reply(number, "asset", body=found.body if found else b"", message=found.type if found else "")


def _serve(connection: Connection) -> None:
    """The process: answers until the pipe closes."""
    start_worker()
    library: Library | None = None
    stage: Stage | None = None
    while True:
        try:
            requests = [_request_decoder.decode(connection.recv_bytes())]
            while connection.poll():
                requests.append(_request_decoder.decode(connection.recv_bytes()))
        except (EOFError, OSError):
            break
        for request in _newest(requests):
            try:
                if request.kind == "open":
                    if library is None or library.home != Path(request.home):
                        library = Library.open(Path(request.home))
                    stage = Stage(library, request.session)
                    reply = Reply(request.number, "opened")
                else:
                    reply = _answer(request, stage)
            except UserError as error:
                reply = Reply(request.number, "error", message=str(error))
            except Exception:
                # A bug in one answer must not take the session's engine down; the log has the rest.
                log.exception("engine request %s failed", request.kind)
                reply = Reply(
                    request.number, "error", message="This instant could not be computed; the log says why."
                )
            try:
                connection.send_bytes(_encode(reply))
            except (BrokenPipeError, OSError):
                return
    if library is not None:
        library.close()


_spares = Spares(_serve, "replay-viewer-engine")
#: Start an engine process ahead of need; end those that wait.
prewarm, end_spares = _spares.prewarm, _spares.end


class EngineClient:
    """The window's end of an engine process.

    Requests return at once; `receive` reads one reply, and `connection` is readable (a file descriptor) when there
    is one. Not for use from two threads.
    """

    def __init__(self, home: Path, session: str) -> None:
        self._process = _spares.take()
        self.connection: Connection[Any, Any] = self._process.connection
        self._number = 0
        self._closed = False
        #: Whether the process was found to be gone; this client answers nothing any more, another one may.
        self.stopped = False
        self._early: list[Reply] = []
        self._send(Request(self._next(), "open", home=str(home), session=session))

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _send(self, request: Request) -> int:
        try:
            self.connection.send_bytes(_encode(request))
        except (BrokenPipeError, OSError) as error:
            self.stopped = True
            raise SourceProblem("The engine of this session has stopped.", "Press Retry to start another.") from error
        return request.number

    def seek(self, tab: int, t: float, base: int | None) -> int:
        """Ask for the patch to `t`; returns the request's number. A later seek may make this one go unanswered."""
        return self._send(Request(self._next(), "seek", tab, t, base=base))

    def frames(self, tab: int, t0: float, t1: float, base: int, step: float = 16.0) -> int:
        """Ask for the frames of play from `t0` to `t1`, at most one per `step` ms."""
        return self._send(Request(self._next(), "frames", tab, t0, t1, base, step))

    def prepare(self) -> int:
        """Ask for the picture of a page near the one shown, to be built out of sight; the answer is of kind
        "prepared", its body empty when there is nothing to prepare."""
        return self._send(Request(self._next(), "prepare"))

    def reload(self) -> int:
        """Tell the engine that the session has grown."""
        return self._send(Request(self._next(), "reload"))

    def state(self, tab: int, t: float, timeout: float = 60.0) -> dict[str, Any]:
        """The state at `t` as data (waits for it): url, viewport, html, inputs, scroll. Raises SourceProblem."""
        result: dict[str, Any] = msgspec.json.decode(self._ask(Request(self._next(), "state", tab, t), timeout))
        return result

    def find(self, tab: int, t: float, direction: int) -> int:
        """Ask for the instant of the next or previous event that changes what is seen; the answer is of kind
        "neighbour", its body that instant or null as JSON."""
        return self._send(Request(self._next(), "neighbour", tab, t, step=1.0 if direction > 0 else -1.0))

    def asset(self, key: str) -> int:
        """Ask for a captured file by its key in the table a patch brought; the answer is of kind "asset"."""
        return self._send(Request(self._next(), "asset", key=key))

    def neighbour(self, tab: int, t: float, direction: int, timeout: float = 10.0) -> float | None:
        """Instant (epoch ms) of the next or previous event that changes what is seen, for single steps (waits)."""
        body = self._ask(Request(self._next(), "neighbour", tab, t, step=1.0 if direction > 0 else -1.0), timeout)
        found: float | None = msgspec.json.decode(body)
        return found

    def _ask(self, request: Request, timeout: float) -> bytes:
        """Body of the answer to a request; answers to others wait. Raises SourceProblem."""
        number = self._send(request)
        while self.connection.poll(timeout):
            reply = self._read()
            if reply.request != number:
                self._early.append(reply)
            elif reply.kind == "error":
                raise SourceProblem(reply.message)
            else:
                return reply.body
        raise SourceProblem("The engine of this session does not answer.", "Open the session again.")

    def _read(self) -> Reply:
        try:
            return _reply_decoder.decode(self.connection.recv_bytes())
        except (EOFError, OSError) as error:
            self.stopped = True
            raise SourceProblem("The engine of this session has stopped.", "Press Retry to start another.") from error

    def receive(self) -> Reply:
        """The next reply, waiting for it. Raises SourceProblem when the engine has stopped."""
        return self._early.pop(0) if self._early else self._read()

    def poll(self, timeout: float = 0.0) -> bool:
        """Whether a reply is there within `timeout` seconds."""
        return bool(self._early) or self.connection.poll(timeout)

    def close(self) -> None:
        """End the process. Safe to call twice."""
        if not self._closed:
            self._closed = True
            with contextlib.suppress(OSError):
                self._process.end()
