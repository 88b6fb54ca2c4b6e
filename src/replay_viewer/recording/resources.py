"""What a page uses besides its nodes: rules of style sheets, adopted sheets, fonts, media, canvases."""

from __future__ import annotations

from replay_viewer.recording import canvas, sheets
from replay_viewer.recording.events import Incremental
from replay_viewer.recording.held import Media
from replay_viewer.recording.nodes import CUSTOM, Node
from replay_viewer.recording.tree import Tree


def rules(tree: Tree, data: Incremental) -> None:
    ops = sheets.operations(data)
    if not ops:
        return
    if data.styleId:
        log = tree.constructed.setdefault(data.styleId, [])
    elif data.id in tree.nodes:
        log = tree.sheets.setdefault(data.id, [])
    else:
        tree.unknown += 1
        return
    if ops[0][0] == "r":
        # Replacing makes what came before pointless; a new list tells a diff that the log began anew.
        ops = ops[max(n for n, op in enumerate(ops) if op[0] == "r") :]
        if data.styleId:
            tree.constructed[data.styleId] = ops
        else:
            tree.sheets[data.id] = ops
    else:
        log.extend(ops)


def adopted(tree: Tree, data: Incremental) -> None:
    for style in data.styles or ():
        if isinstance(style, dict) and isinstance(style.get("styleId"), int):
            tree.constructed[style["styleId"]] = sheets.inserts(style.get("rules"))
    if data.id in tree.nodes or data.id in tree.adopted:
        tree.adopted[data.id] = [i for i in data.styleIds or () if isinstance(i, int)]
    elif data.id > 0:
        tree.unknown += 1


def defined(tree: Tree, data: Incremental) -> None:
    """A custom element was defined: those of its name that stand there are undefined no longer."""
    name = data.define.get("name") if isinstance(data.define, dict) else None
    for id in [node.id for node in tree.nodes.values() if node.name == name and not node.flags & CUSTOM]:
        tree.touch(id)
        tree.nodes[id].attrs["rr_defined"] = True


def font(tree: Tree, data: Incremental) -> None:
    tree.fonts = [
        *tree.fonts,
        {
            "family": data.family or "",
            "source": data.fontSource or "",
            "buffer": bool(data.buffer),
            "descriptors": data.descriptors,
        },
    ]


def media(tree: Tree, data: Incremental) -> None:
    if data.id not in tree.nodes:
        tree.unknown += data.id > 0
        return
    old = tree.media.get(data.id) or Media(False, 0.0, tree.time)
    playing = {0: True, 1: False}.get(-1 if data.type is None else data.type, old.playing)
    at = data.currentTime
    if at is None:
        at = old.at + (tree.time - old.t) / 1000.0 * old.rate * old.playing
    tree.media[data.id] = Media(
        playing,
        at,
        tree.time,
        old.rate if data.playbackRate is None else data.playbackRate,
        old.volume if data.volume is None else data.volume,
        old.muted if data.muted is None else data.muted,
        old.loop if data.loop is None else data.loop,
    )


def drawn(tree: Tree, data: Incremental) -> None:
    if data.id not in tree.nodes:
        tree.unknown += data.id > 0
        return
    commands = data.commands or [{"property": data.property, "args": data.args, "setter": data.setter}]
    log, cut = canvas.extended(tree.canvas.get(data.id), commands, data.type, _canvas_size(tree.nodes[data.id]))
    tree.canvas[data.id] = log
    tree.canvas_cut += cut


def _canvas_size(node: Node) -> tuple[float, float]:
    """Width and height of a canvas' bitmap in its pixels."""

    def side(name: str, default: float) -> float:
        value = str(node.attrs.get(name, ""))
        return float(value) if value.isascii() and value.isdigit() else default

    return side("width", 300.0), side("height", 150.0)
