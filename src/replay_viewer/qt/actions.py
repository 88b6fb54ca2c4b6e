"""One table of what can be done: it feeds the menus, the keys, the tooltips and the `?` sheet.

Each action names a method of the handler object (the window) and the condition under which it makes sense. Keys are
window-wide shortcuts, so they work wherever the focus is (the recorded page included) except where somebody types
text. An event filter on the application, written in Python, would be simpler: it crashes QtWebEngine (PySide6 6.11).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Protocol

from PySide6.QtCore import QCoreApplication, QEvent, QObject
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QTextEdit,
    QTreeView,
    QWidget,
)

from replay_viewer.qt.theme import icon


@dataclass(frozen=True)
class Action:
    """One thing a person can do.

    `keys`: portable key names; single characters as typed (`?`, `[`). `when`: `always`, `session`, `errors`, `row`,
    `range`, `back`, `undo`, `redo`, `source`, `origin`. `scope`: the accessible area that must have the focus (''
    anywhere). `menu`: where it is listed ('' nowhere).
    """

    id: str
    text: str
    handler: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    when: str = "session"
    menu: str = ""
    group: str = ""
    scope: str = ""
    checkable: bool = False


PANEL_IDS = ("console", "network", "errors", "vitals", "state", "dom", "notes", "health")

ACTIONS: tuple[Action, ...] = (
    Action("open", "Open file…", "open_file", ("Ctrl+O",), "open", "always", "File", "Session"),
    Action("open-folder", "Open folder…", "open_folder", ("Ctrl+Shift+O",), "folder", "always", "File", "Session"),
    Action(
        "search",
        "Search sessions or paste a URL",
        "focus_box",
        ("/", "Ctrl+L"),
        "search",
        "always",
        "File",
        "Session",
    ),
    Action("connections", "Connections…", "connections", (), "link", "always", "File", "Session"),
    Action(
        "sources", "Sessions at sources…", "browse_sources", ("Ctrl+Shift+F",), "globe", "always", "File", "Session"
    ),
    Action("next-session", "Next session", "next_session", ("j",), "", "always", "File", "Session"),
    Action("previous-session", "Previous session", "previous_session", ("k",), "", "always", "File", "Session"),
    Action("refresh", "Refresh from the source", "refresh_session", ("F5",), "retry", "source", "File", "Session"),
    Action(
        "live", "Follow while it is recorded", "toggle_live", ("l",), "", "source", "File", "Session", checkable=True
    ),
    Action("attach", "Attach files to this session…", "attach_files", (), "plus", "session", "File", "Session"),
    Action("attach-url", "Attach a session URL to this one…", "attach_url", (), "link", "session", "File", "Session"),
    Action("assets", "Capture the page's assets", "capture_assets", (), "globe", "session", "File", "Session"),
    Action(
        "assets-private",
        "Capture the page's assets, in private networks too",
        "capture_private_assets",
        when="session",
        menu="File",
        group="Session",
    ),
    Action(
        "assets-always",
        "Capture assets when pulling",
        "toggle_assets",
        when="always",
        menu="File",
        group="Session",
        checkable=True,
    ),
    Action("close-session", "Close session", "close_session", ("Ctrl+W",), "close", "session", "File", "Session"),
    Action("palette", "Command palette", "show_palette", ("Ctrl+K",), "search", "always", "File", "Session"),
    Action("quit", "Quit", "quit", ("Ctrl+Q",), "", "always", "File", "Session"),
    Action("play", "Play or pause", "toggle_play", ("Space",), "play", menu="Playback", group="Play"),
    Action("forward", "Forward 5 s", "forward", ("Right",), menu="Playback", group="Play"),
    Action("rewind", "Back 5 s", "rewind", ("Left",), menu="Playback", group="Play"),
    Action("forward-1", "Forward 1 s", "forward_second", ("Shift+Right",), menu="Playback", group="Play"),
    Action("rewind-1", "Back 1 s", "rewind_second", ("Shift+Left",), menu="Playback", group="Play"),
    Action("next-event", "Next event of the recording", "next_event", ("Alt+Right",), menu="Playback", group="Play"),
    Action(
        "previous-event",
        "Previous event of the recording",
        "previous_event",
        ("Alt+Left",),
        menu="Playback",
        group="Play",
    ),
    Action("next-row", "Next row of the activity list", "next_row", ("Alt+Down",), menu="Playback", group="Play"),
    Action(
        "previous-row",
        "Previous row of the activity list",
        "previous_row",
        ("Alt+Up",),
        menu="Playback",
        group="Play",
    ),
    Action("next-error", "Next error", "next_error", ("n",), "next-error", "errors", "Playback", "Play"),
    Action(
        "previous-error", "Previous error", "previous_error", ("p",), "previous-error", "errors", "Playback", "Play"
    ),
    Action("faster", "Faster", "faster", (".",), "speed", menu="Playback", group="Play"),
    Action("slower", "Slower", "slower", (",",), menu="Playback", group="Play"),
    Action(
        "skip-idle", "Skip idle time", "toggle_skip", ("i",), "skip", menu="Playback", group="Play", checkable=True
    ),
    Action(
        "look-into-gap",
        "Look into the idle time just skipped",
        "look_into_gap",
        ("g",),
        "",
        "gap",
        "Playback",
        "Play",
    ),
    Action("idle-threshold", "Idle time from…", "ask_threshold", (), "", "always", "Playback", "Play"),
    Action("frustration", "Frustration thresholds…", "frustration_thresholds", (), "", "always", "View", "View"),
    Action("back", "Back to where the playhead was", "back", ("Alt+Backspace",), "back", "back", "Playback", "Play"),
    Action("go-to", "Go to a time", "go_to_time", ("t", "Ctrl+G"), "clock", menu="Playback", group="Play"),
    Action("next-tab", "Next tab of the session", "next_tab", ("Ctrl+PgDown",), "", "tabs", "Playback", "Tabs"),
    Action(
        "previous-tab", "Previous tab of the session", "previous_tab", ("Ctrl+PgUp",), "", "tabs", "Playback", "Tabs"
    ),
    Action("follow-tab", "Follow the tab in use", "follow_tab", ("y",), "follow", "tabs", "Playback", "Tabs"),
    Action("range-in", "Range begins here", "range_in", ("[",), "range", menu="Playback", group="Range"),
    Action("range-out", "Range ends here", "range_out", ("]",), menu="Playback", group="Range"),
    Action("loop", "Loop the range", "toggle_loop", ("r",), "loop", "range", "Playback", "Range", checkable=True),
    Action("range-leave", "Leave the range", "leave_range", ("Escape",), "close", "range", "Playback", "Range"),
    Action("zoom-in", "Zoom in", "lanes_zoom_in", ("w",), group="Lanes", scope="lanes"),
    Action("zoom-out", "Zoom out", "lanes_zoom_out", ("s",), group="Lanes", scope="lanes"),
    Action("pan-left", "Pan left", "lanes_left", ("a",), group="Lanes", scope="lanes"),
    Action("pan-right", "Pan right", "lanes_right", ("d",), group="Lanes", scope="lanes"),
    Action(
        "pointer",
        "Pointer, clicks and touches on the page",
        "toggle_pointer",
        ("Shift+C",),
        menu="View",
        group="View",
    ),
    Action("lanes-table", "Lanes as a table", "lanes_table", ("Shift+L",), menu="View", group="Lanes"),
    Action("lanes-menu", "Show, hide and order the lanes", "lanes_menu", ("Shift+M",), menu="View", group="Lanes"),
    Action("thumbnails", "Small pictures of the page", "toggle_thumbnails", ("Shift+P",), menu="View", group="Lanes"),
    Action("zoom-all", "Show the whole session in the lanes", "lanes_all", ("0",), menu="View", group="Lanes"),
    Action(
        "evidence", "Add the selected row to the evidence", "add_evidence", ("e",), "plus", "row", "Notes", "Notes"
    ),
    Action("bookmark", "Bookmark this instant", "bookmark", ("m",), "bookmark", menu="Notes", group="Notes"),
    Action("comment", "Comment on this instant", "comment", ("c",), "comment", menu="Notes", group="Notes"),
    Action("screenshot", "Screenshot of the page", "screenshot", ("s",), "camera", menu="Notes", group="Notes"),
    Action(
        "copy-link",
        "Copy a link to this instant",
        "copy_link",
        ("Ctrl+Shift+C",),
        "link",
        menu="Notes",
        group="Notes",
    ),
    Action(
        "copy-source-link",
        "Copy the source’s own link to this instant",
        "copy_source_link",
        ("Ctrl+Alt+C",),
        "globe",
        "origin",
        menu="Notes",
        group="Notes",
    ),
    Action("incident", "Incident note…", "incident_note", ("Ctrl+E",), "incident", menu="Notes", group="Notes"),
    Action("redact", "Redact this session for good…", "redact_session", (), "trash", menu="Notes", group="Notes"),
    Action("clip", "Export a clip…", "export_clip", ("Ctrl+Shift+E",), "export", menu="Notes", group="Notes"),
    Action("send", "Send the incident note…", "send_note", (), "link", menu="Notes", group="Notes"),
    Action("undo", "Undo", "undo", ("Ctrl+Z",), "undo", "undo", "Notes", "Notes"),
    Action("redo", "Redo", "redo", ("Ctrl+Shift+Z",), "", "redo", "Notes", "Notes"),
    Action("find", "Find on the page over time", "find_on_page", ("Ctrl+F",), "search", menu="View", group="Page"),
    Action("find-next", "Next time this text appears", "find_next", ("F3",), "", "found", menu="View", group="Page"),
    Action(
        "find-previous",
        "Previous time this text appeared",
        "find_previous",
        ("Shift+F3",),
        "",
        "found",
        menu="View",
        group="Page",
    ),
    Action("pick", "Pick an element in the page", "pick_element", ("x",), "pick", menu="View", group="Page"),
    Action(
        "marks",
        "Mark what was not recorded",
        "toggle_marks",
        ("h",),
        "",
        "always",
        menu="View",
        group="Page",
        checkable=True,
    ),
    Action("mark-a", "Compare from this instant (A)", "mark_a", ("Alt+A",), "", menu="View", group="Page"),
    Action("mark-b", "Compare with this instant (B)", "mark_b", ("Alt+B",), "", menu="View", group="Page"),
    *(
        Action(
            f"panel-{name}",
            f"{'DOM' if name == 'dom' else name.capitalize()} panel",
            f"panel_{at}",
            (str(at),),
            name,
            menu="View",
            group="View",
        )
        for at, name in enumerate(PANEL_IDS, 1)
    ),
    Action("full-screen", "Full screen", "full_screen", ("f", "F11"), "full-screen", "always", "View", "View"),
    Action("theme", "Switch between light and dark", "switch_theme", (), "moon", "always", "View", "View"),
    Action("maps", "Source map folder…", "choose_maps", (), "folder", "always", "View", "View"),
    Action("reset-layout", "Reset the layout", "reset_layout", (), "layout", "always", "View", "View"),
    Action("keys", "Keyboard shortcuts", "show_keys", ("?",), "key", "always", "Help", "View"),
)

BY_ID = {action.id: action for action in ACTIONS}
MENUS = ("File", "Playback", "View", "Notes", "Help")

_PRETTY = {
    "Left": "←",
    "Right": "→",
    "Shift+Left": "Shift ←",
    "Shift+Right": "Shift →",
    "Alt+Left": "Alt ←",
    "Alt+Right": "Alt →",
    "Alt+Up": "Alt ↑",
    "Shift+C": "Shift C",
    "Shift+L": "Shift L",
    "Shift+P": "Shift P",
    "Shift+M": "Shift M",
    "Alt+Down": "Alt ↓",
    "Shift+F3": "Shift F3",
    "Escape": "Esc",
    "Alt+Backspace": "Alt Backspace",
}


def pretty(key: str) -> str:
    """A key as it is printed for people."""
    if key in _PRETTY:
        return _PRETTY[key]
    return key.upper() if len(key) == 1 else key.replace("+", " ")


def tip(action_id: str) -> str:
    """Tooltip of an action: its text and its key."""
    action = BY_ID[action_id]
    text = action.text.rstrip("…")
    return f"{text} ({pretty(action.keys[0])})" if action.keys else text


def types_text(widget: QWidget | None) -> bool:
    """Whether `widget` is somewhere people type."""
    if isinstance(widget, (QTextEdit, QPlainTextEdit)):
        return not widget.isReadOnly()
    if isinstance(widget, QLineEdit):
        return not widget.isReadOnly()
    return isinstance(widget, QAbstractSpinBox) or (isinstance(widget, QComboBox) and widget.isEditable())


class Handler(Protocol):
    """What carries the actions out: one method per handler name, and the conditions."""

    def allows(self, when: str) -> bool:
        """Whether the condition holds now."""
        ...


class Actions(QObject):
    """The table made live for one window: QActions for menus and buttons, shortcuts for keys."""

    def __init__(self, handler: Handler, window: QWidget) -> None:
        super().__init__(window)
        self._handler = handler
        self._window = window
        self._keys: dict[tuple[str, str], Action] = {}
        self._made: dict[str, QAction] = {}
        self._shortcuts: dict[str, QShortcut] = {}
        for action in ACTIONS:
            for key in action.keys:
                self._keys[(action.scope, key)] = action
            made = QAction(action.text.replace("&", "&&"), self)
            made.setCheckable(action.checkable)
            made.triggered.connect(lambda _checked=False, name=action.id: self.run(name))
            self._made[action.id] = made
        self.retint()

    def retint(self) -> None:
        """Draw the icons again, after the scheme changed."""
        for action in ACTIONS:
            if action.icon:
                self._made[action.id].setIcon(icon(action.icon))

    def action(self, action_id: str) -> QAction:
        """The QAction of an id."""
        return self._made[action_id]

    def run(self, action_id: str) -> bool:
        """Carry an action out when its condition holds. Returns whether it did."""
        action = BY_ID[action_id]
        if not self._handler.allows(action.when):
            return False
        getattr(self._handler, action.handler)()
        return True

    def refresh(self) -> None:
        """Grey out what makes no sense now (called before a menu opens)."""
        for action in ACTIONS:
            self._made[action.id].setEnabled(self._handler.allows(action.when))

    def fill(self, menu: QMenu) -> None:
        """Fill `menu` with a submenu per topic, keys printed at the right."""
        for title in MENUS:
            sub = menu.addMenu(title)
            group = ""
            for action in ACTIONS:
                if action.menu != title:
                    continue
                if group and action.group != group:
                    sub.addSeparator()
                group = action.group
                made = self._made[action.id]
                key = f"\t{pretty(action.keys[0])}" if action.keys else ""
                made.setText(action.text.replace("&", "&&") + key)
                sub.addAction(made)
        menu.aboutToShow.connect(self.refresh)

    def install(self) -> None:
        """Listen to the keys of the window."""
        for scope, key in self._keys:
            if not scope and key not in self._shortcuts:
                shortcut = QShortcut(QKeySequence(key), self._window)
                shortcut.activated.connect(partial(self.press, key))
                self._shortcuts[key] = shortcut

    def press(self, key: str) -> None:
        """A key of the table was pressed: carry its action out, or give it to whoever has the focus."""
        focus = QApplication.activePopupWidget() or QApplication.focusWidget() or self._window
        action = self._keys.get(("", key))
        if action is None or not self._takes(action, key, focus) or not self.run(action.id):
            # Qt looks for a shortcut again before it delivers the event: it must not find this one.
            shortcut = self._shortcuts[key]
            shortcut.setEnabled(False)
            _forward(key, focus)
            shortcut.setEnabled(True)

    def press_scoped(self, scope: str, key: str) -> bool:
        """A key pressed in an area with keys of its own, such as the lanes. Returns whether it was one of them."""
        action = self._keys.get((scope, key))
        return action is not None and self.run(action.id)

    @staticmethod
    def _takes(action: Action, key: str, focus: QWidget) -> bool:
        """Whether the table comes before the widget that has the focus."""
        if QApplication.activePopupWidget() is not None:
            return False
        held = key.startswith(("Ctrl+", "Alt+")) or key in ("F3", "Shift+F3", "F11")
        if types_text(focus) and (
            not held or action.when in ("undo", "redo", "back") or "Left" in key or "Right" in key
        ):
            return False
        if isinstance(focus, QAbstractButton) and key == "Space":
            return False
        return not (isinstance(focus, QTreeView) and key in ("Left", "Right"))


def _forward(key: str, focus: QWidget) -> None:
    """Give a key to a widget as if no shortcut had taken it."""
    combination = QKeySequence(key)[0]  # type: ignore[index]
    text = key if len(key) == 1 else " " if key == "Space" else ""
    for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
        event = QKeyEvent(kind, combination.key(), combination.keyboardModifiers(), text)
        QCoreApplication.sendEvent(focus, event)


def key_table() -> str:
    """docs/keys.md: every key, from the table that handles them."""
    lines = [
        "# Keys",
        "",
        "Written from the table of actions (`qt/actions.py`); a test keeps this page in step. Keys work wherever the",
        "focus is, except in text fields. Enter on a row plays from 2 s before it.",
    ]
    for group in dict.fromkeys(action.group for action in ACTIONS):
        named = [action for action in ACTIONS if action.group == group and action.keys]
        where = " (while the lanes have the focus)" if any(action.scope for action in named) else ""
        lines += ["", f"## {group}{where}", "", "| key | what it does |", "|---|---|"]
        for action in named:
            keys = ", ".join(f"`{pretty(key)}`" for key in action.keys)
            lines.append(f"| {keys} | {action.text.rstrip('…')} |")
    return "\n".join(lines) + "\n"
