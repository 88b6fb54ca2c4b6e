"""Real Chromium, real SDKs, the demo shop: what a customer did is found in the collector and in the library."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from replay_viewer.collector.demo import start_site
from replay_viewer.collector.run import RunningCollector, start
from replay_viewer.domain.resources import resource
from replay_viewer.domain.rows import KINDS
from replay_viewer.library import Library
from replay_viewer.services.pull import pull

sys.path.append(str(Path(__file__).resolve().parents[2] / "packaging"))
chromium = pytest.importorskip("chromium")
demo_story = pytest.importorskip("demo_story")

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.skipif(chromium.executable() is None, reason="chromium is not installed"),
    pytest.mark.skipif(not resource("demo", "dist", "index.html").is_file(), reason="the demo shop is not built"),
]

SHOP = "shop.localhost"


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[RunningCollector]:
    """An open collector."""
    with start(tmp_path / "collector") as running:
        yield running


@pytest.fixture
def browser(collector: RunningCollector) -> Iterator[Any]:
    """A browser that knows the shop by name; the shop records to the collector."""
    site, stop = start_site(collector.url)
    with chromium.Chromium({SHOP: urlsplit(site).netloc}, pace=0.25) as made:
        yield made
    stop()


def _settled(url: str) -> dict[str, Any]:
    """The session once no more of it arrives: its last page was closed, its beacons are under way."""
    parts = urlsplit(url)
    address = f"{parts.scheme}://{parts.netloc}/api/v1{parts.path}"
    before: dict[str, Any] = {}
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        time.sleep(0.7)
        now: dict[str, Any] = httpx.get(address, trust_env=False).json()
        if now == before and now["segments"]:
            return now
        before = now
    raise AssertionError("the session never settles")


def _rows(home: Path, url: str) -> dict[str, list[Any]]:
    session = pull(home, url)
    library = Library.open(home)
    rows: dict[str, list[Any]] = {kind: [row for _, row in library.rows(session, kind)] for kind in KINDS}
    rows["session"] = [library.session(session)]
    library.close()
    return rows


def test_the_snippet(browser: Any, collector: RunningCollector, tmp_path: Path) -> None:
    url = demo_story.checkout_fails(browser, f"http://{SHOP}/")
    listed = _settled(url)
    who = {"id": "c-1043", "email": "ada.marlow@example.com", "name": "Ada Marlow", "role": ""}
    assert listed["user"] == who
    assert (listed["release"], listed["environment"]) == ("lumen-oak@2.7.1", "production")
    assert "Chrome/" in listed["userAgent"]
    loaded = [url for url in listed["urls"] if "?product=" not in url]
    assert loaded == [f"http://{SHOP}/", f"http://{SHOP}/cart.html", f"http://{SHOP}/checkout.html"]
    assert len(listed["tabs"]) == 1
    assert listed["errors"] >= 3

    rows = _rows(tmp_path / "home", url)
    titles = {row.title for row in rows["errors"]}
    assert "TypeError: Cannot read properties of undefined (reading 'total')" in titles
    assert any("GatewayError" in title for title in titles)
    failed = [row for row in rows["network"] if row.failed]
    assert {(row.method, row.status) for row in failed} >= {("POST", 502), ("GET", 404)}
    assert not any("/api/replay/" in row.url for row in rows["network"])
    console = {(row.level, row.message) for row in rows["console"]}
    assert any(level == "error" and "checkout failed: HTTP 502" in message for level, message in console)
    assert any(level == "warn" and "voucher refused" in message for level, message in console)
    assert {row.action for row in rows["state"]} >= {"cart/added", "voucher/applied", "checkout/failed"}
    vitals = {(row.name, row.rating) for row in rows["vitals"]}
    assert {name for name, _ in vitals} >= {"LCP", "CLS", "INP", "TTFB", "FCP"}
    assert max(row.value for row in rows["vitals"] if row.name == "CLS") > 0.1
    assert max(row.value for row in rows["vitals"] if row.name == "INP") > 200
    words = [row.words for row in rows["interactions"]]
    assert sum("Place order" in text or "Placing order" in text for text in words) >= 2
    typed = " ".join(row.value for row in rows["interactions"])
    assert "ada.marlow@example.com" in typed
    assert "4111" not in typed
    assert "****************" in typed
    assert [row.url for row in rows["navigation"]].count(f"http://{SHOP}/cart.html") >= 2
    [session] = rows["session"]
    assert not [finding for finding in session.health if finding.severity == "error"]


def test_two_tabs_are_one_session(browser: Any, collector: RunningCollector, tmp_path: Path) -> None:
    url = demo_story.happy_path(browser, f"http://{SHOP}/")
    listed = _settled(url)
    assert len(listed["tabs"]) == 2
    assert listed["errors"] == 0
    assert listed["user"]["email"] == "noor.haddad@example.com"
    rows = _rows(tmp_path / "home", url)
    [session] = rows["session"]
    assert len(session.tabs) == 2
    assert not rows["errors"]
    assert "checkout/placed" in {row.action for row in rows["state"]}


def test_the_sentry_sdk(browser: Any, collector: RunningCollector, tmp_path: Path) -> None:
    url = demo_story.sentry_checkout(browser, f"http://{SHOP}/")
    listed = _settled(url)
    assert listed["source"] == "sentry"
    assert listed["sdk"].startswith("sentry.javascript.browser 11")
    assert listed["user"]["email"] == "ada.marlow@example.com"
    assert listed["errors"] >= 2
    errors = httpx.get(f"{collector.url}/api/v1/errors", trust_env=False).json()["data"]
    assert {error["session"] for error in errors} == {listed["id"]}

    rows = _rows(tmp_path / "home", url)
    found = [row for row in rows["errors"] if "reading 'total'" in row.title]
    assert found
    assert found[0].exceptions[0].frames
    assert any(row.status == 502 and "/api/checkout" in row.url for row in rows["network"])
    assert any("checkout failed" in row.message for row in rows["console"])
    assert any("Place order" in row.words for row in rows["interactions"])
    assert {row.action for row in rows["state"]} >= {"voucher/applied", "checkout/failed"}
    assert rows["vitals"]
