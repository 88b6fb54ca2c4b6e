"""Rows, notes, sessions: no text field of any kind is passed by."""

from __future__ import annotations

import typing
from typing import Any

import msgspec
import pytest

from replay_viewer.domain.rows import (
    KINDS,
    Body,
    Frame,
    Interaction,
    NetworkRequest,
    Row,
    SocketMessage,
    StateChange,
)
from replay_viewer.domain.session import Facts, Note, Session, Tab, User
from replay_viewer.redaction import Redactor

CARD = "4242 4242 4242 4242"
#: Fields that hold ids, names of rules and other words of our own.
FIXED = {
    "level", "rating", "kind", "method", "status", "source", "release", "environment", "id", "group", "store", "name",
    "how", "action", "mechanism", "category", "key", "code", "session", "colour", "severity", "state", "browser",
    "os", "sdk", "zone", "locale", "replay_type", "user_agent",
}  # fmt: skip


def filled(kind: Any, secret: str = CARD) -> Any:
    """A value of a type with the secret in every text."""
    if kind is str or kind is Any:
        return f"see {secret}"
    if kind is float or kind is int:
        return 1
    if kind is bool:
        return True
    if kind is bytes:
        return b"x"
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is list:
        return [filled(arguments[0], secret)]
    if origin is dict:
        return {"note": filled(arguments[1], secret)}
    if origin is tuple:
        return tuple(filled(argument, secret) for argument in arguments)
    if origin is typing.Literal:
        return arguments[0]
    if arguments:
        return filled(next(argument for argument in arguments if argument is not type(None)), secret)
    hints = typing.get_type_hints(kind)
    return kind(
        **{name: filled(hints[name], secret) for name in kind.__struct_fields__ if name not in FIXED},
        **{name: filled(hints[name], "x") for name in kind.__struct_fields__ if name in FIXED},
    )


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_text_of_a_row_is_looked_into(kind: str) -> None:
    """The secret stands in every text field; none is left, and the row keeps its type and numbers."""
    row = filled(KINDS[kind])
    done = Redactor().row(row)
    assert "4242" not in msgspec.json.encode(done).decode()
    assert type(done) is type(row)
    assert (done.t, done.tab, done.event) == (row.t, row.tab, row.event)


@pytest.mark.parametrize(("kind", "method"), [(Facts, "facts"), (Note, "note"), (Session, "session"), (Tab, None)])
def test_notes_and_sessions(kind: Any, method: str | None) -> None:
    """The same for what is not a row."""
    value = filled(kind)
    if method is not None:
        assert "4242" not in msgspec.json.encode(getattr(Redactor(), method)(value)).decode()


def test_none_gives_the_row_back() -> None:
    """Profile none."""
    row = filled(NetworkRequest)
    assert Redactor("none").row(row) is row


def test_typed_values() -> None:
    """By what the field is called; the words change with the value. Masked values are left as they are."""
    redactor = Redactor()
    row = Interaction(t=1, action="input", words="Typed “S3” in “Password”", selector="#pw", value="S3")
    done = redactor.row(row)
    assert isinstance(done, Interaction)
    assert "S3" not in done.words + done.value
    long = "correct horse battery staple and then some more words until it is long"
    row = Interaction(t=1, action="input", words=f"Typed “{long[:59]}…” in “Password”", value=long)
    done = redactor.row(row)
    assert isinstance(done, Interaction)
    assert "correct" not in done.words + done.value
    masked = Interaction(
        t=1, action="input", words="Typed 3 characters (masked) in “CVC”", selector="#c", value="***"
    )
    assert redactor.row(masked) == masked
    colour = Interaction(
        t=1, action="input", words="Set “#cc3366” in “Ribbon”", selector="form > input", value="#cc3366"
    )
    assert redactor.row(colour) == colour


def test_what_was_typed_is_found_elsewhere() -> None:
    """Learned from the interaction, removed from URL and body, plain and encoded."""
    redactor = Redactor()
    redactor.learn_row(Interaction(t=1, action="input", words="Typed “rose bud!” in “Password”", value="rose bud!"))
    body = Body(text='{"comment": "my rose bud! is"}')
    request = NetworkRequest(t=2, end=3, url="https://x.test/?q=rose%20bud%21", request_body=body)
    done = msgspec.json.encode(redactor.row(request)).decode()
    assert "rose" not in done


def test_action_names_the_field() -> None:
    """`auth/setPin` with a bare payload."""
    done = Redactor().row(StateChange(t=1, action="auth/setPin", payload="1"))
    assert isinstance(done, StateChange)
    assert done.payload == "[secret 1]"


def test_unknown_rows_are_refused() -> None:
    """A new row kind cannot slip through."""
    with pytest.raises(TypeError):
        Redactor().row(Row(t=1))


def test_user_of_facts() -> None:
    """The user becomes labels."""
    facts = Facts(user=User(id="u-1234", email="ada@example.test", name="Ada Byron"))
    assert Redactor(facts=facts).facts(facts).user == User(id="[user 1]", email="[e-mail 1]", name="[name 1]")


def test_messages_of_a_websocket() -> None:
    """Text as a body, what a secret field held everywhere, binary not at all, the calls' addresses."""
    redactor = Redactor()
    messages = [
        SocketMessage(t=2, sent=True, text='{"password": "rose bud!", "mail": "ada@example.test"}'),
        SocketMessage(t=3, text="echo rose bud!"),
        SocketMessage(t=4, text="AAEC/w==", size=4, binary=True),
    ]
    stack = [Frame(file="https://x.test/app.js?token=abcdefgh12345")]
    request = NetworkRequest(t=2, end=3, url="wss://x.test/live", messages=messages, stack=stack)
    redactor.learn_row(request)
    done = redactor.row(request)
    assert isinstance(done, NetworkRequest)
    text = msgspec.json.encode(done).decode()
    for secret in ("rose", "ada@", "AAEC", "abcdefgh12345"):
        assert secret not in text
    assert done.messages[2].why.startswith("removed")
