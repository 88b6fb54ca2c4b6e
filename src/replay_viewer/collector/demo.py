"""The demo shop: its pages, and an API whose payment gateway is down for orders with a voucher.

Runs beside the embedded collector, on an address of its own as a real shop would. The sample sessions are recorded
from it, and people may visit it while `demo` runs.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from replay_viewer.collector.run import run_in_thread
from replay_viewer.domain.errors import NotFound
from replay_viewer.domain.resources import resource

RELEASE = "lumen-oak@2.7.1"
USERS = {
    "ada": {"id": "c-1043", "email": "ada.marlow@example.com", "name": "Ada Marlow"},
    "noor": {"id": "c-2210", "email": "noor.haddad@example.com", "name": "Noor Haddad"},
}

_PRODUCTS = [
    ("aurora", "Aurora", "Pendant, smoked glass", 18900, 28, 2, 2),
    ("birch", "Birch", "Desk lamp, linen shade", 8900, 44, 0, 0),
    ("comet", "Comet", "Tripod, opal globe", 21900, 205, 2, 1),
    ("dusk", "Dusk", "Bedside, dimmable", 6400, 262, 1, 0),
    ("ember", "Ember", "Table lamp, amber glass", 11900, 18, 2, 0),
    ("fjord", "Fjord", "Floor lamp, wool shade", 24900, 190, 0, 1),
    ("glow", "Glow", "Pendant, brass rim", 13900, 50, 1, 2),
    ("harbour", "Harbour", "Storm lantern, cordless", 7900, 150, 2, 0),
]


def start_site(collector_url: str, port: int = 0, *, host: str = "127.0.0.1") -> tuple[str, Callable[[], None]]:
    """Serve the shop in a thread; answers (its URL, what stops it). Its pages record to the collector at that URL.

    Raises NotFound when the shop was not built into this installation, SourceProblem when the port is taken.
    """
    pages = resource("demo", "dist")
    if not (pages / "index.html").is_file():
        raise NotFound(
            "The demo shop is not part of this installation.", "Build it: npm ci, npm run build in resources/demo."
        )
    routes = [
        Route("/config.js", _config(collector_url), methods=["GET"]),
        Route("/api/products", _products, methods=["GET"]),
        Route("/api/cart", _cart, methods=["POST"]),
        Route("/api/vouchers/{code}", _voucher, methods=["GET"]),
        Route("/api/checkout", _checkout, methods=["POST"]),
        Mount("/", StaticFiles(directory=pages, html=True)),
    ]
    return run_in_thread(Starlette(routes=routes), host, port, "demo-shop")


def _config(collector_url: str) -> Callable[[Request], Response]:
    """The page's settings: who is signed in (`?as=noor`), the recorder (`?recorder=sentry` or posthog), once each."""
    scheme, _, rest = collector_url.partition("://")
    settings = {
        "collector": collector_url,
        "dsn": f"{scheme}://0123456789abcdef0123456789abcdef@{rest}/1",
        "release": RELEASE,
        "environment": "production",
    }
    script = (
        f"window.shopConfig = {json.dumps(settings)};\n"
        f"const users = {json.dumps(USERS)};\n"
        "const asked = new URLSearchParams(location.search);\n"
        'if (asked.get("as")) localStorage.setItem("customer", asked.get("as"));\n'
        'if (asked.get("recorder")) sessionStorage.setItem("recorder", asked.get("recorder"));\n'
        'window.shopConfig.user = users[localStorage.getItem("customer")] ?? users.ada;\n'
        'const wanted = sessionStorage.getItem("recorder");\n'
        'const recorder = ["sentry", "posthog"].includes(wanted) ? wanted : "rrweb";\n'
        'document.write(`<script src="record-${recorder}.min.js"><\\/script>`);\n'
    )

    def answer(_request: Request) -> Response:
        return Response(script, media_type="text/javascript", headers={"Cache-Control": "no-store"})

    return answer


async def _products(_request: Request) -> Response:
    await asyncio.sleep(0.12)
    products = [
        {
            "id": id,
            "name": name,
            "line": line,
            "price": price,
            "art": {"hue": hue, "shade": shade, "stand": stand},
            "text": f"{name} is made to order in our workshop: oiled oak, a cloth cable of two metres, and a bulb "
            "that can be replaced without tools.",
        }
        for id, name, line, price, hue, shade, stand in _PRODUCTS
    ]
    return JSONResponse({"products": products})


async def _cart(request: Request) -> Response:
    await asyncio.sleep(0.08)
    return JSONResponse({"ok": True, "added": await _json(request)}, headers={"x-request-id": "req-cart-51"})


async def _voucher(request: Request) -> Response:
    await asyncio.sleep(0.1)
    if request.path_params["code"] == "WELCOME10":
        return JSONResponse({"code": "WELCOME10", "percent": 10})
    return JSONResponse({"error": {"code": "VOUCHER_UNKNOWN"}}, status_code=404)


async def _checkout(request: Request) -> Response:
    """Orders with a voucher fail at the gateway: the cause a support engineer is to find."""
    order = await _json(request)
    await asyncio.sleep(0.45)
    if order.get("voucher"):
        error = {
            "code": "PAYMENT_GATEWAY_UNAVAILABLE",
            "message": "upstream payments-eu-2 closed the connection (amount differs from line items)",
        }
        return JSONResponse({"error": error}, status_code=502, headers={"x-request-id": "req-pay-7f3a"})
    placed = {"number": "LO-20417", "total": order.get("total", 0)}
    return JSONResponse({"order": placed}, headers={"x-request-id": "req-pay-7f3b"})


async def _json(request: Request) -> dict[str, object]:
    """The posted object; {} for anything else (the shop is in the open while `demo` runs)."""
    body = b"".join([part async for part in request.stream()])
    try:
        value = json.loads(body[:100_000])
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
