"""PagerDuty Events API v2: the incident note as a `trigger` event.

Format: https://developer.pagerduty.com/docs/send-alert-event. The same `dedup_key` never makes a second alert, so
every failure that may pass is tried again. The routing key (the integration key of a service) is in the body; it is
put in only when the parcel goes.
"""

from __future__ import annotations

from typing import Any

import msgspec

from replay_viewer.domain.errors import BadInput, SourceProblem
from replay_viewer.domain.time import iso
from replay_viewer.services.senders.base import Cancelled, Outgoing, Parcel, Receipt, Target
from replay_viewer.services.senders.post import Poster

_SEVERITY = {"P1": "critical", "P2": "error", "P3": "warning", "P4": "info"}
_MOST = 512_000  # bytes of an event
_SUMMARY = 1024
_HIDDEN = "•" * 8


class PagerDuty:
    """The sender."""

    kind = "pagerduty"
    title = "PagerDuty"
    needs = "the integration key of a service (Events API v2)"
    address = "https://events.pagerduty.com"

    def check(self, target: Target, secret: str) -> None:
        """Raises BadInput."""
        if not (len(secret) == 32 and secret.isalnum()):
            raise BadInput("This is no PagerDuty integration key.", "It has 32 letters and digits.")

    def pack(self, outgoing: Outgoing, target: Target) -> Parcel:
        """One event; what is too long for PagerDuty is cut, and said to be."""
        details: dict[str, Any] = dict(outgoing.facts)
        details["respond within"] = outgoing.respond_within
        if outgoing.steps:
            details["steps"] = "\n".join(f"{n}. {step}" for n, step in enumerate(outgoing.steps, 1))
        details["note"] = outgoing.text
        event: dict[str, Any] = {
            "routing_key": _HIDDEN,
            "event_action": "trigger",
            "dedup_key": outgoing.key,
            "client": "Replay Viewer",
            "payload": {
                "summary": f"{outgoing.title}"[:_SUMMARY],
                "source": outgoing.session,
                "severity": _SEVERITY[outgoing.severity],
                "timestamp": iso(outgoing.happened),
                "class": "session replay",
                "custom_details": details,
            },
        }
        if outgoing.link:
            event["links"] = [{"href": outgoing.link, "text": "Recording"}]
        body = msgspec.json.encode(event)
        if len(body) > _MOST:
            details["note"] = outgoing.text[: max(0, len(outgoing.text) - (len(body) - _MOST) - 200)] + "\n(cut here)"
            body = msgspec.json.encode(event)
        return Parcel(where="PagerDuty", url=f"{target.url.rstrip('/')}/v2/enqueue", body=body)

    def send(self, parcel: Parcel, target: Target, secret: str, cancelled: Cancelled) -> Receipt:
        """Enqueue it."""
        self.check(target, secret)
        body = msgspec.json.encode({**msgspec.json.decode(parcel.body), "routing_key": secret})
        with Poster(target, cancelled) as poster:
            answer = poster.post(parcel.url, body, {"Content-Type": parcel.media}, once=True)
        said = answer.json()
        if answer.status == 202:
            return Receipt(said=f"PagerDuty has taken it ({said.get('dedup_key', '')}).")
        if answer.status == 400:
            wrong = "; ".join(str(each) for each in said.get("errors") or [said.get("message", "")])
            raise BadInput(f"PagerDuty refuses the event: {wrong[:300]}.", "Check the integration key.")
        if answer.status == 429:
            raise SourceProblem("PagerDuty limits how often one may send.", "Try again in a minute.")
        raise SourceProblem(
            f"PagerDuty answers with HTTP {answer.status}.", "Try again later: it will not come twice."
        )

    def test(self, target: Target, secret: str) -> str:
        """PagerDuty has no question that makes no alert: only the key's form can be looked at."""
        self.check(target, secret)
        return "The key has the right form. PagerDuty says whether it is valid when a note is sent."
