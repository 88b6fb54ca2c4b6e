"""What the collector's endpoints share: bounded bodies, answers."""

from __future__ import annotations

from collections.abc import Mapping

import brotli
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse

from replay_viewer.collector.cors import RELAY
from replay_viewer.collector.limits import MAX_BODY


class TooLarge(Exception):
    """A body beyond what is taken."""


class Undecodable(Exception):
    """A body that is not what its Content-Encoding says."""


class Gone(Exception):
    """The sender hung up before its body was complete; nobody waits for the answer."""


#: A body in Brotli never inflates to more than this.
_INFLATED = 128 << 20


async def read_limited(request: Request, most: int = MAX_BODY) -> bytes:
    """The whole body. Raises TooLarge beyond `most` bytes as soon as that shows, Gone when the sender went away."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > most:
        raise TooLarge
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > most:
                raise TooLarge
            parts.append(part)
    except ClientDisconnect as error:
        raise Gone from error
    return b"".join(parts)


def unbrotli(body: bytes) -> bytes:
    """A Brotli body inflated: the one encoding that its first bytes do not tell. Raises TooLarge, Undecodable."""
    decoder = brotli.Decompressor()
    try:
        data = decoder.process(body, output_buffer_limit=_INFLATED)
        if not decoder.is_finished():
            raise TooLarge if len(data) >= _INFLATED else Undecodable
    except brotli.error as error:
        raise Undecodable from error
    return bytes(data)


def problem(
    status: int, detail: str, *causes: str, headers: Mapping[str, str] | None = None, ingest: bool = False
) -> JSONResponse:
    """An error as Relay writes it: `{"detail": …, "causes": […]}` and, for SDKs, the header `x-sentry-error`."""
    extra = dict(headers or {})
    if ingest:
        text = " / ".join((detail, *causes))
        extra |= RELAY | {"x-sentry-error": text.encode("ascii", "replace").decode().replace("\n", " ")[:500]}
    return JSONResponse({"detail": detail, "causes": list(causes)}, status_code=status, headers=extra)
