"""Bodies over real HTTP: taken, understood, refused as the real services refuse them."""

from __future__ import annotations

import gzip
import json
import random
import zlib
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.collector.bodies import ENVELOPE, REPLAY, batch, captured, error_envelope, replay_envelope, sample
from tests.data_dir import needs_shared, session_dir


def _session(client: httpx.Client, session: str) -> dict[str, object]:
    answer = client.get(f"/api/v1/sessions/{session}")
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


def test_a_batch_becomes_a_session(client: httpx.Client) -> None:
    user = {"id": "u-1", "email": "ada@example.com"}
    answer = client.post(
        "/api/replay/s1/events",
        content=batch("s1", user=user, release="shop@1"),
        headers={"content-type": "text/plain;charset=UTF-8", "user-agent": "Browser/1"},
    )
    assert (answer.status_code, answer.json()) == (200, {"id": "s1"})
    assert answer.headers["access-control-allow-origin"] == "*"
    session = _session(client, "s1")
    assert session["user"] == {"id": "u-1", "email": "ada@example.com", "name": "", "role": ""}
    assert (session["release"], session["events"], session["source"]) == ("shop@1", 2, "rrweb")
    assert (session["started"], session["duration"]) == (1_795_000_000_000.0, 1.0)
    assert (session["tabs"], session["urls"]) == (["t1"], ["http://shop.test/"])
    assert session["userAgent"] == "Browser/1"


@pytest.mark.parametrize("declared", [True, False], ids=["content-encoding", "magic only"])
def test_gzip(client: httpx.Client, declared: bool) -> None:
    headers = {"content-encoding": "gzip"} if declared else {"content-type": "text/plain"}
    body = gzip.compress(batch("s1"))
    assert client.post("/api/replay/s1/events", content=body, headers=headers).status_code == 200
    assert _session(client, "s1")["events"] == 2
    segment = client.get("/api/v1/sessions/s1/segments/0")
    assert segment.content == body
    kept = json.loads(segment.headers["x-replay-request"])["headers"]
    assert kept.items() >= headers.items()


def test_the_same_bytes_are_kept_once(client: httpx.Client) -> None:
    for _ in range(3):
        assert client.post("/api/replay/s1/events", content=batch("s1")).status_code == 200
    session = _session(client, "s1")
    assert (session["segmentCount"], session["events"]) == (1, 2)


def test_tabs_late_segments_and_errors(client: httpx.Client) -> None:
    t = 1_795_000_000_000.0
    error = {"type": 5, "timestamp": t + 40, "data": {"tag": "error", "payload": {"message": "Uncaught Error: x"}}}
    refused = {"type": 5, "timestamp": t + 50, "data": {"tag": "unhandledrejection", "payload": {"reason": "no"}}}
    client.post("/api/replay/s1/events", content=batch("s1", t + 5000))
    client.post("/api/replay/s1/events", content=batch("s1", tabId="t2", events=[error, refused]))
    client.post("/api/replay/s1/events", content=batch("s1", t))
    session = _session(client, "s1")
    assert (session["started"], session["ended"], session["tabs"]) == (t, t + 5001, ["t1", "t2"])
    assert (session["errors"], session["segmentCount"]) == (2, 3)
    errors = client.get("/api/v1/errors", params={"session": "s1"}).json()["data"]
    assert [error["title"] for error in errors] == ["no", "Error: x"]


def test_envelopes_of_one_replay(client: httpx.Client) -> None:
    for body in (error_envelope(), replay_envelope(1, 1_795_000_006_000.0), replay_envelope(0)):
        answer = client.post(ENVELOPE, content=body)
        assert answer.status_code == 200
        assert set(answer.json()) == {"id"}
    session = _session(client, REPLAY)
    assert (session["segmentCount"], session["events"], session["errors"], session["source"]) == (3, 4, 1, "sentry")
    assert session["user"] == {"id": "u-17", "email": "ada@example.com", "name": "", "role": ""}
    assert session["started"] == 1_795_000_000_000.0
    [error] = client.get("/api/v1/errors").json()["data"]
    assert (error["session"], error["eventId"]) == (REPLAY, "fea994d9bcef4aa3a99b800fcef60e56")
    assert "reading 'total'" in error["title"]


def test_what_belongs_to_no_session_is_kept_apart(client: httpx.Client) -> None:
    ping = b'{"sent_at":"2026-11-20T20:06:12.960Z"}\n{"type":"session"}\n{"sid":"d","init":true,"status":"ok"}'
    answer = client.post(ENVELOPE, content=ping)
    assert (answer.status_code, answer.json()) == (200, {})
    assert client.post(ENVELOPE, content=error_envelope(None)).status_code == 200
    assert client.get("/api/v1/sessions").json() == {"data": [], "next": None}
    assert [error["session"] for error in client.get("/api/v1/errors").json()["data"]] == [""]


def test_preflight_and_cors(client: httpx.Client) -> None:
    for path in ("/api/replay/s1/events", "/api/42/envelope/"):
        answer = client.options(path, headers={"origin": "http://shop.test", "access-control-request-method": "POST"})
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-methods"] == "POST"
        assert "x-sentry-auth" in answer.headers["access-control-allow-headers"]
        assert answer.headers["access-control-expose-headers"] == "x-sentry-error, x-sentry-rate-limits, retry-after"
        assert answer.headers["access-control-max-age"] == "3600"


@pytest.mark.parametrize(
    ("url", "headers", "status"),
    [
        ("/api/42/envelope/", {}, 401),
        ("/api/42/envelope/", {"x-sentry-auth": "Sentry sentry_key=abc, sentry_version=7"}, 200),
        ("/api/42/envelope/", {"authorization": "Sentry sentry_key=abc,sentry_version=7"}, 200),
        ("/api/42/envelope/", {"authorization": "Basic YWJjOg=="}, 200),
        ("/api/42/envelope/", {"authorization": "Basic %%%"}, 401),
        ("/api/42/envelope?sentry_key=abc", {}, 200),
        ("/api/42/envelope/?sentry_key=abc", {"x-sentry-auth": "Sentry sentry_key=abc"}, 400),
        ("/api/shop/envelope/?sentry_key=abc", {}, 400),
    ],
)
def test_where_the_key_may_stand(client: httpx.Client, url: str, headers: dict[str, str], status: int) -> None:
    answer = client.post(url, content=replay_envelope(), headers=headers)
    assert answer.status_code == status
    if status != 200:
        assert answer.headers["x-sentry-error"]
        assert isinstance(answer.json()["detail"], str)


def test_a_dsn_in_the_envelope_is_a_key(client: httpx.Client) -> None:
    header, _, rest = replay_envelope().partition(b"\n")
    header = json.dumps({**json.loads(header), "dsn": "http://abc@127.0.0.1/42"}).encode()
    assert client.post("/api/42/envelope/", content=header + b"\n" + rest).status_code == 200


_GOOD = replay_envelope()
_BOMB = zlib.compress(b"0" * (300 << 20), 9)

BROKEN = {
    "empty": b"",
    "not JSON": b"hello",
    "half a header": _GOOD[:20],
    "a list": b"[]",
    "a number": b"7",
    "null bytes": b"\0" * 1000,
    "cut in the recording": _GOOD[:-20],
    "length beyond the end": _GOOD.replace(b'"length":', b'"length":9'),
    "negative length": _GOOD.replace(b'"length":', b'"length":-'),
    "length is text": _GOOD.replace(b'"length":', b'"length":"x","l":'),
    "damaged zlib": _GOOD[:-30] + b"\xff" * 30,
    "broken gzip": gzip.compress(_GOOD)[:-50],
    "deep": b"[" * 100_000,
    "deep item": b'{}\n{"type":"event"}\n' + b"[" * 100_000 + b"]" * 100_000,
    "bad UTF-8": b'{"event_id":"\xff\xfe"}\n{"type":"event"}\n{"message":"\xff"}',
    "10 MB string": b'{"event_id":"' + b"a" * (10 << 20) + b'"}',
    "bomb": b'{}\n{"type":"replay_event"}\n{"replay_id":"%s"}\n{"type":"replay_recording"}\n{"segment_id":0}\n'
    % REPLAY.encode()
    + _BOMB,
    "gzip bomb": gzip.compress(b'{"events":[' + b" " * (300 << 20), 9),
    "events is text": b'{"sessionId":"s1","events":"x"}',
    "events of nothing": b'{"sessionId":"s1","events":[1,null,"x",{}]}',
    "ids are numbers": b'{"sessionId":5,"tabId":{},"user":7,"events":[]}',
    "another session": batch("s2"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_bodies_are_never_our_failure(
    client: httpx.Client, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    for url in (ENVELOPE, "/api/replay/s1/events"):
        answer = client.post(url, content=BROKEN[name])
        assert answer.status_code in (200, 400, 413), (url, answer.text)
        if answer.status_code != 200:
            assert answer.headers["x-sentry-error"]
    assert client.get("/api/health").status_code == 200
    assert not caplog.records, "a reader raised what is no UserError"


def test_too_large(client: httpx.Client) -> None:
    def chunks() -> object:
        for _ in range(33):
            yield b"0" * (1 << 20)

    for content in (b"0" * (33 << 20), chunks()):
        answer = client.post(ENVELOPE, content=content)  # type: ignore[arg-type]
        assert answer.status_code == 413
        assert answer.json()["detail"] == "payload reached size limit"


def test_a_bomb_is_too_large(client: httpx.Client) -> None:
    assert client.post("/api/replay/s1/events", content=BROKEN["gzip bomb"]).status_code == 413


def test_mutated_envelopes(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    source = random.Random(5)
    [_, _, real, *_] = [body for _, _, body in captured(sample("sentry-checkout"))]
    for _ in range(25):
        body = bytearray(source.choice((real, _GOOD, batch("s1"), error_envelope())))
        for _ in range(source.randint(1, 12)):
            at = source.randrange(len(body))
            match source.randrange(3):
                case 0:
                    body[at] = source.randrange(256)
                case 1:
                    del body[at : at + source.randrange(40)]
                case 2:
                    body[at:at] = source.choice([b"\n", b"{", b'"', b"\0", b"[" * 50])
            body = body or bytearray(b"x")
        for url in (ENVELOPE, "/api/replay/s1/events"):
            assert client.post(url, content=bytes(body)).status_code in (200, 400, 413)
    assert not caplog.records, "a reader raised what is no UserError"


def test_bad_session_ids(client: httpx.Client) -> None:
    for name in ("..%2F..%2Fetc", "a b", "x" * 129, "%00"):
        assert client.post(f"/api/replay/{name}/events", content=batch("s1")).status_code in (400, 404)


def test_many_at_once(client: httpx.Client) -> None:
    def post(n: int) -> int:
        return client.post(f"/api/replay/s{n % 5}/events", content=batch(f"s{n % 5}", 1.795e12 + n)).status_code

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(post, range(200))) == {200}
    listed = client.get("/api/v1/sessions").json()["data"]
    assert [session["segmentCount"] for session in listed] == [40] * 5
    for session in listed:
        numbers = [part["n"] for part in client.get(f"/api/v1/sessions/{session['id']}").json()["segments"]]
        assert numbers == list(range(40))


@needs_shared
@pytest.mark.parametrize(
    "name", ["shop_sentry_v7", "shop_sentry_v8", "shop_sentry_v10", "shop_sentry_onerror_buffer"]
)
def test_captures_of_every_sdk_version(client: httpx.Client, name: str) -> None:
    for url, headers, body in captured(session_dir(name) / "raw"):
        if "/envelope/" in url:
            assert client.post(url, content=body, headers=headers).status_code == 200
    [session] = client.get("/api/v1/sessions").json()["data"]
    assert session["events"] > 300
    assert session["user"]["id"] == "u-1077"
    assert session["errors"] > 0
