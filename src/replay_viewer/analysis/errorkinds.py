"""What sort of failure an error is, for a person who sorts many: a category by its type, message and mechanism."""

from __future__ import annotations

import re

from replay_viewer.domain.rows import ErrorEvent

#: Category → what the text of an error says then, first match wins.
_RULES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        ("noise", r"resizeobserver loop|^script error\.?$|(?:chrome|moz|safari-web)-extension://"),
        (
            "chunk",
            r"chunkloaderror|loading (?:css )?chunk|dynamically imported module|importing a module script failed",
        ),
        (
            "network",
            r"failed to fetch|networkerror|load failed|network request failed|err_network|timed? ?out|aborterror|"
            r"\b(?:status(?: code)?|http) ?[45]\d\d\b|^(?:http|axios|api|payment)error",
        ),
        ("render", r"minified react error|hydrat|invalid hook call|maximum update depth|react error boundary"),
        ("security", r"securityerror|content security policy|cross-origin|notallowederror|permission denied"),
        ("storage", r"quotaexceeded|indexeddb|localstorage"),
        ("syntax", r"syntaxerror|unexpected token|json\.parse|unexpected end of (?:json )?input"),
        ("type", r"typeerror|is not a function|cannot read propert|undefined is not|null is not|is not defined"),
        ("reference", r"referenceerror"),
        ("range", r"rangeerror|maximum call stack"),
    )
)
_WORDS = {
    "noise": "browser noise",
    "chunk": "missing chunk",
    "network": "network",
    "render": "rendering",
    "security": "security",
    "storage": "storage",
    "syntax": "syntax",
    "type": "type",
    "reference": "reference",
    "range": "range",
    "rejection": "rejection",
    "console": "console",
    "error": "error",
}


def category(error: ErrorEvent) -> str:
    """One of noise, chunk, network, render, security, storage, syntax, type, reference, range, rejection, console,
    error; by the exception shown last, else by the title."""
    shown = error.exceptions[-1] if error.exceptions else None
    texts = [shown.type, f"{shown.type}: {shown.value}", shown.value] if shown is not None else [error.title]
    for name, pattern in _RULES:
        if any(pattern.search(text[:2_000]) for text in texts):
            return name
    mechanism = shown.mechanism.lower() if shown is not None else ""
    if "rejection" in mechanism or error.title.startswith("Unhandled"):
        return "rejection"
    return "console" if "console" in mechanism or error.source == "console" else "error"


def category_words(error: ErrorEvent) -> str:
    """The category as it is printed."""
    return _WORDS[category(error)]
