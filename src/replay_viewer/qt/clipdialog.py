"""Export a clip: the stretch, the format, its size; what redaction removes; then how far it is, and Cancel.

Nothing leaves before its removals were looked at (`qt.redaction`), and it leaves with what was allowed and added
there.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from replay_viewer.domain.errors import UserError
from replay_viewer.export import clips
from replay_viewer.export.clips import FORMATS, Shape
from replay_viewer.qt.clipjob import ClipJob, ClipTask
from replay_viewer.qt.context import Context
from replay_viewer.qt.messages import MessageBar, ProgressRow
from replay_viewer.qt.redaction import ReviewDialog
from replay_viewer.qt.tasks import JobWatch
from replay_viewer.qt.typedtime import typed_time
from replay_viewer.qt.widgets import foot, label, named_button
from replay_viewer.redaction import Redactor
from replay_viewer.services.clips import stretch
from replay_viewer.services.reviewing import Leaving


class ClipDialog(QDialog):
    """Make a clip of the open session. `exported(path)` when it is there."""

    exported = Signal(str)

    def __init__(self, context: Context, tab: int, parent: QWidget | None = None, *, format: str = "") -> None:
        super().__init__(parent)
        assert context.opened is not None
        self.context = context
        self._session = context.opened.session
        self._home = context.opened.library.home
        self._watch: JobWatch | None = None
        #: What was looked at and let go: what is painted → the redactor it leaves by.
        self._approved: dict[Leaving, Redactor] = {}
        self.setWindowTitle("Export a clip")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(460)
        low, high = context.playhead.range or (None, None)
        self._tab, start, end = stretch(context.library, self._session, low, high, None if low is None else tab)
        self.start = self._time("From", start)
        self.end = self._time("To", end)
        self.format = QComboBox()
        self.format.setAccessibleName("Format")
        for one in FORMATS.values():
            self.format.addItem(one.title, one.name)
        self.format.setCurrentIndex(max(0, self.format.findData(format)))
        self.fps = QDoubleSpinBox()
        self.fps.setRange(1.0, clips.MAX_FPS)
        self.fps.setDecimals(0)
        self.fps.setValue(10.0)
        self.fps.setSuffix(" frames a second")
        self.fps.setAccessibleName("Frames a second")
        self.pictures = QSpinBox()
        self.pictures.setRange(2, 60)
        self.pictures.setValue(8)
        self.pictures.setAccessibleName("Pictures")
        self.wide = QSpinBox()
        self.wide.setRange(*clips.WIDTHS)
        self.wide.setSingleStep(80)
        self.wide.setValue(960)
        self.wide.setSuffix(" pixels")
        self.wide.setAccessibleName("Largest width")
        for number in (self.fps, self.pictures, self.wide):
            number.lineEdit().setTextMargins(8, 0, 0, 0)  # a style sheet has no say in it
        self.summary = label("", "muted", wrap=True)
        self.messages = MessageBar()
        self.progress = ProgressRow()
        self.save_button = named_button("Review and save…", "export", primary=True)
        self.save_button.setToolTip("Look at what redaction removes, then save")
        self.close_button = named_button("Close")
        self._lay_out()
        for edit in (self.start, self.end):
            edit.textChanged.connect(self._tell)
        self.format.currentIndexChanged.connect(self._tell)
        self.fps.valueChanged.connect(self._tell)
        self.save_button.clicked.connect(self._reviewed)
        self.close_button.clicked.connect(self.reject)
        self.progress.cancelled.connect(self.cancel)
        context.opened_changed.connect(self.reject)  # it is about the session that was open
        self._tell()

    def _time(self, name: str, t: float) -> QLineEdit:
        edit = QLineEdit(self.context.playhead.text(t))
        edit.setAccessibleName(name)
        return edit

    def _lay_out(self) -> None:
        self.form = QFormLayout()
        self.form.setContentsMargins(16, 14, 16, 4)
        self.form.setVerticalSpacing(8)
        self.form.setHorizontalSpacing(14)
        times = QHBoxLayout()
        times.setSpacing(8)
        times.addWidget(self.start)
        times.addWidget(label("to", "muted"))
        times.addWidget(self.end)
        self.form.addRow("Stretch", times)
        self.form.addRow("Format", self.format)
        self.form.addRow("Rate", self.fps)
        self.form.addRow("Pictures", self.pictures)
        self.form.addRow("Width up to", self.wide)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.messages)
        layout.addWidget(self.progress)
        layout.addLayout(self.form)
        layout.addLayout(foot(self.summary, buttons=(self.close_button, self.save_button), wide=self.summary))

    # -- what is asked for --------------------------------------------------------------------------------------

    def _instant(self, edit: QLineEdit) -> float:
        head = self.context.playhead
        return typed_time(
            edit.text(), start=head.start, end=head.end, now=head.target, style=head.style, zone=head.zone
        )

    def shape(self) -> Shape:
        """The clip as the fields say. Raises BadInput; UserError without the encoder."""
        tab, start, end = stretch(
            self.context.library, self._session, self._instant(self.start), self._instant(self.end), self._tab
        )
        self._tab = tab
        made = Shape(
            start=start, end=end, fps=self.fps.value(), width=self.wide.value(), pictures=self.pictures.value()
        )
        clips.check(made, self.format.currentData())
        return made

    def _tell(self) -> None:
        """Say what will be made, or why it cannot be."""
        name = self.format.currentData()
        encoded = FORMATS[name].encoded
        self.form.setRowVisible(self.fps, encoded)
        self.form.setRowVisible(self.pictures, not encoded)
        try:
            shape = self.shape()
        except UserError as error:
            self.summary.setText(str(error))
            self.save_button.setEnabled(False)
            return
        count = len(clips.instants(shape, name))
        self.summary.setText(f"{(shape.end - shape.start) / 1000:.1f} s, {count:,} pictures")
        self.save_button.setEnabled(self._watch is None)

    # -- making it ----------------------------------------------------------------------------------------------

    def _reviewed(self) -> None:
        """Let a person look at what is removed, then save; at once when the same was looked at before."""
        try:
            shape = self.shape()
        except UserError as error:
            self.messages.say(error.message, error.advice, "failed")
            return
        name = self.format.currentData()
        leaving = Leaving(
            session=self._session.id, format=name, title="the clip", range=(shape.start, shape.end), tab=self._tab,
            instants=tuple(clips.instants(shape, name)),
        )  # fmt: skip
        known = self._approved.get(leaving)
        if known is not None:
            self._ask_and_save(known)
            return
        dialog = ReviewDialog(self.context, leaving, self)

        def approved(redactor: Redactor) -> None:
            self._approved[leaving] = redactor
            self._ask_and_save(redactor)

        dialog.approved.connect(approved)
        dialog.open()

    def _ask_and_save(self, redactor: Redactor) -> None:
        chosen = FORMATS[self.format.currentData()]
        suggestion = str(Path.home() / f"clip-{self._session.id[:8]}{chosen.suffix}")
        out, _ = QFileDialog.getSaveFileName(
            self, f"Save {chosen.title}", suggestion, f"{chosen.title} (*{chosen.suffix})"
        )
        if out:
            self.save(Path(out), redactor)

    def save(self, out: Path, redactor: Redactor) -> None:
        """Make the clip into `out`, in a process of its own, by the profile and the own rules of `redactor`."""
        try:
            shape = self.shape()
        except UserError as error:
            self.messages.say(error.message, error.advice, "failed")
            return
        task = ClipTask(
            home=str(self._home),
            session=self._session.id,
            tab=self._tab,
            format=self.format.currentData(),
            shape=shape,
            out=str(out),
            profile=redactor.profile,
            own=redactor.own,
        )
        self.messages.hide()
        self.progress.begin(f"Painting {out.name}")
        self._watch = JobWatch(ClipJob(task), self)
        self._watch.progressed.connect(
            lambda now: self.progress.set_progress(
                now.done, now.total, f"Painting picture {now.done:,} of {now.total:,}"
            )
        )
        self._watch.done.connect(self._made)
        self._watch.failed.connect(
            lambda error: self._over(
                lambda: self.messages.say(error.message, error.advice, "failed", lambda: self.save(out, redactor))
            )
        )
        self._watch.cancelled.connect(
            lambda: self._over(lambda: self.messages.say("Cancelled.", "No file was written.", "info"))
        )
        self._tell()

    def _made(self, paths: list[str]) -> None:
        def told() -> None:
            self.messages.say(f"Saved {Path(paths[0]).name}.", str(Path(paths[0]).parent), "info")
            self.exported.emit(paths[0])

        self._over(told)

    def _over(self, then: Callable[[], None]) -> None:
        self._watch = None
        self.progress.end()
        self._tell()
        then()

    def cancel(self) -> None:
        """Stop the clip on its way."""
        if self._watch is not None:
            self._watch.cancel()

    def done(self, result: int) -> None:
        """Closed by whatever way: what is on its way stops."""
        if self._watch is not None:
            self._watch.stop()
            self._watch = None
        super().done(result)
