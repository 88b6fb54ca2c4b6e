"""Rows of real recordings against what really happened."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

import pytest

from replay_viewer.analysis.merge import merge
from replay_viewer.domain.rows import (
    ConsoleEntry,
    CustomEvent,
    ErrorEvent,
    Interaction,
    Navigation,
    NetworkRequest,
    StateChange,
    Vital,
)
from replay_viewer.domain.time import iso_to_ms
from tests.analysis.recordings import recorded
from tests.data_dir import needs_shared, session_dir

pytestmark = needs_shared


def meta(name: str) -> dict[str, Any]:
    return json.loads((session_dir(name) / "meta.json").read_text())


def har(name: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads(gzip.decompress((session_dir(name) / "session.har.gz").read_bytes()))[
        "log"
    ]["entries"]
    return entries


def calls(name: str) -> list[tuple[str, str, int, float]]:
    """Method, URL, status (0: failed) and start of the fetches and XHRs the browser made; redirects followed."""
    found: list[tuple[str, str, int, float]] = []
    redirected = None
    for entry in har(name):
        if entry.get("_resourceType") not in ("fetch", "xhr") or "/envelope/" in entry["request"]["url"]:
            continue
        start = iso_to_ms(entry["startedDateTime"])
        if redirected is not None:
            method, url, start = redirected
            found.append((method, url, max(0, entry["response"]["status"]), start))
            redirected = None
        elif entry["response"]["status"] == 302:
            redirected = (entry["request"]["method"], entry["request"]["url"], start)
        else:
            status = max(0, entry["response"]["status"])
            found.append((entry["request"]["method"], entry["request"]["url"], status, start))
    return found


@pytest.mark.parametrize("name", ["shop_redux_rrweb", "shop_sentry_unmasked"])
def test_requests_are_those_the_browser_made(name: str) -> None:
    rows = [row for row in recorded(name) if isinstance(row, NetworkRequest) and row.kind in ("fetch", "xhr")]
    expected = calls(name)
    missing = Counter(call[:3] for call in expected) - Counter((row.method, row.url, row.status) for row in rows)
    # Sentry loses what lies in its buffer at a page load; rrweb's plugin here loses nothing.
    lost = {"/api/orders"} if "sentry" in name else set()
    assert {urlsplit(url).path for _, url, _ in missing} <= lost
    assert not Counter((row.method, row.url, row.status) for row in rows) - Counter(call[:3] for call in expected)
    starts: dict[tuple[str, str], list[float]] = {}
    for method, url, _, start in expected:
        starts.setdefault((method, url), []).append(start)
    for row in rows:
        assert min(abs(row.t - start) for start in starts[row.method, row.url]) < 60


def test_the_document_is_one_row_though_it_was_reported_twice() -> None:
    rows = [row for row in recorded("shop_redux_rrweb") if isinstance(row, NetworkRequest) and row.kind == "document"]
    documents = [entry for entry in har("shop_redux_rrweb") if entry["_resourceType"] == "document"]
    assert [row.url for row in rows] == [entry["request"]["url"] for entry in documents]
    for row, entry in zip(rows, documents, strict=True):
        assert abs(row.t - iso_to_ms(entry["startedDateTime"])) < 60
        assert row.status == 200


def test_bodies_and_headers() -> None:
    rows = [row for row in recorded("shop_redux_rrweb") if isinstance(row, NetworkRequest)]
    coupon = next(row for row in rows if row.url.endswith("/api/coupon"))
    assert coupon.request_headers["authorization"] == "Bearer tok_live_9f8e7d6c5b4a"
    assert coupon.request_body.text == '{"code":"FREE"}'
    assert coupon.failed
    binary = next(row for row in rows if row.url.endswith("/api/binary"))
    assert binary.response_body.text is None
    assert binary.response_body.why == "binary (application/octet-stream)"
    hang = next(row for row in rows if row.url.endswith("/api/hang"))
    assert hang.status == 0
    assert hang.error
    assert hang.response_body.why == "there was no answer"
    image = next(row for row in rows if row.kind == "img")
    assert "fetch and XHR only" in image.response_body.why


def test_sentry_says_why_bodies_are_absent() -> None:
    rows = [row for row in recorded("dash_sentry") if isinstance(row, NetworkRequest) and row.kind == "fetch"]
    assert rows
    assert all(row.url.startswith("http://127.0.0.1:4150/") for row in rows), "relative URLs are resolved"
    assert {row.response_body.why for row in rows} == {"not in the SDK's allow list"}


def test_errors_are_those_the_page_had() -> None:
    rows = merge(recorded("shop_redux_rrweb"))
    errors = [row for row in rows if isinstance(row, ErrorEvent)]
    expected = meta("shop_redux_rrweb")["pageErrors"]
    assert len(errors) == len(expected)
    for error, title in zip(errors[:4], expected[:4], strict=True):
        assert error.title == title
    assert errors[4].title == "Unhandled rejection: just a string reason"
    assert errors[5].exceptions[-1].value == '{"code":17,"detail":"object reason"}', "the console knew the object"
    assert all(error.event >= 0 and error.group and error.exceptions[-1].handled is False for error in errors)
    assert len({error.group for error in errors}) == len(errors)
    assert len([row for row in rows if isinstance(row, ConsoleEntry)]) == 29, "console lines stay"


def test_the_same_error_in_other_recorders_has_the_same_group() -> None:
    groups = set()
    for name in ("shop_redux_rrweb", "shop_rrweb_1_1_3", "shop_rrweb_0_9_14"):
        errors = [row for row in merge(recorded(name)) if isinstance(row, ErrorEvent) and "'amount'" in row.title]
        assert len(errors) == 1
        groups.add(errors[0].group)
    assert len(groups) == 1


@pytest.mark.parametrize("name", ["shop_redux_rrweb", "shop_rrweb_1_1_3", "shop_crash_rrweb", "mkdocs_nocss_rrweb"])
def test_counts_of_console_state_and_vitals(name: str) -> None:
    events = meta(name)["events"]
    rows = recorded(name)
    tags = events["customTags"]
    assert sum(isinstance(row, ConsoleEntry) for row in rows) == events["plugins"].get("rrweb/console@1", 0)
    assert sum(isinstance(row, StateChange) for row in rows) == tags.get("redux", 0)
    assert sum(isinstance(row, Vital) for row in rows) == tags.get("web-vital", 0)
    checkpoints = [row for row in rows if isinstance(row, CustomEvent) and row.name == "checkpoint"]
    assert len(checkpoints) == tags["checkpoint"]


def test_console_lines_read_as_a_console_prints_them() -> None:
    entries = [row for row in recorded("shop_redux_rrweb") if isinstance(row, ConsoleEntry)]
    by_message = {row.message: row for row in entries}
    assert by_message["deprecated call oldApi() used 3 times"].level == "warn"
    assert by_message["styled"].level == "info"
    assert by_message['Assertion failed: assertion text {"x":1}'].level == "error"
    logged = by_message["TypeError: logged but not thrown"]
    assert logged.stack[-1].function == "D0"
    assert by_message["plain string 42 true null undefined"].arguments == [
        "plain string",
        42,
        True,
        None,
        "undefined",
    ]
    assert {row.level for row in entries} == {"log", "warn", "error", "info", "debug"}


def test_sentry_console_agrees() -> None:
    entries = [row for row in recorded("shop_sentry_unmasked") if isinstance(row, ConsoleEntry)]
    messages = {row.message: row.level for row in entries}
    assert messages["plain string 42 true null undefined"] == "log"
    assert messages["deprecated call oldApi() used 3 times"] == "warn"
    assert messages['Assertion failed: assertion text {"x":1}'] == "error"
    logged = next(row for row in entries if row.message == "TypeError: logged but not thrown")
    assert logged.stack


def test_every_click_is_told_once() -> None:
    """All of rrweb's clicks have a row, apart from those told by the field they changed."""
    rows = [row for row in recorded("shop_redux_rrweb") if isinstance(row, Interaction)]
    clicks = sum(row.action == "click" for row in rows)
    marks = sum(row.value in ("checked", "unchecked") for row in rows)
    # A click on a label is followed by one on its field: two clicks, one mark.
    assert clicks + marks <= meta("shop_redux_rrweb")["events"]["mouseInteraction"]["Click"] <= clicks + 2 * marks
    assert all(row.selector for row in rows if row.action == "click")


def test_interactions_in_words() -> None:
    words = [row.words for row in recorded("shop_redux_rrweb") if isinstance(row, Interaction)]
    for expected in (
        "Clicked button “Pay now”",
        "Clicked link “Orders”",
        "Typed “ada.lovelace@example.test” in “E-mail”",
        "Typed 11 characters (masked) in “Password”",
        "Chose “Japan” in “Country”",
        "Chose “Express”",
        "Checked “Gift wrap”",
        "Unchecked “Newsletter”",
        "Double-clicked label “Call courier”",
        "Resized the window to 1000 × 700",
        "Clicked button “Dead button” 6 times in 0.5 s",
        "Clicked “total” in table",
        "Checked “Write replay viewer”",
    ):
        assert expected in words, expected
    assert not any("Typed “http" in line for line in words), "a value the page set is not typed"


def test_touch() -> None:
    rows = [row for row in recorded("shop_touch_rrweb") if isinstance(row, Interaction)]
    words = [row.words for row in rows]
    assert "Tapped link “Birch chair”" in words
    assert "Turned the device to landscape (844 × 390)" in words
    assert "Swiped left" in words
    assert sum(row.action == "click" for row in rows) + sum(row.value == "checked" for row in rows) == 6


def test_sentry_clicks_are_not_doubled() -> None:
    rows = [row for row in merge(recorded("shop_sentry_unmasked")) if isinstance(row, Interaction)]
    pay = [row for row in rows if row.words == "Clicked button “Pay now”"]
    assert len(pay) == 1
    dead = [row for row in rows if row.action == "dead-click"]
    assert [row.words for row in dead] == [
        "Nothing happened for 7 s after the click on button “Console zoo”",
        "Nothing happened for 7 s after the click on button “Logged error”",
    ]
    assert sum(row.action == "slow-click" for row in rows) == 5


@pytest.mark.parametrize("name", ["shop_sentry_unmasked", "shop_sentry_v7", "shop_sentry_v8", "shop_sentry_v10"])
def test_navigations_of_sentry(name: str) -> None:
    """Each page change the recording knows is one row, in the order they happened."""
    rows = [row for row in merge(recorded(name)) if isinstance(row, Navigation)]
    truth = [item["url"] for item in meta(name)["navigations"]]
    place = 0
    for row in rows:
        assert row.url in truth[place:], (row, truth[place:])
        place = truth.index(row.url, place) + 1
    assert {row.how for row in rows} == {"load", "push"}
    assert all(row.from_url != row.url for row in rows)


def test_page_loads_of_rrweb() -> None:
    rows = [row for row in recorded("shop_redux_rrweb") if isinstance(row, Navigation)]
    assert [urlsplit(row.url).path for row in rows] == ["/shop/", "/help.html", "/login.html", "/shop/"]
    idle = [row for row in recorded("shop_idle_rrweb") if isinstance(row, Navigation)]
    assert len([row for row in idle if row.how in ("load", "reload")]) == 1, "checkouts are no page loads"


def test_vitals_of_old_sentry_are_marked() -> None:
    rows = [row for row in recorded("shop_sentry_v8") if isinstance(row, Vital)]
    assert {"LCP", "CLS", "INP", "FCP", "memory"} <= {row.name for row in rows}
    assert all("time" in row.detail for row in rows if row.name in ("INP", "FID"))
    old = [row for row in recorded("shop_sentry_v7") if isinstance(row, Vital) and row.name == "LCP"]
    assert [row.value for row in old] == [852, 120]
    assert old[0].nodes == [152]
    assert old[0].rating == "good"
    new = [row for row in recorded("shop_sentry_unmasked") if isinstance(row, Vital) and row.name == "INP"]
    assert not any("time" in row.detail for row in new), "from version 11 they stand at the interaction"


def test_redux_diffs_are_kept() -> None:
    rows = [row for row in recorded("shop_redux_rrweb") if isinstance(row, StateChange)]
    assert rows[0].action == "catalog/load/pending"
    assert rows[0].diff == [{"op": "replace", "path": "/catalog/status", "value": "loading"}]
