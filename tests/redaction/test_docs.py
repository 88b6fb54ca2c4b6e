"""The documentation says what the code does."""

from __future__ import annotations

from pathlib import Path

from replay_viewer.redaction.rules import RULES, table


def test_table_is_in_step() -> None:
    """`docs/redaction.md` holds the table of the registry, as it is."""
    page = (Path(__file__).parents[2] / "docs" / "redaction.md").read_text()
    assert table() in page, f"put this table into docs/redaction.md:\n{table()}"


def test_rules_are_told_apart() -> None:
    """Every rule has an id, a label and a sentence."""
    for id, rule in RULES.items():
        assert rule.id == id
        assert rule.label
        assert rule.finds.endswith(".")
