"""Sending an incident note: a registry of senders, and the one way into them, which is behind redaction.

    outgoing = compose(note, redactor, key_for=target)   # what goes, after redaction
    parcel = sender("slack").pack(outgoing, target)      # exactly what is sent: shown to a person first
    sender("slack").send(parcel, target, secret, cancelled)

A third party adds one by an entry point of the group `replay_viewer.senders` that names a class with the methods of
`base.Sender`.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import entry_points

import msgspec

from replay_viewer.domain.errors import BadInput
from replay_viewer.export import IncidentNote, Settings, export, redacted
from replay_viewer.export.base import File
from replay_viewer.redaction import Redactor
from replay_viewer.services.senders.base import Outgoing, Parcel, Receipt, Sender, Target, Uncertain
from replay_viewer.services.senders.mail import Mail
from replay_viewer.services.senders.pagerduty import PagerDuty
from replay_viewer.services.senders.slack import Slack
from replay_viewer.services.senders.webhook import Webhook

__all__ = ["Outgoing", "Parcel", "Receipt", "Sender", "Target", "Uncertain", "compose", "sender", "senders"]

_OWN: tuple[Sender, ...] = (Slack(), PagerDuty(), Webhook(), Mail())
_STEM = "incident"


@cache
def senders() -> dict[str, Sender]:
    """Kind → sender: ours, then those of installed packages (which cannot replace ours)."""
    found = {one.kind: one for one in _OWN}
    for point in entry_points(group="replay_viewer.senders"):
        made: Sender = point.load()()
        found.setdefault(made.kind, made)
    return found


def sender(kind: str) -> Sender:
    """The sender of a kind. Raises BadInput."""
    known = senders()
    if kind not in known:
        raise BadInput(f"Notes cannot be sent to “{kind}”.", f"There are: {', '.join(known)}.")
    return known[kind]


def compose(note: IncidentNote, redactor: Redactor, target: Target) -> Outgoing:
    """What goes to `target`: everything in it is taken from exports, which went through `redactor`.

    The key is made of the place and of all the note says: the same note twice is one, a changed one is another.
    """
    clean = redacted(note, redactor)
    files = [File(f"{_STEM}.html", export(note, "html", redactor, Settings(stem=_STEM))[0].data)]
    text = export(note, "txt", redactor)[0].data.decode()
    plain = msgspec.structs.replace(note, pictures=[])
    as_json = msgspec.json.decode(export(plain, "json", redactor)[0].data)
    same = msgspec.json.encode(msgspec.structs.replace(plain, created=0.0))
    place = f"{target.kind} {target.url} {target.to}".encode()
    session = clean.session
    facts = [
        ("Severity", f"{clean.severity}, response within {clean.response}"),
        ("Category", clean.category),
        ("User", session.facts.user.label),
        ("Page", clean.page),
        ("Browser", " on ".join(part for part in (session.browser, session.os) if part)),
        ("Release", session.facts.release),
        ("Environment", session.facts.environment),
    ]
    links = [link.url for link in clean.links if link.url.startswith(("http://", "https://"))]
    return Outgoing(
        key=hashlib.sha256(place + same).hexdigest()[:32],
        title=clean.title,
        severity=clean.severity,
        respond_within=clean.response,
        happened=clean.moment,
        verdict=clean.verdict,
        facts=[(name, text) for name, text in facts if text],
        steps=clean.steps,
        link=links[0] if links else "",
        session=session.id,
        text=text,
        markdown=export(msgspec.structs.replace(plain, charts=[]), "md", redactor)[0].data.decode(),
        note=as_json,
        files=files,
    )
