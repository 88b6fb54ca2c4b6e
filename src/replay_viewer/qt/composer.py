"""The incident note composer: what a person says of the incident, beside it the note as it will be exported.

What is previewed went through redaction already: it is the HTML export itself, in a page without scripts. Nothing
leaves before its removals were looked at (`qt.redaction`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QMimeData, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QFileDialog,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QSplitter,
    QStackedLayout,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from replay_viewer.domain.errors import Cancelled, UserError
from replay_viewer.export import RESPONSE, IncidentNote, Settings, export
from replay_viewer.export.charts import TITLES
from replay_viewer.library import Library
from replay_viewer.qt.context import Context
from replay_viewer.qt.evidence import Evidence
from replay_viewer.qt.messages import MessageBar, ProgressRow
from replay_viewer.qt.redaction import ReviewDialog
from replay_viewer.qt.senddialog import SendDialog
from replay_viewer.qt.steplist import StepList
from replay_viewer.qt.tasks import Tasks
from replay_viewer.qt.widgets import EmptyState, fit, foot, label, named_button
from replay_viewer.redaction import Redactor
from replay_viewer.redaction.redactor import SCREENSHOTS
from replay_viewer.services.incident import build, write
from replay_viewer.services.outputs import Order, Output, outputs, write_output
from replay_viewer.services.redacting import redactor_for
from replay_viewer.services.reviewing import Leaving

_DELAY_MS = 350
_ORDER = ("html", "md", "pdf", "json", "txt")
_COPIES = (("md", "Copy as Markdown"), ("txt", "Copy as plain text"), ("html", "Copy as rich text"))


def _prepare(
    library: Library, session: str, span: tuple[float, float] | None, maps: Path | None, redactor: Redactor | None
) -> tuple[IncidentNote, Redactor]:
    """The note as recorded and the redactor for it. Runs on a worker."""
    redactor = redactor or redactor_for(library, session)
    return build(library, session, range=span, maps=maps, redactor=redactor), redactor


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
    """Compose and export the incident note of the open session, and whatever else can leave it.

    `exported(path)` fires for every file written; `clip_asked(format)`: a clip is wanted.
    """

    exported = Signal(str)
    clip_asked = Signal(str)

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
        #: What was looked at and let go: digest of the content → the redactor it leaves by.
        self._approved: dict[str, Redactor] = {}
        self._pictured: tuple[Redactor, tuple[Any, ...]] | None = None
        self._closed = self._stopped = self._send_first = self._shooting = False
        self._tasks = Tasks(context.library.home, self)
        self.setWindowTitle("Incident note")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        fit(self, 1180, 760)
        self._make_fields()
        self.preview: Any = evidence.preview() if evidence else _PlainPreview()
        self.preview.setAccessibleName("Preview of the note as exported")
        self.messages = MessageBar()
        self.progress = ProgressRow()
        self.progress.cancelled.connect(self._stop)
        self.removed = named_button("Putting the evidence together…", flat=True)
        self.removed.setToolTip("Look at what redaction removes, before and after")
        self.removed.clicked.connect(lambda: self._reviewed("html", lambda _redactor: None, verb="Approve", ask=True))
        self._make_buttons()
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_DELAY_MS)
        self._timer.timeout.connect(self.render_note)
        for line in (self.title, self.category, self.affected):
            line.textEdited.connect(lambda _text: self._timer.start())
        for box in (self.cause, self.summary):
            box.textChanged.connect(self._timer.start)
        self.steps.changed.connect(self._timer.start)
        self.include.triggered.connect(self._included)
        self.severity.activated.connect(lambda _at: self._timer.start())
        self._enable(False)
        context.notes_changed.connect(self.load)
        self.load()

    # -- building ------------------------------------------------------------------------------------------------

    def _make_fields(self) -> None:
        self.title = self._line("Title", "What happened, in one line")
        self.severity = QComboBox()
        self.severity.setAccessibleName("Severity")
        for level, within in RESPONSE.items():
            self.severity.addItem(f"{level} · respond within {within}", level)
        self.category = self._line("Category", "Such as payment")
        self.affected = self._line("Users affected", "Such as 12 of 340 today, or one")
        self.cause = self._text("Suspected cause", "What is behind it, as far as known")
        self.summary = self._text("Summary", "What the next person should know first")
        self.steps = StepList()
        self.facts = label("", "muted", wrap=True, selectable=True)

    @staticmethod
    def _line(name: str, hint: str) -> QLineEdit:
        field = QLineEdit()
        field.setPlaceholderText(hint)
        field.setAccessibleName(name)
        return field

    @staticmethod
    def _text(name: str, hint: str) -> QPlainTextEdit:
        field = QPlainTextEdit()
        field.setPlaceholderText(hint)
        field.setAccessibleName(name)
        field.setTabChangesFocus(True)
        return field

    def _make_buttons(self) -> None:
        known = outputs()
        self.buttons = {}
        notes = [name for name, one in known.items() if one.note]
        for name in (*(one for one in _ORDER if one in notes), *(one for one in notes if one not in _ORDER)):
            button = named_button(known[name].title, "export")
            button.setToolTip(f"Save as {known[name].title} ({known[name].suffix})")
            button.clicked.connect(partial(self._ask_and_save, name))
            self.buttons[name] = button
        self.more = QMenu(self)
        for name, one in known.items():
            if not one.note:
                action = self.more.addAction(f"{one.title}… ({one.suffix})")
                then = partial(self._ask_for_clip, name) if one.clip else partial(self._ask_and_save, name)
                action.triggered.connect(then)
        self.more_button = named_button("More", "export")
        self.more_button.setToolTip("Requests, a reproduction, the whole session, a clip")
        self.more_button.setMenu(self.more)
        self.include = QMenu(self)
        self.parts: dict[str, QAction] = {}
        for name, text in (("pictures", "Pictures of the page"), *((one, f"Chart: {TITLES[one]}") for one in TITLES)):
            action = self.include.addAction(text)
            action.setCheckable(True)
            action.setChecked(True)
            self.parts[name] = action
        self.include.addSeparator()
        self.with_maps = self.include.addAction("Source maps in a bundle (they hold source code)")
        self.with_maps.setCheckable(True)
        self.include_button = named_button("Include", "filter", flat=True)
        self.include_button.setToolTip("Pictures and charts the note has, source maps a bundle has")
        self.include_button.setMenu(self.include)
        self.send_button = named_button("Send…", "link")
        self.send_button.setToolTip("Send the note to Slack, PagerDuty, a webhook or by e-mail")
        self.send_button.clicked.connect(lambda: self._reviewed("html", self.ask_and_send, verb="Send"))
        self.copies = QMenu(self)
        for name, text in _COPIES:
            self.copies.addAction(text).triggered.connect(partial(self._ask_and_copy, name))
        self.copy_button = named_button("Copy for a ticket", "copy", primary=True)
        self.copy_button.setMenu(self.copies)
        self.copy_button.setToolTip("Ctrl Enter copies as Markdown")
        for key in ("Ctrl+Return", "Ctrl+Enter"):
            QShortcut(QKeySequence(key), self).activated.connect(partial(self._ask_and_copy, "md"))

    def _lay_out(self) -> None:
        form = QWidget()
        form.setObjectName("detail")
        form.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(form)
        column.setContentsMargins(16, 12, 12, 12)
        column.setSpacing(4)
        for name, field, stretch in (
            ("Title", self.title, 0), ("Severity", self.severity, 0), ("Category", self.category, 0),
            ("Users affected", self.affected, 0), ("Suspected cause", self.cause, 1), ("Summary", self.summary, 1),
        ):  # fmt: skip
            column.addWidget(label(name, "muted"))
            column.addWidget(field, stretch)
            column.addSpacing(4)
        column.addWidget(self.steps, 2)
        column.addSpacing(4)
        column.addWidget(self.facts)
        column.addSpacing(4)
        column.addWidget(self.include_button, 0, Qt.AlignmentFlag.AlignLeft)
        split = QSplitter()
        right = QWidget()
        self._right = QStackedLayout(right)
        self._wait = EmptyState("incident")
        self._wait.say("Putting the evidence together…", "What happened, what failed, what the page showed.")
        self._right.addWidget(self._wait)
        self._right.addWidget(self.preview)
        split.addWidget(form)
        split.addWidget(right)
        split.setStretchFactor(1, 1)
        split.setSizes([300, 880])
        split.setChildrenCollapsible(False)
        made = (*self.buttons.values(), self.more_button, self.send_button, self.copy_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.messages)
        layout.addWidget(self.progress)
        layout.addWidget(split, 1)
        layout.addLayout(foot(self.removed, buttons=made))

    # -- the note --------------------------------------------------------------------------------------------------

    def load(self) -> None:
        """Put the evidence together again (notes changed)."""
        session, span, maps, redactor = self._session, self._range, self.context.maps, self._redactor

        def done(found: tuple[IncidentNote, Redactor]) -> None:
            note, self._redactor = found
            first = self._note is None
            self._note = msgspec.structs.replace(note, pictures=self._note.pictures if self._note else [])
            if first:
                self.title.setText(note.title)
                self.title.setCursorPosition(0)
                self.severity.setCurrentIndex(self.severity.findData(note.severity))
                self.category.setText(note.category)
            self.facts.setText(_facts(note))
            self.steps.offer(note.steps)
            self._enable(not self._shooting)
            self.render_note()
            if self._send_first:
                self._send_first = False
                self.send_button.click()
            QTimer.singleShot(0, self, self.take_pictures)

        self._tasks.read(
            lambda library: _prepare(library, session, span, maps, redactor), done, self._failed, key="incident"
        )

    def note(self) -> IncidentNote:
        """The note with what the fields say."""
        assert self._note is not None
        return msgspec.structs.replace(
            self._note,
            title=self.title.text().strip() or self._note.title,
            severity=self.severity.currentData(),
            category=self.category.text().strip(),
            affected=self.affected.text().strip(),
            cause=self.cause.toPlainText().strip(),
            summary=self.summary.toPlainText().strip(),
            steps=self.steps.steps(),
            charts=[one for one in self._note.charts if self.parts[one.name].isChecked()],
            pictures=self._note.pictures if self.parts["pictures"].isChecked() else [],
        )

    def _included(self, action: QAction) -> None:
        self._timer.start()
        if action is self.parts["pictures"] and action.isChecked():
            self.take_pictures()

    @property
    def _settings(self) -> Settings:
        return Settings(
            templates=(self.context.library.home / "templates",),
            raster=self._evidence.raster if self._evidence else None,
        )

    def render_note(self) -> None:
        """Show the note as it will be exported."""
        if self._note is None or self._redactor is None:
            return
        note, redactor, settings = self.note(), self._redactor, self._settings

        def work() -> tuple[str, int]:
            mark = redactor.mark()
            page = export(note, "html", redactor, settings)[0].data.decode()
            # As the review counts: what was masked in pictures is masked where they are taken.
            return page, sum(one.count for one in redactor.manifest(mark) if one.where != SCREENSHOTS)

        def done(found: tuple[str, int]) -> None:
            self.preview.show_html(found[0])
            self._right.setCurrentWidget(self.preview)
            count, strict = found[1], redactor.strict
            text = f"{count:,} values masked" if count else "Nothing sensitive found"
            self.removed.setText(f"{text} · Review…" if strict else "Nothing is masked · Review…")

        self._tasks.run(work, done, self._failed, key="incident-preview")

    def take_pictures(self) -> bool:
        """Take the pictures of the note, masked by its redactor, once for the same instants; False when cancelled."""
        wanted_at_all = self.parts["pictures"].isChecked() and not self._shooting
        if (
            self._evidence is None
            or self._note is None
            or self._redactor is None
            or self._closed
            or not wanted_at_all
        ):
            return True
        note, redactor = self._note, self._redactor
        wanted = (redactor, (note.moment, *((each.tab, each.t, each.text) for each in note.notes)))
        if self._pictured == wanted:
            return True
        self._pictured = wanted
        self._shooting, self._stopped = True, False
        # The page engine runs the event loop meanwhile: a note exported now would lack what is being taken.
        self._enable(False)
        self.progress.begin("Taking pictures of the page")
        try:
            shoot = self._evidence.shooter(self.context.library, self._session, self._shot)
            whole = build(
                self.context.library, self._session, range=self._range, shoot=shoot,
                pin=self._evidence.pin, redactor=redactor, notes=note.notes,
            )  # fmt: skip
        except Cancelled:
            self._pictured = None
            if not self._closed:
                self.parts["pictures"].setChecked(False)
                self.messages.say(
                    "Pictures are left out.", "Include → Pictures of the page takes them again.", "info"
                )
                self.render_note()
            return False
        except UserError as error:
            self._pictured = None
            self._failed(error)
            return True
        finally:
            self._shooting = False
            if not self._closed:
                self.progress.end()
                self._enable(True)
        # The page engine ran the event loop: the dialog may be closed, the note another one by now.
        if not self._closed and self._note is not None and self._pictured == wanted:
            self._note = msgspec.structs.replace(self._note, pictures=whole.pictures)
            self.facts.setText(_facts(self._note))
            self.render_note()
        return True

    def _shot(self, done: int, total: int) -> None:
        """Before each picture: how far it is. Raises Cancelled."""
        if self._stopped:
            raise Cancelled()
        self.progress.set_progress(done, total, f"Taking picture {done + 1} of {total}")

    # -- leaving ---------------------------------------------------------------------------------------------------

    def _reviewed(
        self, name: str, then: Callable[[Redactor], None], *, verb: str = "Export", ask: bool = False
    ) -> None:
        """Let a person look at what is removed, then go on; at once when the same was looked at before."""
        if self._note is None:
            return
        one = outputs()[name]
        note = self.note() if one.note else None
        digest = _digest(one, note)
        known = self._approved.get(digest)
        if known is not None and not ask:
            then(known)
            return
        title = "the note" if one.note else f"the {one.title}"
        leaving = Leaving(
            session=self._session, format=name, title=title, range=self._span(one), note=note,
            maps=self.context.maps,
        )  # fmt: skip
        dialog = ReviewDialog(self.context, leaving, self, verb=verb)

        def approved(redactor: Redactor) -> None:
            self._approved[digest] = redactor
            if one.note:
                self._redactor = redactor
                self.render_note()
                self.take_pictures()
            then(redactor)

        dialog.approved.connect(approved)
        dialog.show()

    def _span(self, one: Output) -> tuple[float | None, float | None]:
        return self._range if self._range is not None and one.ranged else (None, None)

    def _ask_and_copy(self, name: str, _checked: Any = False) -> None:
        self._reviewed(name, lambda _redactor: self.copy(name), verb="Copy")

    def copy(self, name: str = "md") -> None:
        """The note on the clipboard, ready for a ticket: Markdown, plain text or rich text."""
        assert self._redactor is not None
        # What lies beside a file is not on the clipboard.
        bare = msgspec.structs.replace(self.note(), charts=[], pictures=[])
        note, redactor, settings = self.note() if name == "html" else bare, self._redactor, self._settings

        def done(text: str) -> None:
            if name == "html":
                data = QMimeData()
                data.setHtml(text)
                QApplication.clipboard().setMimeData(data)
            else:
                QApplication.clipboard().setText(text)
            said = dict(_COPIES)[name].replace("Copy", "Copied", 1)
            self.messages.say(f"{said}.", "Paste it into the ticket.", "info")

        self._tasks.run(
            lambda: export(note, name, redactor, settings)[0].data.decode(), done, self._failed, key="incident-copy"
        )

    def _ask_for_clip(self, name: str, _checked: Any = False) -> None:
        self.clip_asked.emit(name)

    def _ask_and_save(self, name: str, _checked: Any = False) -> None:
        self._reviewed(name, lambda redactor: self._where_and_save(name, redactor))

    def _where_and_save(self, name: str, redactor: Redactor) -> None:
        chosen = outputs()[name]
        stem = "incident" if chosen.note else "session"
        suggestion = str(Path.home() / f"{stem}-{self._session[:8]}{chosen.suffix}")
        out, _ = QFileDialog.getSaveFileName(
            self, f"Save as {chosen.title}", suggestion, f"{chosen.title} (*{chosen.suffix})"
        )
        if out and chosen.note:
            self.save(name, Path(out))
        elif out:
            self.save_session(name, Path(out), redactor)

    def send_soon(self) -> None:
        """Ask where to send the note, once it is put together."""
        if self._note is None:
            self._send_first = True
        else:
            self.send_button.click()

    def ask_and_send(self, redactor: Redactor) -> None:
        """Choose where to send the note, read what goes, send it."""
        if not self.take_pictures():
            return
        dialog = SendDialog(self.context, self.note(), redactor, self)
        dialog.sent.connect(lambda said: self.messages.say("Sent.", said, "info"))
        dialog.open()

    def save(self, name: str, out: Path) -> None:
        """Write the note in a format."""
        assert self._redactor is not None
        if not self.take_pictures():
            return
        try:
            printer = self._evidence.print_html if self._evidence else None
            paths = write(
                self.note(),
                name,
                out,
                self._redactor,
                print_html=printer,
                templates=self._settings.templates,
                raster=self._settings.raster,
            )
        except UserError as error:
            self._failed(error)
            return
        self._saved(paths)

    def save_session(self, name: str, out: Path, redactor: Redactor) -> None:
        """Write something else of the session, in the background."""
        self._stopped = False
        order = Order(
            session=self._session, out=out, redactor=redactor, range=self._span(outputs()[name]),
            cancelled=lambda: self._stopped, maps=self.context.maps,
            with_maps=name == "bundle" and self.with_maps.isChecked(),
        )  # fmt: skip
        self.progress.begin(f"Writing {out.name}")

        def done(paths: Any) -> None:
            self.progress.end()
            self._saved(list(paths))

        self._tasks.read(lambda library: write_output(library, name, order), done, self._failed, key="save")

    def _saved(self, paths: list[Path]) -> None:
        self.messages.say(f"Saved {paths[0].name}.", str(paths[0].parent), "info")
        for path in paths:
            self.exported.emit(str(path))

    def _stop(self) -> None:
        self._stopped = True
        if self._shooting:
            self.progress.begin("Stopping after this picture")
            return
        self.progress.end()
        self.messages.say("Cancelled.", "No file was written.", "info")

    def _enable(self, on: bool) -> None:
        more = (self.more_button, self.send_button, self.copy_button, self.removed, self.include_button)
        for button in (*self.buttons.values(), *more):
            button.setEnabled(on)
        if "pdf" in self.buttons and self._evidence is None:
            self.buttons["pdf"].setVisible(False)

    def done(self, result: int) -> None:
        """Closed by whatever way."""
        self._closed = self._stopped = True
        self._timer.stop()
        for dialog in self.findChildren(ReviewDialog):
            dialog.reject()
        self._tasks.close()
        self.preview.shutdown()
        super().done(result)

    def _failed(self, error: UserError) -> None:
        self.progress.end()
        self.messages.say(error.message, error.advice, "failed", self.load)


def _facts(note: IncidentNote) -> str:
    facts = note.session.facts
    parts = [
        f"Release {facts.release}" if facts.release else "",
        f"Environment {facts.environment}" if facts.environment else "",
        note.session.browser,
        ", ".join(
            _counted(len(part), word)
            for part, word in (
                (note.requests, "request"),
                (note.faults, "error"),
                (note.notes, "note"),
                (note.pictures, "picture"),
            )
        ),
        _counted(len(note.missing), "gap") + " in the recording" if note.missing else "",
    ]
    return " · ".join(part for part in parts if part)


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _digest(one: Output, note: IncidentNote | None) -> str:
    """Of what leaves, pictures and times of writing apart: forms of one note have the same."""
    if note is None:
        return one.name
    bare = msgspec.structs.replace(note, pictures=[], created=0.0)
    return hashlib.sha256(msgspec.json.encode(bare)).hexdigest()
