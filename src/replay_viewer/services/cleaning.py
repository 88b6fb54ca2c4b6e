"""Clean-up: which sessions go by age and size, and that those a person keeps do not."""

from __future__ import annotations

import re
import time

from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.session import Session
from replay_viewer.library import Library

_DAY = 86_400_000.0
_PAGE = 500


def candidates(library: Library, *, older_than: float = 0.0, larger_than: float = 0.0) -> list[Session]:
    """Sessions brought in more than `older_than` ms ago and larger than `larger_than` bytes, oldest first.

    0 sets no limit, but one of them must be set. Kept sessions, and those still being imported, are not among them.
    Raises BadInput.
    """
    if older_than <= 0 and larger_than <= 0:
        raise BadInput("Nothing says what to clean up.", "Give --older-than or --larger-than, above zero.")
    before = time.time() * 1000.0 - older_than
    kept = library.extras.kept()
    found: list[Session] = []
    at = 0
    while page := library.sessions("", _PAGE, at):
        at += len(page)
        found += [
            one
            for one in page
            if one.id not in kept and one.state == "ready" and one.imported <= before and one.bytes > larger_than
        ]
    return sorted(found, key=lambda one: one.imported)


def age_of(text: str) -> float:
    """Milliseconds of `30d`, `12h`, `2w`. Raises BadInput."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([hdw])\s*", text.lower())
    if not match:
        raise BadInput(f"“{text}” is not an age.", "Write 30d, 12h or 2w.")
    return float(match[1]) * {"h": _DAY / 24, "d": _DAY, "w": 7 * _DAY}[match[2]]


def size_of(text: str) -> float:
    """Bytes of `200MB`, `1.5 GB`, `800k`. Raises BadInput."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmg])?b?\s*", text.lower())
    if not match:
        raise BadInput(f"“{text}” is not a size.", "Write 200MB or 1.5GB.")
    return float(match[1]) * {"": 1, "k": 1e3, "m": 1e6, "g": 1e9}[match[2] or ""]
