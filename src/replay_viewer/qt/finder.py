"""What the one box found: sessions, rows and page texts of the library, sessions of every connected source."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetrics, QImage, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from replay_viewer.domain.errors import Cancelled, UserError
from replay_viewer.domain.time import offset
from replay_viewer.qt.context import Context
from replay_viewer.qt.tasks import Tasks
from replay_viewer.qt.theme import icon, theme, ui_font
from replay_viewer.qt.topbar import Box
from replay_viewer.qt.widgets import label
from replay_viewer.qt.wording import one_line, plural, session_line, when
from replay_viewer.services.find import SHORTEST, Finding, find

_PAUSE_MS = 180
_ANSWER = int(Qt.ItemDataRole.UserRole)
_TALL, _FLAT = 58, 26
_PICTURE = QSize(80, 50)
_MOST_HIGH = 460


@dataclass(frozen=True)
class Answer:
    """One line of the list. `place`: it stands under the session before it; `started`: epoch ms, for the order."""

    text: str
    line: str
    run: Callable[[], object]
    started: float = 0.0
    right: str = ""
    failed: bool = False
    picture: QImage | None = None
    place: bool = False
    symbol: str = "library"


class _Painter(QStyledItemDelegate):
    """Sessions with their picture in two lines; places in one."""

    def sizeHint(self, _option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Places are lower."""
        answer: Answer = index.data(_ANSWER)
        return QSize(200, _FLAT if answer.place else _TALL)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """One answer."""
        answer: Answer = index.data(_ANSWER)
        box: QRect = option.rect
        colours = theme()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(box, colours.colour("selection"))
        inside = box.adjusted(12, 4, -12, -4)
        left = QRect(inside.topLeft(), QSize(_PICTURE.width(), inside.height()))
        words = inside.adjusted(_PICTURE.width() + 10, 0, 0, 0)
        if not answer.place:
            self._picture(painter, left, answer)
        painter.setFont(ui_font(bold=answer.failed, pixels=12))
        painter.setPen(colours.colour("failed" if answer.failed else "muted"))
        metrics = QFontMetrics(painter.font())
        room = metrics.horizontalAdvance(answer.right) + 10 if answer.right else 0
        top = words if answer.place else words.adjusted(0, 4, 0, -words.height() // 2)
        painter.drawText(top, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), answer.right)
        painter.setFont(ui_font(pixels=12) if answer.place else ui_font(bold=True))
        painter.setPen(colours.colour("text"))
        self._line(painter, top.adjusted(0, 0, -room, 0), answer.text)
        if answer.line and not answer.place:
            painter.setFont(ui_font(pixels=12))
            painter.setPen(colours.colour("muted"))
            self._line(painter, words.adjusted(0, words.height() // 2, 0, -4), answer.line)

    @staticmethod
    def _line(painter: QPainter, box: QRect, text: str) -> None:
        fitting = QFontMetrics(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, box.width())
        painter.drawText(box, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), fitting)

    @staticmethod
    def _picture(painter: QPainter, box: QRect, answer: Answer) -> None:
        if answer.picture is None:
            icon(answer.symbol, "muted").paint(painter, box.adjusted(28, 12, -28, -12))
            return
        small = answer.picture.scaled(
            box.size(), Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        at = QPoint(box.left() + (box.width() - small.width()) // 2, box.top() + (box.height() - small.height()) // 2)
        painter.drawImage(at, small)
        painter.setPen(theme().colour("line"))
        painter.drawRect(QRect(at, small.size()).adjusted(0, 0, -1, -1))


class Finder(QFrame):
    """The list under the one box. `session_asked(id, instant as text, kind, row)`, `place_asked(id, t, tab, node)`
    (something on a page), `url_asked(url)`, `filter_asked(text)`, `source_answered(address, UserError or None)`.

    It never takes the focus: the box sends Up, Down, Enter and Esc on.
    """

    session_asked = Signal(str, str, str, int)
    place_asked = Signal(str, float, int, int)
    url_asked = Signal(str)
    filter_asked = Signal(str)
    source_answered = Signal(str, object)
    _answered = Signal(int, object)

    def __init__(self, context: Context, box: Box, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("finder")
        self.setAccessibleName("Found")
        self.context, self._box = context, box
        # A click in the list leaves the keyboard in the box; the window behind would take it, and the list would go.
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setFocusProxy(box)
        self._sources = Tasks(context.library.home, self)
        self._stop = threading.Event()
        self._round = 0
        self._asked = False  # Enter was pressed on this text
        self._library: list[Answer] = []
        self._remote: list[Answer] = []
        self._told: dict[str, str] = {}
        self.list = QListWidget()
        self.list.setAccessibleName("Sessions and places found")
        self.list.setItemDelegate(_Painter(self.list))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.list.itemClicked.connect(lambda _item: self.take())
        self.foot = label("", "muted", wrap=True)
        self.foot.setContentsMargins(12, 4, 12, 6)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 1)
        layout.setSpacing(0)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.foot)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE_MS)
        self._timer.timeout.connect(lambda: self.look(self._box.text()))
        box.textEdited.connect(self._edited)
        box.stepped.connect(self.step)
        box.left.connect(self.hide)
        self._answered.connect(self._remote_came)
        self.hide()

    # -- asking ----------------------------------------------------------------------------------------------------

    def _edited(self, text: str) -> None:
        plain = text.strip()
        if len(plain) < SHORTEST or "://" in plain or plain.startswith(("/", "~")):
            self._timer.stop()
            self.hide()
        else:
            self._timer.start()

    def look(self, text: str, *, sources: bool = False) -> None:
        """Find `text` in the library, and with `sources` ask them too; the list shows what comes as it comes."""
        self._timer.stop()
        text = text.strip()
        self._stop.set()
        self._round += 1
        self._remote, self._told, self._asked = [], {}, sources
        if sources:
            self._ask_sources(text)

        def done(found: list[Finding]) -> None:
            if text == self._box.text().strip():
                self._library = [self._local(one) for one in found]
                self._fill(text)

        self.context.tasks.read(lambda library: find(library, text), done, self._failed, key="finder")

    def _ask_sources(self, text: str) -> None:
        from replay_viewer.services.search_sources import search_sources  # the HTTP client takes a third of a second

        number, home, stop = self._round, self.context.library.home, threading.Event()
        self._stop = stop
        self._told["…"] = "asking the sources"

        def work() -> bool:
            try:
                search_sources(
                    home, text, answered=lambda one: self._answered.emit(number, one), cancelled=stop.is_set
                )
            except Cancelled:
                return False
            return True

        def done(_whole: bool) -> None:
            if number == self._round:
                self._told.pop("…", None)
                self._fill(text)

        self._sources.run(work, done, self._failed, key="sources")

    def _remote_came(self, number: int, answer: object) -> None:
        """One source answered (queued over from its thread)."""
        if number != self._round:
            return
        from replay_viewer.services.search_sources import SourceAnswer

        assert isinstance(answer, SourceAnswer)
        self.source_answered.emit(answer.base, answer.failed)
        if answer.problem:
            self._told[answer.connection] = answer.problem
        for one in answer.sessions:
            started = one.started or 0.0
            length = "" if one.duration is None else offset(one.duration, tenths=False)
            line = " · ".join(part for part in (one.page, length, one.browser, one.why) if part)
            self._remote.append(
                Answer(
                    text=f"{one.user or 'anonymous'} · {answer.connection}",
                    line=line,
                    run=lambda url=one.url: self.url_asked.emit(url),  # type: ignore[misc]
                    started=started,
                    right=plural(one.errors, "error") if one.errors > 0 else when(started) if started else "",
                    failed=one.errors > 0,
                    symbol="globe",
                )
            )
        self._fill(self._box.text().strip())

    def _failed(self, error: UserError) -> None:
        self._told["library"] = str(error)
        self._fill(self._box.text().strip())

    def _local(self, found: Finding) -> Answer:
        session = found.session
        at = "" if found.t < 0 else f"{found.t:.0f}"

        def go() -> None:
            if found.node >= 0:
                self.place_asked.emit(session.id, found.t, found.tab, found.node)
                return
            self.session_asked.emit(session.id, at, found.kind, found.n)

        if found.t >= 0:
            return Answer(
                text=one_line(found.why, 160), line="", run=go, right=offset(found.t - session.start), place=True
            )
        image = QImage.fromData(found.picture) if found.picture else None
        return Answer(
            text=session.facts.user.label,
            line=f"{session_line(session)} · {when(session.start)}",
            run=go,
            started=session.start,
            right=plural(session.errors, "error") if session.errors else "",
            failed=session.errors > 0,
            picture=image,
        )

    # -- showing ---------------------------------------------------------------------------------------------------

    def _fill(self, text: str) -> None:
        """Library and sources side by side, newest first; a session's places stay with it."""
        groups: list[list[Answer]] = []
        for answer in self._library:
            if answer.place and groups:
                groups[-1].append(answer)
            else:
                groups.append([answer])
        groups += [[answer] for answer in self._remote]
        groups.sort(key=lambda group: -group[0].started)
        answers = [answer for group in groups for answer in group]
        chosen = self.list.currentRow() if self._asked else -1
        self.list.clear()
        for answer in [*answers, self._to_queue(text)]:
            item = QListWidgetItem()
            item.setData(_ANSWER, answer)
            item.setData(
                Qt.ItemDataRole.AccessibleTextRole,
                ", ".join(part for part in (answer.text, answer.line, answer.right) if part),
            )
            item.setToolTip(answer.line or answer.text)
            self.list.addItem(item)
        # Nothing is chosen while one types: Enter then means to ask everywhere.
        self.list.setCurrentRow(max(0, min(chosen, self.list.count() - 1)) if self._asked else -1)
        problems = [f"{name}: {said}" if name != "…" else said for name, said in self._told.items()]
        nothing = "" if answers or problems else "Nothing found in the library. "
        hint = "" if self._told or self._remote else "Enter asks the connected sources too."
        self.foot.setText(f"{nothing}{'  '.join(problems) or hint}".strip())
        self.foot.setVisible(bool(self.foot.text()))
        self._place()
        self.show()
        self.raise_()

    def _to_queue(self, text: str) -> Answer:
        return Answer(
            text=f"Filter the queue by “{text}”",
            line="",
            run=lambda: self.filter_asked.emit(text),
            place=True,
            right="",
        )

    def _place(self) -> None:
        """Under the box, as high as it needs."""
        window = self.window()
        below = self._box.mapTo(window, QPoint(0, self._box.height() + 4))
        wide = max(self._box.width(), 560)
        high = sum(self.list.sizeHintForRow(row) for row in range(self.list.count())) + 6
        if self.foot.isVisibleTo(self):
            high += self.foot.heightForWidth(wide) if self.foot.hasHeightForWidth() else self.foot.sizeHint().height()
        left = max(8, min(below.x() - (wide - self._box.width()) // 2, window.width() - wide - 8))
        self.setGeometry(left, below.y(), wide, min(high, _MOST_HIGH, window.height() - below.y() - 20))

    # -- choosing --------------------------------------------------------------------------------------------------

    def step(self, by: int) -> None:
        """Choose the answer after (1) or before (-1) the chosen one."""
        if self.isVisible() and self.list.count():
            first = self.list.currentRow() if self.list.currentRow() >= 0 or by > 0 else 0
            self.list.setCurrentRow((first + by) % self.list.count())

    def take(self) -> bool:
        """Do what is chosen. Returns whether there was anything."""
        item = self.list.currentItem()
        if not self.isVisible() or item is None:
            return False
        answer: Answer = item.data(_ANSWER)
        self.hide()
        answer.run()
        return True

    def hide(self) -> None:
        """Away; nobody is asked any more."""
        self._stop.set()
        self._timer.stop()
        super().hide()

    def shut_down(self) -> None:
        """The window goes."""
        self.hide()
        self._sources.close()
