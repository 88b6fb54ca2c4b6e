"""Our links: made and read alike, and nothing hostile read into them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.links import AddressLink, SessionLink, file_of, is_link, parse


def test_forms() -> None:
    assert str(SessionLink("s-1", 60)) == "replay-viewer://session/s-1?t=60.0"
    assert str(SessionLink("s-1")) == "replay-viewer://session/s-1"
    address = "https://replay.test/sessions/a?t=2&x=ü#y"
    assert str(AddressLink(address)).startswith("replay-viewer://open?url=https%3A%2F%2Freplay.test%2F")


@given(
    st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=60).filter(lambda s: s.strip("/")),
    st.none() | st.integers(0, 10**9).map(lambda tenths: tenths / 10),
)
def test_session_links_come_back(session: str, seconds: float | None) -> None:
    link = SessionLink(session, seconds)
    assert is_link(str(link))
    assert str(link).isascii()
    assert " " not in str(link)
    assert parse(str(link)) == link


@given(st.text(st.characters(min_codepoint=33, categories=("L", "N", "P", "S")), max_size=200))
def test_address_links_come_back(rest: str) -> None:
    link = AddressLink("https://" + rest)
    assert parse(str(link)) == link


@pytest.mark.parametrize(
    ("text", "link"),
    [
        (" REPLAY-VIEWER://Session/Ab%2Fc/?t=1.5 ", SessionLink("Ab/c", 1.5)),
        ("replay-viewer://session/a?t=nan", SessionLink("a")),
        ("replay-viewer://session/a?t=-1", SessionLink("a")),
        ("replay-viewer://session/a?t=soon&x=1", SessionLink("a")),
        ("replay-viewer://open/?url=http://h/sessions/a", AddressLink("http://h/sessions/a")),
    ],
)
def test_read(text: str, link: SessionLink | AddressLink) -> None:
    assert parse(text) == link


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://a.test/sessions/b",
        "replay-viewer:",
        "replay-viewer:--home=/tmp",
        "replay-viewer://",
        "replay-viewer://session/",
        "replay-viewer://session/a%00b",
        "replay-viewer://session/" + "a" * 201,
        "replay-viewer://open",
        "replay-viewer://open?url=",
        "replay-viewer://open?url=file:///etc/passwd",
        "replay-viewer://open?url=javascript:alert(1)",
        "replay-viewer://open?url=replay-viewer://session/a",
        "replay-viewer://open/elsewhere?url=https://a.test",
        "replay-viewer://export/a?to=/tmp/x",
        "replay-viewer://[::1/session",
        "replay-viewer://open?url=https://" + "a" * 9000,
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(BadInput) as raised:
        parse(text)
    assert len(str(raised.value)) < 400


def test_files_of_file_managers() -> None:
    assert file_of("file:///tmp/a%20b.replay") == Path("/tmp/a b.replay")
    assert file_of("file://localhost/tmp/a.replay") == Path("/tmp/a.replay")
    assert file_of("file://server/share/a.replay") is None
    assert file_of("https://a.test/b") is None
    assert file_of("/tmp/a.replay") is None
