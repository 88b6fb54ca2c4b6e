"""A dialog of numbers that can be changed and put back: thresholds, budgets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QDoubleSpinBox, QFormLayout, QVBoxLayout, QWidget

from replay_viewer.qt.widgets import label


@dataclass(frozen=True)
class Number:
    """One of them: its name, its words, its value now and usually, its range and how it is written."""

    name: str
    words: str
    value: float
    usual: float
    low: float = 1.0
    high: float = 600_000.0
    decimals: int = 0
    step: float = 1.0
    unit: str = ""
    accessible: str = ""


class NumbersDialog(QDialog):
    """One field per number. `values()` after it was accepted."""

    def __init__(self, title: str, why: str, numbers: Sequence[Number], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self._usual = {one.name: one.usual for one in numbers}
        self.fields: dict[str, QDoubleSpinBox] = {}
        form = QFormLayout()
        form.setHorizontalSpacing(14)
        form.setVerticalSpacing(8)
        for one in numbers:
            field = QDoubleSpinBox()
            field.setDecimals(one.decimals)
            field.setRange(one.low, one.high)
            field.setSingleStep(one.step)
            field.setSuffix(one.unit)
            field.setValue(one.value)
            field.lineEdit().setTextMargins(8, 0, 0, 0)  # a style sheet has no say in it
            field.setAccessibleName(one.accessible or one.words)
            self.fields[one.name] = field
            form.addRow(one.words, field)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok
            | QDialogButtonBox.StandardButton.Cancel
            | QDialogButtonBox.StandardButton.RestoreDefaults
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        buttons.button(QDialogButtonBox.StandardButton.RestoreDefaults).clicked.connect(self.restore)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 12)
        layout.setSpacing(12)
        layout.addWidget(label(why, "muted"))
        layout.addLayout(form)
        layout.addWidget(buttons)

    def values(self) -> Mapping[str, float]:
        """What the fields say."""
        return {name: field.value() for name, field in self.fields.items()}

    def restore(self) -> None:
        """The usual numbers."""
        for name, field in self.fields.items():
            field.setValue(self._usual[name])
