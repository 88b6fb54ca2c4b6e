"""Sites unlike the shared recordings, under the real recorder in a real browser, and how a painted page is compared.

A site is a page of `varied/` with `steps` (name to what happens), now and then with recorder `options` of its own.
After each step the page is asked what it shows (`varied/sketch.js`); the painted page is asked the same.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import orjson

from replay_viewer.formats.base.repair import checked
from tests.e2e.dom_programs import RECORDER
from tests.sites import Page, png, site

HERE = Path(__file__).parent / "varied"
SIZE = (1000, 700)
#: How far a box may be off (px): engines differ in the last pixel of controls and of text.
NEAR = 3.0

#: Sites with what engines or networks decide; compared by `benchmarks/varied.py` and by eye.
BY_HAND = {"canvas.html", "canvas_fps.html", "quirks.html"}

_HALF = re.compile("[\ud800-\udfff]")
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".xhtml": "application/xhtml+xml",
    ".css": "text/css",
    ".js": "text/javascript",
}


@dataclass
class Visit:
    """One site recorded: its events in order, and (name, instant, what it said, its picture) of each step."""

    name: str
    events: list[bytes] = field(default_factory=list)
    steps: list[tuple[str, float, dict[str, Any], bytes]] = field(default_factory=list)


def names() -> list[str]:
    """The sites there are."""
    return sorted(path.name for path in HERE.iterdir() if path.suffix in (".html", ".xhtml") and "~" not in path.name)


def pages() -> dict[str, Page]:
    """Everything of `varied/` as a site's pages, the recorder, and pictures."""
    made: dict[str, Page] = {"/rrweb.js": (200, "text/javascript", RECORDER.read_bytes())}
    for path in HERE.iterdir():
        made["/" + path.name] = (200, _KINDS[path.suffix], path.read_bytes())
    for colour, value in {"red": (220, 30, 30), "green": (30, 160, 60), "blue": (30, 60, 220)}.items():
        made[f"/{colour}.png"] = (200, "image/png", png(24, 16, value))
    return made


def record(browser: Any, wanted: Sequence[str], *, pictures: bool = False, query: str = "") -> list[Visit]:
    """Visit the sites of these names. Raises ChromiumError when one does not answer."""
    with site(pages()) as served:
        return [_visit(browser, served.url, name, pictures, query) for name in wanted]


def _visit(browser: Any, base: str, name: str, pictures: bool, query: str) -> Visit:
    visit = Visit(name)
    page = browser.open("about:blank")
    page.call("Emulation.setFocusEmulationEnabled", enabled=True)
    page.call("Emulation.setDeviceMetricsOverride", width=SIZE[0], height=SIZE[1], deviceScaleFactor=1, mobile=False)
    page.go(f"{base}/{name}{query}")
    _begin(page)
    for step in orjson.loads(page.evaluate("visit.names()")):
        if step.startswith("go "):
            _take(page, visit)
            page.evaluate(f"location.href = '{step[3:]}'; 0")
            page.until("window.visit !== undefined && document.readyState === 'complete' && !window.begun", 10.0)
            _begin(page)
        for action in orjson.loads(page.evaluate(f"JSON.stringify((window.acts ?? {{}})['{step}'] ?? [])")):
            _act(page, action)
        answer = page.evaluate(f"visit.step('{step}')")
        shot = page.call("Page.captureScreenshot")["data"] if pictures else ""
        visit.steps.append((step, 0.0, _whole(json.loads(answer)), base64.b64decode(shot)))
    _take(page, visit)
    page.close()
    marks = {}
    for raw in visit.events:
        event = json.loads(raw) if raw[:1] == b"{" else {"type": 0}
        if event["type"] == 5 and event["data"]["tag"] == "step":
            marks[event["data"]["payload"]["name"]] = float(event["timestamp"])
    visit.steps = [(step, marks[step], said, shot) for step, _, said, shot in visit.steps]
    return visit


def _whole(said: Any) -> Any:
    """Half an emoji as a browser shows it: no JSON that travels can hold it."""
    return json.loads(_HALF.sub("\ufffd", json.dumps(said, ensure_ascii=False)))


def _begin(page: Any) -> None:
    page.evaluate(f"{(HERE / 'sketch.js').read_text()}; window.begun = true; visit.begin(); 0")


def _take(page: Any, visit: Visit) -> None:
    visit.events += [checked(text.encode()) for text in orjson.loads(page.evaluate("visit.take()"))]


def _act(page: Any, action: list[Any]) -> None:
    """What a person does: [name, selector or text …]."""
    name, *rest = action
    if name == "compose":
        for part in rest[:-1]:
            page.call("Input.imeSetComposition", text=part, selectionStart=len(part), selectionEnd=len(part))
        page.call("Input.insertText", text=rest[-1])
    elif name == "insert":
        page.call("Input.insertText", text=rest[0])
    elif name == "key":
        page.key(rest[0], rest[1])
    else:
        getattr(page, name)(*rest)


def ask(document: str) -> str:
    """The script that answers what a painted document shows."""
    return f"(() => {{ {(HERE / 'sketch.js').read_text()}; return JSON.stringify(sketch({document})); }})()"


def differences(said: dict[str, Any], painted: dict[str, Any]) -> list[str]:
    """Where a painted page does not show what the recorded page said."""
    found = [
        f"{key} {painted[key]!r:.200}, on the page {said[key]!r:.200}"
        for key in ("text", "mode", "focus", "selection")
        if said[key] != painted[key]
    ]
    left, right = said["rows"], painted["rows"]
    matcher = SequenceMatcher(None, [row["where"] for row in left], [row["where"] for row in right], autojunk=False)
    for op, a0, a1, b0, b1 in matcher.get_opcodes():
        if op != "equal":
            found += [f"lacks {row['where']}" for row in left[a0:a1]] + [
                f"has {row['where']} {row['text']!r:.40} too" for row in right[b0:b1]
            ]
            continue
        for mine, theirs in zip(right[b0:b1], left[a0:a1], strict=True):
            found += _row(mine, theirs)
    return found


def _row(mine: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    found = []
    for key in theirs.keys() | mine.keys():
        have, want = mine.get(key), theirs.get(key)
        if have == want:
            continue
        if (
            key in ("box", "scroll")
            and have
            and want
            and all(abs(a - b) <= NEAR for a, b in zip(have, want, strict=True))
        ):
            continue
        if key == "css":
            parts = {name: (have[name], want[name]) for name in want.keys() & have.keys() if have[name] != want[name]}
            have, want = {n: v[0] for n, v in parts.items()}, {n: v[1] for n, v in parts.items()}
            if not parts:
                continue
        found.append(f"{theirs['where']}: {key} {have!r:.160}, on the page {want!r:.160}")
    return found


def painted(asked: Callable[[str], Any]) -> dict[str, Any]:
    """What the painted page shows; `asked` runs a script in the player's page."""
    answer: dict[str, Any] = json.loads(asked(ask("document.querySelector('iframe').contentDocument")))
    return answer
