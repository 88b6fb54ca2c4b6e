"""Random DOM programs under the real recorder in a real browser, and what the page said it held after each step."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from replay_viewer.recording.mirror import Mirror
from replay_viewer.recording.nodes import COMMENT, DOCTYPE, DOCUMENT, ELEMENT, TEXT, Node

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "packaging"))

RECORDER = ROOT / "resources" / "player" / "node_modules" / "rrweb" / "dist" / "rrweb.umd.min.cjs"
PROGRAM = Path(__file__).parent / "recorder_page" / "program.js"

#: Styles of the page the programs run in: what scrolls needs a size.
_STYLE = ".scroller{height:50px;width:80px;overflow:auto}.tall{height:300px;width:10px}"

_DOM_KINDS = {9: DOCUMENT, 10: DOCTYPE, 1: ELEMENT, 3: TEXT, 8: COMMENT}


@dataclass
class Program:
    """What one seed gave: the events in the order emitted, and the page after each step."""

    seed: int
    events: list[bytes]
    dumps: list[dict[str, Any]]

    def positions(self) -> list[int]:
        """Number of events up to and including the marker of each dump."""
        found = {}
        for n, raw in enumerate(self.events):
            event = orjson.loads(raw)
            if event["type"] == 5 and event["data"].get("tag") == "dump":
                found[event["data"]["payload"]["step"]] = n + 1
        return [found[dump["step"]] for dump in self.dumps]


@cache
def _scripts() -> str:
    return RECORDER.read_text() + "\n;\n" + PROGRAM.read_text()


def run(browser: Any, seeds: Sequence[int], steps: int, tabs: int = 4) -> Iterator[Program]:
    """Run the programs of `seeds` in a few tabs side by side (most of a step is waiting for the page)."""
    waiting = list(seeds)
    busy: list[tuple[int, Any]] = []
    while waiting or busy:
        while waiting and len(busy) < tabs:
            seed = waiting.pop(0)
            page = browser.open("about:blank")
            page.call("Emulation.setFocusEmulationEnabled", enabled=True)
            frame = page.call("Page.getFrameTree")["frameTree"]["frame"]["id"]
            html = f"<!doctype html><html><head><style>{_STYLE}</style></head><body></body></html>"
            page.call("Page.setDocumentContent", frameId=frame, html=html)
            page.evaluate(
                f"{_scripts()}\n;program.run({seed}, {steps})"
                ".then(r => window.said = JSON.stringify(r), e => window.said = String(e)); 0"
            )
            busy.append((seed, page))
        seed, page = busy.pop(0)
        page.until("window.said !== undefined", 30.0)
        said = orjson.loads(page.evaluate("window.said"))
        page.close()
        yield Program(seed, [text.encode() for text in said["events"]], said["dumps"])


# -- comparing -----------------------------------------------------------------------------------------------------


def differences(mirror: Mirror, dump: dict[str, Any], limit: int = 6) -> list[str]:
    """Where a state differs from what the page said."""
    found: list[str] = []
    if mirror.root is None:
        return ["there is no state"]
    _compare(mirror, mirror.nodes[mirror.root], dump["tree"], found)
    return found[:limit]


def _compare(mirror: Mirror, node: Node, said: dict[str, Any], found: list[str]) -> None:
    where = f"{node.name or node.kind}#{node.id}"
    if (node.kind, node.id) != (_DOM_KINDS[said["kind"]], said["id"]):
        found.append(f"{where}: the page has {said.get('name', said['kind'])}#{said['id']} here")
        return
    if node.kind in (TEXT, COMMENT):
        if (node.text or "") != said["text"]:
            found.append(f"{where}: text {node.text!r}, on the page {said['text']!r}")
        return
    if node.kind == ELEMENT:
        _compare_element(mirror, node, said, where, found)
    if "adopted" in said:
        sheets = [_run([], mirror.constructed.get(style, [])) for style in mirror.adopted.get(node.id, ())]
        if sheets != [[_plain(rule) for rule in rules] for rules in said["adopted"]]:
            found.append(f"{where}: adopted {sheets}, on the page {said['adopted']}")
    texts_apart = node.name in ("textarea", "style")
    if node.name == "iframe" and any(one["id"] < 0 for one in said.get("children", ())):
        # The recorder has not seen this document.
        return
    for mine, theirs, which in (
        (node.children, said.get("children", []), "children"),
        (node.shadow or [], said.get("shadow", []), "shadow"),
    ):
        if texts_apart:
            continue
        if mine != [one["id"] for one in theirs]:
            names = [f"{one.get('name', one['kind'])}#{one['id']}" for one in theirs]
            found.append(f"{where}: {which} {mine}, on the page {names}")
            continue
        for id, one in zip(mine, theirs, strict=True):
            _compare(mirror, mirror.nodes[id], one, found)


def _compare_element(mirror: Mirror, node: Node, said: dict[str, Any], where: str, found: list[str]) -> None:
    if node.name != said["name"]:
        found.append(f"{where}: the page has <{said['name']}>")
    skip = {"style", "value", "checked", "selected", "src", "srcdoc", "rr_open_mode"}
    mine = {k: v for k, v in node.attrs.items() if k not in skip and not k.startswith(("rr_", "_cssText"))}
    theirs = {k: v for k, v in said["attrs"].items() if k not in skip}
    if {k: "" if v is True else v for k, v in mine.items()} != theirs:
        found.append(f"{where}: attributes {mine}, on the page {theirs}")
    if "style" in said and _style(node) != {k: tuple(v) for k, v in said["style"].items()}:
        found.append(f"{where}: style {_style(node)}, on the page {said['style']}")
    if "scroll" in said:
        # Content that shrank takes its scroll position along at once; the event follows with the next frame.
        y, room = said["scroll"]
        mine_y = min(mirror.scrolls.get(node.id, (0, 0))[1], room)
        if abs(mine_y - y) > 1:
            found.append(f"{where}: scroll {mine_y}, on the page {y}")
    if "value" in said and not said.get("multiple"):
        value, checked = mirror.effective_input(node.id)
        boxed = said["checked"] is not None
        if not boxed and (value or "") != said["value"]:
            found.append(f"{where}: value {value!r}, on the page {said['value']!r}")
        if checked != said["checked"]:
            found.append(f"{where}: checked {checked}, on the page {said['checked']}")
    if "rules" in said:
        rules = _rules_of(mirror, node)
        if rules is not None and rules != [_plain(rule) for rule in said["rules"]]:
            found.append(f"{where}: rules {rules}, on the page {said['rules']}")


def _style(node: Node) -> dict[str, tuple[str, str]]:
    style: dict[str, tuple[str, str]] = {}
    text = node.attrs.get("style")
    for part in str(text or "").split(";"):
        name, colon, value = part.partition(":")
        if colon:
            value, bang, _ = value.partition("!")
            style[name.strip()] = (value.strip(), "important" if bang else "")
    for name, setting in (node.style or {}).items():
        if setting is False:
            style.pop(name, None)
        else:
            style[name] = (setting[0], setting[1]) if isinstance(setting, list) else (setting, "")
    return style


def _plain(rule: str) -> str:
    """A rule of the programs without what serialising changes."""
    selector, _, body = rule.partition("{")
    declarations = [re.sub(r"\s+", "", part) for part in body.rstrip(" }").split(";") if part.strip()]
    return selector.strip() + "{" + ";".join(declarations) + "}"


def _parse(css: str) -> list[str]:
    return [_plain(rule) for rule in re.findall(r"[^{}]+\{[^{}]*\}", css.replace("/* rr_split */", ""))]


def _rules_of(mirror: Mirror, node: Node) -> list[str] | None:
    """Rules of a sheet; None where the recorder lost the order of a text change and a rule change of one task.

    Its rule events are written at once, its text changes when the task ends (docs/fidelity.md): a rule may be named
    that the text of the recording does not have yet. A page passes such an operation over.
    """
    css = node.attrs.get("_cssText")
    if not isinstance(css, str):
        css = "".join(mirror.nodes[id].text or "" for id in node.children)
    try:
        return _run(_parse(css), mirror.sheets.get(node.id, []))
    except IndexError:
        return None


def _run(rules: list[str], ops: list[Any]) -> list[str]:
    """Rules after operations of docs/patch-format.md."""
    rules = list(rules)
    for op in ops:
        index = op[1][0] if isinstance(op[1], list) and op[0] != "r" else op[1]
        if op[0] == "i":
            rules.insert(len(rules) if index is None else index, _plain(op[2]))
        elif op[0] == "d":
            del rules[index]
        elif op[0] == "r":
            rules = _parse(op[1])
        else:
            selector, _, body = rules[index].rstrip("}").partition("{")
            kept = [d for d in body.split(";") if d and d.partition(":")[0] != op[2]]
            if op[0] == "s":
                setting = f"{op[2]}:{op[3]}" + (f"!{op[4]}" if op[4] else "")
                declared = [n for n, d in enumerate(body.split(";")) if d.partition(":")[0] == op[2]]
                kept.insert(declared[0] if declared else len(kept), setting)
            rules[index] = selector + "{" + ";".join(kept) + "}"
    return rules
