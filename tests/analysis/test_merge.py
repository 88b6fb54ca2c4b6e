"""One row for one happening."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from replay_viewer.analysis.errors import fingerprint
from replay_viewer.analysis.merge import merge
from replay_viewer.domain.rows import (
    Body,
    ConsoleEntry,
    ErrorEvent,
    Frame,
    Interaction,
    Navigation,
    NetworkRequest,
    Raised,
    Row,
    SocketMessage,
    StateChange,
)


def error(t: float, type_: str, value: str, source: str = "recording", **fields: object) -> ErrorEvent:
    frames = [Frame(function="pay", file="https://a.test/app.js", line=1, column=2)]
    raised = Raised(type=type_, value=value, frames=frames)
    place = {"tab": 0, "event": int(t)} if source == "recording" else {}
    return ErrorEvent(t=t, title=f"{type_}: {value}", exceptions=[raised], source=source, **{**place, **fields})  # type: ignore[arg-type]


def said(t: float, message: str, **fields: object) -> ConsoleEntry:
    return ConsoleEntry(t=t, tab=0, event=int(t) + 1, level="error", message=message, **fields)  # type: ignore[arg-type]


def errors(rows: list[Row]) -> list[ErrorEvent]:
    return [row for row in merge(rows) if isinstance(row, ErrorEvent)]


def test_event_item_custom_event_and_console_line_are_one_error() -> None:
    item = error(1040, "TypeError", "x is null", "sentry", id="e1", contexts={"browser": {}}, url="https://a.test/")
    rows = [item, error(1000, "TypeError", "x is null"), said(1000, "Uncaught TypeError: x is null")]
    (kept,) = errors(rows)
    assert (kept.source, kept.id, kept.url) == ("sentry", "e1", "https://a.test/")
    assert (kept.t, kept.tab, kept.event) == (1000, 0, 1000), "the place in the recording is kept"
    assert len(merge(rows)) == 2, "the console line stays in the console"


def test_an_error_only_the_console_knows() -> None:
    frames = [Frame(function="f", file="https://a.test/app.js", line=3)]
    (kept,) = errors([said(5, "Uncaught (in promise) PaymentError: no", stack=frames), said(9, "just logged")])
    assert (kept.source, kept.title, kept.event) == ("console", "PaymentError: no", 6)
    assert kept.exceptions[0].frames == frames
    assert kept.exceptions[0].handled is False


def test_the_same_error_twice_is_two_errors() -> None:
    rows: list[Row] = [error(1000, "TypeError", "x"), error(1500, "TypeError", "x")]
    rows += [said(1000, "Uncaught TypeError: x"), said(1500, "Uncaught TypeError: x")]
    kept = errors(rows)
    assert [row.t for row in kept] == [1000, 1500]
    assert len({row.group for row in kept}) == 1


def test_reasons_that_every_sdk_spells_its_own_way() -> None:
    keys = "Object captured as promise rejection with keys: code, detail"
    rows: list[Row] = [
        error(1000, "Unhandled rejection", "[object Object]"),
        error(1010, "UnhandledRejection", keys, "sentry", id="e"),
        said(1001, 'Uncaught (in promise) {"code":17,"detail":"x"}'),
    ]
    assert len(errors(rows)) == 1
    words = "Non-Error promise rejection captured with value: just a string"
    rows = [error(1, "UnhandledRejection", words, "sentry", id="e"), said(2, "Uncaught (in promise) just a string")]
    assert len(errors(rows)) == 1


def test_errors_of_other_tabs_or_times_stay() -> None:
    rows: list[Row] = [error(1000, "TypeError", "x"), error(1000, "TypeError", "x", "sentry", tab=1)]
    assert len(errors(rows)) == 2
    assert len(errors([error(1000, "TypeError", "x"), error(9000, "TypeError", "x", "sentry")])) == 2


def test_fingerprints_ignore_what_varies() -> None:
    one = error(1, "ApiError", "order 17 at https://a.test/o/17 failed for ada@a.test")
    two = error(9, "ApiError", "order 4711 at https://a.test/o/4711 failed for bob@b.test")
    assert fingerprint(one) == fingerprint(two)
    assert fingerprint(one) != fingerprint(error(1, "ApiError", "cart failed"))


def test_navigations() -> None:
    rows = [
        Navigation(t=10, tab=0, event=1, url="https://a/x", how="push", from_url="https://a/"),
        Navigation(t=12, tab=0, event=2, url="https://a/x", how="push", from_url="https://a/x"),
        Navigation(t=900, tab=0, event=3, url="https://a/x", how="reload", from_url="https://a/x"),
        Navigation(t=901, tab=1, event=1, url="https://a/x", how="load"),
    ]
    assert [(row.t, row.tab) for row in merge(rows)] == [(10, 0), (900, 0), (901, 1)]


def test_rage_clicks_of_sdk_and_ours() -> None:
    ours = Interaction(t=10, tab=0, event=5, action="rage-click", words="Clicked “x” 6 times", node=7, selector="#x")
    theirs = Interaction(t=12, action="rage-click", words="Rage", selector="")
    assert merge([ours, theirs]) == [ours]


def test_rage_clicks_far_apart_or_on_other_elements_stay() -> None:
    def rage(t: float, node: int) -> Interaction:
        return Interaction(t=t, tab=0, event=int(t), action="rage-click", words="x", node=node, selector=f"#n{node}")

    assert len(merge([rage(0, 1), rage(1000, 2), rage(9000, 1), rage(20_000, 1)])) == 4


def test_linked_page_views_of_recorded_page_changes() -> None:
    recorded = Navigation(t=1000, tab=0, event=4, url="https://a/x", how="push", from_url="https://a/")
    linked = Navigation(t=998, url="https://a/x", how="push")
    other = Navigation(t=9000, url="https://a/x", how="push")
    assert merge([linked, recorded, other]) == [recorded, other]


def test_a_linked_request_completes_the_recorded_one() -> None:
    recorded = NetworkRequest(t=10, end=20, tab=0, event=3, url="https://a/", response_body=Body(why="not recorded"))
    linked = NetworkRequest(
        t=12, end=20, url="https://a/", status=200, response_body=Body(text="hello"), content_size=5,
        initiator="script", messages=[SocketMessage(t=13, text="hi")],
    )  # fmt: skip
    (kept,) = merge([linked, recorded])
    assert isinstance(kept, NetworkRequest)
    assert (kept.content_size, kept.initiator, kept.messages) == (5, "script", linked.messages)
    assert (kept.event, kept.status, kept.response_body.text) == (3, 200, "hello")


def test_resources_reported_again_after_a_restart() -> None:
    def request(event: int, kind: str) -> NetworkRequest:
        return NetworkRequest(t=10.2, end=20, tab=0, event=event, url="https://a/i.png", kind=kind)

    assert len(merge([request(1, "img"), request(9, "img")])) == 1
    assert len(merge([request(1, "fetch"), request(9, "fetch")])) == 2


def test_repeated_rows_are_dropped_but_repeated_events_are_not() -> None:
    row = StateChange(t=1, tab=0, event=4, action="a")
    again = StateChange(t=1, tab=0, event=5, action="a")
    assert merge([row, row, again]) == [row, again]


ROWS = st.one_of(
    st.builds(error, st.floats(0, 9000), st.sampled_from(["TypeError", "Error"]), st.sampled_from(["x", "y", ""]),
              st.sampled_from(["recording", "sentry", "posthog"])),
    st.builds(said, st.floats(0, 9000), st.sampled_from(["Uncaught TypeError: x", "Uncaught Error: y", "z"])),
    st.builds(lambda t, url, origin: Navigation(t=t, tab=0, url=url, how="push", from_url=origin),
              st.floats(0, 3000), st.sampled_from("ab"), st.sampled_from("ab")),
)  # fmt: skip


@given(st.lists(ROWS, max_size=8))
def test_merging_keeps_order_and_invents_nothing(rows: list[Row]) -> None:
    once = merge(rows)
    assert [row.t for row in once] == sorted(row.t for row in once)
    told = sum(isinstance(row, ErrorEvent) for row in rows)
    uncaught = sum(isinstance(row, ConsoleEntry) and row.message.startswith("Uncaught") for row in rows)
    assert len(errors(once)) <= told + uncaught
    assert bool(errors(once)) == bool(told + uncaught)


def test_a_page_that_throws_on_every_tick_merges_in_a_blink() -> None:
    rows: list[Row] = []
    for tick in range(3000):
        rows += [error(tick * 50.0, "TypeError", "x"), said(tick * 50.0, "Uncaught TypeError: x")]
        rows.append(error(tick * 50.0 + 5, "TypeError", "x", "sentry", id=f"e{tick}"))
    assert len(errors(rows)) == 3000
