"""The connections dialog: which backends there are, how they are reached, their tokens, and a test of each."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QSizePolicy,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from replay_viewer.domain.errors import UserError
from replay_viewer.qt.messages import MessageBar
from replay_viewer.qt.tasks import Tasks
from replay_viewer.qt.widgets import EmptyState, fit, foot, label, named_button, set_role
from replay_viewer.services import connections
from replay_viewer.services.connections import Connection, NoKeyring

if TYPE_CHECKING:
    from replay_viewer.sources import Check

T = TypeVar("T")

_KINDS = (("sentry", "Sentry"), ("posthog", "PostHog"), ("collector", "Collector"))
_ACCOUNTS = {"sentry": "Organisation", "posthog": "Project id", "collector": ""}
_HINTS = {
    "sentry": "A personal token or an internal integration's, with org:read, project:read and event:read.",
    "posthog": "A personal API key with session_recording, query, person, project and error_tracking: read.",
    "collector": "A token of the collector; none when it is open.",
}


class ConnectionsDialog(QDialog):
    """Add, change, test and remove connections. `changed`: the list is another."""

    changed = Signal()

    def __init__(self, home: Path, network: Tasks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._home, self._network = home, network
        self._stop: threading.Event | None = None
        self.setWindowTitle("Connections")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        fit(self, 820, 520)
        self.list = QListWidget()
        self.list.setAccessibleName("Connections")
        self.add_button = named_button("Add", "plus")
        self.remove_button = named_button("Remove", "trash")
        self.address = _field("Address", "any address of the backend, such as that of a session")
        self.name = _field("Name", "such as shop")
        self.kind = QComboBox()
        self.kind.setAccessibleName("Kind")
        for value, text in _KINDS:
            self.kind.addItem(text, value)
        self.account = _field("Organisation or project", "")
        self.token = _field("Token", "")
        self.token.setEchoMode(QLineEdit.EchoMode.Password)
        self.token.setInputMethodHints(Qt.InputMethodHint.ImhSensitiveData | Qt.InputMethodHint.ImhNoPredictiveText)
        self.proxy = _field("Proxy", "none, or http://proxy.example.com:3128")
        self.ca_file = _field("Certificate file", "none, or a PEM file of your own authority")
        self.browse_button = named_button("Choose…", "folder")
        self.verify = QCheckBox("Check certificates")
        self.verify.setAccessibleName("Check certificates")
        self.hint = label("", "muted", wrap=True)
        self.hint.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.MinimumExpanding)
        self.hint.setMinimumHeight(2 * self.hint.fontMetrics().lineSpacing() + 2)
        self.ring = label("", "muted", wrap=True)
        self.outcome = label("", "", selectable=True, wrap=True)
        self.messages = MessageBar()
        self.test_button = named_button("Test", "check")
        self.save_button = named_button("Save", primary=True)
        self.close_button = named_button("Close")
        self._build()
        self.list.currentItemChanged.connect(lambda *_: self._show())
        self.add_button.clicked.connect(self.add)
        self.remove_button.clicked.connect(self.remove)
        self.address.editingFinished.connect(self._guess)
        self.kind.currentIndexChanged.connect(self._kind_changed)
        self.browse_button.clicked.connect(self._choose)
        self.test_button.clicked.connect(self.test)
        self.save_button.clicked.connect(self.save)
        self.close_button.clicked.connect(self.close)
        network.run(connections.has_keyring, self._say_keyring, key="keyring")
        self._fill()

    def _build(self) -> None:
        left = QVBoxLayout()
        body = QWidget()
        body.setFixedWidth(220)
        self._stack = QStackedLayout(body)
        self._stack.addWidget(self.list)
        self._empty = EmptyState("globe")
        self._empty.say("None yet", "Paste any address of Sentry, PostHog or a collector at the right.")
        self._stack.addWidget(self._empty)
        left.addWidget(body, 1)
        row = QHBoxLayout()
        row.addWidget(self.add_button)
        row.addWidget(self.remove_button)
        row.addStretch(1)
        left.addLayout(row)
        form = self._form = QFormLayout()
        form.setHorizontalSpacing(14)
        form.setVerticalSpacing(8)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self._account_label = label("Organisation")
        certificate = QHBoxLayout()
        certificate.setSpacing(8)
        certificate.addWidget(self.ca_file, 1)
        certificate.addWidget(self.browse_button)
        for text, widget in (("Address", self.address), ("Name", self.name), ("Kind", self.kind)):
            form.addRow(label(text), widget)
        form.addRow(self._account_label, self.account)
        form.addRow(label("Token"), self.token)
        form.addRow(label(""), self.hint)
        form.addRow(label("Proxy"), self.proxy)
        form.addRow(label("Certificate"), certificate)
        form.addRow(label(""), self.verify)
        right = QVBoxLayout()
        right.addLayout(form)
        right.addWidget(self.outcome)
        right.addStretch(1)
        right.addWidget(self.ring)
        columns = QHBoxLayout()
        columns.setContentsMargins(16, 14, 16, 8)
        columns.setSpacing(18)
        columns.addLayout(left)
        columns.addLayout(right, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.messages)
        layout.addLayout(columns, 1)
        layout.addLayout(foot(self.test_button, buttons=(self.close_button, self.save_button)))

    # the list

    def _fill(self, select: str = "") -> None:
        try:
            known = connections.connections(self._home)
        except UserError as error:
            self.messages.say(error.message, error.advice)
            known = []
        self.list.blockSignals(True)
        self.list.clear()
        for one in known:
            item = QListWidgetItem(one.name)
            item.setData(Qt.ItemDataRole.UserRole, one)
            item.setToolTip(f"{one.kind} · {one.url} {one.account}")
            self.list.addItem(item)
            if one.name == select:
                self.list.setCurrentItem(item)
        if not select and known:
            self.list.setCurrentRow(0)
        self._stack.setCurrentWidget(self.list if known else self._empty)
        self.list.blockSignals(False)
        self._show()

    def show_one(self, name: str) -> None:
        """Show the connection of this name; '' writes a new one."""
        if name:
            self._fill(name)
        else:
            self.add()

    def current(self) -> Connection | None:
        """The one that is shown, None while a new one is written."""
        item = self.list.currentItem()
        found = item.data(Qt.ItemDataRole.UserRole) if item is not None else None
        return found if isinstance(found, Connection) else None

    def _show(self) -> None:
        one = self.current() or Connection(name="", kind="sentry", url="")
        self.address.setText(one.url)
        self.name.setText(one.name)
        self.kind.setCurrentIndex(max(0, self.kind.findData(one.kind)))
        self.account.setText(one.account)
        self.proxy.setText(one.proxy)
        self.ca_file.setText(one.ca_file)
        self.verify.setChecked(one.verify)
        self.token.clear()
        self.token.setPlaceholderText("leave empty to keep the one there is" if one.name else "paste it here")
        self.outcome.setText("")
        self.remove_button.setEnabled(bool(one.name))
        self._kind_changed()

    def _kind_changed(self) -> None:
        kind = str(self.kind.currentData())
        self._account_label.setText(_ACCOUNTS[kind])
        self._form.setRowVisible(self.account, bool(_ACCOUNTS[kind]))
        self.account.setEnabled(bool(_ACCOUNTS[kind]))
        self.account.setAccessibleName(_ACCOUNTS[kind] or "Account (not needed)")
        self.hint.setText(_HINTS[kind])

    def _guess(self) -> None:
        """Kind, address and account from whatever address was pasted."""
        text = self.address.text().strip()
        if "://" not in text:
            return
        from replay_viewer.services.search_sources import guess  # the HTTP client: not needed to show the dialog

        found = guess(text)
        if found is not None:
            self.kind.setCurrentIndex(max(0, self.kind.findData(found.kind)))
            self.address.setText(found.url)
            if found.account:
                self.account.setText(found.account)
                if not self.name.text():
                    self.name.setText(found.account)

    def _choose(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Certificate file", "", "Certificates (*.pem *.crt *.cer)")
        if name:
            self.ca_file.setText(name)

    # what the buttons do

    def add(self) -> None:
        """Write a new one."""
        self.list.setCurrentItem(None)  # type: ignore[call-overload]
        self._show()
        self.address.setFocus()

    def written(self) -> Connection:
        """What the fields say."""
        return Connection(
            name=self.name.text().strip(),
            kind=str(self.kind.currentData()),
            url=self.address.text().strip(),
            account=self.account.text().strip() if self.account.isEnabled() else "",
            proxy=self.proxy.text().strip(),
            ca_file=self.ca_file.text().strip(),
            verify=self.verify.isChecked(),
        )

    def save(self) -> None:
        """Keep what is written; the token goes into the keyring."""
        made, old, token = self.written(), self.current(), self.token.text().strip()

        def work() -> tuple[Connection, UserError | None]:
            kept = connections.save(self._home, made, replacing=old.name if old else "")
            try:
                if token:
                    connections.keep_token(kept, token)
            except NoKeyring as problem:
                return kept, problem
            return kept, None

        def done(found: tuple[Connection, UserError | None]) -> None:
            kept, problem = found
            self.token.clear()
            self._fill(kept.name)
            self.changed.emit()
            if problem is not None:
                self.messages.say(problem.message, problem.advice, "warning")
            else:
                self.messages.say(f"“{kept.name}” is kept.", "", "info")

        self._run(work, done)

    def remove(self) -> None:
        """Remove the one that is shown, with its token."""
        one = self.current()
        if one is not None:

            def done(_: None) -> None:
                self._fill()
                self.changed.emit()

            self._run(lambda: connections.remove(self._home, one.name), done)

    def test(self) -> None:
        """Try what is written, and say what is missing."""
        made, token = self.written(), self.token.text().strip()
        stop = self._stop = threading.Event()

        def work() -> tuple[list[Check], str]:
            from replay_viewer.services.search_sources import try_out, verdict

            # A kept token is bound to its name and address: what is written now gets it only if these are the same.
            checks = list(try_out(made, token or None, stop.is_set))
            return checks, verdict(checks)

        def done(found: tuple[list[Check], str]) -> None:
            checks, sentence = found
            lines = [
                f"{'✗' if one.problem else '✓'}  {one.name}{'  ' + one.scope if one.scope else ''}" for one in checks
            ]
            good = not any(one.problem for one in checks)
            self.outcome.setText("\n".join([sentence, *lines]))
            set_role(self.outcome, "good" if good else "failed")

        self.outcome.setText("Asking…")
        set_role(self.outcome, "muted")
        self._run(work, done, lambda: self.outcome.setText(""))

    def _run(
        self, work: Callable[[], T], done: Callable[[T], None], failing: Callable[[], None] | None = None
    ) -> None:
        """Work that waits for the keyring or the network."""
        self.messages.hide()
        for button in (self.save_button, self.test_button, self.remove_button):
            button.setEnabled(False)

        def free() -> None:
            for button in (self.save_button, self.test_button):
                button.setEnabled(True)
            self.remove_button.setEnabled(self.current() is not None)

        def succeeded(value: T) -> None:
            free()
            done(value)

        def failed(error: UserError) -> None:
            free()
            if failing is not None:
                failing()
            self.messages.say(error.message, error.advice, "failed")

        self._network.run(work, succeeded, failed, key="connections")

    def _say_keyring(self, there: bool) -> None:
        self.ring.setText(
            "Tokens are kept in the keyring of this system, never in a file."
            if there
            else "This machine has no keyring: a token lasts until the program ends. REPLAY_VIEWER_TOKEN works too."
        )
        set_role(self.ring, "muted" if there else "warning")

    def closeEvent(self, event: QCloseEvent) -> None:
        """Nothing that still runs is heard any more."""
        if self._stop is not None:
            self._stop.set()
        self._network.drop("connections")
        self._network.drop("keyring")
        self.token.clear()
        super().closeEvent(event)


def _field(name: str, placeholder: str) -> QLineEdit:
    field = QLineEdit()
    field.setAccessibleName(name)
    field.setPlaceholderText(placeholder)
    return field
