"""One request in detail: headers, bodies made readable, what GraphQL was asked, timing; why something is absent."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from PySide6.QtWidgets import QApplication, QHBoxLayout, QTabWidget, QVBoxLayout, QWidget

from replay_viewer.analysis.absent import body_advice, headers_advice
from replay_viewer.analysis.pretty import pretty
from replay_viewer.analysis.requests import is_socket, operations
from replay_viewer.domain.rows import Body, NetworkRequest
from replay_viewer.domain.session import Session
from replay_viewer.domain.time import iso
from replay_viewer.qt.context import Context
from replay_viewer.qt.copying import copyable_text
from replay_viewer.qt.jsontree import JsonTree
from replay_viewer.qt.panels.sockets import MessagesView
from replay_viewer.qt.panels.stack import StackView
from replay_viewer.qt.rowtext import status_text
from replay_viewer.qt.widgets import CodeView, Elided, IconButton, label, named_button, padded
from replay_viewer.qt.wording import size, span

#: Characters of a body made readable at once; more of it on a worker.
_AT_ONCE = 100_000
#: Characters of a body shown before somebody asks for all of it.
_FIRST = 200_000


def content_type(headers: dict[str, str]) -> str:
    """The content type among headers, '' when it is not there."""
    return next((value for name, value in headers.items() if name.lower() == "content-type"), "")


def absence(body: Body, session: Session | None) -> str:
    """Why there is no body, and what to configure next time."""
    why = body.why or "the recording does not hold it"
    advice = body_advice(body.why, session) if session is not None else ""
    if body.size == 0 and not advice:
        return "It was empty."
    known = f" Its size was {size(body.size)}." if body.size >= 0 else ""
    return f"Not shown: {why}.{known}" + (f"\n\nNext time: {advice}." if advice else "")


class BodyView(QWidget):
    """A body, its first 200,000 characters until all of it is asked for; formatted on a worker when it is large."""

    def __init__(self, name: str, context: Context) -> None:
        super().__init__()
        self.context = context
        self._name = name
        self._shown = ""
        self._raw = ""
        self.code = CodeView(name)
        self.note = label("", "muted", wrap=True)
        self.all = named_button("Show all", flat=True)
        self.all.clicked.connect(self._show_all)
        copy = IconButton("copy", f"Copy the {name.lower()}")
        copy.clicked.connect(lambda: QApplication.clipboard().setText(self._raw))
        self.foot = QWidget()
        row = QHBoxLayout(self.foot)
        row.setContentsMargins(8, 0, 4, 0)
        row.addWidget(self.note, 1)
        row.addWidget(self.all)
        row.addWidget(copy)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.code, 1)
        layout.addWidget(self.foot)

    def show_body(self, body: Body, headers: dict[str, str], session: Session | None) -> None:
        """Show a body, or why there is none."""
        self._raw = body.text or ""
        self.foot.setVisible(body.text is not None)
        if body.text is None:
            self._shown = ""
            self.code.show_text(absence(body, session))
            return
        kind = content_type(headers)
        note = [size(body.size)] if body.size >= 0 else []
        note += [kind] if kind else []
        if body.why:
            advice = body_advice(body.why, session) if session is not None else ""
            note.append(f"{body.why}. {advice}".strip())
        self.note.setText(" · ".join(note))
        if len(body.text) <= _AT_ONCE:
            self._put(pretty(body.text, kind))
            return
        self._put(body.text)
        text = body.text
        self.context.tasks.run(
            partial(pretty, text, kind),
            lambda made: self._put(made) if self._raw is text else None,
            key=f"pretty-{self._name}",
        )

    def toPlainText(self) -> str:
        """The text shown."""
        return self.code.toPlainText()

    def _put(self, text: str) -> None:
        self._shown = text
        self.all.setVisible(len(text) > _FIRST)
        self.all.setText(f"Show all {len(text):,} characters")
        self.all.setAccessibleName(self.all.text())
        self.code.setPlainText(text[:_FIRST] or "(empty)")

    def _show_all(self) -> None:
        self.code.setPlainText(self._shown)
        self.all.hide()


class RequestDetail(QWidget):
    """The tabs beside the list of requests."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self.head = Elided("muted")
        self.head.setAccessibleName("Request")
        copyable_text(self.head)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.response = BodyView("Response body", context)
        self.request = BodyView("Request body", context)
        self.messages, self.stack = MessagesView(context), StackView("Initiator")
        self.headers, self.graphql, self.timing = JsonTree("Headers"), JsonTree("GraphQL"), JsonTree("Timing")
        for name, widget in (
            ("Messages", self.messages),
            ("Response", self.response),
            ("Request", self.request),
            ("Headers", self.headers),
            ("GraphQL", self.graphql),
            ("Timing", self.timing),
            ("Initiator", self.stack),
        ):
            self.tabs.addTab(widget, name)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(padded(self.head))
        layout.addWidget(self.tabs, 1)

    def show_request(self, request: NetworkRequest, session: Session | None) -> None:
        """Another request."""
        outcome = request.error or status_text(request)
        socket = is_socket(request)
        before = self.tabs.isTabVisible(self.tabs.indexOf(self.messages))
        self.tabs.setTabVisible(self.tabs.indexOf(self.messages), socket)
        for widget in (self.response, self.request):  # a WebSocket has no bodies
            self.tabs.setTabVisible(self.tabs.indexOf(widget), not socket)
        if socket != before:
            self.tabs.setCurrentWidget(self.messages if socket else self.response)
        self.messages.show_messages(request)
        self.head.setText(f"{request.method} {request.url[:600]} · {outcome}")
        self.response.show_body(request.response_body, request.response_headers, session)
        self.request.show_body(request.request_body, request.request_headers, session)
        try:
            query: dict[str, str] = dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))
        except ValueError:
            query = {}
        groups: list[tuple[str, Any]] = [
            ("Query", query),
            ("Request headers", request.request_headers),
            ("Response headers", request.response_headers),
        ]
        groups = [(name, values) for name, values in groups if values]
        if not request.request_headers and not request.response_headers:
            advice = headers_advice(session) if session is not None and request.kind in ("fetch", "xhr") else ""
            groups.append(("Headers", f"not recorded; next time: {advice}" if advice else "not recorded"))
        self.headers.show_values(groups, expand=1)
        asked = operations(request)
        self.tabs.setTabVisible(self.tabs.indexOf(self.graphql), bool(asked))
        self.graphql.show_values(
            [(f"{one.sort} {one.name}", {"variables": one.variables, "query": one.query}) for one in asked], expand=2
        )
        timing: list[tuple[str, Any]] = [
            ("Started", iso(request.t)), ("Ended", iso(request.end)), ("Took", span(request.end - request.t)),
            ("Started by", request.initiator or request.kind),
        ]  # fmt: skip
        content = max(request.content_size, request.response_body.size)
        timing += [("Transferred", size(request.size))] if request.size >= 0 else []
        timing += [("Content", size(content))] if content >= 0 else []
        timing += [(name, span(value)) for name, value in request.phases.items()]
        if not request.phases:
            timing.append(("Phases", "not recorded"))
        self.timing.show_values(timing, expand=0)
        self.tabs.setTabVisible(self.tabs.indexOf(self.stack), bool(request.stack))
        self.stack.show_sections([(f"Started by {request.initiator or 'these calls'}", request.stack)])
