"""One input as formats see it, and the register of formats."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from importlib.metadata import entry_points
from io import BytesIO
from pathlib import Path
from typing import IO

import msgspec

from replay_viewer.formats.base.cursor import FIRST_WINDOW, WINDOW, Cursor
from replay_viewer.formats.base.pieces import Piece
from replay_viewer.formats.base.scan import Shape, shape_of
from replay_viewer.formats.base.stream import MAX_BYTES, Reader, Stream, Truncated

HEAD_BYTES = 1 << 16
_BOM = b"\xef\xbb\xbf"


class Document:
    """One file, archive member or request body.

    `name` is what messages call it; `folder` groups files; `url` and `headers` are those of the request it was the
    body of; `size` is its size in bytes as stored; `open` gives its bytes from the start, as often as asked.
    """

    def __init__(
        self,
        name: str,
        size: int,
        open: Callable[[], IO[bytes] | Reader],
        *,
        url: str = "",
        headers: Mapping[str, str] | None = None,
        folder: str = "",
        captured: bool = False,
        limit: int = MAX_BYTES,
    ) -> None:
        self.name, self.size, self.open = name, size, open
        self.url, self.folder, self.captured, self.limit = url, folder, captured, limit
        self.headers = {key.lower(): value for key, value in (headers or {}).items()}
        self.first_window, self.window = FIRST_WINDOW, WINDOW
        self.consumed: Callable[[], int] = lambda: 0
        #: Bytes of another file of the same archive by its path there; None when there is none.
        self.beside: Callable[[str], bytes | None] = lambda _name: None
        self._cursor: Cursor | None = None
        self._sources: list[IO[bytes] | Reader] = []

    @classmethod
    def of_file(cls, path: Path, name: str = "") -> Document:
        """The document of a file on disk."""
        return cls(name or path.name, path.stat().st_size, lambda: path.open("rb"), folder=str(path.parent))

    @classmethod
    def of_bytes(
        cls,
        data: bytes,
        name: str,
        *,
        url: str = "",
        headers: Mapping[str, str] | None = None,
        limit: int = MAX_BYTES,
    ) -> Document:
        """The document of bytes in memory."""
        return cls(name, len(data), lambda: BytesIO(data), url=url, headers=headers, limit=limit)

    def close(self) -> None:
        """Close what was opened to read it; it can be read again."""
        for source in self._sources:
            if close := getattr(source, "close", None):
                close()
        self._sources.clear()
        self.consumed = lambda: 0

    def seen(self) -> int:
        """How many elements of arrays the last cursor passed."""
        return self._cursor.seen if self._cursor else 0

    def stream(self) -> Stream:
        """Its bytes from the start, compression undone."""
        source = self.open()
        self._sources.append(source)
        stream = Stream(source, self.name, self.limit)
        self.consumed = lambda: stream.consumed
        return stream

    def cursor(self) -> Cursor:
        """A JSON cursor at its start, behind a byte order mark."""
        cursor = Cursor(self.stream(), self.name, self.first_window, self.window)
        cursor.fill(len(_BOM))
        if cursor.data.startswith(_BOM):
            cursor.pos = len(_BOM)
        self._cursor = cursor
        return cursor

    @cached_property
    def head(self) -> bytes:
        """Its first bytes, compression undone, without a byte order mark or white space before them."""
        try:
            data = self.stream().read(HEAD_BYTES)
        except Truncated:
            data = b""
        finally:
            self.close()
        return data.removeprefix(_BOM).lstrip()

    @cached_property
    def shape(self) -> Shape:
        """The shape of its head as JSON."""
        return shape_of(self.head)

    @cached_property
    def path(self) -> str:
        """The path of the request's URL."""
        return self.url.split("?")[0].split("#")[0]


#: Name of the format that looks for events in what all others give up.
BURIED = "buried"


class Format(msgspec.Struct, frozen=True):
    """A registered format.

    `sniff` says from head, shape and URL whether a document is of it; `read` yields its pieces and raises BadInput.
    Formats of lower `rank` are asked first. `linked`: holds rows of a session but no events. `parts`: files without
    a session's id that lie in one folder belong together.
    """

    name: str
    sniff: Callable[[Document], bool]
    read: Callable[[Document], Iterator[Piece]]
    rank: int = 50
    linked: bool = False
    parts: bool = False


_formats: dict[str, Format] = {}
_loaded = False


def register(format: Format) -> Format:
    """Make a format known; a later one of the same name replaces it."""
    _formats[format.name] = format
    return format


def registered() -> list[Format]:
    """All formats in the order they are asked; those of other packages (`replay_viewer.formats`) included."""
    global _loaded
    if not _loaded:
        _loaded = True
        for point in entry_points(group="replay_viewer.formats"):
            found = point.load()
            register(found if isinstance(found, Format) else found())
    return sorted(_formats.values(), key=lambda item: item.rank)


def recognise(document: Document) -> Format | None:
    """The format of a document, or None."""
    if not document.head:
        return None
    return next((item for item in registered() if item.sniff(document)), None)
