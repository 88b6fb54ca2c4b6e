"""Rows from the events of a tab: console, network, errors, vitals, state, navigation, interactions, custom events.

`Extractor.read` is called for every event of a tab, in order, after the event was applied to the tab's mirror. Events
that no reader cares for (moves, mutations) cost a look at their kind. Rows may come later than the event they belong
to (a scroll ends, a request waits for its page's clock): they carry their own time and event number.
"""

from __future__ import annotations

from collections.abc import Callable

from replay_viewer.analysis.extract import console
from replay_viewer.analysis.extract.clicks import BLUR, INTERESTING, TOUCH_START, ClickReader
from replay_viewer.analysis.extract.context import Context, shallow
from replay_viewer.analysis.extract.custom import CustomReader
from replay_viewer.analysis.extract.fields import FieldReader
from replay_viewer.analysis.extract.gestures import GestureReader
from replay_viewer.analysis.extract.network import NetworkReader
from replay_viewer.analysis.extract.pages import PageReader
from replay_viewer.analysis.extract.sentry import SentryReader
from replay_viewer.domain.rows import Interaction, Row
from replay_viewer.recording.events import Custom, Event, FullSnapshot, Incremental, Kind, Meta, Plugin, Source
from replay_viewer.recording.mirror import Mirror

_NONE: list[Row] = []
_Handler = Callable[[float, int, Incremental, Mirror], list[Row]]


class Extractor:
    """Reads the rows of one tab; `tab` is its index."""

    def __init__(self, tab: int) -> None:
        self.context = context = Context(tab)
        self._clicks = ClickReader(context)
        self._fields = FieldReader(context)
        self._gestures = GestureReader(context)
        self._pages = PageReader(context)
        self._network = NetworkReader(context)
        self._sentry = SentryReader(context)
        self._custom = CustomReader(context)
        self._sources: dict[int, _Handler] = {
            Source.MOUSE_INTERACTION: self._mouse,
            Source.SCROLL: self._scroll,
            Source.VIEWPORT_RESIZE: self._resize,
            Source.INPUT: self._input,
            Source.TOUCH_MOVE: self._touch_move,
            Source.MEDIA_INTERACTION: self._media,
            Source.LOG: self._log,
            Source.DRAG: self._drag,
        }

    def read(self, event: Event, n: int, mirror: Mirror) -> list[Row]:
        """Rows known after event number `n` (position in the tab's stored order). The list is not to be changed."""
        data = event.data
        if event.type == Kind.INCREMENTAL:
            if type(data) is not Incremental:
                return _NONE
            handler = self._sources.get(data.source)
            return handler(event.timestamp, n, data, mirror) if handler is not None else _NONE
        if isinstance(data, Custom):
            return self._passed(event.timestamp) + self._read_custom(event.timestamp, n, data, mirror)
        if isinstance(data, Plugin):
            return self._passed(event.timestamp) + self._read_plugin(event.timestamp, n, data)
        if isinstance(data, Meta):
            rows = self._interactions() + self._pages.meta(event.timestamp, n, data)
            self._gestures.page(data.width, data.height)
            return rows
        if isinstance(data, FullSnapshot):
            page = self.context.page
            rows = self._pages.snapshot(mirror)
            if self.context.page != page:
                rows += self._network.flush()
            return rows
        if event.type in (Kind.DOM_CONTENT_LOADED, Kind.LOAD):
            self._pages.loaded(event.type == Kind.LOAD)
        return _NONE

    def finish(self) -> list[Row]:
        """Rows that still waited when the recording ended."""
        return self._interactions() + self._pages.finish() + self._network.flush()

    # -- incremental events -----------------------------------------------------------------------------------------

    def _mouse(self, t: float, n: int, data: Incremental, mirror: Mirror) -> list[Row]:
        if data.type not in INTERESTING:
            return _NONE
        if data.type == BLUR:
            return self._fields.left(data.id)
        rows = self._gestures.passed(t) if data.type != TOUCH_START else []
        return self._fields.passed(t) + rows + self._clicks.read(t, n, data, mirror)

    def _input(self, t: float, n: int, data: Incremental, mirror: Mirror) -> list[Row]:
        self._clicks.field_changed(data.id, t)
        return self._clicks.passed(t) + self._gestures.passed(t) + self._fields.read(t, n, data, mirror)

    def _scroll(self, t: float, n: int, data: Incremental, mirror: Mirror) -> list[Row]:
        self._clicks.scrolled()
        return self._gestures.scroll(t, n, data, mirror)

    def _resize(self, t: float, n: int, data: Incremental, mirror: Mirror) -> list[Row]:
        return self._gestures.resize(t, n, data)

    def _drag(self, t: float, n: int, data: Incremental, mirror: Mirror) -> list[Row]:
        return self._gestures.drag(t, n, data, mirror)

    def _media(self, t: float, n: int, data: Incremental, mirror: Mirror) -> list[Row]:
        return self._gestures.media(t, n, data, mirror)

    def _touch_move(self, t: float, n: int, data: Incremental, mirror: Mirror) -> list[Row]:
        self._clicks.moved(data)
        return _NONE

    def _log(self, t: float, n: int, data: Incremental, mirror: Mirror) -> list[Row]:
        payload = {"level": data.level, "payload": shallow(data.payload), "trace": data.trace}
        return [console.read_plugin(t, self.context.tab, n, payload)]

    # -- custom and plugin events -----------------------------------------------------------------------------------

    def _read_custom(self, t: float, n: int, data: Custom, mirror: Mirror) -> list[Row]:
        payload = shallow(data.payload)
        if data.tag == "breadcrumb":
            rows = self._sentry.read_breadcrumb(t, n, payload, mirror)
            if rows and isinstance(rows[0], Interaction) and rows[0].action == "click":
                self._clicks.crumb(rows[0])
                return []
            return rows
        if data.tag == "performanceSpan":
            return self._sentry.read_span(t, n, payload)
        if data.tag == "options":
            return self._sentry.read_options(t, n, payload)
        return self._custom.read(t, n, data.tag, payload)

    def _read_plugin(self, t: float, n: int, data: Plugin) -> list[Row]:
        payload = shallow(data.payload)
        if data.plugin == "rrweb/console@1":
            return [console.read_plugin(t, self.context.tab, n, payload)]
        if data.plugin == "rrweb/network@1":
            return self._network.read(t, n, payload)
        if data.plugin == "posthog/network@1":
            return self._network.read_numeric(t, n, payload)
        if data.plugin.startswith("rrweb/sequential-id"):
            return []
        return self._custom.read(t, n, data.plugin, payload)

    def _passed(self, t: float) -> list[Row]:
        return self._clicks.passed(t) + self._fields.passed(t) + self._gestures.passed(t)

    def _interactions(self) -> list[Row]:
        return self._clicks.finish() + self._fields.finish() + self._gestures.finish()
