"""What every sender is made of: what goes out, where to, and the parcel that a person is shown before it goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from replay_viewer.domain.errors import SourceProblem
from replay_viewer.export.base import File

#: Whether the person gave up.
Cancelled = Callable[[], bool]


class Uncertain(SourceProblem):
    """The connection broke after the parcel was on its way: it may have arrived."""


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """An incident note ready to go, after redaction. `key` is the same for the same content to the same place.

    `facts`: (name, value) of what a reader wants first. `link`: an http address of the recording, or ''. `note`: the
    JSON export. `text`: the plain text export. `files`: to attach where attachments go.
    """

    key: str
    title: str
    severity: str
    respond_within: str
    happened: float
    verdict: str
    facts: list[tuple[str, str]]
    steps: list[str]
    link: str
    session: str
    text: str
    markdown: str
    note: dict[str, Any]
    files: list[File] = []


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where to: `url` of the service; `to` channel or recipients; `sender` and `user` of mail; how it is reached."""

    kind: str
    url: str
    to: str = ""
    sender: str = ""
    user: str = ""
    proxy: str = ""
    ca_file: str = ""
    verify: bool = True


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """Exactly what goes out, but for the secret. `where` in words; `body` as sent; `attachments`: name → bytes."""

    where: str
    url: str
    body: bytes
    media: str = "application/json"
    headers: dict[str, str] = {}
    attachments: list[File] = []

    def preview(self) -> str:
        """The parcel as text, for a person to read before it goes."""
        head = [
            f"To: {self.where}",
            f"Address: {self.url}",
            *(f"{name}: {text}" for name, text in self.headers.items()),
        ]
        attached = [f"Attachment: {one.name} ({len(one.data):,} bytes)" for one in self.attachments]
        body = self.body.decode("utf-8", "replace")
        if self.media == "application/json":
            body = msgspec.json.format(self.body, indent=2).decode()
        return "\n".join([*head, *attached, "", body])


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What the other side said. `link`: where it can be seen, or ''."""

    said: str
    link: str = ""


class Sender(Protocol):
    """One way out. `kind` names it, `needs` says in words what secret it wants ('' none)."""

    kind: str
    title: str
    needs: str
    address: str

    def check(self, target: Target, secret: str) -> None:
        """Raises BadInput for a target or secret that cannot work."""
        ...

    def pack(self, outgoing: Outgoing, target: Target) -> Parcel:
        """What will be sent. Raises BadInput for what the service would refuse."""
        ...

    def send(self, parcel: Parcel, target: Target, secret: str, cancelled: Cancelled) -> Receipt:
        """Send it. Raises SourceProblem, BadInput, Cancelled, and Uncertain when nobody knows whether it arrived."""
        ...

    def test(self, target: Target, secret: str) -> str:
        """Ask the service whether this would work, without sending; what it said. Raises as `send`."""
        ...
