"""From documents to pieces of sessions: what says no session finds the one it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path

from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.rows import ErrorEvent
from replay_viewer.domain.session import Facts
from replay_viewer.formats.base.cursor import Malformed
from replay_viewer.formats.base.document import BURIED, Document, Format, recognise, registered
from replay_viewer.formats.base.events import Elsewhere, NotARecording
from replay_viewer.formats.base.pieces import Batch, Linked, Piece, Said, Skipped, merge_facts
from replay_viewer.formats.base.stream import Truncated
from replay_viewer.formats.base.tree import tree_of

Progress = Callable[[int, int], None]

#: A request body never inflates to more than this.
MAX_BODY = 128 << 20
_HOLD = 4 << 20
_AGAIN = "Get it again from where it came; nothing of it was imported."
_KNOWN = "Open a file of rrweb events, or one that Sentry, PostHog or Amplitude exported."
#: Formats that take anything their first byte fits; in a folder, their failure means “some other file”.
_FALLBACK_RANK = 90


class Source:
    """A recognised document and the session of its pieces that name none."""

    def __init__(self, document: Document, format: Format) -> None:
        self.document, self.format, self.key = document, format, ""


def _unknown(document: Document) -> BadInput:
    """The error for a document of no format."""
    if not document.size:
        return NotARecording(f"“{document.name}” is empty.", "Open a file in which something was recorded.")
    if not document.head:
        try:
            document.stream().read(1)  # says so when it is cut off
        except Truncated as error:
            return _explained(error, document, 0)
        finally:
            document.close()
        return NotARecording(f"“{document.name}” holds nothing but white space.", _KNOWN)
    return NotARecording(f"“{document.name}” is not a recording.", _KNOWN)


def _explained(error: BadInput, document: Document, events: int) -> BadInput:
    """The error as a person reads it, with the number of events read before it."""
    if isinstance(error, Truncated):
        message = error.message.removesuffix(".")
        read = f"{events:,} events could be read before that" if events else "not one event could be read"
        return Truncated(f"{message}; {read}.", _AGAIN)
    return error if error.advice else type(error)(error.message, _AGAIN)


def _too_deep(document: Document) -> Malformed:
    return Malformed(f"“{document.name}” is nested too deeply to be read.", "Ask for a recording of a simpler page.")


def _goes_on(document: Document) -> bool:
    """Whether the first event of a file, as its head shows it, is a change of a page that came before."""
    shape = document.shape
    for first in (shape, shape.item, shape.at("events").item):
        if "type" in first.keys and "timestamp" in first.keys:
            return first.keys["type"].first == "3"
    return False


def _read(source: Source) -> Iterator[Piece]:
    """The pieces of a document; of one in which its format finds no events, what else of it is events."""
    events = 0
    try:
        for piece in source.format.read(source.document):
            events += len(piece.events) if isinstance(piece, Batch) else 0
            yield piece
    except (NotARecording, Malformed) as error:
        buried = next((item for item in registered() if item.name == BURIED), None)
        told = events or source.document.captured or source.format.linked
        if told or buried is None or source.format is buried or not buried.sniff(source.document):
            raise
        source.document.close()
        try:
            yield from buried.read(source.document)
        except Elsewhere:
            raise
        except NotARecording:
            raise error from None


class Reading:
    """One call of `read_paths`: the documents in order, and what was held back until its session is known."""

    def __init__(self, documents: list[Document], others: int, progress: Progress | None) -> None:
        self.progress = progress
        self.total = sum(document.size for document in documents)
        self.done = 0
        self.others = others
        self.lone = len(documents) == 1 and not others and not documents[0].captured
        self.sources = self._recognised(documents)
        self.facts: dict[str, Facts] = {}
        self.said: dict[str, Facts] = {}
        self.sessions: list[str] = []
        self.linked: set[str] = set()
        self.held: list[Piece] = []

    def _recognised(self, documents: list[Document]) -> list[Source]:
        sources: list[Source] = []
        for document in documents:
            format = self.recognise(document)
            if format:
                _ = document.shape
                sources.append(Source(document, format))
            elif self.lone:
                raise _unknown(document)
            else:
                self.others += bool(document.size)
            document.__dict__.pop("head", None)  # 64 kB each would add up
        recordings = [source for source in sources if not source.format.linked and not source.document.captured]
        going_on = [source for source in recordings if _goes_on(source.document)]
        # Files that begin in the middle of a page are the rest of the one that does not.
        pieces = bool(going_on) and len(recordings) - len(going_on) <= 1
        for source in sources:
            if source.document.captured or source.format.parts:
                source.key = source.document.folder
            elif len(recordings) > 1 and not pieces:
                source.key = source.document.name
        folders = {source.key for source in sources if source.document.captured or source.format.parts}
        if len(folders) == 1 and all(s.document.captured or s.format.parts or s.format.linked for s in sources):
            for source in sources:
                source.key = ""
        return sources

    def recognise(self, document: Document) -> Format | None:
        """The format of a document."""
        return recognise(document)

    def read(self, source: Source) -> Iterable[Piece]:
        """The pieces of a document. Raises BadInput, RecursionError, OSError."""
        return _read(source)

    def pieces(self) -> Iterator[Piece]:
        """All pieces; rows files first inside each folder. Raises BadInput."""
        for _, group in groupby(self.sources, key=lambda source: source.document.folder):
            before = len(self.sessions)
            sources = sorted(group, key=lambda source: not source.format.linked)
            for source in sources:
                yield from self._document(source)
            yield from self._settle(self.sessions[before:])
        yield from self._settle(self.sessions, last=True)
        if not self.sessions and not self.linked:
            raise NotARecording("There is no recording in what was opened.", _KNOWN)
        if self.others:
            yield Skipped("", "other-file", "Files beside the recordings were left alone.", self.others)

    def _document(self, source: Source) -> Iterator[Piece]:
        document, events = source.document, 0
        if len(self.linked) == 1 and len({s.key for s in self.sources if not s.format.linked}) == 1:
            source.key = next(iter(self.linked))  # one recording, and rows that say whose they are
            for other in self.sources:
                other.key = source.key
        try:
            found = self.read(source)
            # A damaged body gives nothing at all, unless it is too large to hold back.
            for piece in list(found) if document.captured and document.size < _HOLD else found:
                events += len(piece.events) if isinstance(piece, Batch) else 0
                yield from self._placed(piece, source)
                self._report(document)
        except BadInput as error:
            if document.captured:
                message = f"A captured request ({document.name}) is damaged and was left out."
                self.held.append(Skipped("", "damaged-request", message))
            elif self.lone or not self._other(error, source, events):
                raise _explained(error, document, events or document.seen()) from error
            else:
                self.others += 1
        except RecursionError as error:
            raise _too_deep(document) from error
        except OSError as error:
            reason = error.strerror or str(error)
            raise BadInput(f"“{document.name}” cannot be read: {reason}.", "Check the disk it is on.") from error
        finally:
            document.close()
        self.done += document.size
        self._report(document)

    @staticmethod
    def _other(error: BadInput, source: Source, events: int) -> bool:
        """Whether a document of a folder turned out to be something else than a recording."""
        if isinstance(error, NotARecording):
            return True
        return not events and isinstance(error, Malformed | Truncated) and source.format.rank >= _FALLBACK_RANK

    def _report(self, document: Document) -> None:
        if self.progress:
            self.progress(min(self.total, self.done + min(document.consumed(), document.size)), self.total)

    def _placed(self, piece: Piece, source: Source) -> Iterator[Piece]:
        """The piece with its session, or nothing while that is unknown."""
        if isinstance(piece, Batch):
            piece.session = piece.session or source.key
            if piece.session not in self.sessions:
                self.sessions.append(piece.session)
            yield piece
        elif not piece.session and (source.document.captured or source.format.linked or isinstance(piece, Said)):
            self.held.append(piece)
        else:
            piece.session = piece.session or source.key
            yield from self._known(piece)

    def _known(self, piece: Piece) -> Iterator[Piece]:
        if isinstance(piece, Said):
            if self.said.get(piece.session) == piece.facts:
                return  # each body of a session says the same
            self.said[piece.session] = piece.facts
            old = self.facts.get(piece.session)
            new = merge_facts(old, piece.facts) if old else piece.facts
            if new != old:
                self.facts[piece.session] = new
                yield Said(piece.session, new)
            return
        if isinstance(piece, Linked):
            self.linked.add(piece.session)
        yield piece

    def _settle(self, sessions: Sequence[str], last: bool = False) -> Iterator[Piece]:
        """Give what was held to the session it must belong to: the only one, or the one that names the error."""
        held, self.held = self.held, []
        known = set(sessions) or ({name for name in self.linked if name} if last else set())
        only = next(iter(known)) if len(known) == 1 else None
        lost = 0
        for piece in held:
            session = only if only is not None else self._named(piece)
            if session is not None:
                piece.session = session
                yield from self._known(piece)
            elif not last:
                self.held.append(piece)
            elif isinstance(piece, Linked) and known:
                lost += len(piece.rows)
            elif not known or isinstance(piece, Skipped):
                yield from self._known(piece)
        if lost:
            yield Skipped("", "unlinked-rows", "Rows that belong to none of the sessions were left out.", lost)

    def _named(self, piece: Piece) -> str | None:
        """The session whose facts list the error of `piece`."""
        if isinstance(piece, Linked):
            ids = {row.id for row in piece.rows if isinstance(row, ErrorEvent)}
            for session, facts in self.facts.items():
                if ids & set(facts.extra.get("error_ids", [])):
                    return session
        return None


def read_paths(paths: Sequence[Path], progress: Progress | None = None) -> Iterator[Piece]:
    """Everything that `paths` (files, folders, archives) hold, streamed.

    Pieces of one session carry the same `session`; it is '' for the only recording when nothing names it, and the
    file's name when there are several. A `Said` carries all that is known of the session so far. `progress` gets
    (bytes done, bytes in all), as stored. Raises BadInput (NotFound for a path that is not there), also midway.
    """
    with ExitStack() as stack:
        tree = tree_of([Path(path) for path in paths], stack)
        if not tree.documents:
            name = Path(paths[0]).name if paths else ""
            raise NotARecording(f"“{name}” holds no files.", _KNOWN)
        yield from Reading(tree.documents, tree.others, progress).pieces()


def read_body(body: bytes, headers: Mapping[str, str], url: str) -> list[Piece]:
    """The pieces of one request body as a collector receives it; `session` is '' where the body says none.

    Raises BadInput: empty, of no known kind, damaged, too large.
    """
    document = Document.of_bytes(body, "The request body", headers=headers, url=url, limit=MAX_BODY)
    if "br" in document.headers.get("content-encoding", ""):
        raise NotARecording("The request body is compressed with Brotli.", "Send it with gzip, zstd or plain.")
    found = recognise(document)
    if not found:
        raise _unknown(document)
    events = 0
    pieces: list[Piece] = []
    try:
        for piece in found.read(document):
            events += len(piece.events) if isinstance(piece, Batch) else 0
            pieces.append(piece)
    except BadInput as error:
        raise _explained(error, document, events) from error
    except RecursionError as error:
        raise _too_deep(document) from error
    finally:
        document.close()
    return pieces
