"""Sentry's custom events: breadcrumbs, performance spans, options (all SDKs 7 to 11).

Spans carry seconds, breadcrumbs' events milliseconds; the format layer has normalised the event's own stamp, what
lies inside the payload is normalised here.
"""

from __future__ import annotations

from typing import Any

from replay_viewer.analysis.extract import console
from replay_viewer.analysis.extract.bodies import headers, sentry_body, unanswered
from replay_viewer.analysis.extract.context import Context, mapping, number, text
from replay_viewer.analysis.extract.selector import selector
from replay_viewer.analysis.extract.words import control, describe
from replay_viewer.analysis.vitals import NAMES, rate
from replay_viewer.domain.rows import CustomEvent, Interaction, Navigation, NetworkRequest, Row, StateChange, Vital
from replay_viewer.domain.time import to_ms
from replay_viewer.recording.mirror import Mirror

#: A click is dead from here on (Sentry's own rule); `clickCount` from here on is rage.
_DEAD_MS, _RAGE_CLICKS = 7000, 5
_DEAD_TAGS = {"a", "button", "input"}
_RATINGS = {"good", "needs-improvement", "poor"}
#: Breadcrumbs that rrweb's own events tell better.
_DOUBLED = {"ui.input", "ui.mousemove", "ui.scroll"}
_MOVES = {"navigate": "load", "reload": "reload", "back_forward": "back_forward", "push": "push"}


def _target(data: dict[str, Any], message: str, mirror: Mirror) -> tuple[int, str, str]:
    """Node id, name in words and selector of a breadcrumb's element: as the mirror has it, else as Sentry says."""
    node = mapping(data.get("node"))
    id = int(number(data.get("nodeId"), number(node.get("id"), -1)))
    known = mirror.nodes.get(id)
    if known is not None:
        path = selector(control(known, mirror.nodes) or known, mirror.nodes)
        return id, describe(known, mirror.nodes, path), path
    attributes = mapping(node.get("attributes"))
    tag = text(node.get("tagName"))
    name = text(attributes.get("aria-label")) or text(node.get("textContent")) or text(attributes.get("alt"))
    name = " ".join(name.split())
    role = {"a": "link", "button": "button", "input": "field", "img": "image"}.get(tag, tag)
    last = message.rpartition(" > ")[2]
    words = f"{role} “{name[:60]}”" if name and set(name) - set("* ") else f"{role} {last}".strip()
    return id, words or "the page", message


class SentryReader:
    """Rows of a tab's Sentry events. `ui.click` breadcrumbs go through `clicks`, which knows rrweb's clicks."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def read_options(self, t: float, n: int, payload: Any) -> list[Row]:
        """The options event: kept, because it says why bodies are absent."""
        self.context.options = mapping(payload)
        return [CustomEvent(t=t, tab=self.context.tab, event=n, name="options", data=payload, category="sdk")]

    def read_breadcrumb(self, t: float, n: int, payload: Any, mirror: Mirror) -> list[Row]:
        """Rows of one breadcrumb."""
        crumb = mapping(payload)
        stamp = number(crumb.get("timestamp"))
        t = to_ms(stamp) if stamp else t
        category = text(crumb.get("category"))
        data = mapping(crumb.get("data"))
        message = text(crumb.get("message"))
        tab = self.context.tab
        if category == "console":
            return [console.read_breadcrumb(t, tab, n, crumb)]
        if category in _DOUBLED:
            return []
        if category == "navigation":
            to = self.context.absolute(text(data.get("to")))
            row = Navigation(
                t=t, tab=tab, event=n, url=to, how="push", from_url=self.context.absolute(text(data.get("from")))
            )
            self.context.url = to or self.context.url
            return [row]
        if category in ("ui.slowClickDetected", "ui.multiClick"):
            return self._slow_click(t, n, category, data, message, mirror)
        if category == "ui.keyDown":
            return [self._key(t, n, data, message, mirror)]
        if category in ("ui.blur", "ui.focus") and "nodeId" not in data:
            words = "Left the window" if category == "ui.blur" else "Came back to the window"
            return [Interaction(t=t, tab=tab, event=n, action=category[3:], words=words)]
        if category in ("app.foreground", "app.background"):
            words = "Came back to the app" if category == "app.foreground" else "Left the app"
            action = "focus" if category == "app.foreground" else "blur"
            return [Interaction(t=t, tab=tab, event=n, action=action, words=words)]
        if category in ("ui.tap", "ui.swipe", "ui.click"):
            node, words, path = _target(data, message, mirror)
            verb, action = {
                "ui.tap": ("Tapped", "touch"), "ui.swipe": ("Swiped on", "touch"), "ui.click": ("Clicked", "click"),
            }[category]  # fmt: skip
            return [
                Interaction(t=t, tab=tab, event=n, action=action, words=f"{verb} {words}", node=node, selector=path)
            ]
        if category == "redux.action":  # of Sentry's createReduxEnhancer: the action, its type among its fields
            name = text(data.get("type")) or text(data.get("action")) or message or "(no type)"
            known = ("type", "action", "state")
            payload = data.get("payload", {key: item for key, item in data.items() if key not in known} or None)
            state = data.get("state")
            return [StateChange(t=t, tab=tab, event=n, action=name, payload=payload, state=state, store="redux")]
        kind = (
            "feedback" if category == "sentry.feedback" else "device" if category.startswith("device.") else "custom"
        )
        if category.startswith("replay."):
            kind = "sdk"
        details: dict[str, Any] = {key: crumb[key] for key in ("message", "level") if crumb.get(key)}
        return [
            CustomEvent(
                t=t, tab=tab, event=n, name=category or text(crumb.get("type"), "breadcrumb"),
                data={**details, **data}, category=kind,
            )
        ]  # fmt: skip

    def _slow_click(
        self, t: float, n: int, category: str, data: dict[str, Any], message: str, mirror: Mirror
    ) -> list[Row]:
        node, words, path = _target(data, message, mirror)
        count = int(number(data.get("clickCount")))
        after = number(data.get("timeAfterClickMs"))
        timeout = data.get("endReason") == "timeout"
        # Of an element that was gone when the SDK told of it only the path is known; Sentry does not count those.
        tag = text(mapping(data.get("node")).get("tagName"))
        if category == "ui.multiClick":
            if count < _RAGE_CLICKS:
                return []
            action, sentence = "rage-click", f"Clicked {words} {count} times in a row"
        elif timeout:
            dead = after >= _DEAD_MS and tag in _DEAD_TAGS
            action = "slow-click" if not dead else "rage-click" if count >= _RAGE_CLICKS else "dead-click"
            again = f", clicked {count} times" if count > 1 else ""
            sentence = f"Nothing happened for {after / 1000:.0f} s after the click on {words}{again}"
        else:
            action = "slow-click"
            sentence = f"It took {after / 1000:.1f} s until something changed after the click on {words}"
        return [
            Interaction(
                t=t, tab=self.context.tab, event=n, action=action, words=sentence, node=node, selector=path,
                value=str(count) if count else "",
            )
        ]  # fmt: skip

    def _key(self, t: float, n: int, data: dict[str, Any], message: str, mirror: Mirror) -> Row:
        node, words, path = _target(data, message, mirror)
        held = [name for name in ("ctrl", "alt", "meta", "shift") if data.get(f"{name}Key") is True]
        key = "+".join([*(name.capitalize() for name in held), text(data.get("key"), "a key")])
        where = f" in {words}" if node >= 0 else ""
        return Interaction(
            t=t, tab=self.context.tab, event=n, action="key", words=f"Pressed {key}{where}", node=node,
            selector=path, value=key,
        )  # fmt: skip

    def read_span(self, t: float, n: int, payload: Any) -> list[Row]:
        """Rows of one performance span."""
        span = mapping(payload)
        op, description = text(span.get("op")), text(span.get("description"))
        data = mapping(span.get("data"))
        start = to_ms(number(span.get("startTimestamp"))) or t
        end = max(start, to_ms(number(span.get("endTimestamp"))) or start)
        if op.startswith("resource."):
            return [self._request(start, end, n, op[9:], description, data)]
        if op.startswith("navigation."):
            return self._navigation(start, end, n, op[11:], description, data)
        if op == "memory":
            memory = mapping(data.get("memory"))
            return [
                Vital(
                    t=start, tab=self.context.tab, event=n, name="memory", page=self.context.url,
                    value=number(memory.get("usedJSHeapSize")), detail=memory,
                )
            ]  # fmt: skip
        if op == "web-vital" or op in NAMES:
            return [self._vital(start, n, NAMES.get(description, description), data)]
        if op == "paint":
            if description == "first-contentful-paint" and self.context.origin:
                value = start - self.context.origin
                if 0 <= value < 3_600_000:
                    return [self._vital(start, n, "FCP", {"value": value})]
            return []
        return [
            CustomEvent(
                t=start, tab=self.context.tab, event=n, name=op or "span", category="span",
                data={"description": description, "duration": end - start, **data},
            )
        ]  # fmt: skip

    def _request(self, start: float, end: float, n: int, kind: str, url: str, data: dict[str, Any]) -> Row:
        kind = {"http": "fetch"}.get(kind, kind)
        called = kind in ("fetch", "xhr")
        request, response = mapping(data.get("request")), mapping(data.get("response"))
        status = int(number(data.get("statusCode"), -1))
        if status == 0 and not called:
            # Cross-origin resources hide their status.
            status = -1
        body = sentry_body(data.get("response"), self.context.options, data, "response", kind)
        return NetworkRequest(
            t=start, end=end, tab=self.context.tab, event=n,
            method=text(data.get("method")).upper() or ("POST" if kind == "beacon" else "GET"),
            url=self.context.absolute(url), status=status, kind=kind,
            size=int(number(response.get("size"), number(data.get("size", data.get("responseBodySize")), -1))),
            content_size=int(number(data.get("decodedBodySize"), -1)),
            error="no answer: failed or blocked" if status == 0 else "",
            request_headers=headers(request.get("headers")), response_headers=headers(response.get("headers")),
            request_body=sentry_body(data.get("request"), self.context.options, data, "request", kind),
            response_body=unanswered(body) if status == 0 else body,
        )  # fmt: skip

    def _navigation(self, start: float, end: float, n: int, how: str, url: str, data: dict[str, Any]) -> list[Row]:
        tab = self.context.tab
        before, url = self.context.url, self.context.absolute(url)
        self.context.url = url or before
        row = Navigation(t=start, tab=tab, event=n, url=url, how=_MOVES.get(how, how), from_url=before)
        if how == "push":
            return [row]
        self.context.origin, self.context.announced = start, url
        found = {
            name: number(data.get(key))
            for name, key in (
                ("interactive", "domInteractive"),
                ("complete", "domComplete"),
                ("load", "loadEventEnd"),
            )
            if number(data.get(key)) > 0
        }
        body = sentry_body(None, self.context.options, {}, "response", "document")
        return [
            row,
            NetworkRequest(
                t=start, end=end, tab=tab, event=n, url=url, kind="document", phases=found, request_body=body,
                response_body=body, size=int(number(data.get("size"), -1)),
            ),
        ]  # fmt: skip

    def _vital(self, t: float, n: int, name: str, data: dict[str, Any]) -> Vital:
        value = number(data.get("value"))
        nodes = data.get("nodeIds")
        if not isinstance(nodes, list):
            nodes = [data["nodeId"]] if "nodeId" in data else []
        detail = {key: item for key, item in data.items() if key in ("attributions", "size")}
        origin = self.context.origin
        if name in ("INP", "FID") and origin and abs(t - origin - value) <= 2:
            # SDKs up to 10 stamp these so; from 11 they stand at the interaction.
            detail["time"] = "stamped page start plus value, not at the interaction"
        rating = data.get("rating")
        return Vital(
            t=t, tab=self.context.tab, event=n, name=name, value=value, page=self.context.url,
            rating=rating if rating in _RATINGS else rate(name, value),
            nodes=[int(item) for item in nodes if isinstance(item, int)], detail=detail,
        )  # fmt: skip
