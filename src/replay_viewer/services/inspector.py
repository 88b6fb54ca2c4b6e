"""The inspector process of an open session: the DOM at an instant as tree rows, searches in it, and the two long
questions (the life of a node, what changed between two instants), so that no window ever waits for Python.

One question is answered after the other; of tree questions that wait, only the newest. Whoever does not want a long
answer any more ends the process (`close`) and takes another.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

import msgspec

from replay_viewer.analysis import domtree
from replay_viewer.analysis.difference import Difference
from replay_viewer.analysis.domtree import Address, Branch, Detail, Key
from replay_viewer.domain.errors import SourceProblem, UserError
from replay_viewer.library import Library
from replay_viewer.recording.mirror import Mirror
from replay_viewer.services import compare
from replay_viewer.services.compare import History
from replay_viewer.services.processes import Spares, start_worker
from replay_viewer.services.states import TabStates

log = logging.getLogger(__name__)


class TreeQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """The tree of `tab` at `t` (epoch ms). `expanded`: rows whose rows below are wanted; `selected`: 0 none.

    `limits`: for rows with more below than `domtree.PAGE`, how many are wanted. `reveal`: a node to be brought into
    view (its ancestors are expanded, it is selected). `find`: a search in the state.
    """

    tab: int
    t: float
    expanded: list[Key] = []
    selected: Key = 0
    limits: dict[Key, int] = {}
    reveal: Key = 0
    find: str = ""


class TreeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of a tree. `below`: for each expanded row (0: the outermost) its rows and how many there are in all.

    `expanded`, `selected`: as asked, in the keys of the document that stands there now (of another document by their
    place in it; a selected node that was taken off the page stays selected, `detail` is None then). `found`: keys of
    the search `find`.
    """

    tab: int
    t: float
    url: str
    nodes: int
    below: dict[Key, tuple[list[Branch], int]]
    expanded: list[Key]
    selected: Key
    detail: Detail | None = None
    found: list[Key] = []
    find: str = ""
    reveal: Key = 0


class Tree:
    """Answers tree questions of one session, and remembers the ways to the rows that are open."""

    def __init__(self, library: Library, session: str) -> None:
        self._library = library
        self._session = session
        self._tabs: dict[int, TabStates] = {}
        self._document: tuple[int, int] = (-1, -1)
        self._ways: dict[Key, Address] = {}
        self._open: dict[tuple[int, int], tuple[list[Key], Key]] = {}

    def reload(self) -> None:
        """An import in progress has stored more."""
        for states in self._tabs.values():
            states.reload()

    def state(self, tab: int, t: float) -> Mirror:
        """The state of a tab at an instant. Raises NotFound, StorageProblem."""
        if tab not in self._tabs:
            self._tabs[tab] = TabStates(self._library, self._session, tab)
        states = self._tabs[tab]
        return states.go(states.position_at(t))

    def answer(self, asked: TreeQuestion) -> TreeAnswer:
        """The rows asked for. Raises NotFound, StorageProblem."""
        mirror = self.state(asked.tab, asked.t)
        document = (asked.tab, mirror.generation)
        expanded, selected = list(asked.expanded), asked.selected
        if self._document not in (document, (-1, -1)):
            before, chosen = self._open.get(document, ([], 0))
            expanded = [now for key in expanded if (now := self._again(key, mirror))]
            expanded += [key for key in before if key not in expanded]
            selected = self._again(selected, mirror) or chosen
        if asked.reveal:
            selected = domtree.row_of(asked.reveal, mirror) or selected
            expanded += [key for key in domtree.above(selected, mirror) if key not in expanded]
        found = domtree.find(asked.find, mirror) if asked.find else []
        below = {}
        for key in [0, *expanded]:
            keys = domtree.top(mirror) if key == 0 else domtree.below(key, mirror)
            if keys or key == 0:
                shown = keys[: asked.limits.get(key, domtree.PAGE)]
                if selected in keys and selected not in shown:  # what was picked is told, however far down it stands
                    shown = keys[: keys.index(selected) + 1]
                below[key] = ([domtree.branch(one, mirror) for one in shown], len(keys))
        self._document = document
        self._open[document] = (expanded, selected)
        self._ways |= {key: way for key in (*expanded, selected) if (way := domtree.address(key, mirror))}
        return TreeAnswer(
            tab=asked.tab, t=asked.t, url=mirror.url, nodes=len(mirror.nodes), below=below,
            expanded=[key for key in expanded if key in below], selected=selected,
            detail=domtree.detail(selected, mirror) if selected else None, found=found,
            find=asked.find, reveal=asked.reveal,
        )  # fmt: skip

    def _again(self, key: Key, mirror: Mirror) -> Key:
        """The row in this document that stands where a row of another one stood, 0 when there is none."""
        way = self._ways.get(key, ())
        if way and domtree.address(key, mirror) == way:
            return key
        found = domtree.resolve(way, mirror)
        return -found if key < 0 else found


Kind = Literal["open", "tree", "history", "difference", "reload"]


class Request(msgspec.Struct, array_like=True):
    """One question. `t` and `t1`: epoch ms; `wanted`: a node for `history` (id or selector)."""

    number: int
    kind: Kind
    home: str = ""
    session: str = ""
    tab: int = 0
    t: float = 0.0
    t1: float = 0.0
    wanted: str = ""
    tree: TreeQuestion | None = None


class Reply(msgspec.Struct, array_like=True):
    """One answer, or (`progress`) how far a long one has come. `message`: why there is none, `advice` what to do."""

    request: int
    kind: Literal["answer", "progress", "error"]
    tree: TreeAnswer | None = None
    history: History | None = None
    difference: Difference | None = None
    done: int = 0
    total: int = 0
    message: str = ""
    advice: str = ""


_encode = msgspec.msgpack.Encoder().encode
_request = msgspec.msgpack.Decoder(Request)
_reply = msgspec.msgpack.Decoder(Reply)


def _newest(requests: Sequence[Request]) -> list[Request]:
    """Requests in order, of trees only the last."""
    last = max((n for n, one in enumerate(requests) if one.kind == "tree"), default=-1)
    return [one for n, one in enumerate(requests) if one.kind != "tree" or n == last]


class _Server:
    """The process's side of one client."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._library: Library | None = None
        self._session = ""
        self._tree: Tree | None = None

    def answer(self, request: Request) -> Reply:
        """The reply to a request. Raises UserError."""
        if request.kind == "open":
            if self._library is None or self._library.home != Path(request.home):
                self._library = Library.open(Path(request.home))
            self._session = request.session
            self._tree = Tree(self._library, request.session)
            return Reply(request.number, "answer")
        library, tree = self._library, self._tree
        assert library is not None, "open comes first"
        assert tree is not None
        if request.kind == "tree":
            assert request.tree is not None
            return Reply(request.number, "answer", tree=tree.answer(request.tree))
        if request.kind == "history":

            def progress(done: int, total: int) -> None:
                self._connection.send_bytes(_encode(Reply(request.number, "progress", done=done, total=total)))

            found = compare.history(library, self._session, request.tab, request.wanted, request.t, progress)
            return Reply(request.number, "answer", history=found)
        if request.kind == "difference":
            changed = compare.difference(library, self._session, request.tab, request.t, request.t1)
            return Reply(request.number, "answer", difference=changed)
        tree.reload()
        return Reply(request.number, "answer")

    def close(self) -> None:
        """Let the library go."""
        if self._library is not None:
            self._library.close()


def _serve(connection: Connection) -> None:
    """The process: answers until the pipe closes."""
    start_worker()
    server = _Server(connection)
    with contextlib.suppress(EOFError, OSError):
        while True:
            requests = [_request.decode(connection.recv_bytes())]
            while connection.poll():
                requests.append(_request.decode(connection.recv_bytes()))
            for request in _newest(requests):
                try:
                    reply = server.answer(request)
                except UserError as error:
                    reply = Reply(request.number, "error", message=error.message, advice=error.advice)
                except OSError:
                    raise
                except Exception:
                    # A bug in one answer must not take the inspector down; the log has the rest.
                    log.exception("inspector request %s failed", request.kind)
                    reply = Reply(request.number, "error", message="This could not be worked out; the log says why.")
                connection.send_bytes(_encode(reply))
    server.close()


_spares = Spares(_serve, "replay-viewer-inspector")
end_spares = _spares.end


class InspectorClient:
    """The window's end of an inspector process. Questions return their number at once; `receive` reads one reply.

    `connection` is readable (a file descriptor) when there is one. Not for use from two threads.
    """

    def __init__(self, home: Path, session: str) -> None:
        self._process = _spares.take()
        self.connection: Connection[Any, Any] = self._process.connection
        self._number = 0
        self._closed = False
        self._send(Request(self._next(), "open", home=str(home), session=session))

    def tree(self, question: TreeQuestion) -> int:
        """Ask for rows; a later such question may make this one go unanswered."""
        return self._send(Request(self._next(), "tree", tree=question))

    def history(self, tab: int, wanted: str, t: float) -> int:
        """Ask for the life of the node `wanted` of the document at `t`."""
        return self._send(Request(self._next(), "history", tab=tab, wanted=wanted, t=t))

    def difference(self, tab: int, start: float, end: float) -> int:
        """Ask what changed between two instants."""
        return self._send(Request(self._next(), "difference", tab=tab, t=start, t1=end))

    def reload(self) -> int:
        """Tell that the session has grown."""
        return self._send(Request(self._next(), "reload"))

    def poll(self, timeout: float = 0.0) -> bool:
        """Whether a reply is there within `timeout` seconds."""
        return self.connection.poll(timeout)

    def receive(self) -> Reply:
        """The next reply, waiting for it. Raises SourceProblem when the process has stopped."""
        try:
            return _reply.decode(self.connection.recv_bytes())
        except (EOFError, OSError) as error:
            raise SourceProblem("The inspector of this session has stopped.", "Open the panel again.") from error

    def close(self) -> None:
        """End the process, whatever it is doing. Safe to call twice."""
        if not self._closed:
            self._closed = True
            with contextlib.suppress(OSError):
                self._process.end(0.2)

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _send(self, request: Request) -> int:
        try:
            self.connection.send_bytes(_encode(request))
        except (BrokenPipeError, OSError) as error:
            raise SourceProblem("The inspector of this session has stopped.", "Open the panel again.") from error
        return request.number
