"""What the network list filters and sorts by besides time, duration and outcome: read once per session, off the
interface thread, as arrays in time order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from replay_viewer.analysis.requests import TYPES, type_of
from replay_viewer.library import Library
from replay_viewer.qt.wording import path

#: Rows decoded in one go; between two goes other threads run.
_AT_ONCE = 4_000
_TYPE_CODE = {name: code for code, (name, _) in enumerate(TYPES)}

#: Outcomes a person filters by: name, words.
STATUSES: tuple[tuple[str, str], ...] = (
    ("failed", "Failed, no answer"),
    ("1", "1xx"),
    ("2", "2xx"),
    ("3", "3xx"),
    ("4", "4xx"),
    ("5", "5xx"),
    ("unknown", "Not recorded"),
)


class _Request(msgspec.Struct):
    """The fields looked at."""

    method: str = "GET"
    url: str = ""
    status: int = -1
    kind: str = "other"
    size: int = -1
    error: str = ""


@dataclass(frozen=True)
class NetworkFacets:
    """Per request: its type (index into TYPES), status, size in bytes, and the places of its method, URL and kind
    when these are sorted.
    """

    type: NDArray[np.uint8]
    status: NDArray[np.int32]
    size: NDArray[np.int64]
    failed: NDArray[np.bool_]
    method: NDArray[np.int32]
    url: NDArray[np.int32]
    kind: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.type)

    def admits(self, types: list[str], statuses: list[str]) -> NDArray[np.bool_] | None:
        """Which requests are of these types and had these outcomes; None when nothing is asked for."""
        keep: NDArray[np.bool_] | None = None
        if types:
            keep = np.isin(self.type, [_TYPE_CODE[name] for name in types])
        if statuses:
            there = np.isin(self.status // 100, [int(name) for name in statuses if name.isdigit()])
            there &= self.status > 0
            if "failed" in statuses:
                there |= self.failed & (self.status <= 0)
            if "unknown" in statuses:
                there |= (self.status < 0) & ~self.failed
            keep = there if keep is None else keep & there
        return keep


def network_facets(library: Library, session: str, count: int) -> NetworkFacets:
    """The facets of a session's requests. Raises NotFound, StorageProblem."""
    types, statuses = np.zeros(count, np.uint8), np.zeros(count, np.int32)
    sizes, failed = np.zeros(count, np.int64), np.zeros(count, np.bool_)
    methods: list[str] = []
    urls: list[str] = []
    kinds: list[str] = []
    for first in range(0, count, _AT_ONCE):
        found = library.fetch_as(session, "network", range(first, min(first + _AT_ONCE, count)), _Request)
        for n, one in enumerate(found, first):
            types[n] = _TYPE_CODE[type_of(one.kind, one.url)]
            statuses[n], sizes[n] = one.status, one.size
            failed[n] = one.status == 0 or one.status >= 400 or bool(one.error)
        methods += [one.method for one in found]
        urls += [path(one.url)[:200] for one in found]
        kinds += [one.kind for one in found]
    return NetworkFacets(types, statuses, sizes, failed, _places(methods), _places(urls), _places(kinds))


def _places(values: list[str]) -> NDArray[Any]:
    """For each value its place among the different values in order."""
    place = {value: n for n, value in enumerate(sorted(set(values)))}
    return np.fromiter((place[value] for value in values), np.int32, len(values))
