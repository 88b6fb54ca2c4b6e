"""Sessions to put into a library."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from replay_viewer.domain.rows import ConsoleEntry, ErrorEvent, Interaction, NetworkRequest, Row
from replay_viewer.domain.session import Facts, Session, User
from replay_viewer.library import Library

START = 1_785_000_000_000.0


def session(id: str = "s1", **given: Any) -> Session:
    """A session of a minute."""
    facts = Facts(
        url="https://shop.test/cart", title="Cart", release="shop@1.4.2", user=User(email="ann@example.com", id="u7")
    )
    base = Session(id=id, facts=facts, start=START, end=START + 60_000, events=300, browser="Firefox 143", os="Linux")
    return msgspec.structs.replace(base, **given)


def rows() -> list[Row]:
    """Rows of several kinds, not in time order."""
    return [
        ConsoleEntry(t=START + 30, tab=0, event=4, level="error", message="Payment failed\nfor order 4711"),
        ConsoleEntry(t=START + 10, tab=0, event=1, level="log", message="Hello Straße"),
        ConsoleEntry(t=START + 20, tab=1, event=2, level="warn", message="slow order"),
        NetworkRequest(
            t=START + 5, end=START + 25, tab=0, method="POST", url="https://shop.test/api/pay", status=502
        ),
        NetworkRequest(t=START + 1, end=START + 2, tab=0, url="https://shop.test/app.js", status=200),
        ErrorEvent(t=START + 31, tab=0, title="TypeError: total is undefined"),
        Interaction(t=START + 4, tab=0, action="click", words="Clicked button “Pay now”"),
    ]


def fill(library: Library, id: str = "s1", mark: bytes = b"a", **given: Any) -> Session:
    """Import a whole small session; `mark` tells its blobs from those of another."""
    with library.writer(id, given.get("origin", "")) as writer:
        writer.chunk(0, 0, 100, START, START + 30, b"chunk 0 " + mark * 1000)
        writer.chunk(0, 100, 100, START + 30, START + 60, b"chunk 1 " + mark * 1000)
        writer.chunk(1, 0, 100, START, START + 60, b"other tab")
        writer.keyframe(0, 0, START, 10, b"keyframe 0 " + mark)
        writer.keyframe(0, 100, START + 30, 12, b"keyframe 1 " + mark)
        writer.rows(rows())
        writer.activity(START, 1000.0, np.array([3, 0, 5]))
        writer.finish(session(id, **given))
    return library.session(id)


def files(library: Library) -> list[str]:
    """Names of all blob files."""
    return [path.name for path in library.blobs.files()]
