"""Page loads and changes of URL, from load, Meta and full snapshot events.

A Meta comes with every page load, but also with every checkout (a full snapshot in the middle of a page). A page load
is what follows the browser's load events or an SDK's navigation span, or, where the SDK came too late for those, a
snapshot of another URL whose ids are all fresh: a recorder numbers nodes from 1 on each page and keeps the ids at a
checkout.
"""

from __future__ import annotations

from replay_viewer.analysis.extract.context import Context
from replay_viewer.domain.rows import Navigation, Row
from replay_viewer.recording.events import Meta
from replay_viewer.recording.mirror import Mirror


def _document(url: str) -> str:
    return url.partition("#")[0]


class PageReader:
    """Navigations of one tab."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._meta: tuple[float, int, str] | None = None
        self._href = ""
        self._loaded = True
        self._load_due = self._complete = False

    def loaded(self, complete: bool) -> None:
        """DOMContentLoaded, or Load (`complete`): the next Meta is that of a page load.

        A recorder that starts before Load has taken its snapshot when Load comes: that one belongs to the page shown.
        """
        if complete and self._load_due:
            self._load_due = False
            return
        self._loaded, self._complete = True, complete

    def meta(self, t: float, n: int, data: Meta) -> list[Row]:
        """A Meta event: judged when its full snapshot follows."""
        rows = self.finish()
        self._meta = (t, n, data.href)
        return rows

    def snapshot(self, mirror: Mirror) -> list[Row]:
        """The full snapshot after a Meta, already in the mirror."""
        meta = self._meta
        fresh = max(mirror.nodes, default=0) == len(mirror.nodes)
        other = meta is not None and _document(meta[2]) != _document(self.context.url)
        return self._end(self._loaded or bool(self.context.announced) or (fresh and other))

    def finish(self) -> list[Row]:
        """A Meta whose snapshot never came."""
        return self._end(self._meta is not None and (self._loaded or self._meta[2] != self._href))

    def _end(self, new: bool) -> list[Row]:
        meta, self._meta = self._meta, None
        if new:
            self.context.page += 1
            self._load_due = not self._complete
            self._loaded = self._complete = False
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
        how = "hash" if _document(href) == _document(known) else "push"
        return [Navigation(t=t, tab=self.context.tab, event=n, url=href, how=how, from_url=known)]
