"""Captured requests of one session that more are added to: what was read once is not read again.

All that decides what belongs where (`Reading`) runs each time, over pieces that are kept, so that the answer is that
of reading everything at once. Events are handed out once and not kept.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from replay_viewer.domain.errors import BadInput
from replay_viewer.formats.base.document import Document, Format, recognise
from replay_viewer.formats.base.pieces import Batch, Piece
from replay_viewer.formats.base.pipeline import Progress, Reading, Source


def captured(path: Path, *, folder: str, url: str, headers: Mapping[str, str]) -> Document:
    """A captured request's body as the document that `read_paths` makes of it in a folder of that name."""
    size = path.stat().st_size
    return Document(path.name, size, lambda: path.open("rb"), url=url, headers=headers, folder=folder, captured=True)


class Reordered(Exception):
    """What was added stands before, or changes whose, what was handed out already."""


class _Numbered(Batch):
    """A batch with its document and its place in that."""

    document: str = ""
    place: int = 0


class _Read:
    """What a document held: pieces, batches without their events once these were handed out, and how it ended."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.error: BadInput | None = None


class Captures:
    """Reads captured requests, given in their order; `pieces` again and again, with more of them each time."""

    def __init__(self) -> None:
        self._formats: dict[str, Format | None] = {}
        self._read: dict[str, _Read] = {}
        #: Document, place in it, session and tab of each batch of events that was handed out.
        self._handed: list[tuple[str, int, str, str]] = []

    def restart(self) -> None:
        """Forget everything: it is read from the start."""
        self._formats.clear()
        self._read.clear()
        self._handed.clear()

    def forget(self, names: Iterable[str]) -> None:
        """These documents hold something else by now, or are gone. Raises Reordered when events came from one."""
        for name in names:
            if any(document == name for document, *_ in self._handed):
                raise Reordered("a piece of the recording changed")
            self._formats.pop(name, None)
            self._read.pop(name, None)

    def pieces(self, documents: Sequence[Document], progress: Progress | None = None) -> Iterator[Piece]:
        """All pieces of these documents as `read_paths` gives them, less the events that were handed out before.

        Raises BadInput; Reordered when they do not simply go on.
        """
        return self._once(_Again(list(documents), self, progress))

    def _once(self, reading: Reading) -> Iterator[Piece]:
        count = 0
        for piece in reading.pieces():
            if not isinstance(piece, _Numbered):
                yield piece
                continue
            this = (piece.document, piece.place, piece.session, piece.tab)
            if count == len(self._handed):
                self._handed.append(this)
                yield piece
            elif self._handed[count] != this:
                raise Reordered("a piece of the recording came late")
            count += 1
        if count < len(self._handed):
            raise Reordered("a piece of the recording is gone")

    def format(self, document: Document) -> Format | None:
        """The format of a document, looked for once."""
        if document.name not in self._formats:
            self._formats[document.name] = recognise(document)
        return self._formats[document.name]

    def of(self, source: Source) -> Iterator[Piece]:
        """The pieces of a document as if it were read. Raises as that does."""
        name = source.document.name
        known = self._read.get(name)
        if known is not None:
            # whoever gets a piece writes into it whose it is
            yield from map(copy.copy, known.pieces)
            if known.error is not None:
                raise known.error
            return
        made = _Read()
        try:
            for n, piece in enumerate(source.format.read(source.document)):
                if isinstance(piece, Batch):
                    made.pieces.append(_Numbered(piece.session, piece.tab, [], name, n))
                    yield _Numbered(piece.session, piece.tab, piece.events, name, n)
                else:
                    made.pieces.append(piece)
                    yield copy.copy(piece)
        except BadInput as error:
            made.error = error
            raise
        finally:
            self._read[name] = made


class _Again(Reading):
    """One time through."""

    def __init__(self, documents: list[Document], captures: Captures, progress: Progress | None) -> None:
        self._captures = captures
        super().__init__(documents, 0, progress)

    def recognise(self, document: Document) -> Format | None:
        return self._captures.format(document)

    def read(self, source: Source) -> Iterable[Piece]:
        return self._captures.of(source)
