"""A session as exporters of requests and scripts get it: rows, facts, and steps found in the mirror."""

from __future__ import annotations

from typing import Literal

import msgspec

from replay_viewer.domain.rows import Navigation, NetworkRequest, Row
from replay_viewer.domain.session import Session

Act = Literal["open", "reload", "arrive", "click", "dblclick", "contextmenu", "fill", "check", "uncheck", "select"]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One act of a script. `locator`: a Playwright expression after `page.`; `value`: URL or what is put in.

    `shown`: locators of texts the page showed after the step before and still shows now: what to wait for.
    `blank`: why the value is not known ('' when it is); `field`: what the field is called.
    """

    t: float
    act: Act
    words: str = ""
    locator: str = ""
    value: str = ""
    shown: list[str] = []
    blank: str = ""
    field: str = ""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong. `kind`: how it can be observed; `text`: part of a message, or `METHOD path` of a request.

    `place`: where in the original source an error was thrown, '' when no source map says it.
    """

    kind: Literal["error", "console", "request"]
    text: str
    title: str
    status: int = 0
    t: float = 0.0
    place: str = ""


class SessionContent(msgspec.Struct, frozen=True, kw_only=True):
    """What is exported: `start` to `end` (epoch ms) of a session, of `tab` or (-1) of all tabs, in time order."""

    session: Session
    start: float
    end: float
    tab: int = -1
    requests: list[NetworkRequest] = []
    navigation: list[Navigation] = []
    viewport: tuple[float, float] = (0.0, 0.0)
    steps: list[Step] = []
    failure: Failure | None = None
    profile: str = ""
    removed: int = 0

    @property
    def rows(self) -> list[Row]:
        """All rows in it."""
        return [*self.requests, *self.navigation]
