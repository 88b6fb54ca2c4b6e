"""Every SDK version in real Chromium, a visit to the demo shop each: all of it arrives, linked, on both databases."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from replay_viewer.collector import demo
from replay_viewer.collector.run import start
from replay_viewer.domain.resources import resource
from replay_viewer.domain.rows import KINDS
from replay_viewer.library import Library
from replay_viewer.services.pull import pull
from tests.postgres import Postgres

sys.path.append(str(Path(__file__).resolve().parents[2] / "packaging"))
chromium = pytest.importorskip("chromium")

BUNDLES = Path(__file__).with_name("sdks") / "dist"
pytestmark = [
    pytest.mark.chromium,
    pytest.mark.skipif(chromium.executable() is None, reason="chromium is not installed"),
    pytest.mark.skipif(not resource("demo", "dist", "static").is_dir(), reason="the demo shop is not built"),
    pytest.mark.skipif(not BUNDLES.is_dir(), reason="tests/e2e/sdks is not built"),
]

#: posthog-js records no requests on localhost, so the shop has a name.
SHOP = "shop.test"
SDKS = ("sentry7", "sentry8", "sentry9", "sentry10", "sentry11", "posthog", "rrweb")

#: What the person does, besides clicking: a warning, two failed requests, two errors, a route change.
_TROUBLE = """(async () => {
  console.warn("stock is low", {left: 2});
  const body = JSON.stringify({voucher: "WELCOME10", total: 4200});
  const headers = {"content-type": "application/json"};
  await fetch("/api/checkout", {method: "POST", body, headers});
  await fetch("/api/vouchers/NOPE");
  setTimeout(() => { throw new TypeError("total of nothing"); });
  setTimeout(() => Promise.reject(new Error("payment refused")), 50);
  shopRecorder.state("cart/failed", {code: 502}, {items: 1});
  history.pushState({}, "", "/step-two?from=cart");
  await new Promise((done) => setTimeout(done, 300));
  shopRecorder.feedback("The lamp is crooked");
})()"""


class Visits:
    """What came of one round: session URL per SDK, the collector's base URL, the rows pulled."""

    def __init__(self, base: str, home: Path) -> None:
        self.base, self.home = base, home
        self.urls: dict[str, str] = {}
        self._rows: dict[str, dict[str, list[Any]]] = {}

    def listed(self, sdk: str) -> dict[str, Any]:
        path = urlsplit(self.urls[sdk]).path
        answer: dict[str, Any] = httpx.get(f"{self.base}/api/v1{path}", trust_env=False).json()
        return answer

    def read(self, path: str) -> list[dict[str, Any]]:
        """A whole list of the read API."""
        found: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None:
            url = httpx.URL(f"{self.base}/api/v1/{path}").copy_merge_params({"cursor": cursor})
            answer = httpx.get(url, trust_env=False, timeout=30)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            found += page["data"]
            cursor = page["next"]
        return found

    def rows(self, sdk: str) -> dict[str, list[Any]]:
        """Rows as the application has them, pulled once."""
        if sdk not in self._rows:
            session = pull(self.home / sdk, self.urls[sdk])
            with Library.open(self.home / sdk) as library:
                self._rows[sdk] = {kind: [row for _, row in library.rows(session, kind)] for kind in KINDS}
        return self._rows[sdk]


def _site(folder: Path, sdk: str) -> Path:
    """The shop's pages, its Sentry recorder replaced by one bundled with another version."""
    pages = folder / sdk
    shutil.copytree(resource("demo", "dist"), pages / "demo" / "dist")
    bundle = BUNDLES / f"{sdk}.min.js"
    if bundle.is_file():
        shutil.copy(bundle, pages / "demo" / "dist" / "record-sentry.min.js")
    return pages


def _open(browser: Any, host: str, sdk: str) -> Any:
    page = browser.open()
    recorder = "sentry" if sdk.startswith("sentry") else sdk
    page.go(f"http://{host}/?as=noor&recorder={recorder}")
    page.until("document.querySelectorAll('.card').length === 8")
    return page


def _shop(page: Any, sdk: str) -> None:
    page.front()
    page.idle(0.3)
    page.click("[data-product=birch]")
    page.until("document.querySelector('#add') !== null")
    if sdk == "posthog":
        loaded = "performance.getEntriesByType('resource').some((e) => e.name.includes('posthog-recorder'))"
        page.until(loaded)
    page.idle(0.5)
    page.click("#add")
    page.until("document.querySelector('#added a') !== null")
    page.evaluate(_TROUBLE)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def visits(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visits]:
    """All SDKs at once, a tab each."""
    folder = tmp_path_factory.mktemp("visits")
    server: Postgres | None = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    db = server.migrated() if server else None
    stops = []
    with start(folder / "collector", db=db) as collector, pytest.MonkeyPatch.context() as patch:
        hosts = {}
        for sdk in SDKS:
            pages = _site(folder / "sites", sdk)
            patch.setattr(demo, "resource", pages.joinpath)
            site, stop = demo.start_site(collector.url)
            stops.append(stop)
            hosts[f"{sdk}.{SHOP}"] = urlsplit(site).netloc
        made = Visits(collector.url, folder / "home")
        with chromium.Chromium(hosts, pace=0.1) as browser:
            # All tabs first: a banner comes after a second and moves what is to be clicked.
            pages = {sdk: _open(browser, f"{sdk}.{SHOP}", sdk) for sdk in SDKS}
            pages[SDKS[0]].front()
            pages[SDKS[0]].until("document.querySelector('.banner') !== null")
            for sdk, page in pages.items():
                _shop(page, sdk)
            last = next(reversed(pages.values()))
            last.idle(6.5)  # SDKs send what they have every five seconds
            for sdk, page in pages.items():
                made.urls[sdk] = str(page.evaluate("shopRecorder.sessionUrl()"))
                page.front()
                page.close()
        _settle(made)
        yield made
    for stop in stops:
        stop()
    if server and db:
        server.drop(db)


def _settle(made: Visits) -> None:
    """Wait until no more arrives."""
    before: list[Any] = []
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        now = [made.listed(sdk).get("segmentCount") for sdk in SDKS]
        if now == before and all(now):
            return
        before = now
        time.sleep(0.7)
    raise AssertionError(f"sessions never settle: {dict(zip(SDKS, before, strict=False))}")


@pytest.mark.parametrize("sdk", SDKS)
def test_what_was_done_is_found(visits: Visits, sdk: str) -> None:
    listed = visits.listed(sdk)
    assert listed["source"] == sdk.rstrip("0123456789")
    assert listed["user"]["id"] == "c-2210"
    assert listed["user"]["email"] == "noor.haddad@example.com"
    assert (listed["release"], listed["environment"]) == ("lumen-oak@2.7.1", "production")
    assert "Chrome/" in listed["userAgent"]
    if sdk.startswith("sentry"):
        assert listed["sdk"].split()[1].split(".")[0] == sdk.removeprefix("sentry")

    session = listed["id"]
    told = visits.read(f"errors?session={session}")
    assert {error["user"]["id"] for error in told} == {"c-2210"}
    assert {(error["release"], error["environment"]) for error in told} == {("lumen-oak@2.7.1", "production")}
    titles = " | ".join(error["title"] for error in told)
    assert "total of nothing" in titles
    assert "payment refused" in titles
    [feedback] = visits.read(f"feedback?session={session}")
    assert feedback["name"] == "The lamp is crooked"
    vitals = visits.read(f"vitals/values?session={session}")
    assert {row["name"] for row in vitals} >= {"LCP"}

    rows = visits.rows(sdk)
    for kind in KINDS:
        assert len(visits.read(f"sessions/{session}/rows/{kind}")) == len(rows[kind]), kind
    titles = " | ".join(row.title for row in rows["errors"])
    assert "total of nothing" in titles
    assert "payment refused" in titles
    failed = {(row.method, row.status) for row in rows["network"] if row.failed}
    assert failed >= {("POST", 502), ("GET", 404)}
    assert any("stock is low" in row.message and row.level == "warn" for row in rows["console"])
    assert "LCP" in {row.name for row in rows["vitals"]}
    assert any("/step-two" in row.url for row in rows["navigation"])
    words = " | ".join(row.words for row in rows["interactions"])
    assert "Birch" in words
    assert "Add to cart" in words or "add" in words.lower()
    assert "cart/failed" in {row.action for row in rows["state"]}
    said = " | ".join(f"{row.name} {row.data}" for row in rows["custom"])
    assert "crooked" in said


def test_nothing_of_one_visit_is_in_another(visits: Visits) -> None:
    sessions = {visits.listed(sdk)["id"] for sdk in SDKS}
    assert len(sessions) == len(SDKS)
    errors = httpx.get(f"{visits.base}/api/v1/errors?limit=200", trust_env=False).json()["data"]
    assert {error["session"] for error in errors} == sessions
    for sdk in SDKS:
        hosts = {urlsplit(url).hostname for url in visits.listed(sdk)["urls"]}
        assert hosts - {None} == {f"{sdk}.{SHOP}"}  # some SDK versions also note addresses without a host
