"""The detectors: small functions that yield where in a text something of one rule stands.

Each has a cheap test first, because almost every string of a recording holds nothing. Spans never include a label
this package wrote (`[e-mail 1]`): that makes redaction idempotent.
"""
# ruff: noqa: SIM905 (word lists read better as text)

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator

import msgspec

from replay_viewer.redaction import checksums, national
from replay_viewer.redaction.fields import field_rule


class Span(msgspec.Struct, frozen=True):
    """Something found: `start` and `end` in the text, its rule, its label word, the value as written."""

    start: int
    end: int
    rule: str
    label: str
    value: str


class Detector(msgspec.Struct, frozen=True):
    """One detector. `numeric` ones are left out of style sheets and drawing attributes, which are full of numbers."""

    rule: str
    may: Callable[[str], object]
    find: Callable[[str], Iterator[Span]]
    numeric: bool = False


# Well-known shapes of keys: prefix and alphabet as their makers publish them (secret scanning partner lists).
_KEYS = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{8,}|whsec_[A-Za-z0-9+/=]{16,}"
    r"|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[\w-]{16,}"
    r"|(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}(?![A-Za-z0-9])"
    r"|xox[abeoprs]-[A-Za-z0-9-]{8,}|xapp-\d-[A-Za-z0-9-]{8,}"
    r"|ph[xsar]_[A-Za-z0-9]{16,}|sntry[su]_[A-Za-z0-9+/=_-]{16,}"
    r"|AIza[\w-]{30,}|ya29\.[\w-]{20,}|1//0[\w-]{20,}"
    r"|sk-(?:ant-|proj-)?[\w-]{20,}|npm_[A-Za-z0-9]{30,}|pypi-[\w-]{30,}|hf_[A-Za-z0-9]{20,}"
    r"|SG\.[\w-]{16,}\.[\w-]{16,}|dop_v1_[a-f0-9]{32,}|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{24,}"
    r"|key-[a-f0-9]{32}(?![a-f0-9])|lin_api_[A-Za-z0-9]{20,}|sq0(?:atp|csp)-[\w-]{20,}"
    r")"
)
_KEY_NEEDLES = (
    "_live_", "_test_", "whsec_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "AKIA", "ASIA",
    "AROA", "AIDA", "xox", "xapp-", "phx_", "phs_", "pha_", "phr_", "sntrys_", "sntryu_", "AIza", "ya29.", "1//0",
    "sk-", "npm_", "pypi-", "hf_", "SG.", "dop_v1_", "shpat_", "shpca_", "shppa_", "shpss_", "key-",
    "lin_api_", "sq0",
)  # fmt: skip
_SLACK_HOOK = re.compile(r"(?<=hooks\.slack\.com/services/)[A-Za-z0-9/]{20,}")
_JWT = re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*){0,3}")
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S)
_BEARER = re.compile(r"(?i)\b(?:bearer|token|apikey|digest)(?:\s+|%20|\+)([A-Za-z0-9._~+/=%-]{8,})")
_BASIC = re.compile(r"\b[Bb]asic(?:\s+|%20)([A-Za-z0-9+/]{6,}={0,2})")
_AUTH_LINE = re.compile(
    r"(?im)(?<![\w.#-])(?:x-)?(?:proxy-)?authori[sz]ation[\"']?\s*[:=]\s*[\"']?([^\r\n\"'}\[\]]+)"
)
_COOKIE_LINE = re.compile(r"(?im)(?<![\w.#-])(?:set-)?cookie[\"']?:\s*[\"']?([^\r\n\"'}\[\]]+)")
_USERINFO = re.compile(r"(?<=://)([^/\s@\[\]?#\"'<>]+:[^/\s@\[\]?#\"'<>]*)(?=@)")
_MAIL_SIGN = re.compile(r"@|%40|&#64;|&#x40;|&commat;|\\u0040")
_MAIL_LOCAL = re.compile(r"[^\W_](?:[\w.+'~-]|%2[Bb]){0,63}$")
_MAIL_HOST = re.compile(
    r"(?:[^\W_](?:[\w-]{0,62}[^\W_])?\.){1,8}(?:xn--[A-Za-z0-9-]{2,58}|[^\W\d_]{2,24})(?![A-Za-z0-9])"
)
_FILE_ENDINGS = frozenset(("png jpg jpeg gif svg webp avif ico css js mjs map json html woff ttf ").split())
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]{2,4}){3,8}(?![A-Za-z0-9])")
_IBAN_HEAD = re.compile(r"[A-Za-z]{2}\d{2}[ -]?[A-Za-z0-9]{4}")
_CARD = re.compile(
    r"(?:(?<![\d.%])(?<!%[0-9A-Fa-f])|(?<=%20)|(?<=%3[ADad]))"
    r"[2-6]\d{3}(?:(?:[ .-]|%20|\+|&nbsp;|\u00a0)?\d){9,15}(?!\d)"
)
_LAST_GROUP = re.compile(r"[ .+\u00a0-]\d+$")
_CARD_HEAD = re.compile(r"[2-6]\d{3}(?:[ .\u00a0-]|%20|\+|&nbsp;)?\d{2}")
_PHONE = re.compile(
    r"(?<![\w+.])(?:\+|%2[Bb])[1-9](?:[ ()./-]|%20|\u00a0)?(?:\(0\))?(?:(?:[ ()./-]|%20|\u00a0){0,2}\d){6,14}(?!\d)"
    r"|(?<![\w.])(?<!\d[ -])00[1-9]\d{0,2}[ ./-](?:[ ()./-]?\d){6,13}(?!\d)"
    r"|(?<![\w.-])(?:1[ .-])?\([2-9]\d{2}\) ?\d{3}[ .-]\d{4}(?![\w-])"
    r"|(?<![\w.-])(?:1[ .-])?[2-9]\d{2}([ .-])\d{3}\1\d{4}(?![\w-])"
    r"|(?<=tel:)[+\d](?:[ ()./-]?\d){4,14}"
)
_PHONE_HEAD = re.compile(r"[+B]\d|\b00[1-9]|\d\)? ?\d{3}[ .-]\d{4}|\btel:|%2[bB]\d")
_IP4 = re.compile(r"(?<![\w.-])(?<![A-Za-z0-9]/)\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\w-]|\.\d)")
_IP4_HEAD = re.compile(r"\d\.\d{1,3}\.\d{1,3}\.\d")
_IP6 = re.compile(r"(?<![\w:.-])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:-])")

# `name=value`, `"name": "value"`, `name: value` in running text, JSON quoted inside text (\") included.
_PAIR = re.compile(
    r"(?<![\w.$-])((?:[A-Za-z]{2,12} ){0,2}[A-Za-z_$][\w.$-]{1,60}(?:\[[\w.$-]{0,40}\]){0,3}|%22[\w.-]{2,60})"
    r"(\\{0,3}[\"']?\s{0,2}(?:[:=]|%3[DdAa])\s{0,2})"
    r"(\\{0,3}\"(?:[^\"\\]|\\(?!\")[^\"])*|\\{0,3}'[^']*|[^\s&,;\"'<>(){}\[\]\\]+)"
)
_PHRASE = re.compile(r"[^\n\r,;|<>\[\]\"{}()]{1,60}")
_PAIR_NEEDLES = (
    "pass", "pwd", "secret", "token", "jwt", "bearer", "otp", "mfa", "pin", "cvc", "cvv", "csc", "ssn", "auth",
    "cred", "cookie", "csrf", "xsrf", "sid", "key", "iban", "card", "cc", "pan", "nonce", "sig", "code", "social",
    "tax", "national", "account", "routing", "bank", "licen", "answer", "maiden", "hmac", "name", "birth",
    "dob", "bday", "phone", "tel", "mobile", "street", "address", "mail", "addr", "tan", "sin", "holder",
)  # fmt: skip
_SCALARS = frozenset(("true", "false", "null", "undefined", "none", "nan", "", "bearer", "basic", "string", "number"))


def _whole(pattern: re.Pattern[str], rule: str, label: str) -> Callable[[str], Iterator[Span]]:
    """A finder that takes every match of `pattern`, or its first group when it has one."""
    group = 1 if pattern.groups else 0

    def find(text: str) -> Iterator[Span]:
        for match in pattern.finditer(text):
            yield Span(match.start(group), match.end(group), rule, label, match.group(group))

    return find


def _find_keys(text: str) -> Iterator[Span]:
    for pattern in (_KEYS, _SLACK_HOOK):
        for match in pattern.finditer(text):
            yield Span(match.start(), match.end(), "api-key", "key", match.group())


def _find_auth(text: str) -> Iterator[Span]:
    for match in _AUTH_LINE.finditer(text):
        yield Span(match.start(1), match.end(1), "auth-header", "credential", match.group(1).strip())
    for match in _BEARER.finditer(text):
        value = match.group(1)
        # “token invalid” is prose; a credential has a digit or a capital inside it.
        if any(char.isdigit() for char in value) or not (value.islower() or value.istitle()):
            yield Span(match.start(1), match.end(1), "auth-header", "credential", value)
    for match in _BASIC.finditer(text):
        try:
            plain = base64.b64decode(match.group(1) + "=" * (-len(match.group(1)) % 4), validate=True)
        except (binascii.Error, ValueError):
            continue
        if b":" in plain:
            yield Span(match.start(1), match.end(1), "auth-header", "credential", match.group(1))


def _find_mail(text: str) -> Iterator[Span]:
    # From the sign outwards: a search from the left tries every word of the text.
    for sign in _MAIL_SIGN.finditer(text):
        host = _MAIL_HOST.match(text, sign.end())
        if host is None or host.group().rpartition(".")[2].lower() in _FILE_ENDINGS:
            continue
        local = _MAIL_LOCAL.search(text, max(0, sign.start() - 66), sign.start())
        if local is not None:
            yield Span(local.start(), host.end(), "e-mail", "e-mail", text[local.start() : host.end()])


def _find_iban(text: str) -> Iterator[Span]:
    for match in _IBAN.finditer(text):
        value = match.group()
        # The pattern may run on into the next word of a sentence: take the longest beginning that is right.
        while len(value) >= 15:
            if checksums.iban(value):
                yield Span(match.start(), match.start() + len(value), "iban", "IBAN", value)
                break
            value = value[:-1].rstrip(" -")


def _find_card(text: str) -> Iterator[Span]:
    at = 0
    while match := _CARD.search(text, at):
        value = match.group()
        plain = value.replace("%20", " ").replace("&nbsp;", " ")
        while not checksums.card(plain) and (shorter := _LAST_GROUP.sub("", plain)) != plain:
            plain = shorter
        if checksums.card(plain):
            encoded = "%" in value or "&" in value
            end = match.end() if encoded or len(plain) == len(value) else match.start() + len(plain)
            yield Span(match.start(), end, "card", "card", plain)
            at = end
        else:
            at = match.start() + 1


def _find_national(text: str) -> Iterator[Span]:
    for start, end in national.find(text):
        yield Span(start, end, "national-id", "national id", text[start:end])


def _find_phone(text: str) -> Iterator[Span]:
    for match in _PHONE.finditer(text):
        plain = match.group().replace("%20", "").replace("%2B", "").replace("%2b", "")
        if 5 <= sum(char.isdigit() for char in plain) <= 16:
            yield Span(match.start(), match.end(), "phone", "phone", match.group())


def _find_ip(text: str) -> Iterator[Span]:
    for match in _IP4.finditer(text):
        before = text[max(0, match.start() - 9) : match.start()].lower()
        if checksums.public_ip(match.group()) and not before.rstrip().endswith(("version", "release", " v")):
            yield Span(match.start(), match.end(), "ip", "IP", match.group())
    if text.count(":") >= 3 or "::" in text:
        for match in _IP6.finditer(text):
            value = match.group()
            groups = [part for part in value.split(":") if part]
            if len(groups) >= 3 and any(c.isdigit() for c in value) and checksums.public_ip(value):
                yield Span(match.start(), match.end(), "ip", "IP", value)


def _find_pairs(text: str) -> Iterator[Span]:
    at = 0
    while match := _PAIR.search(text, at):
        found = field_rule(match.group(1).removeprefix("%22"))
        if found is None:
            # The value may itself hold a pair (`url=…?token=…`): go on right behind the name.
            at = match.end(2)
            continue
        at = match.end()
        value = match.group(3)
        bare = value.lstrip("\\\"'").rstrip("\\")
        start = match.end() - len(value.lstrip("\\\"'"))
        if found[0] == "personal-field" and bare == value and match.group(2).endswith((": ", ":  ")):
            # Prose such as “Full name: Ada Lovelace” goes on to the end of the phrase.
            rest = _PHRASE.match(text, start)
            bare = rest.group().rstrip() if rest else bare
            at = start + max(len(bare), 1)
        if bare.lower() in _SCALARS or bare.startswith("["):
            continue
        if found[1] == "e-mail" and value[:1] not in "\\\"'" and "@" not in bare and "%40" not in bare:
            continue  # “email: not authorised” is a message about a field
        yield Span(start, start + len(bare), found[0], found[1], bare)


def _has_pair(text: str) -> bool:
    if "=" not in text and ":" not in text and "%3" not in text:
        return False
    lower = text.lower()
    return any(needle in lower for needle in _PAIR_NEEDLES)


def _has_auth(text: str) -> bool:
    lower = text.lower()
    return any(needle in lower for needle in ("bearer", "basic", "token", "authori", "apikey", "digest"))


#: In order of precedence.
DETECTORS: tuple[Detector, ...] = (
    Detector("private-key", lambda text: "PRIVATE KEY-----" in text, _whole(_PEM, "private-key", "private key")),
    Detector("jwt", lambda text: "eyJ" in text, _whole(_JWT, "jwt", "token")),
    Detector("api-key", lambda text: any(n in text for n in _KEY_NEEDLES) or "hooks.slack" in text, _find_keys),
    Detector("auth-header", _has_auth, _find_auth),
    Detector("cookie", lambda text: "ookie" in text or "OOKIE" in text, _whole(_COOKIE_LINE, "cookie", "cookie")),
    Detector(
        "url-password", lambda text: "@" in text and "://" in text, _whole(_USERINFO, "url-password", "credential")
    ),
    Detector("secret-field", _has_pair, _find_pairs),
    Detector(
        "e-mail",
        lambda text: "@" in text or "%40" in text or "&#" in text or "&commat" in text or "\\u0040" in text,
        _find_mail,
    ),
    Detector("iban", _IBAN_HEAD.search, _find_iban, numeric=True),
    Detector("card", _CARD_HEAD.search, _find_card, numeric=True),
    Detector("national-id", national.HEAD.search, _find_national, numeric=True),
    Detector("phone", _PHONE_HEAD.search, _find_phone, numeric=True),
    Detector("ip", lambda text: text.count(":") > 1 or _IP4_HEAD.search(text), _find_ip, numeric=True),
)

#: Everything a detector can find has one of these in it; most strings of a page have none.
_GATE = re.compile(
    r"[@%&:=_/]|-[A-Za-z0-9]{6}|\d[\d ().\u00a0+-]{5}|eyJ|[A-Z]{4}[A-Z0-9]{12}|AIza|SG\.|ya29|tel:|-----"
    r"|[A-Za-z]{2}\d\d[ -]?[A-Za-z0-9]{4}|[A-Z]{5}\d{4}|[A-Z]{2} \d\d|(?i:bearer|basic|token|digest|apikey)"
)


def find(text: str, active: frozenset[str], numeric: bool = True) -> list[Span]:
    """All spans of the `active` rules in `text`, overlapping ones included."""
    spans: list[Span] = []
    if len(text) < 5 or not _GATE.search(text):
        return spans
    for detector in DETECTORS:
        if (numeric or not detector.numeric) and detector.may(text):
            spans += [span for span in detector.find(text) if span.rule in active]
    logins = [span for span in spans if span.rule == "url-password"]
    if logins:
        # `user:pass@host` is no address, though its tail looks like one.
        spans = [
            span
            for span in spans
            if span.rule != "e-mail" or not any(login.start <= span.start < login.end for login in logins)
        ]
    return spans
