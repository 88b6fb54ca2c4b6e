"""Redaction: what is personal or secret in a session, found by rules and replaced by stable labels.

`Redactor` is the one thing the rest of the program uses; `RULES` says what it looks for. Nothing here reads a file,
a clock or the network: plain data in, plain data out.
"""

from replay_viewer.redaction.own import Allow, OwnRule, OwnRules, Profile, read_rules, write_rules
from replay_viewer.redaction.redactor import PROFILES, Hit, Redactor, Removed
from replay_viewer.redaction.review import HitLog, Line
from replay_viewer.redaction.rules import RULES, Rule

__all__ = [
    "PROFILES", "RULES", "Allow", "Hit", "HitLog", "Line", "OwnRule", "OwnRules", "Profile", "Redactor", "Removed",
    "Rule", "read_rules", "write_rules",
]  # fmt: skip
