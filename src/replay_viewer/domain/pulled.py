"""What is kept of a session beside its recording: where it was pulled from, what is attached to it, its assets."""

from __future__ import annotations

import msgspec


class Pulled(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The last pull of a session. Times are epoch ms, 0 when unknown.

    `segments`: number of each segment that is here to its ETag at the source ('' when it has none). `of`: how many
    there were; `missing` those the source no longer hands out, with the reason. `expires`: when the backend deletes
    the session, as it says itself or as its retention has it.
    """

    url: str
    source: str
    at: float
    segments: dict[int, str] = {}
    of: int = 0
    missing: dict[int, str] = {}
    expires: float = 0.0

    @property
    def complete(self) -> bool:
        """Whether everything that can be had is here."""
        return len(self.segments) + len(self.missing) >= self.of


class Attached(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Rows of another source that share a session's timeline, `offset` ms later than their own clock says.

    `name` is what a person calls it (`sentry`, `trace.zip`), unique within the session; `rows` how many there are.
    """

    name: str
    origin: str
    offset: float = 0.0
    rows: int = 0
    at: float = 0.0


class Asset(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file the recording refers to: its content by digest, or `why` it could not be had ('' when it could)."""

    url: str
    digest: str = ""
    type: str = ""
    size: int = 0
    why: str = ""
