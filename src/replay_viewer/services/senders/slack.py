"""Slack: an incoming webhook, or a bot that posts to a channel and attaches the note as a file.

Formats: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks, chat.postMessage,
files.getUploadURLExternal and files.completeUploadExternal of the Web API, Block Kit. Slack knows no key against
doubles, so what may have arrived is not sent again.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from replay_viewer.domain.errors import BadInput, SourceProblem
from replay_viewer.services.senders.base import Cancelled, Outgoing, Parcel, Receipt, Target
from replay_viewer.services.senders.post import Answer, Poster

_HEADER = 150  # characters of a header block
_SECTION = 3000  # of a section's text
_FIELDS = 10  # of a section
_FIELD = 2000

#: What Slack's words mean, and what to do (Web API errors, webhook answers).
_MEANS = {
    "invalid_auth": ("Slack does not accept the token.", "Make a new one in the app's settings."),
    "not_authed": ("Slack does not accept the token.", "Make a new one in the app's settings."),
    "token_revoked": ("The token has been revoked.", "Make a new one in the app's settings."),
    "account_inactive": ("The token belongs to a removed app.", "Install the app again."),
    "missing_scope": ("The token lacks a scope.", "The app needs chat:write, and files:write to attach the note."),
    "channel_not_found": ("There is no such channel.", "Check the channel; a private one needs the app invited."),
    "not_in_channel": ("The app is not in the channel.", "Invite it there: /invite and its name."),
    "is_archived": ("The channel is archived.", "Choose another one."),
    "channel_is_archived": ("The channel is archived.", "Choose another one."),
    "action_prohibited": ("An administrator does not allow this.", "Ask whoever runs the workspace."),
    "no_service": ("The webhook has been removed.", "Make a new one in the app's settings."),
    "no_active_hooks": ("The webhook has been removed.", "Make a new one in the app's settings."),
    "invalid_token": ("The webhook's address is not valid.", "Copy it again from the app's settings."),
    "no_team": ("The webhook's workspace is gone.", "Make a new one."),
}


class Slack:
    """The sender. The secret is a webhook's address, or a bot token (xoxb-…); with a token, `to` is the channel."""

    kind = "slack"
    title = "Slack"
    needs = "the address of an incoming webhook, or a bot token (xoxb-…)"
    address = "https://slack.com"

    def check(self, target: Target, secret: str) -> None:
        """Raises BadInput."""
        if secret.startswith("https://") or (secret.startswith("http://") and _loopback(secret)):
            return
        if not secret.startswith(("xoxb-", "xoxp-")):
            raise BadInput(
                "This is neither a webhook's address nor a token.",
                "Webhooks begin with https://, bot tokens with xoxb-.",
            )
        if not target.to:
            raise BadInput("A bot needs a channel to post to.", "Give its id (C0123ABCD) or name.")

    def pack(self, outgoing: Outgoing, target: Target) -> Parcel:
        """The message in Block Kit; the whole note goes as a file where a bot posts."""
        fields = [
            {"type": "mrkdwn", "text": _cut(f"*{escaped(name)}*\n{escaped(text)}", _FIELD)}
            for name, text in outgoing.facts[:_FIELDS]
        ]
        blocks: list[dict[str, Any]] = [
            {"type": "header", "text": {"type": "plain_text", "text": _cut(_headline(outgoing), _HEADER)}}
        ]
        if outgoing.verdict:
            blocks.append(_section(f"*{escaped(outgoing.verdict)}*"))
        if fields:
            blocks.append({"type": "section", "fields": fields})
        if outgoing.steps:
            steps = "\n".join(f"{n}. {escaped(step)}" for n, step in enumerate(outgoing.steps, 1))
            blocks.append(_section(f"*Steps*\n{steps}"))
        if outgoing.link:
            blocks.append(_section(f"<{quote(outgoing.link, safe=':/?&=#%+,;@~')}|Open the recording>"))
        words = f"{outgoing.session} · redacted by Replay Viewer"
        blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": escaped(words)}]})
        message: dict[str, Any] = {"text": _cut(_headline(outgoing), 300), "blocks": blocks}
        if target.to:
            message["channel"] = target.to
            message["unfurl_links"] = False
        return Parcel(
            where=f"Slack{', ' + target.to if target.to else ''}",
            url=f"{target.url.rstrip('/')}/api/chat.postMessage" if target.to else "the webhook's address",
            body=msgspec.json.encode(message),
            attachments=outgoing.files if target.to else [],
        )

    def send(self, parcel: Parcel, target: Target, secret: str, cancelled: Cancelled) -> Receipt:
        """Post it; the file into the message's thread."""
        self.check(target, secret)
        with Poster(target, cancelled) as poster:
            if not secret.startswith("xox"):
                answer = poster.post(secret, parcel.body, {"Content-Type": parcel.media}, once=False)
                if answer.status == 200 and answer.text() == "ok":
                    return Receipt(said="Slack has posted it.")
                raise _problem(answer, answer.text())
            headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json; charset=utf-8"}
            said = _agreed(poster.post(parcel.url, parcel.body, headers, once=False))
            channel, stamp = str(said.get("channel", target.to)), str(said.get("ts", ""))
            for file in parcel.attachments:
                self._attach(poster, target, secret, channel, stamp, file.name, file.data)
        return Receipt(said=f"Slack has posted it to {channel}.")

    def _attach(
        self, poster: Poster, target: Target, secret: str, channel: str, stamp: str, name: str, data: bytes
    ) -> None:
        """Upload a file and share it in the thread. A file that is uploaded but not shared is seen by nobody."""
        base = f"{target.url.rstrip('/')}/api"
        form = {"Authorization": f"Bearer {secret}", "Content-Type": "application/x-www-form-urlencoded"}
        asked = urlencode({"filename": name, "length": len(data)}).encode()
        there = _agreed(poster.post(f"{base}/files.getUploadURLExternal", asked, form, once=True))
        upload = poster.post(str(there["upload_url"]), data, {"Content-Type": "application/octet-stream"}, once=True)
        if upload.status != 200:
            raise SourceProblem(
                f"The message is posted, but Slack did not take the file (HTTP {upload.status}).",
                "Attach it by hand.",
            )
        share = {"files": [{"id": there["file_id"], "title": name}], "channel_id": channel, "thread_ts": stamp}
        bearer = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json; charset=utf-8"}
        _agreed(poster.post(f"{base}/files.completeUploadExternal", msgspec.json.encode(share), bearer, once=False))

    def test(self, target: Target, secret: str) -> str:
        """Ask Slack who the token is; a webhook can only be looked at."""
        self.check(target, secret)
        if not secret.startswith("xox"):
            return "The webhook's address has the right form. Slack says whether it is valid when a note is sent."
        with Poster(target, lambda: False) as poster:
            url = f"{target.url.rstrip('/')}/api/auth.test"
            said = _agreed(poster.post(url, b"", {"Authorization": f"Bearer {secret}"}, once=True))
        return f"Slack knows the token: {said.get('user', 'a bot')} in {said.get('team', 'a workspace')}."


def escaped(text: str) -> str:
    """Text that Slack takes as it stands: no mention, no link, no channel can be made of it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _headline(outgoing: Outgoing) -> str:
    return f"{outgoing.severity} · {outgoing.title}"


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": _cut(text, _SECTION)}}


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _agreed(answer: Answer) -> dict[str, Any]:
    """The answer of a Web API method that went well. Raises what Slack said otherwise."""
    said = answer.json()
    if answer.status == 200 and said.get("ok"):
        return said
    raise _problem(answer, str(said.get("error", "")))


def _problem(answer: Answer, word: str) -> Exception:
    if word in _MEANS:
        return BadInput(*_MEANS[word])
    if answer.status == 429 or word in ("ratelimited", "rate_limited"):
        return SourceProblem("Slack limits how often one may send.", "Try again in a minute.")
    said = f": {word[:200]}" if word else ""
    return SourceProblem(f"Slack answers with HTTP {answer.status}{said}.", "Try again later.")


def _loopback(url: str) -> bool:
    return (urlsplit(url).hostname or "") in ("127.0.0.1", "localhost", "::1")
