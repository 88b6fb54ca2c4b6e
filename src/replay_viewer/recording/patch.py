"""Patches: what changes one state into another, in the format of docs/patch-format.md.

rrweb gives every node a stable id, so the difference is a walk by id. Between two moments of one mirror only the
touched nodes are walked; between two mirrors all of them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from replay_viewer.recording.controls import effective
from replay_viewer.recording.held import Input
from replay_viewer.recording.mirror import Mirror
from replay_viewer.recording.nodes import DOCUMENT, SHADOW_HOST, Node

VERSION = 2

#: Attributes that are read only while a node is built: when one changes, the node is built anew.
_BUILD_ONLY = ("_cssText", "rr_dataURL", "rr_width", "rr_height", "rr_src")

_CONTROLS = ("input", "textarea", "select", "option")

#: What may stand inside a select or a text area; texts have no name.
_INSIDE = ("", "option", "optgroup")

_encoder = msgspec.json.Encoder()


class Shown:
    """What a page shows: the state of a mirror at one moment. From here on the mirror notes what it changes.

    One mirror can carry one Shown at a time; taking another makes the older one useless.
    """

    __slots__ = (
        "adopted",
        "before",
        "canvas",
        "constructed",
        "fonts",
        "generation",
        "inputs",
        "media",
        "mirror",
        "page",
        "root",
        "scrolls",
        "sheets",
    )

    def __init__(self, mirror: Mirror) -> None:
        self.mirror = mirror
        self.before: dict[int, Node | None] = {}
        mirror.before = self.before
        self.root = mirror.root
        self.generation = mirror.generation
        self.page = mirror.page
        self.inputs = mirror.inputs.copy()
        self.scrolls = mirror.scrolls.copy()
        self.sheets = {id: (ops, len(ops)) for id, ops in mirror.sheets.items()}
        self.constructed = {id: (ops, len(ops)) for id, ops in mirror.constructed.items()}
        self.adopted = _adopted(mirror)
        self.fonts = mirror.fonts
        self.media = mirror.media.copy()
        self.canvas = {id: (log, len(log)) for id, log in mirror.canvas.items()}

    def node(self, id: int) -> Node | None:
        """The node as it is on the page."""
        if id in self.before:
            return self.before[id]
        return self.mirror.nodes.get(id)

    def release(self) -> None:
        """Stand apart from a mirror that has gone on to another document, so that it can carry another Shown.

        A full snapshot replaces every node, so all nodes of the document before it have been noted.
        """
        held = Mirror()
        held.nodes = {id: node for id, node in self.before.items() if node is not None}
        self.mirror, self.before = held, {}

    def nodes(self) -> dict[int, Node]:
        """All nodes on the page."""
        if not self.before:
            return self.mirror.nodes
        nodes = self.mirror.nodes.copy()
        for id, node in self.before.items():
            if node is None:
                nodes.pop(id, None)
            else:
                nodes[id] = node
        return nodes


def encode(patch: dict[str, Any]) -> bytes:
    """A patch, or a batch of them, as the page reads it."""
    return _encoder.encode(patch)


def diff(shown: Shown | None, mirror: Mirror) -> dict[str, Any]:
    """The patch from what is shown to the mirror's present state, without `base` and `rev`.

    With `shown` None, or a document that has little in common, it begins with `reset`.
    """
    patch: dict[str, Any] = {"v": VERSION, "t": mirror.time}
    if mirror.root is None:
        patch["blank"] = True
        return _present(patch, mirror)
    if shown is None or not continues(shown, mirror):
        return _reset(patch, mirror)
    tree = _Tree(shown, mirror)
    tree.settle()
    tree.write(patch)
    _effects(patch, shown, mirror, tree.fresh, tree.changed_attributes, tree.owners())
    return _present(patch, mirror)


def continues(shown: Shown, mirror: Mirror) -> bool:
    """Whether the mirror's present state is one of the document that is shown, so that a difference is worth it."""
    return mirror.root is not None and shown.root == mirror.root and not _other_document(shown, mirror)


def _other_document(shown: Shown, mirror: Mirror) -> bool:
    """Whether a new full snapshot is another page: fewer than two thirds of its nodes stand as they stood.

    The same page recorded anew (a checkout) is never another, however much came and went between two instants of it.
    """
    if shown.generation == mirror.generation or (mirror.page and shown.page == mirror.page):
        return False
    alike = 0
    for id, node in mirror.nodes.items():
        old = shown.node(id)
        alike += old is not None and old.name == node.name and old.kind == node.kind and old.parent == node.parent
    return alike * 3 < len(mirror.nodes) * 2


def _reset(patch: dict[str, Any], mirror: Mirror) -> dict[str, Any]:
    assert mirror.root is not None
    patch["reset"] = mirror.root
    patch["nodes"] = list(_walk(mirror, mirror.root))
    _effects(patch, None, mirror, mirror.nodes.keys(), (), ())
    return _present(patch, mirror)


def _walk(mirror: Mirror, top: int) -> Iterable[Node]:
    """Nodes of a subtree, parents before children."""
    nodes = mirror.nodes
    stack = [top]
    while stack:
        node = nodes[stack.pop()]
        yield node
        if node.children:
            stack.extend(reversed(node.children))
        if node.shadow:
            stack.extend(reversed(node.shadow))


def _present(patch: dict[str, Any], mirror: Mirror) -> dict[str, Any]:
    """What is cheap to send whole: the page's frame of reference and the pointer."""
    patch["viewport"] = mirror.viewport
    patch["url"] = mirror.url
    patch["pointer"] = mirror.pointer
    patch["down"] = mirror.down
    patch["focus"] = mirror.focus if mirror.focus in mirror.nodes else None
    # What was selected may have gone since, and nobody says so.
    selection = [r for r in mirror.selection if r[0] in mirror.nodes and r[2] in mirror.nodes]
    if selection:
        patch["selection"] = selection
    elif mirror.caret in mirror.nodes:
        patch["caret"] = mirror.caret
    return patch


def _must_rebuild(old: Node, new: Node) -> bool:
    if (
        old.kind != new.kind
        or old.name != new.name
        or (old.flags ^ new.flags) & ~SHADOW_HOST
        or old.extra != new.extra
    ):
        return True
    if old.shadow is not None and new.shadow is None:
        return True
    return any(old.attrs.get(name) != new.attrs.get(name) for name in _BUILD_ONLY)


class _Tree:
    """The structural half of a difference: which nodes go, come, move and change."""

    def __init__(self, shown: Shown, mirror: Mirror) -> None:
        self.shown = shown
        self.mirror = mirror
        self.fresh: set[int] = set()
        self.gone: set[int] = set()
        self.changed: list[tuple[Node, Node]] = []
        self.changed_attributes: list[int] = []
        self.places: list[tuple[int, int, int | None, int]] = []
        if shown.mirror is mirror:
            self._compare(shown.before, {id: node for id in shown.before if (node := mirror.nodes.get(id))})
        else:
            self._compare(shown.nodes(), mirror.nodes)

    def _compare(self, olds: Mapping[int, Node | None], news: Mapping[int, Node]) -> None:
        for id, new in news.items():
            old = olds.get(id)
            if old is None:
                self.fresh.add(id)
            elif old is not new and old != new:
                if _must_rebuild(old, new):
                    self.fresh.add(id)
                    self.gone.add(id)
                else:
                    self.changed.append((old, new))
        self.gone.update(id for id in olds.keys() - news.keys() if olds[id] is not None)

    def settle(self) -> None:
        """Find survivors of removed subtrees and frames that would move; both are built anew."""
        self._take_survivors(self.gone)
        while True:
            self.places = self._placements()
            moved = {id for _, id, _, _ in self.places if id not in self.fresh}
            stale = self._frames_inside(moved)
            if not stale:
                return
            self.fresh |= stale
            self.gone |= stale
            self._take_survivors(stale)

    def _take_survivors(self, roots: set[int]) -> None:
        """Whatever stands inside a removed subtree goes with it, so what lives on is sent as new."""
        stack = list(roots)
        seen: set[int] = set()
        while stack:
            old = self.shown.node(stack.pop())
            if old is None or old.id in seen:
                continue
            seen.add(old.id)
            self.gone.add(old.id)
            if old.id in self.mirror.nodes:
                self.fresh.add(old.id)
            stack.extend(old.children)
            if old.shadow:
                stack.extend(old.shadow)

    def _frames_inside(self, moved: set[int]) -> set[int]:
        """Moved nodes that have a frame with a document inside: moving reloads the frame."""
        stale: set[int] = set()
        if not moved:
            return stale
        nodes = self.mirror.nodes
        for frame in self.mirror.frames:
            current = nodes.get(frame)
            while current is not None:
                if current.id in moved:
                    stale.add(current.id)
                current = nodes.get(current.parent)
        return stale

    def _placements(self) -> list[tuple[int, int, int | None, int]]:
        nodes, fresh = self.mirror.nodes, self.fresh
        parents: set[int] = set()
        for old, new in self.changed:
            if new.id not in fresh and (old.children != new.children or old.shadow != new.shadow):
                parents.add(new.id)
        for id in fresh:
            node = nodes[id]
            if node.parent not in fresh:
                parents.add(node.parent)
            # Inside a new subtree the records say where new nodes stand.
            if not fresh.issuperset(node.children) or (node.shadow and not fresh.issuperset(node.shadow)):
                parents.add(id)
        parents.discard(0)
        ordered = sorted((p for p in parents if p in nodes), key=self._depth)
        places: list[tuple[int, int, int | None, int]] = []
        for parent in ordered:
            new_node = nodes[parent]
            old_node = None if parent in fresh else self.shown.node(parent)
            places += self._order(parent, old_node.children if old_node else (), new_node.children, 0)
            if new_node.shadow is not None:
                old_shadow = (old_node.shadow or ()) if old_node else ()
                places += self._order(parent, old_shadow, new_node.shadow, 1)
        return places

    def _depth(self, id: int) -> int:
        depth, nodes = 0, self.mirror.nodes
        node = nodes.get(id)
        while node is not None:
            depth += 1
            node = nodes.get(node.parent)
        return depth

    def _order(
        self, parent: int, old: Sequence[int], new: Sequence[int], shadow: int
    ) -> list[tuple[int, int, int | None, int]]:
        """Fewest insertions that give `new`: what is on a longest increasing subsequence stays where it is."""
        fresh = self.fresh
        inside = parent in fresh
        wanted = set(new)
        position = {id: n for n, id in enumerate(old) if id in wanted and id not in fresh}
        stays = _longest_increasing([position[id] for id in new if id in position])
        kept = {old[n] for n in stays}
        places: list[tuple[int, int, int | None, int]] = []
        following: int | None = None
        for id in reversed(new):
            # Inside a new subtree the records say where new nodes stand.
            if id not in kept and not (inside and id in fresh):
                places.append((parent, id, following, shadow))
            following = id
        return places

    def owners(self) -> set[int]:
        """Selects and text areas in which something changed: what they hold depends on what is in them."""
        nodes = self.mirror.nodes
        found = set()
        for node in [new for _, new in self.changed] + [nodes[id] for id in self.fresh]:
            owner: Node | None = node
            while owner is not None and owner.name in _INSIDE:
                owner = nodes.get(owner.parent)
            if owner is not None and owner.name in ("select", "textarea"):
                found.add(owner.id)
        return found

    def write(self, patch: dict[str, Any]) -> None:
        """Fill the structural keys of a patch."""
        nodes, fresh, gone = self.mirror.nodes, self.fresh, self.gone
        removed = []
        for id in gone:
            old = self.shown.node(id)
            if old is not None and old.parent not in gone:
                removed.append(id)
        if removed:
            patch["removed"] = removed
        records: list[Node] = []
        for id in fresh:
            if nodes[id].parent not in fresh:
                records += [node for node in _walk(self.mirror, id) if node.id in fresh]
        if records:
            patch["nodes"] = records
        if self.places:
            patch["place"] = self.places
        attrs, styles, texts = [], [], []
        for old, new in self.changed:
            if new.id in fresh:
                continue
            if old.attrs != new.attrs:
                self.changed_attributes.append(new.id)
                delta = {name: None for name in old.attrs if name not in new.attrs}
                delta |= {name: value for name, value in new.attrs.items() if old.attrs.get(name) != value}
                style = delta.pop("style", None) if "style" in delta else None
                if delta:
                    attrs.append((new.id, delta))
                if style is not None or "style" in (old.attrs.keys() ^ new.attrs.keys()):
                    styles.append((new.id, new.attrs.get("style"), new.style))
                    continue
            if old.style != new.style:
                styles.append((new.id, new.attrs.get("style"), new.style))
            if old.text != new.text:
                texts.append((new.id, new.text or ""))
        for key, value in (("attrs", attrs), ("style", styles), ("text", texts)):
            if value:
                patch[key] = value


def _longest_increasing(values: Sequence[int]) -> list[int]:
    """One longest strictly increasing subsequence of distinct values (patience sorting)."""
    tails: list[int] = []
    tail_index: list[int] = []
    previous = [-1] * len(values)
    for n, value in enumerate(values):
        at = bisect_left(tails, value)
        previous[n] = tail_index[at - 1] if at else -1
        if at == len(tails):
            tails.append(value)
            tail_index.append(n)
        else:
            tails[at] = value
            tail_index[at] = n
    result = []
    n = tail_index[-1] if tail_index else -1
    while n >= 0:
        result.append(values[n])
        n = previous[n]
    return result[::-1]


def _effects(
    patch: dict[str, Any],
    shown: Shown | None,
    mirror: Mirror,
    fresh: Iterable[int],
    changed_attributes: Iterable[int],
    owners: Iterable[int],
) -> None:
    """Everything a node has besides its place, attributes and text."""
    fresh = fresh if isinstance(fresh, set) else set(fresh)
    lists: dict[str, list[Any]] = {
        "input": _inputs(shown, mirror, fresh, changed_attributes, owners),
        "sheets": [
            (id, keep, ops)
            for id, keep, ops in _logs(shown.sheets if shown else {}, mirror.sheets, fresh)
            if id in mirror.nodes
        ],
        "media": [
            entry
            for entry in _changed(shown.media if shown else {}, mirror.media, fresh, dropped=lambda: None)
            if entry[0] in mirror.nodes
        ],
        "canvas": [
            (id, keep, log)
            for id, keep, log in _logs(shown.canvas if shown else {}, mirror.canvas, fresh)
            if id in mirror.nodes
        ],
    }
    lists["constructed"] = _constructed(shown, mirror, fresh)
    lists["adopted"] = _changed(shown.adopted if shown else {}, _adopted(mirror), fresh, dropped=list)
    if (mirror.fonts or (shown and shown.fonts)) and (shown is None or mirror.fonts != shown.fonts):
        lists["fonts"] = [(mirror.root, mirror.fonts)]
    lists["scroll"] = [
        (id, *xy) for id, xy in _changed(shown.scrolls if shown else {}, mirror.scrolls, fresh, dropped=_origin)
    ]
    for key, value in lists.items():
        if value:
            patch[key] = value if key != "scroll" else [v for v in value if v[0] in mirror.nodes]


def _constructed(shown: Shown | None, mirror: Mirror, fresh: set[int]) -> list[tuple[int, int, int, list[Any]]]:
    """Rule operations of the constructed sheets in use, with the document each belongs to."""
    hosts = {style: host for host, styles in _adopted(mirror).items() for style in styles}
    logs = {style: mirror.constructed[style] for style in hosts if style in mirror.constructed}
    known = {style for styles in shown.adopted.values() for style in styles} if shown else set()
    anew = logs.keys() - known
    documents = {id for id in fresh if mirror.nodes[id].kind == DOCUMENT}
    if documents:
        anew |= {style for style in logs if _document_of(mirror, hosts[style]) in documents}
    changed = _logs(shown.constructed if shown else {}, logs, anew)
    # A page keeps the sheets it once had: one without rules is said too, when it comes back.
    changed += [(style, 0, []) for style in anew if not logs[style]]
    return [(style, _document_of(mirror, hosts[style]), keep, ops) for style, keep, ops in changed if style in hosts]


def _adopted(mirror: Mirror) -> dict[int, list[int]]:
    """Adopted sheets of the hosts that are on the page."""
    return {id: styles for id, styles in mirror.adopted.items() if id in mirror.nodes}


def _origin() -> tuple[float, float]:
    return (0.0, 0.0)


def _inputs(
    shown: Shown | None, mirror: Mirror, fresh: set[int], changed_attributes: Iterable[int], owners: Iterable[int]
) -> list[tuple[int, str | None, bool | None]]:
    nodes = mirror.nodes
    if shown is None:
        candidates = set(mirror.inputs)
    else:
        candidates = {id for id in mirror.inputs if id in fresh or shown.inputs.get(id) != mirror.inputs[id]}
        candidates |= shown.inputs.keys() - mirror.inputs.keys()
        # The page's copy is "dirty" once its property was set, so a new attribute alone would not show.
        candidates.update(id for id in changed_attributes if nodes[id].name in _CONTROLS)
    candidates.update(id for id in fresh if nodes[id].name in ("select", "textarea") or _unchecked(nodes[id]))
    candidates.update(owners)
    result: list[tuple[int, str | None, bool | None]] = []
    for id in candidates:
        if id in nodes and _many(nodes[id], mirror):
            if shown is not None and id in shown.inputs:
                # What was chosen since would stay chosen.
                options = mirror.options_of(nodes[id])
                result += [(option.id, *effective(option, None, mirror)) for option in options]
        elif id in nodes:
            now: Input = effective(nodes[id], mirror.inputs.get(id), mirror)
            if now != (None, None):
                result.append((id, *now))
    # Checking one radio button unchecks its group: what ends up checked comes last. What a select holds decides which
    # of its options is chosen, whatever they say themselves.
    result.sort(key=lambda entry: (nodes[entry[0]].name == "select", bool(entry[2])))
    return result


def _many(node: Node, mirror: Mirror) -> bool:
    """Whether several options may be chosen: they say so themselves, and a value would choose one alone."""
    return node.name == "select" and "multiple" in node.attrs and node.id not in mirror.inputs


def _unchecked(node: Node) -> bool:
    """Whether a box has the attribute, so that a page would build it checked, but is not."""
    return node.name == "input" and node.attrs.get("checked") == ""


def _changed(
    old: Mapping[int, Any],
    new: Mapping[int, Any],
    fresh: set[int],
    dropped: Callable[[], Any] | None = None,
) -> list[tuple[int, Any]]:
    """Entries that are new, differ, or belong to fresh nodes; dropped ones get the value `dropped` makes."""
    result = [(id, value) for id, value in new.items() if id in fresh or old.get(id) != value]
    if dropped is not None:
        result += [(id, dropped()) for id in old if id not in new and id not in fresh]
    return result


def _logs(
    old: Mapping[int, tuple[list[Any], int]], new: Mapping[int, list[Any]], fresh: set[int]
) -> list[tuple[int, int, list[Any]]]:
    """Rule logs as (id, kept operations, further operations); an unchanged log is left out."""
    result = []
    for id, ops in new.items():
        before, length = old.get(id, ([], 0))
        if id in fresh:
            keep = 0
            length = 0
        elif before is ops:
            keep = length
        else:
            keep = 0
            limit = min(length, len(ops))
            while keep < limit and before[keep] == ops[keep]:
                keep += 1
            if keep < length:
                # Rules cannot be taken back one by one: begin anew.
                keep = 0
        if keep < len(ops) or keep < length:
            result.append((id, keep, ops[keep:]))
    result += [(id, 0, []) for id, (_, length) in old.items() if length and id not in new and id not in fresh]
    return result


def _document_of(mirror: Mirror, id: int) -> int:
    node = mirror.nodes.get(id)
    while node is not None and node.kind != DOCUMENT:
        node = mirror.nodes.get(node.parent)
    return node.id if node is not None else (mirror.root or 0)
