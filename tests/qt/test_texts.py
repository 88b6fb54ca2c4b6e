"""Words: sizes, spans, rows as text, JSON and cURL, differences of states."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_viewer.analysis.pretty import pretty
from replay_viewer.domain.rows import Body, ConsoleEntry, Interaction, NetworkRequest, Vital
from replay_viewer.domain.session import Finding
from replay_viewer.qt import rowtext, wording
from replay_viewer.qt.panels.request import absence
from replay_viewer.qt.structure import MISSING, Change, differences, patched
from tests import factories


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (-1, ""),
        (0, "0"),
        (812, "812 B"),
        (1_100, "1.1 kB"),
        (12_300, "12 kB"),
        (3_400_000, "3.4 MB"),
        (5e12, "5000 GB"),
    ],
)
def test_sizes(count: float, text: str) -> None:
    assert wording.size(int(count)) == text


@pytest.mark.parametrize(
    ("ms", "text"), [(84, "84 ms"), (1240, "1.24 s"), (38_000, "38 s"), (125_000, "2:05"), (999.7, "1.00 s")]
)
def test_spans(ms: float, text: str) -> None:
    assert wording.span(ms) == text


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://a.test/x?y=1#z", "/x?y=1#z"),
        ("https://a.test", "/"),
        ("about:blank", "about:blank"),
        ("http://[", "http://["),
    ],
)
def test_paths(url: str, text: str) -> None:
    assert wording.path(url) == text


@given(st.text(max_size=500), st.integers(2, 100))
def test_one_line_is_one_line(text: str, limit: int) -> None:
    line = wording.one_line(text, limit)
    assert "\n" not in line
    assert len(line) <= limit


def test_health_line_says_the_worst() -> None:
    session = factories.session([])
    assert wording.health_line(session)[1] == "warning"
    broken = factories.session([], health=[Finding(code="x", message="No picture.", severity="error")])
    assert wording.health_line(broken) == ("Health: No picture", "failed")
    assert wording.health_line(factories.session([], health=[]))[1] == "good"


def test_when_is_read_by_day() -> None:
    now = factories.START
    assert wording.when(now, now).startswith("today ")
    assert wording.when(now - 86_400_000, now).startswith("yesterday ")
    assert wording.when(now - 400 * 86_400_000, now).endswith(" 2025")
    assert wording.when(0) == ""


def test_session_line_leaves_out_what_is_unknown() -> None:
    assert wording.session_line(factories.session([], browser="")) == "/shop/checkout · 1:00"


def test_curl_repeats_the_request() -> None:
    text = rowtext.as_curl(factories.request(url="https://a.test/it's"))
    assert text.startswith("curl 'https://a.test/it'\"'\"'s' -X POST")
    assert "-H 'authorization: Bearer abc'" in text
    assert '--data-raw \'{"order"' in text


def test_every_row_copies_as_text_and_json() -> None:
    for row in factories.checkout_rows():
        forms = rowtext.copies(row)
        assert forms["Copy as text"]
        assert json.loads(forms["Copy as JSON"])["t"] == row.t
        assert rowtext.activity_cell(row).text


def test_error_text_has_the_chain_newest_first() -> None:
    lines = rowtext.error_text(factories.error()).splitlines()
    assert lines[1].startswith("TypeError")
    assert lines[2] == "    at readTotal (src/checkout/total.ts:41:18)"
    assert any(line.startswith("Caused by: HttpError") for line in lines)


def test_colours_of_rows() -> None:
    assert rowtext.activity_cell(factories.request()).role == "failed"
    assert rowtext.activity_cell(ConsoleEntry(t=0, level="warn", message="x")).role == "warning"
    assert rowtext.activity_cell(Interaction(t=0, action="rage-click", words="x")).role == "warning"
    assert rowtext.activity_cell(Vital(t=0, name="LCP", value=1, rating="poor")).role == "failed"


def test_status_words() -> None:
    assert rowtext.status_text(NetworkRequest(t=0, end=0, status=0)) == "failed"
    assert rowtext.status_text(NetworkRequest(t=0, end=0, status=-1)) == "–"
    assert rowtext.status_role(NetworkRequest(t=0, end=0, status=404)) == "failed"


def test_body_is_pretty_or_says_why_it_is_absent() -> None:
    assert pretty('{"a":1}') == '{\n  "a": 1\n}'
    assert absence(Body(why="not in the SDK's allow list", size=10), None).startswith("Not shown: not in the SDK's")
    assert "does not hold" in absence(Body(), None)


def test_differences() -> None:
    before = {"a": 1, "b": [1, 2], "c": {"d": True}}
    after = {"a": 2, "b": [1], "c": {"d": True}, "e": None}
    assert differences(before, after) == [Change("a", 1, 2), Change("b[1]", 2, MISSING), Change("e", MISSING, None)]
    assert differences(1, 1.0) == [Change("(the whole)", 1, 1.0)]
    assert len(differences(list(range(1000)), [])) == 500


def test_a_request_is_copied_as_fetch_and_as_playwright() -> None:
    row = NetworkRequest(
        t=0.0,
        end=1.0,
        method="POST",
        url="https://a.test/'x'",
        request_headers={"Accept": "*/*", "Host": "a.test"},
        request_body=Body(text='{"a": 1}'),
    )
    forms = rowtext.copies(row)
    assert forms["Copy as fetch"].startswith("await fetch(\"https://a.test/'x'\", {")
    assert '"body": "{\\"a\\": 1}"' in forms["Copy as fetch"]
    assert "Host" not in forms["Copy as fetch"]
    assert '"data"' in forms["Copy as Playwright request"]


def test_a_state_from_its_changes() -> None:
    steps = [
        {"op": "replace", "path": "/catalog/query", "value": "lamp"},
        {"op": "add", "path": "/todos/items/0", "value": {"text": "milk"}},
        {"op": "add", "path": "/todos/items/1", "value": {"text": "bread"}},
        {"op": "add", "path": "/cart/lines/7", "value": 1},
        {"op": "remove", "path": "/todos/items/0"},
        {"op": "replace", "path": "/todos/items/0/text", "value": "rye~"},
        {"op": "add", "path": "/a~1b", "value": 1},
        {"op": "odd"},
        "nonsense",
    ]
    before: dict[str, object] = {"user": "ada"}
    assert patched(before, steps) == {
        "user": "ada", "catalog": {"query": "lamp"}, "todos": {"items": [{"text": "rye~"}]},
        "cart": {"lines": {"7": 1}}, "a/b": 1,
    }  # fmt: skip
    assert before == {"user": "ada"}
    assert patched([1, 2], [{"op": "add", "path": "/-", "value": 3}, {"op": "remove", "path": "/0"}]) == [2, 3]
    assert patched(5, [{"op": "replace", "path": "", "value": {"x": 1}}]) == {"x": 1}
