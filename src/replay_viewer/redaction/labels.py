"""Replacements that keep the kind and stay the same for the same value: `[e-mail 1]`, `[card 2]`."""

from __future__ import annotations

import re

from replay_viewer.redaction.rules import RULES

_KINDS = sorted({rule.label for rule in RULES.values()} | {"name", "address", "birth date"}, key=len, reverse=True)
#: A label as this package writes it; `-` for the space inside URLs.
LABEL = re.compile(r"\[(?:" + "|".join(re.escape(kind).replace(r"\ ", "[ -]") for kind in _KINDS) + r")[ -]\d+\]")
#: How a value of these kinds is brought to one form before it is numbered.
_DIGITS = frozenset(("card", "phone"))


class Labels:
    """Hands out labels, numbered per kind in order of first use."""

    def __init__(self) -> None:
        self._by_value: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}

    def of(self, kind: str, value: str) -> str:
        """The label of `value`; the same for other spellings of it (case of an address, spaces of a card)."""
        key = (kind, _plain(kind, value))
        label = self._by_value.get(key)
        if label is None:
            number = self._counts.get(kind, 0) + 1
            self._counts[kind] = number
            label = self._by_value[key] = f"[{kind} {number}]"
        return label


def _plain(kind: str, value: str) -> str:
    if kind in _DIGITS:
        return "".join(char for char in value if char.isdigit()) or value
    if kind == "e-mail":
        for sign in ("%40", "&#64;", "&#x40;", "&commat;", "\\u0040"):
            value = value.replace(sign, "@")
        return value.replace("%2B", "+").replace("%2b", "+").lower()
    if kind == "IBAN":
        return value.replace(" ", "").replace("-", "").upper()
    return value


def is_label(text: str) -> bool:
    """Whether `text` is one label and nothing else."""
    return text.startswith("[") and LABEL.fullmatch(text) is not None


def shape(value: str) -> str:
    """What a value looked like, with nothing of it: `•••@•••.•••`. For manifests."""
    shaped = re.sub(r"[^\W_]+", "•••", value[:80])
    shaped = re.sub(r"[^•@.:/ +-]", "", shaped)
    return shaped if shaped.count("•••") <= 8 and shaped else "•••"
