"""Add, change, test or remove a place that notes are sent to. Its secret goes into the keyring."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from replay_viewer.domain.errors import UserError
from replay_viewer.qt.messages import MessageBar
from replay_viewer.qt.tasks import Tasks
from replay_viewer.qt.widgets import foot, label, named_button
from replay_viewer.services import connections
from replay_viewer.services.connections import PLACES, Connection, NoKeyring
from replay_viewer.services.senders import sender, senders
from replay_viewer.services.sending import target_of, test

#: Kind → the rows it needs: (attribute, name, hint).
_ROWS = {
    "slack": (("to", "Channel", "For a bot token: C0123ABCD or #incidents"),),
    "pagerduty": (),
    "webhook": (("url", "Address", "https://hooks.example.com/notes"),),
    "email": (
        ("url", "Mail server", "smtp://mail.example.com:587"),
        ("sender", "From", "support@example.com"),
        ("to", "To", "ops@example.com, dev@example.com"),
        ("user", "User", "Who signs in, if anybody must"),
    ),
}
_FIELDS = ("url", "sender", "to", "user")


class PlaceDialog(QDialog):
    """The form of one place. `saved(name)` after it was kept, or with '' after it was removed."""

    saved = Signal(str)

    def __init__(self, home: Path, parent: QWidget | None = None, place: Connection | None = None) -> None:
        super().__init__(parent)
        self._home, self._place = home, place
        self._tasks = Tasks(home, self)
        self.setWindowTitle("Add a place" if place is None else f"Place {place.name}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(480)
        self.kind = QComboBox()
        self.kind.setAccessibleName("Kind")
        for kind, one in senders().items():
            if kind in PLACES:
                self.kind.addItem(one.title, kind)
        self.name = self._field("Name", "As you call it")
        self.fields = {name: self._field(name, "") for name in _FIELDS}
        self.secret = self._field("Secret", "")
        self.secret.setEchoMode(QLineEdit.EchoMode.Password)
        self.needs = label("", "muted", wrap=True)
        self.messages = MessageBar()
        self.test_button = named_button("Save and test")
        self.test_button.clicked.connect(self.try_out)
        self.save_button = named_button("Save", "check", primary=True)
        self.save_button.clicked.connect(self._save_and_close)
        self.remove_button = named_button("Remove", "trash")
        self.remove_button.clicked.connect(self.remove)
        self.remove_button.setVisible(place is not None)
        self._lay_out()
        if place is not None:
            self.kind.setCurrentIndex(self.kind.findData(place.kind))
            self.kind.setEnabled(False)
            self.name.setText(place.name)
            for name, field in self.fields.items():
                field.setText(getattr(place, name))
        self.kind.currentIndexChanged.connect(lambda _at: self._fit())
        self._fit()

    @staticmethod
    def _field(name: str, hint: str) -> QLineEdit:
        field = QLineEdit()
        field.setAccessibleName(name)
        field.setPlaceholderText(hint)
        return field

    def _lay_out(self) -> None:
        self.form = QFormLayout()
        self.form.setContentsMargins(16, 14, 16, 4)
        self.form.setVerticalSpacing(8)
        self.form.setHorizontalSpacing(14)
        self.form.addRow("Kind", self.kind)
        self.form.addRow("Name", self.name)
        for name, field in self.fields.items():
            self.form.addRow(name, field)
        self.form.addRow("Secret", self.secret)
        self.form.addRow("", self.needs)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.messages)
        layout.addLayout(self.form)
        layout.addLayout(foot(self.remove_button, buttons=(self.test_button, self.save_button)))

    def _fit(self) -> None:
        """Show the rows this kind needs."""
        kind = self.kind.currentData()
        rows = {name: (text, hint) for name, text, hint in _ROWS[kind]}
        for name, field in self.fields.items():
            self.form.setRowVisible(field, name in rows)
            if name in rows:
                text, hint = rows[name]
                self.form.labelForField(field).setProperty("text", text)
                field.setAccessibleName(text)
                field.setPlaceholderText(hint)
        kept = " Empty: the one kept stays." if self._place is not None else ""
        self.needs.setText(f"Needed: {sender(kind).needs}. It goes into the keyring.{kept}")

    def place(self) -> Connection:
        """The place as the fields say. Raises BadInput."""
        kind = self.kind.currentData()
        shown = {name for name, _, _ in _ROWS[kind]}
        values = {name: field.text().strip() if name in shown else "" for name, field in self.fields.items()}
        return connections.checked(
            Connection(
                name=self.name.text().strip(),
                kind=kind,
                url=values["url"],
                to=values["to"],
                sender=values["sender"],
                user=values["user"],
            )
        )

    def save(self) -> Connection | None:
        """Keep it, with its secret; None, and the reason in the message bar, when that cannot be."""
        try:
            made = self.place()
            secret = self.secret.text().strip()
            known = connections.token_of(self._place) if self._place is not None else ""
            sender(made.kind).check(target_of(made), secret or known)
            made = connections.save(self._home, made, replacing=self._place.name if self._place else "")
            self._place = made
            if secret:
                connections.keep_token(made, secret)
        except NoKeyring as error:
            # The place is kept and works until the program ends: that is for the person to know, not a failure.
            self.messages.say(error.message, error.advice, "warning")
        except UserError as error:
            self.messages.say(error.message, error.advice, "failed")
            return None
        self.saved.emit(made.name)
        return made

    def _save_and_close(self) -> None:
        if self.save() is not None and self.messages.isHidden():
            self.accept()

    def try_out(self) -> None:
        """Keep it, and ask the service whether a note could be sent."""
        self.messages.hide()
        made = self.save()
        if made is None:
            return
        self.test_button.setEnabled(False)

        def done(said: str) -> None:
            self.test_button.setEnabled(True)
            self.messages.say("It works.", said, "info")

        def failed(error: UserError) -> None:
            self.test_button.setEnabled(True)
            self.messages.say(error.message, error.advice, "failed", self.try_out)

        self._tasks.run(lambda: test(made), done, failed, key="test")

    def remove(self) -> None:
        """Remove the place and its secret."""
        if self._place is None:
            return
        try:
            connections.remove(self._home, self._place.name)
        except UserError as error:
            self.messages.say(error.message, error.advice, "failed", self.remove)
            return
        self.saved.emit("")
        self.accept()

    def done(self, result: int) -> None:
        """Closed by whatever way."""
        self._tasks.close()
        super().done(result)
