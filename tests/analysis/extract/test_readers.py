"""Console, network, Sentry and custom events by hand: what real recordings hold seldom or never."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_viewer.analysis.extract.console import format_message
from replay_viewer.analysis.merge import merge
from replay_viewer.domain.rows import (
    ConsoleEntry,
    CustomEvent,
    ErrorEvent,
    Interaction,
    Navigation,
    NetworkRequest,
    Row,
    StateChange,
    Vital,
    decode_row,
    encode_row,
)
from tests.analysis.recordings import T, change, custom, page, plugin, read_rows


def rows(*events: dict[str, Any]) -> list[Row]:
    return [row for row in read_rows([*page(), *events]) if not (isinstance(row, Navigation) and row.t == T)]


def only(*events: dict[str, Any]) -> Any:
    (row,) = rows(*events)
    return row


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["%s is %d and %i", "x", 2.5, "7.9"], "x is 2 and 7"),
        (["%cred%c plain", "color:red", ""], "red plain"),
        (["100%", 1], "100% 1"),
        (["%%s %s", "x"], "%s x"),
        (["%o", {"a": 1}, "rest"], '{"a":1} rest'),
        (["%s"], "%s"),
        (["%d", "abc"], "NaN"),
        ([None, True, [1]], "null true [1]"),
        ([{"name": "TypeError", "message": "m", "stack": "s"}], "TypeError: m"),
        ([], ""),
    ],
)
def test_format_directives(arguments: list[Any], line: str) -> None:
    assert format_message(arguments) == line


def test_console_of_old_rrweb_is_source_11() -> None:
    row = only(change(5, 11, level="warn", payload=['"old"'], trace=["f (http://a/b.js:1:2)"]))
    assert isinstance(row, ConsoleEntry)
    assert (row.level, row.message, row.stack[0].file) == ("warn", "old", "http://a/b.js")


def test_console_arguments_that_are_not_json_are_shown_raw() -> None:
    row = only(plugin(5, "rrweb/console@1", {"level": "log", "payload": ["{broken", 5], "trace": []}))
    assert row.message == "{broken 5"


def request(**fields: Any) -> dict[str, Any]:
    return {"entryType": "resource", "initiatorType": "fetch", "method": "GET", **fields}


def test_rrweb_network_times_are_made_absolute() -> None:
    events = [
        plugin(130, "rrweb/network@1", {"requests": [request(name="/a", startTime=500, endTime=620, status=200)]}),
        plugin(1000, "rrweb/network@1", {"requests": [request(name="/b", startTime=1400, endTime=1495, status=200)]}),
    ]
    a, b = rows(*events)
    # The first says the page began 490 ms before, the second 495 ms: late by 5 ms is what a report can be, early not.
    assert (a.t, a.end) == (T - 490 + 500, T - 490 + 620)
    assert (b.t, b.end) == (T - 495 + 1400, T - 495 + 1495)
    assert a.url == "https://shop.test/a"


def test_a_clock_that_slept_is_followed() -> None:
    events = [
        plugin(100, "rrweb/network@1", {"requests": [request(name="/a", startTime=0, endTime=100, status=200)]}),
        plugin(
            600_000, "rrweb/network@1", {"requests": [request(name="/b", startTime=150, endTime=200, status=200)]}
        ),
    ]
    assert rows(*events)[1].end == T + 600_000


def test_posthog_gives_its_time_origin() -> None:
    fields = {"timeOrigin": T - 4000, "startTime": 4475, "endTime": 4478, "status": 502, "transferSize": 345}
    row = only(plugin(500, "rrweb/network@1", {"requests": [request(name="https://x.test/api", **fields)]}))
    assert (row.t, row.end, row.status, row.size) == (T + 475, T + 478, 502, 345)
    assert row.failed


def test_the_numeric_keys_of_old_posthog() -> None:
    payload = {
        "0": "resource", "1": T - 1000, "2": "https://x.test/app.js", "3": 1100, "15": 1150, "18": "script",
        "21": 200,
        "22": 77, "13": 1110, "14": 1140, "39": 50, "40": T + 100,
    }  # fmt: skip
    row = only(plugin(200, "posthog/network@1", payload))
    assert (row.t, row.end, row.kind, row.status, row.size) == (T + 100, T + 150, "script", 200, 77)
    assert row.phases == {"wait": 30, "receive": 10}


def test_bodies_that_are_not_there_say_why() -> None:
    bare = {**request(name="/a", startTime=0, endTime=1, status=200), "method": "POST"}
    row = only(plugin(5, "rrweb/network@1", {"requests": [bare]}))
    assert "not told to record" in row.request_body.why
    told = {**bare, "responseBody": "[SessionReplay] Body too large to record"}
    row = only(plugin(5, "rrweb/network@1", {"requests": [told]}))
    assert row.response_body.why == "Body too large to record"


def span(
    op: str, description: str, data: Any, start: float = T / 1000 + 1, end: float = T / 1000 + 2
) -> dict[str, Any]:
    payload = {"op": op, "description": description, "startTimestamp": start, "endTimestamp": end, "data": data}
    return {**custom(1000, "performanceSpan", payload), "timestamp": start}


def test_sentry_request_with_everything() -> None:
    data = {
        "method": "POST", "statusCode": 502,
        "request": {"headers": {"X-Req": "1"}, "size": 5, "body": {"a": 1}},
        "response": {"headers": {}, "size": 9, "_meta": {"warnings": ["TEXT_TRUNCATED"]}, "body": "cut"},
    }  # fmt: skip
    row = only(span("resource.fetch", "/api/pay", data))
    assert isinstance(row, NetworkRequest)
    assert (row.t, row.end, row.url, row.status) == (T + 1000, T + 2000, "https://shop.test/api/pay", 502)
    assert row.request_headers == {"x-req": "1"}
    assert row.request_body.text == '{"a":1}'
    assert (row.response_body.text, row.response_body.why) == ("cut", "cut short by the SDK")


@pytest.mark.parametrize(
    ("options", "message", "why"),
    [
        ({}, {"_meta": {"warnings": ["URL_SKIPPED"]}}, "not in the SDK's allow list"),
        ({}, {"_meta": {"warnings": ["UNPARSEABLE_BODY_TYPE"]}}, "of a type the SDK does not record"),
        ({"networkCaptureBodies": False}, {"size": 4}, "was not told to record"),
        ({"networkDetailHasUrls": False}, {"size": 4}, "allow list (it is empty)"),
    ],
)
def test_sentry_bodies_that_are_not_there_say_why(options: Any, message: Any, why: str) -> None:
    found = rows(
        custom(1, "options", options),
        span("resource.fetch", "/a", {"method": "GET", "statusCode": 200, "response": message}),
    )
    request_row = next(row for row in found if isinstance(row, NetworkRequest))
    assert why in request_row.response_body.why


def crumb(after: float, category: str, message: str = "", **data: Any) -> dict[str, Any]:
    payload = {"timestamp": (T + after) / 1000, "type": "default", "category": category, "message": message}
    return custom(after, "breadcrumb", {**payload, "data": data})


def test_a_sentry_click_without_an_rrweb_click_is_kept() -> None:
    node = {"id": 99, "tagName": "button", "textContent": "Pay", "attributes": {}}
    row = only(crumb(100, "ui.click", "body > button#pay", nodeId=99, node=node))
    assert (row.words, row.selector, row.action) == ("Clicked button “Pay”", "body > button#pay", "click")
    (kept,) = rows(
        change(100, 2, type=2, id=4, x=1, y=1), crumb(101, "ui.click", "body > button#pay", nodeId=99, node=node)
    )
    assert kept.event == 2


def test_sentry_rage_and_dead_clicks() -> None:
    node = {"id": 99, "tagName": "button", "textContent": "Dead button", "attributes": {}}
    data = {"nodeId": 99, "node": node, "timeAfterClickMs": 7000, "endReason": "timeout"}
    row = only(crumb(100, "ui.slowClickDetected", "body > button#dead", clickCount=6, **data))
    assert (row.action, row.value) == ("rage-click", "6")
    row = only(crumb(100, "ui.slowClickDetected", "body > button#dead", clickCount=1, **data))
    assert row.action == "dead-click"
    late = {**data, "endReason": "mutation", "timeAfterClickMs": 4209}
    row = only(crumb(100, "ui.slowClickDetected", "body > button#dead", clickCount=1, **late))
    assert row.words == "It took 4.2 s until something changed after the click on button “Dead button”"


def test_a_slow_click_on_what_was_gone_says_that_nothing_happened() -> None:
    data = {"url": "https://shop.test/", "timeAfterClickMs": 7000, "endReason": "timeout", "clickCount": 1}
    row = only(crumb(100, "ui.slowClickDetected", "body > button#dead", **data))
    assert (row.action, row.words) == ("slow-click", "Nothing happened for 7 s after the click on button#dead")


def test_sizes_of_early_sdks() -> None:
    row = only(span("resource.fetch", "/a", {"statusCode": 200, "requestBodySize": 5, "responseBodySize": 9}))
    assert (row.size, row.request_body.size, row.response_body.size) == (9, 5, 9)


def test_tags_that_sites_choose_for_themselves() -> None:
    stack = "TypeError: x\n    at f (http://a.test/b.js:1:2)"
    found = rows(
        custom(1, "web_vitals", {"name": "LCP", "value": 2600}),
        custom(2, "zustand", {"action": "inc", "state": {"n": 1}}),
        custom(3, "vuex", {"mutation": {"type": "add", "payload": 2}, "state": {}}),
        custom(4, "redux", "cart/add"),
        custom(5, "exception", {"name": "TypeError", "message": "x", "stack": stack}),
        custom(6, "error", {"error": {"name": "TypeError", "message": "x", "stack": stack}}),
        custom(7, "state", "a word"),
        custom(8, "vitals", {"name": "mine"}),
    )
    assert [(row.name, row.rating) for row in found if isinstance(row, Vital)] == [("LCP", "needs-improvement")]
    states = [(row.store, row.action, row.payload) for row in found if isinstance(row, StateChange)]
    assert states == [("zustand", "inc", None), ("vuex", "add", 2), ("redux", "cart/add", None)]
    assert [row.title for row in found if isinstance(row, ErrorEvent)] == ["TypeError: x"] * 2
    assert [row.name for row in found if isinstance(row, CustomEvent)] == ["state", "vitals"]


def test_other_breadcrumbs_are_custom_events() -> None:
    row = only(crumb(5, "cart.checkout", "3 items", total=42))
    assert isinstance(row, CustomEvent)
    assert (row.name, row.data) == ("cart.checkout", {"message": "3 items", "total": 42})
    assert only(crumb(5, "sentry.feedback", feedbackId="x")).category == "feedback"
    assert only(crumb(5, "device.battery", charging=True)).category == "device"


def test_memory_and_vitals() -> None:
    memory = only(span("memory", "memory", {"memory": {"usedJSHeapSize": 123}}))
    assert (memory.name, memory.value) == ("memory", 123)
    lcp = only(span("web-vital", "largest-contentful-paint", {"value": 5000, "nodeIds": [7]}))
    assert (lcp.name, lcp.rating, lcp.nodes) == ("LCP", "poor", [7])


def test_posthog_tags() -> None:
    found = rows(
        custom(1, "$pageview", {"href": "https://shop.test/"}),
        custom(2, "$pageview", {"href": "https://shop.test/cart"}),
        custom(3, "$url_changed", {"href": "https://shop.test/cart#top"}),
        custom(4, "window hidden", {}),
        custom(5, "browser offline", {}),
        custom(6, "$recording_started", {}),
    )
    moves = [(row.url, row.how) for row in found if isinstance(row, Navigation)]
    assert moves == [("https://shop.test/cart", "push"), ("https://shop.test/cart#top", "hash")]
    assert [row.words for row in found if isinstance(row, Interaction)] == ["Switched to another tab or window"]
    assert [(row.name, row.category) for row in found if isinstance(row, CustomEvent)] == [
        ("browser offline", "device"), ("$recording_started", "sdk"),
    ]  # fmt: skip


def test_errors_with_and_without_a_stack() -> None:
    row = only(
        custom(1, "error", {"message": "Script error.", "filename": "https://x/a.js", "lineno": 3, "colno": 4})
    )
    assert isinstance(row, ErrorEvent)
    assert row.title == "Error: Script error."
    assert (row.exceptions[0].frames[0].file, row.exceptions[0].frames[0].line) == ("https://x/a.js", 3)
    row = only(custom(1, "unhandledrejection", {"reason": {"code": 17}}))
    assert row.title == 'Unhandled rejection: {"code":17}'


def test_redux_in_other_shapes() -> None:
    row = only(custom(1, "redux", {"action": {"type": "a/b", "payload": 1}, "nextState": {"x": 1}}))
    assert isinstance(row, StateChange)
    assert (row.action, row.payload, row.state) == ("a/b", 1, {"x": 1})


def test_a_vital_keeps_its_target() -> None:
    payload = {"name": "CLS", "value": 0.3, "id": "v6-1", "attribution": {"largestShiftTarget": "#a", "x": {"y": 1}}}
    row = only(custom(1, "web-vital", payload))
    assert isinstance(row, Vital)
    assert (row.rating, row.target, row.page, row.id) == ("poor", "#a", "https://shop.test/", "v6-1")
    assert "x" not in row.detail


def test_a_recorder_that_starts_before_load() -> None:
    """Load comes after the snapshot; the checkout that follows is no page load."""
    start = {"type": 0, "timestamp": T - 5, "data": {}}
    load = {"type": 1, "timestamp": T + 5, "data": {}}
    again = page(t=T + 60_000)
    found = [row for row in read_rows([start, *page(), load, *again]) if isinstance(row, Navigation)]
    assert [(row.t, row.how) for row in found] == [(T, "load")]
    reload = {**start, "timestamp": T + 59_990}
    found = [row for row in read_rows([start, *page(), load, reload, *again]) if isinstance(row, Navigation)]
    assert [(row.t, row.how) for row in found] == [(T, "load"), (T + 60_000, "reload")]


KEYS = (
    "requests", "name", "payload", "level", "trace", "category", "data", "op", "node", "message",
    "timestamp", "startTimestamp", "endTime", "startTime", "status", "value", "attribution", "href",
    "reason", "stack", "_meta", "warnings", "description", "nodeId", "memory", "request", "response",
    "body", "headers", "entryType", "arguments", "nodeIds", "type", "diff"
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers(-5, 10**20) | st.floats(-1e30, 1e30) | st.text(max_size=8)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=12,
)
TAGS = [
    "breadcrumb",
    "performanceSpan",
    "options",
    "redux",
    "web-vital",
    "error",
    "unhandledrejection",
    "$pageview",
    "x",
]
CATEGORIES = ["console", "ui.click", "ui.slowClickDetected", "navigation", "ui.keyDown", "x"]
OPS = ["resource.fetch", "navigation.push", "navigation.navigate", "memory", "web-vital", "paint", "x"]


@given(st.sampled_from(TAGS), JSON, st.sampled_from(CATEGORIES), st.sampled_from(OPS))
def test_no_payload_breaks_a_reader(tag: str, payload: Any, category: str, op: str) -> None:
    """A recording is written by whoever controlled the page: odd content gives odd rows, never an exception."""
    if isinstance(payload, dict):
        payload = {**payload, "category": category, "op": op}
    events = [custom(1, tag, payload)]
    events += [plugin(2, name, payload) for name in ("rrweb/console@1", "rrweb/network@1", "posthog/network@1")]
    read_rows(json.loads(json.dumps([*page(), *events])))


@pytest.mark.parametrize("depth", [90, 500, 990, 100_000])
def test_payloads_nested_without_end_are_cut(depth: int) -> None:
    nested = "[" * depth + "]" * depth
    (row,) = rows(plugin(1, "rrweb/console@1", {"level": "log", "payload": [nested], "trace": []}))
    assert isinstance(row, ConsoleEntry)
    assert merge([row]) == [row]
    assert decode_row(encode_row(row)) == row


def test_half_a_character_at_the_end_of_a_cut_text() -> None:
    items = ['"fox \\ud83e"', '"\\udd8a fox"', '"\\ud83e\\udd8a"']
    (row,) = rows(plugin(1, "rrweb/console@1", {"level": "log", "payload": items, "trace": []}))
    assert isinstance(row, ConsoleEntry)
    assert row.arguments == ["fox \ufffd", "\ufffd fox", "🦊"]
