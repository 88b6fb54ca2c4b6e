"""Source maps from Sentry: the files of a release.

https://docs.sentry.io/api/releases/list-a-projects-release-files/ and …/retrieve-a-project-releases-file/. What
newer tools upload as artifact bundles is in neither: no documented address hands it out. Sentry maps such frames
itself, and its events come with them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

from replay_viewer.analysis.mapset import MapSet
from replay_viewer.domain.errors import NotFound
from replay_viewer.domain.pulled import WantedMap
from replay_viewer.sources.base import FoundMap
from replay_viewer.sources.sentry.api import PRODUCT, Api, Values, next_cursor
from replay_viewer.sources.shape import decoded, mapping, objects, text

SCOPE = "project:releases"
#: A release of more files is not looked through to its end.
_MOST_PAGES = 50


async def maps(api: Api, project: str, wanted: Sequence[WantedMap]) -> AsyncIterator[FoundMap]:
    """The maps of these files, as far as they are files of the releases that the errors name."""
    of_release: dict[str, MapSet] = {}
    for one in wanted:
        if not one.release:
            yield FoundMap(wanted=one, why="the error names no release to ask Sentry for")
            continue
        files = f"projects/{api.org}/{quote(project, safe='')}/releases/{quote(one.release, safe='')}/files/"
        if one.release not in of_release:
            of_release[one.release] = await _listed(api, files)
        held = of_release[one.release].choose(one.frame)
        if held is None:
            yield FoundMap(wanted=one, why=f"Sentry lists none among the files of release {one.release}")
            continue
        answer = await api.get(f"{files}{quote(held.data().decode(), safe='')}/", [("download", "true")], SCOPE)
        yield FoundMap(wanted=one, data=answer.body)


async def _listed(api: Api, files: str) -> MapSet:
    """The maps among the files of a release, each with its id in place of its content."""
    found, cursor = MapSet(), ""
    for _ in range(_MOST_PAGES):
        asked: Values = [("cursor", cursor)] if cursor else []
        try:
            answer = await api.get(files, asked, SCOPE)
        except NotFound:
            return found  # no such release
        for row in objects(decoded(answer.body, api.base, PRODUCT)):
            _enter(found, row)
        cursor = next_cursor(answer.headers.get("link", ""))
        if not cursor:
            break
    return found


def _enter(found: MapSet, row: dict[str, Any]) -> None:
    """`~/js/app.js.map` is a map; `~/js/app.js` may say in a header which map is its own."""
    name = text(row.get("name")).partition("?")[0].removeprefix("~").lstrip("/")
    if name.endswith(".map"):
        found.put(name[:-4], partial(bytes, text(row.get("id")).encode()))
        return
    headers = {key.lower(): text(value) for key, value in mapping(row.get("headers")).items()}
    if url := headers.get("sourcemap") or headers.get("x-sourcemap"):
        found.link(name, url)
