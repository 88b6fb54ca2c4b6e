"""The incident note composer: title, severity, category; beside it the note as it will be exported; export buttons.

What is previewed went through redaction already: it is the HTML export itself, in a page without scripts.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import Qt, QTimer, QUrl, Signal
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from replay_viewer.analysis.symbols import MapSet
from replay_viewer.domain.errors import UserError
from replay_viewer.export import RESPONSE, IncidentNote, Settings, export, exporter, formats
from replay_viewer.library import Library
from replay_viewer.qt.context import Context
from replay_viewer.qt.evidence import Evidence
from replay_viewer.qt.messages import MessageBar
from replay_viewer.qt.widgets import label, named_button
from replay_viewer.redaction import Redactor
from replay_viewer.services.incident import build, write
from replay_viewer.services.redacting import redactor_for

_DELAY_MS = 350
_ORDER = ("html", "md", "pdf", "json", "txt")


def _prepare(
    library: Library, session: str, span: tuple[float, float] | None, maps: Path | None
) -> tuple[IncidentNote, Redactor]:
    """The note as recorded and the redactor for it. Runs on a worker."""
    redactor = redactor_for(library, session)
    known = MapSet.open(maps) if maps is not None else None
    return build(library, session, range=span, maps=known, redactor=redactor), redactor


class _PlainPreview(QTextBrowser):
    """The preview where no web page can be had; it loads nothing."""

    def show_html(self, text: str) -> None:
        """Show an export."""
        self.setHtml(text)

    def loadResource(self, _kind: int, _name: QUrl | str) -> None:
        """Nothing is loaded."""

    def shutdown(self) -> None:
        """Nothing to take down."""


class Composer(QDialog):
    """Compose and export the incident note of the open session.

    `exported(path)` fires for every file written.
    """

    exported = Signal(str)

    def __init__(
        self,
        context: Context,
        parent: QWidget | None = None,
        *,
        evidence: Evidence | None = None,
    ) -> None:
        super().__init__(parent)
        assert context.opened is not None
        self.context = context
        self._session = context.opened.id
        self._range = context.playhead.range
        self._evidence = evidence
        self._note: IncidentNote | None = None
        self._redactor: Redactor | None = None
        self.setWindowTitle("Incident note")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(980, 720)
        self.title = QLineEdit()
        self.title.setPlaceholderText("What happened, in one line")
        self.title.setAccessibleName("Title")
        self.severity = QComboBox()
        self.severity.setAccessibleName("Severity")
        for level, within in RESPONSE.items():
            self.severity.addItem(f"{level} · respond within {within}", level)
        self.category = QLineEdit()
        self.category.setPlaceholderText("Category, such as payment")
        self.category.setAccessibleName("Category")
        self.preview: Any = evidence.preview() if evidence else _PlainPreview()
        self.preview.setAccessibleName("Preview of the note as exported")
        self.messages = MessageBar()
        self.removed = label("", "muted", wrap=True)
        head = QHBoxLayout()
        head.setContentsMargins(16, 12, 16, 8)
        head.setSpacing(8)
        head.addWidget(self.title, 3)
        head.addWidget(self.severity)
        head.addWidget(self.category, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(16, 8, 16, 12)
        foot.setSpacing(8)
        foot.addWidget(self.removed, 1)
        self.copy_button = named_button("Copy as Markdown", "copy", primary=True)
        self.copy_button.clicked.connect(self.copy_markdown)
        self.buttons = {}
        known = formats()
        for name in (*(one for one in _ORDER if one in known), *(one for one in known if one not in _ORDER)):
            button = named_button(known[name].title, "export")
            button.setToolTip(f"Save as {known[name].title} ({known[name].suffix})")
            button.clicked.connect(partial(self._ask_and_save, name))
            self.buttons[name] = button
            foot.addWidget(button)
        foot.addWidget(self.copy_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self.messages)
        layout.addWidget(self.preview, 1)
        layout.addLayout(foot)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_DELAY_MS)
        self._timer.timeout.connect(self.render_note)
        for field in (self.title, self.category):
            field.textEdited.connect(lambda _text: self._timer.start())
        self.severity.activated.connect(lambda _at: self._timer.start())
        self._enable(False)
        self.removed.setText("Putting the evidence together…")
        context.notes_changed.connect(self.load)
        self.load()

    def load(self) -> None:
        """Put the evidence together again (notes changed)."""
        session, span, maps = self._session, self._range, self.context.maps

        def done(found: tuple[IncidentNote, Redactor]) -> None:
            note, self._redactor = found
            first = self._note is None
            self._note = note
            if first:
                self.title.setText(note.title)
                self.title.setCursorPosition(0)
                self.severity.setCurrentIndex(self.severity.findData(note.severity))
                self.category.setText(note.category)
            self._enable(True)
            self.render_note()

        self.context.tasks.read(
            lambda library: _prepare(library, session, span, maps), done, self._failed, key="incident"
        )

    def note(self) -> IncidentNote:
        """The note with what the fields say."""
        assert self._note is not None
        return msgspec.structs.replace(
            self._note,
            title=self.title.text().strip() or self._note.title,
            severity=self.severity.currentData(),
            category=self.category.text().strip(),
        )

    def render_note(self) -> None:
        """Show the note as it will be exported."""
        if self._note is None or self._redactor is None:
            return
        note, redactor = self.note(), self._redactor

        def work() -> tuple[str, str]:
            page = export(note, "html", redactor, Settings())[0].data.decode()
            removed = redactor.manifest()
            count = sum(getattr(one, "count", 1) for one in removed)
            return page, f"{count:,} sensitive values are masked." if count else "Nothing sensitive was found."

        def done(found: tuple[str, str]) -> None:
            self.preview.show_html(found[0])
            self.removed.setText(found[1])

        self.context.tasks.run(work, done, self._failed, key="incident-preview")

    def copy_markdown(self) -> None:
        """The note as Markdown on the clipboard, ready for a ticket."""
        assert self._redactor is not None
        note, redactor = self.note(), self._redactor

        def done(text: str) -> None:
            QApplication.clipboard().setText(text)
            self.messages.say("Copied as Markdown.", "Paste it into the ticket.", "info")

        self.context.tasks.run(
            lambda: export(note, "md", redactor, Settings())[0].data.decode(), done, self._failed, key="incident-copy"
        )

    def save(self, name: str, out: Path) -> None:
        """Write the note in a format, with pictures when there is a shooter."""
        assert self._redactor is not None
        try:
            note = self._with_pictures(self.note())
            printer = self._evidence.print_html if self._evidence else None
            paths = write(note, name, out, self._redactor, print_html=printer)
        except UserError as error:
            self._failed(error)
            return
        self.messages.say(f"Saved {out.name}.", str(out.parent), "info")
        for path in paths:
            self.exported.emit(str(path))

    def _with_pictures(self, note: IncidentNote) -> IncidentNote:
        if self._evidence is None:
            return note
        shoot = self._evidence.shooter(self.context.library, self._session)
        whole = build(
            self.context.library,
            self._session,
            range=self._range,
            shoot=shoot,
            redactor=self._redactor,
            notes=note.notes,
        )
        return msgspec.structs.replace(note, pictures=whole.pictures)

    def _ask_and_save(self, name: str, _checked: Any = False) -> None:
        chosen = exporter(name)
        suggestion = str(Path.home() / f"incident-{self._session[:8]}{chosen.suffix}")
        out, _ = QFileDialog.getSaveFileName(
            self, f"Save as {chosen.title}", suggestion, f"{chosen.title} (*{chosen.suffix})"
        )
        if out:
            self.save(name, Path(out))

    def _enable(self, on: bool) -> None:
        for button in (*self.buttons.values(), self.copy_button):
            button.setEnabled(on)
        if "pdf" in self.buttons and self._evidence is None:
            self.buttons["pdf"].setVisible(False)

    def done(self, result: int) -> None:
        """Closed by whatever way."""
        self._timer.stop()
        self.preview.shutdown()
        super().done(result)

    def _failed(self, error: UserError) -> None:
        self.messages.say(error.message, error.advice, "failed", self.load)
