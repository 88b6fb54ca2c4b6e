"""Rules a person or a team adds, what they allow, their profiles: the file `redaction.json` (docs/redaction.md)."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from replay_viewer.domain.errors import BadInput, NewerVersion
from replay_viewer.redaction.rules import RULES

VERSION = 1
OwnKind = Literal["text", "pattern", "field", "element"]
#: Kind of an own rule → the id it has in manifests, which say nothing of what the rule looks for.
OWN_RULE: dict[str, str] = {
    "text": "own-text", "pattern": "own-pattern", "field": "own-field", "element": "element",
}  # fmt: skip


class OwnRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Something to remove. `what`: a text, a regular expression, the name of a field, or a CSS selector."""

    kind: OwnKind
    what: str


class Allow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Something that may leave: a whole rule, a value wherever it stands, or a value in one place only."""

    rule: str = ""
    value: str = ""
    where: str = ""


class Profile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a named profile has besides the rules and allowances of the file."""

    rules: list[OwnRule] = []
    allow: list[Allow] = []


class OwnRules(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The file: `rules` and `allow` hold for every profile but `none`."""

    version: int = VERSION
    rules: list[OwnRule] = []
    allow: list[Allow] = []
    profiles: dict[str, Profile] = {}

    def of(self, profile: str) -> Profile:
        """What holds for a profile, the file's own rules first."""
        own = self.profiles.get(profile, Profile())
        return Profile(rules=[*self.rules, *own.rules], allow=[*self.allow, *own.allow])

    def plus(self, rules: list[OwnRule], allow: list[Allow]) -> OwnRules:
        """These with more, nothing twice."""
        return msgspec.structs.replace(
            self,
            rules=[*self.rules, *(one for one in rules if one not in self.rules)],
            allow=[*self.allow, *(one for one in allow if one not in self.allow)],
        )


class _Head(msgspec.Struct):
    version: int = 0


def read_rules(data: bytes, name: str) -> OwnRules:
    """The rules of a file's content; `name` is said in errors. Raises BadInput, NewerVersion."""
    try:
        version = msgspec.json.decode(data, type=_Head).version
        if version > VERSION:
            raise NewerVersion(f"“{name}” was written for a newer Replay Viewer.", "Update Replay Viewer.")
        rules = msgspec.json.decode(data, type=OwnRules)
    except msgspec.DecodeError as error:
        raise BadInput(f"“{name}” is no file of redaction rules: {error}.", "docs/redaction.md shows one.") from error
    if version != VERSION:
        raise BadInput(f"“{name}” does not say its version.", f'Begin it with {{"version": {VERSION}, …}}.')
    reserved = sorted({"strict", "none"} & set(rules.profiles))
    if reserved:
        raise BadInput(f"“{name}” names a profile “{reserved[0]}”, which there is already.", "Call it otherwise.")
    for profile in ("", *rules.profiles):
        held = rules.of(profile)
        for rule in held.rules:
            check_rule(rule)
        for allowed in held.allow:
            check_allow(allowed)
    return rules


def write_rules(rules: OwnRules) -> bytes:
    """The content of the file."""
    fields = {"version": VERSION, **msgspec.to_builtins(rules)}
    return msgspec.json.format(msgspec.json.encode(fields), indent=2) + b"\n"


def check_rule(rule: OwnRule) -> None:
    """Raises BadInput for a rule that cannot work: too short, no expression, one that fits nothing at all."""
    if not rule.what.strip():
        raise BadInput("A redaction rule says nothing to look for.", "Give a text, a pattern, a field or a selector.")
    if rule.kind == "text" and len(rule.what.strip()) < 3:
        raise BadInput(f"“{rule.what}” is too short to be looked for.", "Give three characters or more.")
    if rule.kind == "pattern":
        try:
            fits_nothing = re.compile(rule.what).search("") is not None
        except (re.error, RecursionError, OverflowError) as error:
            raise BadInput(f"“{rule.what}” is no regular expression: {error}.", "Correct it.") from error
        if fits_nothing:
            raise BadInput(f"“{rule.what}” fits everywhere, even nothing.", "Make it ask for at least a character.")


def check_allow(allowed: Allow) -> None:
    """Raises BadInput for an allowance that names a rule there is not, or nothing."""
    if allowed.rule and allowed.rule not in RULES:
        raise BadInput(f"There is no redaction rule “{allowed.rule}”.", f"Use one of: {', '.join(RULES)}.")
    if bool(allowed.rule) == bool(allowed.value):
        raise BadInput("An allowance names either a rule or a value.", "Give one of the two.")
