"""What is kept of a session beside its recording: where it was pulled from, what is attached to it, its assets."""

from __future__ import annotations

import msgspec

from replay_viewer.domain.rows import Frame
from replay_viewer.domain.session import Marks


class Pulled(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The last pull of a session. Times are epoch ms, 0 when unknown.

    `segments`: number of each segment that is here to its ETag at the source ('' when it has none). `of`: how many
    there were; `missing` those the source no longer hands out, with the reason. `expires`: when the backend deletes
    the session, as it says itself or as its retention has it. `marks`: those the session had there when the two were
    last compared, None when it has none there.
    """

    url: str
    source: str
    at: float
    segments: dict[int, str] = {}
    of: int = 0
    missing: dict[int, str] = {}
    expires: float = 0.0
    marks: Marks | None = None

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


class WantedMap(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A built file that frames of a session stand in: its source map is wanted.

    `name`: the path of its URL; `debug_id` and `release` as the errors say them, '' when they do not.
    """

    url: str
    name: str
    debug_id: str = ""
    release: str = ""

    @property
    def frame(self) -> Frame:
        """A frame in this file, to look a map up by."""
        return Frame(file=self.url, line=1, debug_id=self.debug_id)


class KeptMap(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A source map kept with a session, or `why` one that was asked for could not be had ('' when it could).

    `name`: path of the built file it is of, as URLs have it; `debug_id` of that file; `source`: where it came from
    (folder, bundle, collector, sentry, web).
    """

    name: str
    source: str
    digest: str = ""
    debug_id: str = ""
    size: int = 0
    why: str = ""


class Asset(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file the recording refers to: its content by digest, or `why` it could not be had ('' when it could)."""

    url: str
    digest: str = ""
    type: str = ""
    size: int = 0
    why: str = ""
