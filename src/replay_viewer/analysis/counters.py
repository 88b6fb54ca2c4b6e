"""What the importer counts while it reads a tab, for the health report."""

from __future__ import annotations

import string
from collections.abc import Iterable

import msgspec

from replay_viewer.analysis.extract.words import MASK_CHARACTERS
from replay_viewer.recording.nodes import TEXT, Node

#: Seconds without any event, while the tab is in sight, that make a gap.
GAP_S = 30.0
_SURVEYED = ("masked_length", "assets", "blocked", "canvases", "popovers")
_MASKS = string.whitespace + "".join(MASK_CHARACTERS)
_MEDIA = ("img", "source", "video", "audio", "image")
_REMOTE = ("http:", "https:", "//", "blob:")


class Counters(msgspec.Struct, kw_only=True):
    """What the importer counts of one tab.

    tab: index. start, end: epoch ms of the first and last event. events: events stored.
    first_snapshot: epoch ms of the first full snapshot, 0 when there is none.
    unknown: references to unknown nodes (`Mirror.unknown` at the end).
    broken: events that could not be decoded (kept as they are, not shown).
    mobile: full snapshots of a mobile SDK, which describe a screen and no document.
    duplicates: events dropped because the same bytes and stamp came twice.
    reordered: events put into their place because they came out of order.
    late: events stamped before the end of an earlier piece (segment) of the recording.
    missing_pieces: numbers of segments that the backend did not deliver.
    gaps: (t0, t1) stretches without any event longer than GAP_S.
    hidden: (t0, t1) stretches in which the tab was hidden, as far as the recording says.
    paused: (t0, t1) stretches in which the SDK says it had stopped recording.
    snapshots: epoch ms of every full snapshot that began a new page; urls: URL of each, aligned with it.
    text_length, masked_length: characters of text nodes seen in full snapshots, and how many of them are masks
    (see `survey`).
    sheets_missing: hrefs of style sheets recorded without their text (link rel=stylesheet without _cssText).
    assets: number of remote images and media the page refers to that are not in the recording; asset_urls: which.
    assets_captured: how many of those were fetched at pull time.
    console, network: whether any console or network event was seen in the recording.
    blocked: number of nodes recorded as empty boxes (at once).
    popovers: number of elements with a `popover` attribute (at once).
    canvases: number of canvas elements (at once); canvas_recorded: whether any canvas content was recorded.
    canvas_cut: drawing commands given up because a canvas had too many (`Mirror.canvas_cut` at the end).
    firsts: what of all this was met → epoch ms at which it was first (names of these fields).
    backward: times that what changes the page is stamped over a second before what was emitted before it.
    read_at: epoch ms at which the recording was read, 0 when not said.
    """

    tab: int = 0
    start: float = 0.0
    end: float = 0.0
    events: int = 0
    first_snapshot: float = 0.0
    unknown: int = 0
    broken: int = 0
    mobile: int = 0
    duplicates: int = 0
    reordered: int = 0
    late: int = 0
    missing_pieces: list[int] = []
    gaps: list[tuple[float, float]] = []
    hidden: list[tuple[float, float]] = []
    paused: list[tuple[float, float]] = []
    snapshots: list[float] = []
    urls: list[str] = []
    text_length: int = 0
    masked_length: int = 0
    sheets_missing: list[str] = []
    assets: int = 0
    asset_urls: set[str] = set()
    assets_captured: int = 0
    console: bool = False
    network: bool = False
    blocked: int = 0
    popovers: int = 0
    canvases: int = 0
    canvas_recorded: bool = False
    canvas_cut: int = 0
    firsts: dict[str, float] = {}
    backward: int = 0
    read_at: float = 0.0

    def met(self, name: str, t: float) -> None:
        """Note when something was first met."""
        self.firsts.setdefault(name, t)


def survey(nodes: Iterable[Node], counters: Counters, t: float = -1.0) -> None:
    """Add to the counters what a state shows: text and masks, style sheets without text, assets, boxes, canvases.

    To be called with the mirror's nodes after each full snapshot, and as often as wanted besides: sheets and assets
    count once by their address, boxes and canvases by the most there were at once. `t`: epoch ms of that state.
    """
    known = {name: getattr(counters, name) for name in _SURVEYED}
    sheets = len(counters.sheets_missing)
    records = list(nodes)
    unseen = {node.id for node in records if node.name in ("style", "script", "noscript", "title")}
    boxes = canvases = popovers = 0
    for node in records:
        if node.kind == TEXT:
            text = "" if node.parent in unseen else node.text or ""
            # Counted, not split: a log may be one text of many megabytes.
            letters = len(text) - sum(map(text.count, string.whitespace))
            counters.text_length += letters
            if letters and not text.strip(_MASKS):
                counters.masked_length += letters
            continue
        attrs = node.attrs
        rel = str(attrs.get("rel", "")).lower().split() if node.name == "link" else ()
        href = attrs.get("href")
        if "stylesheet" in rel and "_cssText" not in attrs and isinstance(href, str) and href:
            if href not in counters.sheets_missing:
                counters.sheets_missing.append(href)
        elif node.name in _MEDIA and "rr_dataURL" not in attrs:
            source = attrs.get("src") or href or attrs.get("srcset")
            if isinstance(source, str) and source.startswith(_REMOTE) and source not in counters.asset_urls:
                counters.asset_urls.add(source)
                counters.assets += 1
        elif node.name == "canvas":
            canvases += 1
            counters.canvas_recorded |= "rr_dataURL" in attrs
        popovers += "popover" in attrs
        boxes += "rr_width" in attrs and node.name not in (*_MEDIA, "canvas")
    counters.popovers = max(counters.popovers, popovers)
    counters.blocked, counters.canvases = max(counters.blocked, boxes), max(counters.canvases, canvases)
    for name, before in known.items():
        if getattr(counters, name) > before:
            counters.met(name, t)
    if len(counters.sheets_missing) > sheets:
        counters.met("sheets_missing", t)
