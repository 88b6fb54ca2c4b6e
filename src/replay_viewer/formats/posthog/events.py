"""PostHog's events (`$exception`, `$web_vitals`, `$rageclick`, …) as our rows and facts."""

from __future__ import annotations

import re
from typing import Any, Literal, cast

from replay_viewer.domain.rows import CustomEvent, ErrorEvent, Interaction, Navigation, Raised, Row, Vital
from replay_viewer.domain.session import Facts, User
from replay_viewer.formats.base.values import frame_of, level_of, mapping, moment, sequence, text

#: Not a thing that happened: pointer positions for heat maps, and the recording itself.
_QUIET = {"$$heatmap", "$snapshot", "$feature_flag_called", "$groupidentify"}
#: Properties with a `$` that say something about the event and not about the SDK.
_KEPT = {"$current_url", "$pathname", "$event_type", "$el_text", "$elements_chain", "$anon_distinct_id", "$set"}
_METRIC = re.compile(r"^\$web_vitals_(\w+)_event$")
_TAG = re.compile(r"^([a-zA-Z][\w-]*)")
_TEXT = re.compile(r'text="((?:[^"\\]|\\.)*)"')
_ID = re.compile(r'attr__id="((?:[^"\\]|\\.)*)"')
_Rating = Literal["good", "needs-improvement", "poor", ""]


def time_of(event: dict[str, Any], properties: dict[str, Any], sent: float) -> float:
    """When it happened: its own time, the SDK's `$time`, or `offset` ms before `sent`."""
    offset = event.get("offset")
    return (
        moment(event.get("timestamp"))
        or moment(properties.get("$time"))
        or (sent - offset if isinstance(offset, int | float) else sent)
    )


def _element(properties: dict[str, Any]) -> tuple[str, str]:
    """(words, selector) of the element an event is about, from its `$elements_chain` or `$elements`."""
    chain = text(properties.get("$elements_chain"))
    first = chain.split(";")[0]
    if chain:
        tag = _TAG.match(first)
        name, id_match = tag.group(1) if tag else "element", _ID.search(first)
        id_text = id_match.group(1) if id_match else ""
        shown = _TEXT.search(first)
        label = text(properties.get("$el_text")) or (shown.group(1) if shown else "")
    else:
        element = mapping(next(iter(sequence(properties.get("$elements"))), {}))
        name = text(element.get("tag_name")) or "element"
        id_text = text(element.get("attr__id") or element.get("attr_id"))
        label = text(properties.get("$el_text")) or text(element.get("$el_text"))
    kind = {"a": "link"}.get(name, name)
    return f"{kind} “{label.strip()}”" if label.strip() else kind, f"{name}#{id_text}" if id_text else name


def _vitals(properties: dict[str, Any], t: float) -> list[Row]:
    rows: list[Row] = []
    for key, value in properties.items():
        match, metric = _METRIC.match(key), mapping(value)
        number = metric.get("value")
        if match and isinstance(number, int | float):
            rating = text(metric.get("rating"))
            attribution = mapping(metric.get("attribution"))
            rows.append(
                Vital(
                    t=moment(metric.get("timestamp")) or t,
                    name=match.group(1),
                    value=float(number),
                    rating=cast(_Rating, rating) if rating in ("good", "needs-improvement", "poor") else "",
                    page=text(metric.get("navigationURL")) or text(metric.get("$current_url")),
                    target=text(attribution.get("target") or attribution.get("interactionTarget")),
                    id=text(metric.get("id")),
                    detail=attribution,
                )
            )
    return rows


def raised_of(raw: dict[str, Any]) -> Raised:
    """One entry of `$exception_list`; frames oldest first."""
    mechanism = mapping(raw.get("mechanism"))
    handled = mechanism.get("handled")
    frames = sequence(mapping(raw.get("stacktrace")).get("frames"))
    return Raised(
        type=text(raw.get("type")) or "Error",
        value=text(raw.get("value")),
        frames=[frame_of(frame) for frame in frames if isinstance(frame, dict)],
        handled=handled if isinstance(handled, bool) else None,
        mechanism=text(mechanism.get("type")),
    )


def error_of(event: dict[str, Any], properties: dict[str, Any], t: float) -> ErrorEvent:
    """A `$exception`. posthog-js lists the outermost exception first, its causes behind it."""
    raws = [raw for raw in sequence(properties.get("$exception_list")) if isinstance(raw, dict)]
    exceptions = [raised_of(raw) for raw in reversed(raws)]
    if not exceptions:
        kind, message = text(properties.get("$exception_type")), text(properties.get("$exception_message"))
        exceptions = [Raised(type=kind or "Error", value=message)]
    shown = exceptions[-1]
    return ErrorEvent(
        t=t,
        id=text(event.get("uuid")),
        title=f"{shown.type}: {shown.value}" if shown.value else shown.type,
        level=level_of(properties.get("$exception_level") or "error"),
        exceptions=exceptions,
        source="posthog",
        release=text(properties.get("$app_version") or properties.get("release")),
        environment=text(properties.get("environment")),
        url=text(properties.get("$current_url")),
        tags={
            name: text(properties[key])
            for name, key in (("browser", "$browser"), ("os", "$os"), ("device", "$device_type"))
            if text(properties.get(key))
        },
        contexts={"posthog": own(properties)} if own(properties) else {},
        group=text(properties.get("$exception_issue_id")) or text(properties.get("$exception_fingerprint")),
    )


def own(properties: dict[str, Any]) -> dict[str, Any]:
    """The properties the site gave, and the few of the SDK's that belong to the event itself."""
    dull = {"token", "distinct_id", "title"}
    return {
        key: value
        for key, value in properties.items()
        if (not key.startswith("$") and key not in dull) or key in _KEPT or key.startswith("$survey_")
    }


def rows_of(event: dict[str, Any], properties: dict[str, Any], sent: float) -> list[Row]:
    """The rows of one event; `sent` is when its request left (epoch ms)."""
    name, t = text(event.get("event")), time_of(event, properties, sent)
    url = text(properties.get("$current_url"))
    if name in _QUIET or not name:
        return []
    if name == "$exception":
        return [error_of(event, properties, t)]
    if name == "$web_vitals":
        return _vitals(properties, t)
    if name == "$pageview":
        how = {"pushState": "push", "replaceState": "replace", "popstate": "popstate"}
        return [
            Navigation(
                t=t,
                url=url,
                how=how.get(text(properties.get("navigation_type")), "load"),
                from_url=text(properties.get("$prev_pageview_url")),
            )
        ]
    if name in ("$rageclick", "$dead_click"):
        words, selector = _element(properties)
        action = "rage-click" if name == "$rageclick" else "dead-click"
        said = "Clicked again and again on" if name == "$rageclick" else "Clicked without effect on"
        at = moment(properties.get("$dead_click_event_timestamp")) if name == "$dead_click" else 0.0
        return [Interaction(t=at or t, action=action, words=f"{said} {words}", selector=selector)]
    return [CustomEvent(t=t, name=name, data=own(properties), category="posthog")]


def _person(*given: dict[str, Any]) -> tuple[str, str]:
    email = name = ""
    for values in given:
        email = email or text(values.get("email")) or text(values.get("$email"))
        name = name or text(values.get("name")) or text(values.get("username"))
    return email, name


def _role(*given: dict[str, Any]) -> str:
    return next((role for values in given if (role := text(mapping(values.get("$set")).get("role")))), "")


def facts_of(event: dict[str, Any], properties: dict[str, Any]) -> Facts:
    """What one event says of its session."""
    email, name = _person(
        mapping(properties.get("$set")), mapping(event.get("$set")), mapping(properties.get("$set_once"))
    )
    distinct = text(properties.get("distinct_id")) or text(event.get("distinct_id"))
    version, library = text(properties.get("$lib_version")), text(properties.get("$lib"))
    extra = {
        key.removeprefix("$"): properties[key]
        for key in ("$browser", "$browser_version", "$os", "$os_version", "$device_type")
        if properties.get(key) is not None
    }
    return Facts(
        session=text(properties.get("$session_id")),
        source="posthog",
        url=text(properties.get("$session_entry_url")) or text(properties.get("$current_url")),
        user=User(id=distinct, email=email, name=name, role=_role(properties, event)),
        release=text(properties.get("$app_version")) or text(properties.get("release")),
        environment=text(properties.get("environment")),
        user_agent=text(properties.get("$raw_user_agent")),
        sdk=f"{'posthog-js' if library == 'web' else library or 'posthog-js'} {version}" if version else "",
        zone=text(properties.get("$timezone")),
        locale=text(properties.get("$browser_language")),
        extra=extra,
    )


def flags_facts(body: dict[str, Any]) -> Facts:
    """What a request for feature flags (`/flags/`, `/decide/`) says of the person; it names no session."""
    email, name = _person(mapping(body.get("person_properties")))
    return Facts(
        source="posthog",
        user=User(id=text(body.get("distinct_id")), email=email, name=name),
        zone=text(body.get("timezone")),
    )


def person_facts(person: dict[str, Any], session: str) -> Facts:
    """What an export file or the API says of the person."""
    properties = mapping(person.get("properties"))
    email, name = _person(properties, person)
    ids = sequence(person.get("distinct_ids"))
    return Facts(
        session=session,
        source="posthog",
        user=User(id=text(person.get("distinct_id")) or (text(ids[0]) if ids else ""), email=email, name=name),
        release=text(properties.get("$app_version")),
        zone=text(properties.get("$timezone")),
    )
