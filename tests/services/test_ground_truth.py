"""States against what the recorded page really was, at every checkpoint of the shared recordings.

Compared without a browser: elements and text of the top document in order, URL, viewport, scroll positions, form
controls, frames, adopted sheets. What a recorder masks, blocks or never says is a miss too; `docs/fidelity.md` names
the cause of each. The counts are exact, so that a change for the worse or the better is seen.
"""

from __future__ import annotations

import gzip
import html.parser
import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from replay_viewer.library import Library
from replay_viewer.recording.mirror import Mirror
from replay_viewer.recording.nodes import DOCUMENT, ELEMENT, TEXT
from replay_viewer.services.importer import import_paths
from replay_viewer.services.states import TabStates
from tests.data_dir import needs_shared, session_dir

#: Recording → (instants whose content is right: elements, text, controls, scrolls, frames, sheets; instants right
#: with URL and viewport as well).
RIGHT: dict[str, tuple[int, int]] = {
    "canvas_posthog": (5, 5),
    "canvas_rrweb_cmds": (5, 5),
    "canvas_rrweb_fps": (5, 5),
    "dash_sentry": (0, 0),
    "datasette_rrweb": (7, 7),
    "datasette_sentry_fast": (0, 0),
    "iframes_crossorigin_late_rrweb": (7, 7),
    "iframes_rrweb": (6, 6),
    "iframes_sentry": (6, 6),
    "jupyterlab_rrweb": (8, 0),
    "jupyterlab_sentry": (0, 0),
    "mkdocs_nocss_rrweb": (8, 6),
    "shoelace_shadow_rrweb": (7, 7),
    "shop_crash_rrweb": (3, 1),
    "shop_idle_rrweb": (8, 2),
    "shop_posthog": (15, 15),
    "shop_posthog_unmasked_idle": (10, 10),
    "shop_redux_rrweb": (13, 5),
    "shop_rrweb_0_9_14": (7, 3),
    "shop_rrweb_1_1_3": (7, 3),
    "shop_rrweb_2_0_0_alpha_20": (7, 3),
    "shop_rrweb_2_1_1_packed": (7, 3),
    "shop_sentry_default_idle": (9, 9),
    "shop_sentry_onerror_buffer": (5, 5),
    "shop_sentry_unmasked": (11, 11),
    "shop_sentry_v10": (6, 6),
    "shop_sentry_v7": (6, 6),
    "shop_sentry_v8": (7, 7),
    "shop_touch_rrweb": (7, 2),
    "streamlit_posthog": (7, 7),
    "swagger_posthog": (5, 1),
    "swagger_rrweb": (5, 1),
    "ticker_large_rrweb": (8, 8),
    "ticker_sentry": (7, 7),
    "tiny_rrweb": (4, 4),
    "torture_rrweb": (12, 12),
    "two_tabs_posthog": (3, 3),
    "video_rrweb": (5, 5),
}

_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr")
)
_UNSEEN = ("script", "noscript", "template")
_Token = str


class _Reader(html.parser.HTMLParser):
    """Start tags and text of a page's outerHTML, in order."""

    CDATA_CONTENT_ELEMENTS = ("script", "style", "noscript", "iframe", "textarea")  # type: ignore[misc]

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tokens: list[_Token] = []
        self._skip = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._skip or tag in _UNSEEN:
            self._skip += tag not in _VOID
            return
        self.tokens.append(f"<{tag}>")
        self._skip += tag in ("style", "textarea")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not self._skip:
            self.tokens.append(f"<{tag}>")

    def handle_endtag(self, tag: str) -> None:
        if self._skip and tag not in _VOID:
            self._skip -= 1

    def handle_data(self, data: str) -> None:
        if not self._skip:
            self.tokens.append(data)


def _plain(tokens: list[_Token]) -> list[_Token]:
    """Neighbouring texts joined, white space collapsed; <meta> left out, which recorders may drop."""
    joined: list[_Token] = []
    for token in tokens:
        if joined and not _is_tag(token) and not _is_tag(joined[-1]):
            joined[-1] += token
        else:
            joined.append(token)
    joined = [re.sub(r"\s+", " ", token).strip() for token in joined]
    return [token for token in joined if token and token != "<meta>"]


def _is_tag(token: _Token) -> bool:
    return re.fullmatch(r"<[\w:.-]+>", token) is not None


def _of_page(source: str) -> list[_Token]:
    reader = _Reader()
    reader.feed(source)
    reader.close()
    return _plain(reader.tokens)


def _of_state(mirror: Mirror, top: int) -> list[_Token]:
    tokens: list[_Token] = []
    stack = [top]
    while stack:
        node = mirror.nodes[stack.pop()]
        if node.kind == TEXT:
            tokens.append(node.text or "")
        elif node.kind == DOCUMENT or (node.kind == ELEMENT and node.name not in _UNSEEN):
            if node.kind == ELEMENT:
                tokens.append(f"<{node.name}>")
            if node.name not in ("style", "textarea", "iframe", "frame"):
                stack.extend(reversed(node.children))
    return _plain(tokens)


def _masked(tokens: list[_Token]) -> list[_Token]:
    return [token if _is_tag(token) else re.sub(r"\S+", "*", token) for token in tokens]


def _document(mirror: Mirror, id: int) -> int | None:
    node = mirror.nodes.get(id)
    while node is not None and node.kind != DOCUMENT:
        node = mirror.nodes.get(node.parent)
    return None if node is None else node.id


def _controls(mirror: Mirror, top: int) -> list[int]:
    """Form controls as the recordings' truth lists them: those of a tree, then those of its shadow roots."""
    found, hosts = [], []
    stack = [top]
    while stack:
        node = mirror.nodes[stack.pop()]
        if node.name in ("input", "textarea", "select"):
            found.append(node.id)
        if node.shadow:
            hosts.append(node)
        if node.name not in ("iframe", "frame"):
            stack.extend(reversed(node.children))
    for host in hosts:
        for id in host.shadow or ():
            found += _controls(mirror, id)
    return found


def _content_misses(mirror: Mirror, truth: dict[str, Any], source: str, masked: bool) -> list[str]:
    """What differs in the content of the page."""
    root = mirror.root
    if root is None:
        return ["no state"]
    misses = []
    page, state = _of_page(source), _of_state(mirror, root)
    if page != state and not (masked and _masked(page) == _masked(state)):
        misses.append("content")
    named = all(entry["id"] for entry in truth["inputs"])
    controls = _controls(mirror, root)
    if not named and len(controls) != len(truth["inputs"]):
        misses.append("controls")
    for n, entry in enumerate(truth["inputs"]):
        id = entry["id"] if named else (controls[n] if n < len(controls) else 0)
        if id not in mirror.nodes:
            misses.append(f"control {entry['path']}")
            continue
        value, checked = mirror.effective_input(id)
        boxed = entry["type"] in ("checkbox", "radio")
        hidden = bool(value) and not (value or "").strip("*")
        if not boxed and entry["type"] != "file" and (value or "") != (entry["value"] or "") and not hidden:
            misses.append(f"value of {entry['path']}")
        if boxed and bool(checked) != bool(entry["checked"]):
            misses.append(f"checked of {entry['path']}")
    return misses + _scroll_misses(mirror, root, truth) + _frame_misses(mirror, root, truth)


def _scroll_misses(mirror: Mirror, root: int, truth: dict[str, Any]) -> list[str]:
    x, y = mirror.scrolls.get(root, (0, 0))
    misses = []
    if abs(x - truth["docScroll"]["x"]) > 1 or abs(y - truth["docScroll"]["y"]) > 1:
        misses.append("document scroll")
    inner = [entry for entry in truth["scrolls"] if entry["path"] not in ("html", "html:nth-child(1)")]
    there = {
        id: xy
        for id, xy in mirror.scrolls.items()
        if xy != (0, 0) and id != root and mirror.nodes[id].name != "html" and _document(mirror, id) == root
    }
    if all(entry["id"] for entry in truth["scrolls"]):
        wanted = {entry["id"]: (entry["scrollLeft"], entry["scrollTop"]) for entry in inner}
        for id in wanted.keys() | there.keys():
            (ax, ay), (bx, by) = wanted.get(id, (0, 0)), there.get(id, (0, 0))
            if abs(ax - bx) > 1 or abs(ay - by) > 1:
                misses.append(f"scroll of {id}")
    elif sorted((round(e["scrollLeft"]), round(e["scrollTop"])) for e in inner) != sorted(
        (round(x), round(y)) for x, y in there.values()
    ):
        misses.append("scrolls")
    return misses


def _frame_misses(mirror: Mirror, root: int, truth: dict[str, Any]) -> list[str]:
    misses = []
    for frame in truth.get("frames") or ():
        if not frame.get("html") or not frame.get("id"):
            continue
        element = mirror.nodes.get(frame["id"])
        if element is None or not element.children:
            misses.append(f"frame {frame['path']}")
        elif _of_page(frame["html"]) != _of_state(mirror, element.children[0]):
            misses.append(f"content of frame {frame['path']}")
    sheets = truth["adoptedStyleSheets"]
    shadow = sheets["shadowRoots"]
    inside = sum(len(styles) for id, styles in mirror.adopted.items() if id != root and id in mirror.nodes)
    if (len(sheets["document"]), shadow) != (len(mirror.adopted.get(root, ())), inside):
        misses.append("adopted sheets")
    return misses


def examine(name: str, home: Path) -> tuple[int, int, list[str]]:
    """Instants whose content is right, those where URL and viewport are too, and the misses in words."""
    folder = session_dir(name)
    meta = orjson.loads((folder / "meta.json").read_bytes())
    events = folder / "events.json.gz"
    ids = import_paths(home, [events if events.exists() else folder / "raw"])
    masked = "_rrweb" not in name
    library = Library.open(home)
    contents = whole = 0
    said = []
    try:
        for checkpoint in meta["checkpoints"]:
            path = folder / "ground_truth" / checkpoint["file"]
            truth = orjson.loads(gzip.decompress(path.with_name(path.name + ".json.gz").read_bytes()))
            source = gzip.decompress(path.with_name(path.name + ".html.gz").read_bytes()).decode()
            best: tuple[list[str], list[str]] | None = None
            for id in ids:
                for tab in library.session(id).tabs:
                    mirror = TabStates(library, id, tab.index).seek(truth["t"])
                    misses = _content_misses(mirror, truth, source, masked)
                    outside = [] if mirror.url == truth["url"] else [f"url {mirror.url}"]
                    if mirror.viewport != (truth["viewport"]["w"], truth["viewport"]["h"]):
                        outside.append(f"viewport {mirror.viewport}")
                    if best is None or len(misses) < len(best[0]):
                        best = misses, outside
            assert best is not None
            contents += not best[0]
            whole += not best[0] and not best[1]
            if best[0] or best[1]:
                said.append(f"{checkpoint['label']}: {best[0][:4]} {best[1]}")
    finally:
        library.close()
    return contents, whole, said


@needs_shared
@pytest.mark.parametrize("name", RIGHT)
def test_states_are_what_the_person_saw(name: str, tmp_path: Path) -> None:
    contents, whole, said = examine(name, tmp_path)
    assert (contents, whole) == RIGHT[name], said
