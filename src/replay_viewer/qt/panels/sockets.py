"""The messages of one WebSocket: direction, time, size and text, with a filter; the picked one as text or a tree."""

from __future__ import annotations

import base64
import binascii

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedLayout, QVBoxLayout, QWidget

from replay_viewer.domain.rows import NetworkRequest, SocketMessage
from replay_viewer.qt.context import Context
from replay_viewer.qt.jsontree import JsonTree
from replay_viewer.qt.panels.listing import Line, LineTable
from replay_viewer.qt.widgets import Chip, CodeView, FilterField, label
from replay_viewer.qt.wording import one_line, size

#: Bytes of a binary message shown in hexadecimal.
_HEX = 4096
_TREE = 2_000_000


def way(message: SocketMessage) -> str:
    """An arrow and a word: colour is never the only sign."""
    if message.why.startswith("error: "):
        return "✕ error"
    return "↑ sent" if message.sent else "↓ received"


def brief(message: SocketMessage) -> str:
    """A message on one line."""
    if message.binary and message.text:
        return f"binary  {_raw(message)[:24].hex(' ')}"
    return one_line(message.text) or message.why or ("(binary)" if message.binary else "(empty)")


def _raw(message: SocketMessage) -> bytes:
    try:
        return base64.b64decode(message.text)
    except (binascii.Error, ValueError):
        return b""


def dump(data: bytes) -> str:
    """Bytes as tools for bytes print them: position, sixteen in hexadecimal, what of it is ASCII."""
    lines = []
    for at in range(0, min(len(data), _HEX), 16):
        part = data[at : at + 16]
        plain = "".join(chr(one) if 32 <= one < 127 else "." for one in part)
        lines.append(f"{at:06x}  {part.hex(' '):<47}  {plain}")
    if len(data) > _HEX:
        lines.append(f"… and {len(data) - _HEX:,} bytes more")
    return "\n".join(lines)


class MessagesView(QWidget):
    """The tab “Messages” of a request. A click on a message seeks to it."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self._messages: list[SocketMessage] = []
        self.filter = FilterField("Filter messages")
        self.filter.setMaximumWidth(260)
        self.sent = Chip("↑ Sent", "Show messages the page sent")
        self.received = Chip("↓ Received", "Show messages the page received")
        self.counter = label("", "muted")
        self.table = LineTable("Messages", ("Time", "Direction", "Size", "Message"), (84, 96, 72, 0))
        self.tree, self.code = JsonTree("Message"), CodeView("Message")
        shown = QWidget()
        self._stack = QStackedLayout(shown)
        self._stack.addWidget(self.code)
        self._stack.addWidget(self.tree)
        bar = QHBoxLayout()
        bar.setContentsMargins(8, 3, 8, 3)
        bar.addWidget(self.filter, 1)
        for chip in (self.sent, self.received):
            chip.clicked.connect(lambda _on: self._list())
            bar.addWidget(chip)
        bar.addStretch(1)
        bar.addWidget(self.counter)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setObjectName("messages")
        splitter.addWidget(self.table)
        splitter.addWidget(shown)
        splitter.setSizes([600, 400])
        splitter.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(bar)
        layout.addWidget(splitter, 1)
        self.filter.changed.connect(lambda _text: self._list())
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._show())
        self.table.seek_asked.connect(context.playhead.seek)
        context.playhead.style_changed.connect(self._list)

    def show_messages(self, request: NetworkRequest) -> None:
        """The messages of another request."""
        self._messages = request.messages
        self._list()

    def _list(self) -> None:
        if not self._messages and not self.table.line_model.lines:
            return
        wanted = self.filter.text().strip().casefold()
        sent, received = self.sent.isChecked(), self.received.isChecked()
        kept = [
            one
            for one in self._messages
            if (sent == received or one.sent == sent) and (not wanted or wanted in one.text.casefold())
        ]
        self.table.show_lines(
            [
                Line(
                    (self.context.playhead.text(one.t), way(one), size(one.size), brief(one)),
                    ("muted", "accent" if one.sent else "failed" if one.why.startswith("error") else "good", "muted"),
                    one.t,
                    one,
                )
                for one in kept
            ]
        )
        count, total = len(kept), len(self._messages)
        self.counter.setText(f"{total:,}" if count == total else f"{count:,} of {total:,}")
        self._show()

    def _show(self) -> None:
        line = self.table.line()
        if line is None:
            self.code.show_text("" if self._messages else "No message was recorded.")
            self._stack.setCurrentWidget(self.code)
            return
        message: SocketMessage = line.data
        if message.text[:1] in "{[" and message.text and not message.binary and len(message.text) <= _TREE:
            try:
                value = msgspec.json.decode(message.text)
            except (msgspec.DecodeError, RecursionError):
                value = None
            if isinstance(value, dict | list):
                pairs = value.items() if isinstance(value, dict) else enumerate(value)
                self.tree.show_values([(str(name), one) for name, one in pairs], expand=1)
                self._stack.setCurrentWidget(self.tree)
                return
        text = dump(_raw(message)) if message.binary else message.text
        self.code.show_text("\n\n".join(part for part in (text, message.why) if part) or "(empty)")
        self._stack.setCurrentWidget(self.code)
