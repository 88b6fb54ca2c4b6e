"""Differences of two JSON values, for the state panel. Pure, no Qt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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
