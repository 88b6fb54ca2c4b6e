"""HAR: what HAR 1.2 demands, read by a reader of its own, beside what the browser itself wrote down."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import msgspec
import pytest

from replay_viewer.cli import main
from replay_viewer.domain.resources import resource
from replay_viewer.services.importer import import_paths
from tests.data_dir import needs_shared, session_dir

# The fields HAR 1.2 demands; unknown ones are allowed only with an underscore, which `_strange` looks for.


class Pair(msgspec.Struct):
    name: str
    value: str


class Text(msgspec.Struct):
    size: int
    mimeType: str  # noqa: N815
    text: str = ""


class Ask(msgspec.Struct):
    method: str
    url: str
    httpVersion: str  # noqa: N815
    cookies: list[Any]
    headers: list[Pair]
    queryString: list[Pair]  # noqa: N815
    headersSize: int  # noqa: N815
    bodySize: int  # noqa: N815


class Answer(msgspec.Struct):
    status: int
    statusText: str  # noqa: N815
    httpVersion: str  # noqa: N815
    cookies: list[Any]
    headers: list[Pair]
    content: Text
    redirectURL: str  # noqa: N815
    headersSize: int  # noqa: N815
    bodySize: int  # noqa: N815


class Timings(msgspec.Struct):
    send: float
    wait: float
    receive: float


class Entry(msgspec.Struct):
    startedDateTime: str  # noqa: N815
    time: float
    request: Ask
    response: Answer
    cache: dict[str, Any]
    timings: Timings
    pageref: str = ""
    comment: str = ""


class Page(msgspec.Struct):
    startedDateTime: str  # noqa: N815
    id: str
    title: str
    pageTimings: dict[str, Any]  # noqa: N815


class Log(msgspec.Struct):
    version: str
    creator: dict[str, str]
    entries: list[Entry]
    pages: list[Page] = []


class Har(msgspec.Struct):
    log: Log


def exported(tmp_path: Path, source: Path, *options: str) -> Har:
    home = tmp_path / "home"
    (id,) = import_paths(home, [source])
    out = tmp_path / "s.har"
    assert main(["export", id, "--home", str(home), "--format", "har", "-o", str(out), *options]) == 0
    return msgspec.json.decode(out.read_bytes(), type=Har)


def fetched(har: Any) -> Counter[tuple[str, str, int]]:
    return Counter(
        (entry["request"]["method"], urlsplit(entry["request"]["url"]).path, max(0, entry["response"]["status"]))
        for entry in har["log"]["entries"]
        if entry.get("_resourceType") in ("fetch", "xhr")
    )


def test_a_sample_as_har(tmp_path: Path) -> None:
    log = exported(tmp_path, resource("samples", "checkout-502")).log
    assert log.version == "1.2"
    pages = {page.id for page in log.pages}
    assert pages
    assert all(entry.pageref in pages for entry in log.entries if entry.pageref)
    failed = [entry for entry in log.entries if entry.response.status == 502]
    assert failed
    assert failed[0].request.method == "POST"
    assert "PAYMENT_GATEWAY_UNAVAILABLE" in failed[0].response.content.text
    assert all(entry.time >= 0 for entry in log.entries)


@needs_shared
def test_the_browsers_own_har_says_the_same(tmp_path: Path) -> None:
    folder = session_dir("shop_redux_rrweb")
    exported(tmp_path, folder / "events.json.gz", "--redact", "none")
    ours = fetched(msgspec.json.decode((tmp_path / "s.har").read_bytes()))
    theirs = fetched(msgspec.json.decode(gzip.decompress((folder / "session.har.gz").read_bytes())))
    # A script sees a redirect that was followed as one request with the last answer; the browser wrote down both. A
    # request that never came to an answer is -1 there and 0 here: both count as 0.
    assert theirs.pop(("GET", "/api/redirect", 302)) == ours.pop(("GET", "/api/redirect", 200)) == 1
    theirs[("GET", "/api/products", 200)] -= 1
    assert ours == theirs


@needs_shared
@pytest.mark.parametrize("secret", ["hunter2-correct-horse", "4000 0000 0000 0002", "ada.lovelace@example.test"])
def test_nothing_secret_is_in_a_strict_one(tmp_path: Path, secret: str) -> None:
    exported(tmp_path, session_dir("shop_redux_rrweb") / "events.json.gz")
    assert secret not in (tmp_path / "s.har").read_text()


SCHEMA = json.loads((Path(__file__).parent / "har-1.2.schema.json").read_text())


def check_har(path: Path) -> list[dict[str, Any]]:
    """The entries of a HAR that is valid by the schema and whose timings add up."""
    har = json.loads(path.read_text())
    jsonschema.Draft202012Validator(SCHEMA).validate(har)
    entries: list[dict[str, Any]] = har["log"]["entries"]
    assert [entry["startedDateTime"] for entry in entries] == sorted(entry["startedDateTime"] for entry in entries)
    for entry in entries:
        parts = [entry["timings"].get(name, -1) for name in ("blocked", "dns", "connect", "send", "wait", "receive")]
        assert entry["time"] == pytest.approx(sum(part for part in parts if part > 0), abs=0.01)
        content = entry["response"]["content"]
        assert "text" in content or content["comment"], "what is missing is said"
    return entries


def test_valid_by_the_schema_and_of_a_range(tmp_path: Path) -> None:
    exported(tmp_path, resource("samples", "checkout-502"))
    whole = check_har(tmp_path / "s.har")
    (id,) = import_paths(tmp_path / "home", [resource("samples", "checkout-502")])
    out = tmp_path / "part.har"
    command = ["export", id, "--home", str(tmp_path / "home"), "--format", "har", "-o", str(out)]
    assert main([*command, "--range", "20..24", "--tab", "0"]) == 0
    part = check_har(out)
    assert 0 < len(part) < len(whole)
    assert main([*command, "--tab", "7"]) == 1


@needs_shared
@pytest.mark.parametrize("name", ["shop_sentry_unmasked", "shop_posthog", "swagger_rrweb", "two_tabs_posthog"])
def test_recordings_of_other_sdks_are_valid(tmp_path: Path, name: str) -> None:
    folder = session_dir(name)
    source = folder / "events.json.gz" if (folder / "events.json.gz").exists() else folder / "raw"
    exported(tmp_path, source)
    check_har(tmp_path / "s.har")


def test_a_websocket_comes_back_out_as_it_came_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Imported, listed as rows, exported redacted, and valid; read again it is the same."""
    at = 1795205174.25
    url = "wss://shop.test/live"
    sides = {"method": "GET", "url": url, "headers": []}, {"status": 101, "headers": [], "content": {}}
    messages = [
        {"type": "send", "time": at, "opcode": 1, "data": '{"password":"rosebud77"}'},
        {"type": "receive", "time": at + 1, "opcode": 1, "data": "ready"},
    ]
    initiator = {"type": "script", "stack": {"callFrames": [
        {"functionName": "go", "url": "https://shop.test/a.js", "lineNumber": 3, "columnNumber": 0}]}}  # fmt: skip
    entry = {"startedDateTime": "2026-11-20T20:06:14.000Z", "time": 9, "request": sides[0], "response": sides[1],
             "_resourceType": "websocket", "_webSocketMessages": messages, "_initiator": initiator}  # fmt: skip
    given, made, home = tmp_path / "in.har", tmp_path / "out.har", ["--home", str(tmp_path / "home")]
    given.write_text(json.dumps({"log": {"version": "1.2", "entries": [entry]}}))
    (found,) = import_paths(tmp_path / "home", [given])
    assert main(["rows", found, "network", "--json", *home]) == 0
    [row] = json.loads(capsys.readouterr().out)
    assert [one["text"] for one in row["messages"]] == [one["data"] for one in messages]
    assert main(["rows", found, "network", *home]) == 0
    assert "2 messages" in capsys.readouterr().out
    assert main(["rows", found, "network", "--text", "ready", "--json", *home]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 1
    assert main(["export", found, "--format", "har", "-o", str(made), *home]) == 0
    assert "rosebud77" not in made.read_text()
    written = json.loads(made.read_text())
    jsonschema.Draft202012Validator(SCHEMA).validate(written)
    [out] = written["log"]["entries"]
    assert [(one["type"], one["time"]) for one in out["_webSocketMessages"]] == [("send", at), ("receive", at + 1)]
    assert out["_webSocketMessages"][1]["data"] == "ready"
    assert (out["_initiator"], out["_resourceType"]) == (initiator, "websocket")
