"""connect, list --source, search --sources and pull as a person uses them, against documented answers."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.keyrings import MemoryKeyring, memory_keyring, no_keyring
from tests.sources.desks import SENTRY_TOKEN, R, SentryDesk
from tests.sources.server import Faulty, serving


@pytest.fixture(autouse=True)
def ring(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryKeyring]:
    monkeypatch.delenv("REPLAY_VIEWER_TOKEN", raising=False)
    with memory_keyring() as made:
        yield made


@pytest.fixture
def sentry() -> Iterator[Faulty]:
    with serving(SentryDesk(frozenset({"org:read", "project:read"})).reply) as server:
        yield server


def _add(run: Run, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.stdin", io.StringIO(SENTRY_TOKEN + "\n"))
    return run("connect", "add", *arguments)


def test_add_list_test_remove(
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    sentry: Faulty,
    tmp_path: Path,
    ring: MemoryKeyring,
) -> None:
    assert "No connections" in run("connect", "list")[1]
    status, out, err = _add(run, monkeypatch, "shop", f"{sentry.url}/organizations/acme/issues/1/")
    assert (status, out.split()) == (0, ["shop", "sentry", sentry.url, "acme"])
    assert list(ring.kept.values()) == [SENTRY_TOKEN]
    [listed] = json.loads(run("connect", "list", "--json")[1])
    assert (listed["name"], listed["token"]) == ("shop", True)
    status, out, err = run("connect", "test", "shop")
    assert status == 1
    assert "lacks event:read" in err
    assert "yes  Replays" in out
    whole = run("connect", "list")[1]
    assert "shop" in whole
    assert SENTRY_TOKEN not in whole + out + err
    assert run("connect", "remove", "shop")[0] == 0
    assert not ring.kept
    assert run("connect", "test", "shop")[0] == 1
    assert not any(SENTRY_TOKEN.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_lists_and_searches(run: Run, monkeypatch: pytest.MonkeyPatch, sentry: Faulty) -> None:
    assert "No source is connected" in run("search", "ada", "--sources")[2]
    _add(run, monkeypatch, "shop", "--kind", "sentry", sentry.url, "--account", "acme")
    status, out, _ = run("list", "--source", "shop")
    assert (status, out.count("/explore/replays/")) == (0, 2)
    found = json.loads(run("list", "--source", "shop", "user.email:ada@example.com", "--json")[1])
    assert [one["id"] for one in found] == [R]
    both = json.loads(run("search", "ada@example.com", "--sources", "--json")[1])
    assert (both["library"], [one["id"] for one in both["sources"][0]["sessions"]]) == ([], [R])
    assert R in run("search", "ada@example.com", "--sources")[1]
    status, _, err = run("list", "--source", "shop", "--issues")
    assert status == 1
    assert "event:read" in err
    assert run("list", "--issues")[0] == 1
    assert "There are: shop" in run("list", "--source", "other")[2]


def test_without_a_keyring_it_says_so(run: Run, monkeypatch: pytest.MonkeyPatch, sentry: Faulty) -> None:
    with no_keyring():
        status, _, err = _add(run, monkeypatch, "shop", f"{sentry.url}/organizations/acme/issues/1/")
        assert status == 1
        assert "no keyring" in err
        assert "REPLAY_VIEWER_TOKEN" in run("connect", "list")[2]


def test_links_of_others_ask_first(run: Run) -> None:
    link = "replay-viewer://open?url=https%3A%2F%2Fwho.invalid%2Fsessions%2Fa"
    status, _, err = run("pull", link)
    assert status == 1
    assert "who.invalid" in err
    assert "--yes" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["add", "x", "https://replay.test"], "Which kind"),
        (["add", "x", "https://replay.test", "--kind", "sentry"], "organisation"),
        (["remove", "x"], "no connection"),
    ],
)
def test_what_is_missing_is_said(run: Run, arguments: list[str], words: str) -> None:
    status, _, err = run("connect", *arguments)
    assert status == 1
    assert words in err
