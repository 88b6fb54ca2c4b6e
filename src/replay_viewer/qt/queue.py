"""The left dock: sessions of the library, newest first, with a filter; loading, empty and failed say so."""

from __future__ import annotations

import time
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import msgspec
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QListView,
    QMenu,
    QStackedLayout,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from replay_viewer.domain.errors import UserError
from replay_viewer.domain.links import SessionLink
from replay_viewer.domain.session import Marks, Session
from replay_viewer.library import Library
from replay_viewer.library.marks import tag
from replay_viewer.qt.context import Context
from replay_viewer.qt.copying import copyable
from replay_viewer.qt.saved import QueryCompleter, SavedFilters
from replay_viewer.qt.theme import theme, ui_font
from replay_viewer.qt.widgets import EmptyState, FilterField, IconButton, ask_line, named_button
from replay_viewer.qt.wording import plural, session_line, session_where, size, when
from replay_viewer.services import expiry

Index = QModelIndex | QPersistentModelIndex
_PAGE = 200
_HEIGHT = 50
SESSION = int(Qt.ItemDataRole.UserRole)
MARKS = SESSION + 1
STAYS = SESSION + 2


class SessionModel(QAbstractListModel):
    """Sessions as far as they were read; `more_asked` when the view nears the end."""

    more_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.sessions: list[Session] = []
        self.total = 0
        self.marks: dict[str, Marks] = {}
        self.kept: set[str] = set()
        self.expires: dict[str, float] = {}

    def replace(self, sessions: list[Session], total: int, marks: dict[str, Marks]) -> None:
        """Show these."""
        self.beginResetModel()
        self.sessions, self.total, self.marks = sessions, total, dict(marks)
        self.endResetModel()

    def mark(self, session_id: str, marks: Marks) -> None:
        """A session's marks are these now."""
        self.marks[session_id] = marks
        at = self.row_of(session_id)
        if at >= 0:
            self.dataChanged.emit(self.index(at), self.index(at))

    def append(self, sessions: list[Session], marks: dict[str, Marks]) -> None:
        """Show more."""
        self.marks.update(marks)
        first = len(self.sessions)
        self.beginInsertRows(QModelIndex(), first, first + len(sessions) - 1)
        self.sessions.extend(sessions)
        self.endInsertRows()

    def row_of(self, session_id: str) -> int:
        """Where a session stands, -1 when it is not among those read."""
        return next((at for at, session in enumerate(self.sessions) if session.id == session_id), -1)

    def stays(self, session: Session) -> str:
        """What is to be said of how long there is a session: `kept`, `gone there in 3 days`; '' when nothing is."""
        kept = "kept" if session.id in self.kept else ""
        return " · ".join(filter(None, (kept, expiry.words(self.expires.get(session.id, 0.0)))))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Number of sessions read."""
        return 0 if parent.isValid() else len(self.sessions)

    def canFetchMore(self, parent: Index = QModelIndex()) -> bool:  # noqa: B008
        """Whether the library has more."""
        return not parent.isValid() and 0 < len(self.sessions) < self.total

    def fetchMore(self, _parent: Index = QModelIndex()) -> None:  # noqa: B008
        """The view came near the end."""
        self.more_asked.emit()

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The session, or its text for screen readers."""
        if not index.isValid():
            return None
        session = self.sessions[index.row()]
        if role == SESSION:
            return session
        if role == STAYS:
            return self.stays(session)
        marks = self.marks.get(session.id, Marks())
        if role == MARKS:
            return marks
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            said = [session.facts.user.label, session_line(session), plural(session.errors, "error")]
            said += [self.stays(session)] if self.stays(session) else []
            said += [] if marks.watched else ["not watched"]
            return ", ".join([*said, *(f"tag {one}" for one in marks.tags)])
        return None


class SessionDelegate(QStyledItemDelegate):
    """Two lines: who and how many errors; where, how long, with what."""

    opened_id = ""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        """Rows of one height."""
        return QSize(120, _HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """One session."""
        session: Session = index.data(SESSION)
        box: QRect = option.rect
        colours = theme()
        is_open = session.id == self.opened_id
        if is_open or option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(box, colours.colour("selection"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(box, colours.colour("hover"))
        if is_open:
            painter.fillRect(QRect(box.left(), box.top(), 3, box.height()), colours.colour("accent"))
        inside = box.adjusted(14, 7, -12, -7)
        top, bottom = inside.adjusted(0, 0, 0, -18), inside.adjusted(0, 18, 0, 0)
        right = 0
        if session.errors or session.state == "importing":
            importing = session.state == "importing"
            text = "importing" if importing else plural(session.errors, "error") if is_open else f"{session.errors:,}"
            painter.setFont(ui_font(bold=True, pixels=12))
            painter.setPen(colours.colour("muted" if importing else "failed"))
            right = QFontMetrics(painter.font()).horizontalAdvance(text) + 8
            painter.drawText(top, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), text)
        marks: Marks = index.data(MARKS)
        if not marks.watched:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colours.colour("accent"))
            painter.drawEllipse(box.left() + 5, top.center().y() - 2, 5, 5)
        painter.setFont(ui_font(bold=not marks.watched))
        painter.setPen(colours.colour("text"))
        metrics = QFontMetrics(painter.font())
        name = metrics.elidedText(session.facts.user.label, Qt.TextElideMode.ElideRight, top.width() - right)
        painter.drawText(top, int(Qt.AlignmentFlag.AlignVCenter), name)
        used = metrics.horizontalAdvance(name) + 8
        if marks.tags and (room := top.width() - right - used) > 24:
            painter.setFont(ui_font(pixels=11))
            painter.setPen(colours.colour("accent"))
            tags = QFontMetrics(painter.font()).elidedText(
                "  ".join(f"#{one}" for one in marks.tags), Qt.TextElideMode.ElideRight, room
            )
            painter.drawText(top.adjusted(used, 0, 0, 0), int(Qt.AlignmentFlag.AlignVCenter), tags)
        painter.setFont(ui_font(pixels=12))
        painter.setPen(colours.colour("muted"))
        rest = session_line(session).removeprefix(session_where(session))
        if stays := index.data(STAYS):
            rest = f"{rest} · {stays}"
        metrics = QFontMetrics(painter.font())
        room = bottom.width() - metrics.horizontalAdvance(rest)
        where = metrics.elidedText(session_where(session), Qt.TextElideMode.ElideRight, max(room, 60))
        line = metrics.elidedText(where + rest, Qt.TextElideMode.ElideRight, bottom.width())
        painter.drawText(bottom, int(Qt.AlignmentFlag.AlignVCenter), line)


def _as_text(index: QModelIndex) -> str:
    """A session for a ticket: who, what, a link that opens it."""
    session: Session = index.data(SESSION)
    return f"{session.facts.user.label} · {session_line(session)} · {SessionLink(session.id)}"


class Queue(QWidget):
    """The library dock. `open_asked(session id)`, `file_asked()`, `title_changed(text)`, `delete_asked(id)`."""

    open_asked = Signal(str)
    file_asked = Signal()
    delete_asked = Signal(str)
    keep_asked = Signal(str, bool)
    title_changed = Signal(str)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.setObjectName("sideDock")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.context = context
        self.model = SessionModel()
        self.filter = FilterField("Filter sessions")
        self.filter.setToolTip(
            "Words found in user, URL, browser, release or id; operators such as errors:>0, tag:vip"
        )
        self.completer = QueryCompleter(self.filter)
        self.save_button = IconButton("bookmark", "Save this filter")
        self.saved = SavedFilters(context)
        self.view = QListView()
        self.view.setAccessibleName("Sessions")
        self.view.setModel(self.model)
        self.delegate = SessionDelegate(self.view)
        self.view.setItemDelegate(self.delegate)
        self.view.setUniformItemSizes(True)
        self.view.setMouseTracking(True)
        self.view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._copy = copyable(self.view, _as_text)
        self.empty = EmptyState("library")
        self.open_button = named_button("Open file…", "open")
        self.retry_button = named_button("Retry", "retry")
        self.empty.buttons.insertWidget(1, self.open_button)
        self.empty.buttons.insertWidget(2, self.retry_button)
        body = QWidget()
        self._stack = QStackedLayout(body)
        self._stack.addWidget(self.view)
        self._stack.addWidget(self.empty)
        bar = QHBoxLayout()
        bar.setContentsMargins(10, 2, 10, 6)
        bar.setSpacing(4)
        bar.addWidget(self.filter)
        bar.addWidget(self.save_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(bar)
        layout.addWidget(body, 1)
        layout.addWidget(self.saved)
        self.save_button.setEnabled(False)
        self.save_button.clicked.connect(lambda: self.saved.save(self.filter.text().strip()))
        self.saved.picked.connect(self.filter.setText)
        self.filter.textChanged.connect(lambda text: self.save_button.setEnabled(bool(text.strip())))
        self.filter.changed.connect(lambda _text: self.reload())
        self.view.clicked.connect(self._activated)
        self.view.activated.connect(self._activated)
        self.view.customContextMenuRequested.connect(self._menu)
        self.open_button.clicked.connect(self.file_asked)
        self.retry_button.clicked.connect(self.reload)
        self.model.more_asked.connect(self._more)
        theme().changed.connect(self.view.viewport().update)
        context.opened_changed.connect(self._mark_open)
        self._say("Loading sessions…", "")

    def add_below(self, widget: QWidget) -> None:
        """A part of the dock under the saved filters."""
        box = self.layout()
        assert box is not None
        box.addWidget(widget)

    def reload(self) -> None:
        """Read the list again."""
        query = self.filter.text().strip()
        if not self.model.sessions:
            self._say("Loading sessions…", "")

        def work(library: Library) -> tuple[list[Session], int, dict[str, Marks], set[str], dict[str, float]]:
            found = library.sessions(query, _PAGE)
            ids = [one.id for one in found]
            stays = library.extras.kept(), library.extras.expiries(ids)
            return found, library.count(query), library.marks.of(ids), *stays

        def done(found: tuple[list[Session], int, dict[str, Marks], set[str], dict[str, float]]) -> None:
            self.model.kept, self.model.expires = found[3:]
            self.model.replace(*found[:3])
            self.title_changed.emit(f"Queue · {found[1]:,}")
            if found[0]:
                self._stack.setCurrentWidget(self.view)
                self._mark_open()
                if self.context.opened is not None:  # opened while the list was read
                    self.watched(self.context.opened.id)
            elif query:
                self._say("No session matches", "Try fewer words, or a part of a user, URL, release or id.")
            else:
                self._say(
                    "No sessions yet",
                    "Open a recording, drop one here, or paste a session URL above. It stays on this machine.",
                    opens=True,
                )

        def failed(error: UserError) -> None:
            self._say(error.message, error.advice, retries=True, icon_name="warning")

        self.context.tasks.read(work, done, failed, key="queue")
        self.saved.reload()

    def neighbour(self, direction: int) -> str | None:
        """Id of the session after (1) or before (-1) the open one; the first when none is open."""
        if not self.model.sessions:
            return None
        at = self.model.row_of(self.context.opened.id) if self.context.opened else -1
        target = at + direction if at >= 0 else 0
        return self.model.sessions[target].id if 0 <= target < len(self.model.sessions) else None

    def same_user(self, session: Session) -> None:
        """Filter by the user of a session."""
        user = session.facts.user
        name = user.email or user.id or user.name
        self.filter.setText(f'user:"{name}"' if name else "user:anonymous")

    def change_marks(self, session_id: str, watched: float | None = None, tags: list[str] | None = None) -> None:
        """Change the marks of a session; undo brings them back."""
        before = self.model.marks.get(session_id, Marks())
        after = Marks(
            watched=before.watched if watched is None else watched, tags=before.tags if tags is None else sorted(tags)
        )
        if after != before:
            self.context.change(
                "Marks", partial(self._put_marks, session_id, before), partial(self._put_marks, session_id, after)
            )

    def _put_marks(self, session_id: str, marks: Marks) -> None:
        try:
            self.context.library.marks.put(session_id, marks)
        except UserError as error:
            self.context.refused.emit(error, partial(self._put_marks, session_id, marks))
            return
        self.model.mark(session_id, marks)

    def watched(self, session_id: str) -> None:
        """A session was opened: from now on it is watched."""
        if not self.context.library.frozen and not self.model.marks.get(session_id, Marks()).watched:
            now = time.time() * 1000.0
            before = self.model.marks.get(session_id, Marks())
            self._put_marks(session_id, msgspec.structs.replace(before, watched=now))

    def _shares_with(self, session_id: str) -> str:
        """The collector a session came from, which keeps marks too; '' when it came from elsewhere."""
        try:
            pulled = self.context.library.extras.pulled(session_id)
        except UserError:  # busy for once: the menu does without
            return ""
        return urlsplit(pulled.url).netloc if pulled is not None and pulled.source == "collector" else ""

    def share_marks(self, session_id: str, host: str) -> None:
        """Give a session's marks to the collector it came from, and take those it has."""

        def work(library: Library) -> Marks:
            from replay_viewer.services.sharing import share  # the HTTP client takes a third of a second

            return share(library.home, session_id)

        def done(marks: Marks) -> None:
            self.model.mark(session_id, marks)
            self.context.said.emit(f"The marks are the same here and at {host} now.", "", "info")

        self.context.tasks.read(
            work, done, lambda error: self.context.said.emit(error.message, error.advice, "failed"), key="share"
        )

    def _ask_tags(self, session_id: str) -> None:
        before = self.model.marks.get(session_id, Marks()).tags
        text, said = ask_line(self, "Tags", "Tags, with blanks between them", " ".join(before))
        if not said:
            return
        try:
            tags = list(dict.fromkeys(tag(each) for each in text.split()))
        except UserError as error:
            self.context.said.emit(error.message, error.advice, "warning")
            return
        self.change_marks(session_id, tags=tags)

    def _say(
        self, title: str, why: str, *, opens: bool = False, retries: bool = False, icon_name: str = "library"
    ) -> None:
        self.empty.say(title, why, icon_name)
        self.open_button.setVisible(opens)
        self.retry_button.setVisible(retries)
        self._stack.setCurrentWidget(self.empty)

    def _more(self) -> None:
        query, first = self.filter.text().strip(), len(self.model.sessions)

        def work(library: Library) -> tuple[list[Session], dict[str, Marks]]:
            found = library.sessions(query, _PAGE, first)
            return found, library.marks.of([one.id for one in found])

        def done(found: tuple[list[Session], dict[str, Marks]]) -> None:
            if len(self.model.sessions) == first and found[0]:
                self.model.append(*found)

        self.context.tasks.read(
            work,
            done,
            lambda error: self.context.said.emit(error.message, error.advice, "failed"),
            key="queue-more",
        )

    def _mark_open(self) -> None:
        opened = self.context.opened.id if self.context.opened else ""
        self.delegate.opened_id = opened
        at = self.model.row_of(opened)
        if at >= 0:
            self.view.setCurrentIndex(self.model.index(at))
        self.view.viewport().update()

    def _activated(self, index: QModelIndex) -> None:
        session: Session = index.data(SESSION)
        if not self.context.opened or self.context.opened.id != session.id:
            self.open_asked.emit(session.id)

    def _menu(self, where: QPoint) -> None:
        index = self.view.indexAt(where)
        if not index.isValid():
            return
        session: Session = index.data(SESSION)
        menu = QMenu(self)
        menu.addAction("Open", lambda: self.open_asked.emit(session.id))
        menu.addAction(self._copy)
        menu.addAction(f"Other sessions of {session.facts.user.label}", lambda: self.same_user(session))
        menu.addSeparator()
        watched = self.model.marks.get(session.id, Marks()).watched
        menu.addAction(
            "Mark as not watched" if watched else "Mark as watched",
            lambda: self.change_marks(session.id, watched=0.0 if watched else time.time() * 1000.0),
        )
        menu.addAction("Tags…", lambda: self._ask_tags(session.id))
        if (host := self._shares_with(session.id)) and not self.context.library.frozen:
            menu.addAction(f"Share marks with {host}", lambda: self.share_marks(session.id, host))
        menu.addSection(when(session.start))
        kept = session.id in self.model.kept
        menu.addAction(
            "No longer keep" if kept else "Keep: protect from clean-up",
            lambda: self.keep_asked.emit(session.id, not kept),
        )
        if session.bytes:
            menu.addSection(f"{size(session.bytes)} of recording")
        menu.addAction("Delete from the library…", lambda: self.delete_asked.emit(session.id))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.view.viewport().mapToGlobal(where))
