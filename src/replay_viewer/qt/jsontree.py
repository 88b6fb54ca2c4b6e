"""A tree over a JSON value: children are made when they are looked at."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QApplication, QHeaderView, QTreeView

from replay_viewer.qt.theme import data_font, theme
from replay_viewer.qt.wording import one_line

Index = QModelIndex | QPersistentModelIndex


class Node:
    """One value with its name and, once asked for, its children."""

    __slots__ = ("_children", "name", "parent", "role", "row", "value")

    def __init__(self, name: str, value: Any, parent: Node | None, row: int, role: str = "") -> None:
        self.name, self.value, self.parent, self.row, self.role = name, value, parent, row, role
        self._children: list[Node] | None = None

    @property
    def children(self) -> list[Node]:
        """Members of an object, items of a list."""
        if self._children is None:
            pairs: list[tuple[str, Any]] = []
            if isinstance(self.value, dict):
                pairs = [(str(key), value) for key, value in self.value.items()]
            elif isinstance(self.value, list | tuple):
                pairs = [(str(at), value) for at, value in enumerate(self.value)]
            self._children = [Node(name, value, self, at) for at, (name, value) in enumerate(pairs)]
        return self._children

    @property
    def text(self) -> str:
        """The value on one line."""
        value = self.value
        if isinstance(value, dict):
            return (
                "{ " + ", ".join(list(map(str, value))[:6]) + (" … }" if len(value) > 6 else " }") if value else "{ }"
            )
        if isinstance(value, list | tuple):
            return f"[ {len(value):,} ]"
        if isinstance(value, str):
            return f"“{one_line(value, 300)}”" if not self.role else one_line(value, 300)
        if value is None or isinstance(value, bool):
            return {None: "null", True: "true", False: "false"}[value]
        return str(value)

    @property
    def colour(self) -> str:
        """Role of the value."""
        if self.role:
            return self.role
        if isinstance(self.value, str):
            return "good"
        if isinstance(self.value, bool) or self.value is None:
            return "navigation"
        return "accent" if isinstance(self.value, int | float) else "muted"


class JsonModel(QAbstractItemModel):
    """Two columns: name and value."""

    def __init__(self) -> None:
        super().__init__()
        self._root = Node("", {}, None, 0)

    def show(self, entries: list[tuple[str, Any]]) -> None:
        """Show named values at the top level."""
        self.beginResetModel()
        self._root = Node("", None, None, 0)
        self._root._children = [Node(name, value, self._root, at) for at, (name, value) in enumerate(entries)]
        self.endResetModel()

    def node(self, index: Index) -> Node:
        """The node of an index; the invisible root for an invalid one."""
        found = index.internalPointer() if index.isValid() else None
        return found if isinstance(found, Node) else self._root

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        """Qt's hook."""
        children = self.node(parent).children
        if not 0 <= row < len(children) or not 0 <= column < 2:
            return QModelIndex()
        return self.createIndex(row, column, children[row])

    def parent(self, index: Index = QModelIndex()) -> QModelIndex:  # type: ignore[override]  # noqa: B008
        """Qt's hook."""
        above = self.node(index).parent if index.isValid() else None
        return QModelIndex() if above is None or above is self._root else self.createIndex(above.row, 0, above)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Number of children."""
        return 0 if parent.column() > 0 else len(self.node(parent).children)

    def columnCount(self, _parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Name and value."""
        return 2

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text and colour."""
        if not index.isValid():
            return None
        node = self.node(index)
        if role == Qt.ItemDataRole.DisplayRole:
            return node.name if index.column() == 0 else node.text
        if role == Qt.ItemDataRole.ForegroundRole:
            return theme().colour("text" if index.column() == 0 else node.colour)
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Titles."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return ("Name", "Value")[section]
        return None


class JsonTree(QTreeView):
    """A tree of named JSON values."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.json = JsonModel()
        self.setModel(self.json)
        self.setAccessibleName(name)
        self.setFont(data_font())
        self.setHeaderHidden(True)
        self.setUniformRowHeights(True)
        self.setIndentation(14)
        header = self.header()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(True)
        header.resizeSection(0, 170)

    def show_values(self, entries: list[tuple[str, Any]], *, expand: int = 1) -> None:
        """Show named values, opened `expand` levels deep as far as they are small."""
        self.json.show(entries)
        if expand and sum(len(node.children) for node in self.json.node(QModelIndex()).children) <= 200:
            self.expandToDepth(expand - 1)

    def copy_value(self) -> None:
        """Copy the current value as text."""
        index = self.currentIndex()
        if index.isValid():
            value = self.json.node(index).value
            QApplication.clipboard().setText(value if isinstance(value, str) else self.json.node(index).text)
