"""The read API over what was really posted: filters, rows, issues, vitals, facts, ETags; all as described."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from replay_viewer.collector.openapi import document
from replay_viewer.collector.run import RunningCollector
from replay_viewer.domain.rows import KINDS
from replay_viewer.library import Library
from replay_viewer.services.importer import import_paths
from tests.collector.bodies import ENVELOPE, batch, captured, error_envelope, sample

T = 1.795e12


def _get(client: httpx.Client, path: str, **parameters: Any) -> dict[str, Any]:
    answer = client.get(f"/api/v1/{path}", params=parameters)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _sessions(client: httpx.Client, **parameters: Any) -> list[str]:
    return [session["id"] for session in _get(client, "sessions", **parameters)["data"]]


def _filled(client: httpx.Client) -> None:
    for n in range(6):
        person = {"id": f"u{n % 2}", "email": f"user{n % 3}@example.com"}
        events = [*json.loads(batch("x", T + n * 1000))["events"]]
        if n == 4:
            report = {"message": "Uncaught TypeError: x is not a function"}
            events.append(
                {"type": 5, "data": {"tag": "error", "payload": report}, "timestamp": T + n * 1000 + 5},
            )
        body = batch(f"s{n}", events=events, user=person, release=f"shop@{n // 3}", environment=["a", "b"][n % 2])
        assert client.post(f"/api/replay/s{n}/events", content=body).status_code == 200


def test_sessions_by_every_filter(client: httpx.Client) -> None:
    _filled(client)
    assert _sessions(client, user="u1") == ["s5", "s3", "s1"]
    assert _sessions(client, email="user0@example.com") == ["s3", "s0"]
    assert _sessions(client, release="shop@1") == ["s5", "s4", "s3"]
    assert _sessions(client, environment="a") == ["s4", "s2", "s0"]
    assert _sessions(client, errors="true") == ["s4"]
    assert len(_sessions(client, errors="false")) == 5
    assert _sessions(client, **{"from": T + 2000, "to": T + 3000}) == ["s3", "s2"]
    assert _sessions(client, **{"from": "2026-11-18T11:06:44Z"}) == ["s5", "s4"]
    assert _sessions(client, q="NOT a FUNCTION") == ["s4"]
    assert _sessions(client, user="u1", release="shop@1", q="user2") == ["s5"]
    assert _sessions(client, project="2") == []
    assert _sessions(client, user="\x00", q="\x00") == []
    for wrong in ({"errors": "maybe"}, {"from": "yesterday"}, {"to": "nan"}, {"from": "1e999"}):
        assert client.get("/api/v1/sessions", params=wrong).status_code == 400


@pytest.mark.parametrize("name", ["checkout-502", "sentry-checkout"])
def test_rows_are_those_of_the_application(collector: RunningCollector, tmp_path: Path, name: str) -> None:
    with httpx.Client(base_url=collector.url, trust_env=False, timeout=30) as client:
        for url, headers, body in captured(sample(name)):
            assert client.post(url, content=body, headers=headers).status_code == 200
        [session] = _sessions(client)
        [imported] = import_paths(tmp_path / "library", [sample(name)])
        with Library.open(tmp_path / "library") as library:
            for kind in KINDS:
                expected = [(n, row.t) for n, row in library.rows(imported, kind)]
                found: list[dict[str, Any]] = []
                cursor: str | None = ""
                while cursor is not None:
                    page = _get(client, f"sessions/{session}/rows/{kind}", limit=17, cursor=cursor)
                    found += page["data"]
                    cursor = page["next"]
                assert [(row["n"], row["t"]) for row in found] == expected, kind
        failed = _get(client, f"sessions/{session}/rows/network", q="/api/checkout")["data"]
        assert any(row["status"] == 502 for row in failed)
        first = _get(client, f"sessions/{session}/rows/interactions", limit=1)["data"][0]
        assert _get(client, f"sessions/{session}/rows/interactions", to=first["t"])["data"][0]["n"] == 0
        for path, status in (("rows/nothing", 404), ("rows/console?cursor=x", 400), ("rows/console?limit=5000", 400)):
            assert client.get(f"/api/v1/sessions/{session}/{path}").status_code == status
        assert client.get("/api/v1/sessions/none/rows/console").status_code == 404


def test_rows_grow_with_the_session(client: httpx.Client) -> None:
    client.post("/api/replay/s1/events", content=batch("s1", T))
    assert len(_get(client, "sessions/s1/rows/navigation")["data"]) == 1
    again = batch(
        "s1",
        events=[{"type": 4, "data": {"href": "http://shop.test/b", "width": 8, "height": 6}, "timestamp": T + 9}],
    )
    client.post("/api/replay/s1/events", content=again)
    assert len(_get(client, "sessions/s1/rows/navigation")["data"]) == 2


def test_issues_group_errors_and_count_who_met_them(client: httpx.Client) -> None:
    def post(n: int, title: str, user: str, replay: str | None) -> None:
        body = error_envelope(replay, f"{n:032x}").replace(b"reading 'total'", title.encode())
        body = body.replace(b'"platform"', b'"user": {"id": "%s"}, "platform"' % user.encode())
        body = body.replace(b"1795000001.5", b"%d" % (1_795_000_000 + n * 43_200))
        assert client.post(ENVELOPE, content=body).status_code == 200

    for n in range(4):
        post(n, f"order {n} failed", f"u{n % 2}", f"{n % 3:032x}")
    post(4, "something else", "u9", None)
    issues = _get(client, "issues")["data"]
    assert [(i["events"], i["users"], i["sessions"]) for i in issues] == [(1, 1, 0), (4, 2, 3)]
    assert issues[1]["last"] - issues[1]["first"] == 3 * 43_200_000
    pages = [_get(client, "issues", limit=1)]
    pages.append(_get(client, "issues", limit=1, cursor=pages[0]["next"]))
    assert [page["data"][0]["id"] for page in pages] == [i["id"] for i in issues]
    assert pages[1]["next"] is None
    whole = _get(client, f"issues/{issues[1]['id']}")
    assert sum(day["events"] for day in whole["days"]) == 4
    assert [day["day"] for day in whole["days"]] == sorted(
        {int(T + n * 43_200_000) // 86_400_000 * 86_400_000 for n in range(4)}
    )
    assert whole["releases"] == {"shop@1": 4}
    errors = _get(client, "errors", issue=issues[1]["id"].partition("-")[2])["data"]
    assert {error["issue"] for error in errors} == {issues[1]["id"]}
    assert [i["events"] for i in _get(client, "issues", user="u1")["data"]] == [2]
    assert client.get("/api/v1/issues/1-none").status_code == 404


def test_vitals_metrics_and_the_rest(client: httpx.Client) -> None:
    for n in range(1, 101):
        body = json.dumps({"metric": "LCP", "value": n * 50, "id": f"v{n}", "page": "/cart", "timestamp": T + n})
        assert client.post("/api/rum/vitals?key=k", content=body, headers={"content-type": "text/plain"}).is_success
    client.post("/api/metrics?key=k", json={"name": "cart_size", "value": 3, "timestamp": T})
    client.post("/api/security/events?key=k", json={"event": "csp", "data": {}, "timestamp": T, "severity": "high"})
    alert = {"metric": "LCP", "value": 5000, "threshold": 2500, "severity": "P2", "timestamp": T, "message": "slow"}
    client.post("/api/alerts/send?key=k", json={**alert, "channel": "slack"})
    client.post("/api/analytics/actions?key=k", json={"action": "buy", "duration": 5, "metadata": {}, "timestamp": T})
    [lcp] = _get(client, "vitals")["data"]
    assert (lcp["name"], lcp["count"], lcp["p50"], lcp["p75"], lcp["p95"]) == ("LCP", 100, 2500, 3750, 4750)
    assert lcp["rating"] == "needs-improvement"
    assert (lcp["good"], lcp["needs-improvement"], lcp["poor"]) == (50, 30, 20)
    assert _get(client, "vitals", to=T + 4)["data"][0]["p95"] == 200
    assert _get(client, "vitals", environment="none")["data"] == []
    assert len(_get(client, "vitals/values", name="LCP", limit=200)["data"]) == 100
    assert [row["value"] for row in _get(client, "metrics")["data"]] == [3]
    assert len(_get(client, "security-events")["data"]) == 1
    assert len(_get(client, "alerts", q="slow")["data"]) == 1
    assert [row["name"] for row in _get(client, "events", kind="action")["data"]] == ["buy"]
    assert client.get("/api/v1/events", params={"kind": "vital"}).status_code == 400
    pages = [_get(client, "vitals/values", limit=60)]
    pages.append(_get(client, "vitals/values", limit=60, cursor=pages[0]["next"]))
    assert len({row["id"] for page in pages for row in page["data"]}) == 100


def test_lists_have_etags(client: httpx.Client) -> None:
    _filled(client)
    for path in ("sessions", "errors", "issues", "vitals", "sessions/s4", "sessions/s4/rows/errors"):
        first = client.get(f"/api/v1/{path}")
        again = client.get(f"/api/v1/{path}", headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b""), path
    before = client.get("/api/v1/sessions").headers["etag"]
    client.post("/api/replay/s9/events", content=batch("s9"))
    assert client.get("/api/v1/sessions", headers={"if-none-match": before}).status_code == 200


def test_every_answer_has_what_its_description_says(client: httpx.Client) -> None:
    _filled(client)
    client.post(ENVELOPE, content=error_envelope())
    client.post("/api/metrics?key=k", json={"name": "cart_size", "value": 3, "timestamp": T})
    client.post("/api/rum/vitals?key=k", json={"metric": "LCP", "value": 1, "id": "v", "page": "/", "timestamp": T})
    schemas = document()["components"]["schemas"]
    issue = _get(client, "issues")["data"][0]
    assert set(_get(client, "sessions/s1")) == set(schemas["WholeSession"]["properties"])
    for value, name in (
        (_get(client, "sessions")["data"][0], "Session"),
        (_get(client, "errors")["data"][0], "Error"),
        (issue, "Issue"),
        (_get(client, f"issues/{issue['id']}"), "WholeIssue"),
        (_get(client, "metrics")["data"][0], "Fact"),
        (_get(client, "vitals")["data"][0], "Vital"),
        (_get(client, "sessions/s1/segments"), "Segments"),
        (_get(client, "audit")["data"][0], "AuditEntry"),
    ):
        assert set(value) == set(schemas[name]["properties"]), name
