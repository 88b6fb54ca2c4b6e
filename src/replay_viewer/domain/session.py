"""What is known about a session as a whole, its tabs, its notes and its health."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec


class User(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who used the page, as the SDK was told."""

    id: str = ""
    email: str = ""
    name: str = ""
    role: str = ""

    @property
    def label(self) -> str:
        """The best name there is, or `anonymous`."""
        return self.email or self.name or self.id or "anonymous"


class Facts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a format or a source says about the session, apart from its recording. Empty means not said."""

    session: str = ""
    source: str = ""
    url: str = ""
    title: str = ""
    user: User = User()
    release: str = ""
    environment: str = ""
    user_agent: str = ""
    sdk: str = ""
    zone: str = ""
    locale: str = ""
    replay_type: str = ""
    tags: dict[str, str] = {}
    extra: dict[str, Any] = {}


class Tab(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One browser tab or window of a session. `key` is the SDK's window id ('' when there is only one)."""

    index: int
    key: str = ""
    title: str = ""
    url: str = ""
    start: float = 0.0
    end: float = 0.0
    events: int = 0
    chunks: int = 0
    keyframes: int = 0


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the health report: what is missing or doubtful, and why.

    `code` is stable (`no-full-snapshot`, `unknown-node`, `broken-event`, `gap`, `masked-text`, …); `t`/`end` say
    where when it has a place in time; `count` how often.
    """

    code: str
    message: str
    severity: Literal["info", "warning", "error"] = "info"
    count: int = 1
    tab: int = -1
    t: float = -1.0
    end: float = -1.0


class Session(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A session in the library. Times are epoch ms. `counts`: row kind to number of rows.

    `state`: importing (usable up to `end`), ready. `failed` counts rows of severity 2 per kind.
    """

    id: str
    facts: Facts = Facts()
    start: float = 0.0
    end: float = 0.0
    tabs: list[Tab] = []
    counts: dict[str, int] = {}
    failed: dict[str, int] = {}
    events: int = 0
    bytes: int = 0
    browser: str = ""
    os: str = ""
    state: Literal["importing", "ready"] = "ready"
    origin: str = ""
    imported: float = 0.0
    health: list[Finding] = []

    @property
    def duration(self) -> float:
        """Length in ms."""
        return max(0.0, self.end - self.start)

    @property
    def errors(self) -> int:
        """Number of error rows."""
        return self.counts.get("errors", 0)


class Marks(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person marked a session with: when it was `watched` (epoch ms, 0 not yet), and `tags` in order."""

    watched: float = 0.0
    tags: list[str] = []


class Note(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person's remark at an instant (`end` < 0), a range, a row (`kind`, `row`) or a spot (`x`, `y`) on the page.

    A note without text is a bookmark. `evidence` notes go into the incident note. `colour`: one of NOTE_COLOURS or
    ''. `place`: where it stands when a person put the notes in order, -1 by time. `created`, `changed`: epoch ms.
    """

    id: str
    session: str
    t: float
    end: float = -1.0
    text: str = ""
    tab: int = 0
    kind: str = ""
    row: int = -1
    x: float = -1.0
    y: float = -1.0
    colour: str = ""
    evidence: bool = True
    author: str = ""
    created: float = 0.0
    changed: float = 0.0
    place: int = -1


class Spot(msgspec.Struct, frozen=True):
    """A numbered place on the page, in pixels of the recorded viewport."""

    number: int
    x: float
    y: float


#: How long before and after its instant (ms) the spot of a note is shown.
SPOT_MS = 1_500.0


def spots_at(notes: Sequence[Note], tab: int, t: float) -> list[Spot]:
    """Spots of notes on the page of a tab at `t` (epoch ms), each numbered by its note's place among `notes`."""
    return [
        Spot(n, note.x, note.y)
        for n, note in enumerate(notes, 1)
        if note.x >= 0 and note.tab == tab and note.t - SPOT_MS <= t <= max(note.end, note.t + SPOT_MS)
    ]


#: Colours a note can have; each is a role of the interface's colours.
NOTE_COLOURS = ("accent", "good", "warning", "failed")


def in_order(notes: Iterable[Note]) -> list[Note]:
    """Notes as they are read: those somebody put in order, then the others by instant and by when they were made."""
    return sorted(notes, key=lambda note: (note.place < 0, note.place, note.t, note.created, note.id))
