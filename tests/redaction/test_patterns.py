"""What each detector finds, and what it must leave alone."""

from __future__ import annotations

import pytest

from replay_viewer.redaction import RULES
from replay_viewer.redaction.patterns import find

ALL = frozenset(RULES)

FOUND = [
    ("e-mail", "write to ada.lovelace@example.test today"),
    ("e-mail", "u=ada%40example.test"),
    ("e-mail", "ada&#64;example.test"),
    ("e-mail", "jürgen@exämple.de"),
    ("card", "4242 4242 4242 4242"),
    ("card", "paid with 4000000000000002."),
    ("card", "3782-822463-10005"),
    ("card", "item 5 4242 4242 4242 4242 12/29"),
    ("card", "4242-4242-4242-4242-11"),
    ("card", "q=%204242424242424242"),
    ("iban", "DE89 3704 0044 0532 0130 00"),
    ("iban", "send to GB82WEST12345698765432 please"),
    ("jwt", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"),
    ("auth-header", "Authorization: Bearer abc123DEF456"),
    ("auth-header", "curl -H 'authorization: Basic dXNlcjpwYXNz'"),
    ("cookie", "Cookie: sid=abc; theme=dark"),
    ("api-key", "key sk_live_4eC39HqLyjWDarjtT1zdp7dc"),
    ("api-key", "AKIAIOSFODNN7EXAMPLE"),
    ("api-key", "xoxb-2345678901-abcdefghij"),
    ("api-key", "phx_0123456789abcdefghij"),
    ("api-key", "sntrys_eyJpYXQiOjE2ODczMzY1NDMuNjk4NTksInVybCI6bnVsb"),
    ("private-key", "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----"),
    ("url-password", "postgres://ada:rosebud@db.test/x"),
    ("national-id", "SSN 078-05-1120"),
    ("phone", "call +49 151 2345678"),
    ("phone", "(212) 555-0142"),
    ("phone", "tel:+15550142"),
    ("ip", "from 203.0.113.7"),
    ("ip", "2001:db8::8a2e:370:7334"),
    ("secret-field", "login failed: password=hunter2"),
    ("secret-field", '"client_secret": "abc"'),
    ("personal-field", "Full name: Ada Lovelace"),
]
LEFT = [
    "Add to cart",
    "1795205590156",  # epoch ms
    "4242 4242 4242 4241",  # fails Luhn
    "DE00 3704 0044 0532 0130 00",  # fails mod 97
    "icon@2x.png",
    "Chrome/156.0.0.0 Safari/537.36",
    "version 1.2.3.4",
    "http://127.0.0.1:4100/shop/",
    "12:30:45",
    "std::vector<int>::iterator",
    "a::before { content: none }",
    "2026-11-20T20:14:22.358Z",
    "order 10003 of 2026-12-24",
    "total_tokens: 512",
    "passwordVisible=true",
    "pinned=3",
    "spinner: on",
    "rgb(1, 2, 3) 0 0 12px",
    "#root>main>section>div.grid>article.card>img",
    "the token was invalid",
    "basic understanding",
    "TypeError: Cannot read properties of undefined (reading 'amount')",
    "9 items, 12.99 € each",
    "M 10 20 L 30 40",
]


@pytest.mark.parametrize(("rule", "text"), FOUND)
def test_found(rule: str, text: str) -> None:
    """Each rule finds its own."""
    assert rule in {span.rule for span in find(text, ALL)}


@pytest.mark.parametrize("text", LEFT)
def test_left_alone(text: str) -> None:
    """What only looks alike stays."""
    assert find(text, ALL) == []


def test_spans_are_inside() -> None:
    """A span says where its value stands."""
    for _, text in FOUND:
        for span in find(text, ALL):
            assert 0 <= span.start < span.end <= len(text)
