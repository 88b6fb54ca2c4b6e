"""Differences of two JSON values, for the state panel. Pure, no Qt."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any


class _Missing:
    """Stands for a value that is not there."""

    def __repr__(self) -> str:
        return "missing"


MISSING = _Missing()


@dataclass(frozen=True)
class Change:
    """One place where two values differ. `before` or `after` is MISSING when it was added or removed."""

    path: str
    before: Any
    after: Any


def differences(before: Any, after: Any, path: str = "", limit: int = 500) -> list[Change]:
    """Where `after` differs from `before`, in document order, at most `limit` places."""
    found: list[Change] = []
    for change in _walk(before, after, path):
        found.append(change)
        if len(found) >= limit:
            break
    return found


def patched(state: Any, steps: list[Any]) -> Any:
    """A copy of a JSON value after JSON Patch operations (RFC 6902: add, replace, remove), as far as they apply.

    What is not known of the value is made on the way: recordings may hold the patches without what they began with.
    """
    result = copy.deepcopy(state)
    for step in steps:
        if not isinstance(step, dict) or not isinstance(step.get("path"), str):
            continue
        names = [part.replace("~1", "/").replace("~0", "~") for part in step["path"].split("/")[1:]]
        if not names:
            result = copy.deepcopy(step.get("value")) if step.get("op") != "remove" else None
            continue
        if not isinstance(result, dict | list):
            result = {}
        here: Any = result
        for name, following in pairwise(names):
            here = _inside(here, name, following)
        _put(here, names[-1], str(step.get("op")), step.get("value"))
    return result


def _inside(here: Any, name: str, following: str) -> Any:
    """The member of a value, made when it is not there: a list when what follows is its first place."""
    if isinstance(here, list):
        at = int(name) if name.isdigit() else len(here)
        while len(here) <= at and at < 10_000:
            here.append({})
        return here[min(at, len(here) - 1)]
    if isinstance(here, dict):
        if not isinstance(here.get(name), dict | list):
            here[name] = [] if following in ("0", "-") else {}
        return here[name]
    return {}


def _put(here: Any, name: str, op: str, value: Any) -> None:
    if isinstance(here, dict):
        if op == "remove":
            here.pop(name, None)
        else:
            here[name] = copy.deepcopy(value)
    elif isinstance(here, list):
        at = int(name) if name.isdigit() else len(here)
        if op == "remove":
            del here[at : at + 1]
        elif op == "replace" and at < len(here):
            here[at] = copy.deepcopy(value)
        else:
            here.insert(at, copy.deepcopy(value))


def _walk(before: Any, after: Any, path: str) -> Iterator[Change]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            yield from _walk(before.get(key, MISSING), after.get(key, MISSING), f"{path}.{key}" if path else str(key))
    elif isinstance(before, list) and isinstance(after, list):
        for at in range(max(len(before), len(after))):
            one = before[at] if at < len(before) else MISSING
            other = after[at] if at < len(after) else MISSING
            yield from _walk(one, other, f"{path}[{at}]")
    elif before is MISSING or after is MISSING or before != after or type(before) is not type(after):
        yield Change(path or "(the whole)", before, after)
