"""The registry of rules: a stable id, the word its labels use, and a sentence that says what it finds.

Ids stand in manifests that left the machine: never rename one. `docs/redaction.md` shows this table.
"""

from __future__ import annotations

import msgspec


class Rule(msgspec.Struct, frozen=True):
    """One rule. `label` is the word inside the brackets of its replacements: `[e-mail 1]`."""

    id: str
    label: str
    finds: str


_TABLE = [
    Rule("private-key", "private key", "Private keys in PEM form, from BEGIN to END."),
    Rule("jwt", "token", "JSON web tokens: three base64url parts, the first of which starts a JSON object."),
    Rule(
        "api-key",
        "key",
        "API keys of well-known shapes: Stripe, GitHub, GitLab, AWS, Slack, Sentry, PostHog and more.",
    ),
    Rule(
        "auth-header",
        "credential",
        "Authorisation headers and bearer, basic or token credentials, wherever they stand.",
    ),
    Rule("cookie", "cookie", "Cookie and Set-Cookie headers."),
    Rule("url-password", "credential", "User name and password in front of the host of a URL."),
    Rule(
        "secret-field",
        "secret",
        "Values of fields named as secrets (password, token, api_key, ssn, cvc, otp, pin, …): in headers, query "
        "strings, form and JSON bodies, console arguments and state.",
    ),
    Rule(
        "personal-field",
        "personal",
        "Values of fields named as personal (full name, street, birth date, phone, e-mail, user name …), in the same "
        "places.",
    ),
    Rule(
        "typed",
        "typed",
        "Values typed into sensitive inputs, and their beginnings, wherever they turn up again.",
    ),
    Rule("user", "user", "The name, e-mail address and id of the session's user."),
    Rule("own-text", "removed", "Texts of your own rules, in plain or encoded form, in any case."),
    Rule("own-pattern", "removed", "What the regular expressions of your own rules fit."),
    Rule("own-field", "removed", "Values of fields your own rules name."),
    Rule("element", "element", "What stands in the elements of the page your own rules pick by CSS selector."),
    Rule("known-secret", "secret", "Values the person who exports said are secret, in plain or encoded form."),
    Rule("e-mail", "e-mail", "E-mail addresses, percent-encoded and entity-encoded ones too."),
    Rule("iban", "IBAN", "International bank account numbers whose check digits are right (mod 97)."),
    Rule(
        "card",
        "card",
        "Payment card numbers (13 to 19 digits, with or without separators, Luhn check).",
    ),
    Rule(
        "national-id",
        "national id",
        "National identity and tax numbers whose dates and check digits are right: US, UK, Germany, France, Spain, "
        "Italy, Belgium, Switzerland, Sweden, Norway, Finland, Poland, Turkey, Brazil, Mexico, Canada, Australia, "
        "India, China, South Korea.",
    ),
    Rule("phone", "phone", "Telephone numbers: with + or 00, in tel: links, (123) 456-7890 and its kin."),
    Rule("ip", "IP", "IPv4 and IPv6 addresses, other than loopback and unspecified."),
]

#: Rule id → rule, in order of precedence: where finds overlap, the first one names the replacement.
RULES: dict[str, Rule] = {rule.id: rule for rule in _TABLE}

#: Position of each rule in the table.
PRECEDENCE: dict[str, int] = {id: place for place, id in enumerate(RULES)}


def table() -> str:
    """The rules as the Markdown table of `docs/redaction.md`."""
    lines = ["| rule | replaced by | finds |", "|---|---|---|"]
    lines += [f"| `{rule.id}` | `[{rule.label} 1]` | {rule.finds} |" for rule in _TABLE]
    return "\n".join(lines) + "\n"
