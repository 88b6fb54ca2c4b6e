"""The command palette: everything the table of actions holds, the sessions and the rows, found by a few letters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from replay_viewer.qt.tails import TAIL, TailDelegate
from replay_viewer.qt.theme import icon
from replay_viewer.qt.widgets import label

_SHOWN = 60
_ENTRY = Qt.ItemDataRole.UserRole


@dataclass(frozen=True)
class Entry:
    """One thing to pick. `hint`: its key, or when it was; `run`: what picking it does."""

    text: str
    run: Callable[[], object]
    hint: str = ""
    icon: str = ""


def score(wanted: str, text: str) -> int:
    """How well the letters of `wanted` stand in `text` in that order; 0 when they do not.

    Letters at the beginning of words and next to one another count more; short texts come before long ones.
    """
    needle, hay = "".join(wanted.casefold().split()), text.casefold()
    if not needle:
        return 1
    best = 0
    first = hay.find(needle[0])
    while first >= 0:  # the first letter decides what follows: try each place of it
        points, at, last = 0, first, first - 2
        for letter in needle:
            at = hay.find(letter, at)
            if at < 0:
                break
            points += 10 + (15 if at == last + 1 else 0) + (20 if at == 0 or not hay[at - 1].isalnum() else 0)
            last, at = at, at + 1
        else:
            best = max(best, points * 100 - min(len(hay), 99))
        first = hay.find(needle[0], first + 1)
    return best


def ranked(wanted: str, entries: Sequence[Entry]) -> list[Entry]:
    """The entries that have the letters, best first; all in their order when nothing is wanted."""
    scored = [(score(wanted, entry.text), at, entry) for at, entry in enumerate(entries)]
    return [entry for points, _, entry in sorted(scored, key=lambda one: (-one[0], one[1])) if points]


class Palette(QDialog):
    """A field and what it finds. `more(text, give)` looks elsewhere (sessions, rows) and gives further entries."""

    def __init__(
        self,
        entries: Sequence[Entry],
        parent: QWidget | None = None,
        more: Callable[[str, Callable[[list[Entry]], None]], None] | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Command palette")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._entries, self._more = list(entries), more
        self._found: list[Entry] = []
        self.field = QLineEdit()
        self.field.setPlaceholderText("What to do, a session, or a text in this session")
        self.field.setAccessibleName("Command, session or row")
        self.list = QListWidget()
        self.list.setAccessibleName("Commands, sessions and rows found")
        self.list.setItemDelegate(TailDelegate(self.list))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 10, 10, 8)
        layout.addWidget(self.field)
        layout.addWidget(self.list, 1)
        layout.addWidget(label("↑ ↓ to choose, Enter to do it, Esc to leave", "muted"))
        self.resize(620, 420)
        self.field.textChanged.connect(self._changed)
        self.field.returnPressed.connect(self.take)
        self.list.itemClicked.connect(lambda _item: self.take())
        self._changed("")

    def take(self) -> None:
        """Do what is chosen; the palette goes first, so that the focus is where it was."""
        item = self.list.currentItem()
        if item is not None:
            entry: Entry = item.data(_ENTRY)
            self.close()
            entry.run()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down choose while the field keeps the focus."""
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()), 0)
        if step:
            self.list.setCurrentRow((self.list.currentRow() + step) % max(self.list.count(), 1))
        else:
            super().keyPressEvent(event)

    def _changed(self, text: str) -> None:
        self._found = []
        self._fill()
        if self._more is not None and len(text.strip()) >= 2:
            self._more(text.strip(), lambda found, text=text: self._add(text, found))  # type: ignore[misc]

    def _add(self, text: str, found: list[Entry]) -> None:
        if self.field.text() == text:
            self._found = found
            self._fill()

    def _fill(self) -> None:
        self.list.clear()
        for entry in [*ranked(self.field.text(), self._entries), *self._found][:_SHOWN]:
            item = QListWidgetItem(entry.text)
            item.setData(TAIL, entry.hint)
            item.setData(
                Qt.ItemDataRole.AccessibleTextRole, f"{entry.text}, {entry.hint}" if entry.hint else entry.text
            )
            if entry.icon:
                item.setIcon(icon(entry.icon, "muted"))
            item.setData(_ENTRY, entry)
            self.list.addItem(item)
        self.list.setCurrentRow(0)
