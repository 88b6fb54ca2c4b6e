"""The main window: top bar, queue, page with transport, lanes, panels, activity list, status bar."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QMimeData, QSettings, QSize, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QMainWindow, QMenu, QVBoxLayout, QWidget

from replay_viewer.domain import links
from replay_viewer.domain.errors import UserError
from replay_viewer.library import Library
from replay_viewer.qt.actions import Actions
from replay_viewer.qt.activity import Activity
from replay_viewer.qt.bottom import Panels
from replay_viewer.qt.commands import Commands
from replay_viewer.qt.context import Context
from replay_viewer.qt.evidence import Evidence
from replay_viewer.qt.findbar import FindBar
from replay_viewer.qt.finder import Finder
from replay_viewer.qt.lanes import Lanes, View, view_of
from replay_viewer.qt.messages import MessageBar, ProgressRow
from replay_viewer.qt.opening import (
    AssetsStarter,
    AttachStarter,
    ImportStarter,
    MapsStarter,
    Opener,
    PullStarter,
    RefreshStarter,
)
from replay_viewer.qt.panels.health import HealthPanel
from replay_viewer.qt.queue import Queue
from replay_viewer.qt.remembered import Remembered
from replay_viewer.qt.rowtext import activity_cell
from replay_viewer.qt.sourcelist import SourceList
from replay_viewer.qt.stage import EngineFactory, PlayerFactory, Stage
from replay_viewer.qt.statusline import StatusLine
from replay_viewer.qt.theme import theme
from replay_viewer.qt.thumbnails import Thumbnails
from replay_viewer.qt.topbar import TopBar
from replay_viewer.qt.transport import Transport
from replay_viewer.qt.undo import Watch
from replay_viewer.qt.widgets import label
from replay_viewer.services import connections
from replay_viewer.services.asset_health import SETTING as ASSETS
from replay_viewer.services.bundle_file import looks_like_bundle

if TYPE_CHECKING:
    from replay_viewer.qt.composer import Composer

log = logging.getLogger("replay_viewer.qt.window")

#: Raise it when docks are added or renamed: a layout saved for others is not restored.
_LAYOUT = 1
_COMPACT_BELOW = 820


class _Title(QWidget):
    """The title of a side dock; dragging it moves the dock."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.setObjectName("sideDock")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.text = label(text.upper(), "heading")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 9, 10, 5)
        layout.addWidget(self.text)


class Window(QMainWindow):
    """One window on one library."""

    full_screen_state = Qt.WindowState.WindowFullScreen

    def __init__(
        self,
        library: Library,
        *,
        player_factory: PlayerFactory,
        engine_factory: EngineFactory,
        start_import: ImportStarter,
        start_pull: PullStarter | None = None,
        start_refresh: RefreshStarter | None = None,
        start_attach: AttachStarter | None = None,
        start_assets: AssetsStarter | None = None,
        start_maps: MapsStarter | None = None,
        settings: QSettings | None = None,
        evidence: Evidence | None = None,
        view_bundle: Callable[[Window, Path], None] | None = None,
    ) -> None:
        super().__init__()
        #: Shows a bundle in a window of its own, without importing it; None: bundles are imported.
        self.view_bundle = view_bundle
        #: What is to happen when the window is gone.
        self.afterwards: list[Callable[[], None]] = []
        self.settings = settings or QSettings("replay-viewer", "replay-viewer")
        self.context = Context(library, self)
        self._evidence = evidence
        self._composer: Composer | None = None
        self.opener = Opener(
            self.context, start_import, start_pull, start_refresh, start_attach, start_assets, start_maps
        )
        self.setWindowTitle("Replay Viewer")
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        menu = QMenu(self)
        self.top = TopBar(menu)
        self.messages = MessageBar()
        self.progress = ProgressRow()
        self.stage = Stage(self.context, player_factory, engine_factory)
        self.transport = Transport(self.context.playhead)
        self.find_bar = FindBar(self.context)
        self._aim: tuple[str, float, int, int] | None = None  # a place to show once its session is open
        self.lanes = Lanes(self.context.playhead)
        self.lanes.describe = self._describe
        self.lanes.remember(self.settings)
        self.stage.show_pointer(bool(self.settings.value("pointer", True, type=bool)))
        self.thumbnails = Thumbnails(self.context, player_factory, engine_factory, self)
        self.lanes.pictures = self.thumbnails.pictures
        self.lanes.picture_at = self._picture_at
        self.thumbnails.changed.connect(self.lanes.pictures_changed)
        self.panels = Panels(self.context)
        self.queue = Queue(self.context)
        self.sources = SourceList(self.context, self.opener.network)
        self.queue.add_below(self.sources)
        self.activity = Activity(self.context)
        self._build()
        self.finder = Finder(self.context, self.top.box, self)
        self.commands = Commands(self)
        self.actions_table = Actions(self.commands, self)
        self.actions_table.action("marks").setChecked(True)
        self.actions_table.action("assets-always").setChecked(bool(library.setting(ASSETS, False)))
        self.actions_table.fill(menu)
        self._dock_menu(menu)
        self.lanes.press_key = partial(self.actions_table.press_scoped, "lanes")
        self._connect()
        self.resize(QSize(1440, 900))
        self.setMinimumSize(QSize(960, 600))
        self._first_layout: QByteArray | None = None
        self._closed = False
        self.actions_table.install()
        Watch(self.context.undo_stack, self.context.playhead, self)
        self._remembered = Remembered(self.settings, self)
        QTimer.singleShot(0, self, self.queue.reload)

    # building

    def _build(self) -> None:
        head = QWidget()
        column = QVBoxLayout(head)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.top)
        column.addWidget(self.messages)
        column.addWidget(self.progress)
        self.setMenuWidget(head)
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.stage, 1)
        column.addWidget(self.find_bar)
        column.addWidget(self.transport)
        self.setCentralWidget(centre)
        for corner, area in (
            (Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea),
            (Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea),
        ):
            self.setCorner(corner, area)
        self._queue_title = _Title("Queue")
        self.queue_dock = self._dock("Queue", self.queue, self._queue_title, Qt.DockWidgetArea.LeftDockWidgetArea)
        self.activity_dock = self._dock(
            "Activity", self.activity, _Title("Activity"), Qt.DockWidgetArea.RightDockWidgetArea
        )
        self.lanes_dock = self._dock("Lanes", self.lanes, QWidget(), Qt.DockWidgetArea.BottomDockWidgetArea)
        self.panel_dock = self._dock("Panels", self.panels, QWidget(), Qt.DockWidgetArea.BottomDockWidgetArea)
        self.splitDockWidget(self.lanes_dock, self.panel_dock, Qt.Orientation.Vertical)
        self.status = StatusLine()
        self.setStatusBar(self.status)

    def _dock(self, title: str, widget: QWidget, heading: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(f"dock-{title.lower()}")
        dock.setWidget(widget)
        dock.setTitleBarWidget(heading)
        dock.setAccessibleName(f"{title} dock")
        self.addDockWidget(area, dock)
        return dock

    def _dock_menu(self, menu: QMenu) -> None:
        docks = menu.addMenu("Docks")
        for dock in (self.queue_dock, self.activity_dock, self.lanes_dock, self.panel_dock):
            docks.addAction(dock.toggleViewAction())
        docks.addSeparator()
        self._unlocked = docks.addAction("Move lanes and panels")
        self._unlocked.setCheckable(True)
        self._unlocked.toggled.connect(self._unlock)

    def _unlock(self, unlocked: bool) -> None:
        """With real title bars the lanes and the panels can be dragged elsewhere, or out of the window."""
        for dock in (self.lanes_dock, self.panel_dock):
            old = dock.titleBarWidget()
            dock.setTitleBarWidget(None if unlocked else QWidget())  # type: ignore[arg-type]
            if old is not None:
                old.deleteLater()

    def _connect(self) -> None:
        context, opener = self.context, self.opener
        self.top.open_asked.connect(self.commands.open_file)
        self.top.note_asked.connect(self.compose)
        self.top.box.entered.connect(self.enter)
        self.queue.open_asked.connect(opener.open_session)
        self.sources.files_asked.connect(self.commands.open_file)
        self.sources.browse_asked.connect(self.commands.browse_sources)
        self.sources.edit_asked.connect(self.commands.edit_connection)
        self.finder.session_asked.connect(self._open_found)
        self.finder.place_asked.connect(self._open_place)
        self.find_bar.place_asked.connect(self.show_place)
        self.find_bar.left.connect(self.setFocus)
        self.finder.url_asked.connect(opener.open_url)
        self.finder.source_answered.connect(opener.reached)
        self.sources.source_answered.connect(opener.reached)
        self.finder.filter_asked.connect(self._filter_queue)
        self.queue.file_asked.connect(self.commands.open_file)
        self.queue.delete_asked.connect(self.commands.delete_session)
        health = self.panels.panels["health"]
        assert isinstance(health, HealthPanel)
        self.queue.keep_asked.connect(self.commands.keep_session)
        health.clock_asked.connect(self.commands.set_clock)
        health.detach_asked.connect(self.commands.detach)
        self.queue.title_changed.connect(lambda text: self._queue_title.text.setText(text.upper()))
        self.stage.file_asked.connect(self.commands.open_file)
        self.stage.link_asked.connect(self.commands.copy_link)
        self.stage.verdict.clicked.connect(self._go_to_error)
        self.transport.action_asked.connect(self.actions_table.run)
        self.transport.time_typed.connect(self.commands.go_to)
        self.transport.left.connect(self.setFocus)
        self.lanes.picked.connect(self._mark_picked)
        self.lanes.note_picked.connect(self._note_picked)
        self.lanes.lanes_changed.connect(self._fit_lanes)
        context.said.connect(lambda message, advice, kind: self.messages.say(message, advice, kind))
        context.refused.connect(self._failed)
        context.cause_changed.connect(lambda: self.lanes.set_cause(context.cause))
        context.notes_changed.connect(self.show_lanes)
        context.opened_changed.connect(self._opened_changed)
        opener.loading.connect(self._loading)
        opener.loaded.connect(self._loaded)
        opener.judged.connect(self.stage.verdict.say)
        opener.failed.connect(self._failed)
        opener.library_changed.connect(self.queue.reload)
        opener.import_began.connect(self.progress.begin)
        opener.import_progressed.connect(self.progress.set_progress)
        opener.import_ended.connect(self.progress.end)
        opener.live_changed.connect(self._live_changed)
        self.progress.cancelled.connect(opener.cancel_import)
        theme().changed.connect(self.actions_table.retint)

    # opening

    def enter(self, text: str) -> None:
        """What was typed into the box: a URL is opened, a path imported; anything else is looked for.

        Enter once more opens what is chosen in the list of what was found.
        """
        if links.is_link(text):
            self._enter_link(text)
        elif text.startswith(("http://", "https://")):
            self.opener.open_url(text)
        elif text and Path(text).expanduser().exists():
            self.open_targets([str(Path(text).expanduser())])
        elif not text:
            self.finder.hide()
        elif not self.finder.take():
            self.finder.look(text, sources=True)

    def _filter_queue(self, text: str) -> None:
        self.queue_dock.show()
        self.queue.filter.setText(text)

    def _open_found(self, session: str, at: str, kind: str, n: int) -> None:
        """A session, or a place in it: a row is selected, else the instant is shown."""
        if kind:
            self.commands.open_found(session, kind, n, float(at))
        else:
            self.opener.open_session(session, at)
        self.setFocus()

    def _open_place(self, session: str, t: float, tab: int, node: int) -> None:
        """An instant of a session, and what was on its page then."""
        opened = self.context.opened
        if opened is not None and opened.id == session:
            self.show_place(t, tab, node)
        else:
            self._aim = (session, t, tab, node)
            self.opener.open_session(session, f"{t:.0f}")
        self.setFocus()

    def show_place(self, t: float, tab: int, node: int) -> None:
        """Show an instant of the open session in this tab, a node of its page outlined."""
        opened = self.context.opened
        if opened is None:
            return
        self.context.playhead.pause()
        self.context.playhead.seek(t)
        if tab != opened.trails.tab_at(t) and not (self.stage.pinned and self.stage.tab == tab):
            self.stage.pin(tab)
        self.context.outline_asked.emit([node])

    def _enter_link(self, text: str) -> None:
        try:
            link = links.parse(text)
        except UserError as error:
            self.messages.say(error.message, error.advice, "warning")
            return
        if isinstance(link, links.AddressLink):
            self._open_address(link.url)
        else:
            self.opener.open_session(link.session, "" if link.seconds is None else str(link.seconds))

    def _open_address(self, url: str) -> None:
        """Open an address a link names; a host nobody agreed to is asked only after a yes."""
        home = self.context.library.home

        def yes() -> None:
            try:
                connections.agree(home, url)
            except UserError as error:
                self.messages.say(error.message, error.advice, "failed")
                return
            self.opener.open_url(url)

        try:
            known = connections.is_known(home, url)
        except UserError as error:
            self.messages.say(error.message, error.advice, "failed")
            return
        if known:
            self.opener.open_url(url)
            return
        self.messages.say(
            f"Connect to {links.host_of(url)}?",
            "A link asks for a session there, which is new to you. Close this if you do not know it.",
            "warning",
            yes,
            "Connect",
        )

    def open_targets(self, targets: Sequence[str], at: str = "") -> None:
        """Open what a command line or another start names: paths together, else a URL or a session id."""
        # File managers hand files over as file: URLs.
        targets = [str(links.file_of(target) or target) for target in targets]
        paths = [Path(target) for target in targets if "://" not in target and Path(target).exists()]
        if len(paths) == 1 and self.view_bundle is not None and looks_like_bundle(paths[0]):
            self.view_bundle(self, paths[0])
            return
        if paths:
            self.opener.open_paths(paths)
        elif targets:
            target = targets[0]
            if at and target.startswith(("http://", "https://")):
                self.opener.open_url(target, at)
            elif "://" in target:
                self.enter(target)
            else:
                self.opener.open_session(target, at)
        self.raise_()
        self.activateWindow()

    def close_session(self) -> None:
        """Nothing is open any more."""
        self.context.playhead.load(0.0, 0.0, [])
        self.stage.close_session()
        self.context.set_opened(None)

    @property
    def composer(self) -> Composer | None:
        """The incident note's window, when it is open."""
        return self._composer

    def compose(self) -> None:
        """The incident note of the open session."""
        if self.context.opened is None:
            return
        if self._composer is None:
            from replay_viewer.qt.composer import Composer  # templates and redaction: not needed to start

            self._composer = Composer(self.context, self, evidence=self._evidence)
            self._composer.destroyed.connect(self._composer_gone)
            self._composer.clip_asked.connect(self.commands.export_clip)
        self._composer.show()
        self._composer.raise_()

    def _composer_gone(self) -> None:
        self._composer = None

    def _loading(self, what: str) -> None:
        self.messages.hide()
        if self.context.opened is None:
            self.stage.show_loading(f"session {what}")

    def _loaded(self, verdict: str) -> None:
        assert self.context.opened is not None
        self.stage.open_session(self.context.opened)
        self.queue.watched(self.context.opened.id)
        self.stage.verdict.say(verdict)
        aim, self._aim = self._aim, None
        if aim is not None and aim[0] == self.context.opened.id:
            # when the panels have found their places: the DOM panel puts outlines away as it comes and goes
            QTimer.singleShot(0, self, partial(self.show_place, *aim[1:]))
        failed = self.context.opened.session.failed
        if self.context.opened.session.errors:
            self.panels.show_panel("errors")
        elif failed.get("network"):
            self.panels.show_panel("network")

    def _failed(self, error: UserError, again: object) -> None:
        self.messages.say(error.message, error.advice, "failed", again if callable(again) else None)
        if self.context.opened is None:
            self.stage.show_welcome()

    # what follows what

    def _opened_changed(self) -> None:
        opened = self.context.opened
        self.lanes.set_view(view_of(opened) if opened else View())
        self.transport.set_errors(len(opened.error_times()) if opened else 0)
        self.top.note_button.setEnabled(opened is not None)
        self._show_status()
        name = f"{opened.session.facts.user.label} – " if opened else ""
        self.setWindowTitle(f"{name}Replay Viewer")
        if opened is not None:
            self.stage.refresh(opened)  # nothing, unless it is the one shown already: then it has grown

    def _live_changed(self) -> None:
        self.actions_table.action("live").setChecked(self.opener.live)
        self._show_status()

    def show_thumbnails(self, on: bool) -> None:
        """Small pictures of the page: made in the background, shown above the lanes and under the pointer."""
        self.settings.setValue("thumbnails", on)
        self.thumbnails.set_on(on)
        self.lanes.show_strip(on)

    def _picture_at(self, t: float) -> tuple[str, bytes]:
        opened = self.context.opened
        if opened is None:
            return "", b""
        return self.stage.tabs.url(opened.trails.tab_at(t), t), self.thumbnails.nearest(t)

    def show_lanes(self) -> None:
        """Draw the lanes of the open session anew."""
        if self.context.opened is not None:
            self.lanes.set_view(view_of(self.context.opened))

    def _mark_picked(self, kind: str, n: int, t: float) -> None:
        if kind in self.panels.panels:
            self.panels.show_panel(kind)
        self.context.select(kind, n)
        self.context.seek_row(kind, t)

    def _note_picked(self, note_id: str) -> None:
        self.panels.show_panel("notes")
        self.commands.notes.reveal(note_id)

    def _go_to_error(self) -> None:
        opened = self.context.opened
        if opened is not None and len(times := opened.error_times()):
            self.panels.show_panel("errors")
            self.context.select("errors", 0)
            self.context.seek_row("errors", float(times[0]))

    def _describe(self, kind: str, n: int) -> str:
        opened = self.context.opened
        if opened is None:
            return ""
        try:
            cell = activity_cell(opened.row(kind, n))
        except UserError as error:
            return error.message
        return f"{cell.text}   {cell.tail}".rstrip()

    def _show_status(self) -> None:
        opened = self.context.opened
        pulled = opened.pulled if opened else None
        self.status.tell(
            opened.session if opened else None,
            live=self.opener.live,
            unreachable=self.opener.unreachable,
            expires=pulled.expires if pulled else 0.0,
        )

    # the layout

    def showEvent(self, event: QShowEvent) -> None:
        """Lay the docks out: as they were left, else as designed for this size."""
        super().showEvent(event)
        if self._first_layout is None:
            self.arrange()
            self._first_layout = self.saveState(_LAYOUT)
            geometry, state = self.settings.value("geometry"), self.settings.value("layout")
            if isinstance(geometry, QByteArray):
                self.restoreGeometry(geometry)
            if isinstance(state, QByteArray):
                self.restoreState(state, _LAYOUT)
            self.setFocus()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A low window gets the compact lanes."""
        super().resizeEvent(event)
        self.lanes.set_compact(event.size().height() < _COMPACT_BELOW)

    def arrange(self) -> None:
        """The designed proportions for the window's size; the compact form gives the page what it can."""
        compact = self.height() < _COMPACT_BELOW
        sides = [190, 284] if self.width() < 1400 else [222, 352]
        self.resizeDocks([self.queue_dock, self.activity_dock], sides, Qt.Orientation.Horizontal)
        lanes = self.lanes.sizeHint().height()
        self.resizeDocks(
            [self.lanes_dock, self.panel_dock], [lanes, 180 if compact else 200], Qt.Orientation.Vertical
        )

    def _fit_lanes(self) -> None:
        """Give the lanes the height they need now; the page keeps what it has as long as there is room."""
        if self._first_layout is not None and not self.lanes_dock.isFloating():
            wanted = min(self.lanes.sizeHint().height(), self.height() // 3)
            self.resizeDocks(
                [self.lanes_dock, self.panel_dock], [wanted, self.panel_dock.height()], Qt.Orientation.Vertical
            )

    def reset_layout(self) -> None:
        """Docks back to where they were at first."""
        if self._first_layout is not None:
            self.restoreState(self._first_layout, _LAYOUT)
        for dock in (self.queue_dock, self.activity_dock, self.lanes_dock, self.panel_dock):
            dock.setFloating(False)
            dock.show()
        self.arrange()
        self.settings.remove("layout")
        self._remembered.reset()

    # dropping files, closing

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files and URLs are welcome."""
        if _dropped(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        targets = _dropped(event.mimeData())
        if targets:
            event.acceptProposedAction()
            self.open_targets(targets)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remember the layout; stop what runs."""
        if not self._closed:
            self._closed = True
            self.settings.setValue("geometry", self.saveGeometry())
            self.settings.setValue("layout", self.saveState(_LAYOUT))
            self._remembered.save()
            self.finder.shut_down()
            self.find_bar.shut_down()
            self.opener.close()
            if self._composer is not None:
                self._composer.done(0)
            self.context.playhead.pause()
            self.panels.shutdown()
            self.thumbnails.close()
            self.stage.shutdown()
            self.context.tasks.close()
            for then in self.afterwards:
                then()
        super().closeEvent(event)


def _dropped(mime: QMimeData) -> list[str]:
    """Paths of dropped files, or a dropped URL or text."""
    files = [url.toLocalFile() for url in mime.urls() if url.isLocalFile()]
    if files:
        return files
    text = mime.text().strip()
    return [text] if links.is_link(text) or text.startswith(("http://", "https://")) else []
