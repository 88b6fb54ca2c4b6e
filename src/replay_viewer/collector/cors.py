"""CORS as each SDK's own service answers it. No endpoint here reads a cookie, so letting them pass gives nothing."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

#: What Relay answers (relay-server/src/middlewares/cors.rs), and the snippet's own header.
RELAY = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": (
        "x-sentry-auth, x-requested-with, x-forwarded-for, origin, referer, accept, content-type, authentication, "
        "authorization, content-encoding, transfer-encoding, x-replay-key, x-replay-session"
    ),
    "Access-Control-Expose-Headers": "x-sentry-error, x-sentry-rate-limits, retry-after",
    "Access-Control-Max-Age": "3600",
}

_LONGEST = 1000


def mirrored(request: Request) -> dict[str, str]:
    """What PostHog's capture answers: the origin that asked, with credentials, as `sendBeacon` always has them.

    `*` cannot go with credentials, so an answer without Origin (no browser, or the page's own site) says nothing.
    """
    origin = request.headers.get("origin", "")
    headers = {"Vary": "Origin", "Access-Control-Expose-Headers": "retry-after, x-sentry-rate-limits"}
    if origin:
        headers |= {"Access-Control-Allow-Origin": _plain(origin), "Access-Control-Allow-Credentials": "true"}
    return headers


def preflight(request: Request, base: dict[str, str] | None = None) -> Response:
    """The answer to OPTIONS: Relay's when `base` says so, else whatever headers the page wants to send."""
    if base is not None:
        headers = dict(base)
    else:
        wanted = _plain(request.headers.get("access-control-request-headers", "")) or "content-type"
        headers = mirrored(request) | {
            "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
            "Access-Control-Allow-Headers": wanted,
            "Access-Control-Max-Age": "3600",
            "Vary": "Origin, Access-Control-Request-Headers",
        }
    if request.headers.get("access-control-request-private-network") == "true":
        # A public page whose collector stands in the private network (or on loopback): Chromium asks first.
        headers["Access-Control-Allow-Private-Network"] = "true"
    return Response(status_code=200, headers=headers)


def _plain(text: str) -> str:
    return "".join(c for c in text[:_LONGEST] if c.isascii() and c.isprintable())
