"""Secrets of every kind, and the places they stand in."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import strategies as st

_ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def _alnum(size: int) -> st.SearchStrategy[str]:
    return st.text(_ALNUM, min_size=size, max_size=size + 12)


def _luhn(digits: str) -> str:
    for check in "0123456789":
        total = 0
        for place, char in enumerate(reversed(digits + check)):
            value = int(char)
            total += (value * 2 - 9 if value > 4 else value * 2) if place % 2 else value
        if total % 10 == 0:
            return digits + check
    raise AssertionError


def _grouped(number: str, sign: str) -> str:
    return sign.join(number[at : at + 4] for at in range(0, len(number), 4))


cards = st.builds(
    lambda first, rest, sign: _grouped(_luhn((first + rest)[: 14 if first == "37" else 15]), sign),
    st.sampled_from(["4", "51", "55", "22", "37", "60"]),
    st.text("0123456789", min_size=14, max_size=14),
    st.sampled_from(["", " ", "-"]),
)


def _iban(country: str, body: str) -> str:
    body = body[: {"AT": 16, "ES": 20, "PL": 24}[country]]
    number = int("".join(str(int(char, 36)) for char in body + country + "00"))
    return f"{country}{98 - number % 97:02d}{body}"


ibans = st.builds(
    lambda country, body, spaced: _grouped(_iban(country, body), " ") if spaced else _iban(country, body),
    st.sampled_from(["AT", "ES", "PL"]),
    st.text("0123456789", min_size=24, max_size=24),
    st.booleans(),
)
mails = st.builds(
    lambda user, host, end: f"{user}@{host}.{end}",
    st.from_regex(r"[a-z][a-z0-9._+-]{2,12}[a-z0-9]", fullmatch=True),
    st.from_regex(r"[a-z][a-z0-9-]{1,10}[a-z0-9]", fullmatch=True),
    st.sampled_from(["com", "test", "co.uk", "io", "museum"]),
)
keys = st.one_of(
    _alnum(16).map("sk_live_".__add__),
    _alnum(36).map("ghp_".__add__),
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=16, max_size=16).map("AKIA".__add__),
    _alnum(20).map("xoxb-123-".__add__),
    _alnum(32).map("phx_".__add__),
    _alnum(40).map("sntrys_".__add__),
)


def _jwt(subject: str, signature: str) -> str:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'HS256'})}.{part({'sub': subject})}.{signature}"


tokens = st.builds(_jwt, _alnum(6), _alnum(30))
#: (kind, secret) pairs that a detector finds by shape alone.
shaped = st.one_of(
    st.tuples(st.just("card"), cards),
    st.tuples(st.just("iban"), ibans),
    st.tuples(st.just("e-mail"), mails),
    st.tuples(st.just("api-key"), keys),
    st.tuples(st.just("jwt"), tokens),
)
secret_names = st.sampled_from(
    [
        "password",
        "newPassword",
        "api_key",
        "x-auth-token",
        "client_secret",
        "ssn",
        "cvc",
        "otp",
        "pin",
        "user[password]",
        "accessToken",
        "csrf",
    ]
)
_WORDS = frozenset(("string", "number", "undefined", "bearer", "failed", "shop.test", "secret"))
#: What a person might take as a password: nothing a detector knows.
passwords = st.text(_ALNUM + "!-_.", min_size=6, max_size=20).filter(
    lambda text: text[0].isalnum() and text.lower() not in _WORDS
)
plain_json = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def in_text(secret: str) -> list[str]:
    """Texts that hold a secret of a shape."""
    return [
        secret,
        f"Hello {secret}, welcome",
        f"({secret})",
        f"value={secret}",
        f'{{"note": "see {secret}."}}',
        f"https://shop.test/a?q={quote(secret, safe='')}&b=1",
        f"https://shop.test/a#{urlencode({'q': secret})}",
        f"<p>{secret}</p>",
        json.dumps(json.dumps({"text": secret})),
    ]


def under_name(name: str, secret: str) -> list[str]:
    """Texts in which a field's name is all that gives a secret away."""
    return [
        f"https://shop.test/a?x=1&{quote(name, safe='[]')}={quote(secret, safe='')}&b=1",
        f"a=1&{quote(name, safe='')}={quote(secret, safe='')}",
        json.dumps({"user": {name: secret}}),
        json.dumps(json.dumps({name: secret})),
        json.dumps([{"name": name, "value": secret}]),
        f"login failed: {name}={secret} (again)",
        f'state was {{"{name}": "{secret}"}}',
    ]
