"""Values and whole sessions for tests, without a recording: sensible defaults, anything can be overridden."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np

from replay_viewer.domain.rows import (
    KIND_OF,
    Body,
    ConsoleEntry,
    CustomEvent,
    ErrorEvent,
    Frame,
    Interaction,
    Navigation,
    NetworkRequest,
    Raised,
    Row,
    StateChange,
    Vital,
    severity,
)
from replay_viewer.domain.session import Facts, Finding, Session, Tab, User
from replay_viewer.library import Library

#: 14 July 2026, 20:18:30 UTC.
START = 1_784_060_310_000.0


_PATHS = ("/api/cart", "/static/app.9f2c.js", "/api/events", "/img/p7.webp", "/api/stock?sku=12")


def error(t: float = START + 33_000, **changes: Any) -> ErrorEvent:
    """A TypeError with a cause and a stack."""
    frames = [
        Frame(function="onClick", file="https://shop.acme.test/static/app.9f2c.js", line=1, column=20411),
        Frame(function="submit", file="https://shop.acme.test/static/app.9f2c.js", line=1, column=18822),
        Frame(
            function="readTotal",
            file="src/checkout/total.ts",
            line=41,
            column=18,
            context=[
                (40, "export function readTotal(order: Order) {"),
                (41, "  return order.lines.total;"),
                (42, "}"),
            ],
        ),
    ]
    made = ErrorEvent(
        t=t,
        tab=0,
        event=410,
        id="e41",
        title="TypeError: Cannot read properties of undefined (reading ‘total’)",
        exceptions=[
            Raised(type="HttpError", value="502 from /api/charge", frames=frames[:1]),
            Raised(
                type="TypeError",
                value="Cannot read properties of undefined (reading ‘total’)",
                frames=frames,
                handled=False,
            ),
        ],
        source="sentry",
        release="4.2.0",
        environment="production",
        url="https://shop.acme.test/shop/checkout",
        tags={"plan": "gold", "checkout": "v2"},
        contexts={"cart": {"items": 3, "total": None}},
        breadcrumbs=[
            {"category": "ui.click", "message": "button “Place order”"},
            {"category": "fetch", "data": {"status": 502}},
        ],
    )
    return msgspec.structs.replace(made, **changes)


def request(t: float = START + 31_800, **changes: Any) -> NetworkRequest:
    """A failed charge."""
    made = NetworkRequest(
        t=t,
        end=t + 1_240,
        tab=0,
        method="POST",
        url="https://shop.acme.test/api/charge",
        status=502,
        kind="fetch",
        size=410,
        request_headers={"content-type": "application/json", "authorization": "Bearer abc"},
        response_headers={"content-type": "application/json", "x-request-id": "9f2c-77"},
        request_body=Body(text='{"order":"A-95106","amount":129.9,"currency":"EUR"}', size=51),
        response_body=Body(text='{"error":"bad gateway","upstream":"payments","retry":false}', size=410),
        phases={"dns": 0.0, "connect": 12.0, "wait": 1190.0},
    )
    return msgspec.structs.replace(made, **changes)


def checkout_rows(seed: int = 7) -> list[Row]:
    """What happened in a failing checkout of 1:52: the session of the drawing."""
    rng = random.Random(seed)
    base = "https://shop.acme.test"
    at = lambda seconds: START + seconds * 1000.0  # noqa: E731
    rows: list[Row] = [
        Navigation(t=at(0), tab=0, url=f"{base}/shop", how="load"),
        Navigation(t=at(6.2), tab=0, url=f"{base}/shop/cart", how="push", from_url=f"{base}/shop"),
        Navigation(t=at(12.4), tab=0, url=f"{base}/shop/checkout", how="push", from_url=f"{base}/shop/cart"),
        Navigation(t=at(80), tab=1, url=f"{base}/help", how="load"),
        Interaction(t=at(14.9), tab=0, action="input", words="Typed in “E-mail”", value="•••@•••", selector="#email"),
        Interaction(
            t=at(21.3), tab=0, action="input", words="Typed in “Card number”", value="•••• ••••", selector="#card"
        ),
        Interaction(t=at(31.7), tab=0, action="click", words="Clicked button “Place order”", selector="button.pay"),
        Interaction(
            t=at(34.6), tab=0, action="rage-click", words="Rage click ×5 on “Place order”", selector="button.pay"
        ),
        Interaction(t=at(41), tab=0, action="scroll", words="Scrolled to the top"),
        StateChange(
            t=at(26),
            tab=0,
            action="cart/applyCoupon",
            payload="SPRING",
            state={"cart": {"items": 3, "coupon": "SPRING", "total": 139.9}, "user": {"id": "ada"}},
        ),
        StateChange(
            t=at(28.1),
            tab=0,
            action="cart/couponRejected",
            payload={"code": "SPRING"},
            state={"cart": {"items": 3, "coupon": None, "total": 149.9}, "user": {"id": "ada"}},
        ),
        StateChange(
            t=at(32.9),
            tab=0,
            action="order/failed",
            payload={"status": 502},
            state={
                "cart": {"items": 3, "coupon": None, "total": 149.9},
                "order": {"status": "failed"},
                "user": {"id": "ada"},
            },
        ),
        ConsoleEntry(
            t=at(28.2),
            tab=0,
            level="warn",
            message="Coupon expired, using list price",
            arguments=[
                "Coupon expired, using list price",
                {"code": "SPRING", "until": "2026-06-30", "rules": [1, 2, 3]},
            ],
            stack=[Frame(function="applyCoupon", file=f"{base}/static/app.9f2c.js", line=1, column=88)],
        ),
        ConsoleEntry(
            t=at(33.02),
            tab=0,
            level="error",
            message="Uncaught TypeError: Cannot read properties of undefined (reading ‘total’)",
            arguments=[],
            stack=error().exceptions[-1].frames,
        ),
        request(),
        request(t=at(24.2), end=at(24.261), url=f"{base}/api/coupon", status=409, size=220),
        error(),
        error(
            t=at(33.1),
            id="e42",
            title="Unhandled rejection: payment failed",
            exceptions=[Raised(type="Error", value="payment failed", handled=False)],
        ),
        error(
            t=at(95),
            id="e43",
            title="ChunkLoadError: Loading chunk 12 failed",
            exceptions=[Raised(type="ChunkLoadError", value="Loading chunk 12 failed", handled=False)],
        ),
        Vital(t=at(1.1), tab=0, name="FCP", value=910, rating="good", page=f"{base}/shop"),
        Vital(t=at(0.4), tab=0, name="TTFB", value=310, rating="good", page=f"{base}/shop"),
        Vital(t=at(2.4), tab=0, name="LCP", value=2810, rating="needs-improvement", page=f"{base}/shop"),
        Vital(t=at(34.1), tab=0, name="INP", value=612, rating="poor", page=f"{base}/shop"),
        Vital(t=at(40), tab=0, name="CLS", value=0.18, rating="needs-improvement", page=f"{base}/shop"),
        Vital(t=at(81.5), tab=1, name="LCP", value=1210, rating="good", page=f"{base}/help"),
        CustomEvent(t=at(36), tab=0, name="feedback", data={"text": "It just does not work"}, category="feedback"),
    ]
    rows += [
        Vital(t=at(second), tab=0, name="memory", value=42e6 + second * 4e5 + rng.random() * 6e6)
        for second in range(0, 112, 2)
    ]
    busy = [second for second in (rng.uniform(0, 112) for _ in range(190)) if not 48 < second < 79]
    for second in busy[:40]:
        rows.append(
            Interaction(
                t=at(second),
                tab=0,
                action="click",
                words=rng.choice(["Clicked link “Orders”", "Clicked “Qty”", "Scrolled “Cart”"]),
                selector="a",
            )
        )
    for second in busy[40:90]:
        rows.append(
            ConsoleEntry(
                t=at(second),
                tab=0,
                level=rng.choice(["log", "info", "debug", "log", "warn"]),
                message=rng.choice(
                    [
                        "cart: 3 items, total 149.90",
                        "render checkout 12 ms",
                        "[analytics] queued 4",
                        "stock refreshed",
                    ]
                ),
            )
        )
    for second in busy[90:]:
        length = rng.uniform(20, 900)
        rows.append(
            NetworkRequest(
                t=at(second),
                end=at(second) + length,
                tab=0,
                url=base + rng.choice(_PATHS),
                status=rng.choice([200, 200, 200, 204, 304]),
                kind=rng.choice(["fetch", "script", "img", "beacon"]),
                size=int(length * 13),
                response_body=Body(why="bodies of this type are not recorded"),
            )
        )
    return rows


def session(rows: Sequence[Row] = (), **changes: Any) -> Session:
    """A session with counts that fit `rows`."""
    counts: dict[str, int] = {}
    failed: dict[str, int] = {}
    for row in rows:
        kind = KIND_OF[type(row)]
        counts[kind] = counts.get(kind, 0) + 1
        if severity(row) >= 2:
            failed[kind] = failed.get(kind, 0) + 1
    start = min((row.t for row in rows), default=START)
    made = Session(
        id="5e55104a0000000000000001",
        start=start,
        end=max((row.t for row in rows), default=START + 60_000) + 400,
        facts=Facts(
            session="5e55104a",
            url="https://shop.acme.test/shop/checkout",
            user=User(id="ada", email="ada.lovelace@acme.test"),
            release="4.2.0",
            environment="production",
            zone="Asia/Tokyo",
            sdk="rrweb 2.2.2",
            title="Acme Store – Checkout",
        ),
        tabs=[
            Tab(
                index=0,
                title="Acme Store – Checkout",
                url="https://shop.acme.test/shop/checkout",
                start=start,
                end=start + 112_000,
                events=900,
            ),
            Tab(
                index=1,
                key="w2",
                title="Help",
                url="https://shop.acme.test/help",
                start=start + 80_000,
                end=start + 112_000,
                events=80,
            ),
        ],
        counts=counts,
        failed=failed,
        events=980,
        bytes=2_300_000,
        browser="Chrome 156",
        os="Linux",
        origin="/home/ada/checkout.json.gz",
        imported=START + 3_600_000,
        health=[
            Finding(
                code="gap",
                message="2.1 s are missing from the recording.",
                severity="warning",
                t=START + 48_000,
                end=START + 50_100,
            ),
            Finding(
                code="missing-asset",
                message="3 style sheets were not captured; parts of the page look plain.",
                severity="warning",
                count=3,
            ),
            Finding(code="masked-text", message="Text in 4 fields was masked by the SDK.", severity="info", count=4),
        ],
    )
    return msgspec.structs.replace(made, **changes)


def add_session(library: Library, rows: Sequence[Row] | None = None, **changes: Any) -> Session:
    """Write a session with rows (default: the failing checkout) and an activity histogram into a library."""
    rows = checkout_rows() if rows is None else rows
    made = session(rows, **changes)
    seen = [row.t for row in rows if not isinstance(row, Vital)]
    times = np.array(seen) if seen else np.array([made.start])
    bucket = max(made.duration / 400, 1.0)
    counts = np.histogram(times, bins=400, range=(made.start, made.start + bucket * 400))[0].astype(np.int64)
    with library.writer(made.id, made.origin) as writer:
        writer.update(made)
        writer.rows(rows)
        writer.activity(made.start, bucket, counts)
        busy = np.unique(times)
        gaps = [(float(a), float(b)) for a, b in pairwise(busy) if b - a > 2_000]
        for tab in made.tabs:
            writer.quiet(tab.index, float(busy[0]), float(busy[-1]), gaps)
        writer.finish(made)
    return library.session(made.id)


def queue_sessions(library: Library, count: int = 6) -> list[Session]:
    """A few more sessions for the queue."""
    people = [
        ("u-2041", "/shop/p/7", 243, "Safari 18", 1),
        ("u-1180", "/orders", 760, "Edge 150", 0),
        ("", "/login", 31, "Firefox 140", 9),
        ("grace.hopper@navy.test", "/account/settings", 512, "Chrome 155", 0),
        ("u-77", "/shop", 66, "Chrome 156", 2),
        ("kay@xerox.test", "/search?q=gift", 190, "Chrome 156", 0),
    ]
    made = []
    for at, (user, path, seconds, browser, errors) in enumerate(people[:count]):
        start = START - (at + 1) * 900_000.0
        rows: list[Row] = [Navigation(t=start, tab=0, url=f"https://shop.acme.test{path}")]
        rows += [error(t=start + 1000.0 * (n + 1), id=f"q{at}{n}") for n in range(errors)]
        made.append(
            add_session(
                library,
                rows,
                id=f"5e55104a00000000000000{at + 16:02x}",
                end=start + seconds * 1000.0,
                browser=browser,
                facts=Facts(url=f"https://shop.acme.test{path}", user=User(id=user)),
                origin=f"/home/ada/{at}.json",
                health=[],
            )
        )
    return made
