"""Page loads and changes of URL, from Meta and full snapshot events.

A Meta comes with every page load, but also with every checkout (a full snapshot in the middle of a page). They are
told apart by the snapshot: a recorder numbers nodes from 1 on each page, and goes on counting at a checkout.
"""

from __future__ import annotations

from replay_viewer.analysis.extract.context import Context
from replay_viewer.domain.rows import Navigation, Row
from replay_viewer.recording.events import FullSnapshot, Meta


class PageReader:
    """Navigations of one tab."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._meta: tuple[float, int, str] | None = None
        self._href = ""
        self._root = 0

    def meta(self, t: float, n: int, data: Meta) -> list[Row]:
        """A Meta event: judged when its full snapshot follows."""
        rows = self.finish()
        self._meta = (t, n, data.href)
        return rows

    def snapshot(self, data: FullSnapshot) -> list[Row]:
        """The full snapshot after a Meta."""
        root, self._root = self._root, data.node.id
        new = not root or data.node.id <= root
        return self._end(new)

    def finish(self) -> list[Row]:
        """A Meta whose snapshot never came."""
        return self._end(self._meta is not None and self._meta[2] != self._href)

    def _end(self, new: bool) -> list[Row]:
        meta, self._meta = self._meta, None
        if new:
            self.context.page += 1
        if meta is None:
            return []
        t, n, href = meta
        before, self._href = self._href, href or self._href
        known, self.context.url = self.context.url, href or self.context.url
        announced, self.context.announced = self.context.announced, ""
        if new:
            if href == announced:
                return []
            how = "reload" if href == before else "load"
            origin = known if known != href else before
            return [Navigation(t=t, tab=self.context.tab, event=n, url=href, how=how, from_url=origin)]
        if href in (before, known):
            return []
        how = "hash" if href.partition("#")[0] == known.partition("#")[0] else "push"
        return [Navigation(t=t, tab=self.context.tab, event=n, url=href, how=how, from_url=known)]
