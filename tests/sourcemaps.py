"""Sessions whose stacks stand in built files, and the maps of those files: the shop of the samples."""

from __future__ import annotations

import json
from pathlib import Path

from replay_viewer.domain.resources import resource
from replay_viewer.domain.rows import ErrorEvent, Frame, Raised
from replay_viewer.domain.session import Facts, Session, Tab
from replay_viewer.library import Library
from replay_viewer.services.importer import import_paths
from tests.collector.bodies import sample

#: The folder of the shop's built file and its map, and the source the failing line stands in.
MAPS = resource("samples", "sourcemaps")
SOURCE = "shop/checkout.js"
START = 1_784_060_310_000.0


def shop(home: Path) -> str:
    """Import the session that fails at the checkout; its id."""
    return import_paths(home, [sample("checkout-502")])[0]


def small_map(source: str = "src/pay.ts", code: str | None = "line one\nthrow broken\n", **more: object) -> bytes:
    """A map of one mapping: line 1, column 1 of the built file is line 2 of `source`."""
    made: dict[str, object] = {"version": 3, "sources": [source], "names": [], "mappings": "AACA", **more}
    if code is not None:
        made["sourcesContent"] = [code]
    return json.dumps(made).encode()


def failing(home: Path, *files: str, session: str = "s1", release: str = "shop@1", debug_id: str = "") -> str:
    """A session with an error whose frames stand in these built files, line 1, column 1."""
    frames = [Frame(function="f", file=file, line=1, column=1, debug_id=debug_id) for file in files]
    raised = Raised(type="TypeError", value="it is undefined", frames=frames)
    with Library.open(home) as library, library.writer(session, "test") as writer:
        writer.rows([ErrorEvent(t=START + 1_000, tab=0, id="e1", title="TypeError: x", exceptions=[raised])])
        writer.finish(
            Session(
                id=session, start=START, end=START + 10_000, tabs=[Tab(index=0, start=START, end=START + 10_000)],
                counts={"errors": 1}, facts=Facts(release=release),
            )
        )  # fmt: skip
    return session
