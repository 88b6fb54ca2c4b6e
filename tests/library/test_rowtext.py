from __future__ import annotations

import pytest

from replay_viewer.domain.rows import (
    ConsoleEntry,
    CustomEvent,
    ErrorEvent,
    Interaction,
    Navigation,
    NetworkRequest,
    Raised,
    Row,
    SocketMessage,
    StateChange,
    Vital,
    summary,
)
from replay_viewer.library.rowtext import MAX_TEXT, search_text


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (ConsoleEntry(t=1, level="warn", message="low stock"), ["low stock", "warn"]),
        (
            NetworkRequest(t=1, end=2, method="PUT", url="/a", status=502, kind="xhr", error="reset"),
            ["PUT /a", "502"],
        ),
        (NetworkRequest(t=1, end=2, url="/a", status=0), ["GET /a", "0"]),
        (NetworkRequest(t=1, end=2, url="/a", messages=[SocketMessage(t=1, text="order 7")]), ["GET /a", "order 7"]),
        (
            ErrorEvent(t=1, title="Oops", exceptions=[Raised(type="TypeError", value="x is null")], release="1.4"),
            ["Oops", "TypeError: x is null", "1.4"],
        ),
        (Interaction(t=1, action="click", words="Clicked “Pay”", selector="#pay"), ["Clicked", "#pay"]),
        (Vital(t=1, name="LCP", value=2600, rating="poor", page="/cart"), ["LCP", "poor", "/cart"]),
        (StateChange(t=1, action="cart/add", store="redux"), ["cart/add", "redux"]),
        (CustomEvent(t=1, name="feedback", data={"text": "Straße"}), ["feedback", "Straße"]),
        (Navigation(t=1, url="/next"), ["/next"]),
    ],
)
def test_what_a_person_would_look_for_is_in_it(row: Row, words: list[str]) -> None:
    text = search_text(row)
    assert text.startswith(summary(row))
    assert all(word in text for word in words)


def test_long_texts_are_cut() -> None:
    assert len(search_text(CustomEvent(t=1, name="x" * 5000, data=["y" * 90_000]))) == MAX_TEXT
