"""Before anything leaves: every hit of redaction with before and after, by rule; what to allow, what to add."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from replay_viewer.domain.errors import UserError
from replay_viewer.library import Library
from replay_viewer.qt.context import Context
from replay_viewer.qt.copying import copyable
from replay_viewer.qt.messages import MessageBar, ProgressRow
from replay_viewer.qt.picking import SelectorPicker
from replay_viewer.qt.tails import TAIL, TailDelegate
from replay_viewer.qt.tasks import Tasks
from replay_viewer.qt.theme import data_font
from replay_viewer.qt.widgets import FilterField, fit, foot, label, named_button, set_role
from replay_viewer.qt.wording import one_line
from replay_viewer.redaction import RULES, Allow, HitLog, Line, OwnRule, OwnRules, Redactor
from replay_viewer.redaction.own import OwnKind, check_rule
from replay_viewer.services import redacting
from replay_viewer.services.reviewing import Leaving, review

_HEAD = ("Rule", "Where", "Before", "After", "Times")
_KINDS: tuple[tuple[str, OwnKind, str], ...] = (
    ("Text", "text", "A text, wherever it stands"),
    ("Pattern", "pattern", "A regular expression, such as ORD-\\d{6}"),
    ("Field", "field", "The name of a field, such as loyaltyNumber"),
    ("Element", "element", "A CSS selector, such as .account .balance"),
)
_TITLE = {"api-key": "API key", "jwt": "Web token", "ip": "IP address", "iban": "IBAN", "national-id": "National id"}
_Index = QModelIndex | QPersistentModelIndex


def rule_title(rule: str) -> str:
    """What a person calls a rule."""
    return _TITLE.get(rule) or rule.replace("-", " ").capitalize()


class HitTable(QAbstractTableModel):
    """The lines of a review, those of one rule or with one text in them."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._all: list[Line] = []
        self._shown: list[Line] = []

    def set_lines(self, lines: Sequence[Line]) -> None:
        """Other lines."""
        self._all = list(lines)
        self.choose("", "")

    def choose(self, rule: str, text: str) -> None:
        """Show the lines of a rule ('' all) that hold a text."""
        wanted = text.lower()
        self.beginResetModel()
        self._shown = [
            line
            for line in self._all
            if (not rule or line.rule == rule)
            and (not wanted or wanted in line.before.lower() or wanted in line.where or wanted in line.after.lower())
        ]
        self.endResetModel()

    def line(self, row: int) -> Line:
        """The line of a row."""
        return self._shown[row]

    def rowCount(self, parent: _Index | None = None) -> int:
        """Lines shown; a line has none below it."""
        return 0 if parent is not None and parent.isValid() else len(self._shown)

    def columnCount(self, parent: _Index | None = None) -> int:
        """Columns."""
        return 0 if parent is not None and parent.isValid() else len(_HEAD)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        """Titles."""
        if role == Qt.ItemDataRole.TextAlignmentRole and section == 4:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        shown = orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole
        return _HEAD[section] if shown else None

    def data(self, index: _Index, role: int = 0) -> Any:
        """Texts; the whole value in the tooltip."""
        line = self._shown[index.row()]
        column = index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            cells = (
                rule_title(line.rule), line.where, one_line(line.before, 300), one_line(line.after, 100),
                f"{line.count:,}",
            )  # fmt: skip
            return cells[column]
        if role == Qt.ItemDataRole.FontRole and column in (2, 3):
            return data_font()
        if role == Qt.ItemDataRole.TextAlignmentRole and column == 4:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None


class ReviewDialog(QDialog):
    """Shows what redaction removes from `leaving`; accepted, `redactor` is the one to export with.

    `approved(redactor)` fires once, when the person lets it leave.
    """

    approved = Signal(object)
    #: From the worker: (number of the look, steps done, steps in all).
    _advanced = Signal(int, int, int)

    def __init__(
        self, context: Context, leaving: Leaving, parent: QWidget | None = None, *, verb: str = "Export"
    ) -> None:
        super().__init__(parent)
        self.context = context
        self._leaving = leaving
        self._tasks = Tasks(context.library.home, self)
        self._redactor: Redactor | None = None
        self._log = HitLog()
        self._stopped = False
        self._looks = 0
        self._changes: list[OwnRule | Allow] = []
        self.rules = OwnRules()
        self.setWindowTitle(f"Before it leaves: {leaving.title or leaving.format}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        fit(self, 1060, 640)
        self.summary = label("Looking for what is personal…", "title", wrap=True)
        self.profile = QComboBox()
        self.profile.setAccessibleName("Redaction profile")
        self.counts = QListWidget()
        self.counts.setAccessibleName("Removals by rule")
        self.counts.setItemDelegate(TailDelegate(self.counts))
        self.filter = FilterField("Filter the hits")
        self.table = QTableView()
        self.table.setAccessibleName("What is removed, before and after")
        self.model = HitTable(self)
        self.kind = QComboBox()
        self.kind.setAccessibleName("Kind of rule to add")
        self.what = QLineEdit()
        self.what.setAccessibleName("What to remove as well")
        self.keep = QCheckBox("Keep these changes for every export from this library")
        self.messages = MessageBar()
        self.progress = ProgressRow()
        self.changed = label("", "muted", wrap=True)
        self.allow_here = named_button("Allow here")
        self.allow_here.setToolTip("This value may leave in this place")
        self.allow_value = named_button("Allow this value")
        self.allow_value.setToolTip("This value may leave wherever it stands")
        self.allow_rule = named_button("Allow this rule")
        self.allow_rule.setToolTip("Nothing is removed by this rule")
        self.undo_button = named_button("Undo", "undo")
        self.add_button = named_button("Remove this too", "plus")
        self.pick_button = named_button("Pick in the page", "pick")
        self.cancel_button = named_button("Cancel")
        self.export_button = named_button(verb, "export", primary=True)
        self._lay_out()
        self._wire()
        self.read_rules()

    def _lay_out(self) -> None:
        self.table.setModel(self.model)
        copyable(self.table)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(24)
        self.table.setWordWrap(False)
        self.table.setTextElideMode(Qt.TextElideMode.ElideRight)
        header = self.table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for section, width in enumerate((120, 130, 0, 130, 60)):
            if width:
                self.table.setColumnWidth(section, width)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        for text, kind, hint in _KINDS:
            self.kind.addItem(text, kind)
            self.kind.setItemData(self.kind.count() - 1, hint, Qt.ItemDataRole.ToolTipRole)
        head = QHBoxLayout()
        head.setContentsMargins(16, 12, 16, 8)
        head.setSpacing(8)
        head.addWidget(self.summary, 1)
        head.addWidget(label("Profile", "muted"))
        head.addWidget(self.profile)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.filter)
        column.addWidget(self.table, 1)
        split = QSplitter()
        split.addWidget(self.counts)
        split.addWidget(right)
        split.setStretchFactor(1, 1)
        split.setSizes([210, 850])
        split.setContentsMargins(16, 0, 16, 0)
        allow = QHBoxLayout()
        allow.setContentsMargins(16, 8, 16, 0)
        allow.setSpacing(8)
        for button in (self.allow_here, self.allow_value, self.allow_rule):
            allow.addWidget(button)
        allow.addStretch(1)
        allow.addWidget(self.kind)
        allow.addWidget(self.what, 2)
        allow.addWidget(self.pick_button)
        allow.addWidget(self.add_button)
        buttons = (self.undo_button, self.cancel_button, self.export_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.messages)
        layout.addWidget(self.progress)
        layout.addLayout(head)
        layout.addWidget(split, 1)
        layout.addLayout(allow)
        layout.addLayout(foot(self.keep, self.changed, buttons=buttons, wide=self.changed))

    def _wire(self) -> None:
        self.counts.currentItemChanged.connect(self._choose)
        self.filter.changed.connect(lambda *_: self._choose())
        self.table.selectionModel().currentRowChanged.connect(self._enable)
        self.allow_here.clicked.connect(lambda: self._allow("here"))
        self.allow_value.clicked.connect(lambda: self._allow("value"))
        self.allow_rule.clicked.connect(lambda: self._allow("rule"))
        self.add_button.clicked.connect(self.add)
        self.what.returnPressed.connect(self.add)
        self.undo_button.clicked.connect(self.undo)
        self.pick_button.clicked.connect(self._pick)
        self.kind.currentIndexChanged.connect(self._hint)
        self.profile.activated.connect(lambda _at: self.look())
        self.progress.cancelled.connect(self._stop)
        self._advanced.connect(self._progressed)
        self.cancel_button.clicked.connect(self.reject)
        self.export_button.clicked.connect(self._approve)
        # Not Enter: that adds a rule, and must never let something leave by accident.
        self.export_button.setToolTip("Ctrl Enter")
        for key in ("Ctrl+Return", "Ctrl+Enter"):
            QShortcut(QKeySequence(key), self).activated.connect(self.export_button.click)
        self._picker = SelectorPicker(self.context, self)
        self._picker.picked.connect(self._picked)
        self._picker.failed.connect(self._failed)
        self._hint()

    # -- what is found -----------------------------------------------------------------------------------------

    def read_rules(self) -> None:
        """Read the library's own rules, then look."""
        try:
            self.rules = redacting.rules_of(self.context.library.home)
        except UserError as error:
            self.messages.say(error.message, error.advice, "failed", self.read_rules)
            self.export_button.setEnabled(False)
            return
        self.profile.clear()
        for name in redacting.profiles(self.rules):
            self.profile.addItem(name.capitalize() if name in ("strict", "none") else name, name)
        self.look()

    @property
    def own(self) -> OwnRules:
        """The library's rules and what was changed here."""
        return self.rules.plus(
            [one for one in self._changes if isinstance(one, OwnRule)],
            [one for one in self._changes if isinstance(one, Allow)],
        )

    def look(self) -> None:
        """See what redaction removes now."""
        leaving, profile, own = self._leaving, self.profile.currentData(), self.own
        self._looks += 1
        look = self._looks
        self._redactor = None
        self._stopped = False
        self.export_button.setEnabled(False)
        self._enable()
        self._tell_changes()
        self.progress.begin("Looking for what is personal")

        def work(library: Library) -> tuple[HitLog, Redactor]:
            return review(
                library, leaving, profile, own,
                progress=lambda done, total: self._advanced.emit(look, done, total),
                cancelled=lambda: self._stopped or look != self._looks,
            )  # fmt: skip

        self._tasks.read(work, self._looked, self._failed, key="review")

    def _progressed(self, look: int, done: int, total: int) -> None:
        if look == self._looks and self._redactor is None:
            self.progress.set_progress(done, total)

    def _looked(self, found: tuple[HitLog, Redactor]) -> None:
        self.progress.end()
        self._log, self._redactor = found
        row = max(0, self.counts.currentRow())
        self.model.set_lines(self._log.lines())
        self.counts.blockSignals(True)
        self.counts.clear()
        for rule, count in [("", self._log.total), *sorted(self._log.counts.items(), key=lambda pair: -pair[1])]:
            item = QListWidgetItem(rule_title(rule) if rule else "All")
            item.setData(TAIL, f"{count:,}")
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{item.text()}, {count:,}")
            item.setData(Qt.ItemDataRole.UserRole, rule)
            item.setToolTip(RULES[rule].finds if rule in RULES else "")
            self.counts.addItem(item)
        self.counts.setCurrentRow(min(row, self.counts.count() - 1))
        self.counts.blockSignals(False)
        what = self._leaving.title or self._leaving.format
        total = self._log.total
        if not self._redactor.strict:
            self.summary.setText(f"Nothing is removed: {what} would leave as recorded.")
        elif total:
            plural = "value is" if total == 1 else "values are"
            more = f" {self._log.unlisted:,} more than can be listed." if self._log.unlisted else ""
            self.summary.setText(f"{total:,} {plural} replaced before {what} leaves.{more}")
        else:
            self.summary.setText(f"Nothing personal was found in {what}.")
        set_role(self.summary, "title" if self._redactor.strict else "warning")
        self.export_button.setEnabled(True)
        self._choose()
        self._tell_changes()

    def _choose(self, *_: Any) -> None:
        item = self.counts.currentItem()
        self.model.choose(item.data(Qt.ItemDataRole.UserRole) if item else "", self.filter.text())
        self._enable()

    def current(self) -> Line | None:
        """The hit that is selected."""
        index = self.table.currentIndex()
        return self.model.line(index.row()) if index.isValid() else None

    def _enable(self, *_: Any) -> None:
        line = self.current()
        for button in (self.allow_here, self.allow_value, self.allow_rule):
            button.setEnabled(line is not None and self._redactor is not None)

    # -- what is changed -----------------------------------------------------------------------------------------

    def _allow(self, how: str) -> None:
        line = self.current()
        if line is None:
            return
        if how == "rule":
            self.change(Allow(rule=line.rule))
        else:
            self.change(Allow(value=line.before, where=line.where if how == "here" else ""))

    def add(self) -> None:
        """Remove what is written as well."""
        rule = OwnRule(kind=self.kind.currentData(), what=self.what.text().strip())
        try:
            check_rule(rule)
            if rule.kind == "element":
                redacting.picker(rule.what)
        except UserError as error:
            self.messages.say(error.message, error.advice, "warning")
            return
        self.what.clear()
        self.change(rule)

    def change(self, one: OwnRule | Allow) -> None:
        """Allow or remove something, and look again."""
        self.messages.hide()
        self._changes.append(one)
        self.look()

    def undo(self) -> None:
        """Take the last change back."""
        if self._changes:
            self._changes.pop()
            self.look()

    def _tell_changes(self) -> None:
        count = len(self._changes)
        self.changed.setText("" if not count else f"{count} change{'s' if count > 1 else ''}")
        self.keep.setVisible(count > 0)
        self.undo_button.setVisible(count > 0)

    def _hint(self, *_: Any) -> None:
        element = self.kind.currentData() == "element"
        self.pick_button.setVisible(element and self.context.opened is not None)
        self.what.setPlaceholderText(_KINDS[max(0, self.kind.currentIndex())][2])

    def _pick(self) -> None:
        self.messages.say("Click the element in the page.", "Esc ends picking.", "info")
        self._picker.begin()

    def _picked(self, selector: str) -> None:
        self.what.setText(selector)
        self.raise_()
        self.activateWindow()

    # -- the end ---------------------------------------------------------------------------------------------------

    def _approve(self) -> None:
        if self._redactor is None:
            return
        if self.keep.isChecked() and self._changes:
            try:
                redacting.keep_rules(self.context.library.home, self.own)
            except UserError as error:
                self.messages.say(error.message, error.advice, "failed")
                return
        redactor, self._redactor = self._redactor, None
        self.approved.emit(redactor)
        self.accept()

    def _stop(self) -> None:
        self._stopped = True
        self.reject()

    def _failed(self, error: UserError) -> None:
        self.progress.end()
        self.messages.say(error.message, error.advice, "failed", self.look)

    def done(self, result: int) -> None:
        """Closed by whatever way: what runs stops."""
        self._stopped = True
        self._picker.end()
        self._tasks.close()
        super().done(result)
