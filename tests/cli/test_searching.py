"""search, diff and history as a person uses them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from replay_viewer.cli import main
from tests.recording.test_mirror import element, mutation, raw, snapshot, text
from tests.services.test_importer import write

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on a library of its own; (status, stdout, stderr)."""
    monkeypatch.setenv("REPLAY_VIEWER_HOME", str(tmp_path / "home"))

    def call(*arguments: object) -> tuple[int, str, str]:
        status = main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return status, out, err

    return call


def _at(event: bytes, t: float) -> bytes:
    one = json.loads(event)
    one["timestamp"] += t
    return json.dumps(one).encode()


@pytest.fixture
def session(run: Run, tmp_path: Path) -> str:
    """A page whose message says Ready, then Payment failed; its button is clicked; at the end it is gone."""
    message = element(20, "p", [text(21, "Ready")], **{"class": "msg"})
    page = element(10, "main", [message, element(30, "button", [text(31, "Pay now")])], **{"class": "shop"})
    events = [
        raw(4, {"href": "https://shop.test/", "width": 800, "height": 600}),
        _at(snapshot(page), 1),
        raw(3, {"source": 2, "type": 2, "id": 30, "x": 1, "y": 1}, 1000),
        _at(mutation(texts=[{"id": 21, "value": "Payment failed"}]), 2000),
        _at(mutation(attributes=[{"id": 20, "attributes": {"class": "msg error"}}]), 3000),
        raw(3, {"source": 3, "id": 10, "x": 0, "y": 50}, 3500),
        _at(mutation(removes=[{"parentId": 10, "id": 20}]), 4000),
        _at(snapshot(*(element(n, "i") for n in range(100, 120))), 5000),
        raw(5, {"tag": "payment", "payload": "failed"}, 6000),
    ]
    status, out, _ = run("import", write(tmp_path / "a.json", events))
    assert status == 0
    return out.strip()


def test_search(run: Run, session: str) -> None:
    status, out, _ = run("search", "payment", "failed")
    lines = out.splitlines()
    assert status == 0
    assert lines[0].startswith(session)
    assert lines[1].split() == [
        "0:02.0",
        "–",
        "0:04.0",
        "“Payment",
        "failed”",
        "at",
        "body",
        ">",
        "main.shop",
        ">",
        "p.msg",
    ]
    assert "custom 0: payment" in lines[2]
    (answer,) = json.loads(run("search", "payment failed", "--json")[1])
    (found,) = answer["texts"]
    assert (found["text"], found["kind"], found["count"], found["masked"]) == ("Payment failed", "text", 1, False)
    assert found["appearances"][0]["end"] - found["appearances"][0]["start"] == 2000
    assert found["appearances"][0]["selector"] == "body > main.shop > p.msg"
    assert json.loads(run("search", "pay now", "--session", session[:8], "--json")[1])[0]["session"] == session


def test_masked_texts_are_listed_with_their_places(run: Run, tmp_path: Path) -> None:
    events = [
        raw(4, {"href": "https://shop.test/", "width": 800, "height": 600}),
        _at(
            snapshot(
                element(10, "p", [text(11, "***** ****")], **{"class": "who"}), element(12, "b", [text(13, "Hello")])
            ),
            1,
        ),
        _at(mutation(texts=[{"id": 11, "value": "Known"}]), 2000),
    ]
    session = run("import", write(tmp_path / "m.json", events))[1].strip()
    status, out, _ = run("search", "--masked", "--session", session)
    assert status == 0
    assert " ".join(out.splitlines()[1].split()) == "0:00.0 – 0:02.0 “***** **** (masked)” at body > p.who"
    (answer,) = json.loads(run("search", "--masked", "--session", session, "--json")[1])
    assert answer["masked"] == len(answer["texts"]) == 1
    assert run("search", "--masked")[0] == run("search", "--masked", "x", "--session", session)[0] == 1
    assert "--masked lists them" in run("search", "nothing", "--session", session)[2]


def test_search_that_finds_nothing_or_cannot(run: Run, session: str) -> None:
    assert run("search", "nowhere")[:2] == (0, "Nothing found.\n")
    assert json.loads(run("search", "nowhere", "--json")[1]) == []
    for wrong in (("search", "!"), ("search", "a", "--limit", 0), ("search", "a", "--session", "none")):
        status, out, err = run(*wrong)
        assert (status, out) == (1, "")
        assert err.count("\n") == 1


def test_diff(run: Run, session: str) -> None:
    status, out, _ = run("diff", session, "--at", 1, "--to", 3.6)
    assert status == 0
    assert out.splitlines()[1:] == [
        "text       body > main.shop > p.msg.error “Ready” → “Payment failed”",
        "attribute  body > main.shop > p.msg.error class: “msg” → “msg error”",
        "scroll     body > main.shop [0.0,0.0] → [0.0,50.0]",
    ]
    plain = json.loads(run("diff", session, "--at", 3, "--to", 4.5, "--json")[1])
    assert [(one["node"]["text"], one["nodes"]) for one in plain["removed"]] == [("Payment failed", 2)]
    assert plain["same_document"] is True
    assert "loaded anew" in run("diff", session, "--at", 1, "--to", 6)[1]
    assert "Nothing changed." in run("diff", session, "--at", 0.5, "--to", 0.6)[1]
    assert run("diff", session, "--at", 4, "--to", 1)[0] == 1
    assert run("diff", session, "--at", 1, "--to", 2, "--tab", 3)[0] == 1


def test_history(run: Run, session: str) -> None:
    status, out, _ = run("history", session, "main .msg")
    assert status == 0
    assert [line.split(maxsplit=2)[2] for line in out.splitlines()[1:]] == [
        "added: “Ready”",
        "text: “Ready” → “Payment failed”",
        "attribute class: “msg” → “msg error”",
        "removed: Payment failed",
    ]
    plain = json.loads(run("history", session, "30", "--json")[1])
    assert [(one["what"], one["event"]) for one in plain["entries"]] == [("added", 1), ("clicked", 2), ("left", 7)]
    page = json.loads(run("history", session, "main", "--at", 3, "--json")[1])["entries"]
    assert [one["what"] for one in page] == ["added", "clicked", "text", "scrolled", "text", "left"]
    for wrong in (("#none",), ("a:hover",), ("main", "--at", 5.5), ("4000",)):
        status, out, err = run("history", session, *wrong)
        assert (status, out, err.count("\n")) == (1, "", 1)
