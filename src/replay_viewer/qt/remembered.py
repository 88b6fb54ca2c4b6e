"""Column widths and the shares of splitters, kept from one start to the next for every list and panel of a window."""

from __future__ import annotations

from PySide6.QtCore import QObject, QSettings
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QSplitter, QTableView, QTreeView, QWidget

#: Name of a splitter's property: the sizes somebody gave its parts.
SHARE = "share"


class Remembered(QObject):
    """Restores what was kept, and keeps what people change. Lists are told apart by their accessible names, splitters
    by their object names; those without one are left alone.
    """

    def __init__(self, settings: QSettings, window: QWidget) -> None:
        super().__init__(window)
        self._settings = settings
        self._first: dict[QHeaderView, list[int]] = {}
        for view in window.findChildren(QAbstractItemView):
            header = _header(view)
            if header is not None and view.accessibleName():
                self._first[header] = _widths(header)
                self._restore(header, view.accessibleName())
        for splitter in window.findChildren(QSplitter):
            if splitter.objectName():
                kept = _numbers(settings.value(f"splitters/{splitter.objectName()}"))
                if len(kept) == splitter.count():
                    splitter.setSizes(kept)
                    splitter.setProperty(SHARE, kept)
                splitter.splitterMoved.connect(lambda *_, one=splitter: self._moved(one))

    def save(self) -> None:
        """Keep the widths that are not those of a first start; those that are again are forgotten."""
        for header, first in self._first.items():
            view = header.parentWidget()
            if view is None:
                continue
            key, now = f"columns/{view.accessibleName()}", _widths(header)
            if now != first:
                self._settings.setValue(key, ",".join(map(str, now)))
            else:
                self._settings.remove(key)

    def reset(self) -> None:
        """Everything as at a first start."""
        for header, first in self._first.items():
            _set_widths(header, first)
        self._settings.remove("columns")
        self._settings.remove("splitters")

    def _restore(self, header: QHeaderView, name: str) -> None:
        kept = _numbers(self._settings.value(f"columns/{name}"))
        if len(kept) == header.count():
            _set_widths(header, kept)

    def _moved(self, splitter: QSplitter) -> None:
        splitter.setProperty(SHARE, splitter.sizes())
        self._settings.setValue(f"splitters/{splitter.objectName()}", ",".join(map(str, splitter.sizes())))


def _header(view: QAbstractItemView) -> QHeaderView | None:
    """The header over a view's columns."""
    if isinstance(view, QTableView):
        return view.horizontalHeader()
    if isinstance(view, QTreeView) and not view.isHeaderHidden():
        return view.header()
    return None


def _widths(header: QHeaderView) -> list[int]:
    """Width of every column; 0 for those whose width the rest decides, or that are hidden in a narrow list."""
    return [
        header.sectionSize(at) if header.sectionResizeMode(at) == QHeaderView.ResizeMode.Interactive else 0
        for at in range(header.count())
    ]


def _set_widths(header: QHeaderView, widths: list[int]) -> None:
    for at, width in enumerate(widths):
        if width > 0 and header.sectionResizeMode(at) == QHeaderView.ResizeMode.Interactive:
            header.resizeSection(at, width)


def _numbers(kept: object) -> list[int]:
    """Numbers as they were kept; none when that is something else."""
    parts = str(kept or "").split(",")
    return [int(part) for part in parts] if all(part.isdecimal() for part in parts) else []
