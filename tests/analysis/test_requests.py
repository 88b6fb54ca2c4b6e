"""Types of requests, GraphQL operations, readable bodies, why something is absent."""

from __future__ import annotations

import pytest

from replay_viewer.analysis.absent import absent, body_advice, sdk_of
from replay_viewer.analysis.pretty import pretty
from replay_viewer.analysis.requests import operations, type_of
from replay_viewer.domain.rows import Body, NetworkRequest
from replay_viewer.domain.session import Facts, Session


@pytest.mark.parametrize(
    ("kind", "url", "expected"),
    [
        ("fetch", "https://a.test/api/x.js", "xhr"),
        ("link", "https://a.test/site.css?v=1", "css"),
        ("css", "https://a.test/f.woff2", "font"),
        ("css", "https://a.test/bg.png#x", "img"),
        ("css", "https://a.test/theme", "css"),
        ("other", "wss://a.test/live", "ws"),
        ("other", "https://a.test/favicon.ico", "img"),
        ("beacon", "https://a.test/collect", "other"),
        ("document", "https://a.test/", "doc"),
    ],
)
def test_types(kind: str, url: str, expected: str) -> None:
    assert type_of(kind, url) == expected


def asked(body: str, **more: object) -> list[tuple[str, str, object]]:
    request = NetworkRequest(t=0, end=1, method="POST", url="/graphql", request_body=Body(text=body), **more)  # type: ignore[arg-type]
    return [(one.sort, one.name, one.variables) for one in operations(request)]


def test_graphql_by_its_operation() -> None:
    two = "query A { a } mutation Pay($x: Int) { pay(x: $x) }"
    assert asked(f'{{"operationName": "Pay", "query": "{two}", "variables": {{"x": 3}}}}') == [
        ("mutation", "Pay", {"x": 3})
    ]
    assert asked('[{"query": "query One { a }"}, {"query": "{ viewer { id } }"}]') == [
        ("query", "One", None), ("query", "viewer", None),
    ]  # fmt: skip
    assert asked('{"operationName": "Kept", "variables": {}, "extensions": {"persistedQuery": {}}}') == [
        ("query", "Kept", {})
    ]
    assert asked("subscription Live { x }", request_headers={"content-type": "application/graphql"}) == [
        ("subscription", "Live", None)
    ]


def test_graphql_of_a_get_and_what_is_none() -> None:
    url = "https://a.test/graphql?query=query+Cart+%7B+a+%7D&variables=%7B%22n%22%3A1%7D"
    found = operations(NetworkRequest(t=0, end=1, url=url))
    assert [(one.name, one.variables) for one in found] == [("Cart", {"n": 1})]
    assert asked('{"query": "lamp"}') == [], "a search is no GraphQL"
    assert asked('{"query": ') == []
    assert asked("{}") == []


def test_bodies_made_readable() -> None:
    assert pretty('{"a":[1,2]}', "application/json").splitlines() == ["{", '  "a": [', "    1,", "    2", "  ]", "}"]
    page = "<!DOCTYPE html><html><body><p class='x'>Hi <b>you</b></p><br><pre>a\n  b</pre></body></html>"
    assert pretty(page).splitlines() == [
        "<!DOCTYPE html>", "<html>", "  <body>", "    <p class='x'>", "      Hi", "      <b>you</b>", "    </p>",
        "    <br>", "    <pre>a", "  b</pre>", "  </body>", "</html>",
    ]  # fmt: skip
    assert pretty("<?xml version='1.0'?><a><b>1</b><c/></a>", "text/xml").splitlines() == [
        "<?xml version='1.0'?>", "<a>", "  <b>1</b>", "  <c/>", "</a>",
    ]  # fmt: skip
    assert pretty("a=1&b=x%20y", "application/x-www-form-urlencoded") == "a = 1\nb = x y"
    assert pretty("{broken", "application/json") == "{broken"
    assert pretty("plain < text") == "plain < text"


def session(sdk: str = "", **more: object) -> Session:
    return Session(id="s", start=0, end=1, facts=Facts(sdk=sdk), **more)  # type: ignore[arg-type]


def test_an_empty_panel_names_the_option_of_its_sdk() -> None:
    assert "networkDetailAllowUrls" in absent("network", session("sentry.javascript.browser 11.12.0"))[1]
    why = absent("network", session("posthog-js 1.449.2"))[1]
    assert "network_timing: true" in why
    assert "localhost" in why
    assert "getRecordConsolePlugin" in absent("console", session(events=5))[1]
    unknown = absent("vitals", session())[1]
    assert all(name in unknown for name in ("replayIntegration", "posthog.init", "onLCP"))
    assert sdk_of(session(events=5)) == "rrweb"


def test_an_absent_body_names_the_option_too() -> None:
    why = "not recorded: the SDK was not told to record bodies"
    assert "recordBody" in body_advice(why, session("posthog-js 1.449.2"))
    assert body_advice("binary (image/png)", session("posthog-js 1.449.2")) == ""
