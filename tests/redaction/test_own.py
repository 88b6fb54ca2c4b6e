"""Own rules, allowances and profiles; elements picked in the page."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest

from replay_viewer.domain.errors import BadInput, NewerVersion
from replay_viewer.redaction import Allow, HitLog, OwnRule, OwnRules, Profile, Redactor, read_rules, write_rules
from replay_viewer.services.redacting import picker

RULES = OwnRules(
    rules=[
        OwnRule(kind="text", what="Project Heron"),
        OwnRule(kind="pattern", what=r"ORD-\d{4}"),
        OwnRule(kind="field", what="loyalty_no"),
        OwnRule(kind="element", what=".balance"),
    ],
    allow=[Allow(value="support@shop.test"), Allow(value="10.1.2.3", where="console")],
    profiles={"vendor": Profile(allow=[Allow(rule="ip")], rules=[OwnRule(kind="text", what="Acme Ltd")])},
)


def redactor(profile: str = "strict", log: HitLog | None = None) -> Redactor:
    return Redactor(profile, own=RULES, elements=picker, on_hit=log)


def test_own_rules_find() -> None:
    done = redactor()
    assert done.text("about PROJECT HERON and ORD-1234") == "about [removed 1] and [removed 2]"
    assert done.json_value({"loyaltyNo": "A77"}) == {"loyaltyNo": "[removed 3]"}
    hidden = base64.b64encode(b"x Project Heron").decode()
    assert hidden not in done.text(f"say {hidden}")
    assert {line.rule for line in done.manifest()} == {"own-text", "own-pattern", "own-field"}
    assert "Heron" not in str(done.manifest())


def test_what_is_allowed_stays() -> None:
    done = redactor()
    assert done.text("ask support@shop.test or me@shop.test") == "ask support@shop.test or [e-mail 1]"
    # In one place only, and not because the text was seen to be clean there.
    assert done.text("from 10.1.2.3", "console") == "from 10.1.2.3"
    assert done.text("from 10.1.2.3", "headers") == "from [IP 1]"
    assert done.text("from 10.1.2.3", "console") == "from 10.1.2.3"


def test_profiles_of_the_file() -> None:
    vendor = redactor("vendor")
    assert vendor.text("Acme Ltd at 10.9.8.7, ORD-1234") == "[removed 1] at 10.9.8.7, [removed 2]"
    assert redactor().text("Acme Ltd at 10.9.8.7") == "Acme Ltd at [IP 1]"
    assert redactor("none").text("Project Heron") == "Project Heron"
    with pytest.raises(BadInput, match="strict, none, vendor"):
        redactor("other")


def test_an_allowed_typed_value_stays() -> None:
    own = OwnRules(allow=[Allow(value="visible-name")])
    done = Redactor(own=own, known_secrets=["visible-name", "hidden-name"])
    assert done.text("visible-name hidden-name") == "visible-name [secret 1]"


def test_the_log_says_before_and_after() -> None:
    log = HitLog()
    done = redactor(log=log)
    for _ in range(2):
        done.text("call ORD-1234", "console")
    [line] = log.lines()
    assert (line.rule, line.where, line.before, line.after, line.count) == (
        "own-pattern", "console", "ORD-1234", "[removed 1]", 2,
    )  # fmt: skip
    assert log.counts == {"own-pattern": 2}


def test_the_file() -> None:
    assert read_rules(write_rules(RULES), "redaction.json") == RULES
    with pytest.raises(NewerVersion):
        read_rules(b'{"version": 2}', "redaction.json")
    for bad in (
        b"{", b"{}", b'{"version": 1, "rule": []}', b'{"version": 1, "rules": [{"kind": "pattern", "what": "("}]}',
        b'{"version": 1, "rules": [{"kind": "pattern", "what": "x*"}]}',
        b'{"version": 1, "rules": [{"kind": "text", "what": "a"}]}',
        b'{"version": 1, "allow": [{"rule": "nothing"}]}', b'{"version": 1, "allow": [{}]}',
        b'{"version": 1, "profiles": {"none": {}}}',
    ):  # fmt: skip
        with pytest.raises(BadInput):
            read_rules(bad, "redaction.json")


def _node(id: int, tag: str, attributes: dict[str, Any], *children: Any) -> dict[str, Any]:
    return {"type": 2, "id": id, "tagName": tag, "attributes": attributes, "childNodes": list(children)}


def _text(id: int, text: str) -> dict[str, Any]:
    return {"type": 3, "id": id, "textContent": text}


def _event(t: int, type: int, data: Any) -> bytes:
    return msgspec.json.encode({"type": type, "timestamp": t, "data": data})


PAGE = [
    _event(1, 2, {"initialOffset": {"left": 0, "top": 0}, "node": {"type": 0, "id": 1, "childNodes": [
        _node(2, "html", {}, _node(3, "body", {},
              _node(4, "p", {"class": "balance", "title": "4,210.50 EUR"},
                    _node(5, "b", {}, _text(6, "4,210.50 EUR")),
                    _node(7, "img", {"src": "https://x.test/chart.png"})),
              _node(8, "p", {}, _text(9, "Welcome")), _node(10, "p", {}, _text(11, "later"))))]}}),
    _event(2, 3, {"source": 0, "removes": [], "texts": [{"id": 6, "value": "9,999.99 EUR"}], "attributes": [],
                  "adds": [{"parentId": 5, "nextId": None, "node": _text(12, "rising fast")}]}),
    _event(3, 3, {"source": 0, "removes": [], "texts": [], "adds": [],
                  "attributes": [{"id": 10, "attributes": {"class": "balance"}}]}),
    _event(4, 3, {"source": 0, "removes": [], "attributes": [], "adds": [], "texts": [{"id": 11, "value": "77"}]}),
    _event(5, 5, {"tag": "say", "payload": "you have 4,210.50 EUR"}),
]  # fmt: skip


def test_picked_elements_are_blanked() -> None:
    done = redactor()
    done.learn(PAGE)
    raws = [done.event(raw) for raw in PAGE]
    whole = b"".join(raws).decode()
    for gone in ("4,210.50", "9,999.99", "rising fast", "chart.png", '"77"'):
        assert gone not in whole
    assert "Welcome" in whole
    assert '"class":"balance"' in whole
    assert [msgspec.json.decode(raw)["type"] for raw in raws] == [2, 3, 3, 3, 5]
