"""The read API: paging, filters, ETags, who may read; the description says what is there."""

from __future__ import annotations

import re
from pathlib import Path

import httpx

from replay_viewer.collector.access import Access, is_loopback
from replay_viewer.collector.app import Collector
from replay_viewer.collector.openapi import document
from replay_viewer.collector.run import RunningCollector, run_in_thread
from tests.collector.bodies import ENVELOPE, batch, error_envelope, replay_envelope


def _post(client: httpx.Client, session: str, t: float, email: str = "") -> None:
    body = batch(session, t, user={"email": email}, events=None)
    assert client.post(f"/api/replay/{session}/events", content=body).status_code == 200


def test_paging_and_filters(client: httpx.Client) -> None:
    for n in range(7):
        _post(client, f"s{n}", 1.795e12 + (n // 2) * 1000, f"user{n}@example.com")
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = client.get("/api/v1/sessions", params={"limit": 3, "cursor": cursor}).json()
        seen += [session["id"] for session in page["data"]]
        cursor = page["next"]
    assert seen == ["s6", "s5", "s4", "s3", "s2", "s1", "s0"]
    found = client.get("/api/v1/sessions", params={"q": "USER3 example"}).json()["data"]
    assert [session["id"] for session in found] == ["s3"]
    assert client.get("/api/v1/sessions", params={"q": "100%_"}).json()["data"] == []


def test_wrong_parameters(client: httpx.Client) -> None:
    for query in (
        {"limit": "0"},
        {"limit": "x"},
        {"limit": "999999999999999999"},
        {"cursor": "!!"},
        {"cursor": "W10"},
    ):
        for path in ("/api/v1/sessions", "/api/v1/errors"):
            answer = client.get(path, params=query)
            assert answer.status_code == 400
            assert answer.json()["detail"]


def test_errors_are_paged(client: httpx.Client) -> None:
    for n in range(5):
        client.post(ENVELOPE, content=error_envelope(event_id=f"{n:032x}"))
    first = client.get("/api/v1/errors", params={"limit": 3}).json()
    rest = client.get("/api/v1/errors", params={"limit": 3, "cursor": first["next"]}).json()
    assert len({error["eventId"] for error in first["data"] + rest["data"]}) == 5
    assert rest["next"] is None
    assert client.get("/api/v1/errors", params={"q": "nothing of this"}).json()["data"] == []


def test_a_body_comes_back_as_it_was_sent(client: httpx.Client) -> None:
    body = replay_envelope()
    client.post(ENVELOPE, content=body, headers={"content-type": "text/plain"})
    [session] = client.get("/api/v1/sessions").json()["data"]
    path = f"/api/v1/sessions/{session['id']}"
    whole = client.get(path)
    [part] = whole.json()["segments"]
    answer = client.get(f"{path}/segments/0")
    assert answer.content == body
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["etag"] == f'"{part["etag"]}"'
    again = client.get(f"{path}/segments/0", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(path, headers={"if-none-match": whole.headers["etag"]}).status_code == 304
    client.post(ENVELOPE, content=replay_envelope(1))
    assert client.get(path, headers={"if-none-match": whole.headers["etag"]}).status_code == 200


def test_what_is_not_there(client: httpx.Client) -> None:
    for path in ("/api/v1/sessions/none", "/api/v1/sessions/none/segments/0", "/api/v1/nothing", "/nothing"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.json()["detail"]
    assert client.get("/api/v1/sessions/none/segments/99999999999999999999").status_code == 404
    assert client.post("/api/v1/sessions").status_code == 405


def test_an_open_collector_answers_to_its_own_name_only(client: httpx.Client) -> None:
    _post(client, "s1", 1.795e12)
    for host, status in (("127.0.0.1:80", 200), ("localhost", 200), ("[::1]:5", 200), ("evil.test", 403), ("", 403)):
        for path in ("/api/v1/sessions", "/api/v1/sessions/s1/segments/0"):
            assert client.get(path, headers={"host": host}).status_code == status
    assert "access-control-allow-origin" not in client.get("/api/v1/sessions").headers


def test_loopback_names() -> None:
    assert all(map(is_loopback, ["127.0.0.1", "127.9.9.9:80", "::1", "[::1]:80", "localhost", "x.localhost:1"]))
    assert not any(map(is_loopback, ["0.0.0.0", "::", "10.0.0.1", "localhost.evil.test", "127.0.0.1.evil.test", ""]))


def test_keys_and_tokens(tmp_path: Path) -> None:
    collector = Collector(tmp_path)
    made = collector.access.first_start()
    assert made is not None
    assert collector.access.first_start() is None
    key, token = made
    url, stop = run_in_thread(collector.app, "127.0.0.1", 0, "collector-test")
    running = RunningCollector(url, stop)
    with running, httpx.Client(base_url=url, trust_env=False) as client:
        envelope = f"/api/1/envelope/?sentry_key={key}"
        assert client.post(envelope, content=replay_envelope()).status_code == 200
        assert client.post(envelope.replace("/1/", "/2/"), content=replay_envelope()).status_code == 403
        assert client.post("/api/1/envelope/?sentry_key=" + "0" * 32, content=replay_envelope()).status_code == 403
        assert client.post(f"/api/replay/s1/events?key={key}", content=batch("s1")).status_code == 200
        answer = client.post("/api/replay/s1/events", content=batch("s1"), headers={"x-replay-key": key})
        assert answer.status_code == 200
        assert client.post("/api/replay/s1/events", content=batch("s1")).status_code == 401
        assert client.post("/api/replay/s1/events?key=x", content=batch("s1")).status_code == 403
        refused = client.get("/api/v1/sessions")
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
        for wrong in ("Bearer x", f"Bearer {token}x", f"Bearer {key}", f"Basic {token}", "Bearer"):
            assert client.get("/api/v1/sessions", headers={"authorization": wrong}).status_code == 401
        mine = {"authorization": f"Bearer {token}"}
        assert len(client.get("/api/v1/sessions", headers=mine).json()["data"]) == 2
        page = client.get("/sessions/s1")
        assert page.status_code == 200
        assert "shop.test" not in page.text
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert token.encode() not in stored


def test_the_description_is_of_these_routes(
    collector: RunningCollector, client: httpx.Client, tmp_path: Path
) -> None:
    described = client.get("/api/v1/openapi.json").json()
    assert described == document()
    told = {(method.upper(), path) for path, methods in described["paths"].items() for method in methods}
    other = Collector(tmp_path / "other", open=True)
    other.close()
    there = {
        (method, re.sub(r":\w+}", "}", path)) for method, path in other.paths if method not in ("HEAD", "OPTIONS")
    }
    pages = {("GET", "/"), ("GET", "/sessions/{id}")}
    # Every endpoint that writes answers with and without a last slash; one of the two is described.
    twins = {(m, p) for m, p in there if (m, p.removesuffix("/")) in told or (m, p + "/") in told} - told
    assert there - pages - twins == told


def test_answers_are_as_described(client: httpx.Client) -> None:
    client.post(ENVELOPE, content=replay_envelope())
    client.post(ENVELOPE, content=error_envelope())
    schemas = document()["components"]["schemas"]
    [session] = client.get("/api/v1/sessions").json()["data"]
    [error] = client.get("/api/v1/errors").json()["data"]
    whole = client.get(f"/api/v1/sessions/{session['id']}").json()
    health = client.get("/api/health").json()
    for value, name in ((session, "Session"), (error, "Error"), (whole, "WholeSession"), (health, "Health")):
        assert set(value) == set(schemas[name]["properties"]), name
    assert set(whole["segments"][0]) == set(schemas["Segment"]["properties"])


def test_tokens_of_no_database_are_none(tmp_path: Path) -> None:
    collector = Collector(tmp_path)
    access: Access = collector.access
    assert access.reader("") is None
    assert access.reader("x" * 10_000) is None
    assert access.project_of("") is None
    assert not access.may_write("1", "\ud800")
    collector.close()
