"""The line above an error, its lead-up, and the steps to reproduce it."""

from __future__ import annotations

from replay_viewer.analysis.merge import merge
from replay_viewer.analysis.steps import steps
from replay_viewer.analysis.verdict import before, lead_up, page_at, verdict
from replay_viewer.domain.rows import ErrorEvent, Interaction, Navigation, NetworkRequest, Row
from tests.analysis.recordings import recorded
from tests.data_dir import needs_shared

ROWS: list[Row] = [
    Navigation(t=0, tab=0, url="https://shop.test/"),
    Interaction(t=1000, tab=0, action="click", words="Clicked link “Cart”", node=1),
    Navigation(t=1100, tab=0, url="https://shop.test/cart?id=7", how="push"),
    Interaction(t=2000, tab=0, action="click", words="Clicked field “E-mail”", node=2),
    Interaction(t=2100, tab=0, action="input", words="Typed “ada@x” in “E-mail”", node=2),
    Interaction(t=9000, tab=0, action="scroll", words="Scrolled down the page"),
    Interaction(t=10_000, tab=0, action="click", words="Clicked button “Pay now”", node=3),
    NetworkRequest(t=10_050, end=10_400, tab=0, method="POST", url="https://shop.test/api/pay?x=1", status=502),
    Interaction(t=10_450, tab=1, action="click", words="Clicked button “Other tab”", node=3),
]
ERROR = ErrorEvent(t=10_500, tab=0, title="PaymentError: charge failed\nmore")


def test_what_when_where_after_what() -> None:
    assert verdict(ERROR, ROWS) == (
        "PaymentError: charge failed, at 0:10.5, on /cart, 500 ms after clicking button “Pay now”, "
        "after POST /api/pay → 502."
    )


def test_a_verdict_with_nothing_known() -> None:
    assert verdict(ErrorEvent(t=5), []) == "An error without a message, at 0:00.0."
    assert len(verdict(ErrorEvent(t=5, title="x" * 999), [])) < 200


def test_the_lead_up_is_five_seconds_of_its_tab() -> None:
    assert lead_up(ERROR) == (5500, 10_500)
    assert [row.t for row in before(ERROR, ROWS)] == [9000, 10_000, 10_050]


def test_the_page_at_an_instant() -> None:
    assert page_at(500, 0, ROWS) == "https://shop.test/"
    assert page_at(9999, 0, ROWS) == "https://shop.test/cart?id=7"
    assert page_at(9999, 5, ROWS) == ""


def test_steps_say_each_thing_once() -> None:
    assert steps(ROWS, ERROR.t, tab=0) == [
        "1. Open https://shop.test/",
        "2. Click link “Cart”",
        "3. → the page https://shop.test/cart?id=7 opens",
        "4. Type “ada@x” in “E-mail”",
        "5. Click button “Pay now”",
    ]
    assert len(steps(ROWS, 1500, tab=0)) == 3
    assert steps([], 5) == []


def test_steps_of_several_tabs_say_which() -> None:
    assert steps(ROWS, ERROR.t)[-1] == "6. In tab 2: click button “Other tab”"


def test_equal_steps_are_counted_and_double_clicks_are_one() -> None:
    rows = [Interaction(t=i * 900, tab=0, action="click", words="Clicked button “+”", node=1) for i in range(3)]
    assert steps(rows, 9999) == ["1. Click button “+” (3 times)"]
    double = [Interaction(t=i, tab=0, action="click", words="Clicked “a”", node=1) for i in (0, 100)]
    double.append(Interaction(t=101, tab=0, action="dblclick", words="Double-clicked “a”", node=1))
    assert steps(double, 9999) == ["1. Double-click “a”"]


@needs_shared
def test_a_recorded_error() -> None:
    rows = merge(recorded("shop_redux_rrweb"))
    error = next(row for row in rows if isinstance(row, ErrorEvent) and "402" in row.title)
    line = verdict(error, rows)
    assert line.startswith("PaymentError: charge failed with status 402, at 1:13.")
    assert line.endswith("after clicking button “Unhandled rejection”, after POST /api/charge → 402.")
    script = steps(rows, error.t)
    assert script[0] == "1. Open http://127.0.0.1:4100/shop/"
    assert script[-1].endswith("Click button “Unhandled rejection”")
    assert not any("Clicked" in line for line in script)
