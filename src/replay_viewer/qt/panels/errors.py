"""Errors: the list, the chain of exceptions with its stack (original files when maps are at hand), contexts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QTabWidget, QVBoxLayout, QWidget

from replay_viewer.analysis.errorkinds import category_words
from replay_viewer.analysis.mapset import MapSet, names
from replay_viewer.analysis.symbols import symbolicate, without_map
from replay_viewer.domain.errors import UserError
from replay_viewer.domain.rows import AnyRow, CustomEvent, ErrorEvent, Raised
from replay_viewer.library import Library
from replay_viewer.qt.context import Context
from replay_viewer.qt.elsewhere import Elsewhere, ElsewhereRow, nearest, pages
from replay_viewer.qt.jsontree import JsonTree
from replay_viewer.qt.panels.base import ListPanel
from replay_viewer.qt.panels.crumbs import line
from replay_viewer.qt.panels.listing import LineTable
from replay_viewer.qt.panels.stack import StackView
from replay_viewer.qt.rowmodel import Cell, Column
from replay_viewer.qt.rowtext import error_text
from replay_viewer.qt.widgets import Elided, IconButton, label, named_button
from replay_viewer.qt.wording import one_line, path


def _error(row: AnyRow) -> ErrorEvent:
    assert isinstance(row, ErrorEvent)
    return row


def _title(row: AnyRow) -> Cell:
    error = _error(row)
    handled = next((raised.handled for raised in reversed(error.exceptions) if raised.handled is not None), None)
    return Cell(
        one_line(error.title),
        "failed" if error.level in ("error", "fatal") else "warning",
        tail="" if handled is None else "handled" if handled else "unhandled",
    )


def _severity(row: AnyRow) -> Cell:
    level = _error(row).level
    role = "failed" if level in ("error", "fatal") else "warning" if level == "warning" else "muted"
    return Cell(level, role, bold=level == "fatal")


def said_of(library: Library, session: str, event: str) -> list[dict[str, Any]]:
    """What people said in this session: feedback on this error first, then the rest. Runs on a worker."""
    numbers = library.filter(session, "custom", "feedback").tolist()[:200]
    found = [
        {"said": row.name, **(row.data if isinstance(row.data, dict) else {})}
        for row in library.fetch(session, "custom", numbers)
        if isinstance(row, CustomEvent) and row.category == "feedback"
    ]
    return sorted(found, key=lambda one: not _about(one, event))


def _about(feedback: dict[str, Any], event: str) -> bool:
    """Whether a feedback names this error event."""
    named = (feedback.get(key) for key in ("associated_event_id", "event_id", "eventID"))
    return bool(event) and any(str(one).replace("-", "") == event.replace("-", "") for one in named)


#: Where source maps come from, for stacks that have none.
_FROM = (
    "Source maps… (above): a folder or a zip of what was built",
    "a bundle that was written with its source maps",
    "a pull from Sentry or the collector, where they were uploaded",
    "the web, while it still has them: File, Capture the page's assets",
)
_NAMED = 3


def resolved(row: ErrorEvent, maps: MapSet) -> tuple[ErrorEvent, list[str]]:
    """The error with its frames as in the original sources, and the built files of frames that no map fits.

    May read and decode large maps.
    """
    frames = [frame for raised in row.exceptions for frame in raised.frames]
    return symbolicate(row, maps), names(without_map(frames, maps))


def _without(missing: Sequence[str]) -> str:
    """Which built files have no map, '' when all have one."""
    more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
    return f"No source map fits {', '.join(missing[:_NAMED])}{more}." if missing else ""


def _section(raised: Raised, depth: int) -> str:
    return f"{'Caused by: ' if depth else ''}{raised.type}: {raised.value}" if raised.value else raised.type


class ErrorsPanel(ListPanel):
    """The errors of the session."""

    id = "errors"
    kind = "errors"
    title = "Errors"
    detail_share = (54, 46)

    def __init__(self, context: Context) -> None:
        self.stack = StackView("Stack of the error")
        self._shown: ErrorEvent | None = None
        self._about_values: list[tuple[str, Any]] = []
        super().__init__(context)
        context.source_maps.changed.connect(self._maps_changed)

    def columns(self) -> Sequence[Column]:
        """When, what, where."""
        return (
            Column("Time", 92, self.time_cell, mono=True, right=True, sort="t"),
            Column("Severity", 70, _severity, sort="severity", needs=560),
            Column("Category", 92, lambda row: Cell(category_words(_error(row)), "muted"), needs=640),
            Column("Error", 0, _title),
            Column("Page", 128, lambda row: Cell(path(_error(row).url), "muted"), mono=True, needs=500),
        )

    def detail(self) -> QWidget:
        """Title, chain, what is known around it."""
        box = QWidget()
        layout = QVBoxLayout(box)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(10, 6, 6, 4)
        self.head = label("", "failed", selectable=True, wrap=True)
        self.head.setAccessibleName("Error")
        self.head.setMaximumHeight(2 * self.head.fontMetrics().lineSpacing() + 4)
        copy = IconButton("copy", "Copy error and stack")
        copy.clicked.connect(lambda: self.stack.copy_all())
        head.addWidget(self.head, 1)
        head.addWidget(copy)
        layout.addLayout(head)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.about = JsonTree("Tags and contexts")
        self.crumbs = LineTable("Breadcrumbs", ("Time", "Category", "What"), (84, 110, 0))
        self.crumbs.seek_asked.connect(self.context.playhead.seek)
        for name, widget in (("Stack", self.stack), ("Context", self.about), ("Breadcrumbs", self.crumbs)):
            self.tabs.addTab(widget, name)
        layout.addWidget(self.tabs, 1)
        self.hint = Elided("muted")
        self.choose = named_button("Source maps…", "folder", flat=True)
        self.choose.setToolTip("A folder, a zip, a map or a bundle: the original files instead of what was recorded")
        menu = QMenu(self.choose)
        menu.addAction("Folder…", self._choose_folder)
        menu.addAction("Zip, map or bundle…", self._choose_file)
        maps = self.context.source_maps
        menu.addSeparator()
        self.ask_maps = menu.addAction("Ask where the session was pulled from", self.context.maps_wanted.emit)
        self.keep_maps = menu.addAction("Keep the chosen ones with the session", maps.keep)
        menu.aboutToShow.connect(self._offer_maps)
        self.choose.setMenu(menu)
        self.tabs.setCornerWidget(self.choose)
        foot = QHBoxLayout()
        foot.setContentsMargins(10, 2, 6, 4)
        foot.addWidget(self.hint, 1)
        layout.addLayout(foot)
        self.elsewhere = QHBoxLayout()
        self.elsewhere.setContentsMargins(6, 0, 6, 2)
        layout.addLayout(self.elsewhere)
        return box

    def clear_detail(self) -> None:
        """Nothing selected."""
        self._shown = None
        self.head.setText("")
        self.tabs.setVisible(False)
        self._put_elsewhere(None)
        self._say("Select an error to see its stack." if self.part() else "")

    def show_row(self, row: AnyRow, n: int) -> None:
        """One error."""
        error = self._shown = _error(row)
        self.tabs.setVisible(True)
        self.head.setText(one_line(error.title, 600))
        about: list[tuple[str, Any]] = [
            (name, value)
            for name, value in (
                ("severity", error.level),
                ("category", category_words(error)),
                ("reported by", error.source),
                ("release", error.release),
                ("environment", error.environment),
                ("url", error.url),
                ("event", error.id),
                ("tags", error.tags),
                ("contexts", error.contexts),
            )
            if value
        ]
        self._about_values = about
        self.about.show_values(about, expand=1)
        self.crumbs.show_lines([line(crumb, self.context.playhead.text) for crumb in error.breadcrumbs])
        self.tabs.setTabText(2, f"Breadcrumbs {len(error.breadcrumbs)}" if error.breadcrumbs else "Breadcrumbs")
        self.tabs.setTabEnabled(2, bool(error.breadcrumbs))
        self._ask_feedback(error)
        self._ask_elsewhere(error)
        self._show_stack(error)
        self._resolve(error)

    def text(self) -> str:
        """The error shown, as text with its stack."""
        return error_text(self._shown) if self._shown else ""

    def badge(self) -> tuple[int, str]:
        """Number of errors."""
        part = self.part()
        return (len(part), "failed") if part is not None else (0, "muted")

    def _ask_feedback(self, error: ErrorEvent) -> None:
        """What the person said, beside what the program said."""
        opened = self.opened
        if opened is None or not len(opened.columns["custom"]):
            return
        session, about = opened.id, self._about_values

        def done(found: list[dict[str, Any]]) -> None:
            if found and self._shown is error:
                values = [
                    ("feedback on this error" if _about(one, error.id) else "feedback in this session", one)
                    for one in found
                ]
                self.about.show_values([*values, *about], expand=1)

        self.context.tasks.read(
            lambda library: said_of(library, session, error.id), done, self._failed, key="error-feedback"
        )

    def _ask_elsewhere(self, error: ErrorEvent) -> None:
        """The session's page at another vendor, as this error names it."""
        self._put_elsewhere(None)
        opened = self.opened
        if opened is None or not len(opened.columns["custom"]):
            return
        session = opened.id

        def done(found: list[Elsewhere]) -> None:
            if self._shown is error:
                self._put_elsewhere(nearest(found, error.t))

        self.context.tasks.read(lambda library: pages(library, session), done, self._failed, key="error-elsewhere")

    def _put_elsewhere(self, page: Elsewhere | None) -> None:
        while (item := self.elsewhere.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        if page is not None:
            self.elsewhere.addWidget(ElsewhereRow(page))

    def _choose_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Folder with source maps")
        self.use_maps(name)

    def _choose_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, "Source maps", "", "Source maps and bundles (*.zip *.map *.gz *.js *.mjs *.cjs);;All files (*)"
        )
        self.use_maps(name)

    def use_maps(self, name: str) -> None:
        """Source maps of a folder, a zip, a map or a bundle; '' leaves things as they are."""
        if name:
            self.context.maps = Path(name)
            self.context.maps_changed.emit()

    def _offer_maps(self) -> None:
        self.ask_maps.setEnabled(self.context.source_maps.can_ask)
        self.keep_maps.setEnabled(self.context.source_maps.chosen is not None and self.opened is not None)

    def _show_stack(self, error: ErrorEvent, *, original: bool = False, missing: Sequence[str] = ()) -> None:
        sections = [
            (_section(raised, depth), raised.frames) for depth, raised in enumerate(reversed(error.exceptions))
        ] or [(error.title, [])]
        foot = "Where the source maps of these files may come from" if missing else ""
        self.stack.show_sections(sections, (foot, _FROM))
        there = any(frames for _, frames in sections)
        mapped = "Original files and lines, from source maps." if original else ""
        self._say(
            f"{mapped} {_without(missing)}".strip() if there else "The recording holds no stack for this error."
        )

    def _say(self, text: str) -> None:
        self.hint.setText(text)
        self.hint.setVisible(bool(text))

    def _resolve(self, error: ErrorEvent) -> None:
        def done(found: tuple[ErrorEvent, list[str]]) -> None:
            if self._shown is error and (found[0] is not error or found[1]):
                self._show_stack(found[0], original=found[0] is not error, missing=found[1])

        maps = self.context.source_maps.maps
        self.context.tasks.run(partial(resolved, error, maps), done, self._failed, key="resolve")

    def _maps_changed(self) -> None:
        if self._shown is not None:
            self._show_stack(self._shown)
            self._resolve(self._shown)

    def _failed(self, error: UserError) -> None:
        self.context.said.emit(error.message, error.advice, "failed")
