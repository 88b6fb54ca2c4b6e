"""Sentry's JSON of events, feedback, logs, transactions and replays as our rows and facts.

Two spellings: as sent in envelopes (snake_case, `exception.values`) and as the API answers (camelCase, `entries`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from replay_viewer.domain.otherplaces import replay_pages
from replay_viewer.domain.rows import CustomEvent, ErrorEvent, Raised, Row, StateChange
from replay_viewer.domain.session import Facts, User
from replay_viewer.formats.base.repair import checked
from replay_viewer.formats.base.values import frame_of, level_of, mapping, moment, sequence, text

#: Name of the attachment of Sentry's Redux integration.
STATE_FILE = "redux_state.json"


def replay_id(value: Any) -> str:
    """32 hex, lower case, from either spelling; '' when it is no id."""
    found = text(value).replace("-", "").lower()
    return found if len(found) == 32 and not found.strip("0123456789abcdef") else ""


def tags_of(event: dict[str, Any]) -> dict[str, str]:
    """Tags from an object, a list of pairs, or a list of {key, value}."""
    tags = event.get("tags")
    if isinstance(tags, dict):
        return {str(key): text(value) if not isinstance(value, bool) else str(value) for key, value in tags.items()}
    found: dict[str, str] = {}
    for tag in sequence(tags):
        if isinstance(tag, dict):
            found[text(tag.get("key"))] = text(tag.get("value"))
        elif isinstance(tag, list) and len(tag) == 2:
            found[text(tag[0])] = text(tag[1])
    return found


def replay_of(event: dict[str, Any], header: dict[str, Any] | None = None) -> str:
    """The replay an event belongs to, from its tags, contexts or the envelope's trace header."""
    contexts = mapping(event.get("contexts"))
    return (
        replay_id(tags_of(event).get("replayId"))
        or replay_id(mapping(contexts.get("replay")).get("replay_id"))
        or replay_id(mapping(contexts.get("feedback")).get("replay_id"))
        or replay_id(mapping(contexts.get("trace")).get("replay_id"))
        or replay_id(mapping(mapping(contexts.get("trace")).get("data")).get("replay_id"))
        or replay_id(mapping((header or {}).get("trace")).get("replay_id"))
    )


def _entry(event: dict[str, Any], kind: str) -> dict[str, Any]:
    """The data of an API entry (`exception`, `breadcrumbs`, `request`, `message`)."""
    for entry in sequence(event.get("entries")):
        if isinstance(entry, dict) and entry.get("type") == kind:
            return mapping(entry.get("data"))
    return {}


def _values(value: Any) -> list[dict[str, Any]]:
    found = value.get("values") if isinstance(value, dict) else value
    return [item for item in sequence(found) if isinstance(item, dict)]


def debug_ids_of(event: dict[str, Any]) -> dict[str, str]:
    """Debug ids of the page's scripts, by URL: `debug_meta` of an envelope, the entry `debugmeta` of the API."""
    meta = mapping(event.get("debug_meta")) or mapping(event.get("debugMeta")) or _entry(event, "debugmeta")
    return {
        text(image.get("code_file")) or text(image.get("codeFile")): id
        for image in sequence(meta.get("images"))
        if isinstance(image, dict) and (id := text(image.get("debug_id")) or text(image.get("debugId")))
    }


def raised_of(raw: dict[str, Any], debug_ids: Mapping[str, str] | None = None) -> Raised:
    """One exception of the chain; frames oldest first, source-mapped ones when the backend has them."""
    mechanism = mapping(raw.get("mechanism"))
    stack = mapping(raw.get("stacktrace")) or mapping(raw.get("rawStacktrace"))
    handled = mechanism.get("handled")
    return Raised(
        type=text(raw.get("type")) or "Error",
        value=text(raw.get("value")),
        frames=[frame_of(frame, debug_ids) for frame in _values({"values": stack.get("frames")})],
        handled=handled if isinstance(handled, bool) else None,
        mechanism=text(mechanism.get("type")),
    )


def _release(value: Any) -> str:
    return text(value.get("version")) if isinstance(value, dict) else text(value)


def _chain(exceptions: list[Raised], message: str) -> str:
    if exceptions:
        shown = exceptions[-1]
        return f"{shown.type}: {shown.value}" if shown.value else shown.type
    return message or "Error"


def error_of(event: dict[str, Any], sent: float = 0.0) -> ErrorEvent:
    """An error event; `sent` (epoch ms) stands in for a missing time."""
    request = mapping(event.get("request")) or _entry(event, "request")
    crumbs = event.get("breadcrumbs") or _entry(event, "breadcrumbs")
    logged = mapping(event.get("logentry")) or _entry(event, "message")
    tags = tags_of(event)
    extra = mapping(event.get("extra")) or mapping(event.get("context"))
    ids = debug_ids_of(event)
    exceptions = [raised_of(raw, ids) for raw in _values(event.get("exception") or _entry(event, "exception"))]
    message = text(event.get("message")) or text(logged.get("formatted")) or text(logged.get("message"))
    return ErrorEvent(
        t=moment(event.get("timestamp")) or moment(event.get("dateCreated")) or sent,
        id=replay_id(event.get("event_id") or event.get("eventID") or event.get("id")),
        title=_chain(exceptions, message or text(event.get("title"))),
        level=level_of(event.get("level") or tags.get("level") or "error"),
        exceptions=exceptions,
        source="sentry",
        release=_release(event.get("release")) or tags.get("release", ""),
        environment=text(event.get("environment")) or tags.get("environment", ""),
        url=text(request.get("url")) or tags.get("url", ""),
        tags=tags,
        contexts={**mapping(event.get("contexts")), **({"extra": extra} if extra else {})},
        breadcrumbs=_values(crumbs),
        group=text(event.get("groupID")) or text(event.get("groupId")),
    )


def _agent(event: dict[str, Any]) -> str:
    request = mapping(event.get("request")) or _entry(event, "request")
    headers = request.get("headers")
    pairs = headers.items() if isinstance(headers, dict) else [x for x in sequence(headers) if isinstance(x, list)]
    return next((text(value) for name, value in pairs if text(name).lower() == "user-agent"), "")


def user_of(raw: Any) -> User:
    """A user object of any Sentry payload."""
    user = mapping(raw)
    return User(
        id=text(user.get("id")),
        email=text(user.get("email")),
        name=text(user.get("username") or user.get("name")),
        role=text(user.get("role")) or text(mapping(user.get("data")).get("role")),
    )


def facts_of(event: dict[str, Any], session: str) -> Facts:
    """What an event, transaction or replay_event says of its session."""
    sdk = mapping(event.get("sdk"))
    culture = mapping(mapping(event.get("contexts")).get("culture"))
    is_replay = event.get("type") == "replay_event"
    extra: dict[str, Any] = {}
    if is_replay:
        extra = {name: event[name] for name in ("urls", "error_ids", "trace_ids") if sequence(event.get(name))}
        extra["segments"] = [event["segment_id"]] if isinstance(event.get("segment_id"), int) else []
        started = moment(event.get("replay_start_timestamp"))
        if started and event.get("segment_id") == 0:
            extra["started"] = started  # later page loads send one of their own
    urls = sequence(event.get("urls"))
    return Facts(
        session=session,
        source="sentry",
        url=text(urls[0]) if urls else "",
        user=user_of(event.get("user")),
        release=_release(event.get("release")),
        environment=text(event.get("environment")),
        user_agent=_agent(event),
        sdk=f"{text(sdk.get('name'))} {text(sdk.get('version'))}".strip(),
        zone=text(culture.get("timezone")),
        locale=text(culture.get("locale")),
        replay_type=text(event.get("replay_type")),
        tags=tags_of(event) if is_replay else {},
        extra=extra,
    )


def links_of(event: dict[str, Any], t: float) -> list[CustomEvent]:
    """Session pages of other vendors that an error names (LogRocket's `sessionURL` …), as rows beside it."""
    return [
        CustomEvent(t=t, name=f"{name} session", data={"url": url}, category="link")
        for name, url in replay_pages(event)
    ]


def state_of(body: bytes, t: float) -> StateChange | None:
    """The state container's content at an error, as Sentry's Redux integration attaches it; None for no JSON."""
    try:
        state = msgspec.json.decode(checked(body))
    except msgspec.DecodeError:
        return None
    return StateChange(t=t, action="State at the error", state=state, store="redux")


def feedback_of(event: dict[str, Any], sent: float) -> CustomEvent:
    """A `feedback` item, or a `user_report` of older SDKs."""
    said = mapping(mapping(event.get("contexts")).get("feedback")) or event
    message = text(said.get("message")) or text(said.get("comments"))
    data = {key: value for key, value in said.items() if key not in ("replay_id", "type")}
    return CustomEvent(t=moment(event.get("timestamp")) or sent, name=message, data=data, category="feedback")


_DULL = {"sdk", "breadcrumbs", "type", "platform", "user"}


def transaction_of(event: dict[str, Any], sent: float) -> CustomEvent:
    """A `transaction` (SDK 7 to 10), or a single `span`."""
    data = {key: value for key, value in event.items() if key not in _DULL}
    start = moment(event.get("start_timestamp")) or moment(event.get("timestamp")) or sent
    name = text(event.get("transaction")) or text(event.get("description")) or text(event.get("op"))
    return CustomEvent(t=start, name=name or "transaction", data=data, category="transaction")


def attributes_of(item: dict[str, Any]) -> dict[str, Any]:
    """Typed attributes `{name: {value, type}}` as plain ones."""
    return {
        key: value.get("value") if isinstance(value, dict) else value
        for key, value in mapping(item.get("attributes")).items()
    }


def container_rows(kind: str, item: dict[str, Any]) -> tuple[str, Row | None]:
    """(replay id, row) of one item of a `log` or `span` container; no row for spans inside a transaction."""
    attributes = attributes_of(item)
    session = replay_id(attributes.get("sentry.replay_id") or attributes.get("replay_id"))
    if kind == "log":
        data = {"level": text(item.get("level")), **attributes}
        t = moment(item.get("timestamp"))
        return session, CustomEvent(t=t, name=text(item.get("body")), data=data, category="log")
    if item.get("is_segment") is not True:
        return session, None
    data = {"status": item.get("status"), "end_timestamp": item.get("end_timestamp"), **attributes}
    t = moment(item.get("start_timestamp"))
    return session, CustomEvent(t=t, name=text(item.get("name")), data=data, category="transaction")
