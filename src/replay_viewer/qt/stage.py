"""The centre: strip of the session's tabs, address, verdict, and the page the customer saw."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QStackedLayout, QVBoxLayout, QWidget

from replay_viewer.domain.errors import UserError
from replay_viewer.domain.rows import Navigation
from replay_viewer.domain.session import Spot, in_order, spots_at
from replay_viewer.qt.actions import tip
from replay_viewer.qt.context import Context
from replay_viewer.qt.copying import copyable_text
from replay_viewer.qt.opened import Opened
from replay_viewer.qt.tabstrip import TabStrip
from replay_viewer.qt.theme import data_font, pixmap, theme, ui_font
from replay_viewer.qt.widgets import Elided, EmptyState, IconButton, label, named_button

log = logging.getLogger(__name__)

#: From so long before its first picture (ms) on, a session shows that instead of saying that there is none yet.
_EARLY_MS = 1_000.0
#: An engine that dies this often within a minute is left alone until somebody presses Retry.
ENGINE_DEATHS = 4


class Player(Protocol):
    """What the stage needs of a player widget; `qt.player.view.PlayerView` is one."""

    ready: Any
    instant: Any
    playing_changed: Any
    ended: Any
    failed: Any
    pictured: Any
    picked: Any
    spotted: Any
    found: Any

    def set_engine(self, engine: Any) -> None: ...
    def set_end(self, t: float | None) -> None: ...
    def seek(self, tab: int, t: float) -> None: ...
    def find_event(self, tab: int, t: float, direction: int) -> None: ...
    def play(self) -> None: ...
    def pause(self) -> None: ...
    def set_speed(self, speed: float) -> None: ...
    def retry(self) -> None: ...
    def set_around(self, colour: QColor) -> None: ...
    def show_pointer(self, visible: bool) -> None: ...
    def set_picking(self, on: bool) -> None: ...
    def show_marks(self, visible: bool) -> None: ...
    def outline(self, ids: Sequence[int]) -> None: ...
    def pin(self, spots: Sequence[Spot]) -> None: ...
    def take_picture(self, done: Callable[[QImage], None]) -> None: ...
    def shutdown(self) -> None: ...


PlayerFactory = Callable[[QWidget], QWidget]
EngineFactory = Callable[[Path, str], Any]


#: Where a verdict's sentence goes on from what failed to when that was.
_WHEN = re.compile(r", at (?=\d+:\d\d)")
_AFTER = re.compile(r"(, on [^,]+), ([\d.]+ m?s after )")


#: The same sentence in fewer words.
_SHORTER = ((", at ", " · "), (", on ", " · "), (", after ", " · "))


class _Sentence(Elided):
    """A verdict on one line: where there is no room for all of it, what failed is cut before when, where and why."""

    clicked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setFont(ui_font(pixels=12))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        copyable_text(self)

    def fitting(self, width: int) -> str:
        """What is shown at a width."""
        text, metrics = self.text(), self.fontMetrics()
        if metrics.horizontalAdvance(text) <= width or (cut := _WHEN.search(text)) is None:
            return metrics.elidedText(text, Qt.TextElideMode.ElideRight, width)
        rest = _AFTER.sub(r"\1 · \2", text[cut.start() :].removesuffix("."))
        for long, short in _SHORTER:
            rest = rest.replace(long, short)
        room = width - metrics.horizontalAdvance(rest)
        shown = metrics.elidedText(text[: cut.start()], Qt.TextElideMode.ElideRight, max(room, width // 5))
        return metrics.elidedText(shown + rest, Qt.TextElideMode.ElideRight, width)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click goes there."""
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit()


class Verdict(QWidget):
    """One line on top: what failed, when, on which page, after which click. `clicked`: go there."""

    clicked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("verdict")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.text = _Sentence()
        self._picture = QLabel()
        go = IconButton("next-error", "Go to this error", role="text")
        go.clicked.connect(self.clicked)
        self.text.clicked.connect(self.clicked)
        close = IconButton("close", "Hide this line")
        close.clicked.connect(self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 2, 6, 2)
        layout.setSpacing(8)
        layout.addWidget(self._picture)
        layout.addWidget(self.text, 1)
        layout.addWidget(go)
        layout.addWidget(close)
        theme().changed.connect(self._tint)
        self._tint()
        self.hide()

    def say(self, text: str) -> None:
        """Show the line; nothing to say hides it."""
        self.text.setText(text)
        self.setAccessibleName(f"Verdict: {text}")
        self.setVisible(bool(text))

    def _tint(self) -> None:
        self._picture.setPixmap(pixmap("errors", "failed", 16, 2.0))


class EarlySheet(EmptyState):
    """Lies over the page at instants before its first picture. `asked(t)`: go to that."""

    asked = Signal(float)

    def __init__(self, page: QWidget) -> None:
        super().__init__("clock")
        self.setParent(page)
        self.setObjectName("stage")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._first = 0.0
        self.button = named_button("Go there", "play", primary=True)
        self.button.clicked.connect(lambda: self.asked.emit(self._first))
        self.buttons.insertWidget(1, self.button)
        page.installEventFilter(self)
        self.hide()

    def tell(self, first: float, text: str) -> None:
        """Say when the first picture comes (epoch ms, and in words)."""
        self._first = first
        self.say("Nothing was recorded yet", f"The first picture comes {text}.")
        page = self.parentWidget()
        if page is not None:
            self.setGeometry(page.rect())
        self.show()
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """As large as the page."""
        if event.type() == QEvent.Type.Resize and isinstance(watched, QWidget):
            self.setGeometry(watched.rect())
        return super().eventFilter(watched, event)


class Stage(QWidget):
    """The page and what stands around it. `link_asked`: copy a link to this instant."""

    link_asked = Signal()
    file_asked = Signal()

    def __init__(self, context: Context, player_factory: PlayerFactory, engine_factory: EngineFactory) -> None:
        super().__init__()
        self.context = context
        self._make_player, self._make_engine = player_factory, engine_factory
        self.player: Any = None
        self.marks = True
        self._spots: list[Spot] = []
        self._engine: Any = None
        self._engine_of = ""
        self._engine_deaths: list[float] = []
        self.tab = 0
        self.pinned = False
        self._steps = 0
        self.pointer_shown = True
        self._navigation: list[Navigation] = []
        self._firsts: dict[int, float] = {}  #: tab → its first picture
        self._measure = QTimer(self)
        self._measure.setSingleShot(True)
        self._measure.setInterval(250)
        self._measure.timeout.connect(self._ask_size)
        self.tabs = TabStrip(context.playhead)
        self.size_label = label("", "muted")
        strip = QWidget()
        strip.setObjectName("tabStrip")
        strip.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(strip)
        row.setContentsMargins(10, 0, 12, 0)
        row.addWidget(self.tabs, 1)
        self.strip = strip
        self.address = label("", "", selectable=True)
        self.address.setFont(data_font())
        self.address.setAccessibleName("Address of the page")
        self.address.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.link = IconButton("link", tip("copy-link"))
        self.link.clicked.connect(self.link_asked)
        self.bar = QWidget()
        self.bar.setObjectName("urlBar")
        self.bar.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        line = QHBoxLayout(self.bar)
        line.setContentsMargins(12, 2, 8, 2)
        line.addWidget(self.address, 1)
        line.addWidget(self.size_label)
        line.addWidget(self.link)
        self.verdict = Verdict()
        self.empty = EmptyState("open")
        self.open_button = named_button("Open file…", "open", primary=True)
        self.retry_button = named_button("Retry", "retry")
        self.empty.buttons.insertWidget(1, self.open_button)
        self.empty.buttons.insertWidget(2, self.retry_button)
        self.open_button.clicked.connect(self.file_asked)
        self.retry_button.clicked.connect(self._retry)
        self.frame = QWidget()
        self.frame.setObjectName("stage")
        self.frame.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        around = QVBoxLayout(self.frame)
        around.setContentsMargins(10, 6, 10, 6)
        inner = QWidget()
        around.addWidget(inner)
        self._stack = QStackedLayout(inner)
        self._stack.addWidget(self.empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for widget in (strip, self.bar, self.verdict):
            layout.addWidget(widget)
        layout.addWidget(self.frame, 1)
        self.tabs.picked.connect(self.pin)
        self.tabs.follow_asked.connect(self.toggle_follow)
        context.outline_asked.connect(lambda ids: self.player.outline(ids) if self.player else None)
        context.pick_asked.connect(lambda on: self.player.set_picking(on) if self.player else None)
        context.notes_changed.connect(self._pin)
        context.opened_changed.connect(self._pin)
        playhead = context.playhead
        playhead.moved.connect(self._pin)
        playhead.sought.connect(self._seek)
        playhead.moved.connect(self._moved)
        playhead.playing_changed.connect(self._play)
        for changed in (playhead.range_changed, playhead.loop_changed):
            changed.connect(self._set_end)
        playhead.speed_changed.connect(lambda speed: self.player.set_speed(speed) if self.player else None)
        theme().changed.connect(self._around)
        # Before the window is shown: a web view added to a window on the screen makes Qt build the window anew.
        self._add_player()
        self.show_welcome()

    def minimumSizeHint(self) -> QSize:
        """Room for a small page."""
        return QSize(360, 180)

    # what stands here

    def show_welcome(self) -> None:
        """Nothing is open."""
        self._chrome(False)
        self.empty.say(
            "Open a session",
            "Pick one in the queue, drop a recording here, or paste a session URL into the box above.",
            "play",
        )
        self.open_button.show()
        self.retry_button.hide()
        self._stack.setCurrentWidget(self.empty)

    def show_loading(self, what: str) -> None:
        """A session is on its way."""
        self._chrome(False)
        self.empty.say(f"Opening {what}…", "", "clock")
        self.open_button.hide()
        self.retry_button.hide()
        self._stack.setCurrentWidget(self.empty)

    def show_failure(self, message: str, advice: str = "") -> None:
        """The page cannot be shown; lanes and lists work on."""
        self.context.playhead.set_driven(False)
        self.empty.say(message, advice or "Everything else of the session still works.", "warning")
        self.open_button.hide()
        self.retry_button.setVisible(self.context.opened is not None)
        self._stack.setCurrentWidget(self.empty)

    def refresh(self, opened: Opened) -> None:
        """The import of the open session went on."""
        if self._engine_of == opened.id and self.player is not None:
            self._set_end()
            reload = getattr(self._engine, "reload", None)
            if reload is not None:
                try:
                    reload()
                except UserError as error:
                    self._failed(str(error))

    def open_session(self, opened: Opened) -> None:
        """Show another session."""
        self._navigation = [
            row
            for row in opened.fetch("navigation", list(range(len(opened.columns["navigation"])))[:20_000])
            if isinstance(row, Navigation)
        ]
        if not opened.session.tabs:
            self._show_rows_only(opened)
            return
        self._chrome(True)
        self.strip.setVisible(len(opened.session.tabs) > 1)  # one tab says nothing that the address does not
        self.tabs.fill(opened, self._navigation)
        self._firsts = {
            tab.index: found[0].t
            for tab in opened.session.tabs
            if (found := opened.library.keyframes(opened.id, tab.index))
        }
        if self._engine_of != opened.id:
            self.tab = opened.trails.tab_at(opened.session.start)
        if self._engine_of != opened.id:
            self.pinned = False
            self._steps = 0
            self._engine_deaths.clear()
            self._start_engine(opened)
            self.context.playhead.set_driven(True)
        self._set_end()
        self._stack.setCurrentWidget(self.player)

    def show_marks(self, on: bool) -> None:
        """Mark on the page what is not in the recording, or not."""
        self.marks = on
        if self.player is not None:
            self.player.show_marks(on)

    def _show_rows_only(self, opened: Opened) -> None:
        """A session without a recording: the panels and lanes have all there is."""
        self._close_engine()
        self._engine_of = ""
        self.context.playhead.set_driven(False)
        self._chrome(False)
        what = opened.session.facts.sdk or "file"
        self.empty.say(
            "No page was recorded here",
            f"This session comes from a {what} and has rows only: its requests, console and errors are in the panels "
            "below. To see them beside a page, open a recording and use File, Attach files to this session.",
            "info",
        )
        self.open_button.hide()
        self.retry_button.hide()
        self._stack.setCurrentWidget(self.empty)

    def close_session(self) -> None:
        """No session is open any more."""
        self._close_engine()
        self._engine_of = ""
        self.verdict.say("")
        self.context.playhead.set_driven(False)
        self.show_welcome()

    def _pin(self, *_: object, again: bool = False) -> None:
        """Numbers where notes point at spots of the page at this instant."""
        opened = self.context.opened
        spots = spots_at(in_order(opened.notes), self.tab, self.context.playhead.t) if opened is not None else []
        if (again or spots != self._spots) and self.player is not None:
            self._spots = spots
            self.player.pin(spots)

    def shutdown(self) -> None:
        """Take player and engine down before the window goes."""
        self._close_engine()
        if self.player is not None:
            self.early.hide()
            self.player.shutdown()
            self.player = None

    @property
    def shows_page(self) -> bool:
        """Whether the recorded page is in front (not a welcome, a wait or a failure)."""
        return self.player is not None and self._stack.currentIndex() > 0

    def picture(self, done: Callable[[QImage], None]) -> None:
        """The page as it is shown, at 100 %."""
        if self.player is not None and self.shows_page:
            self.player.take_picture(done)
        else:
            done(self.frame.grab().toImage())

    # the player

    def _add_player(self) -> None:
        self.player = self._make_player(self.frame)
        self.player.installEventFilter(self)
        self._stack.addWidget(self.player)
        self.player.instant.connect(self.context.playhead.report)
        self.player.failed.connect(self._failed)
        self.player.ready.connect(self._ready)
        self.player.ended.connect(self.context.playhead.reach_end)
        self.player.pictured.connect(self._pictured)
        self.player.spotted.connect(self.context.spot_picked)
        self.player.picked.connect(self.context.node_picked)
        self.player.found.connect(self._found)
        self.early = EarlySheet(self.player)
        self.early.asked.connect(self.context.playhead.seek)
        self._around()

    def _start_engine(self, opened: Opened) -> None:
        self._close_engine()
        self._engine = self._make_engine(opened.library.home, opened.id)
        self._engine_of = opened.id
        self.player.set_engine(self._engine)

    def _engine_gone(self) -> bool:
        """Whether what failed is the engine's process, and not the page or one answer."""
        return bool(getattr(self._engine, "stopped", False))

    def _resume(self) -> None:
        """Ask the engine that has just started for what the old one was to show."""
        playhead = self.context.playhead
        self._set_end()
        self._seek(playhead.target)
        if playhead.playing:
            self._play(True)

    def _close_engine(self) -> None:
        if self.player is not None:
            self.player.set_engine(None)
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    def _retry(self) -> None:
        if self.context.opened is None or self.player is None:
            return
        self._stack.setCurrentWidget(self.player)
        self.context.playhead.set_driven(True)
        self._engine_deaths.clear()
        self._start_engine(self.context.opened)  # the old one may be gone, or may have failed to open the session
        self.player.retry()
        self._resume()

    def _ready(self) -> None:
        self._around()
        self.show_pointer(self.pointer_shown)
        self._pin(again=True)  # a page that begins anew is told again

    def show_pointer(self, on: bool) -> None:
        """Draw pointer, clicks and touches on the page, or not; a page that begins anew is told again."""
        self.pointer_shown = on
        if self.player is not None:
            self.player.show_pointer(on)
        if not self.marks:
            self.player.show_marks(False)

    def _failed(self, message: str) -> None:
        opened = self.context.opened
        if opened is not None and self._engine_gone():
            now = time.monotonic()
            self._engine_deaths = [*(t for t in self._engine_deaths if now - t < 60.0), now]
            if len(self._engine_deaths) < ENGINE_DEATHS:
                log.warning("the engine of %s ended: another is started", opened.id)
                # Not from within the call that failed: the player is still at it.
                QTimer.singleShot(0, self, lambda: self._restart_engine(opened))
                return
        first, _, rest = message.partition(". ")
        self.show_failure(first.rstrip(".") + ".", rest)

    def _restart_engine(self, opened: Opened) -> None:
        if self.player is not None and self._engine_of == opened.id and self._engine_gone():
            self._start_engine(opened)
            self._resume()

    def _pictured(self, _timings: dict[str, Any]) -> None:
        self._measure.start()

    def _ask_size(self) -> None:
        settle = getattr(self.player, "settle", None)
        if settle is not None and self.shows_page:
            settle(self._show_size)

    def _show_size(self, report: dict[str, Any]) -> None:
        scale = float(report.get("scale") or 1.0)
        box = report.get("box") or [0, 0, 0, 0]
        if box[2]:
            self.size_label.setText(f"{box[2] / scale:.0f} × {box[3] / scale:.0f} · {scale * 100:.0f} %")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A page of another size is shown at another scale."""
        if watched is self.player and event.type() == QEvent.Type.Resize:
            self._measure.start()
        return super().eventFilter(watched, event)

    def _seek(self, t: float) -> None:
        if self.context.opened is None or self.player is None or not self.context.playhead.driven:
            return
        if not self.pinned:
            self._set_tab(self.context.opened.trails.tab_at(t))
        first = self._firsts.get(self.tab, t)
        if t < first - 0.5 and first - t <= _EARLY_MS:
            self.context.playhead.seek(first, remember=False)  # nobody waits for a blink
            return
        self.player.seek(self.tab, t)

    def _play(self, playing: bool) -> None:
        if self.player is None or not self.context.playhead.driven:
            return
        if playing:
            self.player.set_speed(self.context.playhead.speed)
            self.player.play()
        else:
            self.player.pause()

    def step_event(self, direction: int) -> None:
        """To the next (1) or previous (-1) event of the recording; ten presses of a key are ten events."""
        if self.player is None or self.context.opened is None or not self.context.playhead.driven:
            return
        self.context.playhead.pause()
        self._steps += direction
        if self._steps == direction:
            self._find()

    def _find(self) -> None:
        self.player.find_event(self.tab, self.context.playhead.target, 1 if self._steps > 0 else -1)

    def _found(self, t: float | None) -> None:
        if t is None or not self._steps:
            self._steps = 0
            return
        self._steps -= 1 if self._steps > 0 else -1
        self.context.playhead.seek(t, remember=False)
        if self._steps:
            self._find()

    def _set_end(self) -> None:
        """Where the player stops: the end of the looped range, else of the session."""
        if self.player is not None and self.context.opened is not None:
            self.player.set_end(self.context.playhead.stop)

    def _moved(self, t: float) -> None:
        if self.context.opened is None:
            return
        if self.context.playhead.playing and not self.pinned:
            tab = self.context.opened.trails.tab_at(t)
            if tab != self.tab:
                self._seek(t)
        self._show_address(t)
        self._tell_early(t)

    def _tell_early(self, t: float) -> None:
        """Before the first picture of a tab say so, instead of showing nothing at all."""
        first = self._firsts.get(self.tab, -1.0)
        if self.player is None:
            return
        if t < first - 0.5:
            here, there = self.context.playhead.text(t), self.context.playhead.text(first)
            self.early.tell(first, f"at {there}" if here != there else f"{first - t:.0f} ms later")
        else:
            self.early.hide()

    def _around(self) -> None:
        if self.player is not None:
            self.player.set_around(theme().colour("background"))

    # what stands around it

    def _chrome(self, visible: bool) -> None:
        self.strip.setVisible(visible)
        self.bar.setVisible(visible)
        if not visible:
            self.verdict.hide()

    def _set_tab(self, tab: int) -> None:
        self.tab = tab
        self.tabs.show_tab(tab, pinned=self.pinned)
        self._show_address(self.context.playhead.t)
        self._tell_early(self.context.playhead.t)

    def pin(self, tab: int) -> None:
        """Show this tab from now on, whatever tab is in use."""
        if self.context.opened is None or len(self.context.opened.session.tabs) < 2:
            return
        self.pinned = True
        self._set_tab(tab)
        QTimer.singleShot(0, self, lambda: self._seek(self.context.playhead.target))

    def toggle_follow(self) -> None:
        """Show the tab in use from now on, or stay at the one that is shown."""
        if self.context.opened is None:
            return
        self.pinned = not self.pinned
        self._set_tab(self.tab)
        if not self.pinned:
            self._seek(self.context.playhead.target)

    def step_tab(self, direction: int) -> None:
        """Pin the tab beside the one that is shown."""
        tab = self.tabs.next_tab(direction)
        if tab is not None:
            self.pin(tab)

    def _show_address(self, t: float) -> None:
        url = self.tabs.url(self.tab, t)
        if url != self.address.text():
            self.address.setText(url)
