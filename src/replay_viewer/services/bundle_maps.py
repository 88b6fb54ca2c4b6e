"""Which source maps a bundle takes along: those its stacks need, under the names its rows have."""

from __future__ import annotations

from collections.abc import Iterable

from replay_viewer.analysis.mapset import HeldMap, MapSet, place_of
from replay_viewer.analysis.symbols import needs_map
from replay_viewer.domain.rows import ConsoleEntry, ErrorEvent, Frame, Row
from replay_viewer.services.maps import LARGEST, LONGEST, MOST, TOTAL


class BundleMaps:
    """Is shown every row on its way out, and remembers the maps of their frames."""

    def __init__(self, maps: MapSet) -> None:
        self._maps = maps
        self._chosen: dict[str, HeldMap] = {}
        self._tried: set[str] = set()
        self._sizes: dict[int, int] = {}
        self.has_code = False

    def see(self, row: Row, leaving: Row) -> None:
        """A row as it is, and as it leaves: a redacted one may have other addresses, and maps go by those."""
        for frame, there in zip(_frames(row), _frames(leaving), strict=False):
            name = place_of(there.file)[-LONGEST:]
            if not name or name in self._tried or not needs_map(frame):
                continue
            held = self._maps.used(frame)
            if held is not None:
                self._tried.add(name)
                self._take(name, frame, held)

    def _take(self, name: str, frame: Frame, held: HeldMap) -> None:
        parsed = held.parsed()
        size = len(held.data()) if id(held) not in self._sizes else 0
        if parsed is None or size > LARGEST or len(self._chosen) >= MOST or sum(self._sizes.values()) + size > TOTAL:
            return
        self._sizes.setdefault(id(held), size)
        self.has_code = self.has_code or parsed.has_code
        self._chosen[name] = HeldMap(name, held.data, held.debug_id or frame.debug_id)

    def chosen(self) -> list[tuple[str, HeldMap]]:
        """Names of built files, sorted, and the map of each."""
        return sorted(self._chosen.items(), key=lambda item: item[0])


def _frames(row: Row) -> Iterable[Frame]:
    if isinstance(row, ErrorEvent):
        return [frame for raised in row.exceptions for frame in raised.frames]
    return row.stack if isinstance(row, ConsoleEntry) else []
