"""Rule operations of style sheets, in the short form that keyframes and patches carry (docs/patch-format.md)."""

from __future__ import annotations

from typing import Any

from replay_viewer.recording.events import Incremental

Op = list[Any]


def inserts(rules: Any) -> list[Op]:
    """Insert operations for the `rules` of an adopted sheet: `[{rule, index?}, …]`."""
    return [
        ["i", entry.get("index"), entry["rule"]]
        for entry in (rules if isinstance(rules, list) else ())
        if isinstance(entry, dict) and isinstance(entry.get("rule"), str)
    ]


def operations(data: Incremental) -> list[Op]:
    """The operations of a StyleSheetRule or StyleDeclaration event, in the order the stock player applies them."""
    ops = inserts(data.adds)
    for op in ops:
        if op[1] is None:
            # As `insertRule(rule)` does.
            op[1] = 0
    ops += [["d", entry.get("index")] for entry in data.removes or () if isinstance(entry, dict)]
    for text in (data.replace, data.replaceSync):
        if text is not None:
            ops = [*ops, ["r", text]]
    if isinstance(data.set, dict) and data.index:
        ops.append(["s", data.index, data.set.get("property"), data.set.get("value"), data.set.get("priority") or ""])
    if isinstance(data.remove, dict) and data.index:
        ops.append(["x", data.index, data.remove.get("property")])
    # A replacement makes whatever the same event said before it pointless.
    for n in range(len(ops) - 1, -1, -1):
        if ops[n][0] == "r":
            return ops[n:]
    return ops
