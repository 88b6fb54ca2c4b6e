"""Sending an incident note to a place: the parcel first, for a person to read; then the same parcel, nothing else."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import msgspec

from replay_viewer.domain.errors import BadInput, NotFound
from replay_viewer.export import IncidentNote
from replay_viewer.redaction import Redactor
from replay_viewer.services import connections
from replay_viewer.services.connections import Connection
from replay_viewer.services.senders import Parcel, Receipt, Target, compose, sender

log = logging.getLogger(__name__)


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel and where it goes."""

    place: Connection
    target: Target
    parcel: Parcel


def place(home: Path, name: str) -> Connection:
    """The connection a note is sent to, by name. Raises NotFound, BadInput when it is a source of sessions."""
    known = connections.places(home)
    for one in known:
        if one.name == name:
            return one
    if name in {one.name for one in connections.connections(home)}:
        raise BadInput(f"“{name}” is a source of sessions; notes are not sent there.", "Add a place to send to.")
    names = ", ".join(one.name for one in known)
    raise NotFound(
        f"There is no place “{name}” to send to.",
        f"There are: {names}." if names else "Add one: replay-viewer connect add NAME - --kind slack.",
    )


def target_of(one: Connection) -> Target:
    """How a sender reaches a place."""
    return Target(
        kind=one.kind,
        url=one.url,
        to=one.to,
        sender=one.sender,
        user=one.user,
        proxy=one.proxy,
        ca_file=one.ca_file,
        verify=one.verify,
    )


def make_ready(one: Connection, note: IncidentNote, redactor: Redactor) -> Ready:
    """The parcel of a note, after redaction. Raises BadInput for what the service would refuse."""
    target = target_of(one)
    return Ready(place=one, target=target, parcel=sender(one.kind).pack(compose(note, redactor, target), target))


def send(ready: Ready, cancelled: Callable[[], bool] = lambda: False) -> Receipt:
    """Send a parcel that was made ready. Raises SourceProblem, Uncertain, BadInput, Cancelled."""
    receipt = sender(ready.place.kind).send(ready.parcel, ready.target, connections.token_of(ready.place), cancelled)
    log.info("a note was sent to %s (%s)", ready.place.name, ready.place.kind)
    return receipt


def test(one: Connection) -> str:
    """What a place says when asked whether a note could be sent. Raises as `send`."""
    return sender(one.kind).test(target_of(one), connections.token_of(one))
