"""Send an incident note: choose the place, read exactly what goes, send it; or add a place."""

from __future__ import annotations

import threading
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from replay_viewer.domain.errors import Cancelled, UserError
from replay_viewer.export import IncidentNote
from replay_viewer.qt.context import Context
from replay_viewer.qt.messages import MessageBar, ProgressRow
from replay_viewer.qt.placedialog import PlaceDialog
from replay_viewer.qt.tasks import Tasks
from replay_viewer.qt.theme import data_font
from replay_viewer.qt.widgets import fit, foot, label, named_button
from replay_viewer.redaction import Redactor
from replay_viewer.services import connections
from replay_viewer.services.senders import Receipt, senders
from replay_viewer.services.sending import Ready, make_ready, send

_NOWHERE = "There is no place to send to yet. Add one: Slack, PagerDuty, a webhook or e-mail."


class SendDialog(QDialog):
    """Send `note`, redacted by `redactor`, to one of the places. `sent(what the place said)`."""

    sent = Signal(str)

    def __init__(
        self, context: Context, note: IncidentNote, redactor: Redactor, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._home = context.library.home
        self._note, self._redactor = note, redactor
        self._ready: Ready | None = None
        self._gave_up = threading.Event()
        # Its own worker: a service that lets one wait must not hold up the window's reads.
        self._tasks = Tasks(self._home, self)
        self.setWindowTitle("Send the incident note")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        fit(self, 720, 560)
        self.places = QComboBox()
        self.places.setAccessibleName("Place")
        self.places.currentIndexChanged.connect(lambda _at: self._pack())
        self.add_button = named_button("Add a place…", "plus")
        self.add_button.clicked.connect(self.add_place)
        self.edit_button = named_button("Edit…", "edit")
        self.edit_button.clicked.connect(self.edit_place)
        self.preview = QPlainTextEdit()
        self.preview.setObjectName("code")
        self.preview.setReadOnly(True)
        self.preview.setFont(data_font())
        self.preview.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self.preview.setAccessibleName("Exactly what is sent")
        self.messages = MessageBar()
        self.progress = ProgressRow()
        self.progress.cancelled.connect(self._gave_up.set)
        self.said = label("", "muted", wrap=True)
        self.send_button = named_button("Send", "export", primary=True)
        self.send_button.clicked.connect(self.send)
        self.close_button = named_button("Close")
        self.close_button.clicked.connect(self.reject)
        self._lay_out()
        self.fill()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(16, 12, 16, 8)
        head.setSpacing(8)
        head.addWidget(label("To", "muted"))
        head.addWidget(self.places, 1)
        head.addWidget(self.edit_button)
        head.addWidget(self.add_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.messages)
        layout.addWidget(self.progress)
        layout.addLayout(head)
        layout.addWidget(self.preview, 1)
        layout.addLayout(foot(self.said, buttons=(self.close_button, self.send_button), wide=self.said))

    # -- places ---------------------------------------------------------------------------------------------------

    def fill(self, chosen: str = "") -> None:
        """Read the places; `chosen` is picked."""
        self.places.blockSignals(True)
        self.places.clear()
        try:
            titles = {kind: one.title for kind, one in senders().items()}
            for one in connections.places(self._home):
                self.places.addItem(
                    f"{one.name} · {titles.get(one.kind, one.kind)}{' · ' + one.to if one.to else ''}", one
                )
        except UserError as error:
            self.messages.say(error.message, error.advice, "failed", partial(self.fill, chosen))
        names = [self.places.itemData(at).name for at in range(self.places.count())]
        if chosen in names:
            self.places.setCurrentIndex(names.index(chosen))
        self.places.blockSignals(False)
        self._pack()

    def add_place(self) -> None:
        """Ask for a new place."""
        dialog = PlaceDialog(self._home, self)
        dialog.saved.connect(self.fill)
        dialog.open()

    def edit_place(self) -> None:
        """Change or remove the chosen one."""
        one = self.places.currentData()
        if one is not None:
            dialog = PlaceDialog(self._home, self, one)
            dialog.saved.connect(self.fill)
            dialog.open()

    # -- the parcel -----------------------------------------------------------------------------------------------

    def _pack(self) -> None:
        """Show what would go to the chosen place."""
        one = self.places.currentData()
        self._ready = None
        self.send_button.setEnabled(False)
        self.edit_button.setEnabled(one is not None)
        if one is None:
            self.preview.setPlainText(_NOWHERE)
            self.said.setText("")
            return
        self.preview.setPlainText("Putting together what would be sent…")
        note, redactor = self._note, self._redactor

        def done(ready: Ready) -> None:
            self._ready = ready
            self.preview.setPlainText(ready.parcel.preview())
            self.said.setText("This is what is sent, after redaction; nothing else.")
            self.send_button.setEnabled(True)

        def failed(error: UserError) -> None:
            self.preview.setPlainText("")
            self.messages.say(error.message, error.advice, "failed")

        self._tasks.run(lambda: make_ready(one, note, redactor), done, failed, key="pack")

    def send(self) -> None:
        """Send the parcel that is shown."""
        ready = self._ready
        if ready is None:
            return
        self._gave_up.clear()
        self.messages.hide()
        self._sending(True, ready.place.name)
        gave_up = self._gave_up

        def work() -> Receipt | None:
            try:
                return send(ready, gave_up.is_set)
            except Cancelled:
                return None

        def done(receipt: Receipt | None) -> None:
            self._sending(False)
            if receipt is None:
                self.messages.say("Cancelled.", "Nothing was sent.", "info")
                return
            self.messages.say("Sent.", receipt.said, "info")
            self.sent.emit(receipt.said)

        def failed(error: UserError) -> None:
            self._sending(False)
            self.messages.say(error.message, error.advice, "failed", self.send)

        self._tasks.run(work, done, failed, key="send")

    def _sending(self, on: bool, where: str = "") -> None:
        for widget in (self.places, self.edit_button, self.add_button, self.send_button, self.close_button):
            widget.setEnabled(not on)
        if on:
            self.progress.begin(f"Sending to {where}")
        else:
            self.progress.end()

    def reject(self) -> None:
        """Escape while a note is on its way cancels that first; what the place says is still shown."""
        if self.progress.isVisible():
            self._gave_up.set()
        else:
            super().reject()

    def done(self, result: int) -> None:
        """Closed by whatever way."""
        self._gave_up.set()
        self._tasks.close()
        super().done(result)
