"""The tree of the DOM panel: rows come from the inspector process; what is open and chosen survives the playhead."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)

from replay_viewer.analysis.domtree import PAGE, Branch, Key
from replay_viewer.qt.theme import ROW_HEIGHT, data_font, theme
from replay_viewer.services.inspector import TreeAnswer

Index = QModelIndex | QPersistentModelIndex
#: A piece of a row and the role that colours it.
Piece = tuple[str, str]


class Item:
    """A row with the rows below it that are known."""

    __slots__ = ("branch", "children", "parent", "serial", "total")

    def __init__(self, branch: Branch, parent: Item | None, serial: int) -> None:
        self.branch, self.parent, self.serial = branch, parent, serial
        self.children: list[Item] = []
        self.total = 0


def pieces(branch: Branch) -> Iterator[Piece]:
    """A row as it is printed."""
    match branch.kind:
        case "element":
            yield "<", "muted"
            yield branch.name, "accent"
            for name, value in branch.attributes:
                yield f" {name}", "navigation"
                if value:
                    yield '="', "muted"
                    yield value, "good"
                    yield '"', "muted"
            yield ">", "muted"
            if branch.text:
                yield branch.text, "text"
                yield f"</{branch.name}>", "muted"
        case "text":
            yield f"“{branch.text}”", "text"
        case "comment":
            yield f"<!-- {branch.text} -->", "muted"
        case "doctype":
            yield f"<!DOCTYPE {branch.name}>", "muted"
        case "more":
            yield branch.text, "accent"
        case _:
            yield branch.name, "state"


class DomModel(QAbstractItemModel):
    """One column. Rows are told by `update`; their keys are those of `analysis.domtree`."""

    def __init__(self) -> None:
        super().__init__()
        self._root = Item(Branch(0, "root"), None, 0)
        self._serial = 0
        self._items: dict[int, Item] = {}
        self._by_key: dict[Key, Item] = {}

    # content

    def clear(self) -> None:
        """Nothing is known."""
        self.beginResetModel()
        self._root = Item(Branch(0, "root"), None, 0)
        self._items.clear()
        self._by_key.clear()
        self.endResetModel()

    def update(self, answer: TreeAnswer) -> None:
        """Bring the rows to an answer: what is still there stays, with what hangs on its index."""
        waiting = [self._root]
        while waiting:
            item = waiting.pop()
            rows, total = answer.below.get(item.branch.key, ([], 0))
            self._bring(item, rows, total)
            known = (child for child in item.children if child.branch.key)  # 0 is the root, and a row “… more”
            waiting.extend(child for child in known if child.children or child.branch.key in answer.below)

    def _bring(self, item: Item, rows: list[Branch], total: int) -> None:
        item.total = total
        if total > len(rows):
            rest = total - len(rows)
            rows = [*rows, Branch(0, "more", text=f"… {rest:,} more, show {min(rest, PAGE):,}")]
        new = [(row.key, row.kind) for row in rows]
        self._keep(item, set(new))
        stayed = [(child.branch.key, child.branch.kind) for child in item.children]
        there = set(stayed)
        if stayed != [one for one in new if one in there]:  # another order: what moved is made anew
            self._keep(item, set())
            there = set()
        at = 0
        while at < len(rows):
            end = at
            while end < len(rows) and new[end] not in there:
                end += 1
            if end > at:
                self.beginInsertRows(self.index_of(item), at, end - 1)
                item.children[at:at] = [self._new(row, item) for row in rows[at:end]]
                self.endInsertRows()
            at = end + 1
        for child, row in zip(item.children, rows, strict=True):
            if child.branch != row:
                child.branch = row
                index = self.index_of(child)
                self.dataChanged.emit(index, index)

    def _keep(self, item: Item, wanted: set[tuple[Key, str]]) -> None:
        """Remove the rows below that are not wanted any more, a run of neighbours at a time."""
        end = len(item.children)
        while end > 0:
            start = end
            while (
                start > 0
                and (item.children[start - 1].branch.key, item.children[start - 1].branch.kind) not in wanted
            ):
                start -= 1
            if start < end:
                self.beginRemoveRows(self.index_of(item), start, end - 1)
                for child in item.children[start:end]:
                    self._forget(child)
                del item.children[start:end]
                self.endRemoveRows()
            end = start - 1

    def _new(self, branch: Branch, parent: Item) -> Item:
        self._serial += 1
        item = Item(branch, parent, self._serial)
        self._items[item.serial] = item
        if branch.key:
            self._by_key[branch.key] = item
        return item

    def _forget(self, item: Item) -> None:
        for child in item.children:
            self._forget(child)
        self._items.pop(item.serial, None)
        if self._by_key.get(item.branch.key) is item:
            del self._by_key[item.branch.key]

    def close(self, key: Key) -> None:
        """Drop the rows below a row: it was closed, and they would go stale."""
        item = self._by_key.get(key)
        if item is not None and item.children:
            self.beginRemoveRows(self.index_of(item), 0, len(item.children) - 1)
            for child in item.children:
                self._forget(child)
            item.children.clear()
            self.endRemoveRows()

    # asking

    def item(self, index: Index) -> Item:
        """The row of an index; the invisible root for an invalid one."""
        return self._items.get(index.internalId(), self._root) if index.isValid() else self._root

    def key(self, index: Index) -> Key:
        """The key of an index, 0 for none."""
        return self.item(index).branch.key if index.isValid() else 0

    def find(self, key: Key) -> QModelIndex:
        """The index of a key; an invalid one when no such row is known."""
        item = self._by_key.get(key)
        return self.index_of(item) if item is not None else QModelIndex()

    def index_of(self, item: Item) -> QModelIndex:
        """The index of a row."""
        if item.parent is None:
            return QModelIndex()
        return self.createIndex(item.parent.children.index(item), 0, item.serial)

    # Qt's side

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        """Qt's hook."""
        children = self.item(parent).children
        if column != 0 or not 0 <= row < len(children):
            return QModelIndex()
        return self.createIndex(row, 0, children[row].serial)

    def parent(self, index: Index = QModelIndex()) -> QModelIndex:  # type: ignore[override]  # noqa: B008
        """Qt's hook."""
        above = self.item(index).parent if index.isValid() else None
        return self.index_of(above) if above is not None else QModelIndex()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Rows below that are known."""
        return len(self.item(parent).children)

    def columnCount(self, _parent: Index = QModelIndex()) -> int:  # noqa: B008
        """One."""
        return 1

    def hasChildren(self, parent: Index = QModelIndex()) -> bool:  # noqa: B008
        """Whether a row can be opened, known or not."""
        item = self.item(parent)
        return bool(item.children) or item.branch.rows > 0

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The row as text."""
        if not index.isValid() or role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        text = "".join(piece for piece, _ in pieces(self.item(index).branch))
        return f"<p>{html.escape(text[:1000])}</p>" if role == Qt.ItemDataRole.ToolTipRole else text


class _Delegate(QStyledItemDelegate):
    """Paints a row in the colours of its pieces."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        """Rows are of one height."""
        return QSize(200, ROW_HEIGHT - 4)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """One row."""
        model = index.model()
        assert isinstance(model, DomModel)
        colours, box = theme(), option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(box, colours.colour("selection"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(box, colours.colour("hover"))
        painter.setFont(data_font())
        metrics = painter.fontMetrics()
        left, right = box.left() + 2, box.right() - 6
        for text, role in pieces(model.item(index).branch):
            if left >= right:
                break
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, right - left)
            painter.setPen(colours.colour(role))
            painter.drawText(left, box.top(), right - left, box.height(), int(Qt.AlignmentFlag.AlignVCenter), shown)
            left += metrics.horizontalAdvance(text)


class DomTree(QTreeView):
    """The view. `asked()`: other rows are wanted; `chosen(key)`: somebody selected a row; `pointed(key)`: the mouse
    is over a row, 0 over none; `more_asked(key)`: more rows below a row.
    """

    asked = Signal()
    chosen = Signal(object)  # keys of shadow roots are negative; object, because Signal(int) is 32 bits
    pointed = Signal(object)
    more_asked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.dom = DomModel()
        self.expanded_keys: list[Key] = []
        self._bringing = False
        self._over: Key = 0
        self.setModel(self.dom)
        self.setItemDelegate(_Delegate(self))
        self.setAccessibleName("DOM tree")
        self.setHeaderHidden(True)
        self.setUniformRowHeights(True)
        self.setIndentation(14)
        self.setFont(data_font())
        self.setMouseTracking(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.expanded.connect(self._opened)
        self.collapsed.connect(self._closed)
        self.selectionModel().currentChanged.connect(self._current)
        self.clicked.connect(self._clicked)
        self.entered.connect(lambda index: self._point(self.dom.key(index)))
        theme().changed.connect(self.viewport().update)

    def clear(self) -> None:
        """Nothing is shown."""
        self.expanded_keys = []
        self.dom.clear()

    def bring(self, answer: TreeAnswer, *, reveal: bool) -> None:
        """Show an answer; with `reveal` what is selected is scrolled to."""
        self._bringing = True
        try:
            self.dom.update(answer)
            self.expanded_keys = list(answer.expanded)
            for key in self.expanded_keys:
                index = self.dom.find(key)
                if index.isValid() and not self.isExpanded(index):
                    self.setExpanded(index, True)
            index = self.dom.find(answer.selected)
            if index.isValid():
                self.setCurrentIndex(index)
                if reveal:
                    self.scrollTo(index, QAbstractItemView.ScrollHint.PositionAtCenter)
            else:
                self.selectionModel().clear()
        finally:
            self._bringing = False

    def leaveEvent(self, event: QEvent) -> None:
        """The mouse is over no row."""
        super().leaveEvent(event)
        self._point(0)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Below the last row there is none."""
        super().mouseMoveEvent(event)
        if not self.indexAt(event.position().toPoint()).isValid():
            self._point(0)

    def _point(self, key: Key) -> None:
        if key != self._over:
            self._over = key
            self.pointed.emit(key)

    def _opened(self, index: QModelIndex) -> None:
        key = self.dom.key(index)
        if not self._bringing and key and key not in self.expanded_keys:
            self.expanded_keys.append(key)
            self.asked.emit()

    def _closed(self, index: QModelIndex) -> None:
        key = self.dom.key(index)
        if not self._bringing and key in self.expanded_keys:
            self.expanded_keys.remove(key)
            self.dom.close(key)

    def _current(self, current: QModelIndex, _previous: QModelIndex) -> None:
        key = self.dom.key(current)
        if not self._bringing and key:
            self.chosen.emit(key)

    def _clicked(self, index: QModelIndex) -> None:
        item = self.dom.item(index)
        if item.branch.kind == "more" and item.parent is not None:
            self.more_asked.emit(item.parent.branch.key)
