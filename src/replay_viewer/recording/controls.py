"""Form controls: what they hold as the person sees it."""

from __future__ import annotations

from typing import Any

from replay_viewer.recording.held import UNCHECKED, Input
from replay_viewer.recording.nodes import Node
from replay_viewer.recording.tree import Tree


def effective(node: Node, reported: Input | None, tree: Tree) -> Input:
    """(value, checked) of a node given what was reported of it; None where the element has no such property."""
    checked: bool | None = None
    value: str | None = None
    attrs = node.attrs
    raw = attrs.get("value")
    if node.name == "input":
        if boxed(attrs.get("type")):
            checked = attrs.get("checked") not in (None, False, UNCHECKED)
        value = "" if raw is None else str(raw)
    elif node.name == "textarea":
        value = str(raw) if raw is not None else tree.text_of(node.id)
    elif node.name == "select":
        wanted = reported[0] if reported is not None and reported[0] is not None else raw
        return _chosen(node, tree, None if wanted is None else str(wanted), reported=reported is not None), None
    elif node.name == "option":
        checked = attrs.get("selected") not in (None, False)
    if reported is None:
        return value, checked
    text, is_checked = reported
    return (value if text is None else text), (is_checked if checked is not None else None)


def boxed(kind: Any) -> bool:
    """Whether an input of this type is a box to check."""
    return isinstance(kind, str) and kind.lower() in ("checkbox", "radio")


def _chosen(select: Node, tree: Tree, wanted: str | None, *, reported: bool) -> str | None:
    """Value of a select: the wanted one if there is such an option, else that of its selected or first option.

    `reported`: the options were serialised before something else was chosen.
    """
    if wanted and not wanted.strip("*"):
        # Masked: no option is as good as another.
        return wanted
    chosen: Node | None = None
    first: Node | None = None
    for option in tree.options_of(select):
        if wanted is not None and option_value(option, tree) == wanted:
            return wanted
        if chosen is None and not reported and option.attrs.get("selected") not in (None, False):
            chosen = option
        if first is None and option.attrs.get("disabled") is None:
            first = option
    if wanted == "" and reported:
        # Nothing is chosen: an option that came since would have been (mutations.py).
        return ""
    found = chosen or first
    return None if found is None else option_value(found, tree)


def option_value(option: Node, tree: Tree) -> str:
    """The value of an option: its attribute, else its text with white space collapsed."""
    value = option.attrs.get("value")
    return " ".join(tree.text_of(option.id).split()) if value is None else str(value)
