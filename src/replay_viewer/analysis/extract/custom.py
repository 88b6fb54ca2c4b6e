"""rrweb custom events of sites and of our own glue: `redux`, `web-vital`, `error`, `unhandledrejection`, the rest.

PostHog's tags (`$pageview`, `window hidden`, `$session_options` …) are read here too. What has no row kind of its own
becomes a CustomEvent under its tag.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from replay_viewer.analysis.extract.context import Context, mapping, number, text
from replay_viewer.analysis.stack import in_app, parse_stack, split_title
from replay_viewer.analysis.vitals import rate
from replay_viewer.domain.rows import (
    CustomEvent,
    ErrorEvent,
    Frame,
    Interaction,
    Navigation,
    Raised,
    Row,
    StateChange,
    Vital,
)

_SDK_TAGS = {
    "$remote_config_received", "$session_options", "$posthog_config", "$recording_started", "$session_id_change",
    "$session_starting", "$session_ending", "sessionIdle", "sessionNoLongerIdle", "recording paused",
    "recording resumed", "triggerGroupSamplingDecisionMade",
}  # fmt: skip
#: Tags under which sites report what has rows of its own, in lower case with dashes.
_VITAL_TAGS = {"web-vitals", "webvital", "webvitals", "vital", "vitals"}
_ERROR_TAGS = {"exception", "js-error", "javascript-error", "uncaught-error", "window-error", "window.onerror"}
_STORE_TAGS = {"state", "state-change", "store", "redux-action", "zustand", "mobx", "vuex", "pinia", "ngrx", "xstate"}
_WINDOW = {
    "window hidden": ("blur", "Switched to another tab or window"),
    "window visible": ("focus", "Came back to this tab"),
}
_RATINGS = {"good", "needs-improvement", "poor"}


def error_row(
    t: float, tab: int, n: int, *, title: str, stack: str, url: str, mechanism: str, source: str = "recording",
    frame: Frame | None = None, frames: list[Frame] | None = None,
) -> ErrorEvent:  # fmt: skip
    """An ErrorEvent from a title such as `Uncaught TypeError: x` and a stack as text (or its frames)."""
    type_, value = split_title(title)
    if not type_ and stack:
        type_, rest = split_title(stack.partition("\n")[0])
        value = value or rest
    if not type_:
        type_ = "Unhandled rejection" if mechanism == "onunhandledrejection" else "Error"
    found = frames if frames is not None else parse_stack(stack)
    if not found and frame is not None:
        found = [frame]
    raised = Raised(type=type_, value=value, frames=found, handled=False, mechanism=mechanism)
    return ErrorEvent(
        t=t,
        tab=tab,
        event=n,
        title=f"{type_}: {value}" if value else type_,
        exceptions=[raised],
        source=source,
        url=url,
    )


class CustomReader:
    """Rows of a tab's custom events, apart from Sentry's."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._readers: dict[str, Callable[[float, int, Any], list[Row]]] = {
            "redux": self._redux,
            "web-vital": self._vital,
            "error": self._error,
            "unhandledrejection": self._rejection,
            "$pageview": self._page,
            "$url_changed": self._page,
        }

    def read(self, t: float, n: int, tag: str, payload: Any) -> list[Row]:
        """Rows of one custom event."""
        reader = self._readers.get(tag) or self._alike(tag, mapping(payload))
        if reader is not None:
            return reader(t, n, payload)
        if tag in _WINDOW:
            action, words = _WINDOW[tag]
            return [Interaction(t=t, tab=self.context.tab, event=n, action=action, words=words)]
        # `video`: where Sentry keeps the pictures of a mobile replay.
        told = tag in _SDK_TAGS or (tag == "video" and "segmentId" in mapping(payload))
        category = "sdk" if told else "device" if tag.startswith("browser o") else "custom"
        return [
            CustomEvent(t=t, tab=self.context.tab, event=n, name=tag or "custom", data=payload, category=category)
        ]

    def _alike(self, tag: str, data: dict[str, Any]) -> Callable[[float, int, Any], list[Row]] | None:
        """The reader of a tag that sites choose for themselves, when the payload is what such a tag carries."""
        word = tag.lower().replace("_", "-")
        if word in _VITAL_TAGS and text(data.get("name")) and "value" in data:
            return self._vital
        if word in _ERROR_TAGS and (text(data.get("message")) or mapping(data.get("error"))):
            return self._error
        acted = any(data.get(key) for key in ("action", "type", "mutation"))
        if word in _STORE_TAGS and acted and ("state" in data or "nextState" in data or "payload" in data):
            return lambda t, n, payload: self._redux(t, n, payload, word)
        return None

    def _redux(self, t: float, n: int, payload: Any, store: str = "redux") -> list[Row]:
        data = mapping(payload) or {"action": payload}
        action = mapping(data.get("action")) or mapping(data.get("mutation"))
        name = text(data.get("type")) or text(action.get("type")) or text(data.get("action")) or "(no type)"
        diff = data.get("diff")
        return [
            StateChange(
                t=t, tab=self.context.tab, event=n, action=name, payload=data.get("payload", action.get("payload")),
                state=data.get("state", data.get("nextState")), store=text(data.get("store"), store),
                diff=diff if isinstance(diff, list) else [], meta=data.get("meta", data.get("error")),
            )
        ]  # fmt: skip

    def _vital(self, t: float, n: int, payload: Any) -> list[Row]:
        data = mapping(payload)
        name, value = text(data.get("name")), number(data.get("value"))
        attribution = mapping(data.get("attribution"))
        target = next(
            (text(attribution[key]) for key in ("target", "largestShiftTarget", "interactionTarget", "element")
             if text(attribution.get(key))), ""
        )  # fmt: skip
        rating = data.get("rating")
        detail = {key: item for key, item in attribution.items() if not isinstance(item, dict | list)}
        for key in ("delta", "navigationType"):
            if key in data:
                detail[key] = data[key]
        return [
            Vital(
                t=t, tab=self.context.tab, event=n, name=name, value=value, target=target, id=text(data.get("id")),
                rating=rating if rating in _RATINGS else rate(name, value), detail=detail,
                page=text(data.get("url")) or text(data.get("page")) or self.context.url,
            )
        ]  # fmt: skip

    def _error(self, t: float, n: int, payload: Any) -> list[Row]:
        outer = mapping(payload)
        inner = mapping(outer.get("error"))
        if inner:
            title = ": ".join(part for part in (text(inner.get("name")), text(inner.get("message"))) if part)
            outer = {**outer, "message": title or text(outer.get("message")), "stack": inner.get("stack")}
        elif text(outer.get("name")) and not text(outer.get("message")).startswith((outer["name"], "Uncaught")):
            outer = {**outer, "message": f"{outer['name']}: {text(outer.get('message'))}"}
        data = outer
        file = text(data.get("filename"))
        frame = None
        if file:
            line, column = int(number(data.get("lineno"))), int(number(data.get("colno")))
            frame = Frame(file=file, line=line, column=column, in_app=in_app(file))
        title = text(data.get("message")) or (payload if isinstance(payload, str) else "")
        row = error_row(
            t, self.context.tab, n, title=title, stack=text(data.get("stack")), url=self.context.url,
            mechanism="onerror", frame=frame,
        )  # fmt: skip
        return [row]

    def _rejection(self, t: float, n: int, payload: Any) -> list[Row]:
        data = mapping(payload)
        reason = data.get("reason", data.get("message"))
        if reason is not None and not isinstance(reason, str):
            reason = msgspec.json.encode(reason).decode("utf-8", "replace")
        row = error_row(
            t, self.context.tab, n, title=reason or "", stack=text(data.get("stack")), url=self.context.url,
            mechanism="onunhandledrejection",
        )  # fmt: skip
        return [row]

    def _page(self, t: float, n: int, payload: Any) -> list[Row]:
        url = self.context.absolute(text(mapping(payload).get("href")) or text(payload))
        before = self.context.url
        if not url or url == before:
            return []
        self.context.url = url
        how = "hash" if url.partition("#")[0] == before.partition("#")[0] else "push"
        return [Navigation(t=t, tab=self.context.tab, event=n, url=url, how=how, from_url=before)]
