"""The health report in words."""

from __future__ import annotations

import json

from replay_viewer.analysis.health import Counters, findings, survey
from replay_viewer.analysis.timeline import pauses
from replay_viewer.domain.rows import Body, CustomEvent, Interaction, Navigation, NetworkRequest, Row
from replay_viewer.domain.session import Facts, Finding
from replay_viewer.recording.events import decode_event
from replay_viewer.recording.mirror import Mirror
from tests.analysis.recordings import element, page, recorded, sentry_events, text
from tests.data_dir import needs_shared


def whole(**more: object) -> Counters:
    """A tab with nothing wrong."""
    fine = {"end": 10_000.0, "events": 9, "first_snapshot": 1.0, "snapshots": [1.0], "console": True, "network": True}
    return Counters(**{**fine, **more})  # type: ignore[arg-type]


CLICK = Interaction(t=5, tab=0, action="click", words="x")


def report(*counters: Counters, rows: tuple[Row, ...] = (CLICK,), facts: Facts | None = None) -> dict[str, Finding]:
    return {finding.code: finding for finding in findings(counters, rows, facts)}


def test_a_whole_session_has_only_what_no_recorder_records() -> None:
    assert set(report(whole())) == {"hover-not-recorded"}


def test_what_is_missing_is_said_and_counted() -> None:
    tab = whole(
        unknown=3, broken=1, duplicates=2, reordered=4, late=5, missing_pieces=[2, 7], gaps=[(1000, 61_000)],
        hidden=[(2000, 5000)], text_length=100, masked_length=60, sheets_missing=["https://a/x/site.css"], assets=9,
        assets_captured=1, blocked=1, canvases=2, console=False, network=False,
    )  # fmt: skip
    found = report(tab, rows=())
    assert found["broken-event"].severity == "error"
    assert found["missing-segment"].message.startswith("The backend did not deliver 2 segments (2, 7)")
    assert found["unknown-node"].count == 3
    assert (found["gap"].t, found["gap"].end) == (1000, 61_000)
    assert found["masked-text"].message.startswith("60% of the text")
    assert "site.css" in found["missing-style"].message
    assert found["missing-asset"].count == 8
    assert found["network-not-recorded"].message == "No requests: the SDK's network recording was not on."
    assert {"duplicate-event", "unsorted-event", "late-event", "hidden", "blocked", "canvas-not-recorded",
            "console-not-recorded", "no-interactions"} <= set(found)  # fmt: skip
    assert findings([tab], ())[0].severity == "error", "the gravest first"


def test_a_gap_while_hidden_is_no_gap() -> None:
    assert "gap" not in report(whole(gaps=[(1000, 61_000)], hidden=[(500, 61_500)]))


def test_no_snapshot_at_all_and_a_late_one() -> None:
    assert report(whole(first_snapshot=0.0))["no-full-snapshot"].severity == "error"
    late = report(whole(first_snapshot=5000.0))["no-full-snapshot"]
    assert (late.severity, late.end) == ("warning", 5000)


def test_a_page_whose_dom_never_arrived() -> None:
    rows: list[Row] = [
        CLICK,
        Navigation(t=0, tab=0, url="https://a/"),
        NetworkRequest(t=2, end=9, tab=0, url="https://a/", kind="document"),
        NetworkRequest(t=50_000, end=50_100, tab=0, url="https://a/lost", kind="document"),
    ]
    found = findings([whole(end=90_000.0)], rows)
    missing = [finding for finding in found if finding.code == "missing-page"]
    assert len(missing) == 1
    assert missing[0].t == 50_000
    assert "https://a/lost" in missing[0].message


def test_why_bodies_are_missing() -> None:
    body = Body(why="not in the SDK's allow list")
    rows = [
        NetworkRequest(t=1, end=2, tab=0, kind="fetch", request_body=Body(why="there was none"), response_body=body)
    ]
    finding = report(whole(), rows=tuple(rows))["body-missing"]
    assert finding.message == "1 body of requests: not in the SDK's allow list."


def test_what_the_sdk_says_of_itself() -> None:
    rows = (CLICK, CustomEvent(t=7, tab=0, name="replay.mutations", data={"count": 10_500, "limit": True}))
    found = report(whole(), rows=rows, facts=Facts(replay_type="buffer"))
    assert found["mutation-limit"].t == 7
    assert "10,500" in found["mutation-limit"].message
    assert "buffer-mode" in found
    below = (CLICK, CustomEvent(t=7, tab=0, name="replay.mutations", data={"count": 900, "limit": False}))
    assert "mutation-limit" not in report(whole(), rows=below)


def test_a_survey_taken_twice_counts_once() -> None:
    counters, mirror = Counters(), Mirror()
    body = [
        element(10, "img", src="https://a/i.png"),
        element(11, "img", src="https://a/i.png"),
        element(12, "img", src="data:image/png;base64,AA"),
        element(13, "link", rel="stylesheet", href="https://a/s.css"),
        element(14, "link", rel="stylesheet", href="https://a/t.css", _cssText="a{}"),
        element(15, "canvas"),
        element(16, "div", rr_width="10px", rr_height="10px"),
        element(17, "style", text(18, "a{}")),
        element(19, "p", text(20, "** *")),
        element(21, "p", text(22, "abc")),
    ]
    body[4]["attributes"]["_cssText"] = "a{}"
    body[6]["attributes"] = {"rr_width": "10px", "rr_height": "10px"}
    for raw in page(*body):
        mirror.apply(decode_event(json.dumps(raw).encode()))
    for _ in range(2):
        survey(mirror.nodes.values(), counters)
    assert (counters.assets, counters.sheets_missing) == (1, ["https://a/s.css"])
    assert (counters.canvases, counters.blocked, counters.canvas_recorded) == (1, 1, False)
    assert counters.masked_length / counters.text_length == 0.5


def test_posthog_on_localhost() -> None:
    rows = (CLICK, Navigation(t=0, tab=0, url="http://localhost:8000/"), CustomEvent(t=1, name="$posthog_config"))
    assert "localhost" in report(whole(network=False, snapshots=[0.0]), rows=rows)["network-not-recorded"].message


@needs_shared
def test_a_masked_recording_is_seen_as_masked() -> None:
    counters, mirror = Counters(), Mirror()
    for raw in sentry_events("shop_sentry_default_idle"):
        event = decode_event(json.dumps(raw).encode())
        mirror.apply(event)
        if event.type == 2:
            survey(mirror.nodes.values(), counters)
    assert counters.masked_length / counters.text_length > 0.9
    assert findings([counters], recorded("shop_sentry_default_idle"))


def test_findings_say_when_it_was_first() -> None:
    tab = whole(unknown=3, masked_length=60, text_length=100, assets=2, blocked=1, broken=1, sheets_missing=["a.css"])
    for n, name in enumerate(("unknown", "masked_length", "assets", "blocked", "broken", "sheets_missing")):
        tab.met(name, 100.0 + n)
        tab.met(name, 9_000.0)
    found = report(tab)
    codes = ("unknown-node", "masked-text", "missing-asset", "blocked", "broken-event", "missing-style")
    assert [found[code].t for code in codes] == [100, 101, 102, 103, 104, 105]


def test_popovers_are_said_to_be_unknown() -> None:
    counters = whole()
    mirror = Mirror()
    for event in page(element(5, "div", popover="")):
        mirror.apply(decode_event(json.dumps(event).encode()))
    survey(mirror.nodes.values(), counters, 7.0)
    found = report(counters)["popover-not-recorded"]
    assert (found.count, found.t) == (1, 7)


def test_a_clock_that_went_back_or_is_of_another_time() -> None:
    day = 86_400_000.0
    assert report(whole(backward=2, firsts={"backward": 77.0}))["clock-backward"].t == 77
    now = 20_000 * day
    future = report(whole(start=now, end=now + 2 * day, first_snapshot=now, snapshots=[now], read_at=now + day))
    assert future["clock-future"].message.startswith("The recording ends 1440 min in the future")
    past = report(whole(start=5 * day, end=5 * day + 1, first_snapshot=5 * day, snapshots=[5 * day], read_at=now))
    assert "clock-past" in past
    assert "clock-future" not in past


def test_the_servers_say_how_far_the_clock_is_off() -> None:
    def answer(t: float, date: str) -> NetworkRequest:
        return NetworkRequest(
            t=t, end=t + 50, tab=0, method="GET", url="https://a/x", response_headers={"Date": date}
        )

    t = 1_795_205_590_000.0  # Fri, 20 Nov 2026 20:13:10 GMT
    off = (CLICK, answer(t, "Fri, 20 Nov 2026 20:23:10 GMT"), answer(t + 1000, "Fri, 20 Nov 2026 20:23:11 GMT"))
    found = report(whole(), rows=off)["clock-skew"]
    assert found.message.startswith("The device's clock is 10 min behind the servers'")
    assert (found.count, found.t) == (2, t)
    right = (
        CLICK,
        answer(t, "Fri, 20 Nov 2026 20:13:11 GMT"),
        answer(t, "no date"),
        answer(t, "Fri, 20 Nov 2026 20:13:10 GMT"),
    )
    assert "clock-skew" not in report(whole(), rows=right)


def test_what_the_sdk_paused_is_no_gap() -> None:
    rows = [CustomEvent(t=1_000, tab=0, name="sessionIdle"), CustomEvent(t=70_000, tab=0, name="sessionNoLongerIdle")]
    paused = pauses(rows, 80_000)
    assert paused == [(1_000, 70_000)]
    assert pauses(rows[:1], 5_000) == [(1_000, 5_000)]
    found = report(whole(paused=paused, gaps=[(1_200, 69_000)]))
    assert (found["paused"].t, found["paused"].end) == (1_000, 70_000)
    assert "gap" not in found
