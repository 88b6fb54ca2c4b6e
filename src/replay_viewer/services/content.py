"""Session content for exporters of requests and scripts: rows of a range, and the acts with their locators.

content = gather(library, id, redactor=redactor)      # as recorded
write(content, "har", out, redactor)                  # redacted by the seam, then written
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from replay_viewer.analysis.extract.words import ancestors, control, field_label, labelled_field, masked
from replay_viewer.analysis.symbols import symbolicate, thrown_at
from replay_viewer.domain.rows import ConsoleEntry, ErrorEvent, Interaction, Navigation, NetworkRequest, Row
from replay_viewer.export.base import Settings, stem_of
from replay_viewer.export.content import Act, Failure, SessionContent, Step
from replay_viewer.export.locators import locator, text_locator, texts_of, within
from replay_viewer.export.sessions import export_session
from replay_viewer.library import Library
from replay_viewer.recording.mirror import Mirror
from replay_viewer.recording.nodes import Node
from replay_viewer.redaction import Redactor
from replay_viewer.services.files import write_all
from replay_viewer.services.maps import of_session
from replay_viewer.services.states import TabStates

_CAUSED_MS = 3_000.0  #: A page that loads this soon after an act is its consequence.
_ACTS: dict[str, Act] = {"click": "click", "touch": "click", "dblclick": "dblclick", "contextmenu": "contextmenu",
                         "input": "fill", "select": "select"}  # fmt: skip
#: Elements whose own text is what a person reads, and waits for.
_SAYING = frozenset("p h1 h2 h3 output strong td li dt dd span div button a".split())  # noqa: SIM905


def gather(
    library: Library,
    session_id: str,
    *,
    range: tuple[float | None, float | None] = (None, None),
    tab: int | None = None,
    script: bool = False,
    redactor: Redactor | None = None,
    maps: Path | None = None,
) -> SessionContent:
    """Requests and page views of a range (default: everything), or with `script` the acts of one tab up to the first
    failure, and where in the source it was thrown: `maps` is a folder or zip of source maps, asked before those kept
    with the session. Raises NotFound, StorageProblem, BadInput (no maps there).
    """
    session = library.session(session_id)
    start = session.start if range[0] is None else range[0]
    end = session.end if range[1] is None else range[1]
    failure = _failure(library, session.id, start, end, tab)
    if script:
        if tab is None:
            tab = max(0, failure[0].tab) if failure is not None else 0
        if failure is not None and range[1] is None:
            end = failure[0].t
    network = _rows(library, session.id, "network", start if range[0] is not None else None, end, tab)
    pages = _rows(library, session.id, "navigation", start, end, tab)
    requests = [row for row in network if isinstance(row, NetworkRequest)]
    navigation = [row for row in pages if isinstance(row, Navigation)]
    found = SessionContent(
        session=session, start=start, end=end, tab=-1 if tab is None else tab, requests=requests,
        navigation=navigation, failure=failure[1] if failure is not None else None,
    )  # fmt: skip
    if not script:
        return found
    if failure is not None and isinstance(failure[0], ErrorEvent):
        place = thrown_at(symbolicate(failure[0], of_session(library, session.id, maps)), failure[0])
        found = msgspec.structs.replace(found, failure=msgspec.structs.replace(failure[1], place=place))
    return _with_steps(library, found, redactor)


def write(content: SessionContent, format: str, out: Path, redactor: Redactor) -> list[Path]:
    """Redact, render and write; the paths written, `out` first. Raises BadInput, StorageProblem."""
    stem = stem_of(out.name.removesuffix(".mjs").removesuffix(".har").removesuffix(".spec"))
    return write_all(out, export_session(content, format, redactor, Settings(stem=stem)))


def _rows(
    library: Library, id: str, kind: str, start: float | None, end: float | None, tab: int | None
) -> Iterator[Row]:
    return (row for _, row in library.rows(id, kind, start=start, end=end) if tab is None or row.tab in (tab, -1))


def _failure(library: Library, id: str, start: float, end: float, tab: int | None) -> tuple[Row, Failure] | None:
    """The first error, else the first console error, else the first failed request."""
    for row in _rows(library, id, "errors", start, end, tab):
        if isinstance(row, ErrorEvent) and row.level in ("error", "fatal"):
            text = row.exceptions[-1].value if row.exceptions else row.title
            return row, Failure(
                kind="error", text=text.partition("\n")[0], title=row.title.partition("\n")[0], t=row.t
            )
    for row in _rows(library, id, "console", start, end, tab):
        if isinstance(row, ConsoleEntry) and row.level == "error":
            # Objects are printed otherwise by Playwright; the first argument is what the code says.
            first = row.arguments[0] if row.arguments and isinstance(row.arguments[0], str) else row.message
            return row, Failure(kind="console", text=first[:200], title=row.message[:200], t=row.t)
    for row in _rows(library, id, "network", start, end, tab):
        if isinstance(row, NetworkRequest) and row.failed:
            text = f"{row.method} {urlsplit(row.url).path}"
            title = f"{text} → {row.status}"
            return row, Failure(kind="request", text=text, title=title, status=max(row.status, 0), t=row.t)
    return None


def _with_steps(library: Library, content: SessionContent, redactor: Redactor | None) -> SessionContent:
    states = TabStates(library, content.session.id, content.tab)
    acts = list(_rows(library, content.session.id, "interactions", content.start, content.end, content.tab))
    rows = sorted([*acts, *content.navigation], key=lambda row: row.t)
    builder = _Builder(states, redactor)
    for n, row in enumerate(rows):
        if isinstance(row, Navigation):
            builder.page(row)
        elif isinstance(row, Interaction):
            later = (one for one in rows[n + 1 :] if isinstance(one, Interaction) and one.action in _ACTS)
            builder.act(row, next(later, None))
    if not any(step.act == "open" for step in builder.steps):
        mirror = states.seek(content.start)
        url = mirror.url or content.session.facts.url
        builder.steps.insert(0, Step(t=content.start, act="open", value=url, words=f"Open {url}"))
    first = states.seek(builder.steps[0].t + 1000.0 if builder.steps else content.start)
    return msgspec.structs.replace(content, steps=builder.steps, viewport=first.viewport)


class _Builder:
    """Acts to steps, in order; the mirror stands before each act."""

    def __init__(self, states: TabStates, redactor: Redactor | None) -> None:
        self.steps: list[Step] = []
        self._states = states
        self._before: set[str] = set()
        self._last_act = float("-inf")
        strict = redactor is not None and redactor.strict
        self._allowed: Callable[[str], bool] = (
            (lambda text: redactor.text(text, "steps") == text) if strict and redactor is not None else lambda _: True
        )

    def page(self, row: Navigation) -> None:
        """A page view: opened, or the consequence of the last act."""
        caused = row.t - self._last_act <= _CAUSED_MS
        if row.how == "reload":
            shown = self._shown(self._states.go(row.event - 1)) if row.event > 0 else []
            self.steps.append(Step(t=row.t, act="reload", words="Reload the page", shown=shown))
        elif self.steps and caused:
            self.steps.append(Step(t=row.t, act="arrive", value=row.url, words=f"The page {row.url} opens"))
        else:
            self.steps.append(Step(t=row.t, act="open", value=row.url, words=f"Open {row.url}"))
        self._before = set()

    def act(self, row: Interaction, following: Interaction | None) -> None:
        """An act of a person; a click into a field that is then filled in is told by that."""
        act = _ACTS.get(row.action)
        if act is None or row.event < 0:
            return
        if act == "click" and following is not None and following.node == row.node and following.action == "input":
            return
        if act == "click" and following is not None and following.action == "dblclick" and following.node == row.node:
            return
        mirror = self._states.go(row.event)
        node = mirror.nodes.get(row.node)
        if act == "fill" and row.value in ("checked", "unchecked", "not checked") and _box(node):
            act = "check" if row.value == "checked" else "uncheck"
        target = self._target(node, mirror, act)
        blank = "masked in the recording" if act in ("fill", "select") and masked(row.value) else ""
        self.steps.append(
            Step(
                t=row.t,
                act=act,
                words=row.words,
                locator=locator(target, mirror.nodes, self._allowed) if target is not None else "",
                value="" if blank else row.value,
                shown=self._shown(mirror),
                blank=blank,
                field=field_label(target, mirror.nodes) if target is not None and act in ("fill", "select") else "",
            )
        )
        self._last_act = row.t

    def _target(self, node: Node | None, mirror: Mirror, act: Act) -> Node | None:
        if node is None or act not in ("click", "dblclick", "contextmenu"):
            return node
        found = control(node, mirror.nodes) or next(ancestors(node, mirror.nodes), None)
        if found is not None and found.name == "label":
            found = labelled_field(found, mirror.nodes) or found
        return found

    def _shown(self, mirror: Mirror) -> list[str]:
        """The text that came since the last act and stands there now: what the person saw before going on."""
        document = mirror.nodes.get(mirror.root or 0)
        if document is None:
            return []
        everything = list(within(document, mirror.nodes))
        texts = texts_of(everything, mirror.nodes)
        now: dict[str, str] = {}

        def usable(text: str) -> bool:
            letters = sum(char.isalpha() for char in text)
            return letters >= 3 and len(text) <= 80 and not masked(text) and self._allowed(text)

        for node in everything:
            if node.name in _SAYING:
                text = " ".join((one.text or "") for id in node.children if (one := mirror.nodes.get(id)) is not None)
                if text.strip() and text not in self._before:
                    now[text] = text_locator(node, mirror.nodes, texts, usable)
        new = [found for text, found in now.items() if found]
        self._before |= set(now)
        return sorted(new, key=len)[-1:]


def _box(node: Node | None) -> bool:
    return node is not None and node.attrs.get("type") in ("checkbox", "radio")
