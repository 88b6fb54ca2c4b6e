"""Rows of other sources on a session's timeline: each with an offset of its own, changed and taken back at any time.

The recording is untouched. Beside the session lie its own rows and those of each attachment by their own clocks; the
rows it shows are made anew from all of them, as one more generation over the same chunks and keyframes, in one step.
"""

from __future__ import annotations

import re
import time

import msgspec

from replay_viewer.analysis.merge import merge
from replay_viewer.domain.errors import BadInput, NotFound
from replay_viewer.domain.pulled import Attached
from replay_viewer.domain.rows import KIND_OF, KINDS, NetworkRequest, Row
from replay_viewer.domain.session import Finding, Session
from replay_viewer.library import Library
from replay_viewer.library.extras import OWN

#: The finding that says what is attached.
CODE = "attached"


def attach(library: Library, id: str, rows: list[Row], *, name: str, origin: str, offset: float) -> Attached:
    """Put rows on a session's timeline, `offset` ms later; what came from the same `origin` before is replaced.

    Raises NotFound, and BadInput when there are no rows.
    """
    if not rows:
        raise BadInput(
            "There is nothing in it that could be attached.", "Attach errors, logs, a HAR file or a trace."
        )
    session = library.session(id)
    taken = {one.name: one for one in library.extras.attached(session.id)}
    same = next((one for one in taken.values() if one.origin == origin), None)
    if same is None and name in taken:
        name = next(free for n in range(2, 1000) if (free := f"{name} {n}") not in taken)
    made = Attached(
        name=same.name if same else name, origin=origin, offset=offset, rows=len(rows), at=time.time() * 1000.0
    )
    if library.extras.attached_rows(session.id, OWN) is None:
        _keep_own(library, session.id)
    # they belong to no tab and no event of this recording
    library.extras.put_attached(session.id, made, [msgspec.structs.replace(row, tab=-1, event=-1) for row in rows])
    rebuild(library, session)
    return made


def _keep_own(library: Library, id: str) -> None:
    own = [row for kind in KINDS for _, row in library.rows(id, kind)]
    library.extras.put_attached(id, Attached(name=OWN, origin=""), own)


def detach(library: Library, id: str, name: str) -> None:
    """Take an attachment away. Raises NotFound."""
    session = library.session(id)
    library.extras.remove_attached(session.id, named(library, session, name).name)
    rebuild(library, session)


def set_offset(library: Library, id: str, name: str, offset: float) -> float:
    """Let attached rows lie `offset` ms later than their own clock says; the offset before. Raises NotFound."""
    session = library.session(id)
    one = named(library, session, name)
    library.extras.set_offset(session.id, msgspec.structs.replace(one, offset=offset))
    rebuild(library, session)
    return one.offset


def named(library: Library, session: Session, name: str) -> Attached:
    """What is attached to a session by this name, or the only one whose name begins so. Raises NotFound."""
    every = library.extras.attached(session.id)
    found = [one for one in every if one.name == name] or [one for one in every if one.name.startswith(name)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(one.name for one in every)
    raise NotFound(
        f"“{name}” is not attached to this session.", f"Attached are: {names}." if names else "Nothing is attached."
    )


def after_import(library: Library, id: str) -> None:
    """A session was imported anew: put what is attached to it on its timeline again."""
    if library.extras.attached_rows(id, OWN) is not None:
        _keep_own(library, id)
        rebuild(library, library.session(id))


def rebuild(library: Library, session: Session) -> None:
    """Make the session's rows anew: its own, and all that is attached by its offset."""
    every = library.extras.attached(session.id)
    own = library.extras.attached_rows(session.id, OWN) or []
    rows: list[Row] = [*own]
    findings = [one for one in session.health if one.code != CODE]
    for one in every:
        rows += [shifted(row, one.offset) for row in library.extras.attached_rows(session.id, one.name) or []]
        clock = f", its clock set {one.offset:+,.0f} ms" if one.offset else ""
        findings.append(Finding(code=CODE, message=f"Attached: {one.name}, {one.rows:,} rows{clock}."))
    made = merge(rows)
    with library.writer(session.id, session.origin) as writer:
        for tab in session.tabs:
            writer.adopt(tab.index, library.chunks(session.id, tab.index), library.keyframes(session.id, tab.index))
        writer.rows(sorted(made, key=lambda row: (KIND_OF[type(row)], row.t)))
        for tab_index, (span, quiet) in library.quiet(session.id).items():
            writer.quiet(tab_index, *span, quiet)
        writer.activity(*library.activity(session.id))
        counted = msgspec.structs.replace(session, counts={}, failed={}, health=findings)
        if not session.tabs:
            times = [row.t for row in made]
            counted = msgspec.structs.replace(counted, start=min(times, default=0.0), end=max(times, default=0.0))
        writer.finish(counted)
    if not every:
        library.extras.remove_attached(session.id, OWN)


def shifted(row: Row, offset: float) -> Row:
    """A row `offset` ms later."""
    if not offset:
        return row
    if isinstance(row, NetworkRequest):
        return msgspec.structs.replace(row, t=row.t + offset, end=row.end + offset)
    return msgspec.structs.replace(row, t=row.t + offset)


def offset_of(text: str) -> float:
    """Milliseconds of `-350`, `1.5s`, `+2m`, `-1h`: a person's word for a clock's error. Raises BadInput."""
    match = re.fullmatch(r"\s*([+-]?\d+(?:\.\d+)?)\s*(ms|s|m|h)?\s*", text.replace("−", "-"))
    if not match:
        raise BadInput(f"“{text}” is not an offset.", "Write milliseconds, or 1.5s, -2m, 1h.")
    return float(match[1]) * {"s": 1e3, "m": 6e4, "h": 3.6e6}.get(match[2] or "", 1.0)
