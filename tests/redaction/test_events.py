"""Raw rrweb events: secrets gone, ids, structure and everything else byte for byte."""

from __future__ import annotations

import gzip
import json
from typing import Any

import msgspec
import pytest

from replay_viewer.redaction import Redactor
from tests.data_dir import needs_shared, session_dir


def _event(kind: int, data: Any) -> bytes:
    return json.dumps({"type": kind, "data": data, "timestamp": 1}).encode()


def _input(id: int, text: str) -> bytes:
    return _event(3, {"source": 5, "text": text, "isChecked": False, "id": id})


SNAPSHOT = _event(2, {"node": {"type": 0, "id": 1, "childNodes": [
    {"type": 2, "tagName": "input", "id": 2, "attributes": {"type": "password", "name": "p", "value": "init-secret"},
     "childNodes": []},
    {"type": 2, "tagName": "input", "id": 3, "attributes": {"type": "search"}, "childNodes": []},
    {"type": 2, "tagName": "textarea", "id": 4, "attributes": {"name": "otp"}, "childNodes": [
        {"type": 3, "id": 5, "textContent": "1234"}]},
    {"type": 2, "tagName": "a", "id": 6, "attributes": {"href": "/x?p=rosebud&q=1", "title": "mail ada@x.test"},
     "childNodes": [{"type": 3, "id": 7, "textContent": "Call +49 151 2345678"}]},
    {"type": 2, "tagName": "path", "id": 8, "attributes": {"d": "M 4242 4242 4242 4242 z"}, "childNodes": []},
    {"type": 2, "tagName": "style", "id": 9, "attributes": {"_cssText": "a{width:4242424242424242px}"},
     "childNodes": []},
]}})  # fmt: skip


def test_inputs_text_attributes() -> None:
    """Each place, with what a browser needs left whole."""
    redactor = Redactor()
    redactor.learn([SNAPSHOT, _input(2, "h"), _input(2, "hu"), _input(2, "hunter2")])
    done = redactor.event(SNAPSHOT).decode()
    for secret in ("init-secret", '1234"', "rosebud", "ada@x.test", "2345678"):
        assert secret not in done
    assert "M 4242 4242 4242 4242 z" in done
    assert "width:4242424242424242px" in done
    typed = {json.loads(redactor.event(_input(2, text)))["data"]["text"] for text in ("h", "hu", "hunter2")}
    assert len(typed) == 1
    assert typed.pop().startswith("[secret ")
    assert redactor.event(_input(3, "lamp")) == _input(3, "lamp")
    assert "hunter2" not in redactor.event(_event(5, {"tag": "log", "payload": "pw is hunter2"})).decode()
    assert "hunter2" not in redactor.event(_event(4, {"href": "https://x.test/?p=hunter2", "width": 1})).decode()


def test_untouched_events_keep_their_bytes() -> None:
    """Not even white space changes."""
    raw = b'{"type": 3,  "data": {"source": 1, "positions": [{"x": 1, "id": 4242424242424242}]}, "timestamp": 5}'
    assert Redactor().event(raw) == raw
    assert Redactor("none").event(SNAPSHOT) is SNAPSHOT


def test_damage_is_no_way_out() -> None:
    """What cannot be read cannot be redacted, so it does not pass."""
    assert Redactor().event(b'{"type": 3, "data": {"text": "4242 4242 4242 4242"') == b"null"
    deep = b'{"type":3,"timestamp":5,"data":' + b'{"a":' * 5000 + b'"4242424242424242"' + b"}" * 5000 + b"}"
    assert b"4242" not in Redactor().event(deep)


def _skeleton(value: Any) -> Any:
    """Structure, keys, numbers; texts only as being there."""
    if isinstance(value, dict):
        return {key: _skeleton(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_skeleton(item) for item in value]
    return "" if isinstance(value, str) else value


SEEDS = [
    "hunter2", "ada.lovelace", "bob@example", "4000 0000", "078-05-11", "secret_token_123", "tok_live_9f8e",
    "Analytical", "Lovelace", "csrf-77aa", "+49 151", "ada%40example", "4242424242424242", "4111 1111",
]  # fmt: skip


@needs_shared
@pytest.mark.parametrize("name", ["shop_redux_rrweb", "swagger_rrweb", "shop_rrweb_1_1_3", "shoelace_shadow_rrweb"])
def test_real_sessions(name: str) -> None:
    """A real session with invented people: none of their data left, every node, id and time as it was."""
    packed = (session_dir(name) / "events.json.gz").read_bytes()
    raws = [bytes(raw) for raw in msgspec.json.decode(gzip.decompress(packed), type=list[msgspec.Raw])]
    redactor = Redactor()
    redactor.learn(raws)
    done = [redactor.event(raw) for raw in raws]
    text = b"\n".join(done).decode()
    assert [seed for seed in SEEDS if seed in text] == []
    for before, after in zip(raws, done, strict=True):
        if after is before:
            continue
        old, new = json.loads(before), json.loads(after)
        assert new["type"] == old["type"]
        assert new["timestamp"] == old["timestamp"]
        if old["type"] in (2, 3):
            assert _skeleton(new) == _skeleton(old)
    assert [redactor.event(raw) for raw in done] == done
