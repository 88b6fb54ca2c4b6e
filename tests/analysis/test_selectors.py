from __future__ import annotations

from typing import Any

import pytest

from replay_viewer.analysis.extract.selector import selector
from replay_viewer.analysis.selectors import Selector
from replay_viewer.domain.errors import BadInput
from tests.recording.test_mirror import element as plain
from tests.recording.test_mirror import mirror_of, snapshot, text


def element(id: int, tag: str, children: list[Any] | None = None, key: str = "", **attributes: Any) -> dict[str, Any]:
    """An element; `key` is its id attribute."""
    made = plain(id, tag, children, **attributes)
    if key:
        made["attributes"]["id"] = key
    return made


PAGE = mirror_of(
    snapshot(
        element(
            10,
            "form",
            [
                element(11, "label", [element(12, "input", name="email", type="text")], **{"class": "row wide"}),
                element(13, "p", [text(14, "No"), element(15, "b")], **{"class": "row error"}),
                element(16, "p", **{"class": "row", "data-testid": 'a "b"'}),
            ],
            key="pay",
        ),
        element(20, "p", **{"class": "error"}),
    )
)


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ("#pay", [10]),
        ("form .error", [13]),
        (".error", [13, 20]),
        ("p.row.error", [13]),
        ("form > input", []),
        ("form > label>input", [12]),
        ("[name=email]", [12]),
        ("input[name='email'][type]", [12]),
        ('[data-testid="a \\"b\\""]', [16]),
        ("form b, #nothing, body > p", [15, 20]),
        ("p:nth-of-type(2)", [16]),
        ("* b", [15]),
        ("P.error", [13, 20]),
    ],
)
def test_find(wanted: str, ids: list[int]) -> None:
    assert [node.id for node in Selector(wanted).find(PAGE.nodes)] == ids


@pytest.mark.parametrize("wanted", ["", ">", "a >", "a,,b", "a:hover", "[x", "#", "..", "a b ,", "💥"])
def test_what_is_not_understood_is_said(wanted: str) -> None:
    with pytest.raises(BadInput, match="not a node"):
        Selector(wanted)


def test_selectors_this_application_prints_find_their_node() -> None:
    for node in PAGE.nodes.values():
        if node.kind == 2:
            assert Selector(selector(node, PAGE.nodes)).matches(node, PAGE.nodes)
