"""The health report: what is missing or doubtful in a session, and why, in words.

The importer counts while it reads (`Counters`, one per tab; session-wide ones on the first tab are enough);
`findings` turns counts and rows into lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from statistics import median
from typing import Literal

from replay_viewer.analysis.counters import GAP_S, Counters, survey
from replay_viewer.analysis.extract.bodies import NO_ANSWER, NO_BODY, NOT_FETCH
from replay_viewer.analysis.extract.context import mapping, number
from replay_viewer.domain.rows import CustomEvent, Interaction, Navigation, NetworkRequest, Row
from replay_viewer.domain.session import Facts, Finding

_MASKED_SHARE = 0.05
#: ms a device's clock may be ahead of this machine's before that is said, and apart from a server's.
_AHEAD, _SKEW = 300_000.0, 60_000.0
#: Answers with a date that it takes to speak of the clock.
_ANSWERS = 2
#: 2012-01-01: nothing that records sessions is older.
_RRWEB = 1_325_376_000_000.0
_LOCAL = ("localhost", "127.0.0.1", "[::1]")
Severity = Literal["info", "warning", "error"]

__all__ = ["GAP_S", "Counters", "findings", "survey"]


def findings(counters: Sequence[Counters], rows: Sequence[Row], facts: Facts | None = None) -> list[Finding]:
    """All findings of a session, gravest first."""
    found: list[Finding] = []
    for tab in counters:
        found += _recording(tab)
        found += _picture(tab)
        found += _missing_pages(tab, rows)
    found += _not_recorded(counters, rows)
    found += _bodies(rows)
    found += _skew(rows)
    found += _sdk(rows, facts or Facts())
    order = {"error": 0, "warning": 1, "info": 2}
    return sorted(found, key=lambda finding: (order[finding.severity], finding.tab, finding.t))


def told_apart(tabs: int, events: int, unsure: int) -> Finding:
    """The finding for `tabs` tabs that were recorded into one stream without window ids.

    `events`: how many there were; `unsure`: how many of them name nothing that is in one tab only.
    """
    message = (
        f"{tabs} tabs were recorded into one stream without window ids; they were told apart by what each event "
        f"changes. {_many(unsure, 'event')} of {events:,} could belong to either and stand with the tab in use then."
    )
    return Finding(code="tabs-told-apart", severity="warning", message=message, count=unsure)


def _seconds(ms: float) -> str:
    seconds = ms / 1000
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _many(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _recording(c: Counters) -> list[Finding]:
    """Whether the stream of events is whole and in order."""
    found: list[Finding] = []

    def add(
        code: str, severity: Severity, message: str, count: int = 1, at: tuple[float, float] | str = (-1.0, -1.0)
    ) -> None:
        if isinstance(at, str):
            at = (c.firsts.get(at, -1.0), -1.0)
        found.append(
            Finding(code=code, message=message, severity=severity, count=count, tab=c.tab, t=at[0], end=at[1])
        )

    if not c.first_snapshot:
        message = "The recording holds no full snapshot: there is no page to show."
        add("no-full-snapshot", "error", message, at=(c.start, c.end))
    elif c.first_snapshot - c.start > 1000:
        wait = _seconds(c.first_snapshot - c.start)
        message = f"The first {wait} cannot be shown: the first full snapshot comes only then."
        add("no-full-snapshot", "warning", message, at=(c.start, c.first_snapshot))
    if c.unknown:
        changes = _many(c.unknown, "change refers", "changes refer")
        message = f"{changes} to elements the recording never described and could not be shown."
        add("unknown-node", "warning", message, c.unknown, "unknown")
    if c.mobile:
        message = (
            "Recorded by a mobile SDK: its screens cannot be shown here; what was logged and requested is listed."
        )
        add("mobile-recording", "error", message, c.mobile, "mobile")
    if c.broken:
        add("broken-event", "error", f"{_many(c.broken, 'event')} could not be read.", c.broken, "broken")
    if c.duplicates:
        message = f"{_many(c.duplicates, 'event')} came twice and count once."
        add("duplicate-event", "info", message, c.duplicates, "duplicates")
    if c.reordered:
        message = f"{_many(c.reordered, 'event')} came out of order and were put into place."
        add("unsorted-event", "info", message, c.reordered)
    if c.late:
        message = f"{_many(c.late, 'event')} arrived with a later piece of the recording than their time."
        add("late-event", "info", message, c.late, "late")
    if c.missing_pieces:
        shown = ", ".join(map(str, c.missing_pieces[:8])) + (" …" if len(c.missing_pieces) > 8 else "")
        lost = _many(len(c.missing_pieces), "segment")
        message = f"The backend did not deliver {lost} ({shown}): what happened then cannot be shown."
        add("missing-segment", "error", message, len(c.missing_pieces))
    found += _clock(c)
    for begin, stop in c.paused:
        message = f"The recorder paused for {_seconds(stop - begin)}: nobody did anything, says the SDK."
        add("paused", "info", message, at=(begin, stop))
    for begin, stop in c.hidden:
        add("hidden", "info", f"The tab was hidden for {_seconds(stop - begin)}.", at=(begin, stop))
    for begin, stop in c.gaps:
        if not any(a - 1000 <= begin and stop <= b + 1000 for a, b in [*c.hidden, *c.paused]):
            cause = "the page stood still, the recorder paused, or events were lost"
            message = f"Nothing was recorded for {_seconds(stop - begin)}: {cause}."
            add("gap", "warning", message, at=(begin, stop))
    return found


def _clock(c: Counters) -> list[Finding]:
    """Whether the clock of the customer's device can be believed."""

    def say(code: str, message: str, t: float, count: int = 1) -> Finding:
        return Finding(code=code, severity="warning", message=message, count=count, tab=c.tab, t=t)

    found: list[Finding] = []
    if c.backward:
        times = _many(c.backward, "time")
        message = f"The device's clock went back {times} while recording: the order of what happened may be wrong."
        found.append(say("clock-backward", message, c.firsts.get("backward", c.start), c.backward))
    if c.read_at and c.end > c.read_at + _AHEAD:
        ahead = _seconds(c.end - c.read_at)
        message = f"The recording ends {ahead} in the future: the device's clock was wrong, so all times are."
        found.append(say("clock-future", message, c.end))
    if 0 < c.start < _RRWEB:
        message = "The recording is stamped before session replay existed: the device's clock was wrong."
        found.append(say("clock-past", message, c.start))
    return found


def _skew(rows: Sequence[Row]) -> list[Finding]:
    """How far the device's clock is from the servers', by the Date header of answers that were recorded."""
    apart: list[tuple[float, float]] = []
    for row in rows:
        if isinstance(row, NetworkRequest) and row.response_headers:
            said = next((value for name, value in row.response_headers.items() if name.lower() == "date"), "")
            try:
                apart.append((parsedate_to_datetime(said).timestamp() * 1000 - row.end, row.t))
            except (TypeError, ValueError, OverflowError):
                continue
    if len(apart) < _ANSWERS:
        return []
    skew = median(difference for difference, _ in apart)
    if abs(skew) < _SKEW:
        return []
    way = "behind" if skew > 0 else "ahead of"
    message = (
        f"The device's clock is {_seconds(abs(skew))} {way} the servers' (their answers say when they were sent)."
    )
    return [
        Finding(code="clock-skew", severity="warning", message=message, count=len(apart), t=min(t for _, t in apart))
    ]


def _picture(c: Counters) -> list[Finding]:
    """What of the page's look is not in the recording."""
    found: list[Finding] = []

    def add(code: str, severity: Severity, count: int, message: str, first: str) -> None:
        t = c.firsts.get(first, -1.0)
        found.append(Finding(code=code, message=message, severity=severity, count=count, tab=c.tab, t=t))

    share = c.masked_length / c.text_length if c.text_length else 0.0
    if share > _MASKED_SHARE:
        message = f"{share:.0%} of the text was masked by the SDK before it was sent; it cannot be restored."
        add("masked-text", "info", c.masked_length, message, "masked_length")
    if c.sheets_missing:
        count = len(c.sheets_missing)
        shown = ", ".join(href.rpartition("/")[2][:40] or href[:40] for href in c.sheets_missing[:3])
        verb = "is" if count == 1 else "are"
        message = f"{_many(count, 'style sheet')} {verb} not in the recording ({shown}): the page may look different."
        add("missing-style", "warning", count, message, "sheets_missing")
    missing = c.assets - c.assets_captured
    if missing > 0:
        files = _many(missing, "image or other file is", "images and other files are")
        message = f"{files} not in the recording; pull with assets to keep those that still exist."
        add("missing-asset", "info", missing, message, "assets")
    if c.blocked:
        boxes = _many(c.blocked, "element was", "elements were")
        message = f"{boxes} recorded as empty boxes: the SDK was told to leave them out."
        add("blocked", "info", c.blocked, message, "blocked")
    if c.canvases and not c.canvas_recorded:
        canvases = _many(c.canvases, "canvas", "canvases")
        message = f"{canvases} without content: the SDK does not record canvas unless told to."
        add("canvas-not-recorded", "info", c.canvases, message, "canvases")
    if c.popovers:
        has = _many(c.popovers, "popover")
        message = f"The page has {has}: no recorder says when one is open, so they are painted closed."
        add("popover-not-recorded", "info", c.popovers, message, "popovers")
    if c.canvas_cut:
        drawings = _many(c.canvas_cut, "drawing command")
        message = f"{drawings} left out: a canvas was drawn on so long that its beginning is not kept."
        add("canvas-cut", "warning", c.canvas_cut, message, "canvas_cut")
    return found


def _missing_pages(c: Counters, rows: Sequence[Row]) -> list[Finding]:
    """Page loads that network or navigation rows know of and whose DOM never arrived."""
    found: list[Finding] = []
    loads: list[tuple[float, str]] = []
    for row in rows:
        if row.tab != c.tab:
            continue
        if (isinstance(row, NetworkRequest) and row.kind == "document" and row.url.startswith("http")) or (
            isinstance(row, Navigation) and row.how in ("load", "reload", "back_forward")
        ):
            loads.append((row.t, row.url))
    seen: list[tuple[float, str]] = []
    for t, url in sorted(loads):
        plain = url.partition("#")[0]
        if any(plain == other and t - before < 10_000 for before, other in seen):
            continue
        seen.append((t, plain))
        if not any(-1_000 <= snapshot - t < 30_000 for snapshot in c.snapshots):
            found.append(
                Finding(
                    code="missing-page", tab=c.tab, severity="warning", t=t,
                    message=f"The page {plain[:120]} was loaded, but its content never reached the recording (a page "
                    "left within seconds is lost with the SDK's buffer).",
                )
            )  # fmt: skip
    return found


def _not_recorded(counters: Sequence[Counters], rows: Sequence[Row]) -> list[Finding]:
    found = [
        Finding(
            code="hover-not-recorded", severity="info",
            message="What shows only while the pointer hovers, and the time of CSS animations, are not recorded.",
        )
    ]  # fmt: skip
    if not any(c.console for c in counters):
        found.append(
            Finding(
                code="console-not-recorded", severity="info",
                message="No console output: the SDK's console recording was not on, or the page logged nothing.",
            )
        )  # fmt: skip
    if not any(c.network for c in counters):
        message = "No requests: the SDK's network recording was not on."
        if any(isinstance(row, CustomEvent) and row.name == "$posthog_config" for row in rows) and any(
            isinstance(row, Navigation) and row.url.partition("://")[2].startswith(_LOCAL) for row in rows
        ):
            message = "No requests: posthog-js records none on pages of localhost."
        found.append(Finding(code="network-not-recorded", severity="warning", message=message))
    if not any(isinstance(row, Interaction) for row in rows):
        found.append(
            Finding(code="no-interactions", severity="info", message="Nobody clicked, typed or scrolled.")
        )  # fmt: skip
    return found


def _bodies(rows: Sequence[Row]) -> list[Finding]:
    reasons: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if isinstance(row, NetworkRequest) and row.kind in ("fetch", "xhr"):
            for body in (row.request_body, row.response_body):
                if body.why and body.why not in (NO_BODY, NOT_FETCH, NO_ANSWER):
                    reasons["body-missing" if body.text is None else "body-cut", body.why] += 1
    return [
        Finding(
            code=code, severity="info", count=count,
            message=f"{_many(count, 'body', 'bodies')} of requests: {reason}.",
        )
        for (code, reason), count in reasons.most_common()
    ]  # fmt: skip


def _sdk(rows: Sequence[Row], facts: Facts) -> list[Finding]:
    found: list[Finding] = []
    for row in rows:
        if not isinstance(row, CustomEvent):
            continue
        data = mapping(row.data)
        changed = int(number(data.get("count")))
        if row.name == "replay.mutations" and data.get("limit") is True:
            found.append(
                Finding(
                    code="mutation-limit", severity="error", tab=row.tab, t=row.t, count=changed,
                    message=f"The SDK stopped recording: {changed:,} elements changed at once, more than it allows.",
                )
            )  # fmt: skip
        elif row.name == "video" and "segmentId" in data:
            if "mobile-recording" in {one.code for one in found}:
                continue
            found.append(
                Finding(
                    code="mobile-recording", severity="error", tab=row.tab, t=row.t,
                    message="Recorded by a mobile SDK as a video that is not shown here; what was logged is listed.",
                )
            )  # fmt: skip
        elif row.name == "replay.throttled":
            found.append(
                Finding(
                    code="throttled", severity="warning", tab=row.tab, t=row.t,
                    message="The SDK dropped events here: there were too many in a short time.",
                )
            )  # fmt: skip
        elif row.name == "replay.hydrate-error":
            found.append(
                Finding(
                    code="hydrate-error", severity="warning", tab=row.tab, t=row.t,
                    message="The page reported a hydration error: server and browser rendered different content.",
                )
            )  # fmt: skip
    if facts.replay_type == "buffer":
        found.append(
            Finding(
                code="buffer-mode", severity="info",
                message="Recorded in buffer mode: only the last minute before the error and what followed were sent.",
            )
        )  # fmt: skip
    return found
