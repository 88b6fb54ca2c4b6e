"""The mock answers what was recorded, in order, and says what was not."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import httpx
import pytest

from replay_viewer.cli import main
from replay_viewer.collector.run import run_in_thread
from replay_viewer.domain.rows import Body, NetworkRequest
from replay_viewer.services.mock import Answers, app
from tests.sessions import store_session


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


def _at(t: float, url: str, text: str) -> NetworkRequest:
    return NetworkRequest(t=t, end=t, url=url, status=200, kind="fetch", response_body=Body(text=text),
                          response_headers={"content-type": "application/json"})  # fmt: skip


HOSTS = [
    _at(1, "https://api.shop.test/who", '"api"'), _at(2, "https://cdn.shop.test:8443/who", '"cdn"'),
    _at(3, "https://api.shop.test/only", '"only api"'), _at(4, "/who", '"nowhere"'),
]  # fmt: skip


def test_hosts_are_told_apart() -> None:
    answers = Answers(HOSTS)
    assert list(answers.hosts) == ["api.shop.test", "cdn.shop.test:8443", ""]

    def said(target: str, host: str = "") -> str | None:
        row = answers.next("GET", target, "", host)
        return None if row is None else row.response_body.text

    assert said("/who", "api.shop.test") == '"api"'
    assert said("/who", "CDN.shop.test:8443") == '"cdn"'
    assert said("/@cdn.shop.test:8443/who", "127.0.0.1:8050") == '"cdn"'
    assert said("/who", "127.0.0.1:8050") == '"api"'
    assert said("/only", "cdn.shop.test:8443") is None
    assert said("/only") == '"only api"'
    assert said("/@other.test/who") is None


@pytest.mark.chromium
def test_a_front_end_in_a_real_browser() -> None:
    """Names of the recorded hosts led to the mock: each answers for itself, across origins."""
    sys.path.append(str(Path(__file__).resolve().parents[2] / "packaging"))
    chromium = pytest.importorskip("chromium")
    if chromium.executable() is None:
        pytest.skip("chromium is not installed")
    rows = [_at(1, "http://api.shop.test/who", '"api"'), _at(2, "http://cdn.shop.test/who", '"cdn"'),
            _at(3, "http://app.shop.test/", '"the page"')]  # fmt: skip
    url, stop = run_in_thread(app(rows), "127.0.0.1", 0, "mock")
    address = url.removeprefix("http://")
    try:
        with chromium.Chromium({f"{name}.shop.test": address for name in ("api", "cdn", "app")}) as browser:
            page = browser.open()
            page.go("http://app.shop.test/")
            asked = "Promise.all(['http://api.shop.test/who', 'http://cdn.shop.test/who', '/@cdn.shop.test/who']"
            asked += (
                ".map((url) => fetch(url, {credentials: 'include', headers: {'x-own': '1'}}).then((a) => a.json())))"
            )
            assert page.evaluate(asked) == ["api", "cdn", "cdn"]
    finally:
        stop()


def test_a_port_in_use_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store_session(tmp_path, [b'{"type":4,"timestamp":1,"data":{"href":"http://x.test/"}}'])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["mock", "s1", "--home", str(tmp_path), "--port", str(port)]) == 1
    assert f"Port {port} of this machine is in use." in capsys.readouterr().err
