"""Notes of several people about one session: who wrote them, and how they come together."""

from __future__ import annotations

import getpass
import hashlib
from collections.abc import Iterable

import msgspec

from replay_viewer.domain.session import Note
from replay_viewer.library import Library

_AUTHOR = "notes.author"


def author(library: Library) -> str:
    """Who writes notes here: what was chosen, else the name this person has on this machine, else ''."""
    chosen = library.setting(_AUTHOR, "")
    if isinstance(chosen, str) and chosen:
        return chosen
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def choose_author(library: Library, name: str) -> None:
    """Sign notes written here with `name` from now on; '' goes back to the name on this machine."""
    library.put_setting(_AUTHOR, name.strip() or None)


def merge_notes(library: Library, notes: Iterable[Note]) -> None:
    """Bring in notes of a session that may have notes already, by id and time of change; nothing is lost.

    Of one note the later change stays. What somebody else wrote in the earlier one stays beside it, as a note of its
    own that a second merge does not make again.
    """
    for note in notes:
        held = library.note(note.id)
        if held is None:
            library.put_note(note)
            continue
        newer, older = (note, held) if note.changed > held.changed else (held, note)
        if newer is not held:
            library.put_note(newer)
        if older.author != newer.author and older.text and older.text not in newer.text:
            digest = hashlib.sha256(f"{older.id}\n{older.author}\n{older.text}".encode()).hexdigest()
            if library.note(digest[:32]) is None:
                library.put_note(msgspec.structs.replace(older, id=digest[:32]))
