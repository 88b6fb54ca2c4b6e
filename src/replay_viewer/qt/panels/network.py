"""Network: the requests with a waterfall on the session's axis; headers, bodies, timing beside."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit

import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from replay_viewer.domain.rows import AnyRow, Body, NetworkRequest
from replay_viewer.domain.time import iso
from replay_viewer.qt.jsontree import JsonTree
from replay_viewer.qt.opened import Columns
from replay_viewer.qt.panels.base import ListPanel, Mask
from replay_viewer.qt.rowmodel import Cell, Column
from replay_viewer.qt.rowtext import pretty_body, status_role, status_text
from replay_viewer.qt.widgets import ChipRow, CodeView, label
from replay_viewer.qt.wording import path, size, span

_WINDOW_MS = 60_000.0


def _request(row: AnyRow) -> NetworkRequest:
    assert isinstance(row, NetworkRequest)
    return row


def _bar(row: AnyRow) -> Cell:
    request = _request(row)
    return Cell("", "failed" if request.failed else "network", bar=(request.t, max(request.end, request.t)))


def _duration(row: AnyRow) -> Cell:
    request = _request(row)
    return Cell(span(request.end - request.t) if request.end > request.t else "")


def body_text(body: Body, headers: dict[str, str]) -> str:
    """A body made readable, or why there is none."""
    if body.text is None:
        why = body.why or "The recording does not hold this body."
        known = f"\n\nIts size was {size(body.size)}." if body.size >= 0 else ""
        return f"Not shown: {why}{known}"
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    return pretty_body(body.text, kind) or "(empty)"


class NetworkPanel(ListPanel):
    """The requests of the recorded page."""

    id = "network"
    kind = "network"
    title = "Network"
    none_title = "No requests"
    none_why = (
        "The page made none, or the SDK did not record the network (rrweb: network plugin; Sentry: "
        "networkDetailAllowUrls)."
    )

    def columns(self) -> Sequence[Column]:
        """The list and its waterfall."""
        return (
            Column("Time", 84, self.time_cell, mono=True, right=True, sort="t"),
            Column("Method", 62, lambda row: Cell(_request(row).method), mono=True),
            Column(
                "URL",
                0,
                lambda row: Cell(path(_request(row).url), "failed" if _request(row).failed else "text"),
                mono=True,
            ),
            Column("Type", 74, lambda row: Cell(_request(row).kind, "muted"), mono=True),
            Column(
                "Status",
                62,
                lambda row: Cell(status_text(_request(row)), status_role(_request(row)), bold=True),
                mono=True,
                sort="severity",
            ),
            Column("Size", 72, lambda row: Cell(size(_request(row).size)), mono=True, right=True),
            Column(
                "Duration",
                80,
                _duration,
                mono=True,
                right=True,
                sort="duration",
            ),
            Column("Waterfall", 170, _bar),
        )

    def tools(self) -> Sequence[QWidget]:
        """All or only what failed."""
        self.which = ChipRow([("all", "All"), ("failed", "Failed")], on=("all",), exclusive=True)
        self.which.changed.connect(lambda _on: self.apply())
        return (self.which,)

    def admits(self, columns: Columns) -> Mask | None:
        """By outcome."""
        return np.asarray(columns.severity >= 2, np.bool_) if self.which.on() == ["failed"] else None

    def apply(self) -> None:
        """The waterfall's axis is the picked range, else what the list spans."""
        super().apply()
        picked = self.context.playhead.range
        columns = self.part()
        if picked is None and columns is not None and len(columns):
            picked = (float(columns.t[0]), float(columns.end.max()))
        self.table.delegate.axis = picked or (0.0, 1.0)
        self.table.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width."""
        super().resizeEvent(event)
        self.resized()

    def resized(self) -> None:
        """In a narrow list the less telling columns go, so that the address stays readable."""
        room = self.table.viewport().width()
        for title, needs in (("Duration", 420), ("Waterfall", 560), ("Size", 700), ("Type", 780)):
            at = next(at for at, column in enumerate(self.model.columns) if column.title == title)
            self.table.setColumnHidden(at, room < needs)

    def detail(self) -> QWidget:
        """Split details of one request."""
        box = self.box = QWidget()
        layout = QVBoxLayout(box)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.head = label("Select a request to see its headers and bodies.", "muted", selectable=True, wrap=True)
        self.head.setContentsMargins(10, 6, 10, 4)
        layout.addWidget(self.head)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.response, self.request = CodeView("Response body"), CodeView("Request body")
        self.headers, self.timing = JsonTree("Headers"), JsonTree("Timing")
        for name, widget in (
            ("Response", self.response),
            ("Request", self.request),
            ("Headers", self.headers),
            ("Timing", self.timing),
        ):
            self.tabs.addTab(widget, name)
        layout.addWidget(self.tabs, 1)
        box.setVisible(False)
        return box

    def clear_detail(self) -> None:
        """Nothing selected: the list has all the room."""
        self.box.setVisible(False)
        self.head.setText("Select a request to see its headers and bodies.")
        self.tabs.setVisible(False)

    def show_row(self, row: AnyRow, n: int) -> None:
        """One request."""
        request = _request(row)
        if not self.box.isVisibleTo(self):
            self.box.setVisible(True)
            self.splitter.setSizes([self.width() * 60 // 100, self.width() * 40 // 100])
            QTimer.singleShot(0, self, self.resized)
        self.tabs.setVisible(True)
        outcome = request.error or status_text(request)
        self.head.setText(f"{request.method} {request.url[:600]} · {outcome}")
        self.response.show_text(body_text(request.response_body, request.response_headers))
        self.request.show_text(body_text(request.request_body, request.request_headers))
        try:
            query: dict[str, str] = dict(parse_qsl(urlsplit(request.url).query))
        except ValueError:
            query = {}
        groups = [
            ("Query", query),
            ("Request headers", request.request_headers),
            ("Response headers", request.response_headers),
        ]
        shown = [(name, values) for name, values in groups if values]
        self.headers.show_values(shown or [("Headers", "not recorded")], expand=1)
        timing: list[tuple[str, object]] = [("Started", iso(request.t)), ("Took", span(request.end - request.t))]
        timing += [(name, span(value)) for name, value in request.phases.items()]
        self.timing.show_values(timing, expand=0)

    def badge(self) -> tuple[int, str]:
        """Number of failed requests, else of all."""
        part = self.part()
        if part is None:
            return 0, "muted"
        return (part.failed, "failed") if part.failed else (len(part), "muted")
