"""What the collector's endpoints share: bounded bodies, answers, CORS."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse

#: The largest body taken, as received (Relay takes 10 MiB of compressed replay and 20 MiB of other items).
MAX_BODY = 32 << 20

#: What Relay answers (relay-server/src/middlewares/cors.rs), and the snippet's own header.
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": (
        "x-sentry-auth, x-requested-with, x-forwarded-for, origin, referer, accept, content-type, authentication, "
        "authorization, content-encoding, transfer-encoding, x-replay-key"
    ),
    "Access-Control-Expose-Headers": "x-sentry-error, x-sentry-rate-limits, retry-after",
    "Access-Control-Max-Age": "3600",
}


class TooLarge(Exception):
    """A body beyond `MAX_BODY`."""


class Gone(Exception):
    """The sender hung up before its body was complete; nobody waits for the answer."""


async def read_limited(request: Request) -> bytes:
    """The whole body. Raises TooLarge as soon as that is known, Gone when the sender went away."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > MAX_BODY:
        raise TooLarge
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > MAX_BODY:
                raise TooLarge
            parts.append(part)
    except ClientDisconnect as error:
        raise Gone from error
    return b"".join(parts)


def problem(
    status: int, detail: str, *causes: str, headers: Mapping[str, str] | None = None, ingest: bool = False
) -> JSONResponse:
    """An error as Relay writes it: `{"detail": …, "causes": […]}` and, for SDKs, the header `x-sentry-error`."""
    extra = dict(headers or {})
    if ingest:
        text = " / ".join((detail, *causes))
        extra |= CORS | {"x-sentry-error": text.encode("ascii", "replace").decode().replace("\n", " ")[:500]}
    return JSONResponse({"detail": detail, "causes": list(causes)}, status_code=status, headers=extra)
