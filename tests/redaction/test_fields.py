"""Field names that hide their values, and those that do not."""

from __future__ import annotations

import pytest

from replay_viewer.redaction.fields import field_rule, input_label

SECRET = [
    "password", "newPassword", "user[password]", "passwd", "pwd", "api_key", "apiKey", "X-Api-Key", "access_token",
    "ssn",     "cvc", "card-number", "otp", "one_time_code", "pin", "csrf", "_csrf", "XSRF-TOKEN", "reset_token",
    "client_secret",     "cc-csc", "password2", "authorization", "Set-Cookie", "session_token",
]  # fmt: skip
OPEN = [
    "pinned", "spin", "passenger", "passwordVisible", "token_type", "tokenCount", "total_tokens", "secretary",
    "status", "compass", "id", "name", "items", "card", "auth_status", "expires", "author", "session_id",
    "requestId", "keyboard",
]  # fmt: skip


@pytest.mark.parametrize("name", SECRET)
def test_secret(name: str) -> None:
    """Whatever the spelling."""
    found = field_rule(name)
    assert found is not None
    assert found[0] == "secret-field"


@pytest.mark.parametrize("name", [name for name in OPEN if name != "card"])
def test_open(name: str) -> None:
    """Names that only contain a word, or speak about a secret."""
    assert field_rule(name) is None


def test_names_of_people() -> None:
    """`name` is personal inside a person only."""
    assert field_rule("name", "customer") == ("personal-field", "name")
    assert field_rule("name", "product") is None
    assert field_rule("firstName") == ("personal-field", "name")
    assert field_rule("billing_address") == ("personal-field", "address")


@pytest.mark.parametrize(
    ("attributes", "label"),
    [
        ({"type": "password", "name": "p"}, "secret"),
        ({"type": "text", "autocomplete": "section-a billing cc-number"}, "card"),
        ({"name": "fullname"}, "name"),
        ({"type": "email"}, "e-mail"),
        ({"class": "wide rr-mask"}, "typed"),
        ({"placeholder": "Card number"}, "secret"),
        ({"type": "search", "placeholder": "Search products…"}, None),
        ({"type": "checkbox", "name": "password"}, None),
    ],
)
def test_inputs(attributes: dict[str, str], label: str | None) -> None:
    """By type, autocomplete, name, placeholder and the SDKs' own marks."""
    assert input_label("input", attributes) == label


def test_other_elements() -> None:
    """Only controls are inputs."""
    assert input_label("div", {"type": "password"}) is None
