"""A stack of frames, the newest on top: recorded positions, or the original ones when source maps are at hand."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QApplication, QHeaderView, QTreeView

from replay_viewer.domain.rows import Frame
from replay_viewer.qt.rowtext import frame_text
from replay_viewer.qt.theme import data_font, theme
from replay_viewer.qt.wording import one_line

_FRAMES = 200
#: Frames whose code opens by itself.
_OPEN = 20


class StackView(QTreeView):
    """Sections (exceptions of a chain), their frames, and below a frame the code around it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._model = QStandardItemModel()
        self.setModel(self._model)
        self.setAccessibleName(name)
        self.setFont(data_font())
        self.setHeaderHidden(True)
        self.setIndentation(14)
        self.setUniformRowHeights(True)
        self.setEditTriggers(QTreeView.EditTrigger.NoEditTriggers)
        self.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.header().setStretchLastSection(True)
        self._sections: list[tuple[str, list[Frame]]] = []
        self._foot: tuple[str, Sequence[str]] = ("", ())
        self.setExpandsOnDoubleClick(False)
        self.clicked.connect(self._toggle)
        theme().changed.connect(self._again)

    def show_sections(
        self, sections: Sequence[tuple[str, list[Frame]]], foot: tuple[str, Sequence[str]] = ("", ())
    ) -> None:
        """Show titled stacks (frames oldest first, as recorded). `foot`: a remark below them, and lines about it."""
        self._sections = [(title, list(frames)) for title, frames in sections]
        self._foot = foot
        self._model.clear()
        for title, frames in self._sections:
            head = self._item(one_line(title), "failed", bold=True)
            self._model.appendRow(head)
            for frame in reversed(frames[-_FRAMES:]):
                item = self._item(self._line(frame), "text" if frame.in_app else "muted")
                item.setData(frame_text(frame).strip(), Qt.ItemDataRole.UserRole)
                for line, source in frame.context:
                    mark = "▸" if line == frame.line else " "
                    role = "text" if line == frame.line else "muted"
                    item.appendRow(self._item(f"{mark} {line:>5}  {source[:300]}", role, bold=line == frame.line))
                head.appendRow(item)
            if not frames:
                head.appendRow(self._item("No stack was recorded for this one.", "muted"))
        if foot[0]:
            remark = self._item(one_line(foot[0]), "muted")
            for told in foot[1]:
                remark.appendRow(self._item(told, "muted"))
            self._model.appendRow(remark)
        for row in range(self._model.rowCount()):
            index = self._model.index(row, 0)
            self.expand(index)
        self._open_code()

    def _open_code(self) -> None:
        """Of the newest exception the code in the application's own frames is what one looks for, else the newest."""
        head = self._model.index(0, 0)
        if not self._sections or not head.isValid():
            return
        frames = list(reversed(self._sections[0][1][-_FRAMES:]))
        own = [at for at, frame in enumerate(frames) if frame.in_app and frame.context]
        for at in own[:_OPEN] or [0]:
            self.expand(self._model.index(at, 0, head))

    def _toggle(self, index: QModelIndex) -> None:
        if index.parent().isValid() and self._model.rowCount(index):
            self.setExpanded(index, not self.isExpanded(index))

    def _again(self) -> None:
        self.show_sections(self._sections, self._foot)

    def copy_all(self) -> None:
        """Copy all sections as text."""
        lines = []
        for title, frames in self._sections:
            lines += [title, *(frame_text(frame) for frame in reversed(frames))]
        QApplication.clipboard().setText("\n".join(lines))

    @staticmethod
    def _line(frame: Frame) -> str:
        file = frame.file.split("?", 1)[0].rstrip("/").rsplit("/", 1)[-1] if "://" in frame.file else frame.file
        place = f"{file}:{frame.line}:{frame.column}" if frame.line else file
        return one_line(f"{frame.function or '(anonymous)'}   {place}", 300)

    @staticmethod
    def _item(text: str, role: str, *, bold: bool = False) -> QStandardItem:
        item = QStandardItem(text)
        item.setForeground(theme().colour(role))
        if bold:
            item.setFont(data_font(bold=True))
        return item
