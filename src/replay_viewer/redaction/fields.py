"""Which field names carry secrets or personal data, whatever their spelling: `newPassword`, `api-key`, `user[pin]`.

A name is split into words (camel case, snake case, kebab case, brackets). The last word decides what the field is:
`password_required` and `tokenCount` are no secrets, `reset_token` is one.
"""
# ruff: noqa: SIM905 (word lists read better as text)

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

#: Words that make a field secret when they stand in its name.
_SECRET_WORDS = frozenset(
    (
        "password passwd passwort pwd passphrase passcode pass secret token jwt bearer otp totp mfa pin cvc cvv csc "
        "ssn sin authorization authorisation credential credentials cookie cookies csrf xsrf sid jsessionid "
        "phpsessid sessid apikey accesskey privatekey secretkey iban cardnumber ccnumber pan nonce signature "
        "passport "
    ).split()
)
#: Runs of words that do the same.
_SECRET_RUNS = (
    "api key", "access key", "private key", "secret key", "auth key", "encryption key", "signing key", "set cookie",
    "card number", "card no", "credit card", "cc number", "cc num", "cc csc", "security code", "verification code",
    "auth code", "one time code", "social security", "tax id", "national id", "account number", "routing number",
    "sort code", "bank account", "driver license", "drivers license", "connect sid", "session token", "session key",
    "client secret", "x auth", "mother maiden", "security answer", "pass word", "cc exp", "sig v4",
)  # fmt: skip
#: Names that are secret only as a whole.
_SECRET_NAMES = frozenset(("auth", "cc", "card", "code verifier", "sig", "hmac", "cardno", "tan"))
#: A last word that says the field is about a secret, not the secret: `tokenType`, `passwordVisible`.
_ABOUT = frozenset(
    (
        "count counts limit type types kind expires expiry expired expiration expire length len max min size valid "
        "invalid required strength policy label placeholder error errors visible shown show enabled disabled status "
        "state changed reset forgot forgotten name names field fields url uri endpoint ttl age at date updated "
        "created id ids version index color colour width height position icon image title page screen form input "
        "button link path mode domain consent banner settings preferences accepted rules regex pattern algorithm "
        "header method "
    ).split()
)
#: Personal fields: run of words → label word.
_PERSONAL_RUNS = {
    "first name": "name", "last name": "name", "full name": "name", "given name": "name", "family name": "name",
    "additional name": "name", "middle name": "name", "maiden name": "name", "cardholder name": "name",
    "card holder": "name", "name on card": "name", "cc name": "name", "customer name": "name", "contact name": "name",
    "birth date": "birth date", "date of birth": "birth date", "phone number": "phone", "mobile number": "phone",
    "street address": "address", "address line": "address", "postal address": "address", "home address": "address",
    "billing address": "address", "shipping address": "address", "email address": "e-mail", "e mail": "e-mail",
    "mail address": "e-mail", "user name": "user", "user email": "e-mail",
    "ip address": "IP", "client ip": "IP", "remote addr": "IP",
}  # fmt: skip
_PERSONAL_WORDS = {
    "firstname": "name", "lastname": "name", "fullname": "name", "surname": "name", "forename": "name",
    "cardholder": "name", "dob": "birth date", "birthday": "birth date", "birthdate": "birth date",
    "bday": "birth date", "email": "e-mail", "emailaddress": "e-mail", "phone": "phone", "telephone": "phone",
    "tel": "phone", "mobile": "phone", "phonenumber": "phone",
    "street": "address", "streetaddress": "address", "address1": "address",
    "address2": "address", "addressline1": "address", "addressline2": "address", "username": "user",
}  # fmt: skip
#: `name`, `id` and the like are personal under one of these parents.
_PEOPLE = frozenset(
    (
        "user customer account person contact profile owner recipient shipping billing cardholder member patient "
        "employee guest buyer payer sender identity traits "
    ).split()
)
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_DIGITS = re.compile(r"\d+$")


@lru_cache(maxsize=20_000)
def words(name: str) -> tuple[str, ...]:
    """The words of a field name, in lower case: `user[newPassword]` → user, new, password."""
    return tuple(word.lower() for word in _WORDS.findall(name[:200]))


@lru_cache(maxsize=20_000)
def field_rule(name: str, parent: str = "") -> tuple[str, str] | None:
    """(rule id, label word) when a value under `name` (inside an object called `parent`) is to go, else None."""
    parts = words(name)
    if not parts or len(parts) > 12:
        return None
    while len(parts) > 1 and parts[-1].isdigit():
        parts = parts[:-1]
    joined = " ".join(parts)
    last = parts[-1]
    if joined in _SECRET_NAMES:
        return "secret-field", "secret"
    if last not in _ABOUT or last in ("id", "name"):
        if _runs(joined, _SECRET_RUNS):
            return "secret-field", "secret"
        if last not in _ABOUT and any(word in _SECRET_WORDS for word in parts):
            return "secret-field", "secret"
        for run, label in _PERSONAL_RUNS.items():
            if f" {run} " in f" {joined} ":
                return "personal-field", label
        for word in (last, joined.replace(" ", "")):
            if word in _PERSONAL_WORDS:
                return "personal-field", _PERSONAL_WORDS[word]
    if parent and joined in ("name", "id", "address", "city", "zip", "postcode"):
        of = words(parent)
        if of and of[-1] in _PEOPLE and joined != "id":
            return "personal-field", "name" if joined == "name" else "address"
    return None


def _runs(joined: str, runs: tuple[str, ...]) -> bool:
    """Whether one of `runs` stands in `joined` as whole words."""
    padded = f" {joined} "
    return any(f" {run} " in padded for run in runs)


#: HTML `autocomplete` tokens (HTML Living Standard, autofill) → label word.
_AUTOCOMPLETE = {
    "current-password": "secret", "new-password": "secret", "one-time-code": "secret", "cc-number": "card",
    "cc-csc": "secret", "cc-exp": "secret", "cc-exp-month": "secret", "cc-exp-year": "secret", "cc-name": "name",
    "cc-given-name": "name", "cc-family-name": "name", "name": "name", "given-name": "name", "family-name": "name",
    "additional-name": "name", "street-address": "address", "address-line1": "address", "address-line2": "address",
    "address-line3": "address", "email": "e-mail", "tel": "phone", "tel-national": "phone", "bday": "birth date",
    "username": "user",
}  # fmt: skip
_TYPES = {"password": "secret", "email": "e-mail", "tel": "phone"}
_NAMING = ("name", "id", "placeholder", "aria-label", "data-testid", "formcontrolname")
_MARKED = re.compile(r"(?:^|\s)(?:rr-mask|rr-ignore|rr-block|sentry-mask|ph-sensitive|ph-no-capture|ph-mask)(?:\s|$)")
#: Inputs nobody types into.
_UNTYPED = frozenset(("checkbox", "radio", "button", "submit", "reset", "image", "range", "color", "file"))


def input_label(tag: str, attributes: Mapping[str, object]) -> str | None:
    """The label word of a sensitive input (`secret`, `card`, `name`, `e-mail`, …) by its attributes, else None."""
    if tag.lower() not in ("input", "textarea", "select"):
        return None
    kind = str(attributes.get("type") or "").lower()
    if kind in _UNTYPED:
        return None
    for token in str(attributes.get("autocomplete") or "").lower().split():
        if token in _AUTOCOMPLETE:
            return _AUTOCOMPLETE[token]
    if kind in _TYPES:
        return _TYPES[kind]
    for attribute in _NAMING:
        name = attributes.get(attribute)
        if isinstance(name, str) and (found := field_rule(name)):
            return found[1]
    if _MARKED.search(str(attributes.get("class") or "")) or "data-private" in attributes:
        return "typed"
    if "data-sentry-mask" in attributes or "data-rr-is-password" in attributes:
        return "typed"
    return None
