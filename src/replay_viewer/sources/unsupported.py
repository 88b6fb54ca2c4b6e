"""Backends whose sessions cannot be pulled in this release: each gets a sentence of its own, and what to do instead.

Hosts and paths as in the backends' documentation and web applications; facts as of November 2026.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import msgspec

from replay_viewer.domain.errors import SourceProblem


class Unsupported(SourceProblem):
    """A session URL that is understood, of a backend that cannot be pulled from."""


class _Backend(msgspec.Struct, frozen=True):
    """`host` and `path` must both be found; `path` also in the fragment and the query."""

    host: str
    path: str
    message: str
    advice: str


_FILE = "import the file here instead"

_BACKENDS = [
    _Backend(
        r"(^|\.)sentry\.io$",
        r"/share/issue/",
        "A shared Sentry issue shows the error to everybody, but hands out no replay.",
        "Ask for the issue's own address (…/issues/NUMBER/).",
    ),
    _Backend(
        r"(^|\.)sentry\.io$",
        r"/replays/|/issues|/feedback|/traces|/discover|/performance|/events/",
        "This Sentry address names no replay, issue or error.",
        "Paste the address of one of them, or list the replays: replay-viewer list --source NAME.",
    ),
    _Backend(
        r"(^|\.)posthog\.com$",
        r"/replay/|/recordings|/shared/|/embedded/|sessionRecordingId|/error_tracking|/events|/person",
        "This PostHog address names no recording, error or event.",
        "Paste the address of one of them, or list the recordings: replay-viewer list --source NAME.",
    ),
    _Backend(
        r"(^|\.)logrocket\.com$",
        r"/s/",
        "LogRocket does not hand out recordings.",
        "Open the link in a browser; to keep sessions yourself, record the page with rrweb to a collector as well.",
    ),
    _Backend(
        r"(^|\.)fullstory\.com$",
        r"session/",
        "FullStory hands out a session's events, but not the recording.",
        "Open the link in a browser; to keep sessions yourself, record the page with rrweb to a collector as well.",
    ),
    _Backend(
        r"^clarity\.microsoft\.com$",
        r"/player/|/projects/",
        "Microsoft Clarity hands out daily totals, but no recordings.",
        "Open the link in a browser; to keep sessions yourself, record the page with rrweb to a collector as well.",
    ),
    _Backend(
        r"datadoghq|ddog-gov",
        r"/rum/replay/",
        "Datadog keeps replays in a format of its own that is not documented.",
        "Open the link in a browser, where the session's errors and resources stand beside the replay.",
    ),
    _Backend(
        r"(^|\.)openreplay\.com$",
        r"/session/",
        "OpenReplay does not hand out recordings by API key.",
        "Open the link in a browser; a self-hosted OpenReplay keeps the recording as files in its bucket.",
    ),
    _Backend(
        r"(^|\.)highlight\.io$|^app\.launchdarkly\.com$",
        r"/sessions/",
        "Highlight hands out recordings to its own application only.",
        f"If you host it yourself, take the session's rrweb events from its storage and {_FILE}.",
    ),
    _Backend(
        r"(^|\.)mixpanel\.com$",
        r"replay",
        "Pulling from Mixpanel comes with a later release.",
        f"Download the replay's rrweb files with a service account and {_FILE}.",
    ),
    _Backend(
        r"(^|\.)amplitude\.com$",
        r"sessionReplayId|session-replay",
        "Pulling from Amplitude comes with a later release.",
        f"Download the replay's files by its Session Replay API (version 3) and {_FILE}.",
    ),
    _Backend(
        r"(^|\.)jam\.dev$",
        r"/c/",
        "Jam does not hand out its recordings.",
        "Open the link in a browser; Jam's page has the console and the requests.",
    ),
    _Backend(
        r"^app\.replay\.io$",
        r"/recording/",
        "Replay.io records the browser itself, not the page's DOM: that cannot be pulled.",
        "Open the link in a browser.",
    ),
    _Backend(
        r"(^|\.)(smartlook|hotjar|contentsquare|mouseflow|quantummetric|zipy)\.(com|ai)$",
        r"/",
        "This service does not hand out its recordings.",
        "Open the link in a browser; to keep sessions yourself, record the page with rrweb to a collector as well.",
    ),
    _Backend(
        r"",
        r"/organizations/[^/]+/(explore/)?(replays|issues|feedback)/",
        "This Sentry address names no replay, issue or error.",
        "Paste the address of one of them, or list the replays: replay-viewer list --source NAME.",
    ),
    _Backend(
        r"",
        r"/project/[^/]+/(replay|error_tracking)/",
        "This PostHog address names no recording or error.",
        "Paste the address of one of them, or list the recordings: replay-viewer list --source NAME.",
    ),
    _Backend(
        r"",
        r"^/\d+/session/\d+",
        "This looks like a self-hosted OpenReplay, which does not hand out recordings by API key.",
        "Its bucket has the recording as files (dom.mobs, dom.mobe).",
    ),
]


def explain(url: str) -> Unsupported | None:
    """Why the session behind `url` cannot be pulled, None when it is none of these backends'."""
    parts = urlsplit(url.strip())
    host = (parts.hostname or "").lower()
    if parts.scheme not in ("http", "https") or not host:
        return None
    names = " ".join(parse_qs(parts.query))
    where = f"{parts.path} {names} #{parts.fragment}"
    for backend in _BACKENDS:
        if re.search(backend.host, host) and re.search(backend.path, where):
            return Unsupported(backend.message, backend.advice)
    return None
