"""Marks of a session shared with the collector it came from: brought by a pull, given there when a person says so.

Both sides are compared with what they were when they last met, so that a tag removed on one side goes on the other,
and what each side added stays.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.session import Marks
from replay_viewer.library import Library
from replay_viewer.services import addresses
from replay_viewer.services.asking import ask
from replay_viewer.sources import Http, MarkChange, Marker, recognise


def change(before: Marks, after: Marks) -> MarkChange:
    """What makes one of the other."""
    return MarkChange(
        watched=None if after.watched == before.watched else after.watched,
        add=[tag for tag in after.tags if tag not in before.tags],
        remove=[tag for tag in before.tags if tag not in after.tags],
    )


def bring(library: Library, id: str, known: Marks | None, there: Marks | None) -> None:
    """What was marked at the source since it was `known` is marked here too."""
    if there is None:
        return
    made = change(known or Marks(), there)
    if made != MarkChange():
        library.marks.change(id, watched=made.watched, add=made.add, remove=made.remove)


def share(home: Path, id: str, *, cancelled: Callable[[], bool] | None = None) -> Marks:
    """Give a session's marks to the collector it came from, and take what was marked there; what they are now.

    Raises NotFound, BadInput (it came from elsewhere), SourceProblem, Cancelled.
    """
    with Library.open(home) as library:
        session = library.session(id)
        pulled = library.extras.pulled(session.id)
        here = library.marks.of([session.id]).get(session.id, Marks())
    if pulled is None:
        raise BadInput("This session was not pulled, so there is nobody to share its marks with.")
    source, link = recognise(pulled.url)
    if not isinstance(source, Marker):
        raise BadInput(
            "Marks can be shared with a collector of Replay Viewer only.", "They are kept here in any case."
        )
    marker, known = source, pulled.marks or Marks()
    reach = addresses.access(home, link)

    async def give() -> Marks:
        async with Http(access=reach) as http:
            return await marker.mark(http, link, reach.token, change(known, here))

    there = ask(give(), cancelled)
    with Library.open(home) as library:
        bring(library, session.id, here, there)
        library.extras.put_pulled(session.id, msgspec.structs.replace(pulled, marks=there))
        return library.marks.of([session.id]).get(session.id, Marks())
