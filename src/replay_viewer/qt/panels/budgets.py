"""The dialog that changes the budgets of Web Vitals."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtWidgets import QWidget

from replay_viewer.analysis.vitals import BUDGETS
from replay_viewer.qt.numbersdialog import Number, NumbersDialog

_WORDS = {
    "LCP": "Largest Contentful Paint",
    "INP": "Interaction to Next Paint",
    "CLS": "Cumulative Layout Shift",
    "FCP": "First Contentful Paint",
    "TTFB": "Time to First Byte",
    "FID": "First Input Delay",
    "TTI": "Time to Interactive",
}


class BudgetDialog(NumbersDialog):
    """One field per measure; ms, CLS without unit."""

    def __init__(self, budgets: Mapping[str, float], parent: QWidget | None = None) -> None:
        numbers = [
            Number(
                name=name,
                words=f"{words} ({name})",
                value=budgets[name],
                usual=BUDGETS[name],
                low=0.001,
                decimals=3 if name == "CLS" else 0,
                step=0.01 if name == "CLS" else 100.0,
                unit="" if name == "CLS" else " ms",
                accessible=f"Budget of {words}",
            )
            for name, words in _WORDS.items()
        ]
        why = "A value above its budget is marked ▲, in all sessions of this library."
        super().__init__("Budgets of Web Vitals", why, numbers, parent)

    def budgets(self) -> dict[str, float]:
        """The budgets as they stand in the fields."""
        return dict(self.values())
