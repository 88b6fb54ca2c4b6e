"""A generic webhook: the note as JSON, posted to an address of your own (docs/sending.md has the format).

`Idempotency-Key` is the same for the same note, so a receiver that keeps it never handles one twice; hence every
failure that may pass is tried again. With a secret, `X-Replay-Viewer-Signature: sha256=…` is the HMAC-SHA256 (RFC
2104) of `timestamp + "." + body`, the timestamp being that of `X-Replay-Viewer-Timestamp` (epoch seconds).
"""

from __future__ import annotations

import hashlib
import hmac
import time
from urllib.parse import urlsplit

import msgspec

from replay_viewer.domain.errors import BadInput, SourceProblem
from replay_viewer.domain.time import iso
from replay_viewer.services.senders.base import Cancelled, Outgoing, Parcel, Receipt, Target
from replay_viewer.services.senders.post import Poster

VERSION = 1


class Webhook:
    """The sender."""

    kind = "webhook"
    title = "Webhook"
    needs = "a secret to sign with, or none"
    address = ""

    def check(self, target: Target, secret: str) -> None:
        """Raises BadInput."""
        if urlsplit(target.url).scheme not in ("http", "https"):
            raise BadInput(
                f"“{target.url}” is not an address.", "Webhooks look like https://hooks.example.com/notes."
            )

    def pack(self, outgoing: Outgoing, target: Target) -> Parcel:
        """The note in full, and in the few fields a small receiver wants."""
        body = msgspec.json.encode(
            {
                "version": VERSION,
                "event": "incident_note",
                "id": outgoing.key,
                "title": outgoing.title,
                "severity": outgoing.severity,
                "respond_within": outgoing.respond_within,
                "happened": iso(outgoing.happened),
                "session": outgoing.session,
                "link": outgoing.link,
                "verdict": outgoing.verdict,
                "facts": dict(outgoing.facts),
                "steps": outgoing.steps,
                "text": outgoing.text,
                "markdown": outgoing.markdown,
                "note": outgoing.note,
            }
        )
        host = urlsplit(target.url).hostname or target.url
        return Parcel(where=host, url=target.url, body=body, headers={"Idempotency-Key": outgoing.key})

    def send(self, parcel: Parcel, target: Target, secret: str, cancelled: Cancelled) -> Receipt:
        """Post it."""
        self.check(target, secret)
        headers = {**parcel.headers, "Content-Type": parcel.media}
        if secret:
            headers |= signature(secret, parcel.body, time.time())
        with Poster(target, cancelled) as poster:
            answer = poster.post(parcel.url, parcel.body, headers, once=True)
        if 200 <= answer.status < 300:
            return Receipt(said=f"{parcel.where} has taken it (HTTP {answer.status}).")
        said = f": {answer.text()}" if answer.body else ""
        if answer.status in (401, 403):
            raise BadInput(f"{parcel.where} refuses the note{said}.", "Check the secret of the connection.")
        if answer.status in (404, 410):
            raise BadInput(f"{parcel.where} has no such address.", "Check the address of the connection.")
        raise SourceProblem(f"{parcel.where} answers with HTTP {answer.status}{said}.", "Try again later.")

    def test(self, target: Target, secret: str) -> str:
        """A webhook knows no question without an event: only the address's form can be looked at."""
        self.check(target, secret)
        return "The address has the right form. Whether it takes a note shows when one is sent."


def signature(secret: str, body: bytes, now: float) -> dict[str, str]:
    """The headers that sign `body` at `now` (epoch seconds)."""
    stamp = str(int(now))
    mac = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"X-Replay-Viewer-Timestamp": stamp, "X-Replay-Viewer-Signature": f"sha256={mac}"}
