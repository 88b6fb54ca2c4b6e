"""Connections: kept without their tokens, tokens bound to their address, and what happens where no keyring is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from replay_viewer.domain.errors import BadInput, NewerVersion, NotFound, StorageProblem
from replay_viewer.services import addresses, connections
from replay_viewer.services.connections import Connection, NoKeyring
from replay_viewer.sources import recognise
from tests.keyrings import MemoryKeyring, memory_keyring, no_keyring

TOKEN = "sntryu_very-secret"
SHOP = Connection(name="shop", kind="sentry", url="https://acme.sentry.io/issues", account="")
HERE = Connection(name="here", kind="sentry", url="https://errors.test/s", account="acme")


@pytest.fixture(autouse=True)
def ring() -> Iterator[MemoryKeyring]:
    with memory_keyring() as made:
        yield made


def test_kept_without_the_token(tmp_path: Path, ring: MemoryKeyring) -> None:
    made = connections.save(tmp_path, SHOP)
    assert (made.url, made.account) == ("https://sentry.io", "acme")
    connections.keep_token(made, TOKEN)
    assert connections.connections(tmp_path) == [made]
    assert connections.token_of(made) == TOKEN
    assert not connections.held()
    assert not any(TOKEN.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert list(ring.kept.values()) == [TOKEN]
    connections.remove(tmp_path, "shop")
    assert not ring.kept
    with pytest.raises(NotFound, match="no connection “shop”"):
        connections.connection(tmp_path, "shop")


def test_a_changed_file_does_not_get_the_token(tmp_path: Path) -> None:
    connections.keep_token(connections.save(tmp_path, HERE), TOKEN)
    path = tmp_path / "connections.json"
    path.write_text(path.read_text().replace("errors.test", "evil.test"))
    assert connections.token_of(connections.connection(tmp_path, "here")) == ""


def test_another_name_keeps_the_token_another_address_does_not(tmp_path: Path, ring: MemoryKeyring) -> None:
    made = connections.save(tmp_path, HERE)
    connections.keep_token(made, TOKEN)
    renamed = connections.save(
        tmp_path, Connection(name="there", kind="sentry", url=HERE.url, account="acme"), replacing="here"
    )
    assert connections.token_of(renamed) == TOKEN
    moved = connections.save(
        tmp_path, Connection(name="there", kind="sentry", url="https://other.test", account="acme"), replacing="there"
    )
    assert connections.token_of(moved) == ""
    assert not ring.kept
    assert connections.connections(tmp_path) == [moved]


@pytest.mark.parametrize("locked", [True, False])
def test_without_a_keyring_a_token_lives_as_long_as_the_program(
    tmp_path: Path, ring: MemoryKeyring, locked: bool
) -> None:
    ring.locked = locked
    made = connections.save(tmp_path, HERE)
    if locked:
        with pytest.raises(NoKeyring, match="until the program ends"):
            connections.keep_token(made, TOKEN)
        assert connections.token_of(made) == TOKEN
    else:
        with no_keyring():
            assert not connections.has_keyring()
            with pytest.raises(NoKeyring, match="no keyring"):
                connections.keep_token(made, TOKEN)
            assert connections.token_of(made) == TOKEN
            assert list(connections.held().values()) == [TOKEN]
    assert not any(TOKEN.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (Connection(name="a b", kind="sentry", url="https://x.test", account="a"), "no name"),
        (Connection(name="a", kind="logrocket", url="https://x.test"), "no kind"),
        (Connection(name="a", kind="sentry", url="https://x.test"), "organisation"),
        (Connection(name="a", kind="posthog", url=""), "project"),
        (Connection(name="a", kind="collector", url="ftp://x"), "not the address"),
        (Connection(name="a", kind="collector", url="https://u:p@x.test"), "not the address"),
        (Connection(name="a", kind="collector", url="http://[::1"), "not the address"),
        (Connection(name="a", kind="collector", url="https://x.test", proxy="nowhere"), "proxy"),
        (Connection(name="a", kind="collector", url="https://x.test", proxy="http://u:p@x:1"), "password"),
        (Connection(name="a", kind="collector", url="https://x.test", ca_file="/none.pem"), "certificate file"),
        (Connection(name="a", kind="sentry", url="https://x.test", account="../b"), "short name"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, made: Connection, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        connections.save(tmp_path, made)
    assert connections.connections(tmp_path) == []


def test_names_are_taken_once(tmp_path: Path) -> None:
    connections.save(tmp_path, HERE)
    with pytest.raises(BadInput, match="already"):
        connections.save(tmp_path, HERE)
    for token in ("", "two words", "naïve", "line\nbreak x"):
        with pytest.raises(BadInput, match="no token"):
            connections.keep_token(HERE, token)


def test_files_of_other_versions_and_damaged_ones(tmp_path: Path) -> None:
    path = tmp_path / "connections.json"
    path.write_text('{"version": 2, "connections": "elsewhere"}')
    with pytest.raises(NewerVersion):
        connections.connections(tmp_path)
    for text in ("{", "[]", '{"version": 1, "connections": [{"name": 5}]}'):
        path.write_text(text)
        with pytest.raises(StorageProblem, match="damaged"):
            connections.connections(tmp_path)


def test_which_connection_serves_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REPLAY_VIEWER_TOKEN", raising=False)
    connections.keep_token(connections.save(tmp_path, SHOP), TOKEN)
    connections.keep_token(connections.save(tmp_path, HERE), "sntryu_other")
    replay = "explore/replays/4dc395e328494c49a7ea6335849a6fbe/"
    tokens = {
        f"https://de.sentry.io/organizations/acme/{replay}": TOKEN,
        f"https://acme.sentry.io/{replay}": TOKEN,
        f"https://errors.test/s/organizations/acme/{replay}": "sntryu_other",
        f"https://errors.test/organizations/acme/{replay}": "",
        f"http://errors.test/s/organizations/acme/{replay}": "",
        f"https://errors.test.evil.test/s/organizations/acme/{replay}": "",
    }
    for url, token in tokens.items():
        assert addresses.access(tmp_path, recognise(url)[1]).token == token, url
    assert TOKEN not in repr(addresses.access(tmp_path, recognise(f"https://acme.sentry.io/{replay}")[1]))


def test_the_token_of_the_environment_goes_to_known_hosts_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPLAY_VIEWER_TOKEN", TOKEN)
    known = {"https://us.sentry.io": True, "https://sentry.io.evil.test": False, "http://sentry.io": False}
    known |= {"https://evilposthog.com": False, "http://127.0.0.1:1": True, "https://eu.posthog.com": True}
    for base, given in known.items():
        assert connections.environment_token(base) == (TOKEN if given else "")
    connections.take_environment()
    assert "REPLAY_VIEWER_TOKEN" not in os.environ
    assert connections.environment_token("https://sentry.io") == TOKEN


def test_a_link_to_a_new_host_is_a_question(tmp_path: Path) -> None:
    link = "replay-viewer://open?url=https%3A%2F%2Fwho.test%3A8443%2Fsessions%2Fa"
    assert addresses.needs_asking(tmp_path, link) == "who.test:8443"
    with pytest.raises(BadInput, match=r"who\.test:8443"):
        addresses.refuse_unknown(tmp_path, link)
    for known in (
        "https://who.test:8443/sessions/a",  # pasted: somebody looked at it
        "replay-viewer://session/a",
        "replay-viewer://open?url=http://127.0.0.1:8040/sessions/a",
        "replay-viewer://open?url=https://acme.sentry.io/issues/1/",
    ):
        assert addresses.needs_asking(tmp_path, known) == ""
    connections.agree(tmp_path, "https://who.test:8443/sessions/a")
    assert addresses.needs_asking(tmp_path, link) == ""
    assert addresses.needs_asking(tmp_path, link.replace("8443", "8444")) == "who.test:8444"
    connections.save(tmp_path, HERE)
    assert addresses.needs_asking(tmp_path, "replay-viewer://open?url=https://errors.test/s/x") == ""
    assert addresses.needs_asking(tmp_path, "replay-viewer://open?url=http://errors.test/s/x") == "errors.test"
