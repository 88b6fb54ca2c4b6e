"""The incident note as a value: what an export gets, and nothing else. Times are epoch ms, UTC."""

from __future__ import annotations

from typing import Literal

import msgspec

from replay_viewer.domain.rows import ConsoleEntry, ErrorEvent, Frame, NetworkRequest, StateChange, Vital
from replay_viewer.domain.session import Finding, Note, Session
from replay_viewer.redaction import Removed

#: Version of the JSON form. Raise it when a field changes its meaning or goes.
VERSION = 1

Severity = Literal["P1", "P2", "P3", "P4"]

#: Severity → how soon somebody must be at it.
RESPONSE: dict[Severity, str] = {"P1": "15 min", "P2": "30 min", "P3": "2 h", "P4": "24 h"}


class Fault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A picked error. `error` has its original sources when `mapped`; `recorded`: the stack as it was."""

    error: ErrorEvent
    mapped: bool = False
    recorded: list[Frame] = []


class Moment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the timeline. `kind` is a row kind or `notes`; `severity` 0 plain, 1 warning, 2 failed."""

    t: float
    kind: str
    text: str
    severity: int = 0


class Picture(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A screenshot. `redacted`: the text of the page was masked before it was taken."""

    t: float
    caption: str
    png: bytes
    redacted: bool = False


class Mark(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing drawn in a chart: `t`..`end` (epoch ms) for a request, `value` (bytes, ms, a score) for a measure.

    `label`: method of a request or name of a measure; `said`: its status in words; `severity` 2 failed.
    """

    t: float
    end: float = 0.0
    value: float = 0.0
    label: str = ""
    url: str = ""
    said: str = ""
    severity: int = 0


class Chart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The data of a chart over `start`..`end` (epoch ms), times counted from `zero`. `of`: how many there were."""

    name: Literal["requests", "memory", "vitals"]
    start: float
    end: float
    zero: float
    moment: float
    marks: list[Mark]
    of: int = 0


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A link back. Only http, https and replay-viewer links become clickable."""

    label: str
    url: str


class IncidentNote(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything an incident note says.

    `moment`: the instant it is about, `page`: the URL then;
    `start`/`end`: the range of its timeline. `zone`: the customer's IANA zone or
    ''. `cause`: what is suspected, `affected`: which or how many users, in a person's words.
    `missing`: what the recording does not have. `removed` and `profile` are filled in by the redaction seam.
    """

    title: str
    severity: Severity
    session: Session
    version: int = VERSION
    category: str = ""
    verdict: str = ""
    moment: float = 0.0
    start: float = 0.0
    end: float = 0.0
    page: str = ""
    zone: str = ""
    summary: str = ""
    cause: str = ""
    affected: str = ""
    steps: list[str] = []
    faults: list[Fault] = []
    requests: list[NetworkRequest] = []
    console: list[ConsoleEntry] = []
    state: list[StateChange] = []
    notes: list[Note] = []
    timeline: list[Moment] = []
    vitals: list[Vital] = []
    missing: list[Finding] = []
    charts: list[Chart] = []
    pictures: list[Picture] = []
    links: list[Link] = []
    removed: list[Removed] = []
    profile: str = ""
    created: float = 0.0

    @property
    def response(self) -> str:
        """How soon somebody must be at it."""
        return RESPONSE[self.severity]
