"""The links of this program: `replay-viewer://…`, made and read in one place.

    replay-viewer://session/ID?t=SECONDS     a session of the library, at an offset from its start
    replay-viewer://open?url=ADDRESS         a session by its address at a source (http or https)

The desktop hands such links over from web pages, so whoever wrote the page wrote the link: nothing in it names a file
or an option, and what is neither of the two forms is refused.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit
from urllib.request import url2pathname

from replay_viewer.domain.errors import BadInput

#: The scheme the desktop registers for this program.
SCHEME = "replay-viewer"

#: Longer ids are no session's; longer addresses no browser takes.
_LONGEST_ID = 200
_LONGEST = 8192


@dataclass(frozen=True)
class SessionLink:
    """A session of the library. `seconds`: offset from its start, None when the link names no instant."""

    session: str
    seconds: float | None = None

    def __str__(self) -> str:
        at = "" if self.seconds is None else f"?t={self.seconds:.1f}"
        return f"{SCHEME}://session/{quote(self.session, safe='')}{at}"


@dataclass(frozen=True)
class AddressLink:
    """A session by its address at a source, `url`."""

    url: str

    def __str__(self) -> str:
        return f"{SCHEME}://open?{urlencode({'url': self.url}, quote_via=quote, safe='')}"


def is_link(text: str) -> bool:
    """Whether `text` is written with our scheme; it may still be no link that `parse` accepts."""
    return text.strip()[: len(SCHEME) + 1].lower() == f"{SCHEME}:"


def parse(text: str) -> SessionLink | AddressLink:
    """Read one of our links. Raises BadInput for anything else, saying what a link looks like."""
    try:
        parts = urlsplit(text.strip())
        # Strict: a query that is not one is no reason to open something else than was meant.
        query = parse_qs(parts.query, keep_blank_values=True)
    except ValueError as error:
        raise _refused(text) from error
    if parts.scheme != SCHEME or len(text) > _LONGEST:
        raise _refused(text)
    what = parts.netloc.lower()
    if what == "session":
        session = unquote(parts.path.strip("/"))
        if not 0 < len(session) <= _LONGEST_ID or not session.isprintable():
            raise _refused(text)
        return SessionLink(session, _seconds(query.get("t", [""])[0]))
    if what == "open" and parts.path in ("", "/"):
        url = query.get("url", [""])[0].strip()
        if url.lower().startswith(("http://", "https://")):
            return AddressLink(url)
    raise _refused(text)


def host_of(url: str) -> str:
    """The host of an address, with its port; '' when it has none."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""


def file_of(text: str) -> Path | None:
    """The path a `file:` URL names on this machine, as file managers hand files over; None for anything else."""
    if not text.lower().startswith("file:"):
        return None
    parts = urlsplit(text)
    if parts.netloc not in ("", "localhost"):
        return None
    return Path(url2pathname(parts.path))


def _seconds(text: str) -> float | None:
    """An offset in seconds; None when it is none (the session then opens where it usually does)."""
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _refused(text: str) -> BadInput:
    shown = text if len(text) <= 80 else text[:79] + "…"
    return BadInput(
        f"“{shown}” is no link that Replay Viewer knows.",
        "Links look like replay-viewer://session/ID?t=83 or replay-viewer://open?url=https%3A%2F%2F…",
    )
