"""What else Sentry's SDKs send: items of all kinds, tunnels, encodings; real captures give what the files give."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import brotli
import httpx
import pytest
import zstandard

from replay_viewer.collector.run import RunningCollector
from replay_viewer.domain.rows import KINDS
from tests.collector.bodies import ENVELOPE, REPLAY, captured, error_envelope, replay_envelope
from tests.collector.kept import Kept
from tests.collector.same import both_ways
from tests.data_dir import needs_shared, session_dir

T = 1_795_000_000.0
TRACE = "0af7651916cd43dd8448eb211c80319c"


def _envelope(*parts: tuple[dict[str, object], bytes], **header: object) -> bytes:
    lines = [json.dumps({"event_id": "9" * 32, "trace": {"trace_id": TRACE, "replay_id": REPLAY}, **header}).encode()]
    for head, data in parts:
        lines += [json.dumps({**head, "length": len(data)}).encode(), data]
    return b"\n".join(lines)


def _json(kind: str, value: object, **head: object) -> tuple[dict[str, object], bytes]:
    return {"type": kind, **head}, json.dumps(value).encode()


def test_every_kind_of_item(client: httpx.Client, kept: Kept) -> None:
    span = {
        "name": "GET /cart",
        "span_id": "b7ad6b7169203331",
        "trace_id": TRACE,
        "start_timestamp": T,
        "end_timestamp": T + 0.25,
        "is_segment": True,
        "status": "ok",
        "attributes": {
            "sentry.replay_id": {"value": REPLAY, "type": "string"},
            "browser.web_vital.lcp.value": {"value": 2600.5, "type": "double"},
        },
    }
    log = {
        "timestamp": T,
        "level": "warn",
        "body": "stock is low",
        "attributes": {"sentry.replay_id": {"value": REPLAY}},
    }
    transaction = {
        "type": "transaction",
        "transaction": "/checkout",
        "start_timestamp": T,
        "timestamp": T + 1.5,
        "contexts": {"trace": {"trace_id": TRACE, "op": "pageload"}},
        "measurements": {"fcp": {"value": 900, "unit": "millisecond"}, "cls": {"value": 0.3}},
    }
    feedback = {"timestamp": T, "contexts": {"feedback": {"message": "Too slow", "replay_id": REPLAY}}}
    parts = [
        _json("span", {"version": 2, "items": [span]}, item_count=1),
        _json("log", {"items": [log]}),
        _json("transaction", transaction),
        _json("feedback", feedback),
        _json("session", {"sid": "d", "init": True, "status": "ok", "did": "u-17"}),
        _json("sessions", {"aggregates": [], "attrs": {"release": "shop@1"}}),
        _json(
            "client_report",
            {"timestamp": T, "discarded_events": [{"reason": "r", "category": "span", "quantity": 2}]},
        ),
        ({"type": "attachment", "filename": "a\x00.txt", "content_type": "text/plain"}, b"hello\nworld"),
        ({"type": "hologram"}, b"\x00\xff\n\n{"),
        _json("hologram", {"x": 1}),
    ]
    assert client.post(ENVELOPE, content=_envelope(*parts)).status_code == 200
    facts = {(row["kind"], row["name"]): row for row in kept.linked()}
    assert {row["session"] for row in facts.values()} == {REPLAY}
    assert set(facts) == {
        ("transaction", "GET /cart"),
        ("transaction", "/checkout"),
        ("vital", "LCP"),
        ("vital", "FCP"),
        ("vital", "CLS"),
        ("log", "stock is low"),
        ("feedback", "Too slow"),
    }
    assert facts["transaction", "GET /cart"]["value"] == pytest.approx(250.0)
    assert facts["transaction", "/checkout"]["value"] == pytest.approx(1500.0)
    assert facts["vital", "CLS"]["level"] == "poor"
    assert facts["log", "stock is low"]["level"] == "warn"

    listed = client.get(f"/api/v1/items?session={REPLAY}").json()
    assert (listed["counts"], listed["next"]) == ({"attachment": 1, "hologram": 2}, None)
    [attachment] = client.get("/api/v1/items?type=attachment").json()["data"]
    assert (attachment["filename"], attachment["contentType"]) == ("a.txt", "text/plain")
    answer = client.get(f"/api/v1/items/{attachment['id']}")
    assert answer.content == b"hello\nworld"
    assert "attachment" in answer.headers["content-disposition"]
    unknown = client.get("/api/v1/items?type=hologram").json()["data"]
    assert [client.get(f"/api/v1/items/{item['id']}").content for item in unknown] == [b'{"x": 1}', b"\x00\xff\n\n{"]
    assert client.get("/api/v1/items/99").status_code == 404
    assert client.get("/api/v1/items?cursor=x").status_code == 400
    assert client.get("/api/v1/items", headers={"host": "evil.test"}).status_code == 403


def test_a_tunnel(client: httpx.Client) -> None:
    header, _, rest = replay_envelope().partition(b"\n")
    for dsn, status in (
        ("https://abc@replay.example.com/42", 200),
        ("https://abc@replay.example.com/prefix/42", 200),
        ("https://replay.example.com/42", 401),
        ("https://abc@replay.example.com/shop", 400),
        ("http://[", 401),
        (7, 401),
    ):
        body = json.dumps({**json.loads(header), "dsn": dsn}).encode() + b"\n" + rest
        assert client.post("/tunnel", content=body).status_code == status, dsn
    session = client.get(f"/api/v1/sessions/{REPLAY}").json()
    assert (session["project"], session["segmentCount"]) == ("42", 2)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_encodings_of_server_sdks(client: httpx.Client, encoding: str) -> None:
    body = error_envelope()
    packed = {
        "gzip": lambda: zlib.compress(body, wbits=31),
        "deflate": lambda: zlib.compress(body),
        "br": lambda: brotli.compress(body),
        "zstd": lambda: zstandard.compress(body),
    }[encoding]()
    answer = client.post(ENVELOPE, content=packed, headers={"content-encoding": encoding})
    assert (answer.status_code, answer.json()) == (200, {"id": "fea994d9bcef4aa3a99b800fcef60e56"})
    [error] = client.get("/api/v1/errors").json()["data"]
    assert error["session"] == REPLAY
    segment = client.get(f"/api/v1/sessions/{REPLAY}/segments/0")
    assert segment.status_code == 200
    broken = client.post(ENVELOPE, content=packed[: len(packed) // 2], headers={"content-encoding": encoding})
    assert broken.status_code == 400


def test_a_brotli_bomb(client: httpx.Client) -> None:
    bomb = brotli.compress(b"0" * (200 << 20), quality=1)
    assert client.post(ENVELOPE, content=bomb, headers={"content-encoding": "br"}).status_code == 413


def test_the_old_store_endpoint(client: httpx.Client) -> None:
    event = {
        "event_id": "5" * 32,
        "timestamp": T,
        "message": "old",
        "tags": {"replayId": REPLAY},
        "platform": "python",
    }
    auth = {"x-sentry-auth": "Sentry sentry_key=abc, sentry_version=7"}
    assert client.post("/api/42/store/", json=event, headers=auth).status_code == 200
    [error] = client.get("/api/v1/errors").json()["data"]
    assert (error["session"], error["title"]) == (REPLAY, "old")


@needs_shared
@pytest.mark.parametrize(
    "name", ["shop_sentry_v7", "shop_sentry_v8", "shop_sentry_v10", "shop_sentry_onerror_buffer", "iframes_sentry"]
)
def test_captures_give_the_same_recording(
    client: httpx.Client, collector: RunningCollector, tmp_path: Path, name: str
) -> None:
    for url, headers, body in captured(session_dir(name) / "raw"):
        if "/envelope/" in url:
            assert client.post(url, content=body, headers=headers).status_code == 200
    [listed] = client.get("/api/v1/sessions").json()["data"]
    url = f"{collector.url}/sessions/{listed['id']}"
    with both_ways(tmp_path, url, session_dir(name) / "raw") as (pulled, left, imported, right):
        for kind in KINDS:
            assert pulled.rows(left.id, kind) == imported.rows(right.id, kind)
