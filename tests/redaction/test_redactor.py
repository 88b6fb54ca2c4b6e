"""The whole of redaction: nothing secret left, the same result twice, the structure kept."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.session import Facts, User
from replay_viewer.redaction import Hit, Redactor
from replay_viewer.redaction.labels import LABEL
from tests.redaction import strategies as some

#: The same examples on every run, however slow the machine.
STEADY = settings(derandomize=True, deadline=None)


@given(some.shaped, st.integers(0, 8))
@STEADY
def test_no_shaped_secret_is_left(secret: tuple[str, str], place: int) -> None:
    """A secret of a known shape goes from any text, URL, JSON in text."""
    texts = some.in_text(secret[1])
    done = Redactor().json_value(texts[place % len(texts)])
    assert secret[1] not in done
    assert json.dumps(secret[1])[1:-1] not in done


@given(some.secret_names, some.passwords, st.integers(0, 6))
@STEADY
def test_no_named_secret_is_left(name: str, secret: str, place: int) -> None:
    """A value of a secret field goes, whatever it looks like."""
    texts = some.under_name(name, secret)
    text = texts[place % len(texts)]
    done = Redactor().json_value(text)
    assert secret not in LABEL.sub("", done).replace(name, ""), (text, done)


@given(some.shaped, some.secret_names, some.passwords, st.integers(0, 8), st.text(max_size=30))
@STEADY
def test_twice_is_once(secret: tuple[str, str], name: str, password: str, place: int, noise: str) -> None:
    """What was redacted has nothing more to redact, with the same redactor and with a new one."""
    texts = [f"{noise} {text} {noise}" for text in some.in_text(secret[1]) + some.under_name(name, password)]
    text = texts[place % len(texts)]
    redactor = Redactor()
    once = redactor.text(text)
    counted = redactor.manifest()
    assert redactor.text(once) == once
    assert redactor.manifest() == counted
    assert Redactor().text(once) == once
    url = redactor.url(text)
    assert redactor.url(url) == url


def test_labels_are_no_field_names() -> None:
    """A key that became `[card 1]` does not make its value secret the second time."""
    redactor = Redactor()
    once = redactor.json_value({"4242 4242 4242 4242": "paid"})
    assert once == {"[card 1]": "paid"}
    assert redactor.json_value(once) == once


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return [_shape(item) for item in value.values()]
    if isinstance(value, list):
        return [_shape(item) for item in value]
    return None


@given(st.dictionaries(st.text(max_size=8), some.plain_json, max_size=4), some.shaped, some.secret_names)
@STEADY
def test_structure_is_kept(value: dict[str, Any], secret: tuple[str, str], name: str) -> None:
    """As many keys, as many items, in the same order; and the second pass changes nothing."""
    value = {**value, name: secret[1], "list": [secret[1], {name: [secret[1], 7, None, True]}]}
    redactor = Redactor()
    done = redactor.json_value(value)
    assert _shape(done) == _shape(value)
    assert secret[1] not in json.dumps(done)
    assert redactor.json_value(done) == done


@given(some.plain_json)
@settings(STEADY, max_examples=50)
def test_none_changes_nothing(value: Any) -> None:
    """The profile `none` gives back the very same object."""
    redactor = Redactor("none")
    assert redactor.json_value(value) is value
    assert redactor.manifest() == []


@given(some.passwords.filter(lambda text: len(text) >= 8))
@settings(STEADY, max_examples=50)
def test_known_secrets_in_every_encoding(secret: str) -> None:
    """Plain, percent-encoded, JSON in JSON, base64 at any alignment, hexadecimal."""
    redactor = Redactor(known_secrets=[secret])
    for shift in range(3):
        hidden = base64.b64encode(b"x" * shift + secret.encode() + b"tail").decode()
        assert hidden not in redactor.text(f"payload {hidden} end")
    for form in (secret, json.dumps(json.dumps(secret)), secret.encode().hex(), f"q={secret}&r=1"):
        assert secret not in redactor.text(form)
        assert secret.encode().hex() not in redactor.text(form)


def test_growing_beginnings() -> None:
    """What was typed goes while it grows: from three characters, or from the first where the field is sensitive."""
    redactor = Redactor(known_secrets=["S3cr3t-word"])
    assert [redactor.json_value(text) for text in ("S3c", "S3cr", "S3cr3t-word")] == ["[secret 1]"] * 3
    assert redactor.json_value({"type": "login/setPassword", "payload": "S"})["payload"] == "[secret 1]"
    assert (
        redactor.json_value([{"op": "replace", "path": "/login/password", "value": "S3"}])[0]["value"] == "[secret 1]"
    )
    assert redactor.text("S") == "S"
    assert redactor.text("typed S3cr3t-wo so far") == "typed [secret 1] so far"


def test_labels_are_stable_and_keep_the_kind() -> None:
    """The same value has the same label however it is spelled; other values have other numbers."""
    redactor = Redactor()
    done = redactor.text("ada@a.test, bob@b.test, ADA@A.test, 4242 4242 4242 4242 and 4242-4242-4242-4242")
    assert done == "[e-mail 1], [e-mail 2], [e-mail 1], [card 1] and [card 1]"
    assert redactor.url("https://x.test/?m=bob%40b.test") == "https://x.test/?m=[e-mail-2]"


def test_user_is_known() -> None:
    """Name, address and id of the user go wherever they turn up; parts of the name as written."""
    facts = Facts(user=User(id="cust-8812", email="ada@example.test", name="Ada Lovelace"))
    redactor = Redactor(facts=facts)
    done = redactor.text("Hi Ada! ada lovelace <ADA@EXAMPLE.TEST> is cust-8812; Adagio is not.")
    assert done == "Hi [name 1]! [name 2] <[e-mail 1]> is [user 1]; Adagio is not."
    assert redactor.facts(facts).user.label == "[e-mail 1]"


def test_urls_keep_what_is_not_secret() -> None:
    """Bytes of other pairs stay; nested URLs, fragments and credentials are looked into."""
    redactor = Redactor()
    assert redactor.url("/a?x=%7e1&token=abc&y=a+b#top") == "/a?x=%7e1&token=[secret-1]&y=a+b#top"
    assert redactor.url("https://u:pw@h.test/x") == "https://[credential-1]@h.test/x"
    assert "rosebud" not in redactor.url("/r?next=%2Flogin%3Fpassword%3Drosebud")
    assert "abc" not in redactor.url("https://h.test/cb#access_token=abc123&state=1")
    assert redactor.url("data:image/png;base64,4242424242424242") == "data:image/png;base64,4242424242424242"


def test_headers() -> None:
    """Credentials by name, the rest by content."""
    redactor = Redactor()
    done = redactor.headers(
        {
            "Authorization": "Bearer x",
            "cookie": "a=1",
            "X-CSRF-Token": "t",
            "accept": "text/html",
            "via": "203.0.113.9",
        }
    )
    assert done == {
        "Authorization": "[credential 1]", "cookie": "[cookie 1]", "X-CSRF-Token": "[secret 1]",
        "accept": "text/html", "via": "[IP 1]",
    }  # fmt: skip


def test_manifest_says_what_and_never_shows_it() -> None:
    """Counts by rule and place; the sample is a shape."""
    hits: list[Hit] = []
    redactor = Redactor(on_hit=hits.append)
    mark = redactor.mark()
    redactor.text("4242 4242 4242 4242", "console")
    redactor.text("ada@example.test and bob@example.test", "console")
    lines = {(line.rule, line.where): line for line in redactor.manifest(mark)}
    assert lines["e-mail", "console"].count == 2
    assert lines["card", "console"].after == "[card 1]"
    written = msgspec.json.encode(redactor.manifest()).decode()
    assert "4242" not in written
    assert "ada" not in written
    assert [hit.before for hit in hits] == ["4242 4242 4242 4242", "ada@example.test", "bob@example.test"]
    assert redactor.manifest(redactor.mark()) == []


def test_bombs_are_survived() -> None:
    """JSON nested beyond reason and strings in strings end, and nothing of them is left."""
    deep: Any = "4242 4242 4242 4242"
    for _ in range(400):
        deep = [deep]
    assert "4242 4242" not in json.dumps(Redactor().json_value(deep))
    text = "hunter2-horse"
    for _ in range(12):
        text = json.dumps({"password": text})
    assert "hunter2" not in Redactor().json_value(text)


def test_rules_can_be_chosen() -> None:
    """Only the rules asked for; what does not exist is said."""
    redactor = Redactor(rules=["card"])
    assert redactor.text("ada@example.test 4242424242424242") == "ada@example.test [card 1]"
    with pytest.raises(BadInput, match="no redaction rule"):
        Redactor(rules=["cards"])
    with pytest.raises(BadInput, match="no redaction profile"):
        Redactor("lax")
