"""Clicks, typing and gestures on pages built by hand."""

from __future__ import annotations

from typing import Any

import pytest

from replay_viewer.domain.rows import Interaction
from tests.analysis.recordings import change, click, element, page, read_rows, text, typed


def acts(*events: dict[str, Any], body: list[dict[str, Any]]) -> list[Interaction]:
    return [row for row in read_rows([*page(*body), *events]) if isinstance(row, Interaction)]


BUTTON = element(10, "button", element(11, "span", text(12, "Pay"), text(13, " now")), class_="btn primary")


def test_a_click_inside_a_button_names_the_button() -> None:
    (row,) = acts(click(100, 12, 5, 6), body=[element(9, "div", BUTTON, id="box")])
    assert row.words == "Clicked button “Pay now”"
    assert row.selector == "div#box > button.btn.primary"
    assert (row.action, row.node, row.x, row.y) == ("click", 12, 5, 6)


def test_an_element_its_handler_removes_is_still_named() -> None:
    removal = change(101, 0, adds=[], removes=[{"id": 10, "parentId": 4}], texts=[], attributes=[])
    (row,) = acts(click(100, 11), removal, body=[BUTTON])
    assert row.words == "Clicked button “Pay now”"


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (element(10, "a", text(11, "Orders"), href="/orders"), "Clicked link “Orders”"),
        (element(10, "a", element(11, "img", alt="Home"), href="/"), "Clicked link “Home”"),
        (element(10, "ul", element(12, "li", text(11, "ACME Lamp"))), "Clicked “ACME Lamp” in list"),
        (element(10, "button", element(11, "i"), aria_label="Close"), "Clicked button “Close”"),
        (element(10, "div", text(11, "Third"), role="tab"), "Clicked tab “Third”"),
        (element(10, "button", text(11, "*** ****"), id="go"), "Clicked button button#go (text masked)"),
        (element(10, "div", element(11, "img", alt="A lamp")), "Clicked image “A lamp”"),
        (element(10, "input", type="submit", value="Send"), "Clicked button “Send”"),
        (element(10, "main", element(11, "section", class_="hero")), "Clicked main > section.hero"),
    ],
)
def test_what_was_clicked_in_words(node: dict[str, Any], words: str) -> None:
    id = 11 if node["childNodes"] else 10
    assert acts(click(100, id), body=[node])[0].words == words


def test_a_click_on_nothing_known() -> None:
    assert acts(click(100, 999, 30, 40), body=[])[0].words == "Clicked at 30, 40"
    assert acts(click(100, 4), body=[])[0].words == "Clicked the page"


def test_three_clicks_within_a_second_are_rage() -> None:
    rows = acts(*(click(100 + 200 * i, 12, 10 + i, 10) for i in range(4)), body=[BUTTON])
    rage = [row for row in rows if row.action == "rage-click"]
    assert [row.words for row in rage] == ["Clicked button “Pay now” 4 times in 0.6 s"]
    assert len(rows) == 5


@pytest.mark.parametrize("clicks", [[(0, 10), (600, 10), (1200, 10)], [(0, 10), (200, 60), (400, 110)]])
def test_slow_or_scattered_clicks_are_not_rage(clicks: list[tuple[float, float]]) -> None:
    rows = acts(*(click(after, 12, x) for after, x in clicks), body=[BUTTON])
    assert [row.action for row in rows] == ["click"] * 3


def test_typing_is_one_row_per_field() -> None:
    body = [
        element(10, "label", text(11, "E-mail"), for_="mail"),
        element(12, "input", id="mail", type="email"),
        element(13, "input", placeholder="City"),
    ]
    letters = [typed(100 + i, 12, "ada@x"[: i + 1]) for i in range(5)]
    rows = acts(*letters, typed(200, 13, "R"), typed(300, 13, "Ro"), body=body)
    assert [row.words for row in rows] == ["Typed “ada@x” in “E-mail”", "Typed “Ro” in “City”"]
    assert rows[0].t < rows[1].t
    assert rows[0].value == "ada@x"
    assert rows[0].selector == "input#mail"


def test_masked_and_password_values_say_so() -> None:
    body = [element(10, "input", aria_label="PIN"), element(11, "input", type="password", name="pw")]
    rows = acts(typed(100, 10, "****"), typed(200, 11, "S3cret"), body=body)
    assert [row.words for row in rows] == ["Typed 4 characters (masked) in “PIN”", "Typed a password in “pw”"]


def test_a_form_that_empties_itself_keeps_what_was_typed() -> None:
    body = [element(10, "input", placeholder="To do")]
    rows = acts(
        typed(100, 10, "Buy"), typed(200, 10, "Buy milk"), typed(300, 10, ""), typed(900, 10, "Ship"), body=body
    )
    assert [row.words for row in rows] == ["Typed “Buy milk” in “To do”", "Typed “Ship” in “To do”"]


def test_deleting_letter_by_letter_clears() -> None:
    body = [element(10, "input", aria_label="Name", value="Al")]
    rows = acts(typed(100, 10, "A"), typed(200, 10, ""), body=body)
    assert [row.words for row in rows] == ["Cleared “Name”"]


def test_values_scripts_set_are_not_typed() -> None:
    body = [element(10, "input", value="10", type="number"), element(11, "input")]
    assert acts(typed(100, 10, "10"), typed(200, 11, ""), typed(300, 11, "x", userTriggered=False), body=body) == []


def test_marks_and_choices() -> None:
    body = [
        element(10, "label", element(11, "input", type="checkbox"), text(12, " Gift wrap")),
        element(13, "label", element(14, "input", type="radio", name="ship"), text(15, "Express")),
        element(16, "input", type="radio", name="ship", checked=True),
        element(
            17, "select", element(18, "option", text(19, "Japan"), value="jp"), aria_label="Country", name="country"
        ),
    ]
    rows = acts(
        click(100, 12), click(101, 11), typed(102, 11, "on", True),
        click(1000, 14), typed(1001, 14, "on", True), typed(1002, 16, "on", False),
        click(2000, 17), typed(2500, 17, "jp"),
        typed(3000, 11, "on", False),
        body=body,
    )  # fmt: skip
    assert [row.words for row in rows] == [
        "Checked “Gift wrap”", "Chose “Express”", "Chose “Japan” in “Country”", "Unchecked “Gift wrap”",
    ]  # fmt: skip
    assert [row.value for row in rows] == ["checked", "checked", "jp", "unchecked"]


def test_a_click_on_a_checkbox_without_effect_is_still_a_click() -> None:
    body = [element(10, "input", type="checkbox", aria_label="Agree")]
    assert [row.words for row in acts(click(100, 10), body=body)] == ["Clicked checkbox “Agree”"]


def test_a_scroll_gesture_is_one_row() -> None:
    body = [element(10, "div", id="list")]
    down = [change(100 * i, 3, id=1, x=0, y=50 * i) for i in range(1, 5)]
    rows = acts(*down, change(3000, 3, id=10, x=0, y=30), change(3050, 3, id=1, x=0, y=0), body=body)
    assert [row.words for row in rows] == [
        "Scrolled down the page", "Scrolled down in div#list", "Scrolled to the top of the page",
    ]  # fmt: skip
    assert rows[0].value == "0,200"


def test_resizes_and_turns() -> None:
    rows = acts(change(100, 4, width=900, height=700), change(200, 4, width=800, height=700), body=[])
    assert [row.words for row in rows] == ["Resized the window to 800 × 700"]


def test_a_swipe_that_scrolls_nothing() -> None:
    start = change(100, 2, type=7, id=4, x=300, y=100)
    move = change(150, 6, positions=[{"x": 100, "y": 110, "id": 4, "timeOffset": 0}])
    (row,) = acts(start, move, change(200, 2, type=9, id=4, x=90, y=110), body=[])
    assert row.words == "Swiped left"


def test_a_tap_is_told_once() -> None:
    touch = [change(100, 2, type=7, id=12, x=5, y=5), change(150, 2, type=9, id=12, x=5, y=5)]
    assert [row.words for row in acts(*touch, click(160, 12, pointerType=2), body=[BUTTON])] == [
        "Tapped button “Pay now”"
    ]
    assert [row.words for row in acts(*touch, body=[BUTTON])] == ["Tapped button “Pay now”"]


def test_ids_in_a_shadow_root_are_told_with_their_host() -> None:
    inner = {**element(11, "input", id="input"), "isShadow": True}
    host = {**element(10, "sl-input", inner, name="who"), "isShadowHost": True}
    (row,) = acts(click(100, 11), body=[host])
    assert row.selector == 'body > sl-input[name="who"] input#input'


def test_generated_ids_and_classes_are_not_used() -> None:
    body = [element(10, "div", element(11, "p", text(12, "x"), class_="css-1a2b3c note"), id="radix-17")]
    assert acts(click(100, 12), body=body)[0].selector == "body > div > p.note"


def test_siblings_are_told_apart() -> None:
    body = [element(10, "ul", element(11, "li", text(12, "a")), element(13, "li", text(14, "b")), id="l")]
    assert acts(click(100, 14), body=body)[0].selector == "ul#l > li:nth-of-type(2)"
