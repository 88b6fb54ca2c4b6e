"""Senders against services on loopback that answer as documented, faults included: what arrives, and how often."""

from __future__ import annotations

import email
import email.policy
import hashlib
import hmac
import json
import ssl
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import trustme

from replay_viewer.domain.errors import BadInput, Cancelled, SourceProblem
from replay_viewer.redaction import Redactor
from replay_viewer.services import senders
from replay_viewer.services.senders import Outgoing, Parcel, Target, Uncertain, compose, mail, post, sender, slack
from tests.export.notes import note
from tests.services.loopback import Answer, Post, http, smtp

OK_SLACK: Answer = (200, b"ok", {})
HOOK = "/services/T0/B0/" + "x" * 24
KEY = "0123456789abcdef0123456789ABCDEF"


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post.Poster, "_sleep", lambda self, seconds: None)
    monkeypatch.setattr(mail, "_PAUSE", 0.0)


def never() -> bool:
    return False


def packed(kind: str, target: Target, **changes: Any) -> tuple[Outgoing, Parcel]:
    made = compose(note(**changes), Redactor(), target)
    return made, sender(kind).pack(made, target)


def test_every_sender_is_registered_and_an_unknown_kind_says_which_there_are() -> None:
    assert list(senders.senders()) == ["slack", "pagerduty", "webhook", "email"]
    with pytest.raises(BadInput, match="slack, pagerduty, webhook, email"):
        sender("fax")


def test_the_same_note_has_the_same_key_and_a_changed_one_another() -> None:
    target = Target(kind="webhook", url="http://127.0.0.1:1/")
    first = compose(note("Total is wrong"), Redactor(), target)
    again = compose(msgspec.structs.replace(note("Total is wrong"), created=5.0), Redactor(), target)
    assert first.key == again.key
    assert first.key != compose(note("Total is right"), Redactor(), target).key
    elsewhere = Target(kind="webhook", url="http://127.0.0.1:2/")
    assert first.key != compose(note("Total is wrong"), Redactor(), elsewhere).key


@pytest.mark.parametrize("kind", ["slack", "pagerduty", "webhook", "email"])
def test_what_goes_went_through_redaction_and_the_preview_is_it(kind: str) -> None:
    target = Target(kind=kind, url="http://127.0.0.1:1", to="ops@example.test", sender="me@example.test")
    redactor = Redactor()
    before = note("Mail ada.l@example.test about card 4111 1111 1111 1111")
    parcel = sender(kind).pack(compose(before, redactor, target), target)
    whole = parcel.body + b"".join(file.data for file in parcel.attachments)
    assert b"ada.l@example.test" not in whole
    assert b"4111 1111" not in whole
    assert b"ada.l" not in parcel.preview().encode()
    assert "127.0.0.1" in parcel.preview()


# -- HTTP ------------------------------------------------------------


def test_slack_webhook() -> None:
    with http([OK_SLACK]) as service:
        target = Target(kind="slack", url="https://slack.com")
        made, parcel = packed("slack", target)
        receipt = sender("slack").send(parcel, target, service.url + HOOK, never)
    assert "posted" in receipt.said
    (came,) = service.posted
    assert came.path == HOOK
    message = json.loads(came.body)
    assert message["blocks"][0]["type"] == "header"
    assert made.title[:40] in message["blocks"][0]["text"]["text"]
    assert all(len(block.get("text", {}).get("text", "")) <= 3000 for block in message["blocks"])
    assert service.url not in parcel.preview(), "a webhook's address is its secret"


def test_slack_takes_nothing_of_a_note_for_its_own_marks() -> None:
    target = Target(kind="slack", url="https://slack.com")
    _, parcel = packed("slack", target)
    assert slack.escaped("<!channel> <@U1> a&b") == "&lt;!channel&gt; &lt;@U1&gt; a&amp;b"
    made = compose(note("boom"), Redactor(), target)
    made = msgspec.structs.replace(made, verdict="<!here>", steps=["click <@U2>"], facts=[("Page", "<http://x|y>")])
    text = sender("slack").pack(made, target).body.decode()
    assert "<!here>" not in text
    assert "<@U2>" not in text
    assert "<http://x" not in text
    assert parcel.body


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((404, b"no_service", {}), "webhook has been removed"),
        ((403, b"invalid_token", {}), "address is not valid"),
        ((410, b"channel_is_archived", {}), "archived"),
        ((500, b"oh", {}), "HTTP 500"),
    ],
)
def test_slack_says_no(answer: tuple[int, bytes, dict[str, str]], said: str) -> None:
    with http([answer]) as service:
        target = Target(kind="slack", url="https://slack.com")
        _, parcel = packed("slack", target)
        with pytest.raises((BadInput, SourceProblem), match=said) as caught:
            sender("slack").send(parcel, target, service.url + HOOK, never)
    assert len(service.posted) == 1, "what may have been posted is not posted again"
    assert HOOK not in str(caught.value)


def test_slack_limited_then_fine_and_broken_off_is_not_repeated() -> None:
    target = Target(kind="slack", url="https://slack.com")
    _, parcel = packed("slack", target)
    with http([(429, b"", {"Retry-After": "2"}), OK_SLACK]) as service:
        sender("slack").send(parcel, target, service.url + HOOK, never)
        assert len(service.posted) == 2
    with http(["reset", OK_SLACK]) as service, pytest.raises(Uncertain, match="may have arrived"):
        sender("slack").send(parcel, target, service.url + HOOK, never)
    assert len(service.posted) == 1


def test_a_slack_bot_posts_and_attaches_the_note_to_its_thread() -> None:
    answers: list[Answer] = [
        (200, b'{"ok": true, "channel": "C9", "ts": "17.1"}', {}),
        (200, b'{"ok": true, "upload_url": "$URL/upload/1", "file_id": "F1"}', {}),
        (200, b"OK", {}),
        (200, b'{"ok": true, "files": []}', {}),
    ]
    with http(answers) as service:
        target = Target(kind="slack", url=service.url, to="#incidents")
        made, parcel = packed("slack", target)
        receipt = sender("slack").send(parcel, target, "xoxb-1", never)
    assert "C9" in receipt.said
    paths = [came.path for came in service.posted]
    assert paths == [
        "/api/chat.postMessage",
        "/api/files.getUploadURLExternal",
        "/upload/1",
        "/api/files.completeUploadExternal",
    ]
    assert json.loads(service.posted[0].body)["channel"] == "#incidents"
    assert service.posted[2].body == made.files[0].data
    assert "authorization" not in service.posted[2].headers, "the upload's address is not Slack's API"
    shared = json.loads(service.posted[3].body)
    assert (shared["channel_id"], shared["thread_ts"], shared["files"][0]["id"]) == ("C9", "17.1", "F1")


def test_a_slack_bot_that_is_not_in_the_channel() -> None:
    with http([(200, b'{"ok":false,"error":"not_in_channel"}', {})]) as service:
        target = Target(kind="slack", url=service.url, to="C1")
        _, parcel = packed("slack", target)
        with pytest.raises(BadInput, match="not in the channel") as caught:
            sender("slack").send(parcel, target, "xoxb-secret", never)
        assert "xoxb" not in str(caught.value)
        with pytest.raises(BadInput, match="not in the channel"):
            sender("slack").test(target, "xoxb-secret")


def test_pagerduty_takes_an_event_and_the_key_is_only_in_what_goes() -> None:
    taken = (202, b'{"status":"success","message":"Event processed","dedup_key":"k"}', {})
    with http([(502, b"", {}), "reset", taken]) as service:
        target = Target(kind="pagerduty", url=service.url)
        made, parcel = packed("pagerduty", target)
        assert KEY not in parcel.preview()
        sender("pagerduty").send(parcel, target, KEY, never)
    events = [json.loads(came.body) for came in service.posted]
    assert len(events) == 3
    assert {event["dedup_key"] for event in events} == {made.key}, "three tries, one alert"
    event = events[-1]
    assert event["routing_key"] == KEY
    assert event["event_action"] == "trigger"
    assert event["payload"]["severity"] in ("critical", "error", "warning", "info")
    assert event["payload"]["summary"] == made.title
    assert all(link["href"].startswith("http") for link in event.get("links", []))


def test_pagerduty_says_what_is_wrong() -> None:
    answer = (400, b'{"status":"invalid event","message":"Event object is invalid","errors":["routing_key bad"]}', {})
    with http([answer]) as service:
        target = Target(kind="pagerduty", url=service.url)
        _, parcel = packed("pagerduty", target)
        with pytest.raises(BadInput, match="routing_key bad"):
            sender("pagerduty").send(parcel, target, KEY, never)
    with pytest.raises(BadInput, match="32"):
        sender("pagerduty").test(target, "short")


def test_pagerduty_cuts_what_is_too_long() -> None:
    target = Target(kind="pagerduty", url="http://127.0.0.1:1")
    made = msgspec.structs.replace(compose(note("long"), Redactor(), target), text="word " * 200_000)
    body = sender("pagerduty").pack(made, target).body
    assert len(body) <= 512_000
    assert b"(cut here)" in body


def test_a_webhook_is_signed_and_keyed() -> None:
    with http([(503, b"", {"Retry-After": "1"}), (204, b"", {})]) as service:
        target = Target(kind="webhook", url=f"{service.url}/notes")
        made, parcel = packed("webhook", target)
        sender("webhook").send(parcel, target, "s3cret", never)
    assert len(service.posted) == 2
    for came in service.posted:
        assert came.headers["idempotency-key"] == made.key
        signed = came.headers["x-replay-viewer-timestamp"].encode() + b"." + came.body
        expected = hmac.new(b"s3cret", signed, hashlib.sha256).hexdigest()
        assert came.headers["x-replay-viewer-signature"] == f"sha256={expected}"
    sent = json.loads(service.posted[-1].body)
    assert sent["version"] == 1
    assert sent["note"]["title"] == made.title
    assert sent["id"] == made.key


def test_nobody_there_and_giving_up() -> None:
    target = Target(kind="webhook", url="http://127.0.0.1:9/x")
    _, parcel = packed("webhook", target)
    with pytest.raises(SourceProblem, match=r"127\.0\.0\.1 cannot be reached"):
        sender("webhook").send(parcel, target, "", never)
    with pytest.raises(Cancelled):
        sender("webhook").send(parcel, target, "", lambda: True)
    with http([(429, b"", {"Retry-After": "4000"})]) as service:
        target = Target(kind="webhook", url=service.url)
        with pytest.raises(SourceProblem, match="4000 seconds"):
            sender("webhook").send(parcel_to(target), target, "", never)


def parcel_to(target: Target) -> Parcel:
    return packed(target.kind, target)[1]


# -- mail ------------------------------------------------------------


def to_mail(post: Post, scheme: str = "smtp", **changes: Any) -> Target:
    made = Target(
        kind="email",
        url=f"{scheme}://127.0.0.1:{post.port}",
        to="Ops <ops@example.test>, dev@example.test",
        sender="support@example.test",
    )
    return msgspec.structs.replace(made, **changes)


def test_a_mail_holds_the_note_and_its_html() -> None:
    with smtp(Post(says={"MAIL": ["451 later"]})) as server:
        target = to_mail(server)
        made, parcel = packed("email", target)
        receipt = sender("email").send(parcel, target, "", never)
    assert "taken" in receipt.said
    assert server.connections == 2, "“later” before the mail was taken is tried again"
    ((_, recipients, data),) = server.mails
    assert recipients == ["ops@example.test", "dev@example.test"]
    assert data.replace(b"\r\n", b"\n") == parcel.body.replace(b"\r\n", b"\n"), "what was previewed is what went"
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert message["Message-ID"] == f"<{made.key}@replay-viewer.invalid>"
    assert made.title[:30] in message["Subject"]
    body = message.get_body(("plain",))
    assert body is not None
    assert body.get_content().split() == made.text.split()
    (attached,) = message.iter_attachments()
    assert attached.get_filename() == "incident.html"


def test_a_mail_that_may_have_gone_is_not_sent_again() -> None:
    with smtp(Post(drop=True)) as server:
        target = to_mail(server)
        with pytest.raises(Uncertain, match="may have arrived"):
            sender("email").send(parcel_to(target), target, "", never)
    assert server.connections == 1


@pytest.mark.parametrize(
    ("says", "said"),
    [
        ({"RCPT": ["550 no such user", "550 no such user"]}, "does not take mail for"),
        ({"RCPT": ["250 ok", "550 no such user"]}, "but not for dev@example.test"),
        ({"END": ["554 spam"]}, "refuses: spam"),
        ({"connect": ["554 go away"]}, "refuses: go away"),
    ],
)
def test_a_mail_server_says_no(says: dict[str, list[str]], said: str) -> None:
    with smtp(Post(says=says)) as server:
        target = to_mail(server)
        with pytest.raises(SourceProblem, match=said):
            sender("email").send(parcel_to(target), target, "", never)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def ca_file(authority: trustme.CA) -> Iterator[str]:
    with authority.cert_pem.tempfile() as path:
        yield path


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_mail_is_encrypted_and_signs_in(scheme: str, tls: ssl.SSLContext, ca_file: str) -> None:
    with smtp(Post(tls=tls, always=scheme == "smtps", users={"me": "pa ss"})) as server:
        target = to_mail(server, scheme, user="me", ca_file=ca_file)
        assert "knows the user" in sender("email").test(target, "pa ss")
        sender("email").send(parcel_to(target), target, "pa ss", never)
        assert server.encrypted == [True]
        with pytest.raises(BadInput, match="does not accept user and password") as caught:
            sender("email").test(target, "wrong-password")
        assert "wrong-password" not in str(caught.value)
        with pytest.raises(SourceProblem, match="certificate of 127"):
            sender("email").test(msgspec.structs.replace(target, ca_file=""), "pa ss")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"url": "mail.example.test"}, "no mail server"),
        ({"to": "nobody"}, "no address of a recipient"),
        ({"to": "a@b\r\nBcc: x@y"}, "no address of a recipient"),
        ({"sender": ""}, "no address of a sender"),
    ],
)
def test_addresses_that_are_none(changes: dict[str, str], said: str) -> None:
    target = msgspec.structs.replace(to_mail(Post(port=25)), **changes)
    with pytest.raises(BadInput, match=said):
        sender("email").check(target, "")
