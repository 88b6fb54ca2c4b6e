"""The dialog that changes the budgets of Web Vitals."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QDoubleSpinBox, QFormLayout, QVBoxLayout, QWidget

from replay_viewer.analysis.vitals import BUDGETS
from replay_viewer.qt.widgets import label

_WORDS = {
    "LCP": "Largest Contentful Paint",
    "INP": "Interaction to Next Paint",
    "CLS": "Cumulative Layout Shift",
    "FCP": "First Contentful Paint",
    "TTFB": "Time to First Byte",
    "FID": "First Input Delay",
    "TTI": "Time to Interactive",
}


class BudgetDialog(QDialog):
    """One field per measure; ms, CLS without unit."""

    def __init__(self, budgets: Mapping[str, float], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Budgets of Web Vitals")
        self.setAccessibleName("Budgets of Web Vitals")
        self.fields: dict[str, QDoubleSpinBox] = {}
        form = QFormLayout()
        for name, words in _WORDS.items():
            field = QDoubleSpinBox()
            field.setRange(0.001, 600_000.0)
            field.setDecimals(3 if name == "CLS" else 0)
            field.setSingleStep(0.01 if name == "CLS" else 100.0)
            field.setSuffix("" if name == "CLS" else " ms")
            field.setValue(budgets[name])
            field.setAccessibleName(f"Budget of {words}")
            self.fields[name] = field
            form.addRow(f"{words} ({name})", field)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok
            | QDialogButtonBox.StandardButton.Cancel
            | QDialogButtonBox.StandardButton.RestoreDefaults
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        buttons.button(QDialogButtonBox.StandardButton.RestoreDefaults).clicked.connect(self._restore)
        layout = QVBoxLayout(self)
        layout.addWidget(label("A value above its budget is marked ▲, in all sessions of this library.", "muted"))
        layout.addLayout(form)
        layout.addWidget(buttons)

    def budgets(self) -> dict[str, float]:
        """The budgets as they stand in the fields."""
        return {name: field.value() for name, field in self.fields.items()}

    def _restore(self) -> None:
        for name, field in self.fields.items():
            field.setValue(BUDGETS[name])
