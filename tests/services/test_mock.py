"""The mock answers what was recorded, in order, and says what was not."""

from __future__ import annotations

import httpx

from replay_viewer.collector.run import run_in_thread
from replay_viewer.domain.rows import Body, NetworkRequest
from replay_viewer.services.mock import app


def _row(
    t: float, url: str, status: int, text: str | None, method: str = "GET", body: str | None = None
) -> NetworkRequest:
    return NetworkRequest(
        t=t, end=t + 5, method=method, url=f"https://shop.test{url}", status=status, kind="fetch",
        response_headers={"content-type": "application/json", "content-length": "999"},
        request_body=Body(text=body), response_body=Body(text=text, why="" if text else "not in the allow list"),
    )  # fmt: skip


ROWS = [
    _row(2, "/a?x=1", 502, '"second"'),
    _row(1, "/a?x=1", 200, '"first"'),
    _row(3, "/b", 200, None),
    _row(4, "/c", 200, '"one"', "POST", "1"),
    _row(5, "/c", 201, '"two"', "POST", "2"),
    _row(6, "/gone", 0, None),
]


def test_answers() -> None:
    url, stop = run_in_thread(app(ROWS), "127.0.0.1", 0, "mock")
    try:
        with httpx.Client(base_url=url, trust_env=False) as client:
            _ask(client)
    finally:
        stop()


def _ask(client: httpx.Client) -> None:
    first, second, third = (client.get("/a?x=1", headers={"origin": "http://localhost:1"}) for _ in range(3))
    assert [(one.status_code, one.json()) for one in (first, second, third)] == [
        (200, "first"), (502, "second"), (502, "second"),
    ]  # fmt: skip
    assert first.headers["access-control-allow-origin"] == "http://localhost:1"
    assert client.post("/c", content="2").json() == "two"
    assert client.get("/a?x=2").json() == {"error": "not recorded", "method": "GET", "path": "/a?x=2"}
    assert client.get("/a").status_code == 404
    missing = client.get("/b")
    assert (missing.status_code, missing.json()["reason"]) == (501, "not in the allow list")
    assert client.get("/gone").status_code == 501
    preflight = client.options("/a", headers={"origin": "http://x", "access-control-request-method": "GET"})
    assert preflight.status_code == 204
