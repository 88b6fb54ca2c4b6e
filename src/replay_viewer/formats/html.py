"""A page with a recording inlined in a script: `events = [...]` or `"events": [...]`.

rrweb's own repl writes such pages for rrweb-player; other tools do the same. In a script element `<` is written
`<\\/` or `\\u003c`, both valid JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from replay_viewer.formats.base import Document, Format, Malformed, NotARecording, Piece, Sifter, register

_PAGE = re.compile(
    rb"^(?:\s|<!--.{0,2000}?-->)*<(?:!doctype\s+html|html|head|body|script|meta|link|title)", re.I | re.S
)
_EVENTS = re.compile(rb"""\b[\w$]*events["']?\s*[:=]\s*(?=\[\s*[{"])""", re.I)


def sniff(document: Document) -> bool:
    """A page that names rrweb or events is tried; other pages too, the answer then is that they hold none."""
    return bool(_PAGE.match(document.head))


def read(document: Document) -> Iterator[Piece]:
    """The first array of events in the page. Raises NotARecording when there is none."""
    cursor = document.cursor()
    while cursor.find(_EVENTS):
        sifter = Sifter(document.name)
        try:
            for array, raws in cursor.elements():
                yield from sifter.window(array, raws)
        except Malformed:
            if sifter.good:
                raise
            continue  # a script's literal, not JSON: look further
        if sifter.good:
            yield from sifter.finish()
            return
    raise NotARecording(
        f"“{document.name}” is a web page without a recording in it.",
        "Open the recording's own file, or a page that has its events inlined.",
    )


FORMAT = register(Format("html", sniff, read, rank=40))
