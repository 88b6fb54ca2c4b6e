"""The source maps of a build, handed to a collector."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from replay_viewer.analysis.mapset import MapSet
from replay_viewer.domain.errors import BadInput
from replay_viewer.services import connections
from replay_viewer.services.addresses import access_of
from replay_viewer.services.asking import ask
from replay_viewer.sources import Http, upload_map


def upload(
    home: Path,
    connection: str,
    path: Path,
    *,
    release: str,
    project: str = "1",
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[str]:
    """Upload the maps in a folder or zip as those of a release; the paths of the built files they are of.

    A map in the place of another one replaces it, so the same call twice is once. Raises BadInput (no maps, no
    collector), NotFound, SourceProblem (the token is no admin's), Cancelled.
    """
    one = connections.source(home, connection)
    if one.kind != "collector":
        raise BadInput(f"“{connection}” is no collector.", "Sentry takes maps by its own tools.")
    reach = access_of(one, one.url)
    held = MapSet.open(path).files()

    async def work() -> None:
        async with Http(access=reach) as http:
            for done, each in enumerate(held):
                if progress is not None:
                    progress(done, len(held))
                await upload_map(http, one.url, reach.token, project, release, each)

    ask(work(), cancelled)
    return [each.name for each in held]
