"""Redactors for sessions of the library, with the rules a person or team keeps in its folder (docs/redaction.md)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from replay_viewer.analysis.selectors import Selector
from replay_viewer.domain.errors import BadInput, StorageProblem
from replay_viewer.library import Library
from replay_viewer.recording.chunk import Chunk
from replay_viewer.recording.events import Kind, Source
from replay_viewer.redaction import PROFILES, Hit, OwnRules, Redactor, read_rules, write_rules

RULES_FILE = "redaction.json"
#: Sources of events that can bring an input, or what was typed into one.
_TELLING = (Source.MUTATION, Source.INPUT)
_LEARN_ROWS = 20_000  #: Rows of a kind the redactor learns from.


def rules_of(home: Path, file: Path | None = None) -> OwnRules:
    """The own rules of a library (none when there is no file), or those of `file`. Raises BadInput, NewerVersion."""
    path = file or home / RULES_FILE
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        if file is None:
            return OwnRules()
        raise BadInput(f"There is no file {path}.", "Check the name.") from error
    except OSError as error:
        raise BadInput(f"“{path}” cannot be read: {error.strerror}.") from error
    return _checked(read_rules(data, path.name))


def _checked(rules: OwnRules) -> OwnRules:
    for profile in ("", *rules.profiles):
        for rule in rules.of(profile).rules:
            if rule.kind == "element":
                picker(rule.what)
    return rules


def keep_rules(home: Path, rules: OwnRules) -> Path:
    """Write the library's own rules, whole or not at all; the file. Raises BadInput, StorageProblem."""
    data = write_rules(rules)
    _checked(read_rules(data, RULES_FILE))
    path = home / RULES_FILE
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{RULES_FILE}.", dir=home)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        Path(temporary).replace(path)
    except OSError as error:
        with suppress(OSError):
            Path(temporary).unlink(missing_ok=True)
        raise StorageProblem(
            f"{path} cannot be written: {error.strerror}.", "Make room, or free the file."
        ) from error
    return path


def picker(selector: str) -> Selector:
    """The matcher of a CSS selector. Raises BadInput."""
    try:
        return Selector(selector)
    except BadInput as error:
        raise BadInput(
            f"“{selector}” is not a selector that is understood.",
            "Use tags, #id, .class, [name=value], blanks and >, such as .account .balance.",
        ) from error


def profiles(rules: OwnRules) -> list[str]:
    """Names of the profiles there are: strict, none, and a file's own."""
    return [*PROFILES, *rules.profiles]


def redactor_for(
    library: Library,
    session_id: str,
    profile: str = "strict",
    *,
    own: OwnRules | None = None,
    on_hit: Callable[[Hit], None] | None = None,
) -> Redactor:
    """A redactor that knows the session's user and what was typed into its sensitive inputs.

    `own`: default the library's. Raises NotFound, BadInput, StorageProblem.
    """
    session = library.session(session_id)
    rules = rules_of(library.home) if own is None else own
    redactor = Redactor(profile, facts=session.facts, own=rules, elements=picker, on_hit=on_hit)
    if not redactor.strict:
        return redactor
    for tab in session.tabs:
        redactor.learn(_telling_events(library, session.id, tab.index, bool(redactor.matchers)), tab.index)
    for kind in ("navigation", "network", "state", "interactions"):
        for _, row in library.rows(session.id, kind, limit=_LEARN_ROWS):
            redactor.learn_row(row)
    return redactor


def _telling_events(library: Library, session_id: str, tab: int, every: bool) -> Iterator[bytes]:
    """The raw events of a tab that can bring an input or what was typed into one, in order; or `every` one."""
    for ref in library.chunks(session_id, tab):
        chunk = Chunk(library.blob(ref.blob))
        telling = (chunk.types == Kind.INCREMENTAL) & np.isin(chunk.sources, _TELLING)
        telling |= (chunk.types == Kind.FULL_SNAPSHOT) | every
        for n in np.flatnonzero(telling).tolist():
            yield chunk.raw(n)
