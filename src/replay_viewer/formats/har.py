"""HAR 1.2: the requests a browser or a proxy saw, without a recording of the page.

Pages become navigations, messages of WebSockets belong to their request. Real writers: Chrome, Firefox, Safari,
Charles (with a byte order mark), Playwright.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from replay_viewer.domain.rows import Navigation, NetworkRequest, Row
from replay_viewer.domain.session import Facts
from replay_viewer.formats.base import Document, Format, Linked, Malformed, Piece, Said, Skipped, TooLarge, register
from replay_viewer.formats.base.harentry import request_of
from replay_viewer.formats.base.values import mapping, moment, sequence, text

MAX_FILE = 512 << 20


def sniff(document: Document) -> bool:
    """An object whose `log` has entries, or a version and a creator."""
    log = document.shape.at("log")
    return document.shape.first == "{" and ("entries" in log.keys or {"version", "creator"} <= log.keys.keys())


def read(document: Document) -> Iterator[Piece]:
    """One Linked with everything, and what was left out. Raises Malformed, TooLarge."""
    data = document.stream().read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise TooLarge(f"“{document.name}” is too large for a HAR file.", "Export a shorter stretch of time.")
    try:
        value: Any = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(f"“{document.name}” is not valid JSON.", "Save the HAR file again.") from error
    log = mapping(mapping(value).get("log"))
    rows: list[Row] = []
    undated = 0
    agent = ""
    for entry in map(mapping, sequence(log.get("entries"))):
        t = moment(entry.get("startedDateTime"))
        if not t:
            undated += 1
            continue
        row = request_of(entry, t)
        agent = agent or row.request_headers.get("user-agent", "")
        rows.append(row)
    urls = {row.t: row.url for row in rows if isinstance(row, NetworkRequest) and row.kind == "document"}
    for page in map(mapping, sequence(log.get("pages"))):
        if t := moment(page.get("startedDateTime")):
            nearest = min(urls, key=lambda at, t=t: abs(at - t)) if urls else None  # type: ignore[misc]
            rows.append(Navigation(t=t, url=text(page.get("title")) if nearest is None else urls[nearest]))
    if not rows:
        raise Malformed(f"“{document.name}” is a HAR file without a request.", "Save it while requests are listed.")
    creator, browser = mapping(log.get("creator")), mapping(log.get("browser"))
    title = next((text(page.get("title")) for page in map(mapping, sequence(log.get("pages")))), "")
    yield Said(
        "",
        Facts(
            source="har",
            title=title,
            user_agent=agent or " ".join(filter(None, (text(browser.get("name")), text(browser.get("version"))))),
            sdk=" ".join(filter(None, ("HAR by", text(creator.get("name")), text(creator.get("version"))))),
        ),
    )
    yield Linked("", sorted(rows, key=lambda row: row.t))
    if undated:
        yield Skipped("", "undated", "Requests without a time were left out.", undated)


FORMAT = register(Format("har", sniff, read, rank=20, linked=True))
