"""Network: the requests with a waterfall on the session's axis; headers, bodies, timing beside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QWidget

from replay_viewer.analysis.requests import TYPES, is_socket, operations
from replay_viewer.domain.rows import AnyRow, NetworkRequest
from replay_viewer.library import Library
from replay_viewer.qt.opened import Columns
from replay_viewer.qt.panels.base import ListPanel, Mask
from replay_viewer.qt.panels.facets import STATUSES, NetworkFacets, network_facets
from replay_viewer.qt.panels.request import RequestDetail
from replay_viewer.qt.rowmodel import Cell, Column
from replay_viewer.qt.rowtext import status_role, status_text
from replay_viewer.qt.widgets import Chip, MenuChip
from replay_viewer.qt.wording import path, size, span


def _request(row: AnyRow) -> NetworkRequest:
    assert isinstance(row, NetworkRequest)
    return row


def _bar(row: AnyRow) -> Cell:
    request = _request(row)
    return Cell("", "failed" if request.failed else "network", bar=(request.t, max(request.end, request.t)))


def _duration(row: AnyRow) -> Cell:
    request = _request(row)
    return Cell(span(request.end - request.t) if request.end > request.t else "")


def _size(row: AnyRow) -> Cell:
    return Cell(size(_request(row).size))


def _kind(row: AnyRow) -> Cell:
    request = _request(row)
    if not is_socket(request):
        return Cell(request.kind, "muted")
    count = len(request.messages)
    return Cell("ws", "muted", tail=f"{count:,}" if count else "")


def _address(row: AnyRow) -> Cell:
    """The path; of GraphQL the operation, because the path is always the same."""
    request = _request(row)
    role = "failed" if request.failed else "text"
    if found := operations(request):
        names = ", ".join(f"{one.sort} {one.name}" for one in found[:4])
        return Cell(names, role, tail=path(request.url))
    return Cell(path(request.url), role)


class NetworkPanel(ListPanel):
    """The requests of the recorded page."""

    id = "network"
    kind = "network"
    title = "Network"
    detail_on_demand = True
    _facets: NetworkFacets | None = None

    def columns(self) -> Sequence[Column]:
        """The list and its waterfall."""
        return (
            Column("Time", 84, self.time_cell, mono=True, right=True, sort="t"),
            Column("Method", 62, lambda row: Cell(_request(row).method), mono=True, sort="method"),
            Column("URL", 0, _address, mono=True, sort="url"),
            Column("Type", 74, _kind, mono=True, sort="kind", needs=780),
            Column(
                "Status",
                62,
                lambda row: Cell(status_text(_request(row)), status_role(_request(row)), bold=True),
                mono=True,
                sort="status",
            ),
            Column(
                "Size", 72, lambda row: Cell(size(_request(row).size)), mono=True, right=True, sort="size", needs=700
            ),
            Column("Duration", 80, _duration, mono=True, right=True, sort="duration", needs=420),
            Column("Waterfall", 170, _bar, sort="t", needs=560),
        )

    def tools(self) -> Sequence[QWidget]:
        """Failed ones at a click; types and outcomes in menus."""
        self.failed = Chip("Failed", "Show failed requests only")
        self.failed.clicked.connect(lambda _on: self.apply())
        self.types = MenuChip("Type", TYPES)
        self.statuses = MenuChip("Status", STATUSES)
        for tool in (self.types, self.statuses):
            tool.changed.connect(lambda _on: self.apply())
        return (self.failed, self.types, self.statuses)

    def session_changed(self) -> None:
        """Types, outcomes and sizes are read anew."""
        if self.opened is None or self._warm_for[0] != self.opened.id:
            self._facets = None
        super().session_changed()

    def warm(self) -> Callable[[Library], NetworkFacets] | None:
        """What the list filters and sorts by, and the texts."""
        opened, columns = self.opened, self.part()
        if opened is None or columns is None:
            return None
        session, count = opened.id, len(columns)

        def work(library: Library) -> NetworkFacets:
            library.filter(session, "network", "\x00")
            return network_facets(library, session, count)

        return work

    def warmed(self, found: NetworkFacets) -> None:
        """Filter and sort by what is known now."""
        self._facets = found
        if self.types.on() or self.statuses.on() or self._sorted[0] not in ("t", "duration", "severity"):
            self.apply()

    def _known(self) -> NetworkFacets | None:
        """What was read, when it speaks of all rows that are there now."""
        columns = self.part()
        there = self._facets is not None and columns is not None and len(self._facets) == len(columns)
        return self._facets if there else None

    def admits(self, columns: Columns) -> Mask | None:
        """By outcome and type; the menus take part when their values were read, a moment after opening."""
        keep = np.asarray(columns.severity >= 2, np.bool_) if self.failed.isChecked() else None
        facets = self._known()
        chosen = facets.admits(self.types.on(), self.statuses.on()) if facets is not None else None
        return keep if chosen is None else chosen if keep is None else keep & chosen

    def sort_values(self, by: str, columns: Columns) -> NDArray[Any] | None:
        """Also by method, URL, type, status and size."""
        facets = self._known()
        if by in ("method", "url", "kind", "status", "size"):
            return getattr(facets, by) if facets is not None else None
        return super().sort_values(by, columns)

    def apply(self) -> None:
        """The waterfall's axis is the picked range, else what the list spans."""
        super().apply()
        picked = self.context.playhead.range
        columns = self.part()
        if picked is None and columns is not None and len(columns):
            picked = (float(columns.t[0]), float(columns.end.max()))
        self.table.delegate.axis = picked or (0.0, 1.0)
        self.table.viewport().update()

    def detail(self) -> QWidget:
        """Split details of one request."""
        self.box = RequestDetail(self.context)
        return self.box

    def show_row(self, row: AnyRow, n: int) -> None:
        """One request."""
        self.open_detail()
        self.box.show_request(_request(row), self.opened.session if self.opened else None)

    def badge(self) -> tuple[int, str]:
        """Number of failed requests, else of all."""
        part = self.part()
        if part is None:
            return 0, "muted"
        return (part.failed, "failed") if part.failed else (len(part), "muted")
